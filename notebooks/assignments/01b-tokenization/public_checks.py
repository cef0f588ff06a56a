# Made from solutions/01b-tokenization/checks.py: the checks that answer in the notebook. Do not edit.
"""Checks of assignment 1b, Tokenization.

A dictionary of words is a list, or a `dict` from word to count; tokens of byte-pair encoding are `bytes`.
"""

from __future__ import annotations

import math

from lmcourse.grading.checks import (
    CheckFailed,
    StudentError,
    check,
    close,
    describe,
    expect,
    expect_raises,
)
ORIGIN = "研究生命起源"
ORIGIN_WORDS = ["研究", "研究生", "生命", "起源"]

# What students return, looked at


def expect_cut(got, text, what, lost=""):
    """The list of strings that a student returned; fails unless they are the text, cut; `lost` says "
    "why not."""
    expect(got is not None, f"{what}: your function returned None; is a `return` missing?")
    expect(
        isinstance(got, (list, tuple)) and all(isinstance(word, str) for word in got),
        f"{what}: return a list of strings; you returned {describe(got)}",
    )
    whole = "".join(got)
    if whole != text and "".join(reversed(got)) == text:
        raise CheckFailed(f"{what}: the words come in the wrong order, the last one first")
    backwards = "".join(word[::-1] for word in got) == text
    why = "Each word is still backwards" if backwards else lost
    if whole and text.startswith(whole):
        why = "The end of the text is missing; is the loop over too early?"
    expect(
        whole == text,
        f"{what}: your words together are {_short(whole)}, not the text: each character must come out once"
        + (f". {why}" if why else ""),
    )
    expect("" not in got, f"{what}: there is an empty string among your words")
    return list(got)


def expect_words(got, expected, what, mistakes=(), lost=""):
    """The cut `expected`; `mistakes` are pairs of a wrong cut and its explanation, `lost` as in "
    "`expect_cut`."""
    words = expect_cut(got, "".join(expected), what, lost)
    if words != expected:
        reasons = [f": {why}" for wrong, why in mistakes if words == wrong]
        raise CheckFailed(f"{what} should be cut {_cut(expected)}, yours is {_cut(words)}{''.join(reasons)}")


def expect_tokens(got, expected, what, mistakes=()):
    """A list of tokens, all text or all bytes; `mistakes` as above."""
    expect(got is not None, f"{what}: your function returned None; is a `return` missing?")
    kind = bytes if any(isinstance(token, bytes) for token in expected) else str
    strange = [token for token in got if not isinstance(token, kind)] if isinstance(got, (list, tuple)) else 0
    expect(strange == [], f"{what}: return a list of {kind.__name__}; you returned {describe(got)}")
    if list(got) != expected:
        reasons = [f": {why}" for wrong, why in mistakes if list(got) == wrong]
        raise CheckFailed(
            f"{what}: expected the tokens {_short(expected)}, yours are {_short(list(got))}{''.join(reasons)}"
        )


def expect_text(got, expected, what, mistakes=()):
    """A string; `mistakes` as above."""
    expect(got is not None, f"{what}: your function returned None; is a `return` missing?")
    expect(isinstance(got, str), f"{what}: return a string; you returned {describe(got)}")
    if got != expected:
        reasons = [f": {why}" for wrong, why in mistakes if got == wrong]
        raise CheckFailed(f"{what}: expected {_short(expected)}, yours is {_short(got)}{''.join(reasons)}")


def _raised(error):
    """The explanation of an exception, as a sentence of its own."""
    said = error.explanation()
    return said + " " if said.endswith("?") else f"{said}. "


def _cut(words):
    return _short(" | ".join(words))


def _short(value):
    text = repr(value)
    return text if len(text) <= 120 else text[:117] + "…"


# 1. matching


NO_WORD_FITS = "Where no word fits, a single character stands for itself, and you go on behind it"


def cut_forward(student, text, words, what, where):
    """What the student's function returns; at the place `where` no word begins."""
    try:
        return student.cut_forward(text, words)
    except StudentError as error:
        nothing = {"StopIteration", "IndexError", "UnboundLocalError"} & {*error.kinds}
        expect(
            not nothing and "empty" not in error.message,
            f"{what}: {_raised(error)}Is it at {where}? {NO_WORD_FITS}",
        )
        raise


