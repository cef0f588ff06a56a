"""The end of `make test`: what took longest, what failed, the notebooks' seconds, a closing line for all.

    python tools/timings.py PART…    from the reports that pytest has written to _build/tests/PART.xml

What failed may have been tried once more (_build/tests/PART-again.xml): what counts is that second try, and
the report names what needed it. Exit status 1 if a test failed or a part left no report.
"""

from __future__ import annotations

import sys
import xml.etree.ElementTree as ET
from collections import Counter
from pathlib import Path

REPORTS = Path(__file__).resolve().parent.parent / "_build" / "tests"
KINDS = ("failed", "passed", "skipped", "error")  # in the order of pytest's own closing line
SLOWEST = 10


def outcome(case: ET.Element) -> str:
    """What became of a test, in the words of pytest's closing line."""
    said = {child.tag for child in case}
    words = {"error": "error", "failure": "failed", "skipped": "skipped"}
    return next((word for tag, word in words.items() if tag in said), "passed")


def name(case: ET.Element) -> str:
    """A test's place and name."""
    return f"{case.get('classname', '').replace('.', '/')}.py::{case.get('name')}"


def reason(case: ET.Element) -> str:
    """Why a test failed, in the one line that pytest gives first."""
    message = next((child.get("message") or "" for child in case if child.tag in ("failure", "error")), "")
    return next(iter(message.strip().splitlines()), "")[:200]


def tries(path: Path) -> tuple[list[ET.Element], float, list[str]]:
    """A part's tests as they ended, its seconds, and the names of those that passed only at a second try."""
    (suite,) = ET.parse(path).getroot()
    cases, seconds = list(suite.iter("testcase")), float(suite.get("time"))
    second = path.with_name(f"{path.stem}-again.xml")
    if not second.exists():
        return cases, seconds, []
    (again,) = ET.parse(second).getroot()
    last = {name(case): case for case in again.iter("testcase")}
    late = [key for key, case in last.items() if outcome(case) == "passed"]
    return [last.get(name(case), case) for case in cases], seconds + float(again.get("time")), late


def report(parts: list[str], folder: Path = REPORTS) -> tuple[str, bool]:
    """The report as text, and whether all is well."""
    cases: list[ET.Element] = []
    lines, counts, seconds, late = [], Counter(), 0.0, []
    for part in parts:
        path = folder / f"{part}.xml"
        if not path.exists():
            lines.append(f"{part}: did not run to its end")
            counts["error"] += 1
            continue
        ended, spent, needed = tries(path)
        lines.append(f"{part}: {spent:.0f} s")
        cases += ended
        late += needed
        seconds += spent
    counts.update(map(outcome, cases))
    slowest = sorted(cases, key=lambda case: -float(case.get("time")))[:SLOWEST]
    lines += ["", "The slowest tests, in seconds:"]
    lines += [f"{float(case.get('time')):8.1f}  {name(case)}" for case in slowest]
    worked = [(float(p.get("value")), name(c)) for c in cases for p in c.iter("property")]
    lines += ["", "The notebooks, in seconds of one core:"]
    lines += [f"{spent:8.1f}  {case.partition('[')[2][:-1]}" for spent, case in sorted(worked, reverse=True)]
    lines += ["", *(f"passed only when tried once more (why?): {test}" for test in late)] if late else []
    bad = [case for case in cases if outcome(case) in ("failed", "error")]
    lines += ["", *(f"{outcome(case)}: {name(case)}\n    {reason(case)}" for case in bad)] if bad else []
    total = ", ".join(f"{counts[kind]} {kind}" for kind in KINDS if counts[kind])
    total += "s" if counts["error"] > 1 else ""  # as pytest says it: the word stands last
    lines += ["", f"{total or 'no tests ran'} in {seconds:.2f}s of all parts"]
    return "\n".join(lines), bool(counts["passed"]) and not counts["failed"] + counts["error"]


def main(parts: list[str]) -> int:
    """Print the report of some parts; returns the exit status."""
    text, good = report(parts)
    print(f"\n{text}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
