"""What a listing calls deleted, or names no more, is asked for by its id before it is gone.

A listing has called items deleted that were there (onedrive-api-docs#611), and does so on purpose
with what the app may not see any more (driveitem-delta). Only "not there" makes an item gone. What
the same pass says lay in a folder that is not there went with it, and is not asked for. Where an
earlier pass had it says nothing: it may have been moved out before its folder was deleted.
"""

from __future__ import annotations

from collections import defaultdict

from ..counted import plural
from ..graph.connect import Graph
from .asked_for import GONE, UNTOLD, ask_for
from .first_few import first_few
from .listed_items import NEVER_LISTED, name_of, store_items
from .many_at_once import many_at_once
from .source import Source
from .state import DriveState

#: items asked for at the same time
_LOOKS = 16
_NOT_THERE = "asked for, it is not there"
_WITH_FOLDER = "asked for, its folder is not there"


async def ask_for_what_went(graph: Graph, source: Source, state: DriveState, number: int) -> None:
    """Put back what the pass calls gone and what nobody says is not there.

    Of what was deleted in a folder that went only the folder is asked for, unless that turns out to
    be there.

    Raises:
        GraphError: the service is away.
    """
    left = _called_gone(state, number)
    below = defaultdict(list)
    for item, parent in left.items():
        below[parent].append(item)
    while left:
        # what hangs in a ring has nothing above it that could be asked first
        highest = [one for one, parent in left.items() if parent not in left] or list(left)
        gone: list[str] = []

        async def look(item: str, gone: list[str] = gone) -> None:
            told = await ask_for(graph, source, state, number, item)
            if told is GONE:
                _is_gone(state, item, _NOT_THERE)
                gone.append(item)
                return
            with state.transaction():
                if told is UNTOLD:
                    _put_back(state, item, number)
                else:
                    store_items(state, number, [told])
                state.db.execute(
                    "INSERT OR REPLACE INTO kept VALUES (?, ?, ?)",
                    (item, number, told is not UNTOLD),
                )

        await many_at_once(highest, look, _LOOKS)
        for item in highest:
            del left[item]
        while gone:
            for item in below[gone.pop()]:
                if item in left:
                    del left[item]
                    _is_gone(state, item, _WITH_FOLDER)
                    gone.append(item)


def note_what_was_there(state: DriveState, number: int) -> None:
    """Note the items of a pass that are there though its listing called them gone.

    ``map_folders`` first.
    """
    rows = state.db.execute(
        "SELECT k.item_id FROM kept k JOIN items i ON i.item_id = k.item_id"
        " WHERE k.in_pass = ? AND k.told AND i.gone_in_pass IS NULL",
        (number,),
    ).fetchall()
    if rows:
        names = sorted(name_of(state, item) for (item,) in rows)
        state.note(
            number,
            "called gone",
            f"The listing called {len(rows):,} {plural(len(rows), 'item')} deleted, or named"
            f" {plural(len(rows), 'it', 'them')} no more, that"
            f" {plural(len(rows), 'is', 'are')} there: {first_few(names)}.",
        )


def _called_gone(state: DriveState, number: int) -> dict[str, str | None]:
    """Items that the pass calls gone and that nobody asked for yet, and from where it says."""
    return dict(
        state.db.execute(
            "SELECT i.item_id, d.parent_id FROM items i"
            " LEFT JOIN deleted_from d ON d.item_id = i.item_id AND d.in_pass = i.gone_in_pass"
            " WHERE i.gone_in_pass = ?"
            " AND (i.gone_how = 'deleted' OR i.gone_how LIKE 'not returned%')"
            " AND i.gone_how NOT LIKE '%asked for,%' ORDER BY i.item_id",
            (number,),
        )
    )


def _is_gone(state: DriveState, item: str, why: str) -> None:
    state.db.execute(
        "UPDATE items SET gone_how = gone_how || ' (' || ? || ')' WHERE item_id = ?", (why, item)
    )


def _put_back(state: DriveState, item: str, number: int) -> None:
    """Nobody says that it is gone: it stays as it was listed, if it was when the pass began."""
    state.db.execute(
        "UPDATE items SET gone_in_pass = NULL, gone_how = NULL, seen_in_pass = ?"
        " WHERE item_id = ? AND gone_how <> ?",
        (number, item, NEVER_LISTED),
    )
