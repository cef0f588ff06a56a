"""What a name says: whose a file is and when it came, and the one form that ids and times have here.

The names are those of Canvas (its `lib/content_zipper.rb`), Moodle (`mod/assign/classes/downloader.php`),
Blackboard ("Assignment File Download"), Brightspace and Gradescope, or an instructor's own, after the
student. Which of these a name is, is said once for all names of a collection: in each, part of the name is
the student's own choice, and could pretend to be another LMS's.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

from lmcourse.grading.course import GradingError

ENDINGS = re.compile(
    r"(?:\.ipynb(?:\.txt|\.json)?|\.(?:zip|tar|gz|tgz|rar|7z|py|html?|docx?|odt|pdf))+$", re.IGNORECASE
)
LONGEST = 255  # bytes of a name, on any disk
KINDS = ("canvas", "moodle", "blackboard", "gradescope", "brightspace", "nbgrader", "folder")
BY_LMS = KINDS[:5]
_PATTERNS = {
    "canvas": re.compile(
        r"(?P<late>LATE_)?(?:(?P<anon>anon_[^\W_]+)|(?P<name>[^\s.,/-]+?)(?P<tardy>_LATE)?_(?P<user>\d+))"
        r"_(?:(?P<attachment>\d+)_(?P<file>.+)|(?P<page>text|link)\.html)",
        re.DOTALL,
    ),
    "moodle": re.compile(
        r"(?P<name>[^_]*)_(?P<user>\d+)_assignsubmission_[a-z]+(?:_(?P<file>.*))?", re.DOTALL
    ),
    "blackboard": re.compile(
        r"(?P<before>.+?)_attempt_(?P<time>\d{4}(?:-\d\d){5})(?:_(?P<file>.+)|\.txt)", re.DOTALL
    ),
    "gradescope": re.compile(r"submission_(?P<number>\d+)"),
    "brightspace": re.compile(
        r"(?P<number>\d+)-\d+ - (?P<name>.+?) ?- (?P<day>[A-Z][a-z]+ \d\d?, \d{4}) (?P<clock>\d{3,4} [AP]M)"
        r"(?: - (?P<file>.+))?",
        re.DOTALL,
    ),
}
BESIDE = {"brightspace": "index.html", "gradescope": "submission_metadata.yml"}  # what the LMS adds
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
    late: bool = False  # whether the LMS marks it as late
    given: str = ""  # the whole name that the LMS gave


def said_by(kind: str, name: str) -> tuple[Who, str] | None:
    """What an LMS says by the name it gave to a file or folder, and what the student called it; or None.

    Nothing in the student's part of the name counts, but for which of the student's own files is the newer.
    """
    if kind not in _PATTERNS or len(name) > LONGEST:
        return None
    found = _PATTERNS[kind].fullmatch(name)
    if not found:
        return None
    who, file = _READERS[kind](found)
    return replace(who, given=name), file


def _canvas(found: re.Match) -> tuple[Who, str]:
    file = found["file"] or f"{found['page']}.html"
    person = found["anon"] or found["name"]
    who = Who(("canvas", found["user"] or person), person, (person,), found["user"] or "")
    # handed in again, Canvas calls a.ipynb a-1.ipynb; its numbers of files only grow
    series = re.sub(r"-\d+(?=(\.\w+)*$)", "", file)
    number = (found["attachment"] or "").rjust(20, "0")
    late = bool(found["late"] or found["tardy"])
    return replace(who, series=series, attempt=number, late=late), file


def _moodle(found: re.Match) -> tuple[Who, str]:
    key = ("moodle", found["name"], found["user"])
    return Who(key, found["name"], (found["name"],), found["user"]), found["file"] or ""


def _blackboard(found: re.Match) -> tuple[Who, str]:
    parts = found["before"].split("_")  # of the assignment and of the student, who may both have a _
    calls = tuple("_".join(parts[i:]) for i in range(len(parts)))
    day, clock = found["time"][:10], found["time"][11:].replace("-", ":")
    who = Who(("blackboard", found["before"]), parts[-1], calls, attempt=found["time"], series="*")
    return replace(who, submitted=moment(f"{day} {clock}", None)), found["file"] or found[0]


def _gradescope(found: re.Match) -> tuple[Who, str]:
    return Who(("gradescope", found["number"]), found[0], ()), ""  # whose it is says a file beside it


def _brightspace(found: re.Match) -> tuple[Who, str]:
    text = f"{found['day'][:3]} {found['day'].partition(' ')[2]} {found['clock'].rjust(7, '0')}"
    try:
        time = datetime.strptime(text, "%b %d, %Y %I%M %p").isoformat(sep=" ")
    except ValueError:
        time = ""
    who = Who(("brightspace", found["number"], found["name"]), found["name"], (found["name"],))
    return replace(who, series="*", attempt=time, submitted=moment(time, None)), found["file"] or ""


_READERS: dict[str, Callable[[re.Match], tuple[Who, str]]] = {
    "canvas": _canvas,
    "moodle": _moodle,
    "blackboard": _blackboard,
    "gradescope": _gradescope,
    "brightspace": _brightspace,
}


def kind_of(names: Iterable[str]) -> str:
    """The LMS that gave most of the names in a collection; `folder` if none did.

    Raises GradingError if two could have, the one no less than the other. What a student calls files can give
    another LMS many names, but never more than the right one has.
    """
    names = {name for name in names if name not in BESIDE.values()}
    likely: dict[str, int] = {}
    for kind in _PATTERNS:
        said = [found for name in names if (found := said_by(kind, name))]
        # what looks like Canvas's number of a file and is not unique is none: hw_2026_11_ada, hw_2026_11_bo
        numbers = [(who.key, who.attempt) for who, _ in said if kind == "canvas" and who.attempt.strip("0")]
        if 2 * len(said) > len(names) and len({*numbers}) == len(numbers):
            likely[kind] = len(said)
    likely = [kind for kind, n in likely.items() if n == max(likely.values())]
    if len(likely) > 1:
        raise GradingError(
            f"these names could be of {' or of '.join(likely)}, such as {min(names)}: say which, with --from"
        )
    return likely[0] if likely else "folder"


def submitters(metadata: str) -> dict[str, list[dict[str, str]]]:
    """Who handed in what, of Gradescope's submission_metadata.yml: number -> name, sid, email of each."""
    found: dict[str, list[dict[str, str]]] = {}
    people: list[dict[str, str]] | None = None
    for line in metadata.splitlines():
        if key := re.match(r"submission_(\d+):", line):
            found[key[1]] = []
        elif re.match(r"  :\w", line) and found:
            people = found[[*found][-1]] if line.startswith("  :submitters:") else None
        elif people is not None and (said := re.match(r"  (- |  ):(name|sid|email): *(.*)", line)):
            if said[1] == "- ":
                people.append({})
            if people:
                people[-1][said[2]] = said[3].strip().strip("'\"")
    return found


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
