"""Chunks, masks and places of long texts, against oracles that go place by place."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lmcourse.inference.long_text import (
    chunks,
    condense,
    interpolated,
    ntk_base,
    reach,
    sliding_window,
    strided,
)
from lmcourse.transformer.positions import angles

torch = pytest.importorskip("torch")


@st.composite
def cuts(draw):
    """A length, a size and an overlap that is below it."""
    size = draw(st.integers(1, 12))
    return draw(st.integers(1, 60)), size, draw(st.integers(0, size - 1))


@given(cuts())
def test_chunks_cover_a_text_and_share_what_they_are_to_share(cut):
    length, size, overlap = cut
    found = chunks(length, size, overlap)
    assert found[0][0] == 0
    assert found[-1][1] == length
    assert all(end - begin == size for begin, end in found[:-1])
    assert 0 < found[-1][1] - found[-1][0] <= size
    assert all(one[1] - other[0] == overlap for one, other in zip(found, found[1:]))


@given(cuts())
def test_what_is_no_longer_than_the_overlap_and_one_lies_whole_in_a_chunk(cut):
    length, size, overlap = cut
    found = chunks(length, size, overlap)
    needle = overlap + 1
    for begin in range(length - needle + 1):
        assert any(b <= begin and begin + needle <= e for b, e in found)


@given(cuts())
def test_every_chunk_brings_something_new(cut):
    length, size, overlap = cut
    found = chunks(length, size, overlap)
    for one, other in zip(found, found[1:]):
        assert other[1] > one[1]


def test_what_is_longer_by_two_can_be_cut():
    # (0, 4), (3, 7): three tokens from place 2 lie in neither
    assert not any(b <= 2 and 5 <= e for b, e in chunks(7, 4, 1))


def by_hand(length, sees):
    return np.array([[j <= i and sees(i, j) for j in range(length)] for i in range(length)])


@given(st.integers(1, 12), st.integers(1, 14), st.integers(0, 5))
def test_a_window_is_what_it_is_place_by_place(length, size, sinks):
    assert np.array_equal(
        sliding_window(length, size, sinks), by_hand(length, lambda i, j: i - j < size or j < sinks)
    )


@given(st.integers(1, 14), st.integers(1, 6))
def test_strides_are_what_they_are_place_by_place(length, stride):
    assert np.array_equal(
        strided(length, stride), by_hand(length, lambda i, j: i - j < stride or (i - j) % stride == 0)
    )


@given(st.integers(1, 30), st.integers(1, 6))
def test_two_strides_reach_everything(length, stride):
    assert np.array_equal(reach(strided(length, stride), 2), np.tri(length, dtype=bool))


@settings(deadline=None)
@given(st.integers(1, 8), st.integers(1, 4), st.integers(1, 4), st.integers(0, 2))
def test_reach_is_walked_step_by_step(length, size, n_layers, sinks):
    visible = sliding_window(length, size, sinks)
    for place in range(length):
        held = {place}
        for _ in range(n_layers):
            held = {j for i in held for j in range(length) if visible[i, j]}
        assert set(np.flatnonzero(reach(visible, n_layers)[place])) == held


def test_layers_of_windows_reach_their_number_times_the_way():
    # three layers of four places: 3 · 3 back, and itself
    assert reach(sliding_window(30, 4), 3)[29].sum() == 10


@given(st.integers(1, 50), st.integers(1, 50))
def test_interpolated_places_stay_within_what_was_trained(length, trained):
    factor = max(1, length / trained)
    places = interpolated(length, factor)
    assert len(places) == length
    assert places[0] == 0
    assert places[-1] < trained
    np.testing.assert_allclose(np.diff(places), 1 / factor)


def test_a_changed_base_slows_the_slowest_rotation_alone_by_the_whole_factor():
    base, factor, size = 10_000.0, 8.0, 16
    place = torch.tensor([1])
    old, new = angles(place, size, base)[0], angles(place, size, ntk_base(base, factor, size))[0]
    ratio = old / new
    assert ratio[0] == 1
    assert float(ratio[-1]) == pytest.approx(factor)
    assert (ratio.diff() > 0).all()


def test_summaries_of_summaries_end_within_the_size():
    left, rounds = condense(range(100), 10, lambda part: part[:5])
    # 100 -> 50 -> 25 -> 15 (5 + 5 + 5) -> 10
    assert (len(left), rounds) == (10, 4)
    assert condense("abc", 3, lambda part: part[:1]) == (["a", "b", "c"], 0)


@pytest.mark.parametrize(
    ("what", "word"),
    [
        (lambda: chunks(10, 3, 3), "overlap=3"),
        (lambda: chunks(10, 0), "size"),
        (lambda: sliding_window(4, 0), "size"),
        (lambda: sliding_window(4, 2, -1), "sinks"),
        (lambda: strided(4, 0), "stride"),
        (lambda: reach(strided(4, 2), 0), "n_layers"),
        (lambda: interpolated(4, 0.5), "factor=0.5"),
        (lambda: ntk_base(1e4, 0.5, 16), "factor=0.5"),
        (lambda: ntk_base(1e4, 2.0, 2), "d_head"),
        (lambda: condense(range(9), 3, lambda part: part), "shorten"),
    ],
)
def test_bad_input_is_named(what, word):
    with pytest.raises(ValueError, match=word):
        what()