@check("matching", slow=f"is there an endless loop? {NO_WORD_FITS}, as at 命")
def longest_word_wins(student):
    """At the beginning of 研究生命起源, both 研究 and 研究生 fit: the longer one is taken."""
    expect_words(
        cut_forward(student, ORIGIN, ORIGIN_WORDS, ORIGIN, "the 命"),
        ["研究生", "命", "起源"],
        ORIGIN,
        [
            (
                ["研究", "生命", "起源"],
                "that makes better sense, but 研究生 fits at the beginning and is longer than 研究. Take the "
                "longest word that begins here, not the first of the list, and start from the left",
            ),
            (list(ORIGIN), "that is the shortest that fits, always one character; try the longest first"),
        ],
        NO_WORD_FITS,
    )


@check("matching")
def not_by_growing(student):
    """'catnap' is a word, 'catn' and 'catna' are none: all lengths must be tried."""
    expect_words(
        student.cut_forward("catnapcat", ["cat", "catnap", "nap"]),
        ["catnap", "cat"],
        "'catnapcat' with cat, catnap, nap",
        [
            (
                ["cat", "nap", "cat"],
                "'catnap' fits at the beginning. Did you stop growing the word at 'catn', which is none? "
                "Or take the first word of the list that fits?",
            ),
            (
                list("catnapcat"),
                "did you stop growing the word at 'c', which is none? A word's beginnings need not be words",
            ),
        ],
    )


@check("matching", slow=f"is there an endless loop? {NO_WORD_FITS}, as at 1")
def unknown_characters(student):
    """Characters that begin no word stand alone, each for itself; an empty text has no words."""
    what = "'12cat3dog!' with cat, dog"
    expect_words(
        cut_forward(student, "12cat3dog!", ["cat", "dog"], what, "the 1"),
        ["1", "2", "cat", "3", "dog", "!"],
        what,
        [(["12", "cat", "3", "dog", "!"], "unknown characters in a row are cut one by one")],
        NO_WORD_FITS,
    )
    expect_words(student.cut_forward("", ["cat", "dog"]), [], "the empty text")


# 2. both_ways


@check("both_ways")
def few_single_characters(student):
    """研究生命起源: three words either way, but from the left one of them is a single character."""
    expect_words(
        student.cut_both_ways(ORIGIN, ORIGIN_WORDS),
        ["研究", "生命", "起源"],
        ORIGIN,
        [
            (
                ["研究生", "命", "起源"],
                "that is the cut from the left. The one from the right has as many words, and no single "
                "character",
            )
        ],
    )


@check("both_ways")
def few_words(student):
    """Two words are better than three, whichever side they come from."""
    expect_words(
        student.cut_both_ways("abcde", ["abc", "de", "cde"]),
        ["abc", "de"],
        "'abcde' with abc, de, cde",
        [(["a", "b", "cde"], "that is the cut from the right, of three words; from the left there are two")],
    )
    expect_words(
        student.cut_both_ways("edcba", ["cba", "ed", "edc"]),
        ["ed", "cba"],
        "'edcba' with cba, ed, edc",
        [(["edc", "b", "a"], "that is the cut from the left, of three words; from the right there are two")],
    )
    expect_words(
        student.cut_both_ways("abcdef", ["abcde", "ef", "cd", "ab"]),
        ["abcde", "f"],
        "'abcdef' with abcde, ef, cd, ab",
        [
            (
                ["ab", "cd", "ef"],
                "two words are fewer than three. Single characters are looked at only where both cuts have "
                "equally many words",
            )
        ],
    )


@check("both_ways")
def singles_then_right(student):
    """Of equally many words, fewer single characters; if that is equal too, the cut from the right."""
    expect_words(
        student.cut_both_ways("abcd", ["ab", "cd", "bcd"]),
        ["ab", "cd"],
        "'abcd' with ab, cd, bcd",
        [(["a", "bcd"], "two words either way, but from the left none of them is a single character")],
    )
    expect_words(
        student.cut_both_ways("abc", ["ab", "bc"]),
        ["a", "bc"],
        "'abc' with ab, bc",
        [(["ab", "c"], "two words and one single character either way: then the cut from the right is kept")],
    )
    expect_words(student.cut_both_ways("", ["ab", "bc"]), [], "the empty text")


# 3. best_cut


