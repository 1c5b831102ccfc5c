"""Does a web page answer with this status and this text?"""

from __future__ import annotations

import base64
import contextlib
import http.client
import io
import socket
import ssl
import time
from typing import Any, Iterator, Mapping
from urllib.parse import SplitResult, urlsplit

from .answer import Answer, bad_check, number, text

#: a page's text is looked for in this many bytes
_MOST_BYTES = 4 * 2**20


def web(check: Mapping[str, Any], timeout: float, password: str | None) -> Answer:
    """Fetch a page once. Redirects are not followed: another address is another answer.

    Args:
        check: ``url``; ``status`` (200); ``contains``, a text in the page; ``headers``,
            a mapping; ``user``, for basic authentication; ``ca_file``, whose
            certificates are trusted instead of the system's.
        timeout: seconds for the whole answer.
        password: for ``user``.
    """
    url = url_of(check)
    status = int(number(check, "status", 200, 100, 599))
    wanted = check.get("contains")
    headers = {str(k): str(v) for k, v in (check.get("headers") or {}).items()}
    if check.get("user"):
        pair = f"{text(check, 'user')}:{password or ''}".encode()
        headers["Authorization"] = "Basic " + base64.b64encode(pair).decode("ascii")
    path = (url.path or "/") + (f"?{url.query}" if url.query else "")
    deadline = time.monotonic() + timeout
    try:
        with _opened(url, deadline, check) as connection:
            connection.request("GET", path, headers=headers)
            response = connection.getresponse()
            body = _body(response) if wanted else b""
    except (ssl.SSLError, ssl.CertificateError) as error:
        return Answer(False, f"the encrypted connection failed: {getattr(error, 'reason', error)}")
    except socket.gaierror as error:
        return Answer(None, f"the address cannot be resolved: {error.strerror}")
    except (socket.timeout, TimeoutError):
        return Answer(False, f"no whole answer within {timeout:g} s")
    except (OSError, http.client.HTTPException) as error:
        return Answer(
            False, f"no answer: {getattr(error, 'strerror', None) or type(error).__name__}"
        )
    if response.status != status:
        return Answer(False, f"status {response.status}, expected {status}")
    if wanted and str(wanted).encode() not in body:
        return Answer(False, f"status {status}, but the expected text is not in the page")
    return Answer(True, f"status {status}" + (" and the expected text" if wanted else ""))


def url_of(check: Mapping[str, Any]) -> SplitResult:
    """The address that is described.

    Raises:
        InputError: ``bad-check``: it is none, or a password would be sent in the open.
    """
    try:
        url = urlsplit(text(check, "url"))
        usable = url.scheme in ("http", "https") and url.hostname and not url.username
        url.port  # noqa: B018  it is read when it is asked for
    except ValueError:
        usable = False
    if not usable:
        raise bad_check(check, "has no http or https url without a user in it")
    here = url.hostname in ("127.0.0.1", "::1", "localhost")
    if check.get("user") and url.scheme == "http" and not here:
        raise bad_check(check, "would send a password without encryption")
    if check.get("contains") is not None and not str(check["contains"]):
        raise bad_check(check, "has an empty text for contains, which every page contains")
    return url


@contextlib.contextmanager
def _opened(
    url: SplitResult, deadline: float, check: Mapping[str, Any]
) -> Iterator[http.client.HTTPConnection]:
    """A connection of which everything ends at the deadline: connecting, head and body."""
    host, tls = str(url.hostname), url.scheme == "https"
    kind = http.client.HTTPSConnection if tls else http.client.HTTPConnection
    connection = kind(host, url.port)
    with contextlib.ExitStack() as stack:
        link = stack.enter_context(_connected(host, connection.port, deadline))
        if tls:
            context = ssl.create_default_context(cafile=check.get("ca_file"))
            link.settimeout(_left(deadline))
            link = stack.enter_context(context.wrap_socket(link, server_hostname=host))
        connection.sock = _Timely(link, deadline)
        yield connection


def _connected(host: str, port: int, deadline: float) -> socket.socket:
    """A name may have many addresses: each is tried within what is left."""
    error = OSError("no address")
    for family, kind, protocol, _, address in socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM):
        link = socket.socket(family, kind, protocol)
        try:
            link.settimeout(_left(deadline))
            link.connect(address)
        except OSError as wrong:
            link.close()
            error = wrong
        else:
            return link
    raise error


class _Timely(io.RawIOBase):
    """A socket for ``http.client``. A byte now and then does not begin its time anew."""

    def __init__(self, link: socket.socket, deadline: float) -> None:
        super().__init__()
        self._link, self._deadline = link, deadline

    def sendall(self, data: bytes) -> None:
        self._link.settimeout(_left(self._deadline))
        self._link.sendall(data)

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Timely(self._link, self._deadline))

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._link.settimeout(_left(self._deadline))
        return self._link.recv_into(buffer)


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _body(response: http.client.HTTPResponse) -> bytes:
    body = bytearray()
    while len(body) < _MOST_BYTES:
        piece = response.read1(65536)
        if not piece:
            break
        body += piece
    return bytes(body)
