"""One real server as a child process: the right user, a log, and it never outlives us.

PostgreSQL and MariaDB refuse to run as root. When we are root the server gets the
user that its package made for it; as an ordinary user it simply runs as that user.
"""

from __future__ import annotations

import ctypes
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

_PR_SET_PDEATHSIG = 1  # linux/prctl.h


class ServerError(RuntimeError):
    """A rehearsal server did not start, or stopped by itself; the message ends with its log."""


def server_user(name: str) -> pwd.struct_passwd | None:
    """The user a server must run as: ``name`` (or ``nobody``) for root, else ``None``."""
    if os.geteuid() != 0:
        return None
    for candidate in (name, "nobody"):
        try:
            return pwd.getpwnam(candidate)
        except KeyError:
            continue
    raise ServerError(f"running as root and there is no user {name} or nobody to run a server as")


def server_folder(prefix: str) -> Path:
    """A new folder of its own in the temporary directory that a server's user can enter."""
    folder = Path(tempfile.mkdtemp(prefix=prefix))
    folder.chmod(0o755)
    return folder


def free_port(address: str) -> int:
    """A TCP port that is free on this address right now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((address, 0))
        port: int = probe.getsockname()[1]
        return port


def give(folder: Path, user: pwd.struct_passwd | None) -> None:
    """Make a folder for the server's user, and fail clearly when that user cannot reach it."""
    folder.mkdir(parents=True, exist_ok=True)
    if user is None:
        return
    os.chown(folder, user.pw_uid, user.pw_gid)
    reach = subprocess.run(
        ["test", "-w", str(folder)], user=user.pw_uid, group=user.pw_gid, extra_groups=[]
    )
    if reach.returncode != 0:
        raise ServerError(
            f"the user {user.pw_name} cannot reach {folder}: one of the folders above it is "
            "closed. Use server_folder() or a folder under /tmp."
        )


def run_as(
    command: Sequence[str], user: pwd.struct_passwd | None, environment: dict[str, str]
) -> None:
    """Run one command to its end as the server's user; its output is in the error."""
    identity: dict[str, object] = {}
    if user is not None:
        identity = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    done = subprocess.run(  # type: ignore[call-overload]
        list(command), env=environment, cwd="/", capture_output=True, text=True, **identity
    )
    if done.returncode != 0:
        raise ServerError(f"{command[0]} ended with {done.returncode}: {done.stdout}{done.stderr}")


class ServerProcess:
    """A server that is started, waited for, stopped, and that dies when we die.

    Linux ties that to the thread that started it: start servers from a thread that
    lives as long as they should.
    """

    def __init__(
        self,
        command: Sequence[str],
        user: pwd.struct_passwd | None,
        environment: dict[str, str],
        log: Path,
    ) -> None:
        self._command = list(command)
        self._user = user
        self._environment = environment
        self.log = log
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The server's process id while it runs."""
        return self._child.pid if self._child else None

    def start(self, ready: Callable[[], bool], seconds: float = 60.0) -> None:
        """Start and wait until ``ready()`` says so; ServerError with the log if it dies first."""
        identity: dict[str, object] = {}
        if self._user is not None:
            identity = {
                "user": self._user.pw_uid,
                "group": self._user.pw_gid,
                "extra_groups": [],
            }
        with self.log.open("ab") as log:
            self._child = subprocess.Popen(  # type: ignore[call-overload]
                self._command,
                env=self._environment,
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                preexec_fn=_die_with_parent,  # one prctl call, takes no locks
                process_group=0,  # a Ctrl-C at the terminal is ours to handle, in order
                **identity,
            )
        until = time.monotonic() + seconds
        while not ready():
            if self._child.poll() is not None or time.monotonic() > until:
                self.stop(signal.SIGKILL)
                raise ServerError(f"{self._command[0]} did not start: {self._tail()}")
            time.sleep(0.05)

    def stop(self, how: signal.Signals, seconds: float = 30.0) -> None:
        """Send a signal and wait; SIGKILL when that takes too long. Stopping twice is fine."""
        child, self._child = self._child, None
        if child is None:
            return
        if child.poll() is None:
            child.send_signal(how)
            try:
                child.wait(seconds)
            except subprocess.TimeoutExpired:
                child.kill()
        child.wait()

    def _tail(self) -> str:
        return self.log.read_text(errors="replace")[-4000:] if self.log.exists() else "no log"


def binary(name: str, folders: Sequence[Path]) -> Path:
    """The program ``name`` from the first folder that has it, else from PATH."""
    for folder in folders:
        if (folder / name).exists():
            return folder / name
    found = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
    if found is None:
        raise ServerError(f"{name} is not installed")
    return Path(found)


def _die_with_parent() -> None:
    """Runs in the child: SIGTERM for the server when this process goes, however it goes."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