def expect_best(got, text, counts, best, what, mistakes=()):
    """A cut whose words are as probable together as those of `best`; `mistakes` as in `expect_words`."""
    words = expect_cut(got, text, what)
    strange = [word for word in words if word not in counts and len(word) > 1]
    known = {*"".join(counts)}
    expect(
        not strange,
        f"{what}: your cut has {_short(strange[0])}, which is no word of the dictionary"
        + (". " + UNKNOWN_CHARACTER) * any(c not in known for word in strange for c in word)
        if strange
        else "",
    )
    total = sum(counts.values())
    yours, theirs = (sum(math.log(counts.get(w, 1) / total) for w in cut) for cut in (words, best))
    if not close(yours, theirs):
        reasons = [why for wrong, why in mistakes if words == wrong]
        raise CheckFailed(
            f"{what} should be cut {_cut(best)}, of log-probability {theirs:.5g}; yours is {_cut(words)}, "
            f"of {yours:.5g}" + "".join(f": {why}" for why in reasons)
        )


UNKNOWN_CHARACTER = (
    "Where a character is in no word, no word of the dictionary ends there; a single character may "
    "always stand "
    "for itself, and counts once"
)
NOWHERE = {"no": 400, "now": 300, "here": 300, "where": 200, "nowhere": 1}


@check("best_cut")
def now_here(student):
    """Two common words may be more probable than one rare word, and the commonest word may be wrong."""
    expect_best(
        student.most_probable_cut("nowhere", NOWHERE),
        "nowhere",
        NOWHERE,
        ["now", "here"],
        f"'nowhere' with {NOWHERE}",
        [
            (["nowhere"], "the longest word, or the fewest words, need not be the most probable"),
            (
                ["no", "where"],
                "'no' is the most frequent word that begins the text, but what follows counts as well: "
                "compare whole cuts, by products of probabilities",
            ),
            (["no", "w", "here"], "did you multiply counts, without dividing each by their sum?"),
            (list("nowhere"), "is that the least probable cut that you took? Or is no word ever found?"),
        ],
    )
    seen = {"研究": 60, "研究生": 30, "生命": 40, "起源": 20, "命": 10}
    expect_best(
        student.most_probable_cut(ORIGIN, seen),
        ORIGIN,
        seen,
        ["研究", "生命", "起源"],
        f"{ORIGIN} with {seen}",
    )


@check("best_cut")
def shares_not_counts(student):
    """What is multiplied are shares in all counts, so each further word has its price."""
    counts = {"a": 20, "b": 20, "ab": 30}
    expect_best(
        student.most_probable_cut("ab", counts),
        "ab",
        counts,
        ["ab"],
        f"'ab' with {counts}",
        [
            (
                ["a", "b"],
                "20/70 · 20/70 is less than 30/70. Did you multiply counts, without dividing each by "
                "their sum?",
            )
        ],
    )


@check("best_cut", slow=UNKNOWN_CHARACTER)
def not_in_the_dictionary(student):
    """A single character that is not in the dictionary counts once."""
    counts = {"ab": 9, "c": 2}
    try:
        got = student.most_probable_cut("xabyb", counts)
    except StudentError as error:
        expect(
            "KeyError" not in error.kinds or error.message.isdigit(),
            f"your code raised KeyError: {error.message}. What is not in the dictionary has no count to look "
            "up; a single character then counts once",
        )
        expect(
            "NotImplementedError" in error.kinds,
            f"'xabyb' with {counts}: {_raised(error)}{UNKNOWN_CHARACTER}",
        )
        raise
    expect_best(got, "xabyb", counts, ["x", "ab", "y", "b"], f"'xabyb' with {counts}")
    # shares of 12, the sum of the counts: 1 · 5 · 5 / 12^3 is more than 1 · 2 / 12^2
    counts = {"a": 5, "b": 5, "ab": 2}
    expect_best(
        student.most_probable_cut("xab", counts),
        "xab",
        counts,
        ["x", "a", "b"],
        f"'xab' with {counts}",
        [
            (
                ["x", "ab"],
                "did you add the unknown character to the sum of the counts? It stays what it is, 12: 5/12 · "
                "5/12 is more than 2/12",
            )
        ],
    )
    counts = {"ya": 1, "b": 4, "ab": 15}
    expect_best(
        student.most_probable_cut("yab", counts),
        "yab",
        counts,
        ["y", "ab"],
        f"'yab' with {counts}",
        [
            (
                ["ya", "b"],
                "1/20 · 15/20 is more than 1/20 · 4/20: the unknown y counts as if seen once, not less",
            )
        ],
    )
    counts = {"ab": 9, "c": 2}
    expect_best(student.most_probable_cut("", counts), "", counts, [], "the empty text")


