"""The end of `make test` tells what all parts came to, and does not call well what was not."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tools"))
import timings

CASE = '<testcase classname="tests.{part}.test_x" name="test_{n}" time="{n}">{inside}</testcase>'
WORKED = '<properties><property name="processor_seconds" value="41.5"/></properties>'


@pytest.fixture
def write(tmp_path):
    """Writes a part's report: its tests take 0, 1, 2 … seconds, and inside each stands what is given."""

    def write(part, *inside):
        cases = "".join(CASE.format(part=part, n=n, inside=text) for n, text in enumerate(inside))
        suite = f'<testsuites><testsuite time="{len(inside) + 0.25}">{cases}</testsuite></testsuites>'
        (tmp_path / f"{part}.xml").write_text(suite, encoding="utf-8")
        return tmp_path

    return write


def test_all_parts_come_to_one_closing_line(write):
    write("units", *[""] * 12)
    folder = write("grading", "", '<skipped message="no"/>')
    text, good = timings.report(["units", "grading"], folder)
    assert good
    assert text.splitlines()[-1] == "13 passed, 1 skipped in 14.50s of all parts"
    assert "units: 12 s\ngrading: 2 s\n" in text


def test_the_ten_slowest_tests_are_named_the_slowest_first(write):
    text, _ = timings.report(["units"], write("units", *[""] * 14))
    lines = [line for line in text.splitlines() if "::" in line]
    assert lines[0] == "    13.0  tests/units/test_x.py::test_13"
    assert lines[-1] == "     4.0  tests/units/test_x.py::test_4"
    assert len(lines) == 10


def test_what_failed_is_named_with_its_reason_near_the_end(write):
    folder = write("units", "", '<failure message="assert 1 == 2&#10;  where 1">long</failure>', "<error/>")
    lines = timings.report(["units"], folder)[0].splitlines()
    assert lines[-6:-2] == [
        "failed: tests/units/test_x.py::test_1",
        "    assert 1 == 2",
        "error: tests/units/test_x.py::test_2",
        "    ",
    ]


def test_each_notebooks_seconds_are_those_it_worked(write):
    folder = write("units", "", "")
    path = folder / "units.xml"
    path.write_text(path.read_text().replace('test_1" time="1">', f'test_runs[words]" time="1">{WORKED}'))
    text, _ = timings.report(["units"], folder)
    assert "in seconds of one core:\n    41.5  words\n" in text


@pytest.mark.parametrize(
    ("inside", "closing"),
    [
        ('<failure message="x"/>', "1 failed, 1 passed in 2.25s of all parts"),
        ('<error message="x"/>', "1 passed, 1 error in 2.25s of all parts"),
        (
            '<error message="x"/></testcase><testcase time="0"><error/>',
            "1 passed, 2 errors in 2.25s of all parts",
        ),
    ],
)
def test_one_bad_test_makes_the_whole_bad(write, inside, closing):
    text, good = timings.report(["units"], write("units", "", inside))
    assert not good
    assert text.splitlines()[-1] == closing


def test_what_passes_at_its_second_try_counts_and_is_named(write):
    failed = '<failure message="late"/>'
    folder = write("browser", "", failed, failed)
    first = (folder / "browser.xml").read_text()
    (folder / "browser-again.xml").write_text(first.replace(failed, "", 1))
    text, good = timings.report(["browser"], folder)
    assert not good
    assert "passed only when tried once more (why?): tests/browser/test_x.py::test_1\n" in text
    assert "failed: tests/browser/test_x.py::test_2\n    late\n" in text
    assert "1 failed, 2 passed in 6.50s" in text
    (folder / "browser-again.xml").write_text(first.replace(failed, ""))
    assert timings.report(["browser"], folder)[1]


def test_a_part_without_a_report_is_an_error_and_nothing_at_all_is_no_success(write):
    folder = write("units", "")
    text, good = timings.report(["units", "browser"], folder)
    assert not good
    assert "browser: did not run to its end" in text
    assert text.splitlines()[-1] == "1 passed, 1 error in 1.25s of all parts"
    assert not timings.report(["units"], write("units"))[1]
