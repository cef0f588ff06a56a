"""The pipeline's timetable: by hand, by formula, and in any order."""

from __future__ import annotations

import pytest

from lmcourse.parallel.pipeline import ORDERS, idle, order_of_work, timetable
from lmcourse.parallel.plan import bubble


def words(tasks):
    return " ".join(way[0] + str(batch) for way, batch in tasks)


def test_the_orders_of_two_stages_by_hand():
    assert words(order_of_work(0, 2, 3, "gpipe")) == "f0 f1 f2 b0 b1 b2"
    assert words(order_of_work(0, 2, 3)) == "f0 f1 b0 f2 b1 b2"
    assert words(order_of_work(1, 2, 3)) == "f0 b0 f1 b1 f2 b2"


def test_a_timetable_by_hand():
    # Two stages, one batch: f 0-1, f 1-2, b 2-4, b 4-6: each is busy for 3 of 6.
    slots = timetable(2, 1)
    assert [(s.stage, s.task.way, s.start, s.end) for s in sorted(slots, key=lambda s: s.start)] == [
        (0, "forward", 0, 1),
        (1, "forward", 1, 2),
        (1, "backward", 2, 4),
        (0, "backward", 4, 6),
    ]
    assert idle(slots) == bubble(2, 1) == 0.5


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("n_stages", [1, 2, 3, 5])
@pytest.mark.parametrize("n_batches", [1, 2, 5, 8])
def test_the_bubble_is_the_formulas(order, n_stages, n_batches):
    slots = timetable(n_stages, n_batches, order)
    assert len(slots) == 2 * n_stages * n_batches
    assert idle(slots) == pytest.approx(bubble(n_stages, n_batches))
    assert {s.task for s in slots} == set(order_of_work(0, n_stages, n_batches, order))


@pytest.mark.parametrize("order", ORDERS)
def test_nothing_begins_before_what_it_needs(order):
    slots = {(s.stage, s.task): s for s in timetable(4, 6, order, backward=1.5)}
    for (stage, task), slot in slots.items():
        before = slots.get((stage - 1 if task.way == "forward" else stage + 1, task))
        assert before is None or slot.start >= before.end
    for stage in range(4):
        row = sorted((s for s in slots.values() if s.stage == stage), key=lambda s: s.start)
        assert all(a.end <= b.start for a, b in zip(row, row[1:]))


def test_bad_input():
    with pytest.raises(ValueError, match="order='fifo' must be one of 'gpipe', '1f1b'"):
        order_of_work(0, 2, 2, "fifo")
    with pytest.raises(ValueError, match="n_batches"):
        order_of_work(0, 2, 0)
