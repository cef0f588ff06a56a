"""Answers by those who write nothing themselves: the course's package in a thin coat, by assignment."""

ADAPTERS = {
    "01-language-models": {
        "chain_rule": """
from lmcourse.model import LanguageModel
from lmcourse.vocabulary import Vocabulary


class Asked(LanguageModel):
    def __init__(self, next_probs, words):
        self.vocab, self.next_probs_of = Vocabulary(sorted(set(words) | {"."})), next_probs

    def next_log_probs(self, contexts):
        rows = []
        for context in contexts:
            try:
                probs = self.next_probs_of(tuple(self.vocab.tokens[i] for i in context))
            except ValueError:
                probs = {}
            rows.append([np.log(probs.get(word, 0.0)) for word in self.vocab.tokens])
        return np.array(rows)


def sequence_log_prob(next_probs, tokens):
    model = Asked(next_probs, tokens)
    return model.log_prob(model.vocab.encode(tokens))
""",
        "temperature": """
from lmcourse.decoding.filters import anneal


def with_temperature(probs, temperature):
    return np.exp(anneal(np.log(np.array([probs], dtype=float)), temperature))[0]
""",
        "parrot": "from lmcourse.decoding.repetition import repetition_rate as find_loop",
    },
    "01b-tokenization": {
        "matching": """
from lmcourse.tokenization.matching import forward_matching


def cut_forward(text, words):
    return forward_matching(text, set(words))
""",
        "both_ways": """
from lmcourse.tokenization.matching import bidirectional_matching


def cut_both_ways(text, words):
    return bidirectional_matching(text, set(words))
""",
        "best_cut": """
def most_probable_cut(text, counts):
    from lmcourse.tokenization.lattice import Dictionary

    return Dictionary(counts).cut(text)
""",
        "learning": """
import lmcourse.tokenization.bpe as reference


def learn_merges(text, n_merges):
    made = reference.BPE.train(text, 256 + n_merges, pattern=PATTERN)
    return [(made.tokens[a], made.tokens[b]) for a, b in made.merges]
""",
        "encoding": """
from lmcourse.tokenization.bpe import BPE, BYTES


def encode(text, merges):
    ids = {byte: i for i, byte in enumerate(BYTES)}
    pairs = []
    for left, right in merges:
        pairs.append((ids[left], ids[right]))
        ids.setdefault(left + right, len(ids))
    return BPE(BYTES, pairs, r" ?\\S+|\\s+").split(text)
""",
        "nth_cut": """
from lmcourse.tokenization.lattice import all_paths, word_graph


def nth_cut(text, words, n):
    cuts = sorted(all_paths(text, word_graph(text, set(words), 9, characters=False)))
    if not 0 <= n < len(cuts):
        raise ValueError("no such cut")
    return cuts[n]
""",
    },
    "02-information": {
        "surprise": """
import lmcourse.information as given


def surprisal(probs):
    return given.surprisal(np.asarray(probs, dtype=float))


def perplexity(probs):
    return 2 ** np.mean(given.surprisal(probs))


def bits_per_byte(probs, text):
    return np.sum(given.surprisal(probs)) / len(text.encode())
""",
        "divergence": """
from lmcourse.information import kl_divergence as reference
from lmcourse.world import World


def by_world(p, q):
    p, q = (World({"S": " | ".join(f"{x} w{i} ." for i, x in enumerate(row) if x > 0)}) for row in (p, q))
    return p.kl_divergence(q) / math.log(2)


def kl_divergence(p, q):
    if np.ndim(p) == 2:
        return np.array([kl_divergence(*rows) for rows in zip(p, q)])
    try:
        return reference(p, q)
    except ImportError:
        return by_world(p, q)
""",
        "independence": """
from lmcourse.information import mutual_information


def fit_independent(counts):
    joint = np.array(counts) / np.sum(counts)
    return joint.sum(1), joint.sum(0), mutual_information(joint)
""",
        "encoding": """
from lmcourse.information import arithmetic


def encode(next_counts, tokens):
    order = list(next_counts(()))
    model = lambda context: [next_counts(tuple(order[i] for i in context)).get(t, 0) for t in order]
    intervals = arithmetic.intervals(model, [dict(zip(order, range(99)))[t] for t in tokens])
    return arithmetic.shortest_bits(*intervals[-1]) if intervals else ""
""",
        "entropy_rate": """
from lmcourse.information import rate_estimate


def entropy_rate(sentences):
    surprises = [-sum(map(math.log2, row)) for row in sentences]
    rate, error = rate_estimate(surprises, [len(row) for row in sentences])
    return rate, rate - 1.96 * error, rate + 1.96 * error
""",
    },
    "03-ngrams": {
        "counting": """
from lmcourse.ngram.counts import count_ngrams
from lmcourse.vocabulary import Vocabulary


def count(sentences, n):
    vocab = Vocabulary(["<s>", "</s>", *sorted({t for s in sentences for t in s})])
    found = {}
    for s in sentences:
        ids = [0] * (n - 1) + vocab.encode(s) + [1]
        count_ngrams([ids], n, len(vocab))
        for i in range(n - 1, len(ids)):
            row = found.setdefault(tuple(vocab.tokens[j] for j in ids[i - n + 1 : i]), {})
            row[vocab.tokens[ids[i]]] = row.get(vocab.tokens[ids[i]], 0) + 1
    return found
""",
        "discounting": """
from lmcourse.ngram.smoothing import discounts_of


def best_discount(counts):
    values = np.array([c for row in counts.values() for c in row.values()])
    return float(discounts_of(values, several=False)[0])
""",
    },
    "04-neural": {
        "softmax_gradient": """
from lmcourse.neural.autodiff import Tensor as T, cross_entropy, gradients as slopes


def softmax_gradient(logits, targets, smoothing=0.0):
    def slope(targets):
        tensor = T(logits)
        return slopes(cross_entropy(tensor, targets), [tensor])[0]

    B, V = logits.shape
    even = sum(slope(np.full(B, v)) for v in range(V)) / V
    return (1 - smoothing) * slope(targets) + smoothing * even
""",
        "negative_sampling": """
from lmcourse.neural.word2vec import negative_sampling_loss


def negative_sampling(v, u, noise):
    import torch

    parts = [torch.tensor(x, requires_grad=True) for x in (v[None], u[None], noise[None])]
    loss = negative_sampling_loss(*parts).sum()
    loss.backward()
    return (loss.item(), *(x.grad[0].numpy() for x in parts))
""",
    },
    "05-attention": {
        "attend": """
import torch
from lmcourse.transformer.attention import Attention, attend as reference


def attend(q, k, v, visible=None):
    given = [torch.as_tensor(x)[None, None] for x in (q, k, v)]
    return reference(*given, None if visible is None else torch.as_tensor(visible))[0, 0].numpy()


def multi_head(x, weights, n_heads, visible=None):
    q, k, v = np.split(x @ weights["in"].T + weights["in_bias"], 3, axis=1)
    parts = zip(*(np.split(a, n_heads, axis=1) for a in (q, k, v)))
    return np.hstack([attend(*p, visible) for p in parts]) @ weights["out"].T + weights["out_bias"]
""",
        "rotary": """
import torch
from lmcourse.transformer import positions as reference


def rotate(x, positions, base=10_000.0):
    at = reference.rotation(torch.as_tensor(positions, dtype=torch.double), x.shape[1], base)
    return reference.rotate(torch.as_tensor(x), *at).numpy()


def attend_rotated(q, k, v, positions, visible=None):
    return attend(rotate(q, positions), rotate(k, positions), v, visible)
""",
    },
    "06-inference": {
        "kv_cache": """
from lmcourse.inference import metered


def attend_with_cache(x, cache, weights):
    metered.N_HEADS = 1
    q, k, v = (x @ weights[name].T for name in ("query", "key", "value"))
    before = 0 if cache is None else len(cache[0])
    at = before + np.arange(len(x))
    q, k = metered._turned(q, at, 10_000.0), metered._turned(k, at, 10_000.0)
    if cache is not None:
        k, v = np.concatenate([cache[0], k]), np.concatenate([cache[1], v])
    return metered._attended(q, k, v, np.tri(len(x), len(k), before, dtype=bool)), (k, v)
""",
        "longer": """
from lmcourse.inference.long_text import ntk_base


def stretched_base(size, trained, longest, base=10_000.0):
    return ntk_base(base, max(1, longest / trained), size)
""",
        "speculation": """
from lmcourse.inference.speculative import remainder as residual, check as verify
""",
    },
    "07-scale": {
        "pipeline": """
import lmcourse.parallel.pipeline as reference


def order_of_work(stage, n_stages, n_batches):
    return [(task.way[0], task.batch) for task in reference.order_of_work(stage, n_stages, n_batches)]
""",
        "minhash": """
from lmcourse.corpus.minhash import candidates as found


def candidates(marks, rows):
    return sorted(found(marks, rows))
""",
        "budget": """
def plan(train, budget):
    from lmcourse.scaling import fit

    n = np.repeat([1e3, 3e3, 9e3], 3)
    d = np.tile([0.1, 0.3, 1.0], 3) * 0.09 * budget / 6 / 2e4
    law = fit(n, d, [train(*run) for run in zip(n, d)])
    best = law.best_split(0.999 * budget)
    return *best, law.loss(*best)
""",
    },
}
