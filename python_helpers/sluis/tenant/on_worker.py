"""What an export worker is asked to do: typed requests in, typed answers out.

Secrets come beside a request and are put in here, so that they are in no request that could
be kept. What an answer names is bounded here; the counts beside it are of the whole.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..border import codec
from ..border.moving import Moving
from ..border.tenant import About, Drive, NotSeen, StaysBehind, Target, TenantSecrets, Trouble
from ..border.verbs import (
    tenant_discover,
    tenant_export,
    tenant_forecast,
    tenant_import,
    tenant_reconcile,
)
from ..border.verbs.tenant_export import OfServer, OfTenant
from ..errors import EvidenceError
from ..snapshot.progress import Progress
from .given import given
from .import_plan import LeftOut
from .import_states import earlier_imports, state_of
from .reconciliation import write_lines
from .run_export import discover_tenant, export
from .run_import import plan, run_import
from .run_reconcile import run_reconcile
from .run_sources import export_sources, measure_sources
from .stored_names import safe_name

#: items that are named of each kind; the counts are of all
MOST_NAMED = 1000
_MOST_GAPS = 10_000
_MOST_EARLIER = 20
#: the file of all that does not go over, in the folder of an asset's import
BEHIND = "behind.gz"


def export_asset(request: tenant_export.Request, secrets: TenantSecrets) -> tenant_export.Answer:
    """Make a pass over one asset: a drive of a tenant, a folder of a server or of this machine.

    Raises:
        InputError: the request cannot be used.
    """
    progress = Progress(request.progress, request.asset)

    def tell(told: dict[str, Any]) -> None:
        progress.say(str(told["stage"]), items=int(told["items"]), bytes=int(told["bytes"]))

    # all exports of this worker lie in one folder, which nobody else may look into
    Path(request.folder).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if isinstance(request.origin, OfTenant):
        said = export(_drive_request(request, request.origin, secrets), tell)
    else:
        said = export_sources(_reading_request(request, secrets), tell)
    (done,) = said["drives"] or (None,)
    return tenant_export.Answer(
        done=None if done is None else _pass(done),
        failed=None if done is not None else _trouble(said["failed"][0]["error"]),
        plan=_spending(said.get("plan")),
        used=_spending(said.get("used")),
        beside=tuple(
            tenant_export.Beside(row["what"], float(row["planned"]), float(row["actual"]))
            for row in said.get("beside", ())
        ),
    )


def discover_sources(
    request: tenant_discover.Request, secrets: TenantSecrets
) -> tenant_discover.Answer:
    """Find what is in a tenant.

    Raises:
        InputError: the request cannot be used.
        SluisError: the tenant cannot be looked at.
    """
    progress = Progress(request.progress, request.tenant)
    Path(request.folder).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = discover_tenant(
        {
            "account": given(request.account, secrets.account),
            "sources": [],
            "folder": request.folder,
            "budget": codec.dump(request.budget),
            "count": request.count,
        },
        lambda told: progress.say(f"looking at {told['name']}", items=int(told["items"])),
    )
    names = Drive.__dataclass_fields__
    return tenant_discover.Answer(
        sources=tuple(Drive(**{name: one[name] for name in names}) for one in found["sources"]),
        workloads=tuple(
            tenant_discover.Workload(
                one["kind"], one["count"], one["seen"], one["how"], tuple(one["names"][:10])
            )
            for one in found["workloads"]
        ),
        could_not=_gaps([NotSeen(**one) for one in found["could_not"]], _MOST_GAPS),
        parts=tuple(tenant_discover.SitePart(**one) for one in found["parts"]),
    )


def measure_asset(
    request: tenant_forecast.Request, secrets: TenantSecrets
) -> tenant_forecast.Answer:
    """Count an asset on a server or in a folder, and measure how fast it can be read.

    Raises:
        InputError: the request cannot be used.
    """
    said = measure_sources(_reading_request(request, secrets))
    (plan_,) = said["plan"]
    could_not = sum(one["could_not"] for one in said["measured"])
    why = [reason for one in said["measured"] for reason in one["why"]]
    return tenant_forecast.Answer(
        bytes=plan_["bytes"],
        hours=plan_["hours"],
        failed=said["failed"][0]["error"]["what"] if said["failed"] else "",
        could_not=could_not,
        why=why[0] if why else "",
    )


def import_asset(request: Moving, secrets: TenantSecrets) -> tenant_import.Answer:
    """Put one exported asset into its new tenant.

    Raises:
        EvidenceError: ``manifest-altered``.
        SluisError: it could not begin.
    """
    said = run_import(_moving(request, secrets), _sending(request))
    return tenant_import.Answer(
        outcome=said["outcome"],
        counts=said["counts"],
        bytes_sent=said["bytes_sent"],
        reasons=tuple(_trouble(one) for one in said["reasons"][:MOST_NAMED]),
        reasons_in_all=len(said["reasons"]),
        left_out=_staying(said["left_out"]),
        left_out_in_all=len(said["left_out"]),
        renamed_in_all=len(said["renamed"]),
    )


def reconcile_asset(
    request: tenant_reconcile.Request, secrets: TenantSecrets
) -> tenant_reconcile.Answer:
    """Compare one asset in its new tenant with its manifest; ``ahead``: say what would be done.

    Raises:
        EvidenceError: ``manifest-altered``.
        SluisError: it could not be compared.
    """
    moving = replace(request.moving, progress=request.progress)
    asked = _moving(moving, secrets)
    if request.ahead:
        said = plan(asked)
        lines = behind_in(said)
        written = write_lines(Path(moving.work()) / BEHIND, lines)
        ahead = ahead_of(said, written, len(lines))
        earlier = tuple(earlier_imports(moving))
        return tenant_reconcile.Answer(
            replace(ahead, earlier=earlier[:_MOST_EARLIER], earlier_in_all=len(earlier))
        )
    work = Path(moving.work())
    asked |= {
        "scratch": str(work / "scratch"), "lines": str(work / "lines.gz"), "trust": moving.trust,
    }  # fmt: skip
    return tenant_reconcile.Answer(found_in(run_reconcile(asked, _sending(moving))))


def behind_in(said: Mapping[str, Any]) -> list[LeftOut]:
    """All that does not go over, and the rights that do not, from what ``plan`` returns."""
    return [
        *(LeftOut(**one) for one in said["left_out"]),
        *(LeftOut(path, "rights-not-had", "") for path in said["rights_not_had"]),
        *(LeftOut(path, "narrower-rights", "") for path in said["may_be_narrower"]),
        *(
            LeftOut(_person(one["name"], one["key"]), "unmapped-principal", "")
            for one in said["unmapped"]
        ),
        *(
            LeftOut(f"{one['path']}: {_person(one['name'], one['principal'])}", one["code"], "")
            for one in said["rights_left"]
        ),
    ]


def _person(name: str, key: str) -> str:
    """Two people may have one name; the key under which a map would find them is one's own."""
    return f"{name} ({key})" if name and name != key else key


