"""Record what of each asset does not go over, by name, for the plan, the client and the gate."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import cast

from sluis.border.strict_json import parse
from sluis.counted import counted
from sluis.errors import SnapshotError
from sluis.evidence.ledger import View
from sluis.evidence.objects import ObjectStore
from sluis.evidence.predicates import Behind, Export
from sluis.evidence.statements import Statement
from sluis.plan.behind import WHYS, BehindList, Why, behind_list
from sluis.plan.model import BehindOf
from sluis.runbook.fetched_too_little import fewer_than_counted
from sluis.runbook.run import OpenDossier, now
from sluis.runbook.tenant_exporting import NO_FILES
from sluis.scope.model import Asset, ScopeDocument
from sluis.tenant.tenant_manifest import HAD, check_manifest, read_manifest
from sluis.unfolding import unfold

#: bytes of one line that a worker wrote: two texts of at most some thousands of characters
_LONGEST = 1 << 16
#: more than that is no list that anybody signs
_MOST = 1_000_000


def note_what_stays(
    dossier: OpenDossier,
    asset: Asset,
    written: Path | None = None,
    in_all: int = 0,
    *,
    earlier: bool = False,
) -> BehindList:
    """Record what of one asset does not go over, as its newest pass has it.

    Args:
        dossier: where it is recorded; nothing is, when that was recorded of this pass before.
        asset: as the scope has it.
        written: what the worker that puts it into another tenant says of each item; ``None``
            for an asset that is only fetched: then the manifest says what could not be had.
        in_all: how many lines the worker said that there are.
        earlier: whether another import of it left something in the new place.

    Raises:
        SnapshotError: ``worker-file-altered``: the worker's list cannot be used.
        EvidenceError: the manifest is missing or altered.
    """
    view = dossier.ledger.read(now())
    export = view.latest(Export, lambda item: item.body.asset == asset.id)
    if export is None:
        raise AssertionError("what was not fetched has no list")
    manifest = _manifest(dossier.objects, export)
    found = list(_not_had(manifest) if written is None else _as_written(written, in_all))
    fewer = list(fewer_than_counted(asset, export.body))
    if fewer:
        fewer = list(fewer_than_counted(asset, export.body, _named(manifest)))
    listed = behind_list(asset.id, (*found, *_not_seen(manifest), *fewer))
    body = Behind(
        asset=asset.id,
        export=export.sha256,
        items=len(listed.items),
        list_object=dossier.objects.put(listed.to_bytes()),
        earlier=earlier,
    )
    before = view.latest(Behind, lambda item: item.body.asset == asset.id)
    if before is None or before.body != body:
        dossier.ledger.append(body, key=dossier.key, now=now())
    return listed


def stays_now(view: View, scope: ScopeDocument) -> tuple[BehindOf, ...]:
    """What was recorded last of each asset of a scope, as a plan names it."""
    newest = {statement.body.asset: statement.body for statement in view.of(Behind)}
    return tuple(
        BehindOf(
            asset=asset.id,
            items=body.items,
            list_sha256=body.list_object,
            earlier=body.earlier,
        )
        for asset in scope.assets
        if asset.is_exported and (body := newest.get(asset.id)) is not None
    )


def _manifest(objects: ObjectStore, export: Statement[Export]) -> Path:
    objects.check(export.body.manifest_object)
    return objects.path(export.body.manifest_object)


def _not_had(manifest: Path) -> Iterator[tuple[str, Why]]:
    for line in read_manifest(manifest):
        if line.state != HAD:
            yield line.path, "could-not-be-had"
        elif line.check == "corrupt":
            yield line.path, "corrupt"


def _named(manifest: Path) -> tuple[int, int]:
    """How many files could not be had, and their bytes; each of them is in the list by its name."""
    sizes = [
        line.size for line in read_manifest(manifest) if line.type == "file" and line.state != HAD
    ]
    return len(sizes), sum(sizes)


def _not_seen(manifest: Path) -> Iterator[tuple[str, Why]]:
    """Places that could not be looked at. Of what is no file, the scope says what we do."""
    about, _ = check_manifest(manifest)
    for gap in about.gaps:
        if gap.what not in NO_FILES:
            yield f"{gap.what}: {gap.subject}", "not-seen"


def _as_written(written: Path, in_all: int) -> Iterator[tuple[str, Why]]:
    count = 0
    try:
        with written.open("rb") as file, unfold(file, _LONGEST) as lines:
            while text := lines.next_line():
                count += 1
                data = parse(text, most_bytes=_LONGEST, most_values=10)
                path, why = data["path"], data["code"]
                if count > _MOST or not isinstance(path, str) or why not in WHYS:
                    raise ValueError("a line names no item with a reason that there is")
                yield path, cast("Why", why)
        if count != in_all:
            raise ValueError(f"it has {counted(count, 'line')} and not {in_all}")
    except (OSError, EOFError, ValueError, KeyError, TypeError) as error:
        raise SnapshotError(
            "worker-file-altered",
            f"The worker's list of what does not go over cannot be used: {str(error)[:300]}.",
            "Find out who writes there, and run this again.",
        ) from error
