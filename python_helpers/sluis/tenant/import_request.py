"""Requests to import, reconcile and land, checked before anything is done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import InputError
from .import_policy import ImportPolicy, Target
from .tenant_request import Request, read_request

#: what goes on to ``tenant_request`` as it is
_CONNECTION = ("account", "concurrency", "budget")
_WORKERS = 8


@dataclass(frozen=True)
class ImportRequest:
    """A checked request.

    Args:
        connection: account, budget and concurrency, as ``tenant_request`` reads them.
        manifest: the source's manifest.
        export_root: the folder below which the exported files are.
        target: where it goes.
        policy: as the client signed it.
        state: file that keeps how far the import is.
        workers: files under way at once.
    """

    connection: Request
    manifest: Path
    export_root: Path
    target: Target
    policy: ImportPolicy
    state: Path
    workers: int


def read_import_request(
    data: Mapping[str, Any], more: frozenset[str] = frozenset()
) -> ImportRequest:
    """Check a request.

    Args:
        data: JSON: ``account`` as in ``tenant_request.read_request``, ``budget`` and
            ``concurrency`` likewise, ``manifest``, ``export_root``, ``target`` {drive_id,
            folder}, ``policy`` (``ImportPolicy.as_data``), ``state``, ``workers``.
        more: fields that the caller reads itself.

    Raises:
        InputError: ``tenant-request``, ``bad-target``, ``bad-import-policy``,
            ``bad-name-rules``, ``bad-user-map``.
    """
    known = {*_CONNECTION, "manifest", "export_root", "target", "policy", "state", "workers", *more}
    if unknown := sorted(set(data) - known):
        raise wrong_request(f"it has {unknown[0]}, which is not known")
    target = data.get("target")
    if not isinstance(target, Mapping) or set(target) - {"drive_id", "folder"}:
        raise wrong_request("its target must have drive_id, and may have folder")
    policy = data.get("policy", {})
    if not isinstance(policy, Mapping):
        raise wrong_request("its policy is no mapping")
    workers = data.get("workers", _WORKERS)
    if not isinstance(workers, int) or isinstance(workers, bool) or not 1 <= workers <= 64:
        raise wrong_request("workers must be a number from 1 to 64")
    return ImportRequest(
        connection_of(data),
        path_in(data, "manifest"),
        path_in(data, "export_root"),
        Target(str(target.get("drive_id") or ""), str(target.get("folder") or "")),
        ImportPolicy.from_data(policy),
        path_in(data, "state"),
        workers,
    )


def connection_of(data: Mapping[str, Any]) -> Request:
    """The part of a request that says who we are and how fast we may go.

    Raises:
        InputError: ``tenant-request``.
    """
    given = {key: data[key] for key in _CONNECTION if key in data}
    # nothing is exported, so the folder of exports is not used
    return read_request({**given, "folder": "."})


def path_in(data: Mapping[str, Any], name: str) -> Path:
    """A path of a request.

    Raises:
        InputError: ``tenant-request``: it is not there, or empty.
    """
    value = data.get(name)
    if not isinstance(value, str) or not value or "\0" in value:
        raise wrong_request(f"it has no {name}")
    return Path(value)


def wrong_request(why: str) -> InputError:
    """The error for a request that cannot be used."""
    return InputError(
        "tenant-request",
        f"The request to import into a tenant cannot be used: {why}.",
        "Correct the request; nothing was done.",
    )
