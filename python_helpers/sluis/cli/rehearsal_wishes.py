"""What is said on the command line of a rehearsal as ``NAME=VALUE``: traits, and what is in it."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from sluis.cli.plainly import plainly
from sluis.errors import InputError
from sluis.plan.faults import did_you_mean

if TYPE_CHECKING:
    from sluis.rehearsal.tenant.settings import Population
    from sluis.rehearsal.tenant.weather import Weather

#: settings of the weather that are no share of anything
_NO_SHARE = frozenset({"retry_after"})
#: what can be in a tenant besides plain files, by number
_CONTENTS = (
    "groups",
    "teams",
    "security_groups",
    "contacts",
    "bookings",
    "subsites",
    "lists",
    "pages",
    "hidden_libraries",
    "encrypted",
    "twins",
    "shortcuts",
    "without_hash",
)
_MOST = 1_000


def with_traits(weather: Weather, given: Sequence[str]) -> Weather:
    """The weather with these traits.

    Args:
        given: each as ``locked=0.1``, or ``no_quota=empty``.

    Raises:
        InputError: ``unknown-trait``, ``bad-trait``.
    """
    shares = {
        one.name
        for one in dataclasses.fields(weather)
        if isinstance(one.default, float) and one.name not in _NO_SHARE
    }
    made: dict[str, float | str] = {}
    for name, value in (_parted(one, "--trait", [*shares, "no_quota"]) for one in given):
        if name == "no_quota":
            if value not in ("empty", "zeros"):
                raise _bad("--trait", name, "empty or zeros")
            made[name] = value
            continue
        try:
            share = float(value)
        except ValueError:
            share = math.nan
        if not 0 <= share <= 1:
            raise _bad("--trait", name, "a share between 0 and 1, such as 0.1")
        made[name] = share
    return dataclasses.replace(weather, **made)  # type: ignore[arg-type]


def with_contents(population: Population, given: Sequence[str]) -> Population:
    """The population with these things in it.

    Args:
        given: each as ``groups=2``.

    Raises:
        InputError: ``unknown-trait``, ``bad-trait``.
    """
    made: dict[str, int] = {}
    for name, value in (_parted(one, "--with", _CONTENTS) for one in given):
        if not value.isascii() or not value.isdecimal() or int(value) > _MOST:
            raise _bad("--with", name, f"a whole number up to {_MOST}")
        made[name] = int(value)
    return dataclasses.replace(population, **made)  # type: ignore[arg-type]


def _parted(given: str, option: str, known: Sequence[str]) -> tuple[str, str]:
    name, _, value = given.partition("=")
    name = name.strip().replace("-", "_")
    if name not in known:
        raise InputError(
            "unknown-trait",
            f"{option}: there is no {plainly(name, limit=60)}.",
            did_you_mean(name, known, f"take one of {', '.join(sorted(known))}."),
        )
    return name, value.strip()


def _bad(option: str, name: str, wanted: str) -> InputError:
    return InputError(
        "bad-trait",
        f"{option}: what is said of {name} cannot be used.",
        f"Write {name}= and {wanted}.",
    )
