"""The drive's listing as it stands in the state: pages go in, a tree comes out.

Facts this copes with: ids are the key; an item can come twice and the last one counts;
deleted items come without a name; a renamed folder comes alone, so a path is never stored
but made from the parents' ids (driveitem-delta docs; microsoft-graph-docs#15378).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeGuard

from .other_hashes import listed_hash
from .state import DriveState, Pass

#: columns of ``items`` that a page gives, in the order of ``_row``
_UPSERT = """
INSERT INTO items (item_id, parent_id, name, type, size, quickxor, etag, created, modified,
    created_by, modified_by, shared, children, extra, times, seen_in_pass)
VALUES (?, ?, CAST(? AS TEXT), ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (item_id) DO UPDATE SET parent_id = excluded.parent_id, name = excluded.name,
    type = excluded.type, size = excluded.size, quickxor = excluded.quickxor,
    etag = excluded.etag, created = excluded.created, modified = excluded.modified,
    created_by = excluded.created_by, modified_by = excluded.modified_by,
    shared = excluded.shared, children = excluded.children, extra = excluded.extra,
    times = excluded.times, seen_in_pass = excluded.seen_in_pass, gone_in_pass = NULL,
    gone_how = NULL
"""
#: What is called deleted and was never listed gets a row too, so that it is asked for. What was
#: gone before may have been restored meanwhile, and is asked for again.
_CALLED_DELETED = """
INSERT INTO items (item_id, parent_id, name, type, size, seen_in_pass, gone_in_pass, gone_how)
VALUES (:item, :parent, '', 'other', 0, :number, :number, :never)
ON CONFLICT (item_id) DO UPDATE SET seen_in_pass = :number, gone_in_pass = :number,
    gone_how = CASE WHEN gone_in_pass < :number OR gone_how LIKE :never || '%' THEN :never
    ELSE 'deleted' END
"""
#: where the pass says that it lay; a listing of an earlier pass may have it elsewhere
_DELETED_FROM = "INSERT OR REPLACE INTO deleted_from VALUES (:item, :number, :parent)"
#: Folders with their paths. Top down from the root: what a loop of parents holds, or a
#: folder that is gone, is never reached.
_FOLDERS = """
CREATE TEMP TABLE folder_paths (item_id TEXT PRIMARY KEY, path TEXT NOT NULL) WITHOUT ROWID;
INSERT INTO temp.folder_paths
WITH RECURSIVE tree (item_id, path) AS (
    SELECT item_id, '' FROM items WHERE type = 'root' AND gone_in_pass IS NULL
    UNION
    SELECT i.item_id, CASE t.path WHEN '' THEN i.name ELSE t.path || '/' || i.name END
    FROM tree t JOIN items i ON i.parent_id = t.item_id
    WHERE i.type IN ('folder', 'package') AND i.gone_in_pass IS NULL)
SELECT item_id, path FROM tree;
"""

#: how an item is gone that was not there before a listing called it deleted
NEVER_LISTED = "not returned but as deleted"
#: an item's path, for a query that joins ``temp.folder_paths AS f`` on its parent
PATH = "CASE f.path WHEN '' THEN i.name ELSE f.path || '/' || i.name END"


@dataclass(frozen=True, slots=True)
class Counted:
    """What a drive's listing adds up to.

    Args:
        files, folders, packages, shortcuts: how many live items.
        bytes: sum of the files' listed sizes.
        newest: ISO 8601 time of the newest change of a file.
        shared: items with permissions of their own.
        unhashed: files for which the service listed no hash.
    """

    files: int
    folders: int
    packages: int
    shortcuts: int
    bytes: int
    newest: str | None
    shared: int
    unhashed: int


def apply_page(
    state: DriveState, number: int, items: Iterable[dict[str, Any]], link: str, *, complete: bool
) -> None:
    """Store one page of the listing and the link that follows it, in one transaction.

    Args:
        number: of the pass.
        items: driveItems as Graph gives them.
        link: the nextLink, or with ``complete`` the deltaLink.
    """
    entries = named_only(state, number, items)
    with state.transaction():
        again = _seen_before(state, number, entries)
        store_items(state, number, entries)
        state.db.execute(
            "UPDATE passes SET link = ?, delta_link = ?, listed = ?, pages = pages + 1,"
            " items = items + ?, again = again + ?, empty = empty + ? WHERE number = ?",
            (
                link,
                link if complete else None,
                complete,
                len(entries),
                again,
                not entries,
                number,
            ),
        )


def named_only(
    state: DriveState, number: int, items: Iterable[dict[str, Any]]
) -> list[dict[str, Any]]:
    """The entries of a listing that say which item they are about; the others are gaps."""
    entries: list[dict[str, Any]] = []
    for item in items:
        if isinstance(item.get("id"), str) and item["id"]:
            entries.append(item)
            continue
        name = str(item.get("name") or "one without a name")[:200]
        why = "The service listed it without saying which item it is, so it could not be asked for."
        state.could_not(number, "items", f"an entry of the listing: {name}", why)
    return entries


def store_items(state: DriveState, number: int, items: Iterable[dict[str, Any]]) -> None:
    """Put driveItems in the listing; deleted ones are marked as gone, never removed."""
    rows: list[tuple[Any, ...]] = []
    for item in items:
        if has_part(item, "deleted"):
            state.db.executemany(_UPSERT, rows)  # the last word on an item counts
            rows.clear()
            told = {"item": item["id"], "parent": parent_of(item), "number": number}
            state.db.execute(_CALLED_DELETED, {**told, "never": NEVER_LISTED})
            state.db.execute("DELETE FROM deleted_from WHERE item_id = :item", told)
            if told["parent"] is not None:
                state.db.execute(_DELETED_FROM, told)
        else:
            rows.append((*_row(item), number))
    state.db.executemany(_UPSERT, rows)


def begin_anew(state: DriveState, number: int, link: str | None, resync: str | None) -> None:
    """The listing of this pass starts again, from ``link`` or from the very beginning."""
    with state.transaction():
        state.db.execute(
            "UPDATE passes SET link = ?, full = 1, resync = COALESCE(?, resync),"
            " restarts = restarts + 1, listed = 0 WHERE number = ?",
            (link, resync, number),
        )
        # what only the abandoned listing named must be named again, or it is gone
        state.db.execute(
            "UPDATE items SET seen_in_pass = ? WHERE seen_in_pass = ?", (number - 1, number)
        )


def go_on_listing(state: DriveState, number: int) -> None:
    """A finished listing of this pass is taken up again: what changed since is added to it."""
    with state.transaction():
        state.db.execute(
            "UPDATE passes SET link = delta_link, listed = 0"
            " WHERE number = ? AND listed = 1 AND delta_link IS NOT NULL",
            (number,),
        )
        state.remember("checked", None)


def settle(state: DriveState, current: Pass) -> None:
    """After the last page: what a full listing did not name is gone.

    A folder that was deleted and made again between two pages comes without any deletion
    (docs-contrib#8794).
    """
    number = current.number
    with state.transaction():
        _find_root(state)
        if current.full:
            how = (
                "not returned when the service asked to keep both"
                if current.resync == "upload-differences"
                else "not returned in a full listing"
            )
            state.db.execute(
                "UPDATE items SET gone_in_pass = ?, gone_how = ? WHERE gone_in_pass IS NULL"
                " AND seen_in_pass < ?",
                (number, how, number),
            )


def _find_root(state: DriveState) -> None:
    """A drive without a root that hangs from nothing has the one that calls itself the root."""
    db = state.db
    live = "gone_in_pass IS NULL AND "
    if db.execute(f"SELECT 1 FROM items WHERE {live} type = 'root'").fetchone():  # noqa: S608 our own
        return
    said = db.execute(
        f"SELECT item_id FROM items WHERE {live} json_extract(extra, '$.{_ROOT}')"  # noqa: S608
    ).fetchall()
    if len(said) == 1:
        db.execute("UPDATE items SET type = 'root', parent_id = NULL WHERE item_id = ?", said[0])


def more_roots(state: DriveState) -> list[str]:
    """Ids of items that call themselves the root and hang from nothing, beside the first."""
    found = state.db.execute(
        "SELECT item_id FROM items WHERE type = 'root' AND gone_in_pass IS NULL ORDER BY rowid"
    ).fetchall()
    return [item for (item,) in found[1:]]


def settle_below(state: DriveState, number: int) -> None:
    """What hangs below something that is gone is gone too: its deletion comes by itself.

    What was named after its folder was gone, or in a listing that did not name the folder, is not
    gone with it, and neither is what was asked for and is there: it hangs from nothing, and is
    looked for.
    """
    state.db.execute(
        "WITH RECURSIVE below (item_id, gone) AS ("
        " SELECT item_id, gone_in_pass FROM items WHERE gone_in_pass IS NOT NULL"
        " AND COALESCE(gone_how, '') NOT LIKE 'not returned%' UNION"
        " SELECT i.item_id, b.gone FROM items i JOIN below b ON i.parent_id = b.item_id"
        " WHERE i.seen_in_pass <= b.gone AND NOT EXISTS (SELECT 1 FROM kept k"
        " WHERE k.item_id = i.item_id AND k.in_pass = ?))"
        " UPDATE items SET gone_in_pass = ?, gone_how = 'gone with its folder'"
        " WHERE gone_in_pass IS NULL AND item_id IN (SELECT item_id FROM below)",
        (number, number),
    )


def map_folders(state: DriveState) -> None:
    """Work out the path of every folder, for the queries that need one."""
    state.db.execute("DROP TABLE IF EXISTS temp.folder_paths")
    state.db.executescript(_FOLDERS)


def strays(state: DriveState) -> list[tuple[str, str | None]]:
    """Live items that hang from nothing: item id and the id of a parent that is not there.

    ``map_folders`` first.
    """
    return state.db.execute(
        "SELECT i.item_id, i.parent_id FROM items i"
        " LEFT JOIN temp.folder_paths f ON f.item_id = i.parent_id"
        " WHERE i.gone_in_pass IS NULL AND i.type <> 'root' AND f.item_id IS NULL"
        " ORDER BY i.item_id"
    ).fetchall()


def miscounted(state: DriveState) -> list[tuple[str, str, int, int]]:
    """Folders of which the service counts other children than were listed.

    ``map_folders`` first.

    Returns:
        folder id, path, children as the service counts them, children listed.
    """
    return state.db.execute(
        "SELECT i.item_id, f.path, i.children,"
        " (SELECT COUNT(*) FROM items c WHERE c.parent_id = i.item_id AND c.gone_in_pass IS NULL)"
        " AS listed FROM items i JOIN temp.folder_paths f ON f.item_id = i.item_id"
        " WHERE i.children IS NOT NULL AND i.children <> listed ORDER BY f.path"
    ).fetchall()


def uncounted(state: DriveState) -> list[tuple[str, str]]:
    """Folders and packages that tell no count of their children: id and path.

    ``map_folders`` first. A package (a notebook) never tells one, so the only way to know more than
    the listing does is to look into each.
    """
    return state.db.execute(
        "SELECT i.item_id, f.path FROM items i JOIN temp.folder_paths f ON f.item_id = i.item_id"
        " WHERE i.children IS NULL ORDER BY f.path"
    ).fetchall()


def is_known(state: DriveState, item_id: str) -> bool:
    """Whether the listing has this item, and has it as being there."""
    return bool(
        state.db.execute(
            "SELECT 1 FROM items WHERE item_id = ? AND gone_in_pass IS NULL", (item_id,)
        ).fetchone()
    )


def name_of(state: DriveState, item_id: str) -> str:
    """An item as a person finds it: its path, or its name where it has none, and its id.

    Whoever has a gap to tell can ask for it: the folders are mapped when nobody did so yet.
    """
    known = "SELECT 1 FROM temp.sqlite_master WHERE name = 'folder_paths'"
    if state.db.execute(known).fetchone() is None:
        map_folders(state)
    row = state.db.execute(
        f"SELECT {PATH}, i.name FROM items i LEFT JOIN temp.folder_paths f"  # noqa: S608 our own
        " ON f.item_id = i.parent_id WHERE i.item_id = ?",
        (item_id,),
    ).fetchone()
    path, name = row or (None, None)
    return f"{path or name or 'an item without a name'} ({item_id})"


def is_placed(state: DriveState, folder: str) -> bool:
    """Whether this is a folder with a path. ``map_folders`` first."""
    query = "SELECT 1 FROM temp.folder_paths WHERE item_id = ?"
    return state.db.execute(query, (folder,)).fetchone() is not None


def lies_in(state: DriveState, item: str, folder: str) -> bool:
    """Whether an item is listed in this folder."""
    query = "SELECT 1 FROM items WHERE item_id = ? AND parent_id = ?"
    return state.db.execute(query, (item, folder)).fetchone() is not None


def live_items(state: DriveState) -> int:
    """How many items are listed, beside roots."""
    query = "SELECT COUNT(*) FROM items WHERE gone_in_pass IS NULL AND type <> 'root'"
    found: tuple[int] = state.db.execute(query).fetchone()
    return found[0]


def children_of(state: DriveState, folder_id: str) -> dict[str, str]:
    """Live children of a folder as listed: id to name."""
    return dict(
        state.db.execute(
            "SELECT item_id, name FROM items WHERE parent_id = ? AND gone_in_pass IS NULL",
            (folder_id,),
        )
    )


def counted(state: DriveState) -> Counted:
    """What the listing adds up to."""
    row = state.db.execute(
        "SELECT SUM(type = 'file'), SUM(type = 'folder'), SUM(type = 'package'),"
        " SUM(type = 'shortcut'), SUM(CASE type WHEN 'file' THEN size ELSE 0 END),"
        " MAX(CASE type WHEN 'file' THEN modified END), SUM(shared),"
        " SUM(type = 'file' AND quickxor IS NULL) FROM items WHERE gone_in_pass IS NULL"
    ).fetchone()
    files, folders, packages, shortcuts, size, newest, shared, unhashed = row
    return Counted(
        files or 0, folders or 0, packages or 0, shortcuts or 0, size or 0, newest, shared or 0,
        unhashed or 0,
    )  # fmt: skip


def as_stored(text: str) -> str | bytes:
    """A name as SQLite can take it: its bytes, where they are not UTF-8."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        try:
            return text.encode("utf-8", "surrogateescape")
        except UnicodeEncodeError:
            return text.encode("utf-8", "surrogatepass")
    return text


def who(identities: Any) -> str | None:
    """The person or app of an ``identitySet``: e-mail address, else name, else id."""
    if not isinstance(identities, dict):
        return None
    for kind in ("user", "application", "device", "group", "siteUser"):
        found = identities.get(kind)
        if isinstance(found, dict):
            for key in ("email", "userPrincipalName", "displayName", "id"):
                if found.get(key):
                    return str(found[key])
    return None


#: in ``extra`` of an item that tells no size
_UNSIZED = "unsized"
#: in ``extra`` of an item that calls itself the root, and that hangs from another
_ROOT = "root"
_NOTHING: dict[str, Any] = {}
_EXTRA = ("remoteItem", "malware", "package", "description", "bundle", "pendingOperations")


def _row(item: dict[str, Any]) -> tuple[Any, ...]:
    told = item.get
    times = part_of(item, "fileSystemInfo")
    extra = {key: item[key] for key in _EXTRA if told(key) is not None}
    size, quickxor, etag, both_times, _, sized = figures_of(item)
    if not sized:
        extra[_UNSIZED] = True
    kind = type_of(item)
    if kind != "root" and has_part(item, "root"):
        extra[_ROOT] = True
    children = part_of(item, "folder").get("childCount")
    return (
        item["id"],
        parent_of(item),
        as_stored(str(told("name") or "")),
        kind,
        size,
        quickxor,
        etag,
        _text(times.get("createdDateTime")) or _text(told("createdDateTime")),
        _text(times.get("lastModifiedDateTime")) or _text(told("lastModifiedDateTime")),
        who(told("createdBy")),
        who(told("lastModifiedBy")),
        has_part(item, "shared"),
        children if _is_count(children) else None,
        json.dumps(extra) if extra else None,
        both_times,
    )


def has_part(item: Mapping[str, Any], name: str) -> bool:
    """Whether an item has such a part; one that is null, or no part, is none."""
    return isinstance(item.get(name), Mapping)


def parent_of(item: dict[str, Any]) -> str | None:
    """The id of the folder that an item says it is in."""
    return _text(part_of(item, "parentReference").get("id"))


def part_of(item: dict[str, Any], name: str) -> dict[str, Any]:
    """A part of an item that has parts of its own; empty where it is none."""
    found = item.get(name)
    return found if isinstance(found, dict) else _NOTHING


def figures_of(item: dict[str, Any]) -> tuple[int, str | None, str | None, str, bool, bool]:
    """What an item says of its content, as :class:`sluis.tenant.classify.Listed` takes it.

    Size, hash, eTag, times, whether newer content is to come, and whether it tells a size at all.
    """
    size = item.get("size")
    hashes = part_of(part_of(item, "file"), "hashes")
    return (
        size if _is_count(size) else 0,
        listed_hash(hashes),
        _text(item.get("eTag")),
        times_of(item),
        is_pending(item),
        _is_count(size),
    )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _is_count(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 63


def times_of(item: dict[str, Any]) -> str:
    """Both times of an item's last change: the one that a program may set, and the service's."""
    own = _text(part_of(item, "fileSystemInfo").get("lastModifiedDateTime"))
    return f"{own or ''} {_text(item.get('lastModifiedDateTime')) or ''}"


def is_pending(item: dict[str, Any]) -> bool:
    """Whether the service says that newer content of an item is still being written."""
    return part_of(item, "pendingOperations").get("pendingContentUpdate") is not None


def is_sized(extra: Mapping[str, Any]) -> bool:
    """Whether an item told its size, by what is kept in ``extra`` of it."""
    return _UNSIZED not in extra


def type_of(item: dict[str, Any]) -> str:
    """What an item is, as the listing and the manifest call it."""
    is_file = has_part(item, "file")
    # nothing is above a root; what hangs from another is an item, whatever it calls itself
    hangs = parent_of(item) is not None
    if has_part(item, "root") and not is_file and not hangs:
        return "root"
    if has_part(item, "remoteItem"):
        return "shortcut"
    if has_part(item, "package"):
        return "package"
    if has_part(item, "folder"):
        return "folder"
    # a bundle, or what the service has beside these: nothing by which it could be fetched
    return "file" if is_file and not has_part(item, "bundle") else "other"


def _seen_before(state: DriveState, number: int, items: list[dict[str, Any]]) -> int:
    """How many of a page's items this pass met already."""
    ids = [item["id"] for item in items]
    found = len(ids) - len(set(ids))
    for at in range(0, len(ids), 500):
        part = ids[at : at + 500]
        row = state.db.execute(
            "SELECT COUNT(*) FROM items WHERE seen_in_pass = ? AND item_id IN"  # noqa: S608
            f" ({','.join('?' * len(part))})",
            (number, *part),
        ).fetchone()
        found += row[0]
    return found
