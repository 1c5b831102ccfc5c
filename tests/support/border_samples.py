"""One good answer of each verb, and values that a host in strange hands could put into it."""

from __future__ import annotations

import hashlib
from typing import Any

from sluis.border.facts import DirectoryFacts, FolderRights, LeftOut, Randomness
from sluis.border.found import Found
from sluis.border.parts import Attempt, Identity, Level, Ran
from sluis.border.proof import (
    Broken,
    DatabaseProof,
    Escrow,
    Figures,
    Older,
    Opened,
    Part,
    Proof,
    Sealed,
)
from sluis.border.verb import Failure
from sluis.border.verbs import (
    asset_check,
    asset_copies,
    asset_forecast,
    asset_kept,
    asset_observe,
    asset_restore,
    asset_snapshot,
    asset_store,
    asset_swap,
    asset_verify,
    service_check,
)
from sluis.manifest import Entry, Manifest, dumps

MANIFEST = Manifest({n: Entry(n, "file", 3, n * 64, 10**18, 0o644) for n in "abc"})
PACKED = dumps(MANIFEST)
NEWEST, OLDER, PROBE = "a" * 64, "b" * 64, "c" * 64
TIME = "2026-11-21T12:00:00+00:00"
IDENTITY = Identity("d" * 32, ("SHA256:" + "A" * 43,), "0" * 36, "app1", 7, 70, 3, "id 5")
FACTS = DirectoryFacts(3, 0, Randomness(3, 1, "0.3333"), LeftOut(("*.tmp",), 2),
                       FolderRights("0750", 0, 0, {"user.x": b"y"}))  # fmt: skip
MADE = asset_snapshot.Made(
    kind="made", snapshot_id=NEWEST, previous_snapshot_id=OLDER, older_made_now=True,
    state="e" * 64, manifest_before=PACKED, manifest_after=PACKED, facts=FACTS, bytes=9, items=3,
    nonce_placed=True, found=(Found("postgresql", "other", 12),), repository_id="f" * 64,
    machine=IDENTITY, probe=PROBE, append_only=Attempt("DELETE", True, "403"), inside=None,
    store_clock_before=TIME, warnings=("first-generation: made",), ran=(Ran("restic backup", 1.0),),
    engine="restic 0.14.0",
)  # fmt: skip
PROOF = Proof(
    levels=tuple(Level(n, "proven", "fine", ("x",), 1.0) for n in ("V0", "V1", "V2", "V3", "V4")),
    restore_errors="", nonce_found=True,
    older=Older("proven", "restored", ("y",), 1.0, PACKED),
    append_only=Attempt("DELETE", True, "403"), escrow=Escrow(True, "escrowed key"),
    verifier=IDENTITY, scratch="/dev/shm", engine="restic 0.14.0",
    database=DatabaseProof("proven", "d", True, 1.0, ("z",), Figures(probe="1"), (),
                           (Part("equal", "proven", "same"),)),
    opened=Opened({"zip": 1}, 2, (Broken("b", "zip", "x"),)),
    restored=PACKED, content=hashlib.sha256(b"x").hexdigest(),
    sealed=Sealed("9" * 64, ("check",)), engine_time="2026-11-21T12:00:00.123456789Z",
    store_time=TIME,
)  # fmt: skip
ANSWERS: list[tuple[Any, Any]] = [
    (asset_snapshot.ASSET_SNAPSHOT, asset_snapshot.Answer(MADE)),
    (asset_verify.ASSET_VERIFY, PROOF),
    (asset_store.ASSET_STORE, asset_store.Answer(True, ("made it",), PROBE, TIME, 4)),
    (asset_kept.ASSET_KEPT, asset_kept.Answer((NEWEST,), "a pack is missing", ("check",))),
    (
        asset_forecast.ASSET_FORECAST,
        asset_forecast.Answer(1e6, None, {"letters": asset_forecast.Size(9, 3)}, ("link: away",)),
    ),
    (
        asset_observe.ASSET_OBSERVE,
        asset_observe.Answer(IDENTITY, False, PACKED, "1" * 64, "2" * 64, FACTS, "/srv/x"),
    ),
    (
        asset_copies.ASSET_COPIES,
        asset_copies.Answer(
            (asset_copies.Generation("/disk/monday", TIME, "3" * 64),),
            asset_copies.Newest(NEWEST, TIME, 9, 3, PROOF),
        ),
    ),
    (
        asset_restore.ASSET_RESTORE,
        asset_restore.Answer(True, "/srv/x", "/srv/.x", True, 3, 9, {"failed": 0}, ("a",),
                             ("u",), ("n",), (Ran("restic", 1.0),), ("w",)),
    ),
    (
        asset_swap.ASSET_SWAP,
        asset_swap.Answer(True, False, "/srv/x", ("/srv/.q",), True, {"rows": 3, "tables": 1},
                          ("u",), ("n",), ("w",)),
    ),
    (
        asset_check.ASSET_CHECK,
        asset_check.Answer(
            TIME, TIME,
            (asset_check.Trouble("letters", Failure("SnapshotError", "asset-missing", "w", "r")),),
            (asset_check.Lacking("db", "see definitions", "u@h", "practice", ("EVENT",)),),
            (asset_check.Seen("db", "mariadb", 9, 1, "10.11"),), False, ("192.0.2.1",),
        ),
    ),
    (
        service_check.SERVICE_CHECK,
        service_check.Answer(
            (service_check.Result("web", None, "n", 1, 0.1, "may not read", "u@h"),),
        ),
    ),
]  # fmt: skip

#: what takes the place of a value
HOSTILE: list[Any] = [
    None, True, False, 0, -1, 2**53, 10**30, 1.5, -0.0, "", " ", "x" * 5000, "\x1b[2J\x1b]0;x\x07",
    "\u202eevil", "a\nb", "\ud800", "\x00", "--password-command=sh -c 'touch pwned'", "-rf",
    "../..", "/etc/passwd",
    "A" * 64, "a" * 63, "NaN", "2099-99-99T00:00:00Z", [], {}, [None], [[[]]],
    {"kind": "made"}, {"__proto__": 1}, ["x"] * 2000, {"x" * 300: {}}, "e30=", "V6", "proven",
]  # fmt: skip


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of every value within JSON data."""
    found = [path] if path else []
    named = value.items() if isinstance(value, dict) else ()
    for name, item in enumerate(value) if isinstance(value, list) else named:
        found += places(item, (*path, name))
    return found


def put(value: Any, path: tuple[Any, ...], new: Any) -> None:
    """Put another value into JSON data."""
    for name in path[:-1]:
        value = value[name]
    value[path[-1]] = new
