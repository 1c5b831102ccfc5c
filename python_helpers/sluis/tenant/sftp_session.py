"""One SFTP connection, on which many things are asked before the first is answered."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterable, Iterator
from typing import Generic, TypeVar

import paramiko

from . import sftp_wire as wire
from .sftp_login import WINDOW, SftpLogin, log_in
from .source_error import CutError, ProtocolError, SourceError

T = TypeVar("T")

#: A piece of work: it yields what it wants to ask, and is sent all answers, in that order.
Errand = Generator[list[wire.Request], list[wire.Answer], T]

#: what every server must read at once (draft, section 6.4), and the most we ask for
_SURE_READ = 32 << 10
_MOST_READ = 255 << 10
#: no answer to what we ask is longer
_LONGEST = 4 << 20
#: seconds in which an answer has to come whole, also when there is no silence in it
_WHOLE = 300.0
#: bytes of answers that may wait for other answers of their piece of work; small files that are
#: read side by side come to a quarter of it
_MOST_WAITING = 32 << 20
_RECEIVE = 1 << 20
_SEND = 32 << 10


class SftpSession:
    """An open SFTP connection, for one thread at a time.

    Attributes:
        read_size: bytes that the server gives in one answer.
        plain_listing: whether it lists links as links. OpenSSH does (sftp-server.c uses lstat
            for a listing); the draft does not say, so others are asked about each item.
    """

    def __init__(self, transport: paramiko.Transport, patience: float) -> None:
        self._transport = transport
        self._out = bytearray()
        #: what has come and was not taken apart, and how much of it an answer needs
        self._parts: list[bytes] = []
        self._have, self._need = 0, 4
        self._number = 0
        try:
            self._channel = transport.open_session(window_size=WINDOW, timeout=patience)
            self._channel.settimeout(patience)
            self._channel.invoke_subsystem("sftp")
            self._channel.sendall(wire.greeting())
        except (paramiko.SSHException, EOFError, OSError) as error:
            raise SourceError(
                "source-without-sftp",
                "The server lets us in, and offers no SFTP.",
                "Ask the old supplier to allow SFTP for this account.",
            ) from error
        self._greet()

    @classmethod
    def open(cls, login: SftpLogin) -> SftpSession:
        """Log in and begin; see ``log_in`` for the errors."""
        transport = log_in(login)
        try:
            return cls(transport, login.patience)
        except BaseException:
            transport.close()
            raise

    def close(self) -> None:
        """End the connection; nothing on it is waited for."""
        self._transport.close()

    def send(self, request: wire.Request) -> int:
        """Put a request in line; it leaves with ``flush``. Returns its number."""
        self._number = (self._number + 1) & 0xFFFFFFFF
        self._out += wire.spelled(self._number, request)
        return self._number

    def flush(self) -> None:
        """Send what stands in line.

        Raises:
            CutError: ``source-cut``.
        """
        out, self._out = bytes(self._out), bytearray()
        try:
            for at in range(0, len(out), _SEND):
                self._channel.sendall(out[at : at + _SEND])
        except (OSError, EOFError, paramiko.SSHException) as error:
            raise _cut() from error

    def receive(self) -> list[wire.Answer]:
        """Wait for answers, and take all that are there.

        Raises:
            CutError: ``source-cut``.
            ProtocolError: the server talks nonsense.
        """
        until = time.monotonic() + _WHOLE
        while True:
            found = self._whole_answers()
            if found:
                return found
            if time.monotonic() > until:
                raise _cut()
            self._wait()

    def one(self, request: wire.Request) -> wire.Answer:
        """Ask one thing and wait for its answer; nothing else may be under way."""
        number = self.send(request)
        self.flush()
        answers = self.receive()
        if len(answers) != 1 or answers[0].number != number:
            raise ProtocolError("it answered what nobody asked")
        return answers[0]

    def run(self, errands: Iterable[Errand[T]], at_once: int) -> Iterator[T]:
        """Run many pieces of work on this connection, side by side.

        Args:
            errands: taken one by one, as room comes free.
            at_once: how many run side by side.

        Yields:
            what each comes to, as they end.

        Raises:
            CutError: ``source-cut``.
            ProtocolError: the server talks nonsense, or answers much and leaves the rest open.
        """
        waiting = iter(errands)
        asked: dict[int, tuple[_Under[T], int]] = {}
        running = held = 0
        while True:
            ended: list[T] = []
            while running < at_once:
                fresh = next(waiting, None)
                if fresh is None:
                    break
                running += not self._go_on(_Under(fresh), None, asked, ended)
            self.flush()
            yield from ended
            if not running:
                if not ended:
                    return
                continue
            ended = []
            for answer in self.receive():
                under, place = asked.pop(answer.number, (None, 0))
                if under is None:
                    raise ProtocolError("it answered what nobody asked")
                under.answers[place] = answer
                under.missing -= 1
                held += len(answer.body)
                if not under.missing:
                    whole = under.whole()
                    held -= sum(len(one.body) for one in whole)
                    running -= self._go_on(under, whole, asked, ended)
                if held > _MOST_WAITING:
                    raise ProtocolError("too much of what it answers waits for other answers")
            yield from ended

    def _go_on(
        self,
        under: _Under[T],
        answers: list[wire.Answer] | None,
        asked: dict[int, tuple[_Under[T], int]],
        ended: list[T],
    ) -> bool:
        """Take a piece of work one step on; ``True`` when that ended it."""
        try:
            wanted = next(under.errand) if answers is None else under.errand.send(answers)
        except StopIteration as end:
            ended.append(end.value)
            return True
        under.answers = [None] * len(wanted)
        under.missing = len(wanted)
        for place, request in enumerate(wanted):
            asked[self.send(request)] = (under, place)
        return False

    def _greet(self) -> None:
        answers = self.receive()
        # its body begins where other answers have their number
        greeting = answers[0]
        if len(answers) != 1 or greeting.kind != wire.Kind.VERSION or greeting.number < 3:
            raise ProtocolError("it does not speak version 3")
        fields = wire.Fields(greeting.body)
        offered = set()
        while fields.more:
            offered.add(fields.string())
            fields.view()
        # what a server calls itself is only used to save it work, not to trust it
        self.plain_listing = self._transport.remote_version.startswith("SSH-2.0-OpenSSH")
        self.read_size = _SURE_READ
        if b"limits@openssh.com" in offered:
            answer = self.one(wire.ask_limits())
            if answer.kind == wire.Kind.EXTENDED_REPLY:
                limits = wire.Fields(answer.body)
                limits.long()
                self.read_size = max(4096, min(limits.long() or _SURE_READ, _MOST_READ))

    def _whole_answers(self) -> list[wire.Answer]:
        """Take apart what has come; bytes of a file are looked at and not copied."""
        if self._have < self._need:
            return []
        came = self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)
        view, at, found = memoryview(came), 0, []
        self._need = 4
        while self._have - at >= 4:
            length = int.from_bytes(view[at : at + 4], "big")
            if not 5 <= length <= _LONGEST:
                raise ProtocolError(f"it announces an answer of {length} bytes")
            end = at + 4 + length
            if end > self._have:
                self._need = 4 + length
                break
            number = int.from_bytes(view[at + 5 : at + 9], "big")
            found.append(wire.Answer(number, view[at + 4], view[at + 9 : end]))
            at = end
        self._parts = [came[at:]] if at < self._have else []
        self._have -= at
        return found

    def _wait(self) -> None:
        try:
            piece = self._channel.recv(_RECEIVE)
        except (OSError, EOFError, paramiko.SSHException) as error:
            raise _cut() from error
        if not piece:
            raise _cut()
        self._parts.append(piece)
        self._have += len(piece)


def _cut() -> CutError:
    return CutError(
        "source-cut",
        "The connection to the SFTP server was lost, or nothing was heard for too long.",
        "Run it again: what was had stays had.",
    )


class _Under(Generic[T]):
    """A piece of work under way, and what it was answered so far."""

    __slots__ = ("answers", "errand", "missing")

    def __init__(self, errand: Errand[T]) -> None:
        self.errand = errand
        self.answers: list[wire.Answer | None] = []
        self.missing = 0

    def whole(self) -> list[wire.Answer]:
        return [answer for answer in self.answers if answer is not None]
