"""The connection over which MSAL signs in: bounded in time and in what it takes.

MSAL reads an answer whole, however long it is, and gives no time limit of its own. What it sends
holds the app's secret, so that goes over TLS only, and where it was sent and no further.
"""

from __future__ import annotations

from typing import Any

import requests
from requests.adapters import HTTPAdapter

from .account import Account
from .errors import plain
from .links import origin

#: bytes of one answer; a token takes a few thousand, and the keys of a tenant a few ten thousand
LARGEST = 1 << 20
_PIECE = 1 << 16


class LargeAnswerError(requests.RequestException):
    """An answer to a sign-in is larger than any that a sign-in has."""


class SentElsewhereError(requests.RequestException):
    """The sign-in is to go where nothing of ours may go.

    Args:
        what: happened, as the rest of a sentence about the sign-in.
        request: that was answered so, or is not sent.
    """

    def __init__(self, what: str, request: requests.PreparedRequest) -> None:
        super().__init__(what, request=request)
        self.what = what


class _Bounded(HTTPAdapter):
    """Reads an answer itself, up to its bound, so that nothing behind it reads without one.

    A redirect ends here: ``requests`` would send the same body, with its secret, anywhere.
    """

    def send(
        self, request: requests.PreparedRequest, *args: Any, **kwargs: Any
    ) -> requests.Response:
        answer = super().send(request, *args, **{**kwargs, "stream": True})
        if 300 <= answer.status_code < 400:
            told = answer.headers.get("Location") or ""
            answer.close()
            raise SentElsewhereError(
                f"answered {answer.status_code} and sent us {_place(told)}; we did not go", request
            )
        pieces: list[bytes] = []
        size = 0
        for piece in answer.iter_content(_PIECE):  # as it is once unpacked
            pieces.append(piece)
            size += len(piece)
            if size > LARGEST:
                answer.close()
                raise LargeAnswerError(f"more than {LARGEST:,} bytes", request=request)
        answer._content = b"".join(pieces)
        return answer


class _Session(requests.Session):
    """Requests with a time limit, which ``requests`` does not have by itself."""

    def __init__(self, seconds: tuple[float, float]) -> None:
        super().__init__()
        self._seconds = seconds
        self.adapters.clear()  # of what is there by itself, one speaks http
        self.mount("https://", _Bounded())

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        if not str(request.url).lower().startswith("https://"):
            raise SentElsewhereError(
                f"sent us {_place(str(request.url))}, which is not https; we did not go", request
            )
        return super().send(request, **kwargs)

    def request(self, *args: Any, **kwargs: Any) -> requests.Response:
        kwargs.setdefault("timeout", self._seconds)
        return super().request(*args, **kwargs)


def _place(link: str) -> str:
    """Where a link leads, without what it may hold of a secret."""
    scheme, host, port = origin(link)
    return f"to {plain(host)} ({plain(scheme)}, port {port})" if host else "elsewhere"


def sign_in_session(account: Account, seconds: tuple[float, float]) -> requests.Session:
    """The session that MSAL signs in with.

    Args:
        account: whose sign-in it is; its proxy and its CA are the only ones used.
        seconds: the longest to wait for a connection, and for the next bytes.
    """
    session = _Session(seconds)
    session.trust_env = False  # no .netrc and no proxy that we were not given
    if account.ca is not None:
        session.verify = str(account.ca)
    if account.proxy is not None:
        session.proxies = {"https": account.proxy}
    return session
