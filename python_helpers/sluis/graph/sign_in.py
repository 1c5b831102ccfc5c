"""The connection over which MSAL signs in: bounded in time and in what it takes.

MSAL reads an answer whole, however long it is, and gives no time limit of its own.
"""

from __future__ import annotations

from typing import Any

import requests
from requests.adapters import HTTPAdapter

from .account import Account

#: bytes of one answer; a token takes a few thousand, and the keys of a tenant a few ten thousand
LARGEST = 1 << 20
_PIECE = 1 << 16


class LargeAnswerError(requests.RequestException):
    """An answer to a sign-in is larger than any that a sign-in has."""


class _Bounded(HTTPAdapter):
    """Reads an answer itself, up to its bound, so that nothing behind it reads without one."""

    def send(
        self, request: requests.PreparedRequest, *args: Any, **kwargs: Any
    ) -> requests.Response:
        answer = super().send(request, *args, **{**kwargs, "stream": True})
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
        self.mount("https://", _Bounded())

    def request(self, *args: Any, **kwargs: Any) -> requests.Response:
        kwargs.setdefault("timeout", self._seconds)
        return super().request(*args, **kwargs)


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
