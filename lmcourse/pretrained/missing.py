"""Pages without the model: where its weights cannot be had, cells that need it say so, and the others run.

    model = load_or_skip()

Without the weights `model` is MISSING. A cell that uses a missing name is not run: it says why, and what it
would have defined is missing as well. So a page needs nothing else than this line, in a cell above the first
that uses the model, and its code reads as if the model were always there.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from lmcourse.data import DataError

if TYPE_CHECKING:
    from lmcourse.transformer.model import TransformerModel

Made = TypeVar("Made")


class Missing:
    """Stands for what could not be had; `why` says why."""

    why = ""

    def __getattr__(self, name: str) -> Any:
        """Raise AttributeError that says what to do; a cell that both loads and uses it comes here."""
        raise AttributeError(f"no {name} of what is missing: {self.why}; load it in a cell above")


MISSING = Missing()


def load_or_skip(start: str | None = None) -> TransformerModel:
    """SmolLM2, as `lmcourse.pretrained.model.load` gives it; without it, see `or_skip`."""

    def load() -> TransformerModel:
        from lmcourse.pretrained.model import load  # needs torch, which may be what is missing

        return load(start)

    return or_skip(load)


def or_skip(make: Callable[[], Made]) -> Made:
    """What `make` returns; where its data or torch is missing, MISSING, and cells that use it are skipped.

    Outside of a notebook nothing can be skipped: there lmcourse.data.DataError is raised, which says what to
    do.
    """
    shell = _shell()
    made, why = or_why(make)
    if why is None:
        _forget(shell)
        return made
    if shell is None:
        raise why
    MISSING.why = str(why)
    if not any(isinstance(each, SkipCells) for each in shell.ast_transformers):
        shell.ast_transformers.append(SkipCells(shell.user_ns))
    print(f"The real model is not here: {why}")
    return MISSING  # type: ignore[return-value]


def or_why(make: Callable[[], Made]) -> tuple[Made | None, DataError | None]:
    """What `make` returns, or why it cannot: data or torch is missing, and what to do about it."""
    try:
        return make(), None
    except DataError as error:
        return None, error
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        return None, DataError("PyTorch is not installed; run: pip install 'lmcourse[neural]'")


def _forget(shell: Any) -> None:
    """What is missing may be there at a second try: then the cells that were skipped run when asked again."""
    names = {} if shell is None else shell.user_ns
    for name in [name for name, value in names.items() if value is MISSING]:
        del names[name]


def _shell() -> Any:
    try:
        from IPython import get_ipython
    except ModuleNotFoundError:
        return None
    return get_ipython()


class SkipCells(ast.NodeTransformer):
    """Of a cell that uses what is missing leaves the imports, and a line that says so.

    A name that the cell itself assigns is taken to be its own.

    Args:
        names: the notebook's variables.
    """

    def __init__(self, names: dict[str, Any]):
        self._names = names

    def visit_Module(self, cell: ast.Module) -> ast.Module:
        """The cell as it is, or what is left of it."""
        names = [node for node in ast.walk(cell) if isinstance(node, ast.Name)]
        stored = {name.id for name in names if isinstance(name.ctx, ast.Store)}
        if not any(self._names.get(name) is MISSING for name in {name.id for name in names} - stored):
            return cell
        self._names.update(dict.fromkeys(defined(cell), MISSING))
        said = f"Here the real model would speak. It is not here: {MISSING.why}"
        imports = [node for node in cell.body if isinstance(node, (ast.Import, ast.ImportFrom))]
        # What belongs to the model needs torch, which may be what is missing.
        imports = [node for node in imports if "lmcourse.pretrained" not in ast.unparse(node)]
        told = ast.parse(f"print({said!r})").body
        return ast.fix_missing_locations(ast.Module([*imports, *told], type_ignores=[]))


def defined(cell: ast.Module) -> set[str]:
    """The names that a cell assigns, and those of its functions and classes; not those of its loops.

    >>> sorted(defined(ast.parse("a, b = 1, 2\\nfor i in 'ab': c = i\\ndef f(x): y = x")))
    ['a', 'b', 'c', 'f']
    """
    found: set[str] = set()
    waiting: list[ast.AST] = list(cell.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            found.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif not isinstance(node, (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.Lambda)):
            loop = node.target if isinstance(node, ast.For) else None
            waiting += [child for child in ast.iter_child_nodes(node) if child is not loop]
    return found
