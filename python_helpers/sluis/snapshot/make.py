"""Make a snapshot of one asset. Runs on the machine that the asset is on."""

from __future__ import annotations

import base64
import os
import tempfile
import threading
import time
from typing import Any, Callable, Dict, List, Optional, Tuple

from ..errors import RefusedError, SluisError, SnapshotError
from ..manifest import Manifest, build_manifest, dumps, observe_state, shown
from ..manifest.exclude import for_restic
from . import nonce as nonces
from .access import Access, open_access
from .children import Children
from .identity import check_identity, own_addresses, read_identity
from .kinds import DUMPED, adapter_of
from .probe import make_probe, new_snapshot, try_to_remove
from .progress import Progress
from .randomness import measure_randomness
from .restic import PATIENCE, Answer, Restic
from .store import Store, place_allowed, read_store, why_inside

Request = Dict[str, Any]

_CACHE = os.path.join("~", ".cache", "sluis", "restic")
#: makes the newest copy of a dump differ from the older generation that is made with it
_GENERATION = "sluis-generation"


def make_snapshot(request: Request) -> Dict[str, Any]:
    """Make a snapshot, and an older generation first when the store has none.

    Args:
        request: ``asset`` (id, kind, location, exclude, connection data), ``host`` (the
            inventory name), ``host_address`` (by which it is reached), ``client``,
            ``change``, ``nonce``, ``store``, ``allowed_locations``,
            ``expected_identity``, ``older`` (ids of known snapshots, newest first),
            ``probe`` (id or ``None``), ``unless_state``, ``secrets`` (``store``:
            repository_password and the store's login; ``asset``: the database's), and
            optionally ``workdir``, ``cache``, ``progress``, ``restic``, ``patience``.

    Returns:
        JSON data: ``unchanged`` alone when the source is in ``unless_state``; else the
        snapshot's ids, both manifests (base64), figures, identity, attempts, warnings and
        the commands that ran with their seconds. No secret is in it.

    Raises:
        SnapshotError: nothing that could be mistaken for a good snapshot was made.
        RefusedError: ``store-not-allowed``.
        InputError: the request cannot be used.
    """
    store = read_store(request["store"])
    if not place_allowed(request["store"], request.get("allowed_locations") or ()):
        raise RefusedError(
            "store-not-allowed",
            f"A copy of {request['asset']['id']} may not live at {store.site} "
            f"({store.country}, {store.provider}).",
            "Use a store in an agreed place, or have the place added to the scope and signed.",
        )
    identity = read_identity()
    identity["device"] = _device(request["asset"])
    check_identity(request["host"], _without_database(request), identity)
    state = _state(request)
    if state and state == request.get("unless_state"):
        return {"unchanged": True, "state": state, "machine": identity}
    with Children(request.get("workdir") or tempfile.gettempdir()) as children:
        access = open_access(store, request["secrets"]["store"], children.private, children)
        return _Making(request, store, access, children, identity).run()


