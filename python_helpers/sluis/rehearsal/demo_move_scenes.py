"""The demo's second story: a move between two tenants, held against both and the ledger."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rich.table import Table

from sluis.errors import EXIT_APPLIED, EXIT_AWAITING_SIGNOFF
from sluis.evidence.predicates import Check, Discovery, Export, Handover, Verification
from sluis.rehearsal.client_files import SIGNER
from sluis.rehearsal.demo_move_ground import WEATHER, Ground, start_ground
from sluis.rehearsal.demo_move_scope import SHARED, exports_of, write_accounts, write_move
from sluis.rehearsal.demo_signing import sign_with_own_key
from sluis.rehearsal.demo_verify import verify_dossier
from sluis.rehearsal.stage import SceneFailedError, Stage
from sluis.rehearsal.tenant.rewriting import is_rewritten
from sluis.rehearsal.tenant.start import Tenant

MOVE = "CHG-1050"
_LATE = "Written after the move.txt"
#: where the byte is that somebody changes
_ENOUGH = 100


@dataclass(frozen=True)
class Damage:
    """A file that was changed on a worker's disk: its SHA-256 before and after."""

    asset: str
    path: Path
    was: str
    now: str


def play_move(stage: Stage) -> None:
    """Play every scene of the move.

    Raises:
        SceneFailedError: one did not do what it must.
    """
    with start_ground(stage.lab) as ground:
        _play(stage, ground)


def _play(stage: Stage, ground: Ground) -> None:
    today = datetime.now(UTC).date()
    with stage.scene("A move: an old tenant, a new one, and an I-drive at the old supplier"):
        write_accounts(stage.who, ground)
        drives = write_move(stage.lab, stage.who, MOVE, ground, today=today)
        _show_ground(stage, ground)
    _prepare(stage, ground, set(drives.values()))
    with stage.scene("The client signs what goes where, and what stays behind"):
        sign_with_own_key(stage, MOVE)
    _move(stage, ground)
    _finish(stage, ground, drives, _tamper(stage, ground, drives))
    with stage.scene("Years later: is the evidence of the move whole?"):
        verify_dossier(stage, MOVE)


def _show_ground(stage: Stage, ground: Ground) -> None:
    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    for name, tenant in (("old", ground.old), ("new", ground.new)):
        found = tenant.control.drives()
        files = sum(1 for _ in files_of(tenant))
        own = sum(1 for drive in found if drive["owner"])
        words = f"{len(found) - own} libraries, {own} OneDrives, {files} files"
        table.add_row(f"{name} tenant", tenant.graph.removeprefix("https://"), words)
    shared = [path for path in ground.i_drive.rglob("*") if path.is_file()]
    where = f"{ground.server.address}:{ground.server.port}"
    table.add_row("I-drive", where, f"SFTP and nothing else; {len(shared)} files")
    stage.show(table)
    stage.hold(not list(files_of(ground.new)), "nothing is in the new tenant")


def _prepare(stage: Stage, ground: Ground, drives: set[str]) -> None:
    with stage.scene("Everything fetched in bad weather, and each copy proven by restoring it"):
        outcome = stage.run_json(
            ["sluis", "prepare", stage.who.client, MOVE], expect=EXIT_AWAITING_SIGNOFF
        )
        stage.hold(outcome["state"] == "awaiting sign-off", f"{MOVE} is awaiting sign-off")
        view = stage.ledger(MOVE)
        seen = {one.get("drive_id") for s in view.of(Discovery) for one in s.body.found}
        stage.hold(drives <= seen, f"all {len(drives)} drives of the old tenant were found")
        exports = {s.body.asset: s.body for s in view.of(Export)}
        proofs = {s.body.asset: s.body for s in view.of(Verification)}
        table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
        for column in ("asset", "worker", "files", "proven", "two readings or hashes"):
            table.add_column(column)
        for asset, body in exports.items():
            checks = ", ".join(f"{count} {name}" for name, count in sorted(body.checks.items()))
            level = proofs[asset].reached if asset in proofs else None
            table.add_row(asset, body.machine.host, str(body.items), level or "nothing", checks)
        stage.show(table)
        workers = sorted({body.machine.host for body in exports.values()})
        stage.hold(len(workers) == 2, f"the two workers divided the work: {', '.join(workers)}")
        stage.hold(
            len(exports) == len(drives) + 1 and all(p.reached == "V6" for p in proofs.values())
            and proofs.keys() == exports.keys(),
            "every copy is equal to what is there, fresh, and restorable",
        )  # fmt: skip
        stage.hold(not list(files_of(ground.new)), "still nothing is in the new tenant")


def _tamper(stage: Stage, ground: Ground, drives: dict[str, str]) -> Damage:
    with stage.scene("Meanwhile somebody changes one byte on the way, on the worker's own disk"):
        asset = min(drives)
        export = newest_export(stage, asset)
        damage = change_one_byte(exports_of(stage.lab, export.machine.host) / asset, asset)
        stage.say(f"{asset}: {damage.path.name}: size and time are as they were")
        ground.old.control.add_file(drives[asset], _LATE, b"People went on working.\n")
        stage.say(f"and people go on working in the old tenant: {_LATE}")
    return damage


