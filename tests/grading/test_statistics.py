"""A class's statistics: numbers worked out by hand, and a page that shows no student's text as HTML."""

import csv
import dataclasses
import math
from collections import Counter
from itertools import combinations

import numpy as np
import pytest
from test_gradebook import EXAM, work

from lmcourse.grading import similar
from lmcourse.grading.checks import Check
from lmcourse.grading.course import GradingError
from lmcourse.grading.demo import ASSIGNMENT
from lmcourse.grading.gradebook import GradebookWriter
from lmcourse.grading.items import discrimination, items
from lmcourse.grading.overview import write_statistics
from lmcourse.grading.report import Outcome, Report
from lmcourse.grading.result import Result
from lmcourse.grading.roster import Roster, Student
from lmcourse.grading.similar import alike, most_alike, runs
from lmcourse.grading.worker import _trouble


def test_discrimination_by_hand():
    # means 1/2 and 3; products (1/2)(1) + (-1/2)(-1) + (1/2)(2) + (-1/2)(-2) = 3; spreads 1 and 10
    assert discrimination([1, 0, 1, 0], [4, 2, 5, 1]) == pytest.approx(3 / math.sqrt(10))
    assert discrimination([1, 0], [1, 2]) == -1
    assert (
        discrimination([1, 1], [1, 2]) is discrimination([1, 0], [2, 2]) is discrimination([1], [2]) is None
    )


def result(student, first, second, **changes):
    """One of two exercises; the first has two checks, whose scores are given."""
    said = [
        Outcome("adds", first[0], "" if first[0] == 1 else "a sum"),
        Outcome("-", first[1], "", hidden=True),
    ]
    reports = [Report("one", said, 7, 4.0), Report("two", [Outcome("it", second, "")], 7, 2.0)]
    made = Result(student, "x", reports, {}, {}, 7, {}, "d", **changes)
    return made


CHECKS = [
    Check("one", "adds", "adds", None),
    Check("one", "more", "Something that students are not told", None, hidden=True),
    Check("two", "it", "it", None),
]


def test_items_by_hand():
    results = [
        result("a", (1, 1), 1, times={"one": [0.1, 0.3], "two": [0.5]}),
        result("b", (0, 1), 1, times={"one": [0.2, 0.3], "two": [0.7]}),
        result("c", (0, 0.5), 0, troubles={"more": "KeyError: 'x'"}),
    ]
    one, adds, more, two, _ = items(results, CHECKS)
    assert (one.check, adds.check, more.check, two.check) == (
        "",
        "adds",
        "Something that students are not told",
        "",
    )
    assert (adds.passed, adds.mean) == pytest.approx((1 / 3, 1 / 3))
    assert (more.passed, more.mean) == pytest.approx((2 / 3, 2.5 / 3))
    assert one.mean == pytest.approx((1 + 2 / 3 + 1 / 3) / 3)  # the public check weighs half as much
    assert (one.seconds, adds.seconds, two.seconds) == pytest.approx((0.45, 0.15, 0.6))
    assert adds.told == [(2, "a sum")]
    assert one.told == [(2, "a sum")]
    assert more.troubles == [(1, "KeyError: 'x'")]
    # first check: 1, 0, 0 against 2, 2, 0 points in the other exercise
    assert adds.discrimination == pytest.approx(
        (2 / 3 * 2 / 3 - 1 / 3 * 2 / 3 + 1 / 3 * 4 / 3) / (2 / 3 * 8 / 3) ** 0.5
    )


OWN = "total = 0\nfor weird_name in sorted(rows, key=lambda r: -r.size):\n    total += weird_name * 7 - 3\n"


def test_who_shares_what_nobody_else_has_is_shown_and_who_shares_what_all_have_is_not():
    usual = "def f(x):\n    return sum(value for value in x if value > 0) / len(x)\n"
    class_ = {f"s{n:02}": f"{usual}\nmine_{n} = {n}" for n in range(20)}
    assert most_alike({name: {"f": text} for name, text in class_.items()}, {"f": ""}) == []
    class_ |= {"s03": OWN + usual, "s07": "# I did it alone\n" + OWN.replace("  ", "   ") + usual}
    [(share, exercise, one, other)] = most_alike({n: {"f": t} for n, t in class_.items()}, {"f": ""})
    assert (share, exercise, one, other) == (1.0, "f", "s03", "s07")
    assert list(alike({"a": OWN, "b": OWN}, released=OWN)) == []  # what was handed out is nobody's


def by_every_pair(answers, released):
    """What `alike` says, from every pair, by the definition."""
    own = {name: runs(text) - runs(released) for name, text in answers.items()}
    n = Counter(run for mine in own.values() for run in mine)
    rare = {name: {run for run in mine if n[run] <= max(2, len(own) / 10)} for name, mine in own.items()}
    for one, other in combinations(sorted(rare), 2):
        smaller = min(len(rare[one]), len(rare[other]))
        if smaller >= similar.FEWEST and rare[one] & rare[other]:
            yield len(rare[one] & rare[other]) / smaller, one, other


