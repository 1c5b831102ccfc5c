"""Turn what validation found into sentences with line, asset, field and remedy."""

from __future__ import annotations

import difflib
import typing
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError

from sluis.scope.broken import Broken, BrokenRulesError
from sluis.scope.limits import limits_at
from sluis.scope.model import ScopeDocument
from sluis.scope.strict_yaml import FormError, Tree

Path = tuple[str | int, ...]

#: how alike two names are of which one is the other misspelt
_ALIKE = 0.6
_DISPOSITIONS = "migrate, stays, client moves it, destroy"


@dataclass(frozen=True)
class Problem:
    """One thing wrong with a scope file. ``line`` 0 is the file as a whole."""

    code: str
    line: int
    column: int
    asset: str | None
    field: str | None
    what: str
    remedy: str

    @classmethod
    def from_error(cls, error: FormError, place: Path = (), tree: Tree | None = None) -> Problem:
        """A problem of the file's form, found before its meaning.

        Args:
            error: what was found.
            place: the field that it is about.
            tree: the file; with it a word in place of a whole number is told as that.
        """
        limits = limits_at(ScopeDocument, place) if tree is not None and error.word else None
        if tree is not None and limits is not None:
            what = f"is not a whole number but {_short(error.word)}."
            return _problem("not-a-number", place, what, limits.remedy(error.word), tree)
        return cls(error.code, error.line, error.column, None, None, error.what, error.remedy)

    def line_of_text(self) -> str:
        """The problem as one line for a screen or a log."""
        where = f"line {self.line}: " if self.line else ""
        asset = f"asset {self.asset!r} " if self.asset else ""
        field = f"field {self.field!r} " if self.field else ""
        return f"{where}{asset}{field}{self.what} What to do: {self.remedy}"


def problems_of(
    error: ValidationError,
    tree: Tree,
    model: type[BaseModel] = ScopeDocument,
    called: str = "a scope",
    known: Collection[Path] = (),
) -> tuple[Problem, ...]:
    """Every problem in ``error``, in the order of the file ``tree`` was read from.

    Args:
        error: what validation found.
        tree: the file.
        model: what it was to be.
        called: that in words.
        known: places of which something is said already.
    """
    found: list[Problem] = []
    meant = {(*path[:-1], name) for path, name in meant_fields(error, tree).items()}
    for detail in error.errors():
        path = path_in_file(detail["loc"], tree)
        if any(path[: len(place)] == place for place in known):
            continue
        if detail["type"] == "missing" and (*path, str(detail["loc"][-1])) in meant:
            continue  # it is there, misspelt, and that is said
        if detail["type"] == "too_short" and detail["input"]:
            # pydantic counts only the good entries; each bad one has a complaint of its own
            continue
        broken = detail.get("ctx", {}).get("error")
        if isinstance(broken, BrokenRulesError):
            found.extend(problem_of_rule(rule, tree) for rule in broken.problems)
        else:
            found.append(_complaint(detail, tree, model, called))
    return in_order(found)


def in_order(found: Iterable[Problem]) -> tuple[Problem, ...]:
    """Problems in the order of the file, each place once."""
    found = list(found)
    # a text that may be written in two ways is complained about once for each way
    unique = {(p.line, p.column, p.field): p for p in reversed(found)}
    return tuple(sorted(unique.values(), key=lambda p: (p.line, p.column)))


def problem_of_rule(rule: Broken, tree: Tree) -> Problem:
    """A rule that does not hold, with its line."""
    return _problem(rule.code, rule.path, rule.what, rule.remedy, tree)


