"""What came of one try at a check, and how a check's description is read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Mapping

from ..border.verbs.service_check import Why
from ..errors import InputError


@dataclass(frozen=True)
class Answer:
    """``passed`` is ``None`` when the check could not be made; ``detail`` says why.

    ``detail`` goes into the record for good, so it holds no data of the client. ``why`` and ``to``
    are as in ``Result`` of the border.
    """

    passed: bool | None
    detail: str
    why: Why = "looked"
    to: str | None = None


def text(check: Mapping[str, Any], name: str, default: str | None = None) -> str:
    """A text of a check's description.

    Raises:
        InputError: ``bad-check``.
    """
    value = check.get(name)
    if value is None and default is not None:
        return default
    if not isinstance(value, str) or not value:
        raise bad_check(check, f"has no {name}")
    return value


def number(
    check: Mapping[str, Any], name: str, default: float | None, least: float, most: float
) -> float:
    """A number of a check's description, within bounds.

    Raises:
        InputError: ``bad-check``.
    """
    value = check.get(name)
    if value is None:
        value = default
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise bad_check(check, f"has no number for {name}")
    if not least <= value <= most:
        raise bad_check(check, f"has {name} {value}; it must lie between {least} and {most}")
    return value


def bad_check(check: Mapping[str, Any], what: str) -> InputError:
    """The error for a description that cannot be used."""
    return InputError(
        "bad-check",
        f"The check {str(check.get('id'))[:80]!r} {what}.",
        "Correct it under service_checks_list; ansible-doc -t role -r roles service_checks "
        "describes every field.",
    )
