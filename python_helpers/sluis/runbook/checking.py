"""Everything out there that would stop a change, found before anything is done.

A host says what it found as typed facts. What the operator is told to paste (a GRANT, a line) is
put together here: a host may not give anybody commands.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType

from sluis.border.parts import Place, StoreSecrets
from sluis.border.store import Store
from sluis.border.verbs.asset_check import (
    Answer,
    CheckSecrets,
    Disk,
    Lacking,
    Repository,
    Request,
    Seen,
)
from sluis.errors import InputError, SluisError
from sluis.evidence.chain import CLOCK_TOLERANCE
from sluis.gate.neighbours import unnamed
from sluis.runbook.check_words import BECOME, unreachable_words
from sluis.runbook.findings import Finding
from sluis.runbook.grants import grant_of
from sluis.runbook.host_errors import host_error
from sluis.runbook.restore_stores import snapshots_elsewhere
from sluis.runbook.run import CHECK, Run, now
from sluis.runbook.scope_lines import line_in_scope
from sluis.runbook.snapshot_settings import SnapshotSettings
from sluis.runbook.swap_look import IN_USE, stop_words
from sluis.runbook.written_choice import must_be_quiet, named_assets, only_put_back
from sluis.scope.division import is_left_open
from sluis.scope.load import load_scope
from sluis.scope.model import Asset, ScopeDocument, required_level
from sluis.scope.neighbours import is_named
from sluis.snapshot.store import place_allowed, why_inside

#: seconds that two clocks may differ
CLOCKS = 60
#: and beyond which nothing is prepared between two machines of which one must be wrong
_WRONG = int(CLOCK_TOLERANCE.total_seconds())
#: the description of a change that puts back what is broken: its assets may be anything
_RESTORE = "restore.yml"
#: that of a change that is put back when it fails
_UPDATE = "update.yml"
#: a move between tenants is described by its scope alone
_MOVE = "tenant_migration.yml"

#: kinds of which a user's rights decide whether they can be put back
_SERVERS = ("postgresql", "mariadb")

#: codes of an asset that is not where the scope says
_NOT_THERE = frozenset({"asset-missing", "database-missing"})

_NO_ESCROW = "escrow-password-missing"
#: codes of what a machine finds and somebody wrote, or did not write
_WRITTEN = frozenset({_NO_ESCROW, "backup-password-missing", "no-repository-password"})

#: runs ``asset_check`` there
Call = Callable[[Request, CheckSecrets], Answer]


def scope_of(run: Run) -> ScopeDocument | None:
    """The change's scope; ``None`` when no change is looked at, or it cannot be read."""
    if not run.change:
        return None
    try:
        return load_scope(run.change_folder / "scope.yml").document
    except InputError:
        return None  # the readers say what is wrong with it


def assets_here(run: Run, host: str) -> tuple[Asset, ...]:
    """The assets of a host that a snapshot is made of straight from it.

    What is put back from a snapshot may be broken: of it there are only asked the rights to put
    it back, see ``put_back_here``.
    """
    scope = scope_of(run)
    if scope is None or is_restore(run):
        return ()
    return tuple(
        asset for asset in scope.assets_on(host) if asset.takes_snapshot and not asset.is_exported
    )


def put_back_here(run: Run, host: str) -> tuple[Asset, ...]:
    """The databases of a host that a restore puts back, as a change of its own."""
    scope = scope_of(run)
    if scope is None or not is_restore(run):
        return ()
    named = named_assets(run.change_folder / _RESTORE)
    return tuple(
        asset
        for asset in scope.assets_on(host)
        if asset.kind in _SERVERS and (named is None or asset.id in named)
    )


def _must_be_quiet(run: Run, host: str) -> tuple[Asset, ...]:
    """The files of a host that a restore swaps only while nothing has them open."""
    scope = scope_of(run)
    if scope is None or not is_restore(run):
        return ()
    quiet = must_be_quiet(run.change_folder / _RESTORE)
    return tuple(
        asset
        for asset in scope.assets_on(host)
        if asset.id in quiet and asset.kind not in _SERVERS
        and asset.takes_snapshot and not asset.is_exported
    )  # fmt: skip


def _may_go_back(run: Run) -> bool:
    """Whether the client is asked for a way back, in which this user puts databases back."""
    scope = scope_of(run)
    if scope is None or not scope.way_back.consent:
        return False
    return (run.change_folder / _UPDATE).is_file() and not is_restore(run)


