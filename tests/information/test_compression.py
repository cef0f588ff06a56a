"""Codes come back bit for bit, are as short as the model promises, and never hang on broken data."""

import itertools
import math
import struct
import zlib
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lmcourse import information as c
from lmcourse.information import compression, entropy
from lmcourse.model import LanguageModel, TableModel, UniformModel
from lmcourse.ngram import AdaptiveModel, CountModel
from lmcourse.tokenization.bpe import BPE, BYTES
from lmcourse.vocabulary import Vocabulary
from lmcourse.world import agreement, five_words, knowledge

ABC = Vocabulary("abc", separator="")
weights = st.lists(st.integers(1, 60), min_size=2, max_size=7)


class Fixed(LanguageModel):
    """The same distribution after every context."""

    def __init__(self, probs):
        self.vocab = Vocabulary([str(i) for i in range(len(probs))])
        with np.errstate(divide="ignore"):
            self.row = np.log(np.array(probs, dtype=float))

    def next_log_probs(self, contexts):
        return np.array([self.row for _ in contexts])


def shortest_mean(probs):
    """The best mean length of any prefix code: the least Σ p·l over all lengths that obey Kraft."""
    found = math.inf
    for lengths in itertools.product(range(1, len(probs)), repeat=len(probs)):
        if sum(Fraction(1, 2**n) for n in lengths) <= 1:
            found = min(found, sum(p * n for p, n in zip(probs, lengths)))
    return found


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(1, 40), min_size=2, max_size=5))
def test_no_prefix_code_is_shorter_than_huffmans(counts):
    probs = {str(i): n / sum(counts) for i, n in enumerate(counts)}
    words = c.huffman(probs)
    assert c.mean_length(words, probs) == pytest.approx(shortest_mean(list(probs.values())))


@given(weights)
def test_huffmans_code_is_prefix_free_complete_and_within_a_bit_of_entropy(counts):
    probs = {chr(97 + i): n / sum(counts) for i, n in enumerate(counts)}
    words = c.huffman(probs)
    for a, b in itertools.permutations(words.values(), 2):
        assert not b.startswith(a)
    assert sum(Fraction(1, 2 ** len(word)) for word in words.values()) == 1
    h = entropy(list(probs.values()))
    assert h - 1e-9 <= c.mean_length(words, probs) < h + 1
    text = list(probs) * 3
    assert c.read_code("".join(words[s] for s in text), words) == text


def test_huffman_by_hand():
    # 0.1 + 0.2 = 0.3; 0.3 + 0.3 = 0.6; 0.6 + 0.4: lengths 1, 2, 3, 3
    words = c.huffman({"a": 0.4, "b": 0.3, "c": 0.2, "d": 0.1})
    assert [len(words[s]) for s in "abcd"] == [1, 2, 3, 3]
    with pytest.raises(ValueError, match="end within a codeword: '11' is left over"):
        c.read_code("011", c.huffman({"a": 0.5, "b": 0.25, "c": 0.125, "d": 0.125}))
    with pytest.raises(ValueError, match="at least two symbols"):
        c.huffman({"a": 1.0})


def test_intervals_by_hand():
    # a: [0, 1/2), b: [1/2, 3/4), c: [3/4, 1); "ba" is the first half of b's
    model = Fixed([0.5, 0.25, 0.25])
    expected = [(0, 1), (Fraction(1, 2), Fraction(3, 4)), (Fraction(1, 2), Fraction(5, 8))]
    assert c.intervals(model, [1, 0]) == expected
    assert c.shortest_bits(*expected[-1]) == "100"


@given(st.lists(st.integers(0, 4), max_size=12))
def test_the_last_interval_is_as_wide_as_the_text_is_probable(ids):
    model = AdaptiveModel(Vocabulary("abcde", separator=""), 3)
    low, high = c.intervals(model, ids)[-1]
    assert float(high - low) == pytest.approx(math.exp(model.log_prob(ids)))
    bits = c.shortest_bits(low, high)
    first = Fraction(int(bits or "0", 2), 2 ** len(bits))
    assert low <= first < first + Fraction(1, 2 ** len(bits)) <= high
    assert len(bits) < -math.log2(high - low) + 2


MODELS = {
    "uniform": UniformModel(ABC),
    "skewed": Fixed([1 - 2e-9, 1e-9, 1e-9]),
    "nearly impossible": Fixed([1e-30, 1 - 1e-12, 1e-12]),
    "counts": CountModel(ABC, 3, "abcabcabacab"),
    "adaptive": AdaptiveModel(ABC, 3),
}


