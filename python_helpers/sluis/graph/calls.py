"""Calls to Graph: each one paced, signed in, and tried again where that is safe."""

from __future__ import annotations

import asyncio
import json as json_codec
import random
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from yarl import URL

from . import batch as _batch
from . import call_errors, cost
from .account import Account
from .answer import Answer, Spent, json_or_none, malformed, parsed
from .clock import Clock
from .errors import (
    GraphError,
    answer_error,
    plain_place,
)
from .links import address, can_be_sent, joined, origin, relative
from .pacer import Pacer
from .pages import Page, follow
from .retry import THROTTLES, Patience, may_repeat
from .token_claims import Claims, claims_of
from .tokens import Tokens
from .wire import LEAST, Wire

#: how often a read is sent on within Graph
_REDIRECTS = 5
#: what may go wrong on the way; the request may or may not have arrived. The third is an answer
#: that is no HTTP.
CUT = (
    aiohttp.ClientConnectionError,
    aiohttp.ClientPayloadError,
    aiohttp.ClientResponseError,
    asyncio.TimeoutError,
)


#: Bytes of an answer that is no content: a page of a thousand items has some three million. As
#: text it may take four times as much, twice.
_LARGEST = 16 << 20
#: seconds in which such an answer has to come whole, also from a server that never quite stops
_LONGEST = 900.0


