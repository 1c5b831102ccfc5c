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

from ..counted import plural
from ..graph.answer import item_of
from ..graph.connect import Graph
from ..graph.delta import delta
from ..graph.errors import GraphError, LoopError, ResyncError
from .asked_for import GONE, UNTOLD, as_there, ask_for
from .called_gone import ask_for_what_went, note_what_was_there
from .first_few import first_few
from .listed_items import (
    Counted,
    apply_page,
    begin_anew,
    children_of,
    counted,
    go_on_listing,
    has_part,
    is_known,
    live_items,
    map_folders,
    miscounted,
    more_roots,
    name_of,
    named_only,
    part_of,
    settle,
    settle_below,
    store_items,
    strays,
    uncounted,
)
from .refused_alone import raise_unless_alone
from .source import Source
from .state import DriveState, Pass
from .tenant_manifest import UNCOUNTED

#: how often a listing that loops or is forgotten begins anew before we give up
_MOST_RESTARTS = 5
#: how often the tree is put right and looked at again; each round goes one folder deeper
#: into what delta did not tell
_MOST_ROUNDS = 2_000

#: a right that was given or taken away is told only so, and rightly only to full control; the
#: first is refused without the other two (driveitem-delta; onedrive-api-docs#1298)
_SHARING = ("deltashowsharingchanges", "deltashowremovedasdeleted", "deltatraversepermissiongaps")

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
    graph: Graph,
    source: Source,
    state: DriveState,
    progress: Progress | None = None,
    *,
    full_control: bool = False,
) -> Listing:
    """List the drive of the state's current pass to its deltaLink, from where it stands.

    Args:
        source: a drive.
        state: with a pass begun.
        progress: called after each page.
        full_control: whether the app has it; items of which only the rights changed are then asked
            for too. Without it what the app may not see any more would come as deleted.

    Raises:
        LoopError: the links went in circles, however often we began anew.
        GraphError: the service refused.
    """
    current = _current(state)
    if not current.listed:
        with _no_collecting():
            await _to_the_end(graph, source, state, progress, _SHARING if full_control else ())
    current = _current(state)
    known = state.recall("checked") or {}
    if known.get("pass") == current.number:
        map_folders(state)
        return Listing(counted(state), *known["figures"])
    await _settle(graph, source, state, current)
    sharing = _SHARING if full_control else ()
    listing = await _put_right(graph, source, state, current.number, progress, sharing)
    await _compare_quota(graph, source, state, current.number, listing.counted)
    figures = [listing.checked_folders, listing.found, listing.ghosts, listing.hidden]
    known = {"pass": current.number, "figures": figures, "items": live_items(state)}
    state.remember("checked", known)
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
    graph: Graph,
    source: Source,
    state: DriveState,
    progress: Progress | None,
    sharing: tuple[str, ...],
) -> None:
    while True:
        current = _current(state)
        try:
            prefer = ("hierarchicalsharing", *sharing)
            listed = delta(graph, source.drive_id, current.link, top=_PAGE, prefer=prefer)
            async with contextlib.aclosing(listed) as pages:
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
        except GraphError as error:
            if error.status != 400 or not sharing:
                raise
            sharing = ()
            why = "The service does not list items of which only the rights changed: " + error.what
            state.note(current.number, "sharing changes", why)


def _again(state: DriveState, current: Pass, error: GraphError) -> None:
    """Begin the listing anew, unless that was tried often enough."""
    if _current(state).restarts >= _MOST_RESTARTS:
        # the next run begins with a clean slate, not with the link that goes in circles
        begin_anew(state, current.number, None, None)
        state.db.execute("UPDATE passes SET restarts = 0 WHERE number = ?", (current.number,))
        raise error


