"""Pages of a collection: how many entries, and the link to the rest."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any, TypeVar
from urllib.parse import urlencode

from sluis.rehearsal.tenant.api_error import ApiError
from sluis.rehearsal.tenant.call import Call

T = TypeVar("T")


def page_size(call: Call, usual: int, largest: int) -> int:
    """How many entries a page has: ``$top`` is a request, not a promise; ApiError 400."""
    asked = call.option("top")
    if not asked:
        return usual
    if not asked.isascii() or not asked.isdigit() or int(asked) == 0:
        raise ApiError(400, "invalidRequest", "The value of $top must be a positive number.")
    return min(int(asked), largest)


def one_page(
    call: Call, entries: Sequence[T], usual: int, largest: int
) -> tuple[Sequence[T], str | None]:
    """The entries of the page that is asked for, and the link to the next, if any."""
    size = page_size(call, usual, largest)
    start = _start(call)
    following = start + size
    link = None
    if following < len(entries):
        link = here(call, {"$skiptoken": _token(following)})
    return entries[start:following], link


def here(call: Call, change: dict[str, str]) -> str:
    """The call's own address with a changed query."""
    query = {**call.query, **change}
    return f"{call.base}{call.address}?{urlencode(query)}"


def collection(
    call: Call, context: str, value: list[dict[str, Any]], link: str | None
) -> dict[str, Any]:
    """A page as Graph writes it."""
    made: dict[str, Any] = {"@odata.context": f"{call.base}/{call.version}/$metadata#{context}"}
    if link:
        made["@odata.nextLink"] = link
    made["value"] = value
    return made


def select(call: Call, entry: dict[str, Any]) -> dict[str, Any]:
    """The entry with only the members that ``$select`` names; all without it."""
    wanted = {name.lower() for name in call.selected()}
    if not wanted or "*" in wanted:
        return entry
    wanted |= set(call.expanded())
    if "content.downloadurl" in wanted:
        wanted.add("@microsoft.graph.downloadurl")
    return {
        name: value
        for name, value in entry.items()
        if name.lower() in wanted or name.startswith("@odata.") or name == "deleted"
    }


def nested(call: Call, name: str, entry: dict[str, Any]) -> dict[str, Any]:
    """An expanded relation with only the members that its own ``$select`` names."""
    inside = call.expanded().get(name.lower(), "")
    names = inside.partition("=")[2].split(",") if inside else []
    wanted = {one.strip().lower() for one in names}
    return {key: value for key, value in entry.items() if not wanted or key.lower() in wanted}


def selects(call: Call, name: str) -> bool:
    """Whether ``$select`` names this member."""
    return name.lower() in {one.lower() for one in call.selected()}


def _token(start: int) -> str:
    return base64.urlsafe_b64encode(f"Paged=TRUE&p={start}".encode()).decode("ascii")


def _start(call: Call) -> int:
    token = call.query.get("$skiptoken")
    if not token:
        return 0
    try:
        text = base64.urlsafe_b64decode(token.encode("ascii")).decode("ascii")
        head, _, number = text.rpartition("=")
        if head != "Paged=TRUE&p" or not number.isdigit():
            raise ValueError(text)
    except ValueError as error:
        raise ApiError(400, "invalidRequest", "The skip token is not valid.") from error
    return int(number)
