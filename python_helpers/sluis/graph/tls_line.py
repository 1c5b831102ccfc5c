"""A TLS connection for content, straight or through a proxy."""

from __future__ import annotations

import base64
import re
import socket
import ssl
import time
from urllib.parse import SplitResult, unquote

#: seconds without a byte after which a connection counts as broken
TIMEOUT = 120.0
_LONGEST = 64 << 10  # bytes of a proxy's answer
_PROXY = 60.0  # seconds in which it has to come


class WireError(Exception):
    """The connection broke, or what came is not HTTP."""


def connect(
    place: tuple[str, int], context: ssl.SSLContext, proxy: SplitResult | None
) -> ssl.SSLSocket:
    """A TLS connection to a host and port, through a proxy if there is one.

    Raises:
        WireError: it could not be made.
        ssl.SSLCertVerificationError: the certificate is not trusted.
    """
    address = (proxy.hostname or "", proxy.port or 8080) if proxy else place
    plain: socket.socket | None = None
    try:
        plain = socket.create_connection(address, timeout=30.0)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if proxy:
            _tunnel(plain, place, proxy)
        tls = context.wrap_socket(plain, server_hostname=place[0])
        tls.settimeout(TIMEOUT)
        return tls
    except ssl.SSLCertVerificationError:
        if plain:
            plain.close()
        raise
    except (OSError, UnicodeError) as error:
        if plain:
            plain.close()
        raise WireError(type(error).__name__) from None


def _tunnel(plain: socket.socket, place: tuple[str, int], proxy: SplitResult) -> None:
    name = f"[{place[0]}]" if ":" in place[0] else place[0]
    request = f"CONNECT {name}:{place[1]} HTTP/1.1\r\nHost: {name}:{place[1]}\r\n"
    if proxy.username:
        user = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}".encode()
        request += f"Proxy-Authorization: Basic {base64.b64encode(user).decode('ascii')}\r\n"
    plain.sendall(request.encode("latin-1") + b"\r\n")
    answer, until = b"", time.monotonic() + _PROXY
    while b"\r\n\r\n" not in answer:
        got = plain.recv(1)  # nothing that belongs to TLS may be taken
        if not got or len(answer) > _LONGEST or time.monotonic() > until:
            raise ConnectionError
        answer += got
    if not re.match(rb"HTTP/1\.[01] 2\d\d", answer):
        raise ConnectionRefusedError