class Graph:
    """Calls to Microsoft Graph; made by :func:`open_graph`.

    Paths are ``/drives/…`` (v1.0), ``beta:/sites/…`` or a link that Graph gave; names in them
    must have gone through :func:`sluis.graph.links.segment`.
    """

    def __init__(
        self,
        account: Account,
        session: aiohttp.ClientSession,
        wire: Wire,
        tokens: Tokens,
        pacer: Pacer,
        *,
        concurrency: int,
        clock: Clock,
        patience: Patience,
        link_units: int,
    ) -> None:
        self.account = account
        #: what a request to a pre-authenticated URL is paced as
        self.link_units = link_units
        self.clock = clock
        self.pacer = pacer
        self.patience = patience
        self.chance = random.Random()  # noqa: S311 - scatters waits, guards nothing
        #: threads for hashing and for the disk, which both would block the event loop
        self.threads = ThreadPoolExecutor(concurrency + 4, "sluis-graph")
        #: connections to content servers, for those threads
        self.wire = wire
        self._session = session
        self._tokens = tokens
        self._slots = asyncio.Semaphore(concurrency)
        self._requests = 0

    def __repr__(self) -> str:
        return f"Graph({self.account.tenant_id} at {self.account.cloud.graph})"

    @property
    def spent(self) -> Spent:
        """What was used so far."""
        pacer = self.pacer
        return Spent(self._requests, pacer.units, pacer.throttled, pacer.seconds_waited)

    async def sign_in(self) -> Claims | None:
        """Sign in, and say what our token tells; ``None`` when it cannot be read.

        Raises:
            GraphError: ``sign-in-refused``, ``sign-in-failed``.
        """
        return claims_of(await self._tokens.get())

    async def get(
        self,
        path: str,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """Read one thing, or one page of several.

        Raises:
            GraphError: the service said no; see its ``status`` and ``codes``. ``redirected``: it
                sent us elsewhere, where our token does not go, or in circles.
        """
        answer = await self.call("GET", path, params=params, headers=headers)
        for _ in range(_REDIRECTS):
            if answer.status < 300:
                return answer.body
            # a site whose address changed answers 308 and its new one (microsoft-graph-docs#8326)
            graph, told = self.account.cloud.graph, answer.headers.get("Location")
            link = joined(graph, told) if told else ""
            if answer.status == 304 or origin(link) != origin(graph):
                break
            try:
                answer = await self.call("GET", link, headers=headers)
            except GraphError as error:
                if error.status == 404:  # nobody said so of what was asked for
                    break
                raise
        raise call_errors.redirected(path, answer.status)

    async def post(
        self,
        path: str,
        json: object = None,
        headers: Mapping[str, str] | None = None,
        *,
        repeatable: bool = False,
    ) -> dict[str, Any]:
        """Make something.

        Args:
            path: where.
            json: the body.
            headers: more headers.
            repeatable: whether sending it twice does no harm. If not and the answer is lost, the
                error says that the outcome is unknown.

        Raises:
            GraphError: as :meth:`get`; ``answer-lost``.
        """
        answer = await self.call("POST", path, json=json, headers=headers, repeatable=repeatable)
        return answer.body

    async def patch(
        self, path: str, json: object = None, headers: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """Change something to a state given in full, so that a repeat does no harm.

        Raises:
            GraphError: as :meth:`get`.
        """
        return (await self.call("PATCH", path, json=json, headers=headers)).body

    async def delete(
        self, path: str, json: object = None, headers: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """Delete something.

        Raises:
            GraphError: as :meth:`get`.
        """
        return (await self.call("DELETE", path, json=json, headers=headers)).body

    def pages(
        self,
        path: str,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> AsyncGenerator[Page, None]:
        """All pages of a listing; empty ones go on, since they may carry a nextLink.

        Raises:
            LoopError: a nextLink led back.
            GraphError: as :meth:`get`.
        """
        return follow(self, path, params=params, headers=headers)

    async def batch(
        self, requests: Sequence[_batch.BatchRequest | str]
    ) -> list[_batch.BatchAnswer]:
        """Send many requests in few; answers come in the order of the requests.

        Args:
            requests: each a :class:`sluis.graph.batch.BatchRequest`, or a path to GET.

        Raises:
            GraphError: the batch as a whole failed. A request that failed alone has its status in
                its answer.
        """
        return await _batch.send(self, requests)

    async def call(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        json: object = None,
        data: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        repeatable: bool | None = None,
        units: int | None = None,
    ) -> Answer:
        """One call, tried again where that is safe.

        Args:
            method: the HTTP method.
            path: as in the class's words.
            params: query options.
            json: the body as JSON, or
            data: the body as bytes.
            headers: more headers.
            repeatable: whether doing it twice does the same; by default all but POST.
            units: its cost, if not the price list's.

        Returns:
            An answer with a status below 400; redirects are not followed.

        Raises:
            GraphError: the service said no.
            ThrottledError: it kept asking to wait.
            ConnectionCutError: no answer; ``answer-lost`` when it is unknown whether the call was
                carried out.
        """
        url = address(self.account.cloud.graph, path, params)
        price = cost.units(method, relative(url)) if units is None else units
        again = method != "POST" if repeatable is None else repeatable
        if json is not None:
            data = json_codec.dumps(json).encode()
        failures = throttles = 0
        rejected: str | None = None
        while True:
            try:
                status, told, raw, token = await self._send(
                    method, url, price, data, headers, rejected, is_json=json is not None
                )
            except aiohttp.ClientConnectorCertificateError as error:
                raise call_errors.untrusted(url, error) from None
            except CUT as error:
                failures += 1
                unsent = isinstance(error, aiohttp.ClientConnectorError)
                if failures >= self.patience.tries or not (again or unsent):
                    raise call_errors.cut(method, url, error, lost=not (again or unsent)) from None
                await self.clock.sleep(self.patience.pause(failures, self.chance))
                continue
            if 200 <= status < 400:
                return Answer(status, told, parsed(raw, status, method, url))
            if status == 401 and rejected is None:
                rejected = token  # it ended on the way, or was withdrawn: one fresh one
                continue
            error_body = json_or_none(raw)
            failed = answer_error(
                status, error_body, url, method=method, request_id=told.get("request-id")
            )
            if status == 404 and method == "DELETE" and failures:
                return Answer(204, told, {})  # an attempt whose answer was lost had done it
            if not may_repeat(status, repeatable=again):
                failed.headers = told
                raise failed
            if status in THROTTLES:
                throttles += 1
                if throttles >= self.patience.throttles:
                    raise call_errors.endless(failed)
                continue  # the pacer holds everyone for as long as the service asked
            failures += 1
            if failures >= self.patience.tries:
                raise failed
            await self.clock.sleep(self.patience.pause(failures, self.chance))

    async def _send(
        self,
        method: str,
        url: str,
        units: int,
        data: bytes | None,
        headers: Mapping[str, str] | None,
        rejected: str | None,
        *,
        is_json: bool,
    ) -> tuple[int, Mapping[str, str], bytearray, str]:
        async with self.paced(units) as hear:
            token = await self._tokens.get(rejected)
            sent = {
                "Authorization": f"Bearer {token}",
                "client-request-id": str(uuid.uuid4()),
                **({"Content-Type": "application/json"} if is_json else {}),
                **(headers or {}),
            }
            request = self._session.request(
                method,
                URL(url, encoded=True),
                data=data,
                headers=sent,
                allow_redirects=False,
                proxy=self.account.proxy,
            )
            async with asyncio.timeout(_LONGEST), request as answer:
                hear(answer.headers, answer.status)
                raw = await whole(answer, f"{method} {plain_place(url)}")
                return answer.status, answer.headers, raw, token

    @asynccontextmanager
    async def paced(self, units: int) -> AsyncIterator[Callable[[Mapping[str, str], int], None]]:
        """Room for one request: one of the slots, and its units.

        Yields a function to be called with the answer's headers and status as soon as they are
        known; only its first call counts.
        """
        heard = False

        def hear(headers: Mapping[str, str], status: int) -> None:
            nonlocal heard
            if not heard:
                heard = True
                self.pacer.heed(headers, status, units)

        async with self._slots:
            await self.pacer.acquire(units)
            self._requests += 1
            try:
                yield hear
            finally:
                hear({}, 0)

    @asynccontextmanager
    async def bare(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        data: bytes | None = None,
        units: int = 0,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """One request to a pre-authenticated URL: no Authorization, no redirects, not repeated.

        Args:
            method: the HTTP method.
            url: the URL; a secret.
            headers: its headers.
            data: its body.
            units: what it costs; 0 asks the pacer only whether everyone is paused.

        Raises:
            GraphError: ``unsafe-link`` when the URL is not https; ``tls-untrusted``.
        """
        if origin(url)[0] != "https" or not can_be_sent(url):
            raise GraphError(
                "unsafe-link",
                "The service gave a content URL that is not a plain https one; it was not used.",
                "Nothing was sent. Report it to Microsoft with the item's id.",
            )
        try:
            async with (
                self.paced(units) as hear,
                asyncio.timeout(_LONGEST + len(data or b"") / LEAST),
                self._session.request(
                    method,
                    URL(url, encoded=True),
                    data=data,
                    headers=headers,
                    allow_redirects=False,
                    proxy=self.account.proxy,
                ) as answer,
            ):
                hear(answer.headers, answer.status)
                yield answer
        except aiohttp.ClientConnectorCertificateError as error:
            raise call_errors.untrusted(url, error) from None


async def whole(answer: aiohttp.ClientResponse, call: str) -> bytearray:
    """The body of an answer that is no content.

    Raises:
        GraphError: ``page-malformed``: it is far too large.
    """
    raw = bytearray()
    async for piece in answer.content.iter_any():
        raw += piece
        if len(raw) > _LARGEST:
            raise malformed(call, f"is larger than {_LARGEST >> 20} MB")
    return raw
