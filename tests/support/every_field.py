"""A scope that uses every field there is, and every way to change one of them."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from datetime import date, timedelta
from functools import cache
from typing import Any

from pydantic import ValidationError

from sluis.scope.model import ScopeDocument
from support.scopes import scope_dict, tuples

Path = tuple[str | int, ...]


def _everything() -> dict[str, Any]:
    both = {"nl": "Een schijf.", "en": "A disk."}
    base = scope_dict()["assets"][1]
    party = {"by": "client", "person": "The practice manager"}
    extra = [
        {
            **base, "id": "old-share", "name": both, "host": ..., "kind": "share",
            "location": "//old/i-drive", "exclude": ..., "allowed_locations": ...,
            "size": ..., "items": ..., "newest": ...,
            "unknown_because": "The old supplier gives no access.",
            "ends_on": date(2027, 6, 30), "management": party,
            "disposition": {
                "what": "client moves it", "to": {"nl": "De map.", "en": "The folder."},
                "owner": "A. Client", "deadline": date(2027, 5, 1),
                "if_late": {"nl": "Wij bellen.", "en": "We call."},
                "landing": {
                    "tenant": "new", "drive": "b!three", "folder": "From I",
                    "account": "user03@new.example",
                },
            },
        },
        {
            **base, "id": "mail", "kind": "mailbox", "name": "Mail", "location": "info@example",
            "host": "h4", "exclude": ..., "ends_on": date(2027, 6, 30), "items": 0, "size": 0,
            "newest": ...,
            "disposition": {
                "what": "migrate", "to": "The new tenant.", "by": date(2027, 5, 1),
                "old_copy": "It stays readable for a month.",
            },
        },
        {
            **base, "id": "team", "kind": "sharepoint", "name": "The team's library",
            "host": "h4", "exclude": ..., "location": "https://old.example/sites/team",
            "ends_on": date(2027, 6, 30),
            "origin": {
                "by": "tenant", "tenant": "old", "drive": "b!one", "versions": "list",
                "as_it_came": [
                    {"path": "Photos/a.jpg", "sha256": "ef" * 32,
                     "words": {"nl": "Het is te kort.", "en": "It is too short."}},
                ],
            },
            "disposition": {
                "what": "migrate", "to": "The new tenant's library.", "by": date(2027, 5, 1),
                "old_copy": "It stays there until the old tenant ends.",
                "into": {
                    "tenant": "new", "drive": "b!two", "folder": "Team/Old",
                    "conflicts": "keep both", "check": "the service's hash",
                    "rights": False, "leave_out": ["shortcut", "too-large"], "gone": "keep",
                    "names": {
                        "characters": "_", "reserved": "-", "shorten": True, "tell_apart": True,
                    },
                },
            },
        },
        {
            **base, "id": "homes", "kind": "home drives", "name": "H-drives", "host": "h4",
            "exclude": ..., "location": "//old/h",
            "origin": {"by": "sftp", "server": "old-files", "folder": "/srv/h"},
        },
        {
            **base, "id": "scans", "kind": "share", "name": "Scans", "host": "h4",
            "exclude": ..., "location": "//old/scans",
            "origin": {"by": "folder", "folder": "/mnt/scans"},
        },
        {
            **base, "id": "disk", "name": "The old disk", "location": "/srv/old",
            "open_questions": [
                {"question": both, "asked_of": "A. Client", "asked_on": date(2026, 11, 1)},
            ],
            "disposition": {
                "what": "destroy", "day": date(2027, 3, 1), "words": "We wipe it.",
                "in_change": "CHG-2000",
            },
        },
    ]  # fmt: skip
    value = scope_dict({
        "documents": [{"id": "terms", "title": "Terms", "file": "terms.pdf", "sha256": "ab" * 32}],
        "freshness_hours": 20, "job": "migration", "time_zone": "Europe/Amsterdam",
        "signers.1": {"name": "B. Client", "role": "owner", "ssh_principal": "b@practice"},
        "risks.0.words": {"nl": "Het kan breken.", "en": "It can break."},
    })  # fmt: skip
    value["assets"] += [
        {key: item for key, item in asset.items() if item is not ...} for asset in extra
    ]
    value["people"] = [
        {"was": "user01@old.example", "becomes": "user01@new.example"},
        {"was": "user02@old.example", "because": {"nl": "Is weg.", "en": "Has left."}},
    ]
    value["freeze"] = {
        "who": "A. Client", "words": {"nl": "De site gaat op slot.", "en": "The site is locked."},
    }  # fmt: skip
    value["risks"] += [
        {"id": f"r-{asset['id']}", "asset": asset["id"], "words": f"{asset['id']} can be lost.",
         "we_do": "We count it."}
        for asset in extra
    ]  # fmt: skip
    value["risks"].append({"id": "second", "asset": "disk", "words": "It can drop.", "we_do": "-"})
    result: dict[str, Any] = tuples(value)
    return result


SCOPE_WITH_EVERYTHING = _everything()

#: other values for a field of which only some are allowed
_OTHER_CHOICES = {
    "what": (), "by": (),  # another choice needs other fields beside it
    "schema_version": (),  # there is only one
    "time_zone": ("Europe/Brussels",),
    "kind": ("sqlite", "other", "mariadb"),
    "data_class": ("ordinary", "personal", "special"),
    "criticality": ("low", "normal", "vital"),
    "language": ("nl", "en"),
    "country": ("FR",),
    "conflicts": ("fail", "keep both", "skip equal"),
    "gone": ("stop", "keep", "set aside"),
    "check": ("every byte", "the service's hash"),
    "characters": ("=",),
    "versions": ("none", "list", "all"),
    "leave_out": ("corrupt",),
    "reserved": ("=",),
    "folder": ("/srv/other", "Other"),
    "when": (date(2027, 1, 31),),
    "ends_on": (date(2027, 7, 31),),
    "sha256": ("cd" * 32,),
}  # fmt: skip


@cache
def changed_once() -> tuple[tuple[Path, ScopeDocument], ...]:
    """Every document that differs from the full one in one leaf or one left-out field.

    Raises:
        AssertionError: a leaf cannot be changed at all, so nothing would test it.
    """
    return tuple(_changed_once())


def _changed_once() -> Iterator[tuple[Path, ScopeDocument]]:
    stuck: dict[tuple[str, ...], Path] = {}
    moved: set[tuple[str, ...]] = set()
    for path, value in _leaves(SCOPE_WITH_EVERYTHING, ()):
        if path[-1] in ("what", "schema_version") or path == ("job",):
            continue  # another job may have no landing folder
        if path[-1] == "by" and isinstance(value, str):
            continue
        generic = tuple(step for step in path if isinstance(step, str))
        stuck.setdefault(generic, path)
        for other in _others(path, value):
            document = _try(path, other)
            if document is not None:
                moved.add(generic)
                yield path, document
    assert not (left := stuck.keys() - moved), f"nothing else can be written at {left}"
    for path in _optional(SCOPE_WITH_EVERYTHING, ()):
        document = _try(path, ...)
        if document is not None:
            yield (*path, "(left out)"), document


def _try(path: Path, other: Any) -> ScopeDocument | None:
    value: Any = _mutable(SCOPE_WITH_EVERYTHING)
    place = value
    for step in path[:-1]:
        place = place[step]
    old = place[path[-1]]
    if other is ...:
        del place[path[-1]]
    else:
        place[path[-1]] = other
    if path[-1] == "id" and path[0] == "assets":
        for risk in value["risks"]:
            if risk["asset"] == old:
                risk["asset"] = other
    try:
        return ScopeDocument.model_validate(tuples(value))
    except ValidationError:
        return None


def _others(path: Path, value: Any) -> tuple[Any, ...]:
    name = next(step for step in reversed(path) if isinstance(step, str))
    if isinstance(value, bool):
        return (not value,)
    if isinstance(value, int):
        return (value + 1,)
    if isinstance(value, date):
        return (value + timedelta(days=1), value - timedelta(days=1))
    choices = _OTHER_CHOICES.get(str(name))
    if choices:
        return tuple(choice for choice in choices if choice != value)
    if name == "asset":
        return tuple(asset for asset in ("mail", "letters", "disk") if asset != value)
    if name == "account":
        return (f"{value}x",)
    return (f"{value}x", f"{value} and more")


def _leaves(value: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _leaves(item, (*path, key))
    elif isinstance(value, tuple):
        for number, item in enumerate(value):
            yield from _leaves(item, (*path, number))
    else:
        yield path, value


def _optional(value: Any, path: Path) -> Iterator[Path]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield (*path, key)
            yield from _optional(item, (*path, key))
    elif isinstance(value, tuple):
        for number, item in enumerate(value):
            yield (*path, number)
            yield from _optional(item, (*path, number))


def _mutable(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _mutable(item) for key, item in value.items()}
    if isinstance(value, tuple):
        return [_mutable(item) for item in value]
    return copy.copy(value)
