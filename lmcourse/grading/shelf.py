"""What students' code may use of the course's package: a declared part of it, cut out of the rest.

An assignment declares in its `checks.py` what its exercises may import,

    IMPORTS = ("lmcourse.world.five_words", "lmcourse.world.World.next_probs")

and an exercise that is a table what it may besides, once the exercises before it are checked (`imports=…`).
A name is a module, which is then there whole; a function or class; or one method of a class. Where names are
declared, what they need comes along, and of a class only the methods that are declared or called. So the
source of the mouse world does not bring the solution of "KL divergence" into the sandbox.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from lmcourse.grading.loan import PACKAGE, RUNTIME
from lmcourse.grading.public import names_defined, names_used

HERE = Path(__file__).resolve().parents[1]


@cache
def sources(names: tuple[str, ...]) -> dict[str, str]:
    """Module -> source of what these names need; packages on the way to a module are there, and empty.

    Raises ValueError for a name that the package does not have.
    """
    cut = _Cut()
    for name in names:
        cut.declare(name)
    return cut.sources()


def split(name: str) -> tuple[str, list[str]]:
    """The module of a dotted name, and what of it is meant. ValueError if there is no such module."""
    parts = name.split(".")
    for n in range(len(parts), 0, -1):
        if parts[0] == PACKAGE and _file(".".join(parts[:n])):
            return ".".join(parts[:n]), parts[n:]
    raise ValueError(f"{name!r} is not in the package; declare modules, or names in them")


def _file(module: str) -> Path | None:
    """The file of a module of the package."""
    path = HERE.joinpath(*module.split(".")[1:])
    return next((p for p in (path / "__init__.py", path.with_suffix(".py")) if p.is_file()), None)


@cache
def _tree(module: str) -> ast.Module:
    return ast.parse(_file(module).read_text(encoding="utf-8"))


class _Cut:
    """A part of the package that grows until nothing is missing in it."""

    def __init__(self) -> None:
        self._whole: set[str] = set()  # modules
        self._names: set[tuple[str, str]] = set()  # (module, name of a definition)
        self._methods: set[str] = set()  # names that are declared, or follow a dot somewhere

    def declare(self, name: str) -> None:
        """Add what a declared name means, and all that it needs."""
        module, rest = split(name)
        if not rest:
            self._whole.add(module)
        elif not (self._nodes(module, rest[0]) and len(rest) <= 2):
            raise ValueError(f"{name!r}: {module} has no {'.'.join(rest)}")
        else:
            self._names.add((module, rest[0]))
            self._methods.update(rest[1:])
        size = -1
        while size != (size := len(self._whole) + len(self._names) + len(self._methods)):
            for module in {*self._whole, *(module for module, _ in self._names)}:
                for node in self._kept(module):
                    self._follow(module, node)

    def _nodes(self, module: str, name: str) -> list[ast.stmt]:
        return [node for node in _tree(module).body if name in names_defined(node)]

    def _kept(self, module: str) -> list[ast.stmt]:
        """The statements of a module that are kept, in order."""
        body = _tree(module).body
        if module in self._whole:
            return body
        mine = {name for of, name in self._names if of == module}
        future = [n for n in body if isinstance(n, ast.ImportFrom) and n.module == "__future__"]
        return [self._narrowed(node, mine) for node in body if node in future or names_defined(node) & mine]

    def _narrowed(self, node: ast.stmt, mine: set[str]) -> ast.stmt:
        """An import with the names that are needed; a class with the methods that are."""
        if isinstance(node, ast.ImportFrom) and node.module != "__future__":
            names = [alias for alias in node.names if (alias.asname or alias.name) in mine]
            return ast.ImportFrom(node.module, names, 0)
        if isinstance(node, ast.ClassDef) and not self._whole:
            fields = {f: getattr(node, f) for f in node._fields if f != "body"}
            body = [part for part in node.body if self._is_needed(part)]
            return ast.ClassDef(**fields, body=body or [ast.Pass()])
        return node

    def _is_needed(self, part: ast.stmt) -> bool:
        """Whether a part of a class's body is no method, or one that is called."""
        name = getattr(part, "name", "__")
        return name.startswith("__") or name in self._methods

    def _follow(self, module: str, node: ast.stmt) -> None:
        """Add what a statement needs."""
        for inner in ast.walk(node):
            if isinstance(inner, ast.ImportFrom) and inner.module.split(".")[0] == PACKAGE:
                for alias in inner.names:
                    if _file(f"{inner.module}.{alias.name}"):
                        self._whole.add(f"{inner.module}.{alias.name}")
                    else:
                        self._names.add((inner.module, alias.name))
            elif isinstance(inner, ast.Attribute):
                self._methods.add(inner.attr)
        here = set().union(*map(names_defined, _tree(module).body))
        self._names |= {(module, name) for name in names_used(_without_types(node)) & here}

    def sources(self) -> dict[str, str]:
        """Module -> source."""
        modules = {*self._whole, *(module for module, _ in self._names)}.difference(RUNTIME)
        packages = {above for module in modules for above in _above(module)}
        made = {module: self._source(module) for module in modules}
        return dict(sorted({**dict.fromkeys(packages, ""), **made}.items()))

    def _source(self, module: str) -> str:
        """What is kept of a module, and the names of what is not."""
        kept, body = self._kept(module), _tree(module).body
        absent = set().union(*map(names_defined, body)).difference(*map(names_defined, kept))
        text = ast.unparse(ast.fix_missing_locations(ast.Module(kept, [])))
        return f"{text}\n__absent__ = {sorted(absent)}\n"


def _above(module: str) -> Iterator[str]:
    """The packages that a module lies in, but for the outermost."""
    parts = module.split(".")
    return (".".join(parts[:n]) for n in range(2, len(parts)))


def _without_types(node: ast.stmt) -> ast.stmt:
    """A copy without annotations, which are never evaluated (`from __future__ import annotations`)."""
    copied = ast.parse(ast.unparse(ast.fix_missing_locations(node)))
    for inner in ast.walk(copied):
        if isinstance(inner, (ast.FunctionDef, ast.AsyncFunctionDef)):
            inner.returns = None
        elif isinstance(inner, (ast.arg, ast.AnnAssign)):
            inner.annotation = ast.Constant(None)
    return copied
