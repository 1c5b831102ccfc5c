"""An SFTP server that lies: about sizes, names, types and bytes, and that hangs up at will.

paramiko carries the connection; what is said over it is made here byte by byte, with
nothing of the product, because a real server cannot be made to say it.
"""

from __future__ import annotations

import socket
import stat
import struct
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import paramiko

PASSWORD = "open-sesame-3f9c"
ROOT = b"/drive"
EOF, NO_FILE, DENIED, FAILED = 1, 2, 3, 4
#: no answer at all, where a status is asked for
SILENT = -1


class HangUpError(Exception):
    """The server drops the connection now."""


@dataclass
class Node:
    """One item as the server tells it.

    ``content`` is what it gives; ``size`` what it says there is. ``on_read`` may change the
    node, return other bytes, a status (``SILENT``: no answer), or hang up. ``trailing`` is what
    comes after the bytes in each answer, where the protocol has nothing.
    """

    content: bytes = b""
    mode: int | None = stat.S_IFREG | 0o644
    size: int | None = None
    mtime: int | None = 1_500_000_000
    target: bytes = b""
    on_open: Callable[[Node], int | None] | None = None
    on_read: Callable[[Node, int, int], bytes | int | None] | None = None
    trailing: bytes = b""
    #: names instead of the children that are there
    names: Callable[[int], list[tuple[bytes, Node]] | int] | None = None
    #: what a listing says of it, where that is not what it is
    listed_as: Node | None = None

    def attributes(self) -> bytes:
        size = len(self.content) if self.size is None else self.size
        flags, out = 0x1, struct.pack(">Q", size)
        if self.mode is not None:
            flags, out = flags | 0x4, out + struct.pack(">I", self.mode)
        if self.mtime is not None:
            flags, out = flags | 0x8, out + struct.pack(">II", self.mtime, self.mtime)
        return struct.pack(">I", flags) + out


def folder(**more) -> Node:
    return Node(mode=stat.S_IFDIR | 0o755, **more)


@dataclass
class LyingServer:
    """The server, running while the ``with`` block does."""

    nodes: dict[bytes, Node] = field(default_factory=dict)
    most_read: int = 1 << 30
    banner: str = "SSH-2.0-liar"
    garbage: bytes = b""
    #: how many connections there may be at once
    most_links: int = 100
    #: bytes of file content after which every connection is dropped, once
    drop_after: int | None = None

    opened: Counter = field(default_factory=Counter)
    reads: list[tuple[bytes, int, int]] = field(default_factory=list)
    logins: list[str] = field(default_factory=list)
    given: int = 0

    def __post_init__(self):
        self.nodes.setdefault(ROOT, folder())
        self.key = paramiko.ECDSAKey.generate()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.transports = []
        self.lock = threading.Lock()

    def __enter__(self):
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.listener.close()
        for transport in self.transports:
            transport.close()

    def add(self, path: bytes, content: bytes = b"", **more) -> Node:
        node = self.nodes[ROOT + b"/" + path] = Node(content, **more)
        return node

    def add_folder(self, path: bytes, **more) -> Node:
        node = self.nodes[ROOT + b"/" + path] = folder(**more)
        return node

    def host_key(self) -> str:
        return f"{self.key.get_name()} {self.key.get_base64()}"

    def _accept(self):
        while True:
            try:
                link, _ = self.listener.accept()
            except OSError:
                return
            alive = [t for t in self.transports if t.is_active()]
            if len(alive) >= self.most_links:
                link.close()
                continue
            link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            transport = paramiko.Transport(link)
            transport.local_version = self.banner
            transport.add_server_key(self.key)
            transport.set_subsystem_handler("sftp", _Sftp, self)
            self.transports.append(transport)
            try:
                transport.start_server(server=_Door(self), event=threading.Event())
            except (paramiko.SSHException, EOFError, OSError):
                continue


class _Door(paramiko.ServerInterface):
    def __init__(self, server):
        self.server = server

    def get_allowed_auths(self, username):
        return "password"

    def check_auth_password(self, username, password):
        self.server.logins.append(username)
        return paramiko.AUTH_SUCCESSFUL if password == PASSWORD else paramiko.AUTH_FAILED

    def check_channel_request(self, kind, chanid):
        return paramiko.OPEN_SUCCEEDED


