"""What the sign-in answers: a token that can be sent, and how long it is good, or an error."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from .account import Account
from .errors import GraphError

#: characters of a token: those of RFC 6749 (appendix A.12), of which a header can be made
_TOKEN = re.compile(r"[\x21-\x7e]+")
#: seconds; a token of Microsoft's lives a day at most
_LONGEST = 400 * 86_400.0


@dataclass(frozen=True)
class Token:
    """A token.

    Args:
        text: the secret itself.
        life: seconds for which it is good.
    """

    text: str = field(repr=False)
    life: float


def token_of(account: Account, answer: Mapping[str, object]) -> Token:
    """The token of an answer that has one.

    Raises:
        GraphError: ``sign-in-failed``: no request can be made of it, or its life is no number.
    """
    text, told = answer.get("access_token"), answer.get("expires_in")
    if not isinstance(text, str) or not _TOKEN.fullmatch(text):
        raise malformed_sign_in(account, "a token that no request can be made of")
    try:
        life = float(told or 0) if isinstance(told, int | float | str) else math.nan
    except (ValueError, OverflowError):
        life = math.nan
    if not math.isfinite(life):
        raise malformed_sign_in(account, "a token whose life is no number of seconds")
    return Token(text, min(max(life, 0.0), _LONGEST))


def malformed_sign_in(account: Account, what: str) -> GraphError:
    """An answer to a sign-in that is none.

    Args:
        account: whose.
        what: came: "a token that …".
    """
    return _failed(account, f"answered with {what}.")


def sent_elsewhere(account: Account, what: str) -> GraphError:
    """A sign-in that is to go where nothing of ours goes.

    Args:
        account: whose.
        what: happened: "answered 307 and …".
    """
    return _failed(account, f"{what}: the secret goes nowhere else.")


def _failed(account: Account, how: str) -> GraphError:
    return GraphError(
        "sign-in-failed",
        f"The sign-in at {account.cloud.authority} {how}",
        "Find out what answers in its place (proxy, DNS), then run again; it goes on.",
    )