async def _put_right(
    graph: Graph,
    source: Source,
    state: DriveState,
    number: int,
    progress: Progress | None,
    sharing: tuple[str, ...],
) -> Listing:
    """Look again wherever the tree does not fit, until it fits or nothing new is found.

    What is not there then may have been deleted meanwhile, of which the listing tells when it
    goes on. It does not when a folder was deleted and made again (docs-contrib#8794): a whole
    listing tells that, and what it still names stays, and is said.
    """
    known = set(state.recall("ghosts") or ())
    fitting = await _fit(graph, source, state, number)
    ghosts = set(fitting.ghosts)
    if fitting.ghosts:
        go_on_listing(state, number)
        await _to_the_end(graph, source, state, progress, sharing)
        fitting = await _settled(graph, source, state, number, fitting)
        ghosts |= fitting.ghosts
    if (left := await _still(graph, source, state, number, ghosts)) - known:
        begin_anew(state, number, None, None)
        state.note(
            number,
            "ghosts",
            f"{len(left):,} {plural(len(left), 'item was', 'items were')} not there; it was "
            "listed anew.",
        )
        await _to_the_end(graph, source, state, progress, sharing)
        fitting = await _settled(graph, source, state, number, fitting)
        ghosts |= fitting.ghosts
        left = await _still(graph, source, state, number, ghosts)
    state.remember("ghosts", sorted(left))
    return _say_what_is_left(source, state, number, fitting, ghosts, left)


async def _settle(graph: Graph, source: Source, state: DriveState, current: Pass) -> None:
    """After the last page: what is gone is gone, and nothing else."""
    settle(state, current)
    await ask_for_what_went(graph, source, state, current.number)
    settle_below(state, current.number)
    map_folders(state)


@dataclass(frozen=True)
class _Fitting:
    """What came of fitting a tree to its own counts.

    Args:
        checked: folders that were listed once more.
        found: items that those listings had and delta had not.
        ghosts: items that delta had and that are not there.
    """

    checked: set[str]
    found: int
    ghosts: set[str]


async def _settled(
    graph: Graph, source: Source, state: DriveState, number: int, before: _Fitting
) -> _Fitting:
    """The same once more, after the listing went on."""
    await _settle(graph, source, state, _current(state))
    now = await _fit(graph, source, state, number)
    return _Fitting(before.checked | now.checked, max(before.found, now.found), now.ghosts)


async def _fit(graph: Graph, source: Source, state: DriveState, number: int) -> _Fitting:
    checked: set[str] = set()
    asked: set[str] = set()
    ghosts: set[str] = set()
    found = 0
    for _round in range(_MOST_ROUNDS):
        found += await _hang(graph, source, state, number, asked, ghosts)
        wrong = [row[0] for row in miscounted(state)]
        # the drive's own listing is that of its root
        wrong += [folder for folder, path in uncounted(state) if path]
        todo = [folder for folder in wrong if folder not in checked]
        if not todo:
            break
        for folder in todo:
            checked.add(folder)
            more, fewer = await _list_again(graph, source, state, number, folder)
            found, ghosts = found + more, ghosts | fewer
        settle_below(state, number)
        map_folders(state)
    else:
        why = f"The tree was looked into {_MOST_ROUNDS} times and still did not fit its own counts."
        state.could_not(number, "items", source.name, why)
    return _Fitting(checked, found, ghosts)


async def _still(
    graph: Graph, source: Source, state: DriveState, number: int, ghosts: set[str]
) -> set[str]:
    """Those that the listing has, and that are not there."""
    left = set()
    for item in sorted(ghosts):
        if is_known(state, item) and await ask_for(graph, source, state, number, item) is GONE:
            left.add(item)
    return left


