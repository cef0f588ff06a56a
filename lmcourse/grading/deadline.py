"""When an assignment is due, for whom later, and how an attempt stands to it: without nbgrader.

What lateness costs, and where due times are written, is `late`'s.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lmcourse.grading.roster import Roster

CONFIG = "nbgrader_config.py"
IN_TIME, LATE, TOO_LATE = range(3)  # how attempts stand: an earlier one in this list counts


def utc(text: str) -> datetime:
    """A time in ISO format with its zone, as nbgrader keeps it: in UTC, without saying so."""
    return datetime.fromisoformat(text).astimezone(timezone.utc).replace(tzinfo=None)


@dataclass(frozen=True)
class Deadline:
    """An assignment's deadline, and nbgrader's plugin that says what lateness costs.

    Args:
        plugin: that is configured for the course.
        due: when it is due, in UTC; None where nobody has said so.
        extensions: student -> when it is due for this one.
        grace: minutes late that are still in time.
        whence: who says it: `CONFIG`, or the gradebook, whose time then stays as it is; empty for nobody.
        doubts: what seems wrong in the configuration.
    """

    plugin: Any
    due: datetime | None = None
    extensions: Mapping[str, datetime] = field(default_factory=dict)
    grace: float = 0.0
    whence: str = ""
    doubts: tuple[str, ...] = ()

    def of_student(self, student: str) -> datetime | None:
        """When it is due for one student."""
        return self.extensions.get(student, self.due)

    def standing(self, student: str, submitted: str, marked: bool = False) -> int:
        """`IN_TIME`, `LATE` or, where lateness costs everything, `TOO_LATE`.

        Args:
            student: the id.
            submitted: when, as ISO text with time zone; empty if nobody said, which is in time.
            marked: whether the LMS marks it as late; believed where nobody knows better.
        """
        due = self.of_student(student)
        if not submitted or due is None:
            return LATE if marked and not submitted else IN_TIME
        seconds = (utc(submitted) - due).total_seconds()
        if seconds <= 60 * self.grace:
            return IN_TIME
        lost = self.plugin.late_submission_penalty(student, 1.0, seconds) or 0.0
        return TOO_LATE if lost >= 1 else LATE

    def nobodys(self, students: Collection[str], roster: Roster | None = None) -> list[str]:
        """The extensions of whom nobody has heard: neither in `students` nor on the roster."""
        known = {*students, *(roster.students if roster else ())}
        lines = []
        for name in sorted({*self.extensions} - known if self.whence == CONFIG else ()):
            meant = roster.find("", name) if roster else None
            likely = [meant.id] if meant else difflib.get_close_matches(name, sorted(known), 1)
            lines.append(
                f"{CONFIG}: LatePolicy.extensions names {name}, who has handed in nothing and is on no roster"
                + "".join(f"; did you mean {one}?" for one in likely)
            )
        return lines

    def __str__(self) -> str:
        """For a terminal; empty if nothing is due."""
        if self.due is None:
            return ""
        said = f"due {self.due:%Y-%m-%d %H:%M} UTC, as {self.whence} says"
        if self.whence == CONFIG:
            return said
        return f"{said}; {CONFIG} has no time: None in LatePolicy.due takes this one away"