def ahead_of(said: Mapping[str, Any], behind: str, in_all: int) -> tenant_reconcile.Ahead:
    """What an import would do.

    Args:
        said: what ``run_import.plan`` returns.
        behind: SHA-256 of the file of all that does not go over.
        in_all: how many lines that has.
    """
    return tenant_reconcile.Ahead(
        kind="ahead",
        files=said["files"],
        to_send=said["to_send"],
        bytes_to_send=said["bytes_to_send"],
        renamed=tuple(
            tenant_reconcile.Becomes(one["path"], one["target"]) for one in said["renamed"][:100]
        ),
        renamed_in_all=len(said["renamed"]),
        left_out=tuple(About(one["path"], one["why"]) for one in said["left_out"][:100]),
        left_out_in_all=len(said["left_out"]),
        behind_sha256=behind,
        behind_in_all=in_all,
        refusals=tuple(
            tenant_reconcile.Objection(
                one["code"], one["what"], tuple(_examples(one["code"], said)[:5])
            )
            for one in said["refusals"]
        ),
    )


def found_in(said: Mapping[str, Any]) -> tenant_reconcile.Found:
    """The comparison, from what ``run_reconcile`` returns."""
    return tenant_reconcile.Found(
        kind="compared",
        sound=said["sound"],
        target=Target(said["drive_id"], said["folder"]),
        manifest_sha256=said["manifest_sha256"],
        trust=said["trust"],
        items=said["items"],
        counts=said["counts"],
        files_by_basis=said["files_by_basis"],
        lines=tuple(
            tenant_reconcile.Compared(**{**one, "notes": tuple(one["notes"][:20])})
            for one in said["lines"][:MOST_NAMED]
        ),
        lines_sha256=said["lines_sha256"],
        left_out=_staying(said["left_out"]),
        left_out_in_all=len(said["left_out"]),
        rights_missing=_rights(said["rights_missing"], "recipient"),
        rights_missing_in_all=len(said["rights_missing"]),
        rights_surplus=_rights(said["rights_surplus"], "principal"),
        rights_surplus_in_all=len(said["rights_surplus"]),
        rights_left=_rights(said["rights_left"], "principal"),
        rights_left_in_all=len(said["rights_left"]),
        rights_looked_at=said["rights_looked_at"],
        there_before=said["there_before"],
        reused=said["reused"],
    )


def proven_manifest(
    asset: str, folder: str, source_id: str, pass_number: int, sha256: str
) -> tuple[Path, Path]:
    """An export's root on this worker, and the one manifest of it that was recorded.

    Raises:
        EvidenceError: ``manifest-altered``.
    """
    root = Path(folder) / safe_name(source_id)
    manifest = root / "passes" / f"{pass_number:04d}" / "manifest.gz"
    try:
        with manifest.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        found = str(error.strerror)
    if found != sha256:
        raise EvidenceError(
            "manifest-altered",
            f"The manifest of pass {pass_number} of {asset} is not on this worker as it was "
            "recorded.",
            "Fetch the asset again on this worker; then prepare and sign again.",
        )
    return root, manifest