class _Making:
    def __init__(
        self,
        request: Request,
        store: Store,
        access: Access,
        children: Children,
        identity: Dict[str, Any],
    ) -> None:
        self.request = request
        self.asset: Dict[str, Any] = request["asset"]
        self.store = store
        self.access = access
        self.children = children
        self.identity = identity
        self.progress = Progress(request.get("progress"), self.asset["id"])
        self.ran: List[Dict[str, Any]] = []
        self.warnings: List[str] = []
        self.cache = os.path.join(request.get("cache") or _CACHE, store.id)
        self.restic = Restic(
            children,
            access,
            request["secrets"]["store"]["repository_password"],
            os.path.expanduser(self.cache),
            program=request.get("restic") or "restic",
            patience=float(request.get("patience") or PATIENCE),
        )

    def run(self) -> Dict[str, Any]:
        names = self.access.names("snapshots")
        clock_before = self.access.clock()
        made = self._dumped(names) if self.asset["kind"] in DUMPED else self._directory(names)
        probe = self.request.get("probe")
        if not probe or probe not in names:
            probe = make_probe(self.restic, self.access, self.children.private)
        inside = why_inside(
            self.store,
            self.request["host"],
            self.request.get("host_address"),
            own_addresses(self.store.address),
        )
        return {
            "unchanged": False,
            **made,
            "repository_id": self._repository_id(),
            "machine": self.identity,
            "probe": probe,
            "append_only": try_to_remove(self.access, probe),
            "inside": inside,
            "store_clock_before": clock_before,
            "warnings": self.warnings,
            "ran": self.ran,
            "engine": f"restic {self.restic.version()}",
        }

    def _directory(self, names: List[str]) -> Dict[str, Any]:
        """Nonce in, read everything, copy it, look again."""
        root, exclude = str(self.asset["location"]), tuple(self.asset.get("exclude") or ())
        with nonces.placed(root, self.request["nonce"]):
            before, (older, baseline) = _together(
                lambda: self._read(root, exclude, None, "reading the source"),
                lambda: self._older_generation(root, exclude, names),
            )
            _must_be_readable(before)
            snapshot = self._backup(root, exclude, "copying", names)
            after = self._read(root, exclude, before, "looking again")
        self._notice(before, exclude)
        return {
            "snapshot_id": snapshot,
            "previous_snapshot_id": older,
            "baseline_made": baseline,
            "state": after.state(ignore=(nonces.FILE,)),
            "manifest_before": _packed(before),
            "manifest_after": None if after == before else _packed(after),
            "facts": {
                "files": sum(1 for e in before.entries.values() if e.type == "file"),
                "empty_files": before.empty_files,
                "randomness": measure_randomness(root, before),
                "left_out": {"patterns": list(exclude), "matched": before.left_out},
            },
            "bytes": before.bytes,
            "items": before.items,
            "nonce_placed": True,
            "found": [],
        }

    def _dumped(self, names: List[str]) -> Dict[str, Any]:
        """Dump to files, with the figures read in the same database snapshot, then copy those."""
        folder = os.path.join(self.children.private, "dump")
        os.mkdir(folder, 0o700)
        self.progress.say("dumping")
        adapter = adapter_of(self.asset["kind"])
        dump = adapter.dump(
            self.asset, folder, self.request["nonce"], self.request["secrets"].get("asset") or {}
        )
        self.ran.extend({"ran": line, "seconds": None} for line in dump["ran"])
        self.warnings.extend(dump["warnings"])
        self.identity["system_identifier"] = dump["system_identifier"]
        expected = self.request.get("expected_identity") or {}
        check_identity(self.request["host"], expected, self.identity)
        manifest, (older, baseline) = _together(
            lambda: build_manifest(folder),
            lambda: self._older_generation(folder, (), names, leave_out=()),
        )
        with open(os.path.join(folder, _GENERATION), "w", encoding="utf-8") as file:
            file.write(f"newest at the time of change {self.request['change']}\n")
        before = build_manifest(folder, since=manifest)
        snapshot = self._backup(folder, (), "copying", names)
        after = build_manifest(folder, since=before)
        if after != before or any(after.entries[p] != e for p, e in manifest.entries.items()):
            raise SnapshotError(
                "dump-changed",
                f"The dump of {self.asset['id']} changed while it was copied.",
                "Find out what writes in the work folder, and run this again.",
            )
        return {
            "snapshot_id": snapshot,
            "previous_snapshot_id": older,
            "baseline_made": baseline,
            "state": "",
            "manifest_before": _packed(before),
            "manifest_after": None,
            "facts": dump["facts"],
            "bytes": before.bytes,
            "items": before.items,
            "nonce_placed": not any("nonce" in line for line in dump["warnings"]),
            "found": dump["found"],
        }

    def _older_generation(
        self,
        root: str,
        exclude: Tuple[str, ...],
        names: List[str],
        leave_out: Tuple[str, ...] = (nonces.FILE,),
    ) -> Tuple[Optional[str], bool]:
        """An earlier snapshot of this asset; made now when there is none."""
        for known in self.request.get("older") or ():
            if known in names:
                return str(known), False
        if names:
            listed = self.restic.snapshots("sluis", self._tag)
            mine = [s["id"] for s in listed if s.get("hostname") == self.request["host"]]
            if mine:
                return str(mine[-1]), False
        self.warnings.append("first-generation: there was no older snapshot, so one was made first")
        literal = [pattern for name in leave_out for pattern in for_restic([f"/{name}"], root)]
        extra = tuple(f"--exclude={pattern}" for pattern in literal)
        return self._backup(root, exclude, "copying an older generation first", names, extra), True

    def _backup(
        self,
        root: str,
        exclude: Tuple[str, ...],
        phase: str,
        names: List[str],
        extra: Tuple[str, ...] = (),
    ) -> str:
        arguments = [
            "backup", ".", "--host", self.request["host"],
            "--tag", f"sluis,{self._tag},change={self.request['change']}",
            *(f"--exclude={pattern}" for pattern in for_restic(exclude, root)), *extra,
        ]  # fmt: skip
        # The scan only serves the percentage; without a watcher it is work for nothing.
        if not self.request.get("progress") and self.restic.can("backup", "--no-scan"):
            arguments.append("--no-scan")
        answer = self.restic.run(
            *arguments, cwd=root, on_line=self._follow(phase), accept=(0, 3), keep_lines=True
        )
        self._ran(answer)
        if answer.status == 3:
            raise _incomplete(self.asset["id"], answer)
        snapshot = new_snapshot(answer.lines, names, self.access)
        if not snapshot:
            raise SnapshotError(
                "snapshot-not-on-store",
                f"restic says that it copied {self.asset['id']}, and the store does not show it.",
                "Check which store answers at that address.",
            )
        self.progress.say(phase, 1)
        return snapshot

    @property
    def _tag(self) -> str:
        return f"asset={self.asset['id']}"

    def _read(
        self, root: str, exclude: Tuple[str, ...], since: Optional[Manifest], phase: str
    ) -> Manifest:
        start = time.monotonic()
        manifest = build_manifest(
            root,
            exclude,
            since,
            on_progress=lambda items, size: self.progress.say(phase, items=items, bytes=size),
        )
        self.ran.append({"ran": f"manifest: {phase}", "seconds": time.monotonic() - start})
        return manifest

    def _notice(self, manifest: Manifest, exclude: Tuple[str, ...]) -> None:
        if exclude:
            self.warnings.append(
                f"left-out: {manifest.left_out} items match {', '.join(exclude)} and are not copied"
            )
        if manifest.empty_files:
            self.warnings.append(f"empty-files: {manifest.empty_files} files have no bytes")

    def _follow(self, phase: str) -> Callable[[Dict[str, Any]], None]:
        def follow(line: Dict[str, Any]) -> None:
            if line.get("message_type") == "status":
                self.progress.say(
                    phase,
                    float(line.get("percent_done") or 0),
                    bytes=line.get("bytes_done", 0),
                    of_bytes=line.get("total_bytes", 0),
                    items=line.get("files_done", 0),
                )

        return follow

    def _ran(self, answer: Answer) -> None:
        self.ran.append({"ran": answer.ran, "seconds": round(answer.seconds, 3)})

    def _repository_id(self) -> Optional[str]:
        """restic names its cache after the repository, so nobody has to be asked."""
        try:
            found = [n for n in os.listdir(os.path.expanduser(self.cache)) if len(n) == 64]
        except OSError:
            return None
        return found[0] if len(found) == 1 else None


