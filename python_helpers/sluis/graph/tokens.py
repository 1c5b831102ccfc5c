"""Access tokens by client credentials, renewed while the work goes on.

MSAL does the talking (it is what Microsoft keeps right), in a thread of its own because it blocks.
What was measured of MSAL 1.39 and is heeded here:

- it never reuses a token with 300 s or less left, so asking it for each request would fetch a
  token each time near the end; the token is kept here, and renewed from 300 s before its end while
  requests go on with the old one;
- it repeats an HTTP 400 for 60 s and a 429 or 5xx for its ``Retry-After`` without asking again,
  so a renewal that failed is not tried again within that time;
- it gives a token from its own cache until that ends by the machine's clock, even if Graph no
  longer accepts it, so its cache is emptied before it is asked.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import msal
import requests
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.hazmat.primitives.serialization.pkcs12 import load_pkcs12
from cryptography.x509 import load_pem_x509_certificates
from msal.exceptions import MsalServiceError

from ..errors import InputError
from ..evidence.files import read_regular
from .account import Account
from .clock import Clock
from .errors import ConnectionCutError, GraphError, NoTenantError, NotTrustedError, plain
from .retry import Patience
from .sign_in import SentElsewhereError, sign_in_session
from .token_answer import Token, malformed_sign_in, sent_elsewhere, token_of

T = TypeVar("T")

#: seconds before its end at which MSAL gives up a token
MSAL_MARGIN = 300.0
#: seconds for which MSAL repeats a 400 without asking
MSAL_REPEATS = 60.0
_LARGEST_CERTIFICATE = 1 << 20  # bytes
#: how MSAL fails over an answer that is not what it takes for granted
_MISREAD = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RuntimeError)
_LAST_MOMENT = 30.0  # seconds before its end at which requests no longer go out with a token


class Tokens:
    """The app's current token.

    Args:
        account: whose.
        clock: time, for when to renew.
        patience: how often it is asked for, and how long one answer may take.
    """

    def __init__(self, account: Account, clock: Clock, patience: Patience | None = None) -> None:
        patience = patience or Patience()
        self._account = account
        self._clock = clock
        self._patience = patience
        self._app: Any = None
        self._session = sign_in_session(account, patience.sign_in_seconds)
        self._token = ""
        self._ends = self._renew_from = float("-inf")
        self._not_before = float("-inf")
        self._fetching: asyncio.Task[None] | None = None

    def __repr__(self) -> str:
        return f"Tokens({self._account.client_id})"

    async def get(self, rejected: str | None = None) -> str:
        """A token that may be used now.

        Args:
            rejected: a token that Graph just refused; another is fetched, unless one was already.

        Raises:
            GraphError: ``sign-in-refused`` or ``sign-in-failed``.
        """
        if rejected is not None and rejected == self._token:
            self._token, self._ends = "", float("-inf")
            self._not_before = float("-inf")
        now = self._clock.now()
        if now < self._renew_from and self._token:
            return self._token
        if self._fetching is None or self._fetching.done():
            if self._token and now < self._not_before and now < self._ends:
                return self._token  # a renewal failed a moment ago; MSAL would repeat its answer
            self._fetching = asyncio.create_task(self._fetch())
            self._fetching.add_done_callback(_look_at)
        if self._token and now < self._ends:
            return self._token  # nobody waits for a renewal while the old one still works
        await asyncio.shield(self._fetching)
        return self._token

    async def close(self) -> None:
        """Let go of the connections; nobody waits for a renewal that is under way."""
        if self._fetching and not self._fetching.done():
            self._fetching.cancel()
            await asyncio.wait([self._fetching])
        self._session.close()

    async def _fetch(self) -> None:
        failed: GraphError
        for attempt in range(1, self._patience.sign_ins + 1):
            began = self._clock.now()
            try:
                async with asyncio.timeout(self._patience.sign_in_whole):
                    token = await _aside(partial(self._ask, self._app, self._session))
            except GraphError as error:
                if error.code == "sign-in-refused":
                    self._not_before = self._clock.now() + MSAL_REPEATS + 1
                    raise
                failed = error
            except (requests.RequestException, MsalServiceError, OSError) as error:
                if isinstance(error, TimeoutError):
                    # its thread may go on with these for as long as the service likes
                    self._app = None
                    self._session = sign_in_session(self._account, self._patience.sign_in_seconds)
                untrusted = isinstance(error, requests.exceptions.SSLError)
                failed = (NotTrustedError if untrusted else ConnectionCutError)(
                    "sign-in-failed",
                    f"The sign-in at {self._account.cloud.authority} gave no usable answer "
                    f"({type(error).__name__}).",
                    "Check the network, the proxy and the CA, then run again; it goes on.",
                )
            else:
                self._keep(token, began)
                return
            if attempt < self._patience.sign_ins:
                # MSAL repeats a 5xx for five seconds without asking
                await self._clock.sleep(6.0 * attempt)
        self._not_before = self._clock.now() + MSAL_REPEATS + 1
        raise failed

    def _keep(self, token: Token, began: float) -> None:
        life = token.life
        self._token = token.text
        self._ends = began + max(life - min(_LAST_MOMENT, life / 10), 1.0)
        # a token that lives 300 s or less is new each time MSAL is asked: use most of it
        self._renew_from = began + (life - MSAL_MARGIN if life > 2 * MSAL_MARGIN else life * 0.6)

    def _ask(self, app: Any, session: requests.Session) -> Token:
        try:
            answer = self._answer(app, session)
        except SentElsewhereError as error:
            raise sent_elsewhere(self._account, error.what) from None
        except OSError:  # what the network does; those of ``requests`` among them
            raise
        except _MISREAD as error:
            what = f"what cannot be read ({type(error).__name__})"
            raise malformed_sign_in(self._account, what) from None
        if not isinstance(answer, dict):
            raise malformed_sign_in(self._account, "what is no JSON object")
        if "access_token" not in answer:
            raise _refusal(self._account, answer)
        return token_of(self._account, answer)

    def _answer(self, app: Any, session: requests.Session) -> object:
        if app is None:
            app = _application(self._account, session)
            if session is self._session:
                self._app = app
        app.remove_tokens_for_client()
        scope = f"{self._account.cloud.graph}/.default"
        if not self._account.cloud.is_microsofts:
            scope = "https://graph.microsoft.com/.default"  # a rehearsal plays the global cloud
        answer: object = app.acquire_token_for_client([scope])
        return answer


def _aside(work: Callable[[], T]) -> asyncio.Future[T]:
    """Work in a thread that nothing waits for: no loop that closes, and no end of the process.

    What blocks in it may go on for as long as a service gives a byte now and then.
    """
    loop = asyncio.get_running_loop()
    made: asyncio.Future[T] = loop.create_future()

    def tell(say: Callable[[Any], None], what: Any) -> None:
        def unless_left() -> None:
            if not made.done():
                say(what)

        with contextlib.suppress(RuntimeError):  # the loop is closed
            loop.call_soon_threadsafe(unless_left)

    def run() -> None:
        try:
            answer = work()
        except BaseException as error:  # it is raised again where somebody sees it
            tell(made.set_exception, error)
        else:
            tell(made.set_result, answer)

    threading.Thread(target=run, name="sluis-tokens", daemon=True).start()
    return made


def _application(account: Account, session: requests.Session) -> msal.ConfidentialClientApplication:
    authority = f"{account.cloud.authority}/{account.tenant_id}"
    proof = account.secret if account.certificate is None else _certificate(account.certificate)
    try:
        return msal.ConfidentialClientApplication(
            account.client_id,
            client_credential=proof,
            authority=authority,
            instance_discovery=account.cloud.is_microsofts,
            http_client=session,
        )
    except ValueError as error:  # MSAL's word for an authority that does not exist
        raise NoTenantError(
            "sign-in-refused",
            f"There is no tenant {account.tenant_id} at {account.cloud.authority}: {plain(error)}",
            "Check tenant_id and the cloud.",
        ) from None


def _certificate(path: Path) -> dict[str, str]:
    """What MSAL wants for PS256: key and certificates apart, the app's certificate first."""
    try:
        # a name may be a link to this year's certificate
        data = read_regular(os.path.realpath(path), _LARGEST_CERTIFICATE)
        if b"-----BEGIN" in data:
            key, certificates = load_pem_private_key(data, None), load_pem_x509_certificates(data)
        else:
            pfx = load_pkcs12(data, None)
            if pfx.key is None or pfx.cert is None:
                raise ValueError("no key")
            key = pfx.key
            certificates = [one.certificate for one in (pfx.cert, *pfx.additional_certs)]
        form = (Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return {
            "private_key": key.private_bytes(*form).decode("ascii"),
            "public_certificate": "".join(
                one.public_bytes(Encoding.PEM).decode("ascii") for one in certificates
            ),
        }
    except (OSError, ValueError, TypeError) as error:
        raise InputError(
            "account-certificate",
            f"{path} does not hold a private key and its certificate ({type(error).__name__}).",
            "Give one PEM file with both, or a PFX, without a password.",
        ) from None


def _refusal(account: Account, answer: dict[str, Any]) -> GraphError:
    code = plain(answer.get("error") or "no reason given")
    words = plain(answer.get("error_description") or "").split(" Trace ID")[0]
    passing = {"temporarily_unavailable", "server_error", "service_unavailable", "request_timeout"}
    if str(answer.get("error")) in passing:
        return GraphError(
            "sign-in-failed",
            f"The sign-in at {account.cloud.authority} answered {code}: {words}",
            "Try again later; the run goes on where it was.",
            codes=(code,),
        )
    return GraphError(
        "sign-in-refused",
        f"Tenant {account.tenant_id} gave app {account.client_id} no token ({code}): {words}",
        "Check the secret or certificate and its end date, and the app's consent. "
        f"MSAL repeats this answer for {MSAL_REPEATS:.0f} s without asking again.",
        codes=(code,),
    )


def _look_at(task: asyncio.Task[None]) -> None:
    """A renewal nobody waited for must not be told of on standard error; the next call asks."""
    if not task.cancelled():
        task.exception()
