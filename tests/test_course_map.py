"""What pages say of chapters: the course map follows the table of contents, and no page promises one."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import nbformat
import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
TOC = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
EXTENSION = runpy.run_path(str(ROOT / "book/_ext/course_map.py"))
first_pages, chapter_lines = EXTENSION["first_pages"], EXTENSION["chapter_lines"]

MAP = re.compile(r"```\{course-map\}\n(.*?)\n```", re.DOTALL)
TITLES = [
    line.partition(":")[0]
    for line in MAP.search((ROOT / "book/index.md").read_text(encoding="utf-8"))[1].splitlines()
]
THERE = {int(caption.partition(".")[0]) for caption in first_pages(TOC)}
ASSIGNMENTS = {int(path.parent.name[:2]) for path in ROOT.glob("solutions/*/checks.py")}
LAST = f"notebooks/{max(THERE):02}_"  # pages of the last chapter have no later one

WORDS = ["one", "two", "three", "four", "five", "six", "seven", "eight"]
NUMBER = rf"(?:\d|{'|'.join(WORDS)})\b"
# "its chapter 6" is one of another book.
NAMED = re.compile(
    rf"(?<!its )\b(chapter|assignment)s? ({NUMBER}(?:(?:,| and| or| to|-|\u2013)+ ?{NUMBER})*)", re.I
)
PLANNED = re.compile(r"\[planned\]\(([^)]*)\)")
PAGES = [
    ROOT / "README.md",
    *sorted(ROOT.glob("book/*.md")),
    *sorted(ROOT.glob("notebooks/[0-9]*/*.ipynb")),
    *sorted(ROOT.glob("solutions/*/*.ipynb")),
]


def missing_chapters(
    text: str, there: set[int], titles: list[str], assignments: set[int] = ASSIGNMENTS
) -> list[str]:
    """Mentions of chapters, by number or by title, and of assignments, by number, that are not there.

    A chapter may have two assignments, so their numbers are not those of the chapters. `titles` are those of
    all chapters.
    """
    found = [
        mention[0]
        for mention in NAMED.finditer(text)
        for n in re.findall(NUMBER, mention[2], re.I)
        if (int(n) if n.isdigit() else WORDS.index(n.lower()) + 1)
        not in (there if mention[1].lower() == "chapter" else assignments)
    ]
    absent = "|".join(re.escape(t) for n, t in enumerate(titles, 1) if n not in there)
    named = rf"(?:\bchapters? (?:on|about|called) \W*|\b\d\.? )(?:{absent})\b" if absent else r"(?!)"
    return found + [mention[0] for mention in re.finditer(named, text, re.I)]


def prose(path: Path) -> str:
    """All that a page says, code and all, without the course map."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".ipynb":
        text = "\n\n".join(cell.source for cell in nbformat.reads(text, as_version=4).cells)
    return re.sub(r"\s+", " ", MAP.sub("", text))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("chapter 1 and chapter 2", []),
        ("as chapter 4 shows", ["chapter 4"]),
        ("chapters 1, 2 and 5", ["chapters 1, 2 and 5"]),
        ("Chapters 2 to 4", ["Chapters 2 to 4"]),
        ("until chapter five", ["chapter five"]),
        ("Assignment 3 waits", []),
        ("Assignment 4 waits", ["Assignment 4"]),
        ("the textbook; its chapter 6", []),
        ("the chapter on Scale", ["chapter on Scale"]),
        ("3 Scale, and scale", ["3 Scale"]),
    ],
)
def test_a_mention_of_what_is_not_there_is_found(text, found):
    assert missing_chapters(text, {1, 2}, ["Words", "Counts", "Scale"], {1, 2, 3}) == found


@pytest.mark.parametrize("path", PAGES, ids=lambda p: p.stem)
def test_a_page_names_only_chapters_that_are_there(path):
    text = prose(path)
    assert missing_chapters(text, THERE, TITLES) == []
    if path.relative_to(ROOT).as_posix().startswith(LAST):
        assert not re.search(r"\b(later|next|coming|following) chapters?\b", text, re.I)
    for target in PLANNED.findall(text):
        number = re.search(r"book/index\.md#planned-(\d)$", target)
        assert number, f"[planned]({target}) should lead to book/index.md#planned-NUMBER"
        assert int(number[1]) not in THERE, f"chapter {number[1]} is there: say so instead of [planned]"


TOY = {
    "parts": [
        {"caption": "Start", "chapters": [{"file": "a"}]},
        {"caption": "1. Words", "chapters": [{"file": "w/b"}]},
    ]
}


def test_the_map_links_to_what_is_there_and_marks_what_is_not():
    lines, planned = chapter_lines(["Words: Their count.", "", "Scale: How large?"], TOY)
    assert lines == ["1. [Words](/w/b). Their count.", "2. Scale *(planned)*. How large?"]
    assert planned == [2]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (["Words"], "'Words' should read"),
        (["Scale: How large?"], "lacks '1. Words'"),  # another title
        (["Scale: How large?", "Words: Their count."], "lacks '1. Words'"),  # another place
    ],
)
def test_a_map_that_does_not_fit_the_contents_is_refused(content, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        chapter_lines(content, TOY)
