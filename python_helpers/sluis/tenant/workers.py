"""Several workers read the sources of one request: each its share, its state, its secrets.

A worker is given only the sources that are its own and only the logins that those need.
What the workers answer is held against what each was asked: a source that nobody answered
for, that two answered for or that another one answered for is never counted as done.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ..errors import EvidenceError
from .shards import divide
from .source import Source, source_from_data
from .source_request import read_source_request


@dataclass(frozen=True)
class Gathered:
    """What the workers came to together.

    Args:
        drives: reports, each with its ``worker``, in the order of the request.
        failed: source, worker and error of each that could not be finished.
        missing: sources that no worker answered for: its worker was lost, or stopped before.
    """

    drives: tuple[dict[str, Any], ...]
    failed: tuple[dict[str, Any], ...]
    missing: tuple[str, ...]

    @property
    def complete(self) -> bool:
        """Whether every source was finished."""
        return not self.failed and not self.missing

    def as_data(self) -> dict[str, Any]:
        """The result as plain JSON data."""
        return {**asdict(self), "complete": self.complete}


def share_out(
    request: Mapping[str, Any], workers: Sequence[str], keep: Mapping[str, str] | None = None
) -> dict[str, dict[str, Any]]:
    """Divide a request over workers.

    Args:
        request: see ``source_request.read_source_request``; its sources with the figures of
            ``measure_sources``, so that the shares are of one weight.
        workers: names of hosts.
        keep: source id to worker, from an earlier division (``kept``): a worker's state stays
            with it.

    Returns:
        worker to a request of its own. A worker without any source gets none.

    Raises:
        InputError: the request cannot be used, or there are no workers.
    """
    read_source_request(request)
    by_id = {one["id"]: one for one in request["sources"]}
    division = divide([_source(one) for one in by_id.values()], workers, keep)
    shares = {}
    for worker, ids in division.items():
        if not ids:
            continue
        sources = [by_id[one] for one in ids]
        needed = {one["server"] for one in sources if one.get("server") is not None}
        servers = {name: request["servers"][name] for name in sorted(needed)}
        shares[worker] = {**request, "sources": sources, "servers": servers}
    return shares


def kept(shares: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Source id to worker, to be remembered until the change ends."""
    return {one["id"]: worker for worker, share in shares.items() for one in share["sources"]}


def gather(
    request: Mapping[str, Any],
    shares: Mapping[str, Mapping[str, Any]],
    answers: Mapping[str, Mapping[str, Any]],
) -> Gathered:
    """Put together what the workers answered (``run_sources.export_sources``).

    Args:
        request: the whole request.
        shares: what each worker was asked.
        answers: worker to its answer; a lost worker has none.

    Raises:
        EvidenceError: ``worker-answer-wrong``: a worker answered for what it was not asked, or
            twice for the same source.
    """
    asked = kept(shares)
    drives: dict[str, dict[str, Any]] = {}
    failed: dict[str, dict[str, Any]] = {}
    for worker, answer in answers.items():
        for one in answer.get("drives", ()):
            _take(drives, failed, asked, worker, one["source"]["id"])
            drives[one["source"]["id"]] = {**one, "worker": worker}
        for one in answer.get("failed", ()):
            _take(drives, failed, asked, worker, one["source"])
            failed[one["source"]] = {**one, "worker": worker}
    order = [one["id"] for one in request["sources"]]
    return Gathered(
        tuple(drives[one] for one in order if one in drives),
        tuple(failed[one] for one in order if one in failed),
        tuple(one for one in order if one not in drives and one not in failed),
    )


def _take(
    drives: Mapping[str, Any],
    failed: Mapping[str, Any],
    asked: Mapping[str, str],
    worker: str,
    source: str,
) -> None:
    if asked.get(source) != worker or source in drives or source in failed:
        raise EvidenceError(
            "worker-answer-wrong",
            f"The worker {worker} answers for the source {source}, which it was not asked for or "
            "has answered for before.",
            "Look at that host before anything of it is believed, then run the export again.",
        )


def _source(data: Mapping[str, Any]) -> Source:
    own = {"location", "server", "mounted"}
    return source_from_data({key: value for key, value in data.items() if key not in own})
