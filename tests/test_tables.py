"""The sourced tables: complete, in order, and every source in the bibliography."""

from __future__ import annotations

import re

import pytest

from lmcourse.files import course_file
from lmcourse.tables import AGES, HISTORY, history

HEADER = "year,name,age,architecture,parameters,training_tokens,source\n"


def read(tmp_path, line):
    path = tmp_path / "history.csv"
    path.write_text(HEADER + line, encoding="utf-8")
    return history(path)


def test_history_is_complete_and_its_names_are_distinct():
    rows = history()
    assert len(rows) == len(HISTORY.read_text(encoding="utf-8").strip().split("\n")) - 1
    assert len({row.name for row in rows}) == len(rows)
    assert {row.age for row in rows} == set(AGES)
    assert [row.year for row in rows] == sorted(row.year for row in rows)


def test_every_source_is_in_the_bibliography():
    keys = set(
        re.findall(r"^@\w+\{(\w+),", course_file("book/references.bib").read_text(encoding="utf-8"), re.M)
    )
    assert {row.source for row in history()} <= keys


def test_published_figures():
    by_name = {row.name: row for row in history()}
    assert by_name["GPT-3"].parameters == 175e9  # Brown et al. (2020), table 2.1
    assert by_name["GPT-3"].training_tokens == 300e9
    assert by_name["Chinchilla"].training_tokens / by_name["Chinchilla"].parameters == 20  # 1.4T / 70B
    assert by_name["Big LSTM"].parameters == 1.8e9  # Jozefowicz et al. (2016), table 1; 1.04e9 has CNN inputs
    assert by_name["DeepSeek-V3"].parameters == 671e9  # in all; 37e9 work on any one token
    assert by_name["GPT-4"].parameters is None  # its report declines to say
    assert by_name["GPT-4"].training_tokens is None


def test_empty_figures_are_none_and_others_numbers(tmp_path):
    (row,) = read(tmp_path, "2020,A,large,RNN,,3e9,key\n")
    assert (row.parameters, row.training_tokens) == (None, 3e9)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("2020,A,modern,RNN,,,key\n", "'modern' is none of statistical"),
        ("2020,A,large,RNN,many,,key\n", "line 2 .*'many' is no positive number"),
        ("2020,A,large,RNN,-5,,key\n", "'-5' is no positive number"),
        ("2020,A,large,RNN,inf,,key\n", "'inf' is no positive number"),
        ("2020,A,large,RNN,,\n", "expected 7 fields"),
        ("2020,A,large,RNN,,,key,more\n", "expected 7 fields"),
        ("2020,A,large,RNN,,,\n", "source not empty"),
        ("2020,A,large,RNN,,,key\n2019,B,large,RNN,,,key\n", "line 3 .B.: year 2019 follows 2020"),
    ],
)
def test_a_bad_line_is_named(tmp_path, line, message):
    with pytest.raises(ValueError, match=message):
        read(tmp_path, line)


def test_wrong_columns_are_named(tmp_path):
    path = tmp_path / "history.csv"
    path.write_text("year,name\n2020,A\n", encoding="utf-8")
    with pytest.raises(ValueError, match="needs the columns year, name, age"):
        history(path)


@pytest.mark.parametrize(
    ("name", "said"), [("ELMo", "not of the paper"), ("GPT-1", "The report gives no count of parameters")]
)
def test_a_count_that_its_source_does_not_state_has_a_note(name, said):
    """Where the figure is from another place than the row's source, the bibliography says from which."""
    (row,) = [row for row in history() if row.name == name]
    entry = re.search(
        rf"^@\w+\{{{row.source},.*?^\}}",
        course_file("book/references.bib").read_text(encoding="utf-8"),
        re.M | re.S,
    )[0]
    assert said in re.search(r"^  note\s*= \{(.*)\},$", entry, re.M)[1]