def _together(first: Callable[[], Any], second: Callable[[], Any]) -> Tuple[Any, Any]:
    """Run two things at once; when one fails, its error is the answer."""
    failed: List[BaseException] = []
    out: List[Any] = []

    def work() -> None:
        try:
            out.append(second())
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        one = first()
    finally:
        thread.join()
    if failed:
        raise failed[0]
    return one, out[0]


def _state(request: Request) -> str:
    """The source's state by sizes and times; empty when that cannot be told cheaply."""
    asset = request["asset"]
    if asset["kind"] in DUMPED or not request.get("unless_state"):
        return ""
    try:
        return observe_state(
            str(asset["location"]), tuple(asset.get("exclude") or ()), (nonces.FILE,)
        )
    except SluisError:
        return ""


def _device(asset: Dict[str, Any]) -> Optional[int]:
    """Number of the volume that the asset is on, where that can be told."""
    if asset["kind"] not in ("directory", "sqlite"):
        return None
    try:
        return os.stat(str(asset["location"])).st_dev
    except OSError:
        return None


def _without_database(request: Request) -> Dict[str, Any]:
    expected = dict(request.get("expected_identity") or {})
    expected.pop("system_identifier", None)
    return expected


def _must_be_readable(manifest: Manifest) -> None:
    unread = [p for p in manifest.problems if p.code == "unreadable"]
    if unread:
        names = ", ".join(shown(problem.path) for problem in unread[:5])
        raise SnapshotError(
            "source-unreadable",
            f"{len(unread)} items cannot be read: {names}: {unread[0].detail}.",
            "Give the snapshot's account the right to read them, or leave them out in the scope.",
        )


def _incomplete(asset: str, answer: Answer) -> SnapshotError:
    said = " ".join(answer.errors.split())[-400:]
    return SnapshotError(
        "snapshot-incomplete",
        f"restic could not read everything of {asset} (status 3): {said}",
        "Give the snapshot's account the right to read it all, or leave items out in the scope.",
    )


def _packed(manifest: Manifest) -> str:
    return base64.b64encode(dumps(manifest)).decode("ascii")
