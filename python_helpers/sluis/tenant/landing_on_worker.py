"""Landing folders, as an Ansible module on an export worker makes them and looks in them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .on_worker import proven_manifest
from .run_landing import run_make_landing, run_watch_landing


def make_landing_folder(request: dict[str, Any]) -> dict[str, Any]:
    """Make a landing folder, or take the one that is there, and let its owner write in it.

    Args:
        request: ``account``, ``budget``, ``target``, ``owner`` and ``deadline`` as
            ``run_landing.run_make_landing`` takes them; ``secrets`` (``account``).

    Returns:
        What ``run_make_landing`` returns.

    Raises:
        InputError: the request cannot be used; nothing was done.
        SluisError: the folder could not be made.
    """
    wanted = {name: request[name] for name in ("target", "owner", "deadline")}
    return run_make_landing({**_connection(request), **wanted})


def look_in_landing(request: dict[str, Any]) -> dict[str, Any]:
    """Look what has arrived in a landing folder; nothing is written.

    Args:
        request: ``account``, ``budget``, ``landing``, ``files_before`` and ``told`` as
            ``run_landing.run_watch_landing`` takes them; ``secrets`` (``account``). What is
            expected: ``folder``, ``source_id``, ``pass`` and ``manifest_sha256`` of an export
            on this worker, or ``items`` and ``bytes``.

    Returns:
        What ``run_watch_landing`` returns.

    Raises:
        EvidenceError: ``manifest-altered``.
        InputError: the request cannot be used.
        SluisError: the folder is gone, or cannot be looked at.
    """
    asked = {name: request[name] for name in ("landing", "files_before", "told")}
    if "manifest_sha256" in request:
        asked["manifest"] = str(proven_manifest(request)[1])
    else:
        asked |= {name: request[name] for name in ("items", "bytes")}
    return run_watch_landing({**_connection(request), **asked})


def _connection(request: dict[str, Any]) -> dict[str, Any]:
    # beside the exports lies what was used of the tenant's budget today
    if state := request["budget"].get("state"):
        Path(state).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    return {
        "account": {**request["account"], **request["secrets"].get("account", {})},
        "budget": request["budget"],
    }