def is_restore(run: Run) -> bool:
    """Whether a change puts something back.

    A run of one of the two runbooks knows which it is. A look is about the one that ``sluis
    prepare`` would choose: the scope's job says which of two descriptions is meant.

    Args:
        run: the current run.
    """
    if run.playbook in (_RESTORE, _UPDATE, _MOVE):
        return run.playbook == _RESTORE
    if not (run.change_folder / _RESTORE).is_file():
        return False
    scope = scope_of(run)
    job = None if scope is None else scope.job
    both = (run.change_folder / _UPDATE).is_file()
    return job == "restore" or (job != "migration" and not both)


def look_at_settings(
    run: Run, host: str, settings: SnapshotSettings, address: str | None
) -> list[Finding]:
    """What is wrong with where the copies of a host go, whether or not that host answers.

    Args:
        run: the current run.
        host: its inventory name.
        settings: the role's variables.
        address: by which that host is reached; ``None`` for a local connection.
    """
    return [
        *_no_store(run, host, settings),
        *_not_allowed(run, host, settings),
        *_inside(run, host, settings, address, ()),
        *_elsewhere(run, host, settings),
    ]


def look_at_host(
    run: Run, host: str, settings: SnapshotSettings, address: str | None, call: Call
) -> tuple[list[Finding], tuple[Seen, ...]]:
    """Look at the machine of some assets.

    Args:
        run: the current run.
        host: its inventory name.
        settings: the role's variables.
        address: by which that host is reached; ``None`` for a local connection.
        call: runs ``look_around`` there.

    Returns:
        What is wrong, and what was seen of the assets.
    """
    restored = (*put_back_here(run, host), *_must_be_quiet(run, host))
    assets = restored or assets_here(run, host)
    copies = _copies_from(run, host)
    request = Request(
        part="source",
        store=settings.own_store if copies else None,
        assets=tuple(settings.asset(asset) for asset in assets),
        folder=settings.workdir,
        restic=settings.restic if copies else None,
        way_back=bool(restored) or _may_go_back(run),
        restore=bool(restored),
        backups=()
        if restored or run.playbook != CHECK
        else tuple(backups_here(run, host, settings)),
    )
    secrets = CheckSecrets(
        settings.for_maker("").store if copies else StoreSecrets(),
        {asset.id: settings.for_maker(asset.id).asset for asset in assets},
        {} if restored else dict(settings.backup_secrets),
    )
    answer, between = _timed(call, request, secrets)
    found = [
        *_troubles(answer, host, host, run, _without_entry(assets, settings)),
        *_clock(answer, host, between),
    ]
    if not list(_inside(run, host, settings, address, ())):
        found += _inside(run, host, settings, address, answer.own)
    for one in answer.lacking:
        found.append(_right(one, host, settings, answer, restore=bool(restored)))
    found += _unnamed(run, host, () if restored else answer.seen)
    if len(answer.seen) + len(answer.troubles) < len(assets):
        found.append(
            Finding(
                host, "not-looked-at", f"{host} says nothing of some of its assets.",
                "Look at that host: it does not answer as Sluis would.",
            )
        )  # fmt: skip
    if restored:
        return found, ()  # what the verifier gets of it, nobody can tell before it is kept
    return found, tuple(one for one in answer.seen if one.asset in {a.id for a in assets})


def _unnamed(run: Run, host: str, seen: Sequence[Seen]) -> list[Finding]:
    """Databases beside those of the scope, of which it says nothing."""
    scope = scope_of(run)
    found: dict[str, Finding] = {}
    for one in seen:
        asset = scope.asset(one.asset) if scope else None
        if scope is None or asset is None:
            continue
        for other in one.beside:
            if is_named(scope, host, other):
                continue
            why = unnamed(host, other, asset)
            found[other.location] = Finding(
                host, why.code, f"{host}: {why.sentence}", why.remedy, True
            )
    return list(found.values())


def look_at_machine(host: str, call: Call) -> list[Finding]:
    """Look at a machine of which the settings cannot be read, or rights cannot be raised.

    Args:
        host: its inventory name.
        call: runs ``look_around`` there.
    """
    answer, between = _timed(call, Request(part="machine"), CheckSecrets())
    return [*_troubles(answer, host, host), *_clock(answer, host, between)]