@pytest.mark.parametrize("seed", range(5))
def test_no_pair_is_lost_by_what_is_not_compared(seed):
    rng = np.random.default_rng(seed)
    lines = [f"name_{i} = f_{i % 7}({i}, {i * i})" for i in range(60)]
    texts = ["\n".join(rng.choice(lines, 12, replace=False)) for _ in range(8)]
    answers = {}
    for i in range(40):
        mine = texts[rng.integers(8)].split("\n")
        for at in rng.integers(12, size=rng.integers(6)):
            mine[at] = f"own_{i}_{at} = g(own_{i}, {at})"
        answers[f"s{i:02}"] = "\n".join(mine) + "  # mine" * int(rng.integers(2))
    every = sorted(by_every_pair(answers, lines[0]))
    assert len({share for share, *_ in every}) > 10
    assert sorted(alike(answers, lines[0])) == every
    for least in (0.3, 0.5, 0.9, 1.0):
        assert sorted(alike(answers, lines[0], least)) == [one for one in every if one[0] >= least]


def test_only_those_who_may_be_alike_are_compared(monkeypatch):
    """Of 1,000: 40 wrote one thing, 40 nearly one thing, the others share one line with some others."""
    compared = []
    common = similar._common
    monkeypatch.setattr(similar, "_common", lambda *pair: compared.append(pair) or common(*pair))

    def text(name, lines=20):
        return [f"{name}_{i} = step_{name}({i}, {name}_{i - 1})" for i in range(lines)]

    class_ = {}
    for n in range(1000):
        mine = text("same" if n < 40 else "near" if n < 80 else f"own{n}")
        mine[n % 20] = f"changed_{n} = {n} + {n} + {n} + {n}" if 40 <= n < 80 else mine[n % 20]
        mine += [f"also_{n // 10} = [{n // 10}, {n // 10}, {n // 10}]"] * (n >= 80)
        class_[f"s{n:03}"] = "\n".join(mine)
    pairs = [*alike(class_, least=0.5)]
    assert len(pairs) == 2 * (40 * 39 // 2)
    assert len(compared) == 40 * 39 // 2  # those who wrote one thing are one; of the others none with any


def test_runs_of_words():
    assert runs("a b c d e f  # g h\n g") == {("a", "b", "c", "d", "e", "f"), ("b", "c", "d", "e", "f", "g")}
    assert runs("too short") == set()


def test_the_page_and_the_table(prepared, tmp_path):
    url = f"sqlite:///{tmp_path}/gradebook.db"
    (tmp_path / "gradebook.db").write_bytes(prepared.read_bytes())
    book = GradebookWriter(url)
    with pytest.raises(GradingError, match="no result of 01-language-models by today's checks"):
        write_statistics(ASSIGNMENT, tmp_path, url)
    count = {name: sum(c.exercise == name for c in EXAM.all_checks()) for name in EXAM.points()}
    people = []
    for name, share in (("ada", 1.0), ("bo", 0.0), ("eve", 0.5)):
        one = work(name, share)
        reports = [
            dataclasses.replace(r, outcomes=[Outcome("x", share, "=<b>why</b>")] * count[r.exercise])
            for r in one.reports
        ]
        answers = dict.fromkeys(one.answers, f"<i>{OWN if share != 0.5 else share}")
        people.append(dataclasses.replace(one, reports=reports, answers=answers))
    old = dataclasses.replace(work("zoe"), versions={"checks": "of before"})
    book.write([*people, old])
    names = Roster({"ada": Student("ada", "Ada <Lovelace>")})
    html, table = write_statistics(ASSIGNMENT, tmp_path, url, names)
    page = html.read_text(encoding="utf-8")
    assert "3 submissions" in page
    assert "1 more are of other checks" in page
    assert "2 times =&lt;b&gt;why&lt;/b&gt;" in page
    assert "ada (Ada &lt;Lovelace&gt;) and bo, 100%" in page
    assert "<i>" not in page
    with open(table, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == sum(count.values()) + len(count)
    assert {row["share_passed"] for row in rows} == {"0.333"}
    assert {row["students"] for row in rows} == {"3"}


def test_what_a_check_raised_names_its_line():
    code = compile("def f():\n    return {}['x']\n", "01/checks.py", "exec")
    space = {}
    exec(code, space)
    with pytest.raises(KeyError) as error:
        space["f"]()
    assert _trouble(error.value) == "KeyError: 'x' (checks.py, line 2)"


def test_a_checks_own_exception_is_kept_for_the_instructor():
    def broken(student):
        return student["nothing"]

    score = Check("one", "adds", "adds", broken).verdict({}, 0)
    assert isinstance(score.trouble, KeyError)
    assert score.message == "your result could not be checked (KeyError): is it of the right kind?"
    assert "nothing" not in str(Outcome.of(CHECKS[0], score, ""))
