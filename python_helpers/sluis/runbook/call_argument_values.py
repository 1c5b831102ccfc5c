"""Whether a module takes the values of a step's arguments, by its own documentation.

They are converted by Ansible's own code, as the module itself would on the client's system. What
it would only refuse there, in the middle of a change, is refused before anybody signs.
"""

from __future__ import annotations

import stat
from collections.abc import Iterator, Mapping
from types import SimpleNamespace
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from sluis.plan.faults import did_you_mean, nearest
from sluis.runbook.call_documentation import Option, options_of
from sluis.runbook.call_modules import Module

#: arguments that are digits of base eight: a number in YAML is of base ten
_OCTAL = frozenset({"mode", "directory_mode", "umask"})
#: where ``preserve`` is a mode: the action makes of it what the file has here
_PRESERVES = frozenset({"ansible.builtin.copy", "ansible.builtin.template"})
_SHOWN_CHOICES = 12


def wrong_values(module: Module, known: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """What is wrong with the values of a step's arguments: of which, what, and what to do.

    Args:
        module: resolved.
        known: the arguments that stand there as they will be used: in the open, no templates.
            What nobody knows as an argument is left out here.
    """
    options = options_of(module) or {}
    does = (module.chosen or module).name
    for name, option in options.items():
        for spelled in sorted(option.names & set(known)):
            value = known[spelled]
            wrong = _wrong_mode(does, value) if _is_mode(name, option) else None
            wrong = wrong or _wrong(does, spelled, value, option)
            if wrong is not None:
                what, remedy = wrong
                yield spelled, f"{does}: {spelled!r} {what}", remedy


def _wrong(module: str, name: str, value: Any, option: Option) -> tuple[str, str] | None:
    refused = ArgumentSpecValidator({name: dict(option.spec)}).validate({name: value})
    if not refused.error_messages:
        return None
    if value is None:
        return "has no value.", f"Write one, or take {name} out."
    kind, choices = option.spec["type"], [str(one) for one in option.spec.get("choices") or ()]
    what = f"cannot be {_short(value)}."
    if choices:
        among = ", ".join(choices[:_SHOWN_CHOICES])
        return what, did_you_mean(_first_wrong(value, choices), choices, f"write one of: {among}.")
    if kind == "bool":
        near = nearest(str(value).lower(), {"true", "false", "yes", "no"})
        return what, f"Did you mean {near}? Otherwise: write true or false." if near else (
            "Write true or false."
        )  # fmt: skip
    if kind == "int":
        return what, "Write digits only."
    return what, f"See what it takes with: ansible-doc {module}"


def as_used(option: Option, value: Any) -> Any:
    """A value as the module has it, converted.

    Raises:
        ValueError: the module would not take it.
    """
    found = ArgumentSpecValidator({"it": dict(option.spec)}).validate({"it": value})
    if found.error_messages:
        raise ValueError(found.error_messages[0])
    return found.validated_parameters["it"]


def _first_wrong(value: Any, choices: list[str]) -> str:
    parts = value if isinstance(value, list) else str(value).split(",")
    return next((str(one) for one in parts if str(one) not in choices), str(value))


def _is_mode(name: str, option: Option) -> bool:
    return name in _OCTAL and option.spec["type"] in ("raw", "str")


def _wrong_mode(module: str, value: Any) -> tuple[str, str] | None:
    """A mode that means another one than it says, or none."""
    if isinstance(value, bool) or value is None:
        return f"cannot be {_short(value)}.", 'Write the digits in quotes, as in "0600".'
    if isinstance(value, int):
        digits, what = str(value), f"is the number {value}, which has other digits as a mode."
        as_it_looks = f"{int(digits, 8):04o}" if set(digits) <= set("01234567") else None
        # YAML makes a number of base eight of 0644, and of base ten of 644
        meant = dict.fromkeys(one for one in (as_it_looks, f"{value:04o}") if one is not None)
        shown = " or ".join(f'"{one}"' for one in meant if set(one[:-4]) <= {"0"})
        return what, f"Write the digits that you mean in quotes: {shown or 'four at most'}."
    text = str(value)
    if text == "preserve" and module in _PRESERVES:
        return None
    try:
        mode = int(text, 8)
    except ValueError:
        try:
            file = SimpleNamespace(st_mode=stat.S_IFREG | 0o644)
            mode = AnsibleModule._symbolic_mode_to_octal(file, text)
        except ValueError:
            return f"cannot be {_short(value)}.", 'Write it as in "0640" or "u=rw,g=r,o=".'
    if mode != stat.S_IMODE(mode):
        return f"cannot be {_short(value)}.", 'Write four digits at most, as in "0640".'
    return None


def _short(value: Any) -> str:
    return "".join(repr(value))[:80]
