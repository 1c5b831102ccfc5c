"""Everything that would stop a change: what was written is read, and what is out there looked at.

What was written is read in a process of its own, and not in the run that looks at hosts: a typo
in the list of hosts must not hide what is wrong in the scope.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sluis.cli.change_run import both_described, described_playbook
from sluis.cli.checked_vault import without_what_follows
from sluis.cli.private import PrivateFolder
from sluis.cli.progress import Line, Progress
from sluis.cli.runner import Playbook, Request, RunReport, run
from sluis.cli.session import Session
from sluis.cli.vault import VaultId, vault_ids
from sluis.cli.written import read_in_a_clean_place
from sluis.errors import InputError, SluisError
from sluis.evidence.anchors import load_anchors
from sluis.evidence.files import read_regular
from sluis.evidence.keys import operator_key
from sluis.places import Places
from sluis.runbook.check_words import BECOME, CLOSED
from sluis.runbook.findings import PROGRAM_LATER
from sluis.runbook.move_check_words import NOT_ENTERED
from sluis.runbook.signed_before import said_otherwise
from sluis.runbook.written_choice import asked_less
from sluis.scope.gone_by import today_of
from sluis.scope.load import ScopeError, load_scope
from sluis.scope.model import ScopeDocument
from sluis.scope.remarks import remarks

#: settings that nothing can be looked at without
_OF_SETTINGS = frozenset({"bad-backup", "bad-setting", "bad-store", "certificate-missing"})
#: jobs of a scope by which it is told what describes the change
_JOBS = ("migration", "restore", "update")
_LARGEST_SCOPE = 16 << 20
_NO_LIST = "inventory-not-readable"
#: of the log of a look that broke off
_LAST_LINES = 5
#: what is said of a scope that can be read all the same
_READABLE = frozenset({"day-is-past", "no-such-host", "open-question", "same-version"})


@dataclass(frozen=True)
class NotRight:
    """One thing that is not right.

    Args:
        written: whether it is in what was written, or out there.
        about: the file, or the host.
        line: of the file; 0: the file as a whole.
        code: short and stable.
        what: what is wrong.
        remedy: what to do about it.
    """

    written: bool
    about: str
    line: int
    code: str
    what: str
    remedy: str

    @property
    def told(self) -> str:
        """What is wrong, and where, in one line."""
        if self.what.startswith(self.about) or (not self.written and self.about in self.what):
            return self.what
        line = f", line {self.line}" if self.line else ""
        return f"{self.about}{line}: {self.what}"

    def as_dict(self) -> dict[str, Any]:
        """As plain JSON data."""
        plain = asdict(self)
        plain["kind"] = "written" if plain.pop("written") else "out there"
        return plain


@dataclass(frozen=True)
class _OneChange:
    client: str
    change: str
    dossier: Path


@dataclass(frozen=True)
class Checked:
    """What came of it.

    Args:
        wrong: everything that is not right, what was written first.
        not_looked_at: what could not be looked at, and why. It may be wrong as well.
        run: how the run ended that looked at hosts, as JSON data; ``None`` when there was none.
        remarks: what stops nothing and ought to be known.
    """

    wrong: tuple[NotRight, ...]
    not_looked_at: tuple[str, ...]
    run: dict[str, Any] | None
    remarks: tuple[str, ...] = ()

    @property
    def exit_status(self) -> int:
        """64 for what was written, 1 for what is out there or could not be looked at, else 0."""
        if any(one.written for one in self.wrong):
            return 64
        return 1 if self.wrong or self.not_looked_at else 0


def check_all(
    session: Session, client: str, change: str | None, playbook: Playbook | None
) -> Checked:
    """Read everything that was written, and look at everything that is out there.

    Args:
        session: this call of ``sluis``.
        client: client id, checked.
        change: change id, checked; ``None``: the client as a whole.
        playbook: the runbook that the change describes; ``None`` when that cannot be told.
    """
    written = [*_keys(session, client)]
    opened_by: tuple[VaultId, ...] = ()
    try:
        opened_by = vault_ids(session.places, client, session.environ)
    except InputError as error:
        written.append(_of_error(f"inventories/{client}", error))
    with session.doing("Reading what was written: the hosts, the settings and the change"):
        read = read_in_a_clean_place(session.places, client, change, playbook, opened_by)
    written += [
        NotRight(True, one.file, one.line, one.code, one.what, one.remedy) for one in read.faults
    ]
    if change is not None and playbook is not None:
        both = both_described(session.places, client, change, playbook)
        written += [_of_error(f"inventories/{client}/changes/{change}", both)] if both else []
    report, not_looked_at = _out_there(session, client, change)
    out = list(_found(report)) if report is not None else []
    if any(one.code == _NO_LIST for one in written):
        out = []  # it says the same in Ansible's words, and so does its log
        not_looked_at = [
            "hosts, stores, settings and steps, because the list of hosts cannot be read"
        ]
    if change is not None and any(
        one.about.endswith("/scope.yml") and one.code not in _READABLE for one in written
    ):
        not_looked_at.append(
            "the folders and databases of this change, because its scope cannot be read"
        )
    written, out, instead = without_what_follows(written, out)
    not_looked_at += instead
    unread = sorted({one.about for one in out if one.code in _OF_SETTINGS})
    if unread:
        not_looked_at.append(
            f"folders, databases and stores of {', '.join(unread)}, because the settings cannot "
            "be used"
        )
        known = {(one.code, one.what) for one in written}
        out = [one for one in out if (one.code, one.what) not in known]
    closed = sorted({one.about for one in out if one.code in CLOSED | NOT_ENTERED})
    if closed:
        not_looked_at.append(
            f"what is on {', '.join(closed)}: check again when the way there is open"
        )
    not_looked_at += _without_sudo(session, client, change, out)
    everything = {(one.about, one.line, one.what): one for one in [*written, *out]}
    wrong = sorted(everything.values(), key=lambda one: not one.written)
    told = report.as_dict() | {"log": None} if report is not None else None
    later = [one for one in report.findings if one.code == PROGRAM_LATER] if report else []
    said = (
        *_remarks(session, client, change),
        *read.remarks,
        *(f"{one.what} {one.remedy}" for one in later),
    )
    return Checked(tuple(wrong), tuple(not_looked_at), told, said)


def _without_sudo(
    session: Session, client: str, change: str | None, out: Sequence[NotRight]
) -> Iterator[str]:
    """What stays unseen on each host whose sudo does nothing for us, one line each."""
    hosts = sorted({one.about for one in out if one.code in BECOME})
    scope = _scope(session, client, change) if hosts else None
    for host in hosts:
        here = scope.assets_on(host) if scope is not None else ()
        why = f"because sudo on {host} does nothing for us; check again when it does"
        for asset in here:
            if asset.takes_snapshot and not asset.is_exported:
                yield f"{asset.id} on {host}, and what restoring it needs on the verifier, {why}"
        yield f"restic, the store and the room as {host} has them, {why}"


def _scope(session: Session, client: str, change: str | None) -> ScopeDocument | None:
    if change is None:
        return None
    try:
        return load_scope(session.places.change(client, change) / "scope.yml").document
    except InputError:
        return None  # what is wrong with it is said by its reader


def _remarks(session: Session, client: str, change: str | None) -> tuple[str, ...]:
    document = _scope(session, client, change)
    if change is None or document is None:
        return ()
    folder = session.places.change(client, change)
    today = today_of(document, session.now())
    return (
        *remarks(document, today),
        *_signed_before(session, client, change, document),
        *asked_less(folder, session.places, client, document),
    )


def _signed_before(
    session: Session, client: str, change: str, document: ScopeDocument
) -> tuple[str, ...]:
    try:
        anchors = load_anchors(session.places.trust(client), client)
    except SluisError:
        return ()  # said by what looks at the keys
    one = _OneChange(client, change, session.places.dossier(client, change))
    return tuple(said_otherwise(one, anchors, document))


def _keys(session: Session, client: str) -> Iterator[NotRight]:
    """The operator's own key, and whether this client's ledger would believe it."""
    try:
        key = operator_key(session.environ)
    except InputError as error:
        key = None
        if error.code != "bad-passphrase" or session.environ.get("SLUIS_KEY_PASSPHRASE_FILE"):
            yield _of_error("your key", error)
    try:
        anchors = load_anchors(session.places.trust(client), client)
    except SluisError as error:
        yield _of_error(f"inventories/trust/{client}", error)
        return
    if key is not None and key.keyid not in anchors.keys:
        yield NotRight(
            True, f"inventories/trust/{client}", 0, "key-not-trusted",
            f"Your key {key.name} is not among the keys that are believed for {client}.",
            f"sluis keys trust {client} {key.name}",
        )  # fmt: skip


class _Quietly:
    """Tells what is looked at. What is found is the result, and not said twice."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def __enter__(self) -> Self:
        self._progress.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.__exit__(kind, error, trace)

    def look(self) -> None:
        self._progress.look()

    def tell(self, line: Line) -> None:
        if line.kind not in ("failed", "unreachable", "word"):
            self._progress.tell(line)