@pytest.mark.parametrize("name", MODELS)
@given(ids=st.lists(st.integers(0, 2), max_size=60))
@settings(max_examples=60, deadline=None)
def test_any_tokens_come_back(name, ids):
    assert c.decode(MODELS[name], c.encode(MODELS[name], ids), len(ids)) == ids


def test_the_code_is_as_long_as_the_cross_entropy_says():
    rng = np.random.default_rng(0)
    text = "".join(rng.choice(list("abc"), size=5000, p=[0.7, 0.2, 0.1]))
    world = knowledge()
    sentences = [token for sentence in world.sample(400, rng) for token in sentence]
    models = [
        (UniformModel(ABC), ABC.encode(text)),
        (CountModel(ABC, 3, text[:500]), ABC.encode(text)),
        (AdaptiveModel(ABC, 4), ABC.encode(text)),
        (Fixed([0.7, 0.2, 0.1]), ABC.encode(text)),
        (world, sentences),
    ]
    for model, ids in models:
        promised = -model.log_prob(ids) / math.log(2) / 8
        size = len(c.encode(model, ids))
        assert promised - 1 <= size <= promised * 1.005 + 2
        assert c.decode(model, c.encode(model, ids), len(ids)) == ids


@st.composite
def models_and_texts(draw):
    """A table of random distributions over 2 to 9 tokens, steep or flat, each used after its own context."""
    size, order = draw(st.integers(2, 9)), draw(st.integers(1, 3))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    vocab = Vocabulary([str(i) for i in range(size)])
    lesson = rng.integers(size, size=50)
    ids = rng.choice(size, size=draw(st.integers(0, 400)), p=rng.dirichlet(np.full(size, 0.3))).tolist()
    rows = rng.dirichlet(np.full(size, draw(st.sampled_from([0.05, 0.5, 5]))), size=size)
    kinds = {
        "table": Markov(vocab, 0.999 * rows + 0.001 / size),
        "counts": CountModel(vocab, order, lesson.tolist(), alpha=draw(st.floats(0.001, 100))),
        "adaptive": AdaptiveModel(vocab, order),
    }
    return kinds[draw(st.sampled_from(sorted(kinds)))], ids


class Markov(LanguageModel):
    """Row i of a table after token i, and the first row at the start."""

    def __init__(self, vocab, rows):
        self.vocab, self.rows = vocab, np.log(rows)

    def next_log_probs(self, contexts):
        return np.array([self.rows[context[-1] if len(context) else 0] for context in contexts])


@given(models_and_texts())
@settings(max_examples=150, deadline=None)
def test_any_text_by_any_model_is_as_long_as_its_cross_entropy_and_two_bytes(pair):
    model, ids = pair
    data = c.encode(model, ids)
    promised = -model.log_prob(ids) / math.log(2) / 8
    assert promised - 1 < len(data) <= promised * 1.005 + 2
    assert c.decode(model, data, len(ids)) == ids


def odds(context):
    """Exact probabilities of three tokens, which floats have not: thirds, sevenths and so on."""
    return [Fraction(1, 3), Fraction(1, 2 + 2 * len(context)), Fraction(1, 7) if context else Fraction(1, 6)]


@given(st.lists(st.integers(0, 2), max_size=30))
def test_exact_probabilities_drive_the_coder(ids):
    low, high = c.intervals(odds, ids)[-1]
    width = Fraction(1)
    for i, token in enumerate(ids):
        row = odds(tuple(ids[:i]))
        width *= row[token] / sum(row)
    assert high - low == width  # exactly
    data = c.encode(odds, ids)
    assert c.decode(odds, data, len(ids)) == ids
    assert 8 * len(data) < -math.log2(width) + 10
    shortest = c.shortest_bits(low, high)
    assert low <= Fraction(int(shortest or "0", 2), 2 ** len(shortest)) < high


def test_exact_intervals_by_hand():
    # 2/4, 1/4, 1/4, in whole numbers: token 0 takes [0, 1/2), of which token 2 the last quarter, [3/8, 1/2)
    assert c.intervals(lambda _: [2, 1, 1], [0, 2])[1:] == [
        (0, Fraction(1, 2)),
        (Fraction(3, 8), Fraction(1, 2)),
    ]
    # the same as fractions; and as a language model, whose floats are these fractions
    same = [Fraction(1, 2), Fraction(1, 4), Fraction(1, 4)]
    assert list(c.steps_of(lambda _: same, [0, 2])) == [(0, 2, 4), (3, 4, 4)]
    assert c.intervals(lambda _: same, [0, 2]) == c.intervals(Fixed([0.5, 0.25, 0.25]), [0, 2])


