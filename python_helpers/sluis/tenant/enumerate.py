"""List a drive to the end, and say how sure we are that the end is the end.

Delta is the only listing that Microsoft calls complete; and even that has been seen to
leave things out (retention labels without full control, microsoft-graph-docs#11561; a
folder deleted and made again, docs-contrib#8794). So its result is held against what
each folder counts itself, and where they differ the folder is listed once more.
"""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from ..graph.connect import Graph
from ..graph.delta import delta
from ..graph.errors import GraphError, LoopError, ResyncError
from .listed_items import (
    Counted,
    apply_page,
    begin_anew,
    children_of,
    counted,
    is_known,
    map_folders,
    mark_gone,
    miscounted,
    settle,
    settle_below,
    store_items,
    strays,
    unlisted_packages,
)
from .source import Source
from .state import DriveState, Pass

#: how often a listing that loops or is forgotten begins anew before we give up
_MOST_RESTARTS = 5
#: how often the tree is put right and looked at again; each round goes one folder deeper
#: into what delta did not tell
_MOST_ROUNDS = 40

#: entries of a page that we ask for; a wish only (onedrive-api-docs#1285)
_PAGE = 1000

#: called with the items and pages read so far
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Listing:
    """A finished listing.

    Args:
        counted: what it adds up to.
        checked_folders: folders listed once more because their counts did not fit.
        found: items that those listings had and delta had not.
        ghosts: items that delta still had and that are not there.
        hidden: children that folders count and that nothing shows.
    """

    counted: Counted
    checked_folders: int
    found: int
    ghosts: int
    hidden: int


async def enumerate_drive(
    graph: Graph, source: Source, state: DriveState, progress: Progress | None = None
) -> Listing:
    """List the drive of the state's current pass to its deltaLink, from where it stands.

    Args:
        source: a drive.
        state: with a pass begun.
        progress: called after each page.

    Raises:
        LoopError: the links went in circles, however often we began anew.
        GraphError: the service refused.
    """
    current = _current(state)
    if not current.listed:
        with _no_collecting():
            await _to_the_end(graph, source, state, progress)
    current = _current(state)
    known = state.recall("checked") or {}
    if known.get("pass") == current.number:
        map_folders(state)
        return Listing(counted(state), *known["figures"])
    settle(state, current)
    map_folders(state)
    listing = await _put_right(graph, source, state, current.number)
    await _compare_quota(graph, source, state, current.number, listing.counted)
    figures = [listing.checked_folders, listing.found, listing.ghosts, listing.hidden]
    state.remember("checked", {"pass": current.number, "figures": figures})
    return listing


@contextlib.contextmanager
def _no_collecting() -> Iterator[None]:
    """Without the search for garbage in circles, which a page of items cannot be.

    For each page it looked through tens of thousands of objects for nothing: a tenth of the work.
    """
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


async def _to_the_end(
    graph: Graph, source: Source, state: DriveState, progress: Progress | None
) -> None:
    while True:
        current = _current(state)
        try:
            pages = delta(
                graph, source.drive_id, current.link, top=_PAGE, prefer=("hierarchicalsharing",)
            )
            async for page in pages:
                apply_page(state, current.number, page.items, page.link, complete=page.complete)
                if progress is not None:
                    now = _current(state)
                    progress(now.items, now.pages)
            if _current(state).listed:
                return
            raise LoopError(f"the listing of drive {source.name} (it ended without a deltaLink)")
        except ResyncError as error:
            _again(state, current, error)
            begin_anew(state, current.number, error.link, error.kind)
            state.note(current.number, "resync", f"{error.what} It was listed anew.")
        except LoopError as error:
            _again(state, current, error)
            begin_anew(state, current.number, None, None)
            state.note(current.number, "loop", f"{error.what} It was listed anew.")


def _again(state: DriveState, current: Pass, error: GraphError) -> None:
    """Begin the listing anew, unless that was tried often enough."""
    if _current(state).restarts >= _MOST_RESTARTS:
        # the next run begins with a clean slate, not with the link that goes in circles
        begin_anew(state, current.number, None, None)
        state.db.execute("UPDATE passes SET restarts = 0 WHERE number = ?", (current.number,))
        raise error


