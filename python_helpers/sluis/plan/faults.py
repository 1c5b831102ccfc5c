"""What is wrong in a file that an engineer wrote: file, line, what, and what to do."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sluis.errors import InputError
from sluis.plan.role_options import Option
from sluis.plan.written_yaml import OPAQUE, Item

_BOOLEANS = frozenset({"true", "false", "yes", "no", "on", "off", "1", "0", "y", "n", "t", "f"})
_SHOWN_AT_MOST = 50
#: so alike are a name and its misspelling
_ALIKE = 0.8
#: the code of what ansible-vault encrypted and nothing at hand opens
STAYS_SHUT = "vault-not-opened"


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong. ``line`` 0 is the file as a whole."""

    code: str
    file: str
    line: int
    what: str
    remedy: str

    def words(self) -> str:
        """As one line for a screen or a log."""
        where = f"{self.file}, line {self.line}" if self.line else self.file
        return f"{where}: {self.what} What to do: {self.remedy}"


class WrittenError(InputError):
    """Something that an engineer wrote cannot be used. ``faults`` holds every one of them."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(dict.fromkeys(faults))
        first = self.faults[0]
        code = first.code if len({fault.code for fault in self.faults}) == 1 else "badly-written"
        if len(self.faults) == 1:
            where = f"{first.file}, line {first.line}" if first.line else first.file
            super().__init__(code, f"{where}: {first.what}", first.remedy)
            return
        lines = [f"{len(self.faults)} things that were written cannot be used."]
        lines += [fault.words() for fault in self.faults[:_SHOWN_AT_MOST]]
        super().__init__(code, "\n".join(lines), "Put each of them right. Nothing was done.")


def looks_like(name: str, known: Iterable[str]) -> str | None:
    """The known name that another one is a slip of the pen of, if there is one."""
    near = difflib.get_close_matches(name, sorted(known), n=1, cutoff=_ALIKE)
    return near[0] if near else None


def did_you_mean(name: str, known: Iterable[str], otherwise: str) -> str:
    """The remedy for a name that is not known.

    Args:
        name: what was written.
        known: what could have been meant.
        otherwise: what to do when nothing is near.
    """
    near = nearest(name, known)
    return f"Did you mean {near!r}? Otherwise: {otherwise}" if near is not None else otherwise


def nearest(name: str, known: Iterable[str]) -> str | None:
    """What was meant by a name that is not known; ``None`` when nothing is near."""
    near = difflib.get_close_matches(name, sorted(known), n=1, cutoff=0.5)
    return near[0] if near else None


def not_a_group(file: str, about: str, item: Item) -> Fault:
    """The fault of something that ought to be a mapping."""
    return Fault(
        "not-a-group", file, item.line, f"{about} is not a group of fields.",
        "Write its fields below it, two spaces in.",
    )  # fmt: skip


def unknown_field(file: str, about: str, name: str, given: Item, known: Collection[str]) -> Fault:
    """The fault of a field that there is not, with the one that was meant."""
    return Fault(
        "unknown-field", file, given.line,
        f"{about} has a field {name[:80]!r}, and there is no such field.",
        did_you_mean(name, known, "take it out."),
    )  # fmt: skip


def fields_faults(
    file: str, about: str, item: Item, known: Mapping[str, Option]
) -> Iterator[Fault]:
    """What is wrong with a mapping whose fields are described.

    Args:
        file: the file, for messages.
        about: what the mapping is, for messages.
        item: the mapping.
        known: its fields.
    """
    if item.is_template or item.value is OPAQUE:
        return
    if not isinstance(item.value, dict):
        yield not_a_group(file, about, item)
        return
    for name, given in item.value.items():
        if name not in known:
            yield unknown_field(file, about, name, given, known)
        else:
            yield from value_faults(file, f"{about}: {name}", given, known[name])
    for name, option in known.items():
        given = item.value.get(name)
        if option.required and (given is None or given.value in (None, "")):
            yield Fault(
                "field-missing", file, item.line, f"{about} has no {name!r}.",
                "Add it; ansible-doc -t role -r roles describes each role.",
            )  # fmt: skip


def value_faults(file: str, about: str, item: Item, option: Option) -> Iterator[Fault]:
    """What is wrong with one value, and with all that is in it."""
    value = item.value
    if item.is_template or value is OPAQUE or value is None:
        return
    kind = _other_kind(value, option.type)
    if kind is not None:
        code, remedy = kind
        shown = _short(value)
        yield Fault(code, file, item.line, f"{about} cannot be {shown}.", remedy)
    elif option.choices and value not in option.choices:
        choices = ", ".join(str(choice) for choice in option.choices)
        yield Fault(
            "not-a-choice", file, item.line, f"{about} cannot be {_short(value)}.",
            f"Write one of: {choices}.",
        )  # fmt: skip
    elif isinstance(value, dict) and option.options is not None:
        yield from fields_faults(file, about, item, option.options)
    elif isinstance(value, list):
        for number, element in enumerate(value, 1):
            name = f"{about}, number {number}"
            if option.options is not None:
                yield from fields_faults(file, name, element, option.options)
            else:
                yield from value_faults(file, name, element, Option(option.elements or "raw"))


def _other_kind(value: Any, kind: str) -> tuple[str, str] | None:
    """Code and remedy when a value is not of the kind that it has to be."""
    match kind:
        case "bool":
            right = isinstance(value, bool) or str(value).lower() in _BOOLEANS
            return None if right else ("not-a-boolean", "Write true or false.")
        case "int":
            right = not isinstance(value, bool | dict | list) and _is_number(value, whole=True)
            return None if right else ("not-a-number", "Write digits only.")
        case "float":
            right = not isinstance(value, bool | dict | list) and _is_number(value, whole=False)
            return None if right else ("not-a-number", "Write a number.")
        case "dict":
            remedy = "Write its fields below it, two spaces in."
            return None if isinstance(value, dict) else ("not-a-group", remedy)
        case "list":
            return (
                None if isinstance(value, list) else ("not-a-list", "Start each entry with '- '.")
            )
        case "raw":
            return None
        case _:
            right = not isinstance(value, dict | list)
            return None if right else ("not-text", "Write one text here, in quotes.")


def _is_number(value: Any, *, whole: bool) -> bool:
    try:
        return float(value) == int(float(value)) if whole else float(value) == float(value)
    except (TypeError, ValueError, OverflowError):
        return False


def _short(value: Any) -> str:
    if isinstance(value, dict):
        return "a group of fields"
    return "a list" if isinstance(value, list) else repr(value)[:60]
