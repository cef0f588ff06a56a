"""What the experiments on long texts say of an answer, and how they read."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from lmcourse.experiments import long_text, long_text_real  # noqa: E402
from lmcourse.inference.needles import NAMES, PLACES, UNKNOWN, Haystack, ids_of, vocabulary  # noqa: E402
from lmcourse.transformer.config import Config  # noqa: E402
from lmcourse.transformer.network import Transformer  # noqa: E402

BARN, OVEN = (ids_of()[word] for word in ("barn", "oven"))


def saying(*words):
    """Log-probabilities of which a word has nine tenths and the others share the rest, (N, V)."""
    size = len(vocabulary())
    found = np.full((len(words), size), np.log(0.1 / (size - 1)))
    found[np.arange(len(words)), [ids_of()[word] for word in words]] = np.log(0.9)
    return found


def asked(*answers, begins=(0,) * 9):
    """Texts of 16 tokens with these answers."""
    return [Haystack([0] * 16, NAMES[0], answer, begin) for answer, begin in zip(answers, begins)]


def test_an_answer_is_right_or_unknown_or_a_wrong_place_or_something_else():
    found = long_text.judged(saying("barn", "oven", UNKNOWN, ".", "oven"), asked(*[BARN] * 5))
    # one of five is right, one unknown, two are wrong places, one is a full stop
    assert [found[key] for key in ("right", "unknown", "wrong place")] == [0.2, 0.2, 0.4]
    assert found["probability"] == pytest.approx((0.9 + 4 * 0.1 / (len(vocabulary()) - 1)) / 5, abs=1e-3)


def test_where_nothing_is_told_every_place_is_a_wrong_one():
    found = long_text.judged(saying(UNKNOWN, "oven"), asked(*[ids_of()[UNKNOWN]] * 2))
    assert (found["right"], found["unknown"], found["wrong place"]) == (0.5, 0.5, 0.5)


def test_right_answers_are_told_by_where_the_needle_begins():
    texts = asked(BARN, BARN, OVEN, begins=(0, 1, 15))
    found = long_text.by_place(saying("barn", "oven", "oven"), texts)
    assert found == [0.5, *[None] * 6, 1.0]  # eighths of 16 tokens are two each


def test_a_network_that_is_kept_finds_what_it_learned_to_find():
    texts = long_text.haystacks(long_text.LENGTHS[0], 40)
    module = long_text.load_network(1)
    logs = long_text.answers(module, [one.ids for one in texts])
    assert long_text.judged(logs, texts)["right"] == 1
    assert {one.answer for one in texts} <= {ids_of()[place] for place in PLACES}


def test_a_few_steps_of_learning_change_a_network_and_can_be_had_again():
    one, other = (long_text.learn(0, 1, 1, np.random.default_rng(3)) for _ in range(2))
    before = long_text.network(np.random.default_rng(3))
    for a, b, c in zip(one.parameters(), other.parameters(), before.parameters()):
        torch.testing.assert_close(a, b)
        assert not torch.equal(a, c)


def test_read_anew_each_token_has_a_text_of_its_own_before_it(monkeypatch):
    """Against one token after another, each from its own beginning."""
    monkeypatch.setattr(long_text_real, "WINDOW", 8)
    monkeypatch.setattr(long_text_real, "STEP", 2)
    network = Transformer(Config(11, 16, 2, 1, 32, position="rope")).draw(np.random.default_rng(0)).eval()
    ids = torch.from_numpy(np.random.default_rng(1).integers(11, size=(1, 17)))
    with torch.no_grad():
        found = long_text_real.anew(network, ids)
        wanted = []
        for at in range(8, 16):  # 17 tokens: of those from the eighth on four whole steps of two
            begin = at - 6 - at % 2  # six or seven before it
            logits = network(ids[:, begin:at])[0, -1]
            wanted.append(-logits.log_softmax(-1)[ids[0, at]])
    torch.testing.assert_close(found, torch.stack(wanted))
