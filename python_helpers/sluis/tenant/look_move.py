"""Look at all that a move needs from this worker, side by side and within a few seconds.

Nothing is written, here or there. Who does not answer in time is left out of the answer: of that
nobody knows anything, and the controller says so.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Generic, TypeVar

from ..border.tenant import AccountSecret, ServerSecret
from ..border.verbs.tenant_check import Answer, CheckSecrets, OfTenant, Request, SeenTenant, Side
from .look_server import look_at_folder, look_at_server
from .look_tenant import drives_there, look_at_tenant

K = TypeVar("K")
T = TypeVar("T")

#: share of the time in which a tenant that let us in has to answer
_SHARE = 0.5
#: share of the time after which nobody is waited for, so that the rest can be told
_FIRST = 0.75


def look_at_move(request: Request, secrets: CheckSecrets) -> Answer:
    """Look at tenants, servers and folders.

    Args:
        request: what to look at.
        secrets: what opens it.
    """
    began = time.monotonic()
    seconds = request.patience * _SHARE
    tenants = _SideBySide(
        {
            (one.tenant, one.side): partial(look_at_tenant, one, _secret(secrets, one), seconds)
            for one in request.tenants
        }
    )
    servers = _SideBySide(
        {
            one.server: partial(
                look_at_server, one, secrets.servers.get(one.server) or ServerSecret()
            )
            for one in request.servers
        }
    )
    folders = _SideBySide({one: partial(look_at_folder, one) for one in request.folders})
    until = began + request.patience * _FIRST
    seen = tenants.had(until)
    at_servers, at_folders = servers.had(until), folders.had(until)
    seen = _elsewhere(request, secrets, seen, began + request.patience)
    return Answer(tuple(seen.values()), tuple(at_servers.values()), tuple(at_folders.values()))


def _secret(secrets: CheckSecrets, part: OfTenant) -> AccountSecret:
    held = secrets.sources if part.side == "from" else secrets.targets
    return held.get(part.tenant) or AccountSecret()


def _elsewhere(
    request: Request,
    secrets: CheckSecrets,
    seen: Mapping[tuple[str, Side], SeenTenant],
    until: float,
) -> dict[tuple[str, Side], SeenTenant]:
    """Ask the other tenants for what is not where the scope says: names are easily swapped."""
    gone = {
        key: {one.name for one in tenant.drives if one.state == "gone"}
        for key, tenant in seen.items()
    }
    seconds = max(0.0, until - time.monotonic()) * _SHARE
    jobs = {}
    for part in request.tenants:
        key = (part.tenant, part.side)
        others = sorted(set().union(*(names for other, names in gone.items() if other != key)))
        if others and key in seen and seen[key].refused is None:
            jobs[key] = partial(drives_there, part.account, _secret(secrets, part), others, seconds)
    there = _SideBySide(jobs).had(until)
    return {key: replace(one, elsewhere=there.get(key, ())) for key, one in seen.items()}


class _SideBySide(Generic[K, T]):
    """Pieces of work, each in a thread of its own that nobody has to wait for."""

    def __init__(self, jobs: Mapping[K, Callable[[], T]]) -> None:
        self._left = len(jobs)
        self._ended: queue.SimpleQueue[tuple[K, T | None, BaseException | None]] = (
            queue.SimpleQueue()
        )
        for key, job in jobs.items():
            threading.Thread(target=self._work, args=(key, job), daemon=True).start()

    def _work(self, key: K, job: Callable[[], T]) -> None:
        try:
            self._ended.put((key, job(), None))
        except BaseException as error:  # it is raised again where somebody sees it
            self._ended.put((key, None, error))

    def had(self, until: float) -> dict[K, T]:
        """What came of those that ended by a moment (``time.monotonic``)."""
        found: dict[K, T] = {}
        while self._left:
            try:
                key, made, error = self._ended.get(timeout=max(0.0, until - time.monotonic()))
            except queue.Empty:
                break
            self._left -= 1
            if error is not None:
                raise error
            if made is not None:
                found[key] = made
        return found
