"""Each rule names what it finds; the likelihood filter keeps what its model would rather have written."""

import numpy as np
import pytest

from lmcourse.corpus import quality
from lmcourse.ngram import NgramModel
from lmcourse.vocabulary import Vocabulary

PAGE = "The mouse that lives in our house has eaten all of the cheese with great pleasure. " * 6


def test_c4_keeps_lines_that_are_sentences():
    lines = ["Home About", "The mouse ate it.", "The mouse ate the cheese", 'She said "that was my cheese"']
    assert quality.c4_lines("\n".join(lines)) == ['She said "that was my cheese"']


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (PAGE, None),
        (PAGE + "{", "curly bracket"),
        (PAGE + "Lorem ipsum dolor sit amet.", "lorem ipsum"),
        ("The mouse ate the cheese today. The owl ate the mouse!", "2 sentences"),
        ("menu\n" * 50, "0 sentences"),
    ],
)
def test_c4_names_why_a_page_goes(text, complaint):
    assert quality.c4_complaint(text) == complaint


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (PAGE, None),
        ("the mouse " * 10, "20 words"),
        ("a b c d the of " * 20, "words of 1.5 letters"),  # (4 · 1 + 3 + 2) / 6
        (PAGE + "# " * 40, "29% symbols"),  # 40 of 6 · 16 + 40 words
        ("- the mouse and the cheese\n" * 20, "100% lines with bullets"),
        ("the mouse and the cheese of it all …\n" * 20, "11% symbols"),  # one in nine words
        ("mouse cheese nibble " * 20, "0 stop words"),
        ("the 1111 of 2222 and 3333 " * 20, "50% words without a letter"),
    ],
)
def test_gopher_names_why_a_page_goes(text, complaint):
    assert quality.gopher_complaint(text) == complaint


def page(n_lines: int, marked: int, mark) -> str:
    """Lines of ten words, some of them marked."""
    line = "the mouse and the cheese of our house ate it"
    return "\n".join(mark(line) if i < marked else line for i in range(n_lines))


@pytest.mark.parametrize(
    ("mark", "most"),
    [
        (lambda line: f"- {line}", 18),  # bullets in front of nine lines in ten of twenty
        (lambda line: f"{line} …", 6),  # ellipses behind three in ten
        (lambda line: f"{line} " + "1 " * 5, 20),  # a third of the words without a letter is too many
    ],
)
def test_gophers_limits_are_where_the_paper_has_them(mark, most):
    if most < 20:
        assert quality.gopher_complaint(page(20, most, mark)) is None
        assert "lines" in quality.gopher_complaint(page(20, most + 1, mark))
    else:  # one word in five is allowed: 2 of 10 in lines of eight with a letter and two without
        eight = "the mouse and cheese of our house ate"
        assert quality.gopher_complaint("\n".join([f"{eight} 11 22"] * 20)) is None
        assert "without a letter" in quality.gopher_complaint("\n".join([f"{eight} 11 22"] * 20) + " 33")


def test_likelihood_is_the_mean_over_tokens_and_the_best_are_kept_in_order():
    vocab = Vocabulary("ab", separator="")
    model = NgramModel.fit(vocab, 2, ["abababab"])
    texts = ["bbbb", "abab", "aabb", "ba"]
    scores = quality.mean_log_probs(model, texts)
    expected = [model.log_prob(text) / len(text) for text in texts]
    np.testing.assert_allclose(scores, expected)
    assert quality.keep_likely(scores, 0.5).tolist() == [1, 3]
    assert quality.keep_likely(np.array([3.0, 1.0, 2.0, 2.0]), 0.5).tolist() == [0, 2]  # the first of equals
    assert quality.keep_likely(scores, 0.01).tolist() == [1]


def test_bad_input_is_named():
    vocab = Vocabulary("ab", separator="")
    with pytest.raises(ValueError, match="text 1 has no token"):
        quality.mean_log_probs(NgramModel.fit(vocab, 1, ["ab"]), ["a", ""])
    for share in (0, 1.5):
        with pytest.raises(ValueError, match=f"share={share} must be above 0 and at most 1"):
            quality.keep_likely(np.zeros(3), share)
