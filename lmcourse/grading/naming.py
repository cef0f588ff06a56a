"""What a name says: whose a file is and when it came, and the one form that ids and times have here.

The names are those of Canvas (its `lib/content_zipper.rb`), Moodle (`mod/assign/classes/downloader.php`) and
Blackboard ("Assignment File Download"), or an instructor's own, after the student.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

ENDINGS = re.compile(r"(?:\.ipynb|\.zip|\.tar|\.gz|\.tgz)+$", re.IGNORECASE)

_CANVAS = re.compile(
    r"(?:LATE_)?(?:(?P<anon>anon_[^\W_]+)|(?P<name>[^\s.,/-]+?)(?:_LATE)?_(?P<user>\d+))"
    r"_(?:(?P<attachment>\d+)_(?P<file>.+)|(?P<page>text|link)\.html)",
    re.DOTALL,
)
_MOODLE = re.compile(r"(?P<name>[^_]*)_(?P<user>\d+)_assignsubmission_[a-z]+(?:_(?P<file>.*))?", re.DOTALL)
_BLACKBOARD = re.compile(
    r"(?P<before>.+?)_attempt_(?P<time>\d{4}(?:-\d\d){5})(?:_(?P<file>.+)|\.txt)", re.DOTALL
)
_TIME = re.compile(r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d(?::\d\d)?)(?:[.,](\d{1,6})\d*)? ?([\w/+:-]*)")


@dataclass(frozen=True)
class Who:
    """Whom the name of a file or folder says it is from, and what else it says."""

    key: tuple[str, ...]  # two with the same key are one person
    wish: str  # the id this person gets if nobody else wants it
    calls: tuple[str, ...]  # what else a roster may call the person, the surest first
    lms_id: str = ""
    series: str = ""  # of several files in one series the latest counts
    attempt: str = ""
    submitted: str = ""


def by_lms(name: str) -> tuple[Who, str] | None:
    """What an LMS says by the name it gave to a file or folder, and what the student called it; or None."""
    if found := _MOODLE.fullmatch(name):
        key = ("moodle", found["name"], found["user"])
        return Who(key, found["name"], (found["name"],), found["user"]), found["file"] or ""
    if found := _BLACKBOARD.fullmatch(name):
        parts = found["before"].split("_")  # of the assignment and of the student, who may both have a _
        calls = tuple("_".join(parts[i:]) for i in range(len(parts)))
        day, clock = found["time"][:10], found["time"][11:].replace("-", ":")
        who = Who(("blackboard", found["before"]), parts[-1], calls, attempt=found["time"], series="*")
        return replace(who, submitted=moment(f"{day} {clock}", None)), found["file"] or name
    if found := _CANVAS.fullmatch(name):
        file = found["file"] or f"{found['page']}.html"
        person = found["anon"] or found["name"]
        who = Who(("canvas", found["user"] or person), person, (person,), found["user"] or "")
        # handed in again, Canvas calls a.ipynb a-1.ipynb; its numbers of files only grow
        series = re.sub(r"-\d+(?=(\.\w+)*$)", "", file)
        return replace(who, series=series, attempt=(found["attachment"] or "").rjust(20, "0")), file
    return None


def by_name(name: str, folder: str) -> Who:
    """The person that a file or folder is named after."""
    stem = ENDINGS.sub("", name) or name
    return Who(("", folder, stem), stem, (stem,))


def safe_id(text: str) -> str:
    """`text` as a student id: letters, digits and `_ . @ -`, beginning with a letter or digit; perhaps empty.

    nbgrader puts ids into paths, globs and, separated by `+`, into names of files.
    """
    text = re.sub(r"[^\w.@-]+", "-", unicodedata.normalize("NFKC", text))
    return text.encode("utf-8", "ignore")[:100].decode("utf-8", "ignore").strip("-._@ ")


def moment(text: str, zone: tzinfo | None = timezone.utc) -> str:
    """A time in ISO format or as nbgrader writes it, as ISO text with time zone; empty if it is none.

    `zone` is that of a time that names none; None: that of this machine.
    """
    found = _TIME.fullmatch(text.strip())
    if not found:
        return ""
    day, clock, fraction, name = found.groups()
    try:
        time = datetime.fromisoformat(f"{day}T{clock}").replace(
            microsecond=int((fraction or "0").ljust(6, "0"))
        )
        if offset := re.fullmatch(r"([+-])(\d\d):?(\d\d)", name):
            away = timedelta(hours=int(offset[2]), minutes=int(offset[3]))
            zone = timezone(-away if offset[1] == "-" else away)
        elif name:
            zone = timezone.utc if name in ("Z", "UTC", "GMT") else ZoneInfo(name)
        return (time.replace(tzinfo=zone) if zone else time.astimezone()).isoformat()
    except (ValueError, KeyError, OSError, OverflowError):
        return ""
