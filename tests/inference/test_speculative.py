"""Guessing ahead changes nothing but the number of passes: by enumeration, and by drawing many texts."""

from itertools import pairwise

import numpy as np
import pytest
import torch

from lmcourse.decoding import GREEDY, Decoding, generate
from lmcourse.inference.layouts import lay_out
from lmcourse.inference.speculative import (
    Lookup,
    acceptance,
    check,
    expected_tokens,
    remainder,
    speculate,
)
from lmcourse.model import LanguageModel, TableModel, UniformModel
from lmcourse.neural.recurrent import RecurrentModel, RecurrentNetwork
from lmcourse.ngram import AdaptiveModel, CountModel
from lmcourse.transformer.model import TransformerModel
from lmcourse.vocabulary import Vocabulary
from lmcourse.world import five_words

FIVE = five_words()
VOCAB = FIVE.vocab
TEXT = "the mouse ate the cheese . the ball ate . the mouse ate ."
TRIGRAMS = CountModel(VOCAB, 3, TEXT, alpha=0.3)


def distributions(rng, *shape, size=5):
    """Some of whose probabilities are zero."""
    found = rng.dirichlet(np.full(size, 0.5), size=shape)
    found[found < 0.03] = 0
    return found / found.sum(axis=-1, keepdims=True)


@pytest.mark.parametrize("seed", range(20))
def test_the_first_token_has_the_models_law(seed):
    """Sum over all guesses: it stays, or it is refused and another is drawn."""
    p, q = distributions(np.random.default_rng(seed), 2)
    law = np.zeros(5)
    for guess in np.flatnonzero(q):
        stays = acceptance(p, q, guess)
        law[guess] += q[guess] * stays
        law += q[guess] * (1 - stays) * remainder(p, q)
    np.testing.assert_allclose(law, p, atol=1e-12)


def law_of(p, q, guesses):
    """The law of what `check` gives for some guesses: its uniform numbers are integrated out.

    Whether one stays changes at its acceptance, which token is drawn where the cumulative sum does: one
    number from each interval between these says all.
    """

    def intervals(edges):
        edges = np.unique(np.clip([0.0, *edges, 1.0], 0, 1))
        return [((a + b) / 2, b - a) for a, b in pairwise(edges) if b > a]

    k, law = len(guesses), {}
    chances = [acceptance(p[i], q[i], token) for i, token in enumerate(guesses)]
    for first in range(k + 1):  # the first that is refused; k: none
        weight = np.prod(chances[:first]) * (1 - chances[first] if first < k else 1)
        if weight == 0:
            continue
        uniform = [chance / 2 for chance in chances[:first]]  # below what is accepted
        uniform += [(1 + chance) / 2 for chance in chances[first : first + 1]]  # above
        uniform += [0.5] * (k - len(uniform))
        left = remainder(p[first], q[first]) if first < k else p[k]
        for number, width in intervals(np.cumsum(left)):
            kept, token = check(p, q, guesses, np.array([*uniform, number]))
            assert kept == first
            said = (*guesses[:kept], token)
            law[said] = law.get(said, 0.0) + weight * width
    return law


@pytest.mark.parametrize("seed", range(10))
def test_a_pass_has_the_models_law(seed):
    """Two guesses ahead, each from a law that depends on those before it.

    Where a pass ends early the model goes on alone; then every three tokens have the model's chance.
    """
    rng, size = np.random.default_rng(seed), 3
    first, second, third = (distributions(rng, *[size] * n, size=size) for n in range(3))
    draft_first, draft_second = (distributions(rng, *[size] * n, size=size) for n in range(2))
    law: dict[tuple[int, ...], float] = {}
    for a in np.flatnonzero(draft_first):
        for b in np.flatnonzero(draft_second[a]):
            p = np.array([first, second[a], third[a, b]])
            q = np.array([draft_first, draft_second[a]])
            for said, weight in law_of(p, q, [a, b]).items():
                weight *= draft_first[a] * draft_second[a, b]
                law[said] = law.get(said, 0.0) + weight
    whole = np.zeros((size, size, size))
    for said, weight in law.items():
        if len(said) == 1:
            whole[said] += weight * second[said][:, None] * third[said]
        else:
            whole[said] += weight * (third[said] if len(said) == 2 else 1)
    np.testing.assert_allclose(whole, first[:, None, None] * second[..., None] * third, atol=1e-12)


@pytest.mark.parametrize("ahead", [1, 3])
@pytest.mark.parametrize(
    "draft", [TRIGRAMS, UniformModel(VOCAB), None], ids=["trigrams", "uniform", "look-up"]
)
def test_sentences_of_the_world_come_as_often_as_they_should(draft, ahead):
    """Each has its probability: chi-squared, up to four standard deviations of its law above its mean."""
    rng, n = np.random.default_rng(0), 1000
    counts: dict[tuple[int, ...], int] = {}
    for _ in range(n):
        said = tuple(speculate(FIVE, draft, max_tokens=20, ahead=ahead, rng=rng).tokens)
        counts[said] = counts.get(said, 0) + 1
    expected = {tuple(VOCAB.encode(text)): n * p for text, p in FIVE.sentences().items()}
    assert counts.keys() <= expected.keys()
    common = {said: e for said, e in expected.items() if e >= 5}
    chi_squared = sum((counts.get(said, 0) - e) ** 2 / e for said, e in common.items())
    assert len(common) > 5
    assert chi_squared < len(common) + 4 * (2 * len(common)) ** 0.5


