"""Is a service up? By systemd, by a pid file, or by the name of its program."""

from __future__ import annotations

import os
from typing import Any, Iterator, Mapping

from ..errors import SnapshotError
from ..programs import Command, fixed, run
from .answer import Answer, bad_check, text

#: exists exactly when systemd is the running init (sd_booted(3))
_SYSTEMD = "/run/systemd/system"

#: programs that run the file in their first argument, without their version
_INTERPRETERS = frozenset(
    {
        "bash", "dash", "ksh", "lua", "node", "nodejs", "perl", "php", "python", "ruby", "sh",
        "tclsh", "zsh",
    }
)  # fmt: skip


def service(check: Mapping[str, Any], timeout: float) -> Answer:
    """Look whether a service runs.

    Args:
        check: one of ``unit`` (systemd), ``pid_file`` (with ``program``, if given, as a
            second look) or ``program`` (the file name of the running program).
        timeout: seconds for systemd to answer.
    """
    refuse_service(check)
    if check.get("unit"):
        return _unit(text(check, "unit"), timeout)
    if check.get("pid_file"):
        return _pid_file(text(check, "pid_file"), check.get("program"))
    return _program(text(check, "program"))


def refuse_service(check: Mapping[str, Any]) -> None:
    """Refuse a description that names no service.

    Raises:
        InputError: ``bad-check``.
    """
    if not any(check.get(name) for name in ("unit", "pid_file", "program")):
        raise bad_check(check, "names no unit, pid_file or program")


def _unit(unit: str, timeout: float) -> Answer:
    if not os.path.isdir(_SYSTEMD):
        return Answer(None, "systemd does not run here, so it cannot be asked about units")
    command = Command(
        "systemctl",
        fixed("show", "--property=LoadState,ActiveState,SubState"),
        operands=[unit],
    )
    try:
        done = run(command, seconds=timeout)
    except SnapshotError:
        return Answer(None, "there is no systemctl on this host")
    except TimeoutError:
        return Answer(None, f"systemd did not answer within {timeout:g} s")
    lines = done.output.decode("utf-8", "replace").splitlines()
    found = dict(line.split("=", 1) for line in lines if "=" in line)
    if done.status != 0 or "ActiveState" not in found:
        return Answer(None, f"systemctl ended with status {done.status}")
    state = f"{found['ActiveState']} ({found.get('SubState', '?')})"
    if found.get("LoadState") != "loaded":
        return Answer(False, f"the unit is {found.get('LoadState', 'unknown')} to systemd")
    return Answer(found["ActiveState"] == "active", f"systemd says {state}")


def _pid_file(path: str, program: Any) -> Answer:
    try:
        with open(path, "rb") as file:
            first = file.read(32).split()
    except FileNotFoundError:
        return Answer(False, "the pid file is not there")
    except OSError as error:
        return Answer(None, f"the pid file cannot be read: {error.strerror}")
    # PostgreSQL and others write more lines below the number.
    if not first or not first[0].isdigit():
        return Answer(False, "the pid file holds no process number")
    pid = int(first[0])
    if not _runs(pid):
        return Answer(False, f"process {pid} of the pid file does not run")
    if program is not None and str(program) not in _names(pid):
        return Answer(False, f"process {pid} of the pid file is another program")
    return Answer(True, f"process {pid} runs")


def _program(program: str) -> Answer:
    processes = os.listdir("/proc")
    if "1" not in processes:  # mounted with hidepid: only our own are shown
        return Answer(None, "this account may not see the processes of others")
    for name in processes:
        if not name.isdigit() or int(name) == os.getpid():
            continue
        if program in _names(int(name)) and _runs(int(name)):
            return Answer(True, f"process {name} runs")
    return Answer(False, "no such program runs")


def _runs(pid: int) -> bool:
    """Whether the process is there and not a zombie (proc(5), ``stat``)."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return file.read().rpartition(b")")[2].split()[:1] not in ([b"Z"], [b"X"])
    except OSError:
        return False


def _names(pid: int) -> frozenset[str]:
    return frozenset(_names_of(f"/proc/{pid}"))


def _names_of(process: str) -> Iterator[str]:
    try:
        yield os.path.basename(os.readlink(f"{process}/exe"))
    except OSError:
        pass  # another user's process: its command line is still readable
    try:
        with open(f"{process}/cmdline", "rb") as file:
            words = file.read(4096).split(b"\0")
        # "postgres: writer" and the like put more words into the first one.
        first = os.path.basename(os.fsdecode(words[0]).split(":")[0].strip())
        yield first
        # a script: its interpreter comes first. Of any other program it is what that works on.
        if len(words) > 1 and first.rstrip("0123456789.") in _INTERPRETERS:
            yield os.path.basename(os.fsdecode(words[1]))
    except OSError:
        pass
