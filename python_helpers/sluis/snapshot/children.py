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
import os
import pwd
import resource
import shutil
import signal
import subprocess
import tempfile
from dataclasses import dataclass, replace
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any, Dict, List, Optional, Sequence, Set, Tuple, Type, Union

from ..errors import SnapshotError
from ..programs import Command
from .confine import Confinement, Enter, confinement, libc

if TYPE_CHECKING:
    from typing import Self

#: Argument: the folder to remove. Reads lines until the pipe closes: "+pid" and "-pid" for
#: a child that came or went, a path for a further folder to remove, "=uid" for a user of the
#: moment, all of whose processes go: a program of a restored database can leave the group.
_KEEPER = """
trap '' INT TERM HUP QUIT
alive=' '
users=' '
while read -r line; do
  case $line in
    =*) users="$users${line#=} " ;;
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
turns=0
while [ "$users" != ' ' ] && [ $turns -lt 20 ]; do
  left=''
  for process in /proc/[0-9]*; do
    while read -r key uid rest; do
      [ "$key $uid" = 'State: Z' ] && break
      [ "$key" = Uid: ] || continue
      case $users in *" $uid "*) kill -KILL "${process#/proc/}" && left=1 ;; esac
      break
    done < "$process/status"
  done 2>/dev/null
  [ -z "$left" ] && break
  turns=$((turns + 1))
done
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
    confinement: Optional[Confinement] = None

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


def confined_account(most_file: Optional[int] = None) -> Account:
    """Who reads or runs what was restored: as little as this machine can give.

    Args:
        most_file: bytes that one file of it may have.

    Raises:
        SnapshotError: ``no-server-user``: we are root and there is nobody else to be.
    """
    into = confinement()
    if most_file is not None:
        into = replace(into, most_file=most_file)
    uid = os.geteuid() if into.uid is None else into.uid
    gid = os.getegid() if into.gid is None else into.gid
    return Account("sluis", uid, gid, "/tmp", into)  # noqa: S108  its own, see `confine`


def confined_words(account: Optional[Account]) -> str:
    """How a program of this account runs, as the end of a line for the record."""
    if account is None or account.confinement is None:
        return ""
    return f"; {account.confinement.words}"


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
            self._users: Set[int] = set()
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
        command: Command,
        environment: Dict[str, str],
        account: Optional[Account] = None,
        *,
        stdin: Union[int, IO[Any], None] = None,
        stdout: Union[int, IO[Any], None] = None,
        stderr: Union[int, IO[Any], None] = None,
        pass_fds: Sequence[int] = (),
        no_network: bool = False,
        cwd: str = "/",
        most_file: Optional[int] = None,
        most_memory: Optional[int] = None,
    ) -> subprocess.Popen[bytes]:
        """Start one command. Nothing is inherited but what is named here.

        No word of it is an option that came from outside: see `sluis.programs`.

        ``no_network`` puts the child into a network namespace of its own where that is
        possible (Linux, root); see `can_cut_network`. ``most_file``: bytes that one file which
        it writes may have. ``most_memory``: bytes of address space that it may take.

        Raises:
            SnapshotError: there is no such program.
        """
        argv = command.argv()
        prepare = _Prepare(
            self._keeper.pid,
            account,
            no_network and can_cut_network(),
            enter=self._confined(account, argv[0]),
            most_file=most_file,
            most_memory=most_memory,
        )
        try:
            child = subprocess.Popen(
                argv,
                cwd=cwd,
                env={**environment, "HOME": account.home if account else _home()},
                stdin=subprocess.DEVNULL if stdin is None else stdin,
                stdout=subprocess.DEVNULL if stdout is None else stdout,
                stderr=subprocess.DEVNULL if stderr is None else stderr,
                pass_fds=tuple(pass_fds),
                preexec_fn=prepare,
            )
        except subprocess.SubprocessError as error:
            raise SnapshotError(
                "cannot-confine",
                f"{argv[0]} could not be started with the little that it may have: {error}.",
                "Look for what on this machine forbids namespaces or limits.",
            ) from error
        except FileNotFoundError:
            if not os.path.isdir(cwd):
                raise SnapshotError(
                    "source-missing",
                    f"{cwd} is not there any more.",
                    "Find out what removed it, and run this again.",
                ) from None
            raise SnapshotError(
                "program-missing", f"There is no program {argv[0]}.", "Install it."
            ) from None
        self._running.append(child)
        os.write(self._pipe, b"+%d\n" % child.pid)
        return child

    def kill(self) -> None:
        """Kill every child that runs, at once; `wait` still has to be called for each."""
        for child in list(self._running):
            child.kill()

    def _confined(self, account: Optional[Account], program: str) -> Optional[Enter]:
        if account is None or account.confinement is None:
            return None
        uid = account.confinement.uid
        if uid is not None and account.confinement.is_of_the_moment and uid not in self._users:
            self._users.add(uid)
            os.write(self._pipe, b"=%d\n" % uid)
        return Enter(account.confinement, self._folders, program)

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
        command: Command,
        environment: Dict[str, str],
        account: Optional[Account] = None,
        *,
        stdin: Union[int, IO[Any], None] = None,
        stdout: Union[int, IO[Any], None] = None,
        pass_fds: Sequence[int] = (),
        no_network: bool = False,
        seconds: Optional[float] = None,
        most_file: Optional[int] = None,
        most_memory: Optional[int] = None,
    ) -> Ended:
        """Run one command to its end. Its output is kept unless ``stdout`` is given.

        After ``seconds`` it is ended, and so it is when it writes a file of more than
        ``most_file`` bytes; its status is then that of the signal.
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
                most_file=most_file,
                most_memory=most_memory,
            )
            try:
                child.wait(seconds)
            except subprocess.TimeoutExpired:
                child.kill()
            status = self.wait(child)
            return Ended(status, _text(output), _text(errors))


class _Prepare:
    """Runs in the child between fork and exec: system calls only, nothing that can lock."""

    def __init__(
        self,
        group: int,
        account: Optional[Account],
        cut_network: bool,
        enter: Optional[Enter] = None,
        most_file: Optional[int] = None,
        most_memory: Optional[int] = None,
    ) -> None:
        self._group = group
        self._enter = enter
        self._most_file = most_file
        self._most_memory = most_memory
        self._account = account
        self._cut_network = cut_network
        self._libc = libc()
        self._parent = os.getpid()

    def __call__(self) -> None:
        os.setpgid(0, self._group)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core file would hold client data
        if self._most_file is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (self._most_file, self._most_file))
        if self._most_memory is not None:
            resource.setrlimit(resource.RLIMIT_AS, (self._most_memory, self._most_memory))
        if self._enter is not None:
            self._enter()
        elif self._cut_network and self._libc is not None:
            self._libc.unshare(_CLONE_NEWNET)
        if self._account is not None and self._enter is None:
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
    found = libc()
    if os.geteuid() != 0 or found is None:
        return False
    child = os.fork()
    if child == 0:
        os._exit(0 if found.unshare(_CLONE_NEWNET) == 0 else 1)
    _, status = os.waitpid(child, 0)
    return status == 0


def reachable(folder: str, account: Optional[Account]) -> bool:
    """Whether this user can write in the folder, all folders above it included."""
    if account is None or account.uid == os.geteuid():
        return os.access(folder, os.W_OK | os.X_OK)
    if account.confinement is not None and account.confinement.files:
        return True  # it gets the folder itself, and need not pass those above
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
    "confined_account",
    "confined_words",
    "reachable",
)