def test_a_world_codes_with_the_probabilities_of_its_rules():
    # the mouse eats the cheese: 0.70 · 0.65 = 0.455, from 0.30 + 0.7 · 0.10 on: [37/100, 33/40)
    world = five_words()
    ids = world.ids("the mouse ate the cheese .")
    assert c.intervals(world.exact_probs, ids)[-1] == (Fraction(37, 100), Fraction(33, 40))
    assert c.decode(world.exact_probs, c.encode(world.exact_probs, ids), len(ids)) == ids


@pytest.mark.parametrize(
    ("row", "ids", "message"),
    [
        ([1, 1, 0], [2], "token 0, 2, has probability zero"),
        ([1, 1], [0, 2], "token 1, 2, is not among the 2 that have a probability"),
        ([1, 1], [-1], "token 0, -1, is not among the 2"),
        ([0.5, 0.5], [0], "0.5 is no exact probability; give whole numbers or fractions"),
        ([1, -1], [0], "-1 is no exact probability"),
        ([0, 0], [0], "calls what was said so far impossible"),
        ([1, Fraction(1, 3**90)], [0], "common denominator of 143 bits, and the register can share out 94"),
        ([1, 1], "ab", "exact probabilities know no tokens; give ids"),
    ],
)
def test_bad_exact_probabilities(row, ids, message):
    with pytest.raises(ValueError, match=message):
        c.encode(lambda _: row, ids)


def test_a_certain_text_costs_a_byte():
    model = TableModel(ABC, {"abcabc": 1.0})
    assert len(c.encode(model, "abcabc")) == 1
    assert c.decode(model, c.encode(model, "abcabc"), 6) == ABC.encode("abcabc")


def test_bits_leave_as_soon_as_they_are_certain():
    left = []

    def steps():
        for _ in range(1000):
            left.append(len(written))
            yield 0, 1, 3

    written = []
    for bit in c.write(steps()):
        written.append(bit)
    assert left[-1] > 1000 * math.log2(3) - 100


@pytest.mark.parametrize("first", [0, 1])
def test_bits_that_hang_in_the_balance_wait_for_the_first(first):
    # The middle half, 300 times: [1/2 - 2^-301, 1/2 + 2^-301), and no bit is certain. Then one half of that,
    # the lower: all its numbers begin with 0 and 300 ones; or the upper: 1 and 300 zeros.
    steps = [(1, 3, 4)] * 300 + [(first, first + 1, 2)]
    bits = list(c.write(steps))
    assert bits[:301] == [first] + [1 - first] * 300
    assert len(bits) <= 303
    reader = c.BitReader(bits)
    for start, end, total in steps:
        assert start <= reader.where(total) < end
        reader.take(start, end, total)


def test_what_is_impossible_has_no_code():
    model = TableModel(Vocabulary(["a", "cheese"]), {"a a": 1.0})
    with pytest.raises(ValueError, match="token 1, 'cheese', has probability zero"):
        c.encode(model, [0, 1])


BYTE_LEVEL = BPE(BYTES, [])
TEXT = "The mouse ate the cheese; the cheese did not mind. Ünïcödé, 猫, \ud800!\n" * 3


@given(st.text(st.characters(), max_size=60))
@settings(max_examples=60, deadline=None)
def test_any_string_is_restored_exactly(text):
    model = AdaptiveModel(BYTE_LEVEL, 3)
    assert c.decompress(model, c.compress(model, text)) == text


def test_surrogates_are_restored_too():
    model = AdaptiveModel(BYTE_LEVEL, 3)
    assert c.decompress(model, c.compress(model, TEXT)) == TEXT


@given(st.binary(max_size=300))
@settings(max_examples=60, deadline=None)
def test_any_file_is_restored_exactly(data):
    model = AdaptiveModel(Vocabulary(map(chr, range(256)), separator=""), 3)  # a character for each byte
    restored = c.decompress(model, c.compress(model, data.decode("latin-1")))
    assert restored.encode("latin-1") == data


def test_truncated_data_are_refused():
    model = AdaptiveModel(BYTE_LEVEL, 3)
    data = c.compress(model, TEXT)
    for kept in range(len(data)):
        with pytest.raises(c.CorruptError, match="missing"):
            c.decompress(model, data[:kept])


def test_a_code_without_a_checksum_ends_too_early():
    model = UniformModel(ABC)
    with pytest.raises(c.CorruptError, match="end too early"):
        c.decode(model, c.encode(model, "abc" * 100)[:20], 300)


