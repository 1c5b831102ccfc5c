"""A request from outside (an Ansible module, a test), checked before anything is done."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from ..errors import InputError
from ..graph import cost
from ..graph.account import GLOBAL, Account, Cloud
from ..graph.clock import Clock
from ..graph.connect import Graph, open_graph
from ..graph.pacer import Pacer
from .forecast import EGRESS, Means, Policy
from .source import Source, source_from_data

_KNOWN = frozenset(
    {
        "account", "sources", "folder", "policy", "workers", "concurrency", "budget", "ends",
        "count",
    }
)  # fmt: skip
_LARGEST_SECRET = 64 << 10


@dataclass(frozen=True)
class Request:
    """A checked request.

    Args:
        account: who we are; its secret is in no representation.
        sources: drives to export.
        folder: below which each drive gets a folder.
        policy: what is asked for besides files.
        means: budget and lines, for the pacer and the forecast.
        workers: files under way at once.
        concurrency: requests under way at once.
        ends: source id to the moment it goes away.
        pacer_state: file in which the day's count outlives a run.
        count: whether discovery counts what is in the drives.
    """

    account: Account
    sources: tuple[Source, ...]
    folder: Path
    policy: Policy
    means: Means
    workers: int
    concurrency: int
    ends: dict[str, datetime]
    pacer_state: Path | None
    count: bool


def read_request(data: Mapping[str, Any]) -> Request:
    """Check a request.

    Args:
        data: JSON: ``account`` {tenant_id, client_id, secret | secret_file | certificate,
            authority, graph, ca, proxy}, ``sources`` [...], ``folder``, ``policy``
            {versions, permissions, fields}, ``workers``, ``concurrency``, ``budget``
            {licences | minute_units and day_units, egress, line, share, state}, ``ends``
            {source id: ISO 8601}, ``count``.

    Raises:
        InputError: ``tenant-request`` and what is wrong with it; never with a secret in it.
    """
    unknown = sorted(set(data) - _KNOWN)
    if unknown:
        raise _wrong(f"it has {unknown[0]}, which is not known")
    try:
        policy = Policy(**data.get("policy", {}))
        if policy.versions not in ("none", "list", "all"):
            raise _wrong("versions must be none, list or all")
        budget = dict(data.get("budget", {}))
        state = budget.pop("state", None)
        request = Request(
            account_of(data["account"]),
            tuple(source_from_data(dict(one)) for one in data.get("sources", ())),
            Path(data["folder"]),
            policy,
            _means(budget),
            _number(data, "workers", 16),
            _number(data, "concurrency", 16),
            {one: datetime.fromisoformat(end) for one, end in data.get("ends", {}).items()},
            Path(state) if state else None,
            bool(data.get("count", True)),
        )
    except KeyError as error:
        raise _wrong(f"it has no {error.args[0]}") from None
    except (TypeError, ValueError, AttributeError) as error:
        raise _wrong(str(error)) from None
    if any(end.tzinfo is None for end in request.ends.values()):
        raise _wrong("an end date has no time zone")
    return request


@asynccontextmanager
async def connection(request: Request, clock: Clock | None = None) -> AsyncIterator[Graph]:
    """The connection that a request asks for, with its pacer."""
    means = request.means
    pacer = Pacer(
        int(means.minute_units * means.share),
        int(means.day_units * means.share),
        clock,
        state=request.pacer_state,
    )
    try:
        async with open_graph(
            request.account, pacer=pacer, concurrency=request.concurrency, clock=clock
        ) as graph:
            yield graph
    finally:
        pacer.close()


def account_of(data: Mapping[str, Any]) -> Account:
    """Who we are, from the part of a request that says so; see ``read_request``.

    Raises:
        InputError: ``tenant-request``, ``tenant-secret-file``, ``account-proof``,
            ``account-tenant``, ``cloud-address``.
        KeyError: it names no tenant, or no app.
    """
    known = {
        "tenant_id", "client_id", "secret", "secret_file", "certificate", "authority", "graph",
        "ca", "proxy",
    }  # fmt: skip
    unknown = sorted(set(data) - known)
    if unknown:
        raise _wrong(f"its account has {unknown[0]}, which is not known")
    secret = data.get("secret")
    if data.get("secret_file"):
        secret = _secret(Path(data["secret_file"]))
    cloud = GLOBAL
    if data.get("authority") or data.get("graph"):
        cloud = Cloud(str(data["authority"]), str(data["graph"]))
    return Account(
        str(data["tenant_id"]),
        str(data["client_id"]),
        secret=secret,
        certificate=Path(data["certificate"]) if data.get("certificate") else None,
        cloud=cloud,
        ca=Path(data["ca"]) if data.get("ca") else None,
        proxy=data.get("proxy"),
    )


def _secret(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(_LARGEST_SECRET).decode().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            "tenant-secret-file",
            f"The file {path} with the app's secret cannot be read ({type(error).__name__}).",
            "Give a readable file that holds the secret and nothing else.",
        ) from None


def _means(budget: dict[str, Any]) -> Means:
    licences = budget.pop("licences", None)
    minute, day = cost.budget(int(licences) if licences is not None else 1)
    means = Means(
        int(budget.pop("minute_units", minute)),
        int(budget.pop("day_units", day)),
        int(budget.pop("egress", EGRESS)),
        int(budget["line"]) if budget.get("line") else None,
        float(budget.pop("share", 1.0)),
    )
    budget.pop("line", None)
    if budget:
        raise _wrong(f"its budget has {min(budget)}, which is not known")
    if min(means.minute_units, means.day_units, means.egress) < 1 or not 0 < means.share <= 1:
        raise _wrong("its budget must be above 0, and the share at most 1")
    return means


def _number(data: Mapping[str, Any], name: str, usual: int) -> int:
    value = data.get(name, usual)
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= 256:
        raise _wrong(f"{name} must be a number from 1 to 256")
    return value


def _wrong(why: str) -> InputError:
    return InputError(
        "tenant-request",
        f"The request to export from a tenant cannot be used: {why}.",
        "Correct the request; nothing was done.",
    )