def _complaint(
    detail: Mapping[str, Any], tree: Tree, model: type[BaseModel], called: str
) -> Problem:
    path = path_in_file(detail["loc"], tree)
    context = detail.get("ctx", {})
    given = detail.get("input")
    if "discriminator" in context and isinstance(given, dict):
        chooser = str(context["discriminator"]).strip("'")
        if chooser in given:
            path, given = (*path, chooser), given[chooser]
    match detail["type"]:
        case "missing":
            what, remedy = "is missing.", "Add it; the template says what it is for."
            path = (*path, str(detail["loc"][-1]))
            code = "field-missing"
        case "extra_forbidden":
            what, remedy = f"is not a field that {called} has.", _did_you_mean(path, model)
            code = "unknown-field"
        case "literal_error" | "union_tag_invalid":
            expected = context.get("expected") or context.get("expected_tags")
            what, remedy = f"cannot be {_short(given)}.", f"Write one of: {expected}."
            code = "not-a-choice"
        case "union_tag_not_found" | "model_type" | "model_attributes_type" | "dict_type":
            what, remedy = "is not a group of fields.", "Write its fields below it, two spaces in."
            code = "not-a-group"
        case "tuple_type":
            what, remedy = "is not a list.", "Start each entry with '- '."
            code = "not-a-list"
        case "string_type":
            what, remedy = f"is not text but {_short(given)}.", "Put it in quotes."
            code = "not-text"
        case "int_type":
            what, remedy = f"is not a whole number but {_short(given)}.", "Write digits only."
            code = "not-a-number"
        case "bool_type":
            what, remedy = f"is neither true nor false but {_short(given)}.", "Write true or false."
            code = "not-a-boolean"
        case "date_type":
            what, remedy = (
                f"is not a date but {_short(given)}.",
                ("Write year-month-day without quotes, such as 2030-12-31."),
            )
            code = "not-a-date"
        case "string_pattern_mismatch":
            what, remedy = f"cannot be {_short(given)}.", "Look at the form of it in the template."
            code = "wrong-form"
        case "greater_than_equal" | "less_than_equal":
            limit = context.get("ge", context.get("le"))
            code, what = "out-of-range", f"cannot be {_short(given)}."
            remedy = f"Write {limit} or {'more' if 'ge' in context else 'less'}."
        case "too_short" | "string_too_short":
            what, remedy = "is empty.", "Add what belongs there; the template says what."
            code = "empty"
        case "too_long" | "string_too_long":
            what = f"is longer than {context.get('max_length')}."
            code, remedy = "too-long", "Make it shorter; the client has to read it."
        case kind if "remedy" in context:  # an error of our own
            code, what, remedy = str(kind), str(detail["msg"]), str(context["remedy"])
        case _:
            # never the words of the library that reads it: they speak of its own types
            code, what = "wrong-form", f"cannot be {_short(given)}."
            remedy = "Look at the form of it in the template."
    limits = limits_at(model, path) if code in ("not-a-number", "out-of-range") else None
    if limits is not None:
        remedy = limits.remedy(given)
    if path[-1:] == ("disposition",) or path[-2:] == ("disposition", "what"):
        code, what, remedy = _about_disposition(code, what, remedy, given)
    return _problem(code, path, what, remedy, tree)


def _about_disposition(code: str, what: str, remedy: str, given: object) -> tuple[str, str, str]:
    if given in (0, "0", "zero", "nul", "none", "geen", "niets"):
        return (
            "zero-disposition",
            f"says {given!r}. A zero is not a disposition: it does not say what happens.",
            f"Choose one of: {_DISPOSITIONS}, and say what happens and when.",
        )
    if code == "not-a-group":
        return code, what, f"Write 'what:' below it with one of: {_DISPOSITIONS}."
    return code, what, remedy


def _problem(code: str, path: Path, what: str, remedy: str, tree: Tree) -> Problem:
    line, column = _mark(path, tree)
    shown = [str(step + 1) if isinstance(step, int) else step for step in path]
    asset = None
    if len(path) >= 2 and path[0] == "assets" and isinstance(path[1], int):
        asset = _asset_id(tree, path[1])
        shown = shown[2:]
    return Problem(code, line, column, asset, ".".join(shown) or None, what, remedy)


def _asset_id(tree: Tree, number: int) -> str:
    try:
        return str(tree.value["assets"][number]["id"])
    except (KeyError, IndexError, TypeError):
        return f"number {number + 1}"


def _mark(path: Path, tree: Tree) -> tuple[int, int]:
    while path not in tree.marks and path:
        path = path[:-1]
    return tree.marks[path]


def path_in_file(location: tuple[str | int, ...], tree: Tree) -> Path:
    """Where in the file it is that validation speaks of."""
    # pydantic's location also names union members, which are not in the file
    path: Path = ()
    for step in location:
        if (*path, step) in tree.marks:
            path = (*path, step)
    return path


def meant_fields(error: ValidationError, tree: Tree) -> dict[Path, str]:
    """Each misspelt field, with the name of the missing one that it was meant for.

    Args:
        error: what validation found.
        tree: the file.
    """
    missing: dict[Path, set[str]] = {}
    for detail in error.errors():
        if detail["type"] == "missing":
            where = path_in_file(detail["loc"], tree)
            missing.setdefault(where, set()).add(str(detail["loc"][-1]))
    meant: dict[Path, str] = {}
    for detail in error.errors():
        path = path_in_file(detail["loc"], tree)
        if detail["type"] != "extra_forbidden" or not path:
            continue
        wanted = sorted(missing.get(path[:-1], ()))
        near = difflib.get_close_matches(str(path[-1]), wanted, n=1, cutoff=_ALIKE)
        if near:
            missing[path[:-1]].discard(near[0])
            meant[path] = near[0]
    return meant


def _did_you_mean(path: Path, model: type[BaseModel]) -> str:
    near = difflib.get_close_matches(str(path[-1]), _field_names(model), n=1)
    return (
        f"Did you mean {near[0]!r}? Otherwise take it out."
        if near
        else "Take it out, or look in the template for its right name."
    )


def _field_names(model: type[BaseModel]) -> list[str]:
    names: set[str] = set()
    waiting: list[Any] = [model]
    while waiting:
        kind = waiting.pop()
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            names.update(kind.model_fields)
            waiting.extend(field.annotation for field in kind.model_fields.values())
        else:
            waiting.extend(typing.get_args(kind))
    return sorted(names)


def _short(given: object) -> str:
    if isinstance(given, dict):
        return "a group of fields"
    if isinstance(given, tuple):
        return "a list"
    text = str(given).lower() if isinstance(given, bool) else str(given)
    return repr(text[:60])
