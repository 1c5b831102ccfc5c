"""Does a web page answer with this status and this text?"""

from __future__ import annotations

import base64
import http.client
import socket
import ssl
import time
from typing import Any, Mapping
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
        connection = _connection(url.scheme, str(url.hostname), url.port, timeout, check)
        try:
            connection.request("GET", path, headers=headers)
            response = connection.getresponse()
            body = _body(response, deadline) if wanted else b""
        finally:
            connection.close()
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
    return url


def _connection(
    scheme: str, host: str, port: int | None, timeout: float, check: Mapping[str, Any]
) -> http.client.HTTPConnection:
    if scheme == "http":
        return http.client.HTTPConnection(host, port, timeout=timeout)
    context = ssl.create_default_context(cafile=check.get("ca_file"))
    return http.client.HTTPSConnection(host, port, timeout=timeout, context=context)


def _body(response: http.client.HTTPResponse, deadline: float) -> bytes:
    body = bytearray()
    while len(body) < _MOST_BYTES:
        if time.monotonic() > deadline:
            # A server that sends a byte now and then never trips the socket's timeout.
            raise TimeoutError
        piece = response.read1(65536)
        if not piece:
            break
        body += piece
    return bytes(body)
