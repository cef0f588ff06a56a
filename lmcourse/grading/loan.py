"""How students' code in the sandbox imports the course's package: what is lent, and stand-ins for the rest.

What an assignment declares (`shelf`) is imported from source that is handed over; there is no other in the
sandbox. Any other import gives a stand-in, so that a cell which imports something for show goes on. Only who
uses it is told: "`lmcourse.ngram.add_k` is not part of this assignment: write it yourself; you may import …".
"""

from __future__ import annotations

import importlib
import linecache
import sys
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

PACKAGE = "lmcourse"
# What runs students' code is of the package too. It holds no solutions.
RUNTIME = (
    "lmcourse",
    "lmcourse.console",
    "lmcourse.files",
    "lmcourse.grading",
    *(
        f"lmcourse.grading.{name}"
        for name in (
            *("assignment", "borrowed", "checks", "confine", "course", "inside", "loan", "local", "numbers"),
            *("public", "raised", "report", "server", "shelf", "student", "values"),
        )
    ),
)
SHOWN = ("lmcourse.widgets", "lmcourse.plotting")  # what only shows something: left out without a word


def refusal(name: str, lent: Iterable[str]) -> str:
    """What is told to whoever uses something else than what is lent.

    >>> refusal("lmcourse.text.words", ["lmcourse.text"])
    '`lmcourse.text.words` is not part of this assignment: write it yourself; you may import `lmcourse.text`'
    """
    names = [f"`{name}`" for name in lent if not name.rpartition(".")[0].rpartition(".")[2][:1].isupper()]
    may = f"you may import {', '.join(names)}" if names else "nothing of the package is needed here"
    return f"`{name}` is not part of this assignment: write it yourself; {may}"


class Lender(MetaPathFinder, Loader):
    """Finds the package's modules in sources that were handed over, and stand-ins for all others.

    Args:
        sources: module -> source.
        lent: the declared names, for messages.
    """

    def __init__(self, sources: Mapping[str, str], lent: Sequence[str]):
        self._sources, self.lent = dict(sources), list(lent)

    def lend(self, sources: Mapping[str, str], lent: Iterable[str]) -> None:
        """More of the package; what is imported already grows."""
        self._sources.update(sources)
        self.lent += lent
        for name in [name for name in sys.modules if name.startswith(f"{PACKAGE}.")]:
            if isinstance(sys.modules[name], _Absent):
                del sys.modules[name]
            elif name in sources:
                self.exec_module(sys.modules[name])

    def find_spec(self, name: str, *_: Any) -> ModuleSpec | None:
        """The module's, if it is one of the package's."""
        if name in RUNTIME or name.split(".")[0] != PACKAGE:
            return None
        above = any(other.startswith(f"{name}.") for other in self._sources) or name not in self._sources
        return ModuleSpec(name, self, origin=f"<{name}>", is_package=above)

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """A stand-in, or Python's own kind of module."""
        return None if spec.name in self._sources else _Absent(spec.name, self)

    def exec_module(self, module: ModuleType) -> None:
        """Run the module's source, if there is one."""
        source = self._sources.get(module.__name__)
        if source is not None:
            file = f"<{module.__name__}>"
            linecache.cache[file] = len(source), None, source.splitlines(keepends=True), file
            exec(compile(source, file, "exec"), vars(module))
            vars(module)["__getattr__"] = partial(_stand_in_of, module, self)


def install(sources: Mapping[str, str], lent: Sequence[str]) -> Lender:
    """Have this process import of the package what is lent, and nothing else."""
    lender = Lender(sources, lent)
    sys.meta_path.insert(0, lender)
    return lender


class _Absent(ModuleType):
    """A module that is not lent: each name in it is a stand-in."""

    def __init__(self, name: str, lender: Lender):
        super().__init__(name)
        self.__path__ = []
        vars(self)["_lender"] = lender

    def __getattr__(self, name: str) -> Any:
        return _stand_in(self.__name__, vars(self)["_lender"], name)


def _stand_in(module: str, lender: Lender, name: str) -> _StandIn:
    """What takes the place of a name in a module."""
    if name.startswith("__"):
        raise AttributeError(f"module {module!r} has no attribute {name!r}")
    return _StandIn(module, name, lender)


def _stand_in_of(module: ModuleType, lender: Lender, name: str) -> _StandIn:
    """The same in a module of which a part is lent."""
    if name not in vars(module).get("__absent__", ()):
        raise AttributeError(f"module {module.__name__!r} has no attribute {name!r}")
    return _stand_in(module.__name__, lender, name)


class _StandIn:
    """Something that is not lent: it may be imported and passed on, and says so as soon as it is used.

    If it has been lent meanwhile it is the thing itself.
    """

    def __init__(self, module: str, name: str, lender: Lender):
        self._where = module, name, lender

    def _itself(self) -> Any:
        module, name, lender = self._where
        found = getattr(importlib.import_module(module), name)
        if isinstance(found, _StandIn):
            if module.startswith(SHOWN):
                return lambda *_, **__: self
            raise ImportError(refusal(f"{module}.{name}", lender.lent))
        return found

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._itself()(*args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if self._where[0].startswith(SHOWN):
            return self
        return getattr(self._itself(), name)

    def __mro_entries__(self, bases: tuple) -> tuple:
        return (self._itself(),)

    def _used(self, *_: Any) -> Any:
        raise ImportError(refusal(".".join(self._where[:2]), self._where[2].lent))

    __iter__ = __len__ = __getitem__ = __add__ = __mul__ = __float__ = __contains__ = _used
