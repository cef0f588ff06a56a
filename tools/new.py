"""Lay out something new, complete and green, to be changed into what it is to be: all of it, or nothing.

    python tools/new.py section 03_ngrams/my_section   a page of a chapter, executed
    python tools/new.py assignment 03b-caching         one exercise told as a table, and its release
    python tools/new.py widget coin                    .py, .js and .css, and tests in Python and in a browser
    python tools/new.py experiment long_runs           a command, its result, a test

The templates are in `templates/`: folders that mirror the repository, with `new_name` and the like in place
of the name, in paths and in texts. Notebooks are MyST Markdown there, as `notebooks.py export` writes them.
"""

from __future__ import annotations

import keyword
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import nbformat

import notebooks
from lmcourse.grading import release

ROOT = Path(__file__).resolve().parent.parent
TEMPLATES = ROOT / "tools" / "templates"
TOC = ROOT / "_toc.yml"
DESCRIPTIONS = ROOT / "_descriptions.yml"
TO_DESCRIBE = "{} asks a question and answers it; say here which, in one sentence."
WIDGETS = ROOT / "lmcourse" / "widgets"
WORD = r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*"


class Kind(NamedTuple):
    """Something to be laid out.

    Args:
        name: what its name must look like.
        example: of a name.
        left: what is left to the author.
        tests: the narrow ones that concern it, as arguments of Python, with {name} and {stem}.
    """

    name: str
    example: str
    left: str
    tests: tuple[str, ...]


KINDS = {
    "section": Kind(
        rf"(?P<folder>(?P<chapter>\d\d)_{WORD})/(?P<stem>{WORD})",
        "03_ngrams/my_section",
        "Write your page over this one; `tools/notebooks.py run PATH` renews its kept outputs. New terms go "
        "into book/glossary.md, sources into book/references.bib, and the sentence that search engines show "
        "of the page into _descriptions.yml.",
        (
            "-m pytest tests/test_house.py tests/test_course_map.py "
            "tests/test_book.py::test_no_page_is_left_out_of_the_contents",
            "tools/pages.py notebooks/{name}.ipynb",
        ),
    ),
    "assignment": Kind(
        rf"(?P<chapter>\d\d)(?P<letter>[a-z]?)-(?P<stem>{WORD.replace('_', '-')})",
        "03b-caching",
        "Write five to eight exercises in the notebook and in checks.py, then `make release`. What is "
        "particular to the assignment is tested in a file of tests/assignments/. The sentence that search "
        "engines show of it goes into _descriptions.yml.",
        (
            "-m pytest tests/assignments tests/grading/test_release.py tests/grading/test_solutions.py "
            "-k {name}",
        ),
    ),
    "widget": Kind(
        rf"(?P<stem>{WORD})",
        "coin",
        "Put your idea in place of the coin, in Python and in JavaScript, and its numbers into the tests; "
        "a page imports the widget from lmcourse.widgets.",
        (
            "-m pytest tests/widgets/test_base.py tests/widgets/test_{stem}.py "
            "tests/browser/test_{stem}_widget.py",
        ),
    ),
    "experiment": Kind(
        rf"(?P<stem>{WORD})",
        "long_runs",
        "Write your settings and what is measured; run the command anew.",
        ("-m pytest tests/experiments -k {stem}",),
    ),
}


class Refused(Exception):
    """What was asked for cannot be laid out; the message says why, and how to mend it."""


def meaning(kind: str, name: str) -> dict[str, str]:
    """What stands in a template -> what is meant. Raises Refused if the name is not as it must be."""
    parts = re.fullmatch(KINDS[kind].name, name)
    if not parts:
        raise Refused(f"NAME={name!r} will not do; give one like NAME={KINDS[kind].example}")
    stem = parts["stem"].replace("-", "_")
    if keyword.iskeyword(stem):
        raise Refused(f"{stem!r} is a word of Python; choose another name")
    meant = {
        "new_name": stem,
        "new-name": stem.replace("_", "-"),
        "NewName": stem.title().replace("_", ""),
        "New name": stem.capitalize().replace("_", " "),
        "new name": stem.replace("_", " "),
    }
    if kind == "section":
        meant["00_new_chapter"] = parts["folder"]
    if kind == "assignment":
        number = f"{int(parts['chapter'])}{parts['letter']}"
        meant |= {"00-new-name": name, "Assignment 0": f"Assignment {number}"}
        meant["assignment 0"] = f"assignment {number}"
    return meant


def filled(text: str, meant: dict[str, str]) -> str:
    """A text of a template, or a path, with what is meant in place of what stands there."""
    return re.sub("|".join(sorted(meant, key=len, reverse=True)), lambda found: meant[found[0]], text)


