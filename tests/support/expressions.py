"""Every regular expression of Sluis, with how it is used."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.ambiguous import Use

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "python_helpers"
FILES = sorted([*(PACKAGE / "sluis").rglob("*.py"), *ROOT.glob("roles/*/*/*.py")])

_USES: Mapping[str, Use] = {
    "match": "match", "fullmatch": "fullmatch", "search": "search", "sub": "search",
    "subn": "search", "split": "search", "finditer": "search", "findall": "search",
}  # fmt: skip
_ANY: frozenset[Use] = frozenset({"search", "fullmatch"})
#: what of ours takes an expression as its first argument, and matches the whole text with it
_TAKERS = {"Form": "sluis/", "_like": "sluis/runbook/surroundings.py"}
#: what of ``re`` takes no expression
_OTHERS = ("escape", "Pattern", "Match", "error", "purge")
_A_WORD = "a-word"


@dataclass(frozen=True)
class Expression:
    """One regular expression: ``place`` is the file and the name, or what encloses it."""

    place: str
    line: int
    pattern: re.Pattern[Any] | None
    uses: frozenset[Use]

    @property
    def name(self) -> str:
        """For the name of a test."""
        return self.place


def expressions(path: Path) -> Iterator[Expression]:
    """Each one of a file. One without ``pattern`` follows from what only a run knows."""
    text = path.read_text(encoding="utf-8")
    if "re." not in text and not any(f"{taker}(" in text for taker in _TAKERS):
        return
    tree = ast.parse(text)
    shown = path.relative_to(PACKAGE if path.is_relative_to(PACKAGE) else ROOT).as_posix()
    above = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    names: dict[str, Any] | None = None
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or (method := _method(node.func, shown)) is None:
            continue
        # only what has one is imported: where a command begins sets up its interpreter
        names = _namespace(path) if names is None else names
        holder = _holder(node, above)
        yield Expression(
            f"{shown}:{holder}", node.lineno, _made(node, names), _uses(method, holder, tree)
        )


def strays(path: Path) -> list[int]:
    """Lines that use regular expressions in a way that ``expressions`` does not see."""
    text = path.read_text(encoding="utf-8")
    if not re.search(r"\bre\b|regex|sre_compile", text):
        return []
    found = []
    tree = ast.parse(text)
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            odd = any(
                one.name in ("regex", "sre_compile", "re2") or (one.name == "re" and one.asname)
                for one in node.names
            )
        elif isinstance(node, ast.ImportFrom):
            odd = node.module == "re" and not node.level
        else:
            odd = (
                isinstance(node, ast.Attribute)
                and isinstance(node.value, ast.Name)
                and node.value.id == "re"
                and (node.attr in _USES or node.attr == "compile")
                and id(node) not in called
            )
        if odd:
            found.append(getattr(node, "lineno", 0))
    return found


def _method(function: ast.expr, path: str) -> str | None:
    name = function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")
    if name in _TAKERS and path.startswith(_TAKERS[name]):
        return "fullmatch"
    if (
        isinstance(function, ast.Attribute)
        and isinstance(function.value, ast.Name)
        and function.value.id == "re"
        and function.attr not in _OTHERS
    ):
        return function.attr
    return None


def _holder(node: ast.AST, above: Mapping[ast.AST, ast.AST]) -> str:
    """The name that an expression is kept under, or the function or class it stands in."""
    while node in above:
        node = above[node]
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            up = above.get(node)
            if isinstance(up, (ast.Module, ast.ClassDef)):
                return node.targets[0].id
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            return node.target.id
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            return node.name
    return "module"


def _uses(method: str, holder: str, tree: ast.Module) -> frozenset[Use]:
    if method != "compile":
        return frozenset({_USES[method]})
    above = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    found: set[Use] = set()
    for node in ast.walk(tree):
        name = node.id if isinstance(node, ast.Name) else getattr(node, "attr", None)
        if name != holder or isinstance(getattr(node, "ctx", None), ast.Store):
            continue
        use = above[node]
        if not isinstance(use, ast.Attribute) or use.attr not in (*_USES, "pattern"):
            return _ANY
        if use.attr in _USES:
            found.add(_USES[use.attr])
    return frozenset(found) if found and holder.startswith("_") else _ANY


class _Known(ast.NodeTransformer):
    """What is escaped is a word, whichever."""

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.func, ast.Attribute) and node.func.attr == "escape":
            return ast.copy_location(ast.Constant(re.escape(_A_WORD)), node)
        return node


def _made(call: ast.Call, names: dict[str, Any]) -> re.Pattern[Any] | None:
    flags = [key.value for key in call.keywords if key.arg == "flags"]
    places = {"compile": 1, "search": 2, "match": 2, "fullmatch": 2, "finditer": 2, "findall": 2}
    method = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    at = places.get(method, 0)
    flags += call.args[at : at + 1] if at else []
    try:
        pattern, *given = (_value(node, names) for node in [call.args[0], *flags])
    except NameError:
        return None
    return re.compile(pattern, *given)


def _value(node: ast.expr, names: dict[str, Any]) -> Any:
    try:
        return _result(node, names)
    except NameError:
        return _result(_Known().visit(deepcopy(node)), names)


def _result(node: ast.expr, names: dict[str, Any]) -> Any:
    expression = ast.fix_missing_locations(ast.Expression(node))
    return eval(compile(expression, "expression", "eval"), dict(names))


def _namespace(path: Path) -> dict[str, Any]:
    if not path.is_relative_to(PACKAGE):
        return {"re": re}
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return vars(importlib.import_module(".".join(parts).removesuffix(".__init__")))
