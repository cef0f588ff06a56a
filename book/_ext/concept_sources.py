"""What the index of concepts is made of: functions that pages use, what these say of themselves, terms.

Nothing here knows of Sphinx, and nothing of the course is imported: its modules are read as text.
"""

from __future__ import annotations

import ast
import functools
import re
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

PACKAGE = "lmcourse"


class Definition(NamedTuple):
    """A public function or class of the package."""

    module: str  # where it is defined, such as lmcourse.ngram.smoothing
    name: str
    summary: str  # the first sentence of its docstring


# ---------- the code of pages ----------


def parsed(source: str) -> ast.Module:
    """A cell's Python without IPython's own lines; an empty module for what is no Python."""
    try:
        return ast.parse(re.sub(r"^(\s*)[%!].*$", r"\1pass", source, flags=re.M))
    except SyntaxError:
        return ast.Module([], [])


def uses(source: str) -> list[tuple[str, str]]:
    """Module and name of what a page's code takes from the package, in order.

    >>> uses("from lmcourse.evaluation import errors\\nerrors.mcnemar(1, 2)")
    [('lmcourse.evaluation', 'errors'), ('lmcourse.evaluation.errors', 'mcnemar')]
    """
    tree = parsed(source)
    found, called = [], {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == PACKAGE:
            found += [(node.module, alias.name) for alias in node.names]
            called |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in called:
            found.append((called[node.value.id], node.attr))
    return list(dict.fromkeys(found))


def called(source: str) -> list[str]:
    """The names that a cell uses, in order, without those that it only imports."""
    tree = parsed(source)
    found = [node for node in ast.walk(tree) if isinstance(node, (ast.Name, ast.Attribute))]
    found.sort(key=lambda node: (node.lineno, node.col_offset))
    return list(dict.fromkeys(n.id if isinstance(n, ast.Name) else n.attr for n in found))


def asked_for(source: str) -> list[str]:
    """The functions and classes that an exercise's cell leaves to the student, in order."""
    if "raise NotImplementedError" not in source:
        return []
    kinds = (ast.FunctionDef, ast.ClassDef)
    return [node.name for node in parsed(source).body if isinstance(node, kinds)]


# ---------- the package ----------


@functools.cache
def module(name: str, root: Path) -> tuple[dict[str, str], dict[str, tuple[str, str]]]:
    """Of a module below `root`: the summaries of what it defines, and where what it imports comes from."""
    path = root.joinpath(*name.split("."))
    path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    if not path.exists():
        return {}, {}
    defined, elsewhere = {}, {}
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            defined[node.name] = summary(ast.get_docstring(node) or "")
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            elsewhere |= {alias.asname or alias.name: (node.module, alias.name) for alias in node.names}
    return defined, elsewhere


def summary(docstring: str) -> str:
    """The first sentence of a docstring, or as much of it as stands on its first lines.

    >>> summary("Adds one, e.g. to 2.\\nIt adds no more.\\n\\nArgs: ...")
    'Adds one, e.g. to 2.'
    """
    paragraph = re.sub(r"\s+", " ", docstring.partition("\n\n")[0]).strip()
    return re.split(r"(?<=[.?!:])\s+(?=[A-Z\d])", paragraph)[0]


def find(name: str, attribute: str, root: Path) -> Definition | None:
    """What a page gets as `from NAME import ATTRIBUTE`; None for a module, a constant or what is private."""
    for _ in range(9):  # as often as it can be handed on
        defined, elsewhere = module(name, root)
        if attribute in defined and not attribute.startswith("_"):
            return Definition(name, attribute, defined[attribute])
        if attribute not in elsewhere:
            break
        name, attribute = elsewhere[attribute]
    return None


# ---------- terms in texts ----------


def words(text: str) -> list[str]:
    """The words of a text or of a name in code, in the singular, with neither case nor accents nor dashes.

    >>> words("Byte-level `BytePairEncoding`s: kneser_ney_probs")
    ['byte', 'level', 'byte', 'pair', 'encoding', 'kneser', 'ney', 'prob']
    """
    text = "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))
    text = re.sub(r"(?<=[a-z\d])(?=[A-Z])", " ", text.replace("\u2019", "'"))
    found = re.findall(r"[^\W_]+(?:'s\b)?", re.sub(r"`s\b", "", text).lower())
    return [singular(word) for word in found if word != "s"]


def singular(word: str) -> str:
    """A word without the ending of a plural, or of a genitive.

    >>> [singular(word) for word in ("entropies", "boxes", "masks", "loss", "zipf's", "analysis", "bias")]
    ['entropy', 'box', 'mask', 'loss', 'zipf', 'analysis', 'bias']
    """
    word = word.removesuffix("'s")
    for ending, instead in (("ies", "y"), ("xes", "x"), ("sses", "ss"), ("ches", "ch"), ("shes", "sh")):
        if len(word) > 4 and word.endswith(ending):
            return word.removesuffix(ending) + instead
    kept = len(word) < 4 or word.endswith(("ss", "is", "us", "as"))
    return word if kept else word.removesuffix("s")


class Finder:
    """Finds the terms of a glossary in texts, of overlapping ones the longest."""

    def __init__(self, terms: dict[str, Iterable[str]]) -> None:
        """`terms`: the names of each, by whatever is to be given for it."""
        self.forms = {tuple(words(name)): key for key, names in terms.items() for name in names}
        self.forms.pop((), None)
        self.longest = max(map(len, self.forms), default=0)

    def __call__(self, text: str) -> Iterator[str]:
        """The terms in a text, as often as they stand in it.

        >>> list(Finder({"b": ["byte"], "bpe": ["byte-level BPE"]})("Byte-level BPE of bytes"))
        ['bpe', 'b']
        """
        listed, place = words(text), 0
        while place < len(listed):
            for length in range(self.longest, 0, -1):
                form = tuple(listed[place : place + length])
                if form in self.forms:
                    yield self.forms[form]
                    place += length
                    break
            else:
                place += 1
