"""restic, driven by what it can do and not by its version number (0.14 to current).

An exit status that restic's documentation does not explain is a failure. Nothing is
ever piped into it: a producer that dies half-way would leave a snapshot that looks
whole (measured: status 0).
"""

from __future__ import annotations

import contextlib
import glob
import os
import re
import signal
import subprocess
import time
from dataclasses import dataclass, replace
from time import sleep
from typing import Callable, Dict, Iterable, List, Optional, Sequence

from ..border.characters import clean_text
from ..border.parts import StoreSecrets
from ..border.strict_json import WrongError
from ..errors import InputError, SnapshotError
from ..programs import PATH, Command, Words, fixed, option
from .access import TAKES_NOTHING, TAKES_NOTHING_REMEDY, Access, checked
from .children import Children
from .filling import Filling
from .progress import Progress
from .restic_lines import LONGEST_LINE, Line, Listed, Status, in_words, read_line, read_snapshots
from .restic_watch import Watch, waiting
from .store_keys import keys_of

PROGRAM = "restic"
#: the status of a command that we ended
ENDED = -int(signal.SIGKILL)
#: seconds that a store may stay away before we stop waiting for it
PATIENCE = 300.0

#: What restic says of an index that another host is writing just then. Some stores show a file
#: under its name before all of it is there (rclone serve restic on a local disk, 1.60: met with
#: two hosts at once). An index that is damaged stays so, and fails after the last time.
_HALF_WRITTEN = re.compile(r"load <index/([0-9a-f]+)>: invalid data returned")
#: seconds to wait before a command is run again that met one
_AGAIN_AFTER = (1.0, 3.0, 9.0)

#: how restic ends, and what it says, when another run holds the lock
_LOCKED, _LOCKED_WORDS = 11, "repository is already locked"
#: seconds between two tries of a repository that is locked
_LOCK_EVERY = 2.0
#: what restic says, and what that is called here; the first that fits counts
_SAID = (
    ("wrong password or no key found", "repository-password-wrong"),
    ("unexpected HTTP response (401)", "store-login-refused"),
    ("401 Unauthorized", "store-login-refused"),
    ("Host key verification failed", "store-host-key-changed"),
    # before "no repository": a store that is away is not one that was never made
    ("connection refused", "store-unreachable"),
    ("connection reset", "store-unreachable"),
    ("no route to host", "store-unreachable"),
    ("no such host", "store-unreachable"),
    ("i/o timeout", "store-unreachable"),
    ("unable to start the sftp session", "store-unreachable"),
    # a store that goes in the middle of an answer: what Go says behind the address
    ('": EOF', "store-unreachable"),
    ('": unexpected EOF', "store-unreachable"),
    ("server closed idle connection", "store-unreachable"),
    ("connection lost", "store-unreachable"),
    ("broken pipe", "store-unreachable"),
    ("network is unreachable", "store-unreachable"),
    ("TLS handshake timeout", "store-unreachable"),
    ("Is there a repository at the following location", "repository-missing"),
    ("unable to open config file", "repository-missing"),
    (_LOCKED_WORDS, "repository-locked"),
    ("no space left on device", "no-space"),
)
#: what restic was doing when a store of the REST kind forbade it: rclone forbids also when its
#: disk is full, and taking away is forbidden by every store that is append-only
_SAVING = ("Save(<", "unable to save", "unable to create lock", "create repository", "create key")
_FORBIDDEN = ("403 Forbidden", "(403)")
#: what a store of that kind says of itself when it cannot write: rclone without --append-only and
#: with a full disk 500 (1.60), rest-server over its quota 413, and others 507. It may pass, so it
#: counts only when restic ended by it
_CANNOT = ("Internal Server Error", "(500)", "(507)", "(413)")
_REMEDIES = {
    "repository-password-wrong": "Use the password that the repository was made with.",
    "store-login-refused": "Correct store_user and store_password.",
    "store-host-key-changed": "Compare the key's fingerprint with the owner of the store. Only "
    "when it is theirs, write it as host_key in snapshot_and_verify_store.",
    "store-unreachable": "Check the store and the network between; then run this again.",
    "repository-missing": "Prepare the store first, and check its address.",
    "repository-locked": "Wait for the other run, or remove a lock that nobody holds "
    "(restic unlock). How long is waited for it: snapshot_and_verify_patience, in seconds.",
    "no-space": "Make room on the disk that is named, and run this again.",
    TAKES_NOTHING: TAKES_NOTHING_REMEDY,
}
#: documented exit statuses: https://restic.readthedocs.io/en/stable/075_scripting.html
_STATUS = {10: "repository-missing", _LOCKED: "repository-locked", 12: "repository-password-wrong"}

