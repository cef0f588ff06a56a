"""Assignment 1b: what is particular to it. What every assignment owes is in `test_every_assignment.py`."""

from collections import Counter

import pytest
from authored import defined, exercises, outcomes, wrong

from lmcourse.grading import course
from lmcourse.tokenization.bpe import BPE, BYTES, Words

NAME = "01b-tokenization"
TEXT = "the cat sat on the mat, and the cats of the café sat on that mat too; the hats were at the café " * 3

# Solutions that go about it in other ways than the authored ones, and are right.
OTHER_WAYS = [
    (
        "matching",
        "returns a tuple, and looks through all words",
        """
def cut_forward(text, words):
    found = ()
    while text:
        found += (max((word for word in words if text.startswith(word)), key=len, default=text[0]),)
        text = text[len(found[-1]) :]
    return found
""",
    ),
    (
        "best_cut",
        "fills the table from the right, and of equals takes the other",
        """
def most_probable_cut(text, counts):
    log = {word: math.log(n / sum(counts.values())) for word, n in counts.items()}
    unknown, best = -math.log(sum(counts.values())), {len(text): (0.0, 0)}
    for start in reversed(range(len(text))):
        ends = range(start + 1, min(start + max(map(len, counts)), len(text)) + 1)
        known = [e for e in ends if e == start + 1 or text[start:e] in counts]
        best[start] = max((log.get(text[start:e], unknown) + best[e][0], e) for e in known)
    cut, start = [], 0
    while start < len(text):
        cut.append(text[start : best[start][1]])
        start = best[start][1]
    return cut
""",
    ),
    (
        "fallback",
        "decodes each run of bytes by itself",
        """
def decode_characters(tokens):
    text, run = "", []
    for token in [*tokens, ""]:
        if len(token) == 6:
            run.append(int(token[1:5], 16))
        else:
            text += bytes(run).decode("utf-8", errors="replace") + token
            run = []
    return text
""",
    ),
    (
        "merge_step",
        "returns lists, and puts the words in another order",
        """
def merge_step(words):
    pairs = [(a, b) for word, n in words.items() for a, b in zip(word, word[1:]) for _ in range(n)]
    if not pairs:
        return [None, words]
    counts = Counter(sorted(pairs))
    best = counts.most_common(1)[0][0]
    return [list(best), {merge_pair(word, best): words[word] for word in reversed(list(words))}]
""",
    ),
    (
        "encoding",
        "merges again and again the pair that was learned first",
        """
def encode(text, merges):
    rank, found = {pair: i for i, pair in enumerate(merges)}, []
    for piece in pieces(text):
        word = [bytes([byte]) for byte in piece.encode()]
        while True:
            ranked = [(rank[p], i) for i, p in enumerate(zip(word, word[1:])) if p in rank]
            if not ranked:
                break
            i = min(ranked)[1]
            word[i : i + 2] = [word[i] + word[i + 1]]
        found += word
    return tuple(found)
""",
    ),
]


def test_there_are_seven_graded_exercises_and_one_more():
    assert exercises(NAME) == [*course.points(NAME), "nth_cut"]
    assert sum(course.points(NAME).values()) == 17


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("exercise", "what", "code"), OTHER_WAYS, ids=[way[1] for way in OTHER_WAYS])
def test_other_right_ways_pass(exercise, what, code, seed):  # noqa: ARG001
    done = outcomes(NAME, exercise, wrong(NAME, code), seed)
    assert [outcome.message for outcome in done if not outcome.passed] == []


def test_each_merge_is_the_most_frequent_pair_by_the_packages_count():
    """Replayed on ids by `Words`, which keeps its counts in another way."""
    names = defined(NAME)
    merges, tokens = names["learn_merges"](TEXT, 30), list(BYTES)
    words = Words({tuple(piece.encode()): n for piece, n in Counter(names["pieces"](TEXT)).items()})
    assert len(merges) == 30
    for left, right in merges:
        most = max(words.pairs.values())
        equals = [(tokens[a], tokens[b]) for (a, b), n in words.pairs.items() if n == most]
        assert (left, right) == min(equals)
        words.merge((tokens.index(left), tokens.index(right)), len(tokens))
        tokens.append(left + right)


def test_the_encoding_is_the_packages():
    names = defined(NAME)
    merges, ids = names["learn_merges"](TEXT, 30), {token: i for i, token in enumerate(BYTES)}
    pairs = []
    for left, right in merges:
        pairs.append((ids[left], ids[right]))
        ids[left + right] = len(ids)
    assert len(ids) == 256 + 30  # no two merges make the same token
    package = BPE(BYTES, pairs, pattern=r" ?\S+|\s+")
    for text in (TEXT, "a hat  that the café sat on", "南京市长江大桥", ""):
        assert names["encode"](text, merges) == package.split(text)


SHORT = """
right = most_probable_cut


def most_probable_cut(text, counts):
    return right(text, counts) if len(text) < 99 else """


@pytest.mark.parametrize(
    ("code", "told"),
    [
        (
            """
def most_probable_cut(text, counts):
    if not text:
        return []
    ends = [e for e in range(1, len(text) + 1) if e == 1 or text[:e] in counts]
    cuts = [[text[:e], *most_probable_cut(text[e:], counts)] for e in ends]
    total = sum(counts.values())
    return max(cuts, key=lambda cut: sum(math.log(counts.get(word, 1) / total) for word in cut))
""",
            "Python gives up at a thousand (RecursionError)",
        ),
        (
            SHORT + "math.log(0.0)",
            "underflowed to 0: add up logarithms",
        ),
        (SHORT + "1 / 0", "underflowed to 0: add up logarithms"),
        (SHORT + "[text]", "underflows to 0, and all cuts look alike"),
        ("def most_probable_cut(text, counts):\n    return 1 / 0", "your code raised ZeroDivisionError"),
    ],
)
def test_what_a_long_text_does_to_a_cut_is_named(code, told):
    done = outcomes(NAME, "best_cut", wrong(NAME, code), 0, public_only=True)
    assert told in done[-1].message


def test_the_table_shows_what_the_question_asks_for(capsys):
    """English costs least; a script that the merges never saw costs a token for each byte."""
    names = defined(NAME)
    names["token_table"]()
    _, *lines = capsys.readouterr().out.splitlines()
    rows = {name: [int(n) for n in numbers] for name, *numbers in (line.split() for line in lines)}
    assert list(rows) == list(names["SENTENCES"])
    for name, (characters, size, tokens) in rows.items():
        assert (characters, size) == (len(names["SENTENCES"][name]), len(names["SENTENCES"][name].encode()))
        assert rows["English"][2] <= tokens <= size
    for name in ("Chinese", "Hindi"):
        assert rows[name][2] > 0.9 * rows[name][1] > 2 * rows[name][0]
    assert rows["English"][2] < 0.65 * rows["English"][1] < rows["German"][2] < 0.9 * rows["German"][1]


def test_a_cut_drawn_by_its_number_is_any_of_all_cuts():
    names, words = defined(NAME), ["a", "b", "ab", "ba", "aba"]

    def all_cuts(text):
        if not text:
            return [[]]
        fitting = sorted((word for word in words if text.startswith(word)), key=len)
        return [[word, *rest] for word in fitting for rest in all_cuts(text[len(word) :])]

    expected = all_cuts("ababba")
    assert [names["nth_cut"]("ababba", words, n) for n in range(len(expected))] == expected
