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
MAP, chapters, chapter_cards, start_lines = (
    EXTENSION[name] for name in ("MAP", "chapters", "chapter_cards", "start_lines")
)
INDEX = (ROOT / "book/index.md").read_text(encoding="utf-8")
TITLES = [line.partition(":")[0] for line in MAP.search(INDEX)[1].splitlines()]
THERE = {int(caption.partition(".")[0]) for caption in chapters(TOC, ROOT)}
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
        {
            "caption": "1. Words",
            "chapters": [
                {"file": "w/b"},
                {"file": "w/c", "title": "Odd words (optional)"},
                {"file": "t/d", "title": "Assignment 1"},
            ],
        },
    ]
}


@pytest.fixture
def toy(tmp_path):
    """The chapters of a small course."""
    cells = [
        nbformat.v4.new_markdown_cell(
            "# A page\n\n" + "word " * 1038 + "\n\n```\nnot read\n```"
        ),  # 8 minutes
        nbformat.v4.new_code_cell("1 + 1"),
        nbformat.v4.new_code_cell("import sys", metadata={"tags": ["remove-cell"]}),
    ]
    tasks = "# Tasks (20 minutes long)\n\n## 1. One (15 minutes, 2 points)\n\n### 2. Two (70 minutes)\n"
    for file, notebook in (("w/b", cells), ("w/c", cells), ("t/d", [nbformat.v4.new_markdown_cell(tasks)])):
        (tmp_path / file).parent.mkdir(exist_ok=True)
        nbformat.write(nbformat.v4.new_notebook(cells=notebook), tmp_path / f"{file}.ipynb")
    return chapters(TOY, tmp_path)


def test_minutes_are_those_of_words_and_cells_or_what_exercises_state(toy):
    chapter = toy["1. Words"]
    # 1,040 words at 130 a minute and one cell that is shown, a minute; 20 + 15 + 70 minutes are stated.
    assert chapter.reading == pytest.approx(1040 / 130 + 1)
    assert chapter.practice == 105
    assert (chapter.first, chapter.pages, chapter.optional) == ("w/b", 1, 1)
    assert chapter.assignments == {"Assignment 1": "t/d"}


def test_the_map_has_a_card_for_each_chapter_and_marks_what_is_not_there(toy):
    content = ["Words: Which? Their count.", "Scale: How large? Larger."]
    lines, planned = chapter_cards(content, toy, pictures={1, 2})
    first, second = "\n".join(lines).split(":::{grid-item-card}")[1:]
    for said in (
        " 1. [Words](/w/b)\n",
        "{glue} chapter-1",
        "**Which?** Their count.",
        "Begin with [](/w/b)",
        "1 page and 1 optional, about 1 hour",
        "[Assignment 1](/t/d), about 2 hours",
    ):
        assert said in first
    assert " 2. Scale *(planned)*\n" in second
    assert "**How large?** Larger." in second
    assert not re.search(r"\]\(|hour|[Bb]egin", second)
    assert planned == [2]
    assert "glue" not in "\n".join(chapter_cards(content, toy, pictures=set())[0])


def test_the_start_says_what_is_there_and_leads_to_it(toy):
    text = "\n".join(start_lines(toy, 2))
    assert "{button-ref} /w/b\n" in text
    assert (
        "1 of [2 chapters](#the-course-map) are ready: 1 page, about 1 hour of reading, "
        "and 1 assignment, about 2 hours of practice." in text
    )


@pytest.mark.parametrize(("there", "planned_too"), [({}, 2), (None, 0)])
def test_a_start_without_chapters_is_refused(toy, there, planned_too):
    with pytest.raises(ValueError, match="numbered chapters, the course map on this page"):
        start_lines(toy if there is None else there, planned_too)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (["Words"], "'Words' should read"),
        (["Words: Their count."], "should read"),  # no question
        (["Scale: How large? Larger."], "lacks '1. Words'"),  # another title
        (["Scale: How large? Larger.", "Words: Which? Their count."], "lacks '1. Words'"),  # another place
    ],
)
def test_a_map_that_does_not_fit_the_contents_is_refused(toy, content, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        chapter_cards(content, toy, set())


def test_the_front_page_types_no_status_by_hand():
    """What is there, and how long it takes, is said by the two directives alone."""
    text = re.sub(r"```\{course-\w+\}.*?```|```\{code-cell\}.*?```", "", INDEX, flags=re.DOTALL)
    assert "```{course-start}" in INDEX
    assert not re.search(
        r"\b(hours?|pages to read|chapters? (is|are) ready|planned|not written)\b", text, re.I
    )
