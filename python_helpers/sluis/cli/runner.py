"""Every run goes through here: ansible-runner, tamed.

A new private folder and a new name for each run, an environment from a short list, a
closed set of options and extra vars, and no word of Ansible's taken for an outcome.
What ansible-runner really does was measured on 2.4.3; the comments say where it
matters.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import FrameType
from typing import Any, Literal
from uuid import uuid4

import psutil
from ansible_runner.interface import init_runner
from ansible_runner.runner import Runner

from sluis.bytecode import planted_beside
from sluis.cli import leash
from sluis.cli.environment import RUN_MARK, environment
from sluis.cli.private import PrivateFolder
from sluis.cli.progress import Progress
from sluis.cli.progress_file import ProgressFile
from sluis.cli.runlog import RunLog
from sluis.cli.vault import vault_ids
from sluis.cli.watch import Ended, Watch
from sluis.counted import counted
from sluis.errors import InputError, RefusedError
from sluis.places import Places, change_id
from sluis.runbook.findings import Finding
from sluis.runbook.no_file import refuse_what_is_no_file
from sluis.runbook.not_there import no_such_client
from sluis.runbook.own_folder import PROGRESS
from sluis.runbook.telling import told_by

Playbook = Literal[
    "update", "restore", "forecast", "adopt", "discover", "landing", "tenant_migration", "check"
]  # fmt: skip
Phase = Literal["prepare", "apply"]

#: the extra vars that a run may carry, and no other; ``sluis.plan`` holds the same list
EXTRA_VARS = frozenset({"change", "phase"})

_SECONDS_BETWEEN_LOOKS = 1


@dataclass(frozen=True)
class Request:
    """What to run. There is deliberately no field for tags, limits or free options.

    Args:
        time_limit: seconds after which the run is stopped, or ``None``.
        passphrase: of the operator's key; kept in a 0600 file while the run lasts.
    """

    places: Places
    client: str
    change: str
    playbook: Playbook
    extra_vars: Mapping[str, str]
    time_limit: int | None = None
    passphrase: str | None = None

    @property
    def what(self) -> str:
        """The phase, for names and messages."""
        if self.playbook == "adopt":  # its phases are no prepare and no apply of the change
            return "adopt"
        return self.extra_vars.get("phase", "run")


@dataclass(frozen=True)
class RunReport:
    """How a run ended. Nothing here says that a change succeeded; the ledger does.

    Args:
        ident: the run's own name.
        ended: how ``ansible-playbook`` came to its end. ``without a word``: it is gone
            and gave no statistics.
        status: its exit status, when there was one.
        log: the log that was kept.
        troubles: what went wrong around the run, in sentences.
        errors: errors of ours that tasks ended with: ``host``, ``code``, ``what``, ``remedy``.
        forecasts: what a forecast gave, by host: ``lines`` and ``routes``.
        drafted: what ``discover`` drafted.
        findings: what a look found to be wrong out there.
        wrong_input: whether what stopped it, or part of that, is in what was written.
    """

    ident: str
    ended: Ended
    status: int | None
    log: Path
    troubles: tuple[str, ...] = ()
    errors: tuple[dict[str, str], ...] = ()
    forecasts: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    drafted: Mapping[str, Any] | None = None
    findings: tuple[Finding, ...] = ()
    wrong_input: bool = False

    @property
    def went_on_with(self) -> tuple[Finding, ...]:
        """What the look found and did not stop the run for."""
        return tuple(one for one in self.findings if not one.stops)

    def as_dict(self) -> dict[str, Any]:
        """The report as plain JSON data."""
        return {
            "ident": self.ident,
            "ended": self.ended,
            "ansible_status": self.status,
            "log": str(self.log),
            "troubles": list(self.troubles),
            "errors": list(self.errors),
            "went_on_with": [
                {"host": one.host, "code": one.code, "what": one.what, "remedy": one.remedy}
                for one in self.went_on_with
            ],
        }


def run(
    request: Request, lock: Path, caller: Mapping[str, str], progress: Progress, now: datetime
) -> RunReport:
    """Run one phase of one playbook for one change, and wait for its end.

    Args:
        request: what to run.
        lock: the change's lock, held by the caller: see :func:`sluis.cli.lock.only_run`.
        caller: the environment that ``sluis`` was started in; little of it is used.
        progress: where lines go meanwhile. It may fail; the run goes on.
        now: aware UTC time, for the log's name.

    Raises:
        InputError: an extra var that is not on the list; a client or playbook that is
            not in the project; something that was written for the change cannot be used;
            ``not-a-file``, ``file-too-large``.
        RefusedError: ``compiled-code``.
    """
    _check(request)
    ident = str(uuid4())  # a ticket's own number as ident brought back old facts (measured)
    with PrivateFolder(caller) as private:
        secrets = (request.passphrase,) if request.passphrase else ()
        log = RunLog(lock.parent, request.what, ident, now, secrets)
        try:
            watch = Watch(progress, log)
            watch.on_start()
            runner = _prepared(request, caller, private, lock, ident, watch)
            with _signals_to(watch.cancel):
                _go(runner, watch)
            _look_for_processes(ident, watch, end_them=watch.cancel.is_set() or runner.timed_out)
            stopped = told_by(private.path)
            if stopped is not None:
                watch.stopped_by(stopped[0])
                if stopped[1]:
                    log.write(f"stopped before the first task: {stopped[0]['what']}")
                    raise InputError(**stopped[0])
            return _report(runner, watch, ident, log)
        finally:
            log.close()


def _check(request: Request) -> None:
    unlisted = sorted(set(request.extra_vars) - EXTRA_VARS)
    if unlisted:
        raise InputError(
            "extra-var-not-allowed",
            f"The extra var {unlisted[0][:80]!r} could replace what was signed.",
            f"Only these are allowed: {', '.join(sorted(EXTRA_VARS))}.",
        )
    of_no_change = request.playbook == "check" and not request.change
    if not of_no_change and request.extra_vars.get("change") != change_id(request.change):
        raise InputError(
            "bad-change-id", "The extra var 'change' is not this change.", "Give the same id."
        )
    inventory = request.places.inventory(request.client)
    if inventory.is_symlink() or not inventory.is_dir():
        raise no_such_client(request.places, request.client)
    refuse_what_is_no_file(request.places, request.client, request.change or None)
    playbook = request.places.root / "playbooks" / f"{request.playbook}.yml"
    if not playbook.is_file():
        raise InputError(
            "no-such-playbook",
            f"The project has no playbooks/{request.playbook}.yml.",
            "Use update or restore.",
        )
    # the first code of ours that Ansible imports, and what is first where that was removed
    playbooks = request.places.root / "playbooks"
    firsts = ("inventory_plugins/first_look.py", "vars_plugins/refuse_early.py")
    planted = [one for name in firsts for one in planted_beside(playbooks / name)]
    if planted:
        raise RefusedError(
            "compiled-code",
            f"{planted[0]} is compiled code that its source does not say.",
            "Remove it, and find out how it came there.",
        )


def _prepared(
    request: Request,
    caller: Mapping[str, str],
    private: PrivateFolder,
    lock: Path,
    ident: str,
    watch: Watch,
) -> Runner:
    places = request.places
    passphrase_file = None
    if request.passphrase is not None:
        passphrase_file = private.secret("passphrase", request.passphrase.encode())
    runner = init_runner(
        private_data_dir=str(private.path),
        project_dir=str(places.root),
        playbook=str(places.root / "playbooks" / f"{request.playbook}.yml"),
        inventory=str(places.inventory(request.client)),
        extravars=dict(request.extra_vars),
        ident=ident,
        suppress_env_files=True,
        fact_cache_type="memory",
        quiet=True,
        timeout=request.time_limit,
        event_handler=watch.on_event,
        cancel_callback=watch.on_look,
    )
    config = runner.config
    # ansible-runner starts from our own environment; what it made of it is replaced.
    config.env = environment(
        caller,
        places,
        private=private.path,
        artifacts=Path(config.artifact_dir),
        ident=ident,
        passphrase_file=passphrase_file,
    )
    watch.at_work = ProgressFile(Path(config.env[PROGRESS]))
    # It drops the settings it was given when its folder has no settings file.
    config.pexpect_timeout = _SECONDS_BETWEEN_LOOKS
    config.cwd = str(places.root)
    python, tools = sys.executable, Path(sys.executable).parent
    opened_by = vault_ids(places, request.client, caller)
    leashed = [python, "-I", "-S", leash.__file__, str(os.getpid())]
    leashed += [str(private.held), str(lock), "--"]
    config.command = [*leashed, python, "-I", str(tools / "ansible-playbook"), *config.command[1:]]
    for one in opened_by:
        config.command += ["--vault-id", one.option()]
    return runner


def _go(runner: Runner, watch: Watch) -> None:
    try:
        runner.run()
    except Exception as error:  # ansible-runner's own mistakes must not hide the outcome
        runner.status = "failed"
        watch.trouble(f"ansible-runner failed: {type(error).__name__}: {error}"[:500])


def _report(runner: Runner, watch: Watch, ident: str, log: RunLog) -> RunReport:
    ended: Ended
    if watch.cancel.is_set():
        ended = "cancelled"
    elif runner.timed_out:
        ended = "out of time"
    elif watch.stats is None:
        ended = "without a word"
    elif not watch.stats.get("processed"):
        ended = "without a word"
        watch.trouble("Ansible ran on no host at all.")
    else:
        ended = "by itself" if runner.status == "successful" else "with a failure"
    watch.on_end(ended, runner.rc)
    return RunReport(
        ident=ident,
        ended=ended,
        status=runner.rc,
        log=log.path,
        troubles=tuple(watch.troubles),
        errors=tuple(watch.errors),
        forecasts=watch.forecasts,
        drafted=watch.drafted,
        findings=tuple(watch.findings),
        wrong_input=watch.wrong_input,
    )


@contextmanager
def _signals_to(event: threading.Event) -> Iterator[None]:
    """Let Ctrl-C and a polite kill set ``event`` while the context lasts.

    A terminal that hangs up ends nothing: a step broken off half-way because somebody's
    connection was cut is worse than one that ends and is recorded.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may set signal handlers
        return

    def heard(_number: int, _frame: FrameType | None) -> None:
        event.set()

    before = {
        signal.SIGINT: signal.signal(signal.SIGINT, heard),
        signal.SIGTERM: signal.signal(signal.SIGTERM, heard),
        signal.SIGHUP: signal.signal(signal.SIGHUP, signal.SIG_IGN),
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _look_for_processes(ident: str, watch: Watch, *, end_them: bool) -> None:
    """Find what is left of a run. Workers leave its process group, so killing that
    group, which is all that ansible-runner does, lets them live."""
    left = []
    for process in psutil.process_iter():
        try:
            if process.environ().get(RUN_MARK) == ident:
                left.append(process)
        except psutil.Error:  # gone already, or somebody else's
            continue
    if left and end_them:
        for process in left:
            try:
                process.kill()
            except psutil.Error:
                continue
        _, left = psutil.wait_procs(left, timeout=10)
    if left:
        watch.trouble(
            f"{counted(len(left), 'process is', 'processes are')} still at work for this run. "
            "No other run of this change can start before they end."
        )
