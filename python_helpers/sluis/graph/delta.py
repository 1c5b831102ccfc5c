"""Everything in a drive, and afterwards what changed: the only listing that is complete.

Paging ``children`` may miss items while somebody writes (docs-contrib
``api-reference/v1.0/api/driveitem-delta.md``). An item may come twice (the last one wins),
unchanged ones may come, empty pages with a nextLink are normal (docs-contrib#1316): only the
deltaLink is the end.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .errors import GraphError, ResyncError
from .links import drive_of, origin, segment
from .pages import follow

if TYPE_CHECKING:
    from .calls import Graph

#: codes that mean "begin again" whatever the status (corso ``graph/errors.go``)
_FORGOTTEN = {"resyncrequired", "syncstatenotfound", "syncstateinvalid"}


@dataclass(frozen=True)
class DeltaPage:
    """One page of a delta.

    Args:
        items: driveItems as Graph gave them; keep them before keeping ``link``.
        link: where to go on: the next page, or when ``complete`` the next pass.
        complete: whether this was the last page of the pass.
    """

    items: list[dict[str, Any]] = field(repr=False)
    link: str = field(repr=False)
    complete: bool


async def delta(
    graph: Graph,
    drive_id: str,
    link: str | None = None,
    *,
    token: str | None = None,
    select: Sequence[str] = (),
    top: int | None = None,
    prefer: Sequence[str] = (),
) -> AsyncGenerator[DeltaPage, None]:
    """The pages of a pass over a drive.

    Args:
        graph: the connection.
        drive_id: the drive.
        link: where to go on, from an earlier page or pass; None begins.
        token: ``latest``, or on Business a timestamp: begin there without what came before.
        select: properties to be given, if not all.
        top: items per page to ask for; a wish, the service may give fewer.
        prefer: ``Prefer`` headers, such as ``hierarchicalsharing``.

    Raises:
        ResyncError: the link is forgotten; enumerate again.
        LoopError: a nextLink led back.
        GraphError: ``delta-without-end`` when the last page had no deltaLink, and what
            :meth:`Graph.call` raises.
    """
    if link is not None and drive_of(link) not in (None, drive_id.casefold()):
        raise ResyncError("required", None)  # whoever gave it: what it lists is another drive's
    params: dict[str, str] = {}
    if token is not None:
        params["token"] = token
    if select:
        params["$select"] = ",".join(select)
    if top is not None:
        params["$top"] = str(top)
    path = link or f"/drives/{segment(drive_id)}/root/delta"
    headers = {"Prefer": ", ".join(prefer)} if prefer else None
    pages = follow(graph, path, params=None if link else params, headers=headers)
    try:
        async for page in pages:
            if page.next_link is not None:
                yield DeltaPage(page.items, page.next_link, complete=False)
            elif page.delta_link is not None:
                yield DeltaPage(page.items, page.delta_link, complete=True)
            else:
                raise GraphError(
                    "delta-without-end",
                    f"The delta of drive {drive_id} stopped without a deltaLink.",
                    "Enumerate again: what was listed may not be everything.",
                )
    except ResyncError:
        raise
    except GraphError as error:
        resync = _resync(graph, error)
        if resync is None:
            raise
        raise resync from None
    finally:
        await pages.aclose()


def _resync(graph: Graph, error: GraphError) -> ResyncError | None:
    codes = {code.lower() for code in error.codes}
    if error.status != 410 and not codes & _FORGOTTEN:
        return None
    kind = "required"
    for word, name in (("applydifferences", "apply"), ("uploaddifferences", "upload")):
        if any(word in code for code in codes):
            kind = f"{name}-differences"
    link = error.headers.get("Location")
    if link is not None and origin(link) != origin(graph.account.cloud.graph):
        link = None  # our token does not go there; from the start is as good
    return ResyncError(
        kind, link, status=error.status, codes=error.codes, request_id=error.request_id
    )