async def _put_right(graph: Graph, source: Source, state: DriveState, number: int) -> Listing:
    """Look again wherever the tree does not fit, until it fits or nothing new is found."""
    checked: set[str] = set()
    asked: set[str] = set()
    found = ghosts = 0
    for _round in range(_MOST_ROUNDS):
        found += await _hang(graph, source, state, number, asked)
        wrong = [row[0] for row in miscounted(state)]
        wrong += [row[0] for row in unlisted_packages(state)]
        todo = [folder for folder in wrong if folder not in checked]
        if not todo:
            break
        for folder in todo:
            checked.add(folder)
            more, fewer = await _list_again(graph, source, state, number, folder)
            found, ghosts = found + more, ghosts + fewer
        settle_below(state, number)
        map_folders(state)
    hidden = 0
    for folder, path, count, listed in miscounted(state):
        if count > listed and folder in checked:
            hidden += count - listed
            state.could_not(
                number,
                "items",
                f"{source.name}/{path}".rstrip("/"),
                f"The folder counts {count} children and the service shows {listed}. Items under"
                " a retention label or with restricted access are left out silently for an app"
                " without Sites.FullControl.All (microsoft-graph-docs#11561).",
            )
    return Listing(counted(state), len(checked), found, ghosts, hidden)


async def _list_again(
    graph: Graph, source: Source, state: DriveState, number: int, folder: str
) -> tuple[int, int]:
    """List one folder's children: how many more there are than known, and how many fewer."""
    place = source.item_place(folder)
    shown: dict[str, dict[str, object]] = {}
    try:
        async for page in graph.pages(f"{place}/children"):
            shown.update((item["id"], item) for item in page.items)
        # The folder itself after its children: a child made in between is counted and not
        # shown, which is said as a gap; the other way round it would be hidden.
        told = await graph.get(place)
    except GraphError as error:
        if error.status != 404:
            raise
        mark_gone(state, number, folder, "not there when looked for")
        return 0, 1
    known = children_of(state, folder)
    elsewhere, gone = [], []
    for item in sorted(set(known) - set(shown)):
        moved = await _get(graph, source, item)
        if moved is None:
            gone.append(item)
        else:
            elsewhere.append(moved)
    with state.transaction():
        store_items(state, number, [told, *shown.values(), *elsewhere])
        for item in gone:
            mark_gone(state, number, item, "not there when its folder was listed again")
    return len(set(shown) - set(known)), len(gone)


async def _hang(
    graph: Graph, source: Source, state: DriveState, number: int, asked: set[str]
) -> int:
    """Find the place of items whose parent no page told of; how many parents were had."""
    had = 0
    while loose := strays(state):
        ids = {parent for _item, parent in loose if parent and not is_known(state, parent)}
        ids = (ids - asked) or ({item for item, _parent in loose} - asked)
        if not ids:
            break
        for one in sorted(ids):
            asked.add(one)
            told = await _get(graph, source, one)
            if told is None:
                mark_gone(state, number, one, "not there when looked for")
            else:
                store_items(state, number, [told])
                had += 1
        settle_below(state, number)
        map_folders(state)
    for item, _parent in loose:
        why = "The item is there, but none of its parents can be had, so it has no path."
        state.could_not(number, "place of an item", item, why)
    return had


async def _get(graph: Graph, source: Source, item: str) -> dict[str, Any] | None:
    """An item as it is now; ``None`` when it is not there."""
    try:
        return await graph.get(source.item_place(item))
    except GraphError as error:
        if error.status == 404:
            return None
        raise


async def _compare_quota(
    graph: Graph, source: Source, state: DriveState, number: int, total: Counted
) -> None:
    """Hold the sum of the sizes against what the drive says it holds.

    The drive also counts earlier versions and may count late, so more used than listed
    proves nothing; it is noted. Less used than listed is noted too.
    """
    try:
        drive = await graph.get(source.drive_place())
    except GraphError as error:
        state.could_not(number, "quota", source.name, error.what)
        return
    quota = drive.get("quota") or {}
    used = quota.get("used")
    if used is None:
        state.note(number, "quota", "The drive does not say how much it holds.")
    else:
        state.note(
            number,
            "quota",
            f"The drive says it holds {used} bytes; the files listed add up to {total.bytes}."
            " Earlier versions count in the first figure only.",
        )


def _current(state: DriveState) -> Pass:
    current = state.current_pass()
    if current is None:
        raise ValueError("no pass was begun in this state")
    return current