#: what restic says when it stopped at a key that is not ours, or at one that is no key
_KEY_TROUBLE = re.compile(
    r"wrong password or no key found|maximum number of keys|Unmarshal|unexpected end of JSON"
    r"|invalid character|[Ss]crypt|ciphertext verification failed|unauthenticated|\bkey\b"
)
#: lines of a stack trace, which restic prints below some errors
_STACK = re.compile(r"(?:github\.com|golang\.org|runtime|main|cmd)[/.]\S*$|/?\S+\.(?:go|s):\d+$")
#: bytes of text, beside JSON, that are kept of one command
_MOST_TEXT = 64 << 20


@dataclass(frozen=True)
class Answer:
    """How one command ended. ``ran`` holds no secret."""

    ran: str
    status: int
    lines: List[Line]
    text: str
    errors: str
    seconds: float


@dataclass(frozen=True)
class _Call:
    """One command, as :meth:`Restic.run` takes it."""

    words: Sequence[Words]
    ids: Sequence[str]
    cwd: str
    on_line: Optional[Callable[[Line], None]]
    keep_lines: bool
    filling: Optional[Filling]
    stops_at: Optional[Callable[[str], bool]]


class Restic:
    """One repository, opened with one password.

    Args:
        children: starts the program; ends it with us.
        access: the store.
        password: opens the repository; goes through the environment only.
        cache: folder for restic's cache. A verifier gives a new one, or it would read
            back its own copy instead of the store's.
        escrowed: whether the password is that of the escrowed key.
        patience: seconds that the store may stay away, or be locked by another.
        progress: where it is said that it is waited for.
    """

    def __init__(
        self,
        children: Children,
        access: Access,
        password: str,
        cache: str,
        *,
        program: str = PROGRAM,
        escrowed: bool = False,
        patience: float = PATIENCE,
        progress: Optional[Progress] = None,
    ) -> None:
        self._children = children
        self._access = access
        self._program = program
        self._patience = patience
        self._progress = progress
        self._help: Dict[str, str] = {}
        self._environment = {
            "PATH": PATH,
            "LC_ALL": "C",
            "RESTIC_PASSWORD": password,
            "RESTIC_CACHE_DIR": cache,
            "RESTIC_PROGRESS_FPS": "1",
            "TMPDIR": children.private,
            **access.environment,
        }
        self._escrowed = escrowed
        self._hints: List[str] = []
        self._opened = False
        #: snapshots that were listed and make no sense, such as one of the year 1
        self.strange_snapshots = 0

    def can(self, command: str, feature: str) -> bool:
        """Whether ``restic <command> --help`` mentions a feature."""
        if command not in self._help:
            asked = Command(self._program, fixed("help"), operands=[command])
            ended = self._children.run(asked, self._environment)
            self._help[command] = ended.output
        return feature in self._help[command]

    def version(self) -> str:
        """The version, for the record only."""
        ended = self._children.run(Command(self._program, fixed("version")), self._environment)
        found = re.match(r"restic (\d[\w.+-]{0,40})", ended.output)
        return found[1] if found else "unknown"

    def run(
        self,
        *words: Words,
        ids: Sequence[str] = (),
        cwd: str = "/",
        on_line: Optional[Callable[[Line], None]] = None,
        accept: Sequence[int] = (0,),
        keep_lines: bool = True,
        filling: Optional[Filling] = None,
        stops_at: Optional[Callable[[str], bool]] = None,
    ) -> Answer:
        """Run one command with ``--json``.

        Args:
            words: the command and its options; never a secret.
            ids: full ids of the snapshots that it is about; nothing else is an operand.
            cwd: the folder to start in.
            on_line: called with each JSON object as it comes.
            accept: exit statuses that are no error to the caller.
            keep_lines: keep the JSON objects in the answer.
            filling: the folder that it restores into. It is ended as soon as there is no room
                left, or when it takes more than it may.
            stops_at: tells a line of its error text at which it is ended, with status `ENDED`.

        Raises:
            SnapshotError: with a code from the tables above, ``store-unreachable``,
                ``engine-failed``, ``engine-status-unknown``, ``bad-snapshot-id`` or
                ``copy-too-large``.
        """
        call = _Call(words, ids, cwd, on_line, keep_lines, filling, stops_at)
        for wait in (*_AGAIN_AFTER, None):
            answer = self._once_unlocked(call)
            half = _HALF_WRITTEN.search(answer.errors + answer.text)
            if answer.status in accept or wait is None or half is None:
                break
            self._forget_cached(half[1])
            sleep(wait)
        if answer.status not in accept:
            raise explain(answer, self._access.foreign())
        self._opened = True
        return answer

    def _once_unlocked(self, call: _Call) -> Answer:
        """While another run holds the repository's lock, ask again until patience ends."""
        began = time.monotonic()
        waited = waiting("locked by another run", self._patience)
        while True:
            answer = self._with_a_key(call)
            left = self._patience - (time.monotonic() - began)
            if answer.status == 0 or answer.lines or left <= 0 or not _is_locked(answer):
                return answer
            if self._progress is not None:
                self._progress.say(waited)
            sleep(min(_LOCK_EVERY, left))

    def _with_a_key(self, call: _Call) -> Answer:
        """Tell restic which key is ours; until one opened the repository, try the next.

        It saves a second for each other key, and a key that is none stops nobody.
        """
        if not self._hints:  # a repository may have been made since
            password = self._environment["RESTIC_PASSWORD"]
            self._hints = keys_of(self._access, password, escrowed=self._escrowed)
        while True:
            if self._hints:
                self._environment["RESTIC_KEY_HINT"] = self._hints[0]
            answer = self._with_or_without_cache(call)
            trouble = answer.status != 0 and not answer.lines and not self._opened
            if not trouble or len(self._hints) < 2 or not _KEY_TROUBLE.search(answer.errors):
                return answer
            self._hints = self._hints[1:]

    def _with_or_without_cache(self, call: _Call) -> Answer:
        """What only reads needs no disk: without room for a cache it reads from the store."""
        try:
            return self._once(call)
        except SnapshotError as error:
            if error.code != "no-space" or call.filling is not None:
                raise
        return self._once(replace(call, words=(*call.words, fixed("--no-cache"))))

    def _forget_cached(self, index: str) -> None:
        """restic keeps in its cache what it got, half as it is, and would ask no more."""
        cache = self._environment["RESTIC_CACHE_DIR"]
        for path in glob.glob(os.path.join(glob.escape(cache), "*", "index", "**", f"{index}*"),
                              recursive=True):  # fmt: skip
            with contextlib.suppress(OSError):
                os.unlink(path)

    def _once(self, call: _Call) -> Answer:
        operands = [checked(snapshot) for snapshot in call.ids]
        command = Command(
            self._program, *self._access.options, fixed("--json"), *call.words, operands=operands
        )
        start = time.monotonic()
        child = self._children.start(
            command,
            self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=call.cwd,
            # a file that claims to be endless is not made, not even without content
            most_file=call.filling.most if call.filling is not None else None,
        )
        lines: List[Line] = []
        text: List[str] = []
        only_reads = any("--no-lock" in word.parts for word in call.words)
        with Watch(
            self._access,
            child,
            self._patience,
            call.filling,
            progress=self._progress,
            stops_when_full=only_reads or call.filling is not None,
            stops_at=call.stops_at,
        ) as watch:
            try:
                self._read(child, lines if call.keep_lines else None, text, call.on_line)
            except BaseException:
                child.kill()
                raise
            finally:
                status = self._children.wait(child)
        answer = Answer(
            ran=Command(self._program, *call.words, operands=operands).shown,
            status=status,
            lines=lines,
            text="".join(text),
            errors=watch.errors,
            seconds=time.monotonic() - start,
        )
        trouble = watch.trouble(answer.ran)
        if trouble is not None:
            raise trouble
        return answer

    def _read(
        self,
        child: "subprocess.Popen[bytes]",
        lines: Optional[List[Line]],
        text: List[str],
        on_line: Optional[Callable[[Line], None]],
    ) -> None:
        """Read what it prints: messages one by one, and the text between them."""
        size = 0
        assert child.stdout is not None  # noqa: S101
        with child.stdout as output:
            while True:
                raw = output.readline(LONGEST_LINE)
                if not raw:
                    return
                try:
                    line = read_line(raw)
                except WrongError as wrong:
                    raise _no_answer(f"'{wrong.field}' of a line {wrong.why}") from None
                if line is None:
                    size += len(raw)
                    if size > _MOST_TEXT:
                        raise _no_answer(f"it is longer than {_MOST_TEXT >> 20} MB")
                    text.append(raw.decode("utf-8", "backslashreplace"))
                    continue
                if on_line is not None:
                    on_line(line)
                if lines is not None and not isinstance(line, Status):
                    lines.append(line)

    def snapshots(self, *tags: str) -> List[Listed]:
        """All snapshots that carry every one of these tags, oldest first."""
        only = option("--tag", ",".join(tags)) if tags else fixed()
        answer = self.run(fixed("snapshots", "--no-lock"), only)
        try:
            found, strange = read_snapshots(answer.text)
        except ValueError as error:
            raise _no_answer(f"its list of snapshots cannot be read: {error}") from None
        self.strange_snapshots = strange
        return found