def _out_there(
    session: Session, client: str, change: str | None
) -> tuple[RunReport | None, list[str]]:
    """Look at hosts and stores. Its log goes with it: what counts in it is said."""
    request = Request(
        places=session.places,
        client=client,
        change=change or "",
        playbook="check",
        extra_vars={"change": change} if change else {},
    )
    # also gone when we are killed
    with PrivateFolder(session.environ) as private:
        lock = private.secret("lock", b"")
        try:
            telling = session.telling()
            with _Quietly(telling) if session.progress == "people" else telling as progress:
                report = run(request, lock, session.environ, progress, session.now())
        except SluisError as error:
            return None, [f"hosts and stores: {error.what} {error.remedy}"]
        if report.ended == "by itself" or report.findings:
            return report, []
        why = "; what it found so far is said" if report.errors else _last_words(report.log)
        return report, [
            f"hosts and stores, or not all of them: the look at them ended {report.ended}{why}"
        ]


def _last_words(log: Path) -> str:
    lines = [line.strip() for line in log.read_text("utf-8", "replace").splitlines()]
    last = " / ".join([line for line in lines if line][-_LAST_LINES:])
    return f". Its last lines: {last[-1500:]}" if last else ", and said nothing"


def _found(report: RunReport) -> Iterator[NotRight]:
    for found in report.findings:
        if found.code == PROGRAM_LATER:
            continue  # a remark: what a change brings is not there before it
        yield NotRight(found.written, found.host, 0, found.code, found.what, found.remedy)
    known = {found.what for found in report.findings}
    for error in report.errors:
        if error["what"] not in known:
            yield NotRight(
                False, error["host"] or "the run", 0, error["code"], error["what"],
                error["remedy"],
            )  # fmt: skip