def _moving(request: Moving, secrets: TenantSecrets) -> dict[str, Any]:
    """The request of an import, as ``import_request`` reads it."""
    root, manifest = proven_manifest(
        request.asset,
        request.folder,
        request.source_id,
        request.pass_number,
        request.manifest_sha256,
    )
    for folder in (request.all_work(), request.work()):
        Path(folder).mkdir(mode=0o700, parents=True, exist_ok=True)
    return {
        "account": given(request.account, secrets.account),
        "budget": codec.dump(request.budget),
        "workers": request.workers,
        "manifest": str(manifest),
        "export_root": str(root),
        "target": codec.dump(request.target),
        "policy": codec.dump(request.policy),
        "state": str(state_of(request)),
    }


def _sending(request: Moving) -> Callable[[dict[str, Any]], None]:
    progress = Progress(request.progress, request.asset)

    def tell(told: dict[str, Any]) -> None:
        whole = int(told["of_bytes"]) or 1
        progress.say(
            "moving", int(told["bytes"]) / whole, items=int(told["files"]), bytes=int(told["bytes"])
        )

    return tell


def _drive_request(
    request: tenant_export.Request, origin: OfTenant, secrets: TenantSecrets
) -> dict[str, Any]:
    return {
        "account": given(origin.account, secrets.account),
        "sources": [given(origin.drive)],
        "folder": request.folder,
        "policy": {
            "versions": origin.versions,
            "relist": origin.relist,
            "only_since": (origin.frozen or "") if origin.relist else None,
        },
        "workers": origin.workers,
        "budget": codec.dump(origin.budget),
        "ends": {} if origin.ends is None else {origin.drive.id: origin.ends},
    }


def _reading_request(request: tenant_export.Request, secrets: TenantSecrets) -> dict[str, Any]:
    origin = request.origin
    source = {"kind": origin.kind, "id": request.asset, "name": request.name}
    servers = {}
    if isinstance(origin, OfServer):
        source |= {"location": origin.location, "server": origin.server}
        secret = secrets.servers.get(origin.server)
        servers = {origin.server: given(origin.login, *([secret] if secret else []))}
    elif not isinstance(origin, OfTenant):
        source["location"] = origin.location
    last = not isinstance(origin, OfTenant) and origin.last
    since = (origin.frozen or "") if last else None
    return {
        "sources": [source],
        "servers": servers,
        "folder": request.folder,
        "policy": {"read_everything": last, "only_since": since},
    }


def _pass(done: Mapping[str, Any]) -> tenant_export.Pass:
    not_had = done["could_not"]
    named = done.get("could_not_named", not_had)
    return tenant_export.Pass(
        seen_in_pass=done["seen_in_pass"],
        manifest_sha256=done["manifest_sha256"],
        files=done["files"],
        bytes=done["bytes"],
        checks=done["checks"],
        not_had=not_had if isinstance(not_had, int) else len(not_had),
        not_had_named=tuple(About(one["path"], one["why"]) for one in named[:MOST_NAMED]),
        gaps=_gaps([NotSeen(one["what"], one["subject"], one["why"]) for one in done["gaps"]]),
        changes=done["changes"],
        notes=tuple(done["notes"][:MOST_NAMED]),
        begun=done.get("begun"),
    )


def _gaps(gaps: Sequence[NotSeen], most: int = MOST_NAMED) -> tuple[NotSeen, ...]:
    """The first of them; that there are more is a gap as well."""
    if len(gaps) <= most:
        return tuple(gaps)
    more = len(gaps) - most + 1
    return (*gaps[: most - 1], NotSeen("more", f"{more} more", "Only so many are named here."))


def _spending(said: Mapping[str, Any] | None) -> tenant_export.Spending | None:
    if said is None:
        return None
    return tenant_export.Spending(
        said["units"], said["bytes"], said["hours"], said.get("throttled", 0)
    )


def _trouble(error: Mapping[str, Any]) -> Trouble:
    return Trouble(error["code"], error["what"], error["remedy"], error.get("path", ""))


def _staying(left_out: Sequence[Mapping[str, Any]]) -> tuple[StaysBehind, ...]:
    return tuple(StaysBehind(one["path"], one["code"], one["why"]) for one in left_out[:MOST_NAMED])


def _rights(rights: Sequence[Mapping[str, Any]], whose: str) -> tuple[tenant_reconcile.Right, ...]:
    return tuple(
        tenant_reconcile.Right(one["path"], one[whose], one["role"], one["why"])
        for one in rights[:MOST_NAMED]
    )


def _examples(code: str, said: Mapping[str, Any]) -> list[str]:
    if code == "conflicts":
        return [f"{one['path']} ({one['why']})" for one in said["conflicts"]]
    if code == "unmapped-principal":
        return [f"{one['name']} ({one['key']})" for one in said["unmapped"]]
    if code in ("right-not-givable", "folder-was-there"):
        return [
            f"{one['path']} ({one['role']!r} of {_person(one['name'], one['principal'])}: "
            f"{one['why']})"
            for one in said["rights_left"]
            if one["code"] == code
        ]
    if code == "narrower-rights":
        return list(said["may_be_narrower"])
    if code == "rights-not-had":
        return list(said["rights_not_had"])
    return [one["path"] for one in said["left_out"] if one["code"] == code]