def test_temperature_and_nucleus_reshape_both():
    decoding = Decoding(temperature=0.7, top_p=0.8)
    rng, n = np.random.default_rng(1), 1500
    first = [speculate(FIVE, TRIGRAMS, "the", 2, 2, decoding, rng, end=()).tokens[0] for _ in range(n)]
    p = np.exp(decoding.apply(FIVE.next_log_probs([VOCAB.encode("the")])[0]))
    shares = np.bincount(first, minlength=len(VOCAB)) / n
    np.testing.assert_allclose(shares, p, atol=4 * 0.5 / n**0.5)
    assert (shares[p == 0] == 0).all()


def networks():
    torch.manual_seed(0)
    recurrent = RecurrentNetwork(len(VOCAB), 16).draw(np.random.default_rng(0))
    return {
        "world": FIVE,
        "trigrams": TRIGRAMS,
        "adaptive": AdaptiveModel(VOCAB, 3),
        "recurrent": RecurrentModel(recurrent.double(), VOCAB, start=VOCAB.id(".")),
        "sentences": TableModel(VOCAB, FIVE.sentences()),
    }


@pytest.mark.parametrize("ahead", [1, 4])
@pytest.mark.parametrize(
    "draft", [TRIGRAMS, None, AdaptiveModel(VOCAB, 2)], ids=["trigrams", "look-up", "adaptive"]
)
@pytest.mark.parametrize("model", networks().values(), ids=networks().keys())
def test_greedy_texts_are_the_same(model, draft, ahead):
    for prompt in ("", "the mouse"):
        for end in (None, ()):
            alone = generate(model, prompt, 25, GREEDY, end=end)
            assert speculate(model, draft, prompt, 25, ahead, GREEDY, end=end).tokens == alone


@pytest.mark.parametrize("layout", ["f32", "f32-transposed"])
def test_greedy_texts_of_a_transformer_are_the_same(small, layout):
    """Also where its text outgrows the context of 64, and each token is read in a window of its own."""
    vocab = Vocabulary([f"<{i}>" for i in range(64)])
    model = TransformerModel(lay_out(small, layout), vocab, start=0)
    prompt = np.random.default_rng(3).integers(64, size=10).tolist()
    alone = generate(model, prompt, 80, GREEDY)
    text = [0, *prompt, *alone[:60]]
    for draft in (None, CountModel(vocab, 2, text, alpha=0.1), model):
        found = speculate(model, draft, prompt, 80, 5, GREEDY)
        assert found.tokens == alone
        assert draft is None or len(found.guessed) < 60


class Counted(LanguageModel):
    """Counts the passes that are made over a model."""

    def __init__(self, model):
        self.vocab, self.model, self.passes = model.vocab, model, 0

    def next_log_probs(self, contexts):
        return self.model.next_log_probs(contexts)

    def reader(self, contexts=((),)):
        reader = self.model.reader(contexts)
        read_many = reader.read_many

        def counted(tokens):
            self.passes += 1
            return read_many(tokens)

        reader.read_many = counted
        return reader


def test_what_is_guessed_right_saves_passes():
    """The model as its own draft: each pass of four guesses gives five tokens."""
    counted = Counted(TRIGRAMS)
    found = speculate(counted, TRIGRAMS, "the", 25, 4, GREEDY, end=())
    assert (found.guessed, found.accepted) == ([4] * 5, [4] * 5)
    assert (found.acceptance, len(found.tokens)) == (1, 25)
    assert counted.passes == 5


def test_how_many_stay_is_one_minus_the_distance():
    """α = Σ min(p, q), which is 1 minus half the sum of differences (Leviathan et al., 2023)."""
    rng = np.random.default_rng(5)
    p, q = distributions(rng, 2)
    mean = sum(q[x] * acceptance(p, q, x) for x in np.flatnonzero(q))
    assert mean == pytest.approx(1 - np.abs(p - q).sum() / 2)
    assert expected_tokens(mean, 3) == pytest.approx((1 - mean**4) / (1 - mean))


def test_the_look_up():
    #          0  1  2  3  4  5  6  7
    context = [1, 2, 3, 4, 1, 2, 3, 5, 2, 3]
    lookup = Lookup(8, context, longest=3, shortest=2)
    guesses, q = lookup.guess(np.zeros(3))
    assert guesses == [5, 2, 3]  # of "2 3" the last before the end; "5 2 3" stands nowhere else
    assert q.tolist() == np.eye(8)[[5, 2, 3]].tolist()
    lookup.accept([4])
    assert lookup.guess(np.zeros(2))[0] == [1, 2]  # after "2 3 4"
    lookup.accept([7])
    guesses, q = lookup.guess(np.zeros(2))
    assert (guesses, q.shape) == ([], (0, 8))
    assert Lookup(8, []).guess(np.zeros(2))[0] == []


def test_bad_input_is_named():
    other = UniformModel(Vocabulary("ab", separator=""))
    with pytest.raises(ValueError, match="the draft has another vocabulary than the model"):
        speculate(FIVE, other, decoding=GREEDY)
    with pytest.raises(ValueError, match="sampling needs rng"):
        speculate(FIVE, TRIGRAMS)
    with pytest.raises(ValueError, match="a setting that looks at the text so far"):
        speculate(FIVE, TRIGRAMS, decoding=Decoding(repetition_penalty=1.2), rng=np.random.default_rng(0))
    with pytest.raises(ValueError, match="ahead=0 must be a whole number, 1 or more"):
        speculate(FIVE, TRIGRAMS, ahead=0, decoding=GREEDY)
    with pytest.raises(ValueError, match="holds the prompt 'ate' for impossible"):
        speculate(FIVE, TRIGRAMS, "ate", decoding=GREEDY)