def fit_for_short_texts(student):
    """Whether a short text is cut well: 'nowhere' three times."""
    try:
        return list(student.most_probable_cut("nowhere" * 3, NOWHERE)) == ["now", "here"] * 3
    except StudentError:
        return False


@check(
    "best_cut", slow="did you try all cuts? Of 2,800 characters there are too many; fill a table in a loop"
)
def thousands_of_characters(student):
    """'nowhere' said four hundred times: probabilities underflow, and recursion runs out of room."""
    text = "nowhere" * 400
    try:
        got = student.most_probable_cut(text, NOWHERE)
    except StudentError as error:
        expect(
            "RecursionError" not in error.kinds,
            "your function calls itself once for each character, and Python gives up at a thousand "
            "(RecursionError): fill a table in a loop, from one end of the text to the other",
        )
        zero = "ZeroDivisionError" in error.kinds or "logarithm of 0" in error.explanation()
        expect(
            not (zero and fit_for_short_texts(student)),
            "a product of so many probabilities underflowed to 0: add up logarithms instead",
        )
        raise
    what = "'nowhere' 400 times"
    words = expect_cut(got, text, what)
    expect(
        words == ["now", "here"] * 400 or not fit_for_short_texts(student),
        f"{what}: a short text is cut well, and this one is not: a product of hundreds of probabilities "
        f"underflows "
        "to 0, and all cuts look alike. Add up logarithms instead",
    )
    expect_best(words, text, NOWHERE, ["now", "here"] * 400, what)


# 4. fallback

LETTERS = "abcdefghijklmnopqrstuvwxyz"


@check("fallback")
def bytes_of_unknown_characters(student):
    """Known characters stand for themselves, any other for the bytes of its UTF-8 form."""
    expect_tokens(
        student.encode_characters("naïve", LETTERS),
        ["n", "a", "<0xC3>", "<0xAF>", "v", "e"],
        "'naïve', with the letters a to z known",
        [
            (
                ["n", "a", "<0xEF>", "v", "e"],
                "0xEF is the number of the character ï in Unicode; UTF-8 spells that number in two bytes",
            ),
            (["n", "a", "<0xc3>", "<0xaf>", "v", "e"], "write the hexadecimal digits as capitals"),
            (["n", "a", "0xc3", "0xaf", "v", "e"], "a byte's token has brackets and capitals: <0xC3>"),
            (["n", "a", "<0xC3><0xAF>", "v", "e"], "each byte is a token of its own"),
            (
                ["n", "a", "<0x195>", "<0x175>", "v", "e"],
                "those are the bytes in decimal; write them to base 16",
            ),
            (
                ["<0x6E>", "<0x61>", "<0xC3>", "<0xAF>", "<0x76>", "<0x65>"],
                "what is in the alphabet stands for itself; only the others become bytes",
            ),
        ],
    )
    expect_tokens(
        student.encode_characters("中\n", "\t"),
        ["<0xE4>", "<0xB8>", "<0xAD>", "<0x0A>"],
        "'中' and a line break, both unknown",
        [
            (["<0xE4>", "<0xB8>", "<0xAD>", "<0xA>"], "a byte has two hexadecimal digits: <0x0A>"),
            (["<0x4E2D>", "<0x0A>"], "0x4E2D is the number of 中 in Unicode; UTF-8 spells it in three bytes"),
            (["<0x4E2D>", "<0xA>"], "0x4E2D is the number of 中 in Unicode; UTF-8 spells it in three bytes"),
        ],
    )


@check("fallback")
def put_together_again(student):
    """Bytes in a row are decoded together, also at the end of the text."""
    expect_text(
        student.decode_characters(["n", "a", "<0xC3>", "<0xAF>", "v", "e"]),
        "naïve",
        "the text of n a <0xC3> <0xAF> v e",
        [
            ("na��ve", "one byte of ï is no character: put bytes in a row together before you decode them"),
            ("naÃ¯ve", "each byte was taken for the number of a character; read the two together, as UTF-8"),
        ],
    )
    expect_text(
        student.decode_characters(["!", "<0xE4>", "<0xB8>", "<0xAD>"]),
        "!中",
        "the text of ! <0xE4> <0xB8> <0xAD>",
        [("!", "the bytes at the end were forgotten: no character comes after them to call for them")],
    )
    what = "the text of the three characters <, 3 and !"
    try:
        got = student.decode_characters(["<", "3", "!"])
    except StudentError as error:
        expect(
            "NotImplementedError" in error.kinds,
            f"{what}: {error.explanation()}. A character may be < as well; a byte's token has six characters",
        )
        raise
    expect_text(got, "<3!", what)