def _of_error(about: str, error: SluisError) -> NotRight:
    return NotRight(True, about, 0, error.code, error.what, error.remedy)


def likely_playbook(places: Places, client: str, change: str) -> Playbook:
    """The runbook of a change, also of one whose scope cannot be read.

    Args:
        places: the project.
        client: client id.
        change: change id.

    Raises:
        InputError: ``no-such-client``, ``no-such-change``.
    """
    try:
        return described_playbook(places, client, change, ambiguous=True)
    except ScopeError:
        folder = places.change(client, change)
        job = _job_as_written(folder / "scope.yml")
        if job == "migration":
            return "tenant_migration"
        restores = (folder / "restore.yml").is_file()
        if restores and (job == "restore" or not (folder / "update.yml").is_file()):
            return "restore"
        return "update"


def _job_as_written(scope: Path) -> str | None:
    """The job of a scope that cannot be read as a whole, or the one that is meant."""
    try:
        text = read_regular(scope.resolve(), _LARGEST_SCOPE).decode("utf-8", "replace")
    except (OSError, ValueError, RuntimeError):
        return None
    found = re.search(r"(?m)^job:[ \t]*['\"]?([A-Za-z ]{1,40})", text)
    near = difflib.get_close_matches(found[1].strip().lower(), _JOBS, n=1) if found else []
    return near[0] if near else None


def with_the_rest(session: Session, client: str, change: str, error: InputError) -> InputError:
    """The error that stopped a change before it began, with everything else that is wrong.

    Args:
        session: this call of ``sluis``.
        client: client id.
        change: change id.
        error: what it was stopped by, which comes first.
    """
    playbook = likely_playbook(session.places, client, change)
    found = check_all(session, client, change, playbook)
    rest = [
        f"{one.told} What to do: {one.remedy}" for one in found.wrong if one.what not in error.what
    ]
    rest += [f"Not looked at: {line}" for line in found.not_looked_at]
    if not rest:
        return error
    what = "\n".join([error.what, "sluis check found this as well:", *rest])
    return InputError(error.code, what, error.remedy)