def password_of(secrets: StoreSecrets) -> str:
    """The repository's own password.

    Raises:
        InputError: ``no-repository-password``.
    """
    if not secrets.repository_password:
        raise InputError(
            "no-repository-password",
            "There is no password for the repository.",
            "Write repository_password in snapshot_and_verify_store_secrets.",
        )
    return secrets.repository_password


def _is_locked(answer: Answer) -> bool:
    return answer.status == _LOCKED or _LOCKED_WORDS in answer.text + answer.errors


def explain(answer: Answer, foreign: str = "") -> SnapshotError:
    """Turn a failed answer into an error with a code, from what restic said.

    Args:
        answer: how the command ended.
        foreign: what is known about objects on the store that are not restic's.
    """
    said = answer.text + answer.errors
    last = _last_words(answer.errors) or _last_words(answer.text) or "it said nothing"
    code = _STATUS.get(answer.status)
    for words, name in _SAID:
        if words in said:
            code = code or name
    if code is None and _does_not_save(said):
        code = TAKES_NOTHING
    if code is None:
        code = "engine-failed" if answer.status == 1 else "engine-status-unknown"
    return SnapshotError(
        code,
        f"'{clean_text(answer.ran)}' ended with status {answer.status}: {last}"
        + (f"; {foreign}" if foreign else ""),
        _REMEDIES.get(code, "Read what restic says, repair that, and run this again."),
    )


def _does_not_save(said: str) -> bool:
    """Whether a store took nothing when restic wanted to save something."""
    lines = [line for line in said.splitlines() if line.strip() and not _STACK.match(line)]
    saving = [line for line in lines if any(words in line for words in _SAVING)]
    if any(words in line for line in saving for words in _FORBIDDEN):
        return True
    ended = bool(saving) and saving[-1] == lines[-1]
    return ended and any(words in line for line in saving[-2:] for words in _CANNOT)


def _no_answer(why: str) -> SnapshotError:
    return SnapshotError(
        "engine-answer-wrong",
        f"What restic printed cannot be used: {why}.",
        "Look which restic this is, and who writes to the repository.",
    )


def _last_words(said: str, size: int = 600) -> str:
    lines = in_words(said)
    told = [line for line in lines if not _STACK.match(line)]
    return clean_text(" / ".join(_without_login(told[-4:]))[-size:])


def _without_login(lines: Iterable[str]) -> List[str]:
    """restic hides the password in addresses by itself; this is the second lock."""
    return [re.sub(r"//[^/@\s][^/@\s:]*:[^/@\s]+@", "//***@", line) for line in lines]