def _say_what_is_left(
    source: Source,
    state: DriveState,
    number: int,
    fitting: _Fitting,
    ghosts: set[str],
    left: set[str],
) -> Listing:
    loose = {item for item, _parent in strays(state)}
    for item in sorted(loose):
        why = "The item is listed, but none of its parents can be had, so it has no path."
        state.could_not(number, "place of an item", f"{source.name}: {name_of(state, item)}", why)
    for item in sorted(left - loose):
        why = (
            "The listing names it and does not call it deleted, and asked for it the service says"
            " that it is not there. It may be restricted to its owner (docs-contrib#442)."
        )
        state.could_not(number, "items", f"{source.name}: {name_of(state, item)}", why)
    for item in more_roots(state):
        why = "It calls itself the drive's root, as another does, so it has no name and no path."
        state.could_not(number, "place of an item", f"{source.name}: {name_of(state, item)}", why)
    if blind := uncounted(state):
        some = first_few([path or "the library itself" for _, path in blind])
        why = (
            f"{len(blind)} do not tell how many items they hold ({some}), as notebooks never"
            " do. Each was listed twice, by itself and with the drive; what neither listing shows"
            " is not known of."
        )
        state.could_not(number, UNCOUNTED, source.name, why)
    hidden = 0
    for folder, path, count, listed in miscounted(state):
        if count > listed and folder in fitting.checked:
            hidden += count - listed
            state.could_not(
                number,
                "items",
                f"{source.name}/{path}".rstrip("/"),
                f"The folder counts {count} children and the service shows {listed}. Items under"
                " a retention label or with restricted access are left out silently for an app"
                " without Sites.FullControl.All (microsoft-graph-docs#11561).",
            )
    note_what_was_there(state, number)
    return Listing(counted(state), len(fitting.checked), fitting.found, len(ghosts), hidden)


async def _list_again(
    graph: Graph, source: Source, state: DriveState, number: int, folder: str
) -> tuple[int, set[str]]:
    """List one folder's children: how many more there are than known, and which are not there.

    What is not there may be deleted, or hidden from us (docs-contrib#442): the next delta tells.
    A folder that the service does not list stays as delta told it, and that is said.
    """
    place = source.item_place(folder)
    shown: dict[str, dict[str, Any]] = {}
    try:
        async with contextlib.aclosing(graph.pages(f"{place}/children")) as pages:
            async for page in pages:
                for item in named_only(state, number, page.items):
                    shown[item["id"]] = item
        # The folder itself after its children: a child made in between is counted and not
        # shown, which is said as a gap; the other way round it would be hidden.
        told = as_there(item_of(await graph.get(place), place, folder))
    except GraphError as error:
        if error.status in (404, 410):
            return 0, {folder}
        await raise_unless_alone(graph, source.drive_place(), error)
        why = f"It does not fit its own count, and could not be listed once more: {error.what}"
        state.could_not(number, "items", f"{source.name}: {name_of(state, folder)}", why)
        return 0, set()
    for one in [item for item in shown if has_part(shown[item], "deleted")]:
        asked = await ask_for(graph, source, state, number, one)
        if asked is GONE:
            del shown[one]
        else:
            shown[one] = asked or as_there(shown[one])
    known = children_of(state, folder)
    elsewhere, ghosts = [], set()
    for one in sorted(set(known) - set(shown)):
        moved = await ask_for(graph, source, state, number, one)
        if moved is GONE:
            ghosts.add(one)
        elif moved is not UNTOLD:
            elsewhere.append(moved)
    with state.transaction():
        store_items(state, number, [told, *shown.values(), *elsewhere])
    return len(set(shown) - set(known)), ghosts


async def _hang(
    graph: Graph,
    source: Source,
    state: DriveState,
    number: int,
    asked: set[str],
    ghosts: set[str],
) -> int:
    """Find the place of items whose parent no page told of; how many parents were had.

    Items that are not there themselves are added to ``ghosts``.
    """
    had = 0
    while loose := strays(state):
        ids = {parent for _item, parent in loose if parent and not is_known(state, parent)}
        ids = (ids - asked) or ({item for item, _parent in loose} - asked)
        if not ids:
            break
        for one in sorted(ids):
            asked.add(one)
            told = await ask_for(graph, source, state, number, one)
            if told is GONE and is_known(state, one):
                ghosts.add(one)
            elif told:
                store_items(state, number, [told])
                had += 1
        settle_below(state, number)
        map_folders(state)
    return had


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
    used = part_of(drive, "quota").get("used")
    if not isinstance(used, int) or isinstance(used, bool):
        state.note(number, "quota", "The drive does not say how much it holds.")
    else:
        state.note(
            number,
            "quota",
            f"The drive says it holds {used:,} {plural(used, 'byte')}; the files listed add "
            f"up to {total.bytes:,}."
            " Earlier versions count in the first figure only.",
        )


def _current(state: DriveState) -> Pass:
    current = state.current_pass()
    if current is None:
        raise ValueError("no pass was begun in this state")
    return current
