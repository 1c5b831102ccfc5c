"""What an export worker is asked to do, as an Ansible module hands it on.

The request is JSON. Secrets come beside it and are put in here, so that they are in no
request that could be kept.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..errors import EvidenceError
from ..snapshot.progress import Progress
from .run_export import discover_tenant, export
from .run_import import plan, run_import
from .run_reconcile import run_reconcile
from .run_sources import export_sources, measure_sources
from .stored_names import safe_name


def export_asset(request: dict[str, Any]) -> dict[str, Any]:
    """Make a pass over one asset: a drive of a tenant, a folder of a server or of this machine.

    Args:
        request: ``asset``, ``export`` (see ``tenant_request.read_request``, or
            ``source_request.read_source_request`` when it names ``servers``), ``progress``
            (a file, or None), ``secrets`` (``account`` or ``servers``: what belongs in there).

    Returns:
        What ``run_export.export`` or ``run_sources.export_sources`` returns.

    Raises:
        InputError: the request cannot be used.
    """
    progress = Progress(request.get("progress"), str(request["asset"]))

    def tell(told: dict[str, Any]) -> None:
        progress.say(str(told["stage"]), items=int(told["items"]), bytes=int(told["bytes"]))

    asked = _with_secrets(request)
    return export_sources(asked, tell) if "servers" in asked else export(asked, tell)


def discover_sources(request: dict[str, Any]) -> dict[str, Any]:
    """Find what is in a tenant; ``asset`` is the tenant's name here.

    Raises:
        InputError: the request cannot be used.
        SluisError: the tenant cannot be looked at.
    """
    progress = Progress(request.get("progress"), str(request["asset"]))
    return discover_tenant(
        _with_secrets(request),
        lambda told: progress.say(f"looking at {told['name']}", items=int(told["items"])),
    )


def measure_asset(request: dict[str, Any]) -> dict[str, Any]:
    """Count an asset on a server or in a folder, and measure how fast it can be read.

    Args:
        request: as for ``export_asset``.

    Returns:
        What ``run_sources.measure_sources`` returns.

    Raises:
        InputError: the request cannot be used.
    """
    return measure_sources(_with_secrets(request, writes=False))


def import_asset(request: dict[str, Any]) -> dict[str, Any]:
    """Put one exported asset into its new tenant.

    Args:
        request: see ``_moving``.

    Returns:
        What ``run_import.run_import`` returns.

    Raises:
        EvidenceError: ``manifest-altered``.
        SluisError: it could not begin.
    """
    asked = _moving(request)
    return run_import(asked, _sending(request))


def reconcile_asset(request: dict[str, Any]) -> dict[str, Any]:
    """Compare one asset in its new tenant with its manifest.

    Args:
        request: see ``_moving``; with ``ahead`` it is only said what an import would do.

    Returns:
        What ``run_reconcile.run_reconcile`` returns; with ``ahead`` what ``run_import.plan`` does.

    Raises:
        EvidenceError: ``manifest-altered``.
        SluisError: it could not be compared.
    """
    asked = _moving(request)
    if request.get("ahead"):
        return plan(asked)
    work = Path(asked["state"]).parent
    asked |= {
        "scratch": str(work / "scratch"),
        "lines": str(work / "lines.gz"),
        "trust": request["trust"],
    }
    return run_reconcile(asked, _sending(request))


def _moving(request: dict[str, Any]) -> dict[str, Any]:
    """The request of an import, from that of the controller.

    ``folder`` is the asset's export, ``source_id`` whose drive or folder it is, ``pass`` and
    ``manifest_sha256`` name the one manifest that was proven.
    """
    root, manifest = proven_manifest(request)
    # not in the export: what lies there is under snapshot
    work = Path(request["folder"]).parent / f".moving-{request['asset']}"
    work.mkdir(mode=0o700, parents=True, exist_ok=True)
    return {
        "account": {**request["account"], **request["secrets"].get("account", {})},
        "budget": request["budget"],
        "workers": request["workers"],
        "manifest": str(manifest),
        "export_root": str(root),
        "target": request["target"],
        "policy": request["policy"],
        "state": str(work / "state.sqlite"),
    }


def proven_manifest(request: dict[str, Any]) -> tuple[Path, Path]:
    """An export's root on this worker, and the one manifest of it that was recorded.

    Raises:
        EvidenceError: ``manifest-altered``.
    """
    root = Path(request["folder"]) / safe_name(str(request["source_id"]))
    manifest = root / "passes" / f"{int(request['pass']):04d}" / "manifest.gz"
    try:
        with manifest.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        found = str(error.strerror)
    if found != request["manifest_sha256"]:
        raise EvidenceError(
            "manifest-altered",
            f"The manifest of pass {request['pass']} of {request['asset']} is not on this worker "
            "as it was recorded.",
            "Fetch the asset again on this worker; then prepare and sign again.",
        )
    return root, manifest


def _sending(request: dict[str, Any]) -> Callable[[dict[str, Any]], None]:
    progress = Progress(request.get("progress"), str(request["asset"]))

    def tell(told: dict[str, Any]) -> None:
        whole = int(told["of_bytes"]) or 1
        progress.say(
            "moving", int(told["bytes"]) / whole, items=int(told["files"]), bytes=int(told["bytes"])
        )

    return tell


def _with_secrets(request: dict[str, Any], *, writes: bool = True) -> dict[str, Any]:
    asked = dict(request["export"])
    if writes:
        # all exports of this worker lie in one folder, which nobody else may look into
        Path(asked["folder"]).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    for part in ("account", "servers"):
        if part in asked:
            secret = request["secrets"].get(part, {})
            asked[part] = (
                {**asked[part], **secret}
                if part == "account"
                else {name: {**one, **secret.get(name, {})} for name, one in asked[part].items()}
            )
    return asked
