"""Calls on groups, shared contacts and booking pages: listed, not changed."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from sluis.rehearsal.tenant.api_error import ApiError
from sluis.rehearsal.tenant.call import Answer, Call
from sluis.rehearsal.tenant.organisation import Group
from sluis.rehearsal.tenant.paging import collection, one_page, select

#: the two questions on groups that Microsoft's pages on listing groups and teams give
_FILTERS: tuple[tuple[re.Pattern[str], Callable[[Group], bool]], ...] = (
    (
        re.compile(r"grouptypes/any\(\s*(\w+)\s*:\s*\1\s+eq\s+'unified'\s*\)"),
        lambda group: group.site is not None,
    ),
    (
        re.compile(r"resourceprovisioningoptions/any\(\s*(\w+)\s*:\s*\1\s+eq\s+'team'\s*\)"),
        lambda group: group.team,
    ),
)


class _Entry(Protocol):
    """What is listed here."""

    @property
    def id(self) -> str: ...

    def as_json(self) -> dict[str, Any]: ...


def list_groups(call: Call, groups: Sequence[Group]) -> Answer:
    """``GET groups``; ApiError 400 for a filter that is not one of the two known ones."""
    return list_entries(call, _filtered(call.option("filter"), groups), "groups")


def list_entries(call: Call, entries: Sequence[_Entry], context: str) -> Answer:
    """A listing; 100 a page."""
    page, link = one_page(call, entries, 100, 999)
    value = [select(call, entry.as_json()) for entry in page]
    return Answer(200, collection(call, context, value, link))


def one_entry(call: Call, entries: Sequence[_Entry], name: str, context: str) -> Answer:
    """One entry by its id; ApiError 404."""
    found = next((entry for entry in entries if entry.id.lower() == name.lower()), None)
    if found is None:
        raise missing(name)
    made = {"@odata.context": f"{call.base}/{call.version}/$metadata#{context}/$entity"}
    return Answer(200, {**made, **select(call, found.as_json())})


def missing(name: str) -> ApiError:
    """The answer for what the directory does not have."""
    return ApiError(
        404,
        "Request_ResourceNotFound",
        f"Resource '{name}' does not exist or one of its queried reference-property "
        "objects are not present.",
    )


def _filtered(given: str, groups: Sequence[Group]) -> Sequence[Group]:
    if not given:
        return groups
    for pattern, keep in _FILTERS:
        if pattern.fullmatch(given.strip().lower()):
            return [group for group in groups if keep(group)]
    raise ApiError(400, "Request_UnsupportedQuery", "Unsupported or invalid query filter clause.")
