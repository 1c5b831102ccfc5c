"""What else a tenant holds: mailboxes, teams, plans, forms and so on.

We do not move these, but the client must give each a disposition, so they are listed: what
the app's rights show by name, and what they do not show as "could not be seen". Kinds for
which Graph has no interface at all are listed too, as something to ask about.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from ..graph.connect import Graph
from ..graph.errors import GraphError
from .refused_alone import raise_unless_tenant_answers
from .tenant_manifest import Gap

#: how many names of one kind are kept; the count is always the whole
_MOST_NAMES = 1000


@dataclass(frozen=True, slots=True)
class Workload:
    """One kind of data in the tenant that is not files.

    Args:
        kind: ``mailboxes``, ``teams``, ``planner`` …
        count: how many there are; ``None`` when that could not be seen.
        names: of them, at most a thousand.
        seen: whether it was looked at. ``False`` means that nobody knows.
        how: one sentence: how it was seen, or why not.
    """

    kind: str
    count: int | None
    names: tuple[str, ...]
    seen: bool
    how: str

    def as_data(self) -> dict[str, Any]:
        """The workload as plain JSON data."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class _Look:
    """How one kind is looked for.

    Args:
        kind: of workload.
        place: a Graph listing.
        params: its query.
        needs: the right that shows it, for the message.
        keep: which entries count.
    """

    kind: str
    place: str
    params: dict[str, str]
    needs: str
    keep: Callable[[dict[str, Any]], bool] = lambda _: True


_TEAMS = {"$filter": "resourceProvisioningOptions/Any(x:x eq 'Team')", "$select": "id,displayName"}
_LOOKS = (
    _Look(
        "mailboxes",
        "/users",
        {"$select": "id,displayName,mail,userPrincipalName"},
        "User.Read.All",
        lambda user: bool(user.get("mail")),
    ),
    _Look(
        "Microsoft 365 groups (group mailbox and calendar)",
        "/groups",
        {"$filter": "groupTypes/any(c:c eq 'Unified')", "$select": "id,displayName"},
        "Group.Read.All",
    ),
    _Look("Teams (chats, channels, meetings)", "/groups", _TEAMS, "Group.Read.All"),
    _Look("Bookings", "/solutions/bookingBusinesses", {}, "Bookings.Read.All"),
    _Look("shared contacts", "/contacts", {"$select": "id,displayName"}, "OrgContact.Read.All"),
)
#: kinds that app-only Graph cannot list in a tenant, and where to ask instead
_BLIND = (
    ("Planner", "Graph lists plans per group and only of groups the app may read, never all."),
    ("To Do", "Graph lists it per person and only for a person who signed in."),
    ("Forms", "Graph has no interface for Forms; ask each team for theirs."),
    ("Power Automate and Power Apps", "They belong to Power Platform, which Graph does not list."),
    ("Power BI", "It has an interface of its own, which Graph does not list."),
    ("Stream (classic), Whiteboard, Loop, Sway", "Graph does not list them for a whole tenant."),
    (
        "SharePoint beside lists and libraries (navigation, workflows, term store, web parts)",
        "Graph lists none of them for a whole tenant; ask who keeps the sites.",
    ),
    ("Viva Engage", "It has an interface of its own, which Graph does not list."),
    ("archive and shared mailboxes, public folders", "Only Exchange's own tools list them all."),
)


async def discover_workloads(graph: Graph) -> tuple[tuple[Workload, ...], tuple[Gap, ...]]:
    """List what else there is.

    Returns:
        every kind, seen or not, and a gap for each that was not seen.

    Raises:
        GraphError: the service answers no other call either.
    """
    found, gaps = [], []
    for look in _LOOKS:
        workload = await _look(graph, look)
        found.append(workload)
        if not workload.seen:
            gaps.append(Gap(look.kind, "the tenant", workload.how))
    for kind, why in _BLIND:
        found.append(Workload(kind, None, (), seen=False, how=why))
        gaps.append(Gap(kind, "the tenant", why))
    return tuple(found), tuple(gaps)


async def _look(graph: Graph, look: _Look) -> Workload:
    names: list[str] = []
    count = 0
    try:
        async for page in graph.pages(look.place, params=look.params or None):
            for entry in page.items:
                if look.keep(entry):
                    count += 1
                    if len(names) < _MOST_NAMES:
                        names.append(str(entry.get("mail") or entry.get("displayName") or ""))
    except GraphError as error:
        await raise_unless_tenant_answers(graph, error)
        needs = f"The app lacks {look.needs}, which shows them. " if error.status == 403 else ""
        how = f"{needs}{error.what}"
        return Workload(look.kind, None, (), seen=False, how=how)
    return Workload(look.kind, count, tuple(names), seen=True, how=f"Listed from {look.place}.")