def look_at_verifier(
    run: Run,
    host: str,
    verifier: str,
    settings: SnapshotSettings,
    seen: Sequence[Seen],
    call: Call,
    disk: Disk | None = None,
) -> list[Finding]:
    """Look at the machine that restores what is copied from a host.

    Args:
        run: the current run.
        host: whose snapshots.
        verifier: where they are restored.
        settings: the role's variables, for that host.
        seen: what was seen of its assets.
        call: runs ``look_around`` on the verifier.
        disk: a store of kind ``local``, as that host sees it.
    """
    if not _copies_from(run, host):
        return []
    request = Request(
        part="verifier",
        store=settings.own_store,
        assets=tuple(settings.asset(asset) for asset in assets_here(run, host)),
        folder=settings.scratch,
        restic=settings.restic,
        seen=tuple(seen),
    )
    answer, between = _timed(call, request, CheckSecrets(settings.for_verifier().store))
    where = "the verifier" if verifier == "localhost" else verifier
    scope, wants = scope_of(run), _want_v6(run, host)
    found = [*_troubles(answer, where, verifier), *_clock(answer, where, between)]
    if scope is not None and not wants:
        # only V6 needs a second key
        found = [one for one in found if one.code != _NO_ESCROW]
    if settings.own_store is not None and disk is not None and answer.disk is not None:
        found += _two_users(host, where, settings.own_store, disk, answer.disk)
    if settings.own_store is not None and answer.lets_remove and (wants or scope is None):
        found.append(_not_append_only(settings.own_store.id, wants))
    return found


def cannot_ask(
    host: str,
    error: Exception,
    known_hosts: str | None = None,
    at: tuple[str, int | None] | None = None,
) -> Finding:
    """The finding for a host that a question could not even be sent to.

    Args:
        host: its inventory name.
        error: what Ansible made of it.
        known_hosts: the file in which ssh looks for its key; ``None``: its own.
        at: address and port of the connection.
    """
    code, what, remedy = unreachable_words(host, str(error), known_hosts, at)
    return Finding(host, code, what, remedy)


def from_error(host: str, error: SluisError) -> Finding:
    """The finding for an error of ours."""
    if error.code in ("module-failed", "module-lost"):
        code, what, remedy = unreachable_words(host, error.what)
        if code in BECOME:
            return Finding(host, code, what, remedy)
    return Finding(host, error.code, error.what, error.remedy, isinstance(error, InputError))


def _copies_from(run: Run, host: str) -> bool:
    """Whether anything is copied from a host, as far as that can be told."""
    scope = scope_of(run)
    return scope is None or any(
        asset.takes_snapshot and (asset.host == host or is_left_open(asset))
        for asset in scope.assets
    )


def backups_here(run: Run, host: str, settings: SnapshotSettings) -> Iterator[Repository]:
    """The client's own backups that a host would read for an adoption.

    ``sluis check`` looks at them, and ``sluis adopt --challenge``: a change goes on without.

    Args:
        run: the current run.
        host: its inventory name.
        settings: the role's variables.
    """
    scope = scope_of(run)
    for name, backup in sorted(settings.adopt.items()):
        if host in _hosts_of(run, name, host):
            asset = scope.asset(name) if scope is not None else None
            path = backup.path or (asset.location if asset is not None else None)
            yield Repository(name, backup.store, path, backup.host, backup.locations)


def _hosts_of(run: Run, asset: str, otherwise: str) -> set[str | None]:
    """Where an asset is; without a change by each scope that has it, and else anywhere."""
    if run.change:
        scope = scope_of(run)
        one = scope.asset(asset) if scope is not None else None
        return {one.host} if one is not None else set()
    found: set[str | None] = set()
    for path in sorted(run.places.inventory(run.client).glob("changes/*/scope.yml")):
        try:
            one = load_scope(path).document.asset(asset)
        except InputError:
            continue
        found |= {one.host} if one is not None else set()
    return found or {otherwise}


def _no_store(run: Run, host: str, settings: SnapshotSettings) -> Iterator[Finding]:
    scope = scope_of(run)
    if scope is None:
        # of a client as a whole nobody knows yet whether a store is needed; one that is named is
        if run.change or settings.own_store is None:
            return
    elif not any(asset.takes_snapshot for asset in scope.assets_on(host)):
        return
    if settings.own_store is None:
        yield Finding(
            host, "no-store", f"{host}: the inventory names no store for snapshots.",
            "Write snapshot_and_verify_store in group_vars/all; docs/settings.md shows one.", True,
        )  # fmt: skip
    elif settings.store_secrets.repository_password in (None, ""):
        yield Finding(
            host, "no-repository-password",
            f"{host}: the inventory holds no password for the repository.",
            "Write repository_password in snapshot_and_verify_store_secrets, in a vault file.",
            True,
        )  # fmt: skip