@check("fallback")
def bytes_that_spell_nothing(student):
    """A model may stop in the middle of a character: then � stands there, and the rest is unharmed."""
    for tokens, text in ((["a", "<0xE4>", "<0xB8>", "b"], "a�b"), (["<0xAF>", "c", "<0xC3>"], "�c�")):
        what = f"the text of {' '.join(tokens)}"
        try:
            got = student.decode_characters(tokens)
        except StudentError as error:
            expect(
                "UnicodeDecodeError" not in error.kinds,
                f"{what}: decoding raised UnicodeDecodeError, but a model may write any bytes: put � there, "
                'with errors="replace"',
            )
            raise
        expect_text(
            got,
            text,
            what,
            [
                (
                    text.replace("�", ""),
                    "bytes were dropped without a trace; the reader should see � in their place",
                ),
                ("a��b", "the two bytes are the beginning of one character: decode them together"),
            ],
        )


# 5. merge_step


def expect_step(got, pair, merged, what, pairs=(), words=()):
    """A pair and the words after its merge; `pairs` and `words` hold wrong ones with their explanation."""
    expect(
        got is not None,
        f"{what}: your function returned None; "
        + ("is a `return` missing?" if pair else "return two things, None for the pair and the words"),
    )
    expect(
        isinstance(got, (list, tuple)) and len(got) == 2,
        f"{what}: return two things, the pair and the dictionary of merged words, not {describe(got)}",
    )
    found = tuple(got[0]) if isinstance(got[0], list) else got[0]
    if found != pair:
        reasons = [f": {why}" for wrong, why in pairs if found == wrong]
        if pair and found in (
            "".join(pair) if isinstance(pair[0], str) else b"".join(pair),
            pair[0] + pair[1],
        ):
            reasons = [": that is the new token; return the two that it is made of"]
        raise CheckFailed(f"{what}: the pair should be {pair}, yours is {_short(found)}{''.join(reasons)}")
    expect(isinstance(got[1], dict), f"{what}: the words should be a dictionary, not {describe(got[1])}")
    for word, count in got[1].items():
        for wrong, why in words:
            expect(word != wrong, f"{what}: your words hold {_short(word)}: {why}")
        expect(word in merged, f"{what}: your words hold {_short(word)}, which should not come out of this")
        expect(count == merged[word], f"{what}: {_short(word)} occurs {merged[word]} times, yours {count!r}")
    lost = [word for word in merged if word not in got[1]]
    expect(not lost, f"{what}: the word {_short(lost[0])} is missing from yours" if lost else "")


@check("merge_step")
def over_all_occurrences(student):
    """Pairs are counted over all occurrences: a pair in one frequent word beats one in two rare words."""
    expect_step(
        student.merge_step({("c", "d", "e"): 2, ("c", "d", "f"): 1, ("a", "b", "a"): 5}),
        ("a", "b"),
        {("c", "d", "e"): 2, ("c", "d", "f"): 1, ("ab", "a"): 5},
        "cde twice, cdf once, aba five times",
        [
            (
                ("b", "a"),
                "(a, b) and (b, a) both occur five times, and (a, b) is smaller",
            ),
            (
                ("c", "d"),
                "it stands in two words, but these occur three times together; a word counts each time",
            ),
            (("d", "f"), "that is the least frequent one; turn the counts' sign, not the whole order"),
        ],
        [
            (("a", "b", "a"), "it is as it was; return the words in which the pair is merged"),
            (("c", "d"), "the last token of a word is lost on the way"),
        ],
    )


@check("merge_step")
def smallest_of_equals(student):
    """Of equally frequent pairs it is the smallest, not the first met."""
    expect_step(
        student.merge_step({("z", "a"): 3, ("b", "d"): 3, ("b", "c"): 3}),
        ("b", "c"),
        {("z", "a"): 3, ("b", "d"): 3, ("bc",): 3},
        "za, bd and bc three times each",
        [
            (
                ("z", "a"),
                "all are equally frequent, and it is the first met (or the largest); ('b', 'c') is smaller",
            ),
            (
                ("b", "d"),
                "all are equally frequent, and ('b', 'c') is smaller: compare both tokens of a pair",
            ),
            (("a", "z"), "z stands before a there; a pair has an order"),
        ],
    )


