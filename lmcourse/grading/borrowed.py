"""What a student's function uses of the course's package, found on the student's own machine.

There the package is all there, and what may not be used is not kept away, but told: the checks at home say
what those in the sandbox will say, where it is not to be had (`loan`).
"""

from __future__ import annotations

import dis
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from importlib import import_module
from types import CodeType, FunctionType, ModuleType
from typing import Any

from lmcourse.grading.loan import PACKAGE, RUNTIME, SHOWN, refusal
from lmcourse.grading.shelf import sources, split


def not_lent(name: str, namespace: Mapping[str, Any], lent: Sequence[str]) -> str:
    """What to tell of the first thing that a function, or what it calls, should not use; empty if none.

    Args:
        name: of the student's function.
        namespace: the notebook's variables.
        lent: the declared names (see `shelf`).
    """
    modules = set(sources(tuple(lent)))
    whole = {module for module, rest in map(split, lent) if not rest}
    things = [_named(module, rest[0]) for module, rest in map(split, lent) if rest]
    for used, thing in _used(namespace.get(name), namespace):
        if used.startswith((*SHOWN, *RUNTIME[1:])) or any(thing is one for one in things):
            continue
        module = thing.__name__ if isinstance(thing, ModuleType) else used.rpartition(".")[0]
        is_instance = not isinstance(thing, (ModuleType, FunctionType, type))
        if not (module in whole or (module in modules and (is_instance or isinstance(thing, ModuleType)))):
            return refusal(used, lent)
    return ""


def _named(module: str, name: str) -> Any:
    return getattr(import_module(module), name)


def _used(thing: Any, namespace: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Name and value of everything of the package that a thing of the student's leads to."""
    left, seen = [thing], set()
    while left:
        thing = left.pop()
        if id(thing) in seen:
            continue
        seen.add(id(thing))
        name = _of_package(thing)
        if name:
            yield name, thing
        elif isinstance(thing, FunctionType):
            if thing.__globals__ is namespace:
                left += [cell.cell_contents for cell in thing.__closure__ or () if _is_full(cell)]
                for code in _codes(thing.__code__):
                    left += [namespace[name] for name in code.co_names if name in namespace]
                    yield from _imported(code)
        elif isinstance(thing, type) and thing.__module__ == namespace.get("__name__"):
            left += list(vars(thing).values())
        elif isinstance(thing, (staticmethod, classmethod, property)):
            left += [getattr(thing, "__func__", None) or thing.fget]
        elif hasattr(thing, "__wrapped__"):  # as functools.cache makes it
            left.append(thing.__wrapped__)


def _of_package(thing: Any) -> str:
    """The dotted name of a module, function or class of the package, or of a thing's class; or nothing."""
    if isinstance(thing, ModuleType):
        name = thing.__name__
        return name if name.startswith(f"{PACKAGE}.") else ""
    kind = thing if isinstance(thing, (FunctionType, type)) else type(thing)
    module = kind.__module__ or ""
    return f"{module}.{kind.__qualname__}" if module.startswith(f"{PACKAGE}.") else ""


def _codes(code: CodeType) -> Iterator[CodeType]:
    """A function's code and that of the functions in it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)


def _imported(code: CodeType) -> Iterator[tuple[str, Any]]:
    """What some code imports of the package when it runs."""
    module, steps = "", [*dis.get_instructions(code)]
    for step, after in zip(steps, [*steps[1:], steps[-1]]):
        if step.opname == "IMPORT_NAME":
            module = step.argval
        if not module.startswith(f"{PACKAGE}."):
            continue
        with suppress(ImportError, AttributeError):  # it will fail where it is run
            if step.opname == "IMPORT_FROM":
                thing = _named(module, step.argval)
                yield _of_package(thing) or f"{module}.{step.argval}", thing
            elif step.opname == "IMPORT_NAME" and after.opname != "IMPORT_FROM":
                yield module, import_module(module)


def _is_full(cell: Any) -> bool:
    try:
        return cell.cell_contents is not ...
    except ValueError:  # a variable that has no value yet
        return False
