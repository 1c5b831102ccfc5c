"""Child processes that never outlive us, and folders that go when we go.

Database clients and scratch servers are started through `Children`. A tiny shell
process, the keeper, waits on a pipe whose other end only we hold. When we end, however
that happens (``kill -9`` included), the pipe closes: the keeper stops what is left of
the process group and removes the folders it was given. So a killed run leaves no server
running, no password file and nothing half made.

Standard library only and Python 3.8 syntax: this file also runs on managed hosts.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import pwd
import resource
import shutil
import signal
import subprocess
import tempfile
from dataclasses import dataclass
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any, Dict, List, Optional, Sequence, Tuple, Type, Union

from ..errors import SnapshotError

if TYPE_CHECKING:
    from typing import Self

#: Argument: the folder to remove. Reads lines until the pipe closes: "+pid" and "-pid" for
#: a child that came or went, a path for a further folder to remove.
_KEEPER = """
trap '' INT TERM HUP QUIT
alive=' '
while read -r line; do
  case $line in
    +*) alive="$alive${line#+} " ;;
    -*) alive="${alive%% ${line#-} *} ${alive#* ${line#-} }" ;;
    /*) set -- "$@" "$line" ;;
  esac
done
kill -QUIT 0
turns=0
while [ $turns -lt 50 ]; do
  left=''
  for pid in $alive; do kill -0 "$pid" 2>/dev/null && left=1; done
  [ -z "$left" ] && break
  turns=$((turns + 1))
  sleep 0.1
done
for pid in $alive; do kill -KILL "$pid" 2>/dev/null; done
[ $# -gt 0 ] && rm -rf -- "$@"
kill -KILL 0
"""

# linux/prctl.h and linux/sched.h
_PR_SET_PDEATHSIG = 1
_PR_SET_NO_NEW_PRIVS = 38
_CLONE_NEWNET = 0x40000000


@dataclass(frozen=True)
class Account:
    """The system user that a child runs as."""

    name: str
    uid: int
    gid: int
    home: str

    @staticmethod
    def named(*names: str) -> Optional[Account]:
        """The first of these users that exists, or None."""
        for name in names:
            with contextlib.suppress(KeyError):
                entry = pwd.getpwnam(name)
                return Account(entry.pw_name, entry.pw_uid, entry.pw_gid, entry.pw_dir)
        return None


@dataclass(frozen=True)
class Ended:
    """How a command ended: its status, output and error text."""

    status: int
    output: str
    errors: str


def server_account(*names: str) -> Optional[Account]:
    """Who a scratch server runs as: None for ourselves, which root cannot be.

    A restored database can run programs as this user. On a verifier that has a server of
    its own, a system user ``sluis`` keeps the two apart; it is taken first.

    Raises:
        SnapshotError: we are root and there is no such user.
    """
    if os.geteuid() != 0:
        return None
    account = Account.named(*names)
    if account is None:
        raise SnapshotError(
            "no-server-user",
            f"A database server refuses to run as root, and none of {', '.join(names)} is a user "
            "here.",
            f"Create the system user {names[0]}, or run the verifier as an ordinary user.",
        )
    return account


class Children:
    """Starts child processes in one group and ends them all with the block.

    Args:
        folder: a private folder (0700) is made in here for this block, see ``private``,
            and removed with everything in it at the end.
        account: the user who owns the private folder, when that is not ourselves.
    """

    def __init__(self, folder: str, account: Optional[Account] = None) -> None:
        self.private = tempfile.mkdtemp(prefix=".sluis-", dir=os.path.abspath(folder))
        self._folders = [self.private]
        self._running: List[subprocess.Popen[bytes]] = []
        reading, self._pipe = os.pipe()  # not inherited by any child
        try:
            if account is not None:
                os.chown(self.private, account.uid, account.gid)
            self._keeper = subprocess.Popen(
                ["/bin/sh", "-c", _KEEPER, "sluis-keeper", self.private],
                cwd="/",
                env={"PATH": "/usr/bin:/bin"},
                stdin=reading,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                preexec_fn=_own_group,
            )
        except BaseException:
            os.close(self._pipe)
            shutil.rmtree(self.private, ignore_errors=True)
            raise
        finally:
            os.close(reading)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        with contextlib.suppress(OSError):
            os.close(self._pipe)
        for child in self._running:
            child.wait()  # the keeper kills; we reap, so that it sees them gone
        self._keeper.wait()
        for folder in self._folders:
            shutil.rmtree(folder, ignore_errors=True)  # there only if the keeper was killed

    def also_remove(self, folder: str) -> str:
        """Have one more folder removed at the end; gives the folder back.

        Raises:
            SnapshotError: its path is relative or holds a line break.
        """
        if not folder.startswith("/") or "\n" in folder:
            raise SnapshotError(
                "folder-name", f"{folder!r} is no path to work in.", "Choose another folder."
            )
        os.write(self._pipe, os.fsencode(folder) + b"\n")
        self._folders.append(folder)
        return folder

    def start(
        self,
        command: Sequence[str],
        environment: Dict[str, str],
        account: Optional[Account] = None,
        *,
        stdin: Union[int, IO[Any], None] = None,
        stdout: Union[int, IO[Any], None] = None,
        stderr: Union[int, IO[Any], None] = None,
        pass_fds: Sequence[int] = (),
        no_network: bool = False,
        cwd: str = "/",
    ) -> subprocess.Popen[bytes]:
        """Start one command. Nothing is inherited but what is named here.

        ``no_network`` puts the child into a network namespace of its own where that is
        possible (Linux, root); see `can_cut_network`.

        Raises:
            SnapshotError: there is no such program.
        """
        prepare = _Prepare(self._keeper.pid, account, no_network and can_cut_network())
        try:
            child = subprocess.Popen(
                list(command),
                cwd=cwd,
                env={**environment, "HOME": account.home if account else _home()},
                stdin=subprocess.DEVNULL if stdin is None else stdin,
                stdout=subprocess.DEVNULL if stdout is None else stdout,
                stderr=subprocess.DEVNULL if stderr is None else stderr,
                pass_fds=tuple(pass_fds),
                preexec_fn=prepare,
            )
        except FileNotFoundError:
            if not os.path.isdir(cwd):
                raise SnapshotError(
                    "source-missing",
                    f"{cwd} is not there any more.",
                    "Find out what removed it, and run this again.",
                ) from None
            raise SnapshotError(
                "program-missing", f"There is no program {command[0]}.", "Install it."
            ) from None
        self._running.append(child)
        os.write(self._pipe, b"+%d\n" % child.pid)
        return child

    def wait(self, child: subprocess.Popen[bytes]) -> int:
        """Wait for one child; its exit status (negative: the signal that ended it)."""
        status = child.wait()
        if child in self._running:
            self._running.remove(child)
            with contextlib.suppress(OSError):
                os.write(self._pipe, b"-%d\n" % child.pid)
        return status

    def run(
        self,
        command: Sequence[str],
        environment: Dict[str, str],
        account: Optional[Account] = None,
        *,
        stdin: Union[int, IO[Any], None] = None,
        stdout: Union[int, IO[Any], None] = None,
        pass_fds: Sequence[int] = (),
        no_network: bool = False,
        seconds: Optional[float] = None,
    ) -> Ended:
        """Run one command to its end. Its output is kept unless ``stdout`` is given.

        After ``seconds`` it is ended; its status is then that of the signal.
        """
        with tempfile.TemporaryFile() as errors, tempfile.TemporaryFile() as output:
            child = self.start(
                command,
                environment,
                account,
                stdin=stdin,
                stdout=output if stdout is None else stdout,
                stderr=errors,
                pass_fds=pass_fds,
                no_network=no_network,
            )
            try:
                child.wait(seconds)
            except subprocess.TimeoutExpired:
                child.kill()
            status = self.wait(child)
            return Ended(status, _text(output), _text(errors))


class _Prepare:
    """Runs in the child between fork and exec: system calls only, nothing that can lock."""

    def __init__(self, group: int, account: Optional[Account], cut_network: bool) -> None:
        self._group = group
        self._account = account
        self._cut_network = cut_network
        self._libc = _libc()
        self._parent = os.getpid()

    def __call__(self) -> None:
        os.setpgid(0, self._group)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core file would hold client data
        if self._cut_network and self._libc is not None:
            self._libc.unshare(_CLONE_NEWNET)
        if self._account is not None:
            os.setgroups([self._account.gid])
            os.setgid(self._account.gid)
            os.setuid(self._account.uid)
        if self._libc is not None:
            # After setuid, which clears it. The keeper is the net below this one.
            self._libc.prctl(_PR_SET_PDEATHSIG, signal.SIGQUIT, 0, 0, 0)
            self._libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
            if os.getppid() != self._parent:
                os._exit(1)


def can_cut_network() -> bool:
    """Whether a child can get a network namespace of its own: Linux, root, and allowed."""
    if os.geteuid() != 0 or _libc() is None:
        return False
    child = os.fork()
    if child == 0:
        libc = _libc()
        os._exit(0 if libc is not None and libc.unshare(_CLONE_NEWNET) == 0 else 1)
    _, status = os.waitpid(child, 0)
    return status == 0


def reachable(folder: str, account: Optional[Account]) -> bool:
    """Whether this user can write in the folder, all folders above it included."""
    if account is None:
        return os.access(folder, os.W_OK | os.X_OK)
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([account.gid])
            os.setgid(account.gid)
            os.setuid(account.uid)
            os._exit(0 if os.access(folder, os.W_OK | os.X_OK) else 1)
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    return status == 0


def _own_group() -> None:
    os.setpgid(0, 0)


def _libc() -> Optional[Any]:
    if not hasattr(os, "posix_fadvise"):  # not Linux: no prctl, no unshare
        return None
    try:
        libc = ctypes.CDLL(None)
        libc.prctl, libc.unshare  # noqa: B018  fails here when the C library has neither
    except (OSError, AttributeError):
        return None
    return libc


def _home() -> str:
    return os.environ.get("HOME", "/")


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode("utf-8", "backslashreplace")


__all__: Tuple[str, ...] = (
    "Account",
    "Children",
    "Ended",
    "can_cut_network",
    "reachable",
    "server_account",
)