def test_every_flipped_bit_and_every_byte_too_many_is_found():
    model = AdaptiveModel(BYTE_LEVEL, 2)
    data = c.compress(model, "to be, or not to be")
    for place in range(8 * len(data)):
        broken = bytearray(data)
        broken[place // 8] ^= 1 << place % 8
        with pytest.raises(c.CorruptError, match=r"changed on their way|beginning is missing"):
            c.decompress(model, bytes(broken))
    for more in (b"\0", b"\xff", data):
        with pytest.raises(c.CorruptError, match="changed on their way"):
            c.decompress(model, data + more)


def test_a_model_that_differs_where_the_fingerprint_does_not_look_is_found_out():
    # the likeliest text is aaaa… for both, and after a they agree
    seen, unseen = CountModel(ABC, 2, "a" * 50 + "bcbcbc"), CountModel(ABC, 2, "a" * 50 + "bbbccc")
    text = "bcbcbcbcbcbc"
    assert c.fingerprint(seen) == c.fingerprint(unseen)
    with pytest.raises(c.CorruptError, match="the model is not quite the same"):
        c.decompress(unseen, c.compress(seen, text))


@given(st.binary(max_size=80))
@settings(max_examples=60, deadline=None)
def test_noise_is_refused(data):
    with pytest.raises(c.CorruptError):
        c.decompress(AdaptiveModel(BYTE_LEVEL, 2), compression.MAGIC + data)


def test_a_long_claim_is_refused_before_it_is_believed():
    model = AdaptiveModel(BYTE_LEVEL, 1)
    with pytest.raises(c.CorruptError, match="claim to be 20 tokens, too many: max_tokens=5"):
        c.decompress(model, c.compress(model, "x" * 20), max_tokens=5)


class Sure(Fixed):
    """Nearly certain of the first token: a million of them cost a fraction of a bit. It counts its rows."""

    asked = 0

    def __init__(self):
        super().__init__([1 - 2**-50, 2**-50])

    def next_log_probs(self, contexts):
        self.asked += len(contexts)
        return super().next_log_probs(contexts)


def forged(data, length):
    """The file with another number of tokens in its header, and the checksum that goes with it."""
    head = data[:12] + struct.pack(">Q", length) + data[20 : compression.HEADER.size - 4]
    code = data[compression.HEADER.size :]
    return head + struct.pack(">I", zlib.crc32(head + code)) + code


def test_a_forged_length_makes_no_more_work_than_the_bytes_received_allow():
    model = Sure()
    data = c.compress(model, "0 0 0")
    model.asked = 0
    most = compression.TOKENS_PER_BYTE * (len(data) - compression.HEADER.size)
    with pytest.raises(c.CorruptError, match=f"claim to be {most + 1:,} tokens, too many: 1 bytes? can hold"):
        c.decompress(model, forged(data, most + 1))
    assert model.asked == 0
    with pytest.raises(c.CorruptError, match="checksum of the one that was compressed"):
        c.decompress(model, forged(data, most))  # at worst so many predictions, and those of the fingerprint
    assert model.asked <= most + 16


def test_a_text_that_costs_next_to_nothing_is_still_restored():
    model, text = Sure(), " ".join("0" * 5000)
    data = c.compress(model, text)
    assert len(data) == compression.HEADER.size + 5  # a byte for each 1,024 tokens that were begun
    assert c.decompress(model, data) == text


def test_another_model_is_refused():
    data = c.compress(CountModel(ABC, 2, "abcab"), "abc")
    for other in (CountModel(ABC, 2, "abcaa"), CountModel(ABC, 3, "abcab"), UniformModel(ABC)):
        with pytest.raises(ValueError, match="another model"):
            c.decompress(other, data)


def test_a_text_that_the_tokens_do_not_bring_back_is_refused():
    model = UniformModel(Vocabulary(["a", "b"]))
    with pytest.raises(ValueError, match="do not bring this text back"):
        c.compress(model, "a  b")
    assert c.decompress(model, c.compress(model, "a b")) == "a b"


@pytest.mark.parametrize("model", [agreement(), CountModel(ABC, 3, "abcab"), AdaptiveModel(ABC, 3)])
def test_reading_token_by_token_is_asking_for_each_context(model):
    rng = np.random.default_rng(1)
    ids, reader = [], model.reader()
    for _ in range(40):
        row = reader.log_probs()[0]
        assert np.array_equal(row, model.next_log_probs([ids])[0])
        token = int(rng.choice(model.vocab_size, p=np.exp(row) / np.exp(row).sum()))
        ids.append(token)
        reader.read([token])
