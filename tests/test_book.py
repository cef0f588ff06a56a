"""The book's frame: its settings, and that a build goes red when it must."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from urllib.parse import urlsplit

import nbformat
import pytest
import tomllib
import yaml
from packaging.requirements import Requirement
from pybtex.database import parse_file

ROOT = Path(__file__).resolve().parents[1]
TOC = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
# Explains the one term and cites the one work of the book built below; else that is a fault.
KNOWN = "> **Tokens** are the pieces of a text ([A 2000](../book/index.md#known))."
URL = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))["repository"]["url"]


def toc_files(entry: object) -> list[str]:
    """Every page named below a part of the table of contents."""
    if isinstance(entry, list):
        return [name for item in entry for name in toc_files(item)]
    if isinstance(entry, dict):
        named = [entry[key] for key in ("root", "file") if key in entry]
        return named + [name for value in entry.values() for name in toc_files(value)]
    return []


def test_the_bibliography_is_whole():
    # The build would find it out as well, a quarter of an hour later.
    file = ROOT / "book/references.bib"
    written = re.findall(r"^@\w+\{(\w+),", file.read_text(encoding="utf-8"), re.M)
    assert sorted(parse_file(file).entries) == sorted(written)


@pytest.mark.parametrize("name", toc_files(TOC))
def test_each_page_of_the_contents_exists_once(name):
    assert len(list(ROOT.glob(f"{name}.*"))) == 1
    assert toc_files(TOC).count(name) == 1


def test_no_page_is_left_out_of_the_contents():
    pages = [
        *ROOT.glob("book/*.md"),
        *ROOT.glob("notebooks/[0-9]*/*.ipynb"),
        *ROOT.glob("notebooks/assignments/*/*.ipynb"),
    ]
    assert {p.relative_to(ROOT).with_suffix("").as_posix() for p in pages} == set(toc_files(TOC))


def test_each_page_has_a_description_of_its_own():
    """The line that a search engine shows; `_descriptions.yml` says what it must be."""
    said = yaml.safe_load((ROOT / "_descriptions.yml").read_text(encoding="utf-8"))
    assert set(toc_files(TOC)) - set(said) == set(), "describe them in _descriptions.yml"
    assert set(said) - set(toc_files(TOC)) == set(), "no such pages"
    assert {page: len(text) for page, text in said.items() if not 50 <= len(text) <= 155} == {}
    assert [
        text for text in said.values() if not text.endswith(".") or list(said.values()).count(text) > 1
    ] == []


def test_the_repository_address_has_one_source():
    """Besides the setting itself, only the README and the generated setup cells may hold it."""
    allowed = {
        ROOT / "_config.yml",
        ROOT / "README.md",
        *ROOT.glob("notebooks/**/*.ipynb"),
        *ROOT.glob("solutions/**/*.ipynb"),
    }
    folders = ["book", "lmcourse", "solutions", "tests", "tools", ".github", ".ci"]
    files = [
        p for folder in folders for p in (ROOT / folder).rglob("*") if p.is_file() and p.suffix != ".pyc"
    ]
    files += [p for p in ROOT.iterdir() if p.is_file()]
    assert [p for p in files if p not in allowed and URL.encode() in p.read_bytes()] == []


@pytest.mark.parametrize("path", sorted(ROOT.glob("notebooks/[0-9]*/*.ipynb")), ids=lambda p: p.stem)
def test_the_address_stands_in_the_setup_cell_only(path):
    cells = nbformat.read(path, as_version=4).cells
    assert [c.metadata.get("tags") for c in cells if URL in c.source] == [["remove-cell", "setup"]]


def test_requirements_pin_what_pyproject_asks_for():
    """Each dependency is pinned, inside its range, at the version that is installed here."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = [
        *project["dependencies"],
        *(d for extra in project["optional-dependencies"].values() for d in extra),
    ]
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    pins = {
        name.lower().replace("_", "-"): pin
        for name, _, pin in (line.partition("==") for line in lines)
        if pin
    }
    for requirement in map(Requirement, asked):
        pin = pins[requirement.name.lower().replace("_", "-")]
        assert pin in requirement.specifier, f"{requirement} is pinned to {pin}; run `make lock`"
        assert version(requirement.name).split("+")[0] == pin, (
            f"{requirement.name}: run `make book` to update .venv"
        )


def build(
    folder: Path, *, known: str = KNOWN, page: str = "", code: str = "1 + 1", offline: bool = False
) -> subprocess.CompletedProcess:
    """Build a book of two pages with the course's own settings, extension and command line."""
    for name in ("_config.yml", "book/_ext", "book/_static"):
        source, target = ROOT / name, folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(source, target) if source.is_dir() else shutil.copy(source, target)
    (folder / "_toc.yml").write_text(
        "format: jb-book\nroot: book/index\n"
        "parts:\n- caption: 1. Page\n  chapters:\n  - file: notebooks/page\n",
        encoding="utf-8",
    )
    (folder / "book/references.bib").write_text(
        "@misc{known, author={A}, title={B}, year={2000}}", encoding="utf-8"
    )
    (folder / "book/index.md").write_text(
        "# Front\n\n```{bibliography}\n:all:\n:list: bullet\n```\n\n```{glossary}\ntoken\n  A word.\n```\n\n"
        "```{course-start}\n```\n\n## The course map\n\n"
        "```{course-map}\nPage: What? The first.\nMore: How? To come.\n```\n",
        encoding="utf-8",
    )
    (folder / "_descriptions.yml").write_text(
        "book/index: A front & all.\nnotebooks/page: A page & all.", encoding="utf-8"
    )
    kernel = {
        "kernelspec": {"name": "python3", "display_name": "Python 3"},
        "language_info": {"name": "python"},
    }
    cells = [nbformat.v4.new_markdown_cell(f"# Page\n\n{known}\n\n{page}"), nbformat.v4.new_code_cell(code)]
    (folder / "notebooks").mkdir()
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), folder / "notebooks/page.ipynb")
    arguments = re.search(r"/jupyter-book (build .*)", (ROOT / "Makefile").read_text(encoding="utf-8"))[
        1
    ].split()
    command = [str(Path(sys.executable).with_name("jupyter-book")), *arguments]
    if offline:
        command = ["unshare", "-rn", "sh", "-c", 'ip link set lo up && exec "$@"', "sh", *command]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300)


