"""What students get of an assignment's checks: the public ones, and what these need."""

from __future__ import annotations

import ast

NOT_FOR_STUDENTS = {"slip", "another", "hidden"}  # what an exercise is told that its students are not


def public_part(source: str) -> str:
    """The source of a checks module without its hidden checks and what only they need, comments included.

    A comment belongs to the statement below it. Dropped are checks with `hidden=True`, of an exercise's table
    its slips, other solutions and hidden questions, then every definition and import that nothing left refers
    to; a class or function is wholly kept or wholly dropped.
    """
    tree = ast.parse(source)
    tables = {name for node in tree.body if _is_table(node) for name in names_defined(node)}
    kept = [node for node in tree.body if not _is_hidden(node, tables)]
    while True:
        used = set().union(*(names_used(node) for node in kept))
        needed = [node for node in kept if _is_root(node, tables) or names_defined(node) & used]
        if len(needed) == len(kept):
            break
        kept = needed
    lines = source.split("\n")
    pieces, previous_end = [], 0
    for node in tree.body:
        start = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))]) - 1
        if node in kept:
            pieces.append(
                _with_names(node, used, "\n".join(lines[previous_end:start] + lines[start : node.end_lineno]))
            )
        previous_end = node.end_lineno
    return "\n".join(pieces).strip("\n") + "\n"


def tables(source: str) -> list[str]:
    """The names of the exercises that a checks module tells as tables."""
    told = [node.value.args[0] for node in ast.parse(source).body if _is_table(node) and node.value.args]
    return [name.value for name in told if isinstance(name, ast.Constant)]


def _is_table(node: ast.stmt) -> bool:
    """Whether a statement is `name = Exercise(…)`."""
    value = getattr(node, "value", None)
    return isinstance(node, ast.Assign) and isinstance(value, ast.Call) and _called(value) == ("", "Exercise")


def _called(call: ast.Call) -> tuple[str, str]:
    """What a call calls: `name(…)` is ("", name), `owner.name(…)` is (owner, name)."""
    if isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Name):
        return call.func.value.id, call.func.attr
    return "", getattr(call.func, "id", "")


def _calls(node: ast.stmt) -> list[ast.Call]:
    """The calls that make up a statement: its decorators, or itself."""
    found = [*getattr(node, "decorator_list", []), *([node.value] if isinstance(node, ast.Expr) else [])]
    return [call for call in found if isinstance(call, ast.Call)]


def _is_hidden(node: ast.stmt, tables: set[str]) -> bool:
    """Whether a statement is a function marked `@check(…, hidden=True)`, or a table's that is not shown."""
    called = [_called(call) for call in ast.walk(node) if isinstance(call, ast.Call)]
    return any(owner in tables and name in NOT_FOR_STUDENTS for owner, name in called) or any(
        _called(call)[1] == "check" and keyword.arg == "hidden" and keyword.value.value
        for call in _calls(node)
        for keyword in call.keywords
    )


def _is_root(node: ast.stmt, tables: set[str]) -> bool:
    """Kept whatever refers to it: a check, a table, the module's docstring, an import from the future, and
    what may be imported.
    """
    called = [_called(call) for call in _calls(node)]
    is_check = any(what == ("", "check") or what[0] in tables for what in called)
    future = isinstance(node, ast.ImportFrom) and node.module == "__future__"
    is_text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return is_check or future or is_text or _is_table(node) or names_defined(node) == {"IMPORTS"}


def names_used(node: ast.stmt) -> set[str]:
    """Every name a statement reads, but for its own."""
    read = {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
    return read - {getattr(node, "name", "")}


def names_defined(node: ast.stmt) -> set[str]:
    """The names a top-level statement binds."""
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        return {(alias.asname or alias.name).split(".")[0] for alias in node.names}
    if hasattr(node, "name"):
        return {node.name}
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}


def _with_names(node: ast.stmt, used: set[str], text: str) -> str:
    """`text`, or for `from … import …` the statement with only the names that are used."""
    if not isinstance(node, ast.ImportFrom) or node.module == "__future__":
        return text
    node.names = [alias for alias in node.names if (alias.asname or alias.name) in used]
    names = "".join(f"    {ast.unparse(alias)},\n" for alias in node.names)
    return "\n" * (len(text) - len(text.lstrip("\n"))) + f"from {node.module} import (\n{names})"
