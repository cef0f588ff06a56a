"""Equal texts are found whatever their blanks and capitals, and nothing else is."""

from hypothesis import given
from hypothesis import strategies as st

from lmcourse.corpus.exact import deduplicate, fingerprint, normalise


def test_the_first_of_equal_texts_is_kept():
    texts = [
        "The mouse.",
        "the  mouse.\n",
        "The mouse!",
        "\uff34\uff28\uff25 mouse.",
        "",
        "  ",
    ]  # wide letters: NFKC
    assert deduplicate(texts) == [0, 2, 4]
    assert deduplicate(texts, key=str) == [0, 1, 2, 3, 4, 5]
    assert deduplicate([]) == []


@given(st.lists(st.text(alphabet="ab \n", max_size=4), max_size=20))
def test_it_is_what_comparing_all_pairs_gives(texts):
    shown = [normalise(text) for text in texts]
    assert deduplicate(texts) == [i for i, text in enumerate(shown) if text not in shown[:i]]


def test_a_fingerprint_is_eight_bytes_and_one_letter_changes_half_of_their_bits():
    marks = [int.from_bytes(fingerprint(f"mouse {i}")) for i in range(400)]
    changed = [(marks[0] ^ mark).bit_count() for mark in marks[1:]]
    assert len(fingerprint("")) == 8
    # 64 bits, each changed with 1/2: mean 32, standard error 4 / sqrt(399) = 0.2
    assert abs(sum(changed) / len(changed) - 32) < 1