def cuts_the_network() -> bool:
    """Whether a process without a network can be made here: Linux, with user namespaces allowed."""
    return bool(shutil.which("unshare") and shutil.which("ip")) and not subprocess.call(
        ["unshare", "-rn", "ip", "link", "set", "lo", "up"], stderr=subprocess.DEVNULL
    )


def test_a_good_book_is_built_with_the_network_cut(tmp_path):
    done = build(
        tmp_path,
        page="It is a **word** here.\n\n> **Word.** It is defined here.\n\nAnd a **word** once more.\n\n"
        "[A work](../book/index.md#known), a [token](../book/index.md#term-token), $x$;"
        " the rest is [planned](../book/index.md#planned-2).",
        offline=cuts_the_network(),
    )
    assert done.returncode == 0, done.stdout + done.stderr
    html = (tmp_path / "_build/html/notebooks/page.html").read_text(encoding="utf-8")
    assert 'href="../book/index.html#known"' in html
    assert 'href="../book/index.html#planned-2"' in html
    assert html.count('id="explained-word"') == 1  # where it is defined, wherever else it is in bold
    assert '<strong id="explained-word">Word.</strong> It is' in html
    assert "formulas.css" in html
    assert re.search(r"<mjx-container.*?<math.*?<mi>x</mi>", html)
    assert "mjx-c1D465.TEX-I::before" in (tmp_path / "_build/html/_static/formulas.css").read_text(
        encoding="utf-8"
    )
    assert '<blockquote class="definition">' in html
    assert 'href="../book/index.html#term-token"><strong id="explained-tokens">Tokens</strong></a>' in html
    front = (tmp_path / "_build/html/book/index.html").read_text(encoding="utf-8")
    assert (
        'Explained in <a class="reference internal" href="../notebooks/page.html#explained-tokens">' in front
    )
    assert 'Cited in <a class="reference internal" href="../notebooks/page.html">Page</a>' in front
    assert "formulas.css" not in front
    there, to_come = front.split('id="planned-2"')
    assert re.search(r'1\. <a class="reference internal" href="../notebooks/page.html">', there)
    assert re.search(r'Begin with <a class="reference internal" href="../notebooks/page.html">.*Page', there)
    assert "2. More <em>(planned)</em>" in to_come
    assert re.search(r'<a class="[^"]*sd-btn[^"]*course-start[^"]*" href="../notebooks/page.html">', front)
    assert '<meta name="description" content="A page &amp; all." />' in html
    assert '<meta property="og:description" content="A page &amp; all." />' in html
    root = (tmp_path / "_build/html/index.html").read_text(encoding="utf-8")
    assert '<html lang="en">' in root
    assert "<title>Language Models, Measured</title>" in root
    assert root.count('content="A front &amp; all."') == 2  # to search engines and to sites
    assert '<a href="book/index.html">Language Models, Measured</a>' in root
    base = f"https://{URL.split('/')[-2]}.github.io/{URL.split('/')[-1]}/"
    assert f'<link rel="canonical" href="{base}book/index.html" />' in root
    places = re.findall(
        "<loc>(.*?)</loc>", (tmp_path / "_build/html/sitemap.xml").read_text(encoding="utf-8")
    )
    assert places == [f"{base}book/index.html", f"{base}notebooks/page.html"]
    lost = (tmp_path / "_build/html/404.html").read_text(encoding="utf-8")
    assert f'<base href="{urlsplit(base).path}" />' in lost
    assert '<a href="book/index.html">Language Models, Measured</a>' in lost


def test_each_fault_turns_the_build_red(tmp_path):
    """All at once: each is told as a warning, and of warnings the first is enough (`-W`)."""
    faults = {
        "[A work](../book/index.md#unknown)": "unknown",
        "[A page](../book/nowhere.md)": "nowhere",
        r"$\unheard{x}$": r"a formula is wrong: Undefined control sequence \unheard",
        "[Planned](../book/index.md#planned-1)": "planned-1",  # and there
    }
    done = build(tmp_path, known="Neither the term nor the work.", page="\n\n".join(faults), code="1 / 0")
    assert done.returncode != 0
    warnings = [line for line in done.stderr.splitlines() if "WARNING" in line]
    for said in [*faults.values(), "no page explains (in bold) term-token", "no page cites known"]:
        assert any(said in line for line in warnings), f"{said!r} is not among\n" + "\n".join(warnings)
    assert any("Executing notebook failed: CellExecutionError" in line for line in warnings)
    assert "ZeroDivisionError" in done.stderr