def _move(stage: Stage, ground: Ground) -> None:
    with stage.scene("Everything is put into the new tenant and compared; people go on working"):
        outcome = stage.run_json(
            ["sluis", "apply", stage.who.client, MOVE], expect=EXIT_AWAITING_SIGNOFF
        )
        checks = stage.ledger(MOVE).of(Check)
        files = sum(1 for _ in files_of(ground.new))
        stage.hold(
            bool(checks) and all(s.body.passed for s in checks),
            f"{files} files are there, and {len(checks)} places were compared",
        )
        stage.hold(outcome["state"] == "awaiting freeze", str(outcome["next"]))


def _finish(stage: Stage, ground: Ground, drives: dict[str, str], damage: Damage) -> None:
    with stage.scene("The old tenant is frozen: the last pass, every byte compared, hand-over"):
        told = ["sluis", "freeze", stage.who.client, MOVE, "--told-by", SIGNER[0]]
        stage.run_json(told, expect=EXIT_APPLIED)
        outcome = stage.run_json(["sluis", "apply", stage.who.client, MOVE], expect=EXIT_APPLIED)
        view = stage.ledger(MOVE)
        said = newest_export(stage, damage.asset).warnings
        stage.hold(
            any("damaged on disk and was fetched again" in line for line in said)
            and digest(damage.path.read_bytes()) == damage.was,
            f"the changed file was noticed, and fetched again: {damage.path.name}",
        )
        checks = {s.body.check: s.body for s in view.of(Check)}
        for name, body in sorted(checks.items()):
            stage.hold(body.passed is True, f"{name.removeprefix('reconcile-')}: {body.detail}")
        stage.hold(
            checks.keys() == {f"reconcile-{name}" for name in (*drives, SHARED)},
            f"{len(checks)} of {len(drives) + 1} places were compared, and nothing is missing",
        )
        handover = view.latest(Handover)
        stage.hold(
            handover is not None
            and handover.body.result == "applied"
            and outcome["state"] == "applied and verified",
            str(handover.body.sentence if handover else outcome["state"]),
        )
    with stage.scene("The new tenant itself says the same"):
        _compare(stage, ground, damage)


def _compare(stage: Stage, ground: Ground, damage: Damage) -> None:
    """Both sides, seen through their control ports and on the server's own disk."""
    moved = Counter(files_of(ground.new))
    expected = Counter(files_of(ground.old))
    for path in ground.i_drive.rglob("*"):
        if path.is_file() and not path.is_symlink():
            expected[path.name, digest(path.read_bytes())] += 1
    stage.hold(
        moved.total() == expected.total(),
        f"{moved.total()} files are there, and {expected.total()} were to come",
    )
    plain = Counter(data for name, data in expected.elements() if not rewrites(name))
    arrived = Counter(data for name, data in moved.elements() if not rewrites(name))
    stage.hold(
        plain == arrived,
        f"{plain.total()} of them byte for byte; the service rewrites the other "
        f"{expected.total() - plain.total()} by itself",
    )
    there = {data for _, data in moved}
    stage.hold(damage.now not in there, "the changed file never came there")
    stage.hold(_LATE in {name for name, _ in moved}, f"{_LATE!r} did")


def newest_export(stage: Stage, asset: str) -> Export:
    """The newest pass over an asset, from the ledger.

    Raises:
        SceneFailedError: there is none.
    """
    found = stage.ledger(MOVE).latest(Export, lambda item: item.body.asset == asset)
    if found is None:
        raise SceneFailedError(f"The ledger holds no export of {asset}.")
    return found.body


def change_one_byte(folder: Path, asset: str) -> Damage:
    """Change a byte of one exported file, and leave its size and time as they were.

    Raises:
        SceneFailedError: there is no file to change.
    """
    large = (path for path in folder.glob("*/content/**/*") if path.is_file())
    path = next((path for path in sorted(large) if path.stat().st_size > _ENOUGH), None)
    if path is None:
        raise SceneFailedError(f"There is no exported file in {folder}.")
    times, data = path.stat(), bytearray(path.read_bytes())
    was = digest(bytes(data))
    data[_ENOUGH] ^= 1
    path.write_bytes(data)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    return Damage(asset, path, was, digest(bytes(data)))


def files_of(tenant: Tenant) -> Iterator[tuple[str, str]]:
    """Name and SHA-256 of every file, as the tenant itself knows them."""
    control = tenant.control
    for drive in control.drives():
        for item in control.items(drive["id"]):
            if "file" in item:
                yield item["name"], digest(control.bytes_of(drive["id"], item["id"]))


def rewrites(name: str) -> bool:
    """Whether the weather's service rewrites files of this kind on upload."""
    return is_rewritten(name, WEATHER.rewrite)


def digest(data: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(data).hexdigest()