def new_files(kind: str, meant: dict[str, str]) -> dict[Path, str]:
    """The files of a template, filled in. Raises Refused if one is there, or a test module of its name."""
    folder, files = TEMPLATES / kind, {}
    for template in sorted(path for path in folder.rglob("*.*") if "__pycache__" not in path.parts):
        path = ROOT / filled(template.relative_to(folder).as_posix(), meant)
        text = filled(template.read_text(encoding="utf-8"), meant)
        if path.suffix == ".md":
            path = path.with_suffix(".ipynb")
            text = nbformat.writes(notebooks.from_text(text), indent=1) + "\n"
        taken = [path] if path.exists() else [*ROOT.glob(f"tests/**/{path.name}")]
        if taken:
            raise Refused(f"{taken[0].relative_to(ROOT)} is there already; choose another name")
        files[path] = text
    return files


# ---------- what is changed besides ----------


def chapter(number: int) -> str:
    """The caption of a chapter, from the course map: `4. Neural models`. Raises Refused if that lacks it."""
    index = (ROOT / "book/index.md").read_text(encoding="utf-8")
    titles = re.search(r"```\{course-map\}\n(.*?)\n```", index, re.DOTALL)[1].splitlines()
    if not 1 <= number <= len(titles):
        raise Refused(f"there is no chapter {number}: the course map in book/index.md has {len(titles)}")
    return f"{number}. {titles[number - 1].partition(': ')[0]}"


def chapter_to_practise(number: int, toc: str) -> str:
    """The caption of the chapter in which an assignment stands: where its number is already, or the last one.

    Assignments are counted by themselves: a chapter may have several. Raises Refused if one were left out.
    """
    there = [
        (caption, int(known))
        for caption, pages in re.findall(r"(?ms)^  - caption: (\d+\. .*?)$(.*?)(?=^  - caption: |\Z)", toc)
        for known in re.findall(r"notebooks/assignments/(\d\d)", pages) or ["00"]
    ]
    last = max(known for _, known in there)
    if not 1 <= number <= last + 1:
        raise Refused(f"there is no assignment {number - 1} yet; the next one is {last + 1:02}-…")
    return next((caption for caption, known in there if known == number), there[-1][0])


def with_page(toc: str, caption: str, entry: str) -> str:
    """The table of contents with one more page in a chapter, which begins with it if it is not there yet.

    An assignment comes last; a section comes before the chapter's summary and its assignments.
    """
    parts = re.split(r"(?m)^(?=  - caption: )", toc)
    head = f"  - caption: {caption}\n"
    place = next((i for i, part in enumerate(parts) if part.startswith(head)), None)
    if place is None:
        earlier = [i for i, part in enumerate(parts) if _number(part) < _number(head)]
        place = earlier[-1] + 1
        parts.insert(place, f"{head}    chapters:\n")
    pages = re.split(r"(?m)^(?=      - file: )", parts[place])
    ends = [i for i, page in enumerate(pages) if re.search(r"/summary\n|notebooks/assignments/", page)]
    before = ends[0] if ends and "notebooks/assignments/" not in entry else len(pages)
    parts[place] = "".join([*pages[:before], entry, *pages[before:]])
    return "".join(parts)


def _number(part: str) -> float:
    """The number of a chapter, by its part of the table of contents; 0 before all chapters, else infinity."""
    found = re.match(r"  - caption: (?:(\d+)\. |Start here)", part)
    return int(found[1] or 0) if found else 0 if part.startswith("#") else float("inf")


def edited(kind: str, name: str, meant: dict[str, str]) -> dict[Path, str]:
    """The files that are changed. Raises Refused if a new one has no place there."""
    toc, page = TOC.read_text(encoding="utf-8"), f"      - file: notebooks/{name}\n"
    described = DESCRIPTIONS.read_text(encoding="utf-8")
    if kind == "section":
        caption, folder = chapter(int(name[:2])), meant["00_new_chapter"]
        for other in ROOT.glob(f"notebooks/{name[:2]}_*/"):
            if other.name != folder:
                raise Refused(f"chapter {caption} is in notebooks/{other.name}, not in notebooks/{folder}")
        described += f"notebooks/{name}: {TO_DESCRIBE.format(meant['New name'])}\n"
        return {TOC: with_page(toc, caption, page), DESCRIPTIONS: described}
    if kind == "assignment":
        caption = chapter_to_practise(int(name[:2]), toc)
        page = f"      - file: notebooks/assignments/{name}/{meant['new-name']}\n"
        toc = with_page(toc, caption, f'{page}        title: "{meant["Assignment 0"]}"\n')
        described += f"notebooks/assignments/{name}/{meant['new-name']}: "
        described += f"{TO_DESCRIBE.format(meant['Assignment 0'])}\n"
        return {TOC: toc, DESCRIPTIONS: described}
    if kind == "widget":
        return {WIDGETS / "__init__.py": with_widget(meant["new_name"], meant["NewName"])}
    return {}