def _not_allowed(run: Run, host: str, settings: SnapshotSettings) -> Iterator[Finding]:
    """Assets of which the client did not agree that a copy may lie in that store."""
    scope, store = scope_of(run), settings.own_store
    if scope is None or store is None:
        return
    wrong = [
        asset
        for asset in scope.assets
        if asset.takes_snapshot
        and (asset.host == host or is_left_open(asset))
        and not place_allowed(
            store, [Place(one.site, one.country, one.provider) for one in asset.allowed_locations]
        )
    ]
    if not wrong:
        return
    names = ", ".join(asset.id for asset in wrong)
    line = ", ".join(
        f"{name}: {json.dumps(getattr(store, name), ensure_ascii=False)}"
        for name in ("site", "country", "provider")
    )
    yield Finding(
        f"store {store.id}", "store-not-allowed",
        f"No copy of {names} may lie in the store {store.id}: it stands at {store.site} "
        f"({store.country}, {store.provider}), and the scope does not allow that place.",
        "Agree on it with the client, and write under allowed_locations of each in scope.yml: "
        f"- {{{line}}}. Or correct the place in snapshot_and_verify_store.",
        True,
    )  # fmt: skip


def _inside(
    run: Run, host: str, settings: SnapshotSettings, address: str | None, own: Sequence[str]
) -> Iterator[Finding]:
    """A store that dies with the machine that is copied to it."""
    scope, store, wants = scope_of(run), settings.own_store, _want_v6(run, host)
    if store is None or not (wants or (scope is None and not run.change)):
        return
    why = why_inside(store, host, address, own)
    if why is None:
        return
    about = f"{', '.join(wants)} cannot" if wants else "No asset on it can"
    yield Finding(
        host, "store-on-the-same-machine",
        f"The store {store.id} is not outside {host}: {why}. {about} reach V6.",
        "Name a store on another machine in snapshot_and_verify_store: its url or path, and its "
        "name as machine.",
    )  # fmt: skip


def _elsewhere(run: Run, host: str, settings: SnapshotSettings) -> Iterator[Finding]:
    if run.change and is_restore(run):
        yield from snapshots_elsewhere(run, host, settings, scope_of(run))


def _want_v6(run: Run, host: str) -> list[str]:
    """The assets of a host that have to reach V6."""
    scope, lower = scope_of(run), _waived(run)
    if scope is not None and is_restore(run):
        lower |= only_put_back(run.change_folder / _RESTORE, run.places, run.client)
    return [
        asset.id
        for asset in (scope.assets_on(host) if scope else ())
        if asset.takes_snapshot and required_level(asset) == "V6" and asset.id not in lower
    ]


def _timed(
    call: Call, request: Request, secrets: CheckSecrets
) -> tuple[Answer, tuple[datetime, datetime]]:
    before = now()
    answer = call(request, secrets)
    return answer, (before, now() + timedelta(seconds=1))


def _without_entry(assets: Sequence[Asset], settings: SnapshotSettings) -> dict[str, Asset]:
    """The databases of which nobody wrote how they are reached."""
    return {
        asset.id: asset
        for asset in assets
        if asset.kind in _SERVERS and asset.id not in settings.connections
    }


def _never_written(error: SluisError, asset: Asset, host: str) -> SluisError:
    """What goes wrong with a database that was looked for where it is by default."""
    return SluisError(
        error.code,
        f"{error.what.rstrip('.')}. snapshot_and_verify_connections has no entry {asset.id}, so "
        "it was looked for on that machine itself, as the server's own administrator",
        f"Write how it is reached, in host_vars/{host}: snapshot_and_verify_connections: "
        f"{{{asset.id}: {{host_address: ..., port: ..., user: ...}}}}; docs/examples.md shows one. "
        f"Otherwise: {error.remedy}",
    )


def _troubles(
    answer: Answer,
    where: str,
    host: str,
    run: Run | None = None,
    without_entry: Mapping[str, Asset] = MappingProxyType({}),
) -> list[Finding]:
    found = []
    for one in answer.troubles:
        error = host_error(one.failure, host=host, module="asset_check")
        if one.asset is not None and one.asset in without_entry:
            error = _never_written(error, without_entry[one.asset], host)
        if run is not None and one.asset and is_restore(run):
            if error.code == IN_USE:
                what = f"{where}: {one.asset}: {error.what} It cannot be swapped as long as it is."
                found.append(Finding(where, IN_USE, what, stop_words(host)))
                continue
            found.append(_not_asked(where, one.asset, error))
            continue
        about = f"{one.asset}: " if one.asset and one.asset not in error.what else ""
        remedy = error.remedy
        if run is not None and one.asset and error.code in _NOT_THERE:
            line = line_in_scope(run, one.asset, ("location",))
            remedy = f"Correct the location of {one.asset}: {line}."
        found.append(
            Finding(
                where, error.code, f"{where}: {about}{error.what}", remedy,
                error.code in _WRITTEN,
            )
        )  # fmt: skip
    return found