@check("merge_step")
def overlapping(student):
    """In a a a the pair (a, a) stands twice, and is merged once, on the left."""
    expect_step(
        student.merge_step({("b", "c"): 7, ("a", "a", "a"): 4}),
        ("a", "a"),
        {("b", "c"): 7, ("aa", "a"): 4},
        "bc seven times, aaa four times",
        [(("b", "c"), "(a, a) stands twice in a a a, so eight times in all; count every place")],
        [
            (("a", "aa"), "merge from left to right"),
            (("aa", "aa"), "the two places share the middle a: once it is merged, it is gone"),
            (("aaa",), "one merge joins two tokens, not three"),
        ],
    )
    expect_step(
        student.merge_step({("a", "b", "c", "a", "b"): 4}),
        ("a", "b"),
        {("ab", "c", "ab"): 4},
        "abcab four times",
        words=[
            (
                ("ab", "c", "a", "b"),
                "the pair is merged wherever it stands in a word, not only at the first place",
            ),
        ],
    )


@check("merge_step")
def whole_tokens(student):
    """Tokens are merged as wholes: (a, b) does not stand in the word ca b, nor in a bc."""
    before = {("a", "b"): 5, ("ca", "b"): 2, ("a", "bc"): 1}
    expect_step(
        student.merge_step(before),
        ("a", "b"),
        {("ab",): 5, ("ca", "b"): 2, ("a", "bc"): 1},
        "a b five times, ca b twice, a bc once",
        words=[
            (("cab",), "its tokens are ca and b, and (a, b) is not among its pairs: compare whole tokens"),
            (("abc",), "its tokens are a and bc, and (a, b) is not among its pairs: compare whole tokens"),
        ],
    )


@check("merge_step", weight=0.5)
def nothing_to_merge(student):
    """Where no word has two tokens, the pair is None and the words are as they were."""
    for words in ({("ab",): 3, ("c",): 1}, {}):
        try:
            got = student.merge_step(words)
        except StudentError as error:
            expect(
                "NotImplementedError" in error.kinds,
                f"the words {words} hold no pair to merge, and your code raised {error.kinds[0]}: return "
                "None for the pair, and the words as they are",
            )
            raise
        expect_step(got, None, words, f"the words {words}")


# 6. learning


def expect_merges(got, expected, what, mistakes=()):
    """A list of pairs of bytes; `mistakes` are pairs of wrong ones, from the first on, and an explanation."""
    expect(got is not None, f"{what}: your function returned None; is a `return` missing?")
    expect(
        isinstance(got, (list, tuple))
        and all(p is None or (isinstance(p, (list, tuple)) and len(p) == 2) for p in got),
        f"{what}: return a list of pairs; you returned {describe(got)}",
    )
    merges = [tuple(pair) for pair in got if pair is not None]
    expect(len(merges) == len(got), f"{what}: there is None among your merges. Where no pair is left, stop")
    strange = [token for pair in merges for token in pair if not isinstance(token, bytes)]
    expect(
        not strange,
        f"{what}: tokens should be bytes, such as b'a'; yours hold {_short(strange[0])}. Start from "
        "bytes([byte]) for each byte of piece.encode()"
        if strange
        else "",
    )
    for wrong, why in mistakes:
        if merges[: len(wrong)] == wrong:
            raise CheckFailed(f"{what}: your merges begin {_short(wrong)}: {why}")
    for n, (mine, right) in enumerate(zip(merges, expected), 1):
        expect(mine == right, f"{what}: merge {n} should be {right}, yours is {mine}")
    expect(
        len(merges) == len(expected),
        f"{what}: the number of merges should be {len(expected)}, yours is {len(merges)}"
        + ", the loop goes round once too often or too rarely" * (abs(len(merges) - len(expected)) == 1),
    )


@check("learning")
def counted_anew(student):
    """After (e, t) is merged, (s, e) is gone: pairs are counted anew after each merge."""
    expect_merges(
        student.learn_merges("set set set sets", 3),
        [(b"e", b"t"), (b"s", b"et"), (b" ", b"set")],
        "three merges of 'set set set sets'",
        [
            (
                [(b"e", b"t"), (b"s", b"e")],
                "after the first merge no e stands alone any more, so (s, e) is no pair: count anew",
            ),
            (
                [(b"e", b"t"), (b"e", b"t")],
                "the same pair again: go on with the words that `merge_step` returned, not with the old ones",
            ),
            (
                [(b"s", b"e")],
                "(s, e) and (e, t) are equally frequent, and (e, t) is smaller: see the rule of merge_step",
            ),
        ],
    )


