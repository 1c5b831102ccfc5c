"""Landing folders as JSON in and JSON out, for an Ansible module or any other caller."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ..graph.clock import Clock
from .import_policy import Target
from .import_report import plain_json
from .import_request import connection_of, wrong_request
from .landing import (
    Arrived,
    Expected,
    Landing,
    Told,
    judge_landing,
    look_at_landing,
    make_landing,
)
from .tenant_manifest import read_manifest
from .tenant_request import Request, connection

_COMMON = frozenset({"account", "budget", "concurrency"})


def run_make_landing(
    request: Mapping[str, Any], *, now: datetime | None = None, clock: Clock | None = None
) -> dict[str, Any]:
    """Make a landing folder and let its owner write in it.

    Args:
        request: ``account`` (and ``budget``, ``concurrency``), ``target`` {drive_id, folder},
            ``owner``, ``deadline`` (ISO 8601 with a time zone).
        now: the calendar; the system's when None.
        clock: time for the pacer; the system's when None.

    Returns:
        ``landing``: to be given to ``run_watch_landing``.

    Raises:
        InputError: the request cannot be used; nothing was done.
        SluisError: the folder could not be made.
    """
    _only(request, _COMMON | {"target", "owner", "deadline"})
    target = request.get("target")
    if not isinstance(target, Mapping):
        raise wrong_request("it has no target")
    where = Target(str(target.get("drive_id") or ""), str(target.get("folder") or ""))
    deadline = _time(request.get("deadline"), "deadline")
    made = asyncio.run(
        _make(
            connection_of(request),
            where,
            str(request.get("owner") or ""),
            deadline,
            now or datetime.now(UTC),
            clock,
        )
    )
    return {"landing": _as_data(made)}


def run_watch_landing(
    request: Mapping[str, Any], *, now: datetime | None = None, clock: Clock | None = None
) -> dict[str, Any]:
    """Look what has arrived in a landing folder.

    Args:
        request: ``account`` (and ``budget``, ``concurrency``), ``landing`` as
            ``run_make_landing`` gave it; what is expected: ``manifest`` (a path), or
            ``items`` and ``bytes`` where only counts are known; ``files_before``: how many
            the last look found; ``told``: list of {who, when, words}.
        now: the calendar; the system's when None.
        clock: time for the pacer; the system's when None.

    Returns:
        ``LandingReport.as_data``.

    Raises:
        InputError: the request cannot be used.
        SluisError: the folder is gone, or cannot be looked at.
    """
    _only(request, _COMMON | {"landing", "manifest", "items", "bytes", "told", "files_before"})
    landing = _landing(request.get("landing"))
    told = [
        Told(str(one["who"]), _time(one["when"], "told"), str(one.get("words", "")))
        for one in request.get("told", ())
    ]
    if request.get("manifest"):
        expected = Expected.from_manifest(read_manifest(Path(str(request["manifest"]))))
    else:
        expected = Expected(None, _count(request, "items"), _count(request, "bytes"))
    arrived = asyncio.run(_watch(connection_of(request), landing, clock))
    report = judge_landing(
        landing,
        expected,
        arrived,
        now or datetime.now(UTC),
        files_before=_count(request, "files_before"),
        told=told,
    )
    return report.as_data()


async def _make(
    request: Request,
    target: Target,
    owner: str,
    deadline: datetime,
    now: datetime,
    clock: Clock | None,
) -> Landing:
    async with connection(request, clock) as graph:
        return await make_landing(graph, target, owner=owner, deadline=deadline, now=now)


async def _watch(request: Request, landing: Landing, clock: Clock | None) -> Arrived:
    async with connection(request, clock) as graph:
        return await look_at_landing(graph, landing)


def _as_data(landing: Landing) -> dict[str, Any]:
    data: dict[str, Any] = plain_json(asdict(landing))
    for name in ("deadline", "made"):
        data[name] = getattr(landing, name).isoformat()
    return data


def _landing(data: object) -> Landing:
    try:
        if not isinstance(data, Mapping):
            raise TypeError("it is no mapping")
        times = {name: _time(data.get(name), name) for name in ("deadline", "made")}
        return Landing(**{**data, **times})
    except TypeError as error:
        raise wrong_request(f"its landing cannot be read: {error}") from None


def _count(request: Mapping[str, Any], name: str) -> int | None:
    value = request.get(name)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise wrong_request(f"{name} must be a count")
    return value


def _time(value: object, name: str) -> datetime:
    try:
        found = datetime.fromisoformat(str(value))
    except ValueError:
        raise wrong_request(f"{name} is no ISO 8601 time") from None
    if found.tzinfo is None:
        raise wrong_request(f"{name} has no time zone")
    return found


def _only(request: Mapping[str, Any], known: frozenset[str]) -> None:
    if unknown := sorted(set(request) - known):
        raise wrong_request(f"it has {unknown[0]}, which is not known")