def with_widget(module: str, name: str) -> str:
    """The widgets' `__init__.py` with one more. Raises Refused if its name or its style's class is taken."""
    source = (WIDGETS / "__init__.py").read_text(encoding="utf-8")
    if f'"{name}"' in source:
        raise Refused(f"there is a widget {name} already; choose another name")
    for sheet in sorted(WIDGETS.glob("*.css")):
        if re.search(rf"\.lmc-{module}\b(?!-)", sheet.read_text(encoding="utf-8")):
            raise Refused(f"{sheet.name} has a class lmc-{module}; choose another name")
    line = f"from lmcourse.widgets.{module} import {name}\n"
    return source.replace("\n__all__ = [\n", f'{line}\n__all__ = [\n    "{name}",\n')  # ruff sorts both


# ---------- laying out ----------


@contextmanager
def all_or_nothing(paths: Iterable[Path]) -> Iterator[None]:
    """Whatever goes wrong inside, the files are then as they were before."""
    before = {path: path.read_bytes() if path.exists() else None for path in paths}
    try:
        yield
    except BaseException:
        for path, data in before.items():
            if data is not None:
                path.write_bytes(data)
                continue
            path.unlink(missing_ok=True)
            with suppress(OSError):  # until a folder has other files, too
                for folder in path.parents:
                    folder.rmdir()
        raise


def made(kind: str, name: str, meant: dict[str, str]) -> list[Path]:
    """The files that are made from the new ones."""
    if kind == "assignment":
        folder = ROOT / "notebooks" / "assignments" / name
        return [folder / f"{meant['new-name']}.ipynb", folder / "public_checks.py"]
    results = ROOT / "lmcourse" / "experiments" / "results"
    stem = meant["new_name"]
    return [results / f"{stem}.json", results / f".{stem}.jsonl"] if kind == "experiment" else []


def run(*command: str | Path) -> None:
    """Run a command at the repository's top. Raises CalledProcessError if it fails."""
    subprocess.run(command, cwd=ROOT, check=True)


def tidy(paths: list[Path]) -> None:
    """Format files, since names differ in length."""
    python = [path for path in paths if path.suffix in (".py", ".ipynb")]
    run(sys.executable, "-m", "ruff", "check", "-q", "--fix", *python)
    run(sys.executable, "-m", "ruff", "format", "-q", *python)
    if front := [path for path in paths if path.suffix in (".js", ".css")]:
        run(Path(sys.executable).with_name("deno"), "fmt", "--quiet", *front)


def lay_out(kind: str, name: str) -> list[Path]:
    """Write, change, format and run all that belongs to something new; returns the new files."""
    meant = meaning(kind, name)
    files, changes, results = new_files(kind, meant), edited(kind, name, meant), made(kind, name, meant)
    with all_or_nothing([*files, *changes, *results]):
        for path, text in {**files, **changes}.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        tidy([*files, *(path for path in changes if path not in (TOC, DESCRIPTIONS))])
        if kind == "section":
            notebooks.main(["run", *map(str, files)])
        if kind == "assignment" and release.main([name]):
            raise Refused("nbgrader could not make the students' version")
        if kind == "experiment":
            run(sys.executable, "-m", f"lmcourse.experiments.{name}")
    return [*files, *(path for path in results if path.exists())]


def main(arguments: list[str]) -> int:
    """Lay something out and say what is left to do; returns the exit status."""
    if len(arguments) != 2 or arguments[0] not in KINDS:
        print(__doc__)
        return 2
    kind, name = arguments
    try:
        files = lay_out(kind, name)
    except (Refused, subprocess.CalledProcessError) as error:
        print(f"new-{kind}: {error}; nothing was laid out", file=sys.stderr)
        return 1
    print(*(path.relative_to(ROOT) for path in files), "", KINDS[kind].left, "", sep="\n")
    print("Its form: make lint. The tests that concern it:")
    for arguments in KINDS[kind].tests:
        said = arguments.format(name=name, stem=meaning(kind, name)["new_name"])
        print(f"  .venv/bin/python {said}")
    if kind == "section":
        planned = f"book/index.md#planned-{int(name[:2])})"
        for page in [*ROOT.glob("book/*.md"), *ROOT.glob("notebooks/[0-9]*/*.ipynb")]:
            if planned in page.read_text(encoding="utf-8"):
                print(f"{page.relative_to(ROOT)} calls this chapter planned; link to it instead.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