@check("learning")
def by_occurrences(student):
    """' ab' is said three times, and counts three times."""
    expect_merges(
        student.learn_merges("ab ab ab ab cd cde cdf", 1),
        [(b"a", b"b")],
        "the first merge of 'ab ab ab ab cd cde cdf'",
        [
            (
                [(b" ", b"c")],
                "(a, b) occurs four times, this pair three times. Did you count each different piece "
                "only once?",
            )
        ],
    )


@check("learning")
def not_across_pieces(student):
    """No pair reaches from one piece into the next."""
    expect_merges(
        student.learn_merges("go go go now", 9),
        [(b"g", b"o"), (b" ", b"go"), (b" ", b"n"), (b" n", b"o"), (b" no", b"w")],
        "all merges of 'go go go now'",
        [
            (
                [(b"g", b"o"), (b"n", b"o")],
                "a piece begins with the space before its word, so (space, go) is a pair: cut the text by "
                "`pieces`, not by split()",
            ),
            (
                [(b"g", b"o"), (b"go", b" ")],
                "the o of 'go' and the space of the next piece are not neighbours: cut the text by `pieces`",
            ),
            (
                [(b"g", b"o"), (b" ", b"go"), (b"go", b" go")],
                "this joins a piece with the next one: cut the text by `pieces` first",
            ),
        ],
    )


@check("learning")
def from_bytes_to_nothing_left(student):
    """It starts from bytes, and ends when no piece has two tokens left, however many merges were wanted."""
    expect_merges(
        student.learn_merges("éé", 5),
        [(b"\xc3", b"\xa9"), (b"\xc3\xa9", b"\xc3\xa9")],
        "five merges of 'éé', four bytes",
    )
    expect_merges(student.learn_merges("", 5), [], "merges of the empty text")
    expect_merges(student.learn_merges("a b", 0), [], "no merges of 'a b'")


# 7. encoding

LOW = [(b"l", b"o"), (b"lo", b"w"), (b" ", b"low"), (b" low", b"e")]


def encoded(student, text, merges, what):
    """What the student's function returns."""
    try:
        return student.encode(text, merges)
    except StudentError as error:
        expect(
            "IndexError" not in error.kinds,
            f"{what}: {_raised(error)}A word gets shorter while its pairs are merged, so the places of "
            f"a `for` loop "
            "are too many; let `while` ask for the length each time",
        )
        raise


@check("encoding")
def in_the_order_of_learning(student):
    """(b, c) was learned before (a, b): in abc it is made first, and a is left alone."""
    expect_tokens(
        encoded(student, "abc", [(b"b", b"c"), (b"a", b"b")], "'abc' with the merges (b, c), (a, b)"),
        [b"a", b"bc"],
        "'abc' with the merges (b, c), (a, b)",
        [
            (
                [b"ab", b"c"],
                "(b, c) was learned first, so it is made first, wherever it stands; not the leftmost pair, "
                "and not the longest token",
            )
        ],
    )


@check("encoding")
def not_the_longest_token(student):
    """abc is a token, made of ab and c; but in the text abc an earlier merge takes the b away."""
    expect_tokens(
        encoded(
            student,
            "abcabc",
            [(b"b", b"c"), (b"a", b"b"), (b"ab", b"c")],
            "'abcabc' with the merges (b, c), (a, b), (ab, c)",
        ),
        [b"a", b"bc", b"a", b"bc"],
        "'abcabc' with the merges (b, c), (a, b), (ab, c)",
        [
            (
                [b"abc", b"abc"],
                "b'abc' is a token, but no merges lead to it here: (b, c) comes first and leaves no b for "
                "(a, b). Do not look for the longest token; make the merges",
            ),
            ([b"a", b"bc", b"abc"], "each merge is made at every place before the next one is looked at"),
        ],
    )


