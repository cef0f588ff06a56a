"""Several attempts: one that is late never takes the place of one that came in time.

Within what is handed over at once `intake` chooses; here is what holds from one run to the next, and what an
instructor is told of lateness.
"""

from __future__ import annotations

import textwrap
from collections.abc import Collection, Iterator, Sequence

from lmcourse.grading.deadline import IN_TIME, Deadline
from lmcourse.grading.intake import Handed
from lmcourse.grading.result import Result
from lmcourse.grading.roster import Roster


def stands_before(old: Result, now: Handed, deadline: Deadline) -> bool:
    """Whether a result that there is counts more than another file that has come since: it was in time, and
    the file is late, or it was late, and the file is too late to count.
    """
    before = deadline.standing(old.student, old.submitted, old.late)
    return not old.refused and deadline.standing(now.student, now.submitted, now.late) > before


def again(old: Result, now: Handed, deadline: Deadline) -> str:
    """What is said where `stands_before`."""
    before = "in time" if deadline.standing(old.student, old.submitted, old.late) == IN_TIME else "late"
    return (
        f"{now.student}: graded {before}, and now there is another file, {now.name}, that came "
        f"{'late' if before == 'in time' else 'when nothing counts any more'}: what there was counts; "
        f"--regrade {now.student} takes the file"
    )


def remarks(
    handed: Sequence[Handed], deadline: Deadline, known: Collection[str], roster: Roster | None = None
) -> Iterator[str]:
    """What an instructor should know of when things came, a line each.

    Args:
        handed: what is there.
        deadline: of the assignment.
        known: who has a result.
        roster: of the class.
    """
    yield from deadline.doubts
    yield from deadline.nobodys(known, roster)
    yield from (f"{one.student}: {one.again}" for one in handed if one.again)
    marked = [one for one in handed if one.late]
    timeless = [one.student for one in marked if not one.submitted or deadline.due is None]
    if timeless:
        who = textwrap.shorten(", ".join(timeless), 80, placeholder=" …")
        mend = "LatePolicy.due says what that costs" if deadline.due is None else "give their submitted_at"
        yield f"Canvas marks {len(timeless)} as late, but nothing is taken off ({who}): {mend}"
    for one in marked:
        if one.student not in timeless and deadline.standing(one.student, one.submitted) == IN_TIME:
            yield (
                f"{one.student}: Canvas marks the file as late, submitted_at is in time: is that "
                "the time of an earlier attempt?"
            )
