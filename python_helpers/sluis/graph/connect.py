"""A connection to a tenant's Graph: sign-in, trust, pacer and sockets, opened and closed as one."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp

from .. import __version__
from ..errors import InputError
from . import cost
from .account import Account
from .answer import Answer, Spent
from .calls import Graph
from .clock import Clock, SystemClock
from .pacer import Pacer
from .retry import Patience
from .tokens import Tokens
from .wire import Wire

__all__ = ["AGENT", "Answer", "Graph", "Spent", "open_graph"]

AGENT = f"NONISV|Sluis|Sluis/{__version__}"


@asynccontextmanager
async def open_graph(
    account: Account,
    *,
    pacer: Pacer | None = None,
    concurrency: int = 16,
    agent: str = AGENT,
    clock: Clock | None = None,
    patience: Patience | None = None,
    link_units: int = cost.DOWNLOAD,
) -> AsyncIterator[Graph]:
    """Open a connection to a tenant.

    Args:
        account: who we are.
        pacer: the budget, shared by all connections that spend it; without one only what the
            service says slows us down.
        concurrency: requests under way at once.
        agent: how we name ourselves; Microsoft asks for ``ISV|Company|App/1.0`` or ``NONISV|…``.
        clock: time; the system's when None.
        patience: how often a call is tried.
        link_units: what a GET on a pre-authenticated URL is paced as. Whether the service charges
            it is nowhere documented: 1 is safe, 0 is faster.

    Raises:
        InputError: ``account-certificate``, ``account-ca``.
        GraphError: at the first call: ``sign-in-refused``, ``sign-in-failed``.
    """
    time = clock or (pacer.clock if pacer else SystemClock())
    trust = _trust(account.ca)
    wire = Wire(trust, agent, account.proxy)
    patience = patience or Patience()
    tokens = Tokens(account, time, patience)
    session = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(
            limit=0, limit_per_host=concurrency, ssl=trust, ttl_dns_cache=60
        ),
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"User-Agent": agent, "Accept": "application/json, */*"},
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=30, sock_read=120),
        auto_decompress=True,
        trust_env=False,
    )
    graph = Graph(
        account,
        session,
        wire,
        tokens,
        pacer or Pacer(clock=time),
        concurrency=concurrency,
        clock=time,
        patience=patience,
        link_units=link_units,
    )
    try:
        yield graph
    finally:
        wire.close()
        await session.close()
        await tokens.close()
        graph.threads.shutdown(wait=False, cancel_futures=True)
        if pacer is None:
            graph.pacer.close()


def _trust(ca: Path | None) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=str(ca) if ca else None)
    except (OSError, ssl.SSLError) as error:
        raise InputError(
            "account-ca",
            f"{ca} holds no CA certificate that can be read ({type(error).__name__}).",
            "Give a PEM file.",
        ) from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