@check("encoding")
def wherever_it_stands(student):
    """A merge is made at every place, from left to right, and its tokens take part in later merges."""
    expect_tokens(
        encoded(student, "slow lowland low", LOW, "'slow lowland low' with the merges of low"),
        [b"s", b"low", b" low", b"l", b"a", b"n", b"d", b" low"],
        "'slow lowland low' with the merges of low",
    )
    expect_tokens(
        encoded(
            student,
            "aaaaaaa",
            [(b"a", b"a"), (b"aa", b"aa")],
            "seven times a, with the merges (a, a), (aa, aa)",
        ),
        [b"aaaa", b"aa", b"a"],
        "seven times a, with the merges (a, a), (aa, aa)",
        [
            (
                [b"aa", b"a", b"a", b"a", b"a", b"a"],
                "each merge is made at every place, not only at the first",
            ),
            ([b"aa", b"aa", b"aa", b"a"], "(aa, aa) was not made: tokens of one merge take part in the next"),
        ],
    )


@check("encoding")
def any_text(student):
    """What no merge knows stays in single bytes; pieces stay apart; an empty text has no tokens."""
    expect_tokens(
        encoded(student, "né", LOW, "'né' with the merges of low"),
        [b"n", b"\xc3", b"\xa9"],
        "'né' with the merges of low",
        [([b"n", b"\xc3\xa9"], "é has two bytes, and no merge joins them")],
    )
    expect_tokens(
        encoded(student, "a  b", [(b" ", b"b")], "'a  b', two spaces, with the merge (space, b)"),
        [b"a", b" ", b" ", b"b"],
        "'a  b', two spaces, with the merge (space, b)",
        [
            (
                [b"a", b" ", b" b"],
                "its pieces are 'a', '  ' and 'b', and no merge crosses from one to the next",
            )
        ],
    )
    expect_tokens(student.encode("", LOW), [], "the empty text")


# Stretch


@check("nth_cut")
def numbered(student):
    """Shorter first words come first, then the rest decides; there is no cut but these."""
    cuts = [["a", "b", "c"], ["a", "bc"], ["ab", "c"]]
    for n, cut in enumerate(cuts):
        try:
            got = student.nth_cut("abc", ["bc", "c", "ab", "b", "a"], n)
        except StudentError as error:
            expect(
                "ValueError" not in error.kinds,
                f"cut number {n} of 'abc': your code raised ValueError, but there are three cuts, and their "
                "numbers begin at 0",
            )
            raise
        why = "the order is turned round: shorter first words come first"
        expect_words(got, cut, f"cut number {n} of 'abc'", [(cuts[2 - n], why)])
    why = "a is no word, and nothing but words occurs in a cut: there is one cut"
    expect_words(
        student.nth_cut("ab", ["b", "ab"], 0), ["ab"], "cut number 0 of 'ab' with b, ab", [(["a", "b"], why)]
    )
    for n in (3, -1):
        expect_raises(
            lambda n=n: student.nth_cut("abc", ["bc", "c", "ab", "b", "a"], n),
            "ValueError",
            f"asked for cut number {n} of three",
        )


LISTED = (
    "it cannot list the cuts of 200 times a, for there are over 10^52, nor count them one by one. Count "
    "those of "
    "each rest of the text once, from the far end, and keep the numbers"
)


@check("nth_cut", slow=LISTED)
def astronomical(student):
    """Two hundred times a, in words of one, two and three: over 10^52 cuts, and the last one at once."""
    ways = [1, 1, 2]
    while len(ways) <= 200:
        ways.append(sum(ways[-3:]))
    words = ["a", "aa", "aaa"]
    expect_words(student.nth_cut("a" * 200, words, 0), ["a"] * 200, "the first cut of 200 times a")
    last = student.nth_cut("a" * 200, words, ways[200] - 1)
    expect_words(last, [*["aaa"] * 66, "aa"], "the last cut of 200 times a")
    expect_words(
        student.nth_cut("a" * 200, words, ways[199]),
        ["aa", *["a"] * 198],
        "the first cut of 200 times a that begins with aa",
        [
            (
                [*["aaa"] * 66, "aa"],
                "was the number of the cuts that you skipped, those that begin with a, taken off n?",
            )
        ],
    )
    expect_raises(
        lambda: student.nth_cut("a" * 200, words, ways[200]), "ValueError", "asked for one cut too many"
    )


# What the checks of an exercise weigh that are asked only for the grade.
UNSEEN_WEIGHTS = {'matching': 3.0, 'both_ways': 2.0, 'best_cut': 3.0, 'fallback': 2.0, 'merge_step': 2.5, 'learning': 3.0, 'encoding': 3.0}