class _Sftp(paramiko.SubsystemHandler):
    """One conversation."""

    def __init__(self, channel, name, interface, server):
        super().__init__(channel, name, interface)
        self.server, self.channel = server, channel
        self.handles, self.pages = {}, Counter()

    def start_subsystem(self, name, transport, channel):
        try:
            self._take(5)
            if self.server.garbage:
                channel.sendall(self.server.garbage)
            else:
                self._send(2, struct.pack(">I", 3))
            while True:
                length, kind = struct.unpack(">IB", self._take(5))
                body = self._take(length - 1)
                number, rest = body[:4], body[4:]
                said = self._answer(kind, number, rest)
                if said is not None:
                    self._send(*said)
        except (HangUpError, EOFError, OSError, paramiko.SSHException):
            transport.close()

    def _take(self, count):
        data = b""
        while len(data) < count:
            piece = self.channel.recv(count - len(data))
            if not piece:
                raise EOFError
            data += piece
        if count == 5 and data[4] == 1:
            self._take_more()
        return data

    def _take_more(self):
        # the version that follows INIT
        self.channel.recv(4)

    def _send(self, kind, body):
        self.channel.sendall(struct.pack(">IB", len(body) + 1, kind) + body)

    def _answer(self, kind, number, rest):
        given = self._given(kind, rest)
        if given == SILENT:
            return None
        if isinstance(given, int):
            return 101, number + struct.pack(">I", given) + _string(b"as I please\x1b[31m") * 2
        return given[0], number + given[1]

    def _given(self, kind, rest):
        length = struct.unpack(">I", rest[:4])[0]
        name, rest = rest[4 : 4 + length], rest[4 + length :]
        server = self.server
        if kind in {5, 4, 12}:
            return {5: self._read, 4: self._close, 12: self._names}[kind](name, rest)
        node = server.nodes.get(name)
        if node is None:
            return NO_FILE
        if kind in {7, 17}:
            return 105, node.attributes()
        if kind == 19:
            return 104, struct.pack(">I", 1) + _string(node.target) + _string(b"") + b"\0" * 4
        if kind in {3, 11}:
            with server.lock:
                server.opened[name] += 1
            refused = node.on_open(node) if node.on_open else None
            if refused is not None:
                return refused
            handle = b"h%d" % len(self.handles)
            self.handles[handle] = name
            return 102, _string(handle)
        return 8

    def _close(self, handle, rest):
        return 0

    def _read(self, handle, rest):
        offset, count = struct.unpack(">QI", rest)
        server, name = self.server, self.handles[handle]
        node = server.nodes[name]
        with server.lock:
            server.reads.append((name, offset, count))
        data = node.on_read(node, offset, count) if node.on_read else None
        if data is None:
            data = node.content[offset : offset + min(count, server.most_read)] or EOF
        if isinstance(data, int):
            return data
        with server.lock:
            server.given += len(data)
            if server.drop_after is not None and server.given > server.drop_after:
                server.drop_after = None
                raise HangUpError
        return 103, _string(data) + node.trailing

    def _names(self, handle, rest):
        path = self.handles[handle]
        node = self.server.nodes[path]
        page, self.pages[handle] = self.pages[handle], self.pages[handle] + 1
        if node.names is not None:
            found = node.names(page)
        elif page:
            found = EOF
        else:
            found = [(b".", node), (b"..", node)]
            found += [
                (other[len(path) + 1 :], one)
                for other, one in self.server.nodes.items()
                if other.startswith(path + b"/") and b"/" not in other[len(path) + 1 :]
            ]
        if isinstance(found, int):
            return found
        body = struct.pack(">I", len(found))
        for name, one in found:
            body += _string(name) + _string(b"-rw " + name) + (one.listed_as or one).attributes()
        return 104, body


def _string(value: bytes) -> bytes:
    return struct.pack(">I", len(value)) + value