def _not_asked(where: str, asset: str, error: SluisError) -> Finding:
    """What is put back may be broken; then nobody knows whether its user's rights are enough."""
    return Finding(
        where, "rights-not-asked",
        f"{where}: {asset}: nobody could ask whether the rights are there to put it back: "
        f"{error.what}",
        f"It may be what is broken. Otherwise: {error.remedy} The rights stand in "
        "docs/examples.md, below 'Rights to put a database back'.",
    )  # fmt: skip


def _clock(answer: Answer, where: str, between: tuple[datetime, datetime]) -> list[Finding]:
    found = []
    for whose, said in ((where, answer.clock), ("the store", answer.store_clock)):
        if said is None:
            continue
        clock = datetime.fromisoformat(said)
        ahead = max((clock - between[1]).total_seconds(), 0)
        behind = max((between[0] - clock).total_seconds(), 0)
        if max(ahead, behind) > CLOCKS:
            words = "ahead of" if ahead else "behind"
            # a store that is wrong by itself only lowers a level: it may be nobody's here to set
            wrong = whose == where and max(ahead, behind) > _WRONG
            found.append(
                Finding(
                    whose, "clock-wrong" if wrong else "clock-off",
                    f"The clock of {whose} is {max(ahead, behind):,.0f} s {words} that of this "
                    "machine, so nobody can say how fresh a copy is.",
                    "See which of the two is wrong, and set it right there: "
                    "timedatectl set-ntp true.",
                )
            )  # fmt: skip
    return found


def _right(
    one: Lacking, host: str, settings: SnapshotSettings, answer: Answer, *, restore: bool
) -> Finding:
    kind = next((seen.kind for seen in answer.seen if seen.asset == one.asset), "postgresql")
    said = settings.connections.get(one.asset)
    # the user is the one that we log in as; the server says it in its own spelling
    grant = grant_of(kind, one, said.user if said else None, restore=restore)
    code = "right-missing" if grant.needed else "right-missing-for-level"
    return Finding(
        host, code, f"{host}: {one.asset}: the user {one.to[:80]!r} {grant.lacks}.",
        f"Run there as an administrator: {grant.statement}",
    )  # fmt: skip


def _two_users(
    host: str, where: str, store: Store, there: Disk, restored: Disk
) -> Iterator[Finding]:
    """A store on a disk that the host and the verifier do not use alike."""
    if there.there != restored.there:
        has, has_not = (host, where) if there.there else (where, host)
        yield Finding(
            host, "store-not-shared",
            f"{host}: the store {store.id} at {store.location} is a repository on {has} and "
            f"none on {has_not}: that path is not the same folder on both.",
            "A store of kind local is a folder that the host and the verifier both have by that "
            "path: mount it on both, or name a store of kind rest or sftp.",
        )  # fmt: skip
    elif not there.there and there.number not in (0, restored.number):
        yield Finding(
            host, "store-not-writable",
            f"{host}: the store {store.id} at {store.location} has no repository yet. {where} "
            f"would make it as the user {restored.user}, and then the user {there.user} of {host} "
            "could not write in it.",
            "Let one user do both: on the host snapshot_and_verify_become: true, or on the "
            "verifier the same user as on the host. Or name a store of kind rest or sftp.",
        )  # fmt: skip


def _not_append_only(store: str, wants: Sequence[str]) -> Finding:
    about = f" {', '.join(wants)} cannot reach V6." if wants else " No asset can reach V6."
    return Finding(
        f"store {store}", "store-not-append-only",
        f"The store {store} lets whoever has its login take snapshots away.{about}",
        "Start it append-only: rclone serve restic --append-only, or rest-server --append-only.",
    )  # fmt: skip


def _waived(run: Run) -> frozenset[str]:
    folder = run.places.change(run.client, run.change) / "waivers" if run.change else None
    if folder is None or not folder.is_dir():
        return frozenset()
    return frozenset(path.stem for path in folder.glob("*.yml"))
