"""What an export says about V5: whether what was fetched is what is there.

The copy in the store equals the export; that is compared as for any directory. Whether the
export equals its source was found while it was fetched, file by file. Both belong to V5.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sluis.counted import all_of, counted, plural
from sluis.evidence.predicates import Export, LevelResult, Verdict, Verification
from sluis.manifest import Manifest
from sluis.runbook.doubted_files import CORRUPT, GOOD, Doubts
from sluis.snapshot.levels import reached
from sluis.tenant.tenant_manifest import ManifestLine


def export_verdict(
    export: Export | None,
    snapshot_number: int,
    export_number: int,
    doubts: Doubts | None = None,
) -> LevelResult:
    """V5 as far as the export decides it.

    Args:
        export: the newest pass over the asset, or ``None``.
        snapshot_number: the statement of the snapshot that was made of it.
        export_number: the statement of that pass.
        doubts: what its manifest says of its files; without it no file is taken as it came.
    """
    ran = ("two hashes for each file that was fetched, and a walk to the end of the list",)
    verdict, detail = _judge(export, snapshot_number, export_number, doubts)
    return LevelResult(level="V5", verdict=verdict, ran=ran, detail=detail)


def same_files(copy: Manifest, lines: Iterable[ManifestLine], folder: str) -> LevelResult:
    """V5 as far as the copy's own files decide it: each is what was fetched, byte for byte.

    Args:
        copy: manifest of what was restored from the store.
        lines: the manifest of the pass.
        folder: the folder in the copy that the pass lies in.
    """
    files = wrong = 0
    example = ""
    for line in lines:
        if line.stored is None or line.sha256 is None:
            continue
        files += 1
        entry = copy.entries.get(f"{folder}/{line.stored}")
        if entry is None or entry.sha256 != line.sha256:
            wrong += 1
            example = example or line.path
    ran = ("every file of the copy beside the manifest of the pass",)
    if wrong:
        some = f"{wrong:,} of {counted(files, 'file')} in the copy {plural(wrong, 'is', 'are')}"
        detail = f"{some} not what was fetched: {example!r}"
        return LevelResult(level="V5", verdict="failed", ran=ran, detail=detail[:1000])
    detail = f"{all_of(files, 'file in the copy is', 'files in the copy are')} what was fetched"
    return LevelResult(level="V5", verdict="proven", ran=ran, detail=detail)


def size_verdict(short: str | None) -> tuple[LevelResult, ...]:
    """What ``too_little`` found, as levels.

    Not V5 alone: of low criticality no more is asked than a copy that can be read, and the copy of
    an empty folder can be. What holds too little is no readable copy of the asset (V1).
    """
    ran = ("the files and bytes of the pass beside those that are known",)
    return tuple(
        LevelResult(level=level, verdict="not verified", ran=ran, detail=short)
        for level in (("V1", "V5") if short else ())
    )


def with_export(verification: Verification, found: LevelResult) -> Verification:
    """The verification with a level, mostly V5, lowered to what the export allows."""
    levels = tuple(
        _lower(item, found) if item.level == found.level else item for item in verification.levels
    )
    top = reached(levels)
    return verification.model_copy(update={"levels": levels, "reached": top})


def _lower(copy: LevelResult, export: LevelResult) -> LevelResult:
    order: tuple[Verdict, ...] = ("failed", "not verified", "proven")
    verdict = min(copy.verdict, export.verdict, key=order.index)
    return copy.model_copy(
        update={
            "verdict": verdict,
            "ran": (*copy.ran, *export.ran),
            "detail": f"{export.detail}; the copy of it: {copy.detail}"[:3000],
        }
    )


def _judge(
    export: Export | None, snapshot: int, number: int, doubts: Doubts | None
) -> tuple[Verdict, str]:
    if export is None:
        return "not verified", "it was never fetched from where it is"
    if number > snapshot:
        return "not verified", "it was fetched again after this snapshot"
    checks = ", ".join(f"{count} {name}" for name, count in sorted(export.checks.items()) if count)
    said = f"{counted(export.items, 'item')} in pass {export.pass_number}: {checks or 'no files'}"
    if export.checks.get(CORRUPT) or (doubts and doubts.counted.get(CORRUPT)):
        return "failed", said
    if not export.complete:
        return "not verified", f"the list was not walked to its end; {said}"
    if doubts is None:
        unsure = sum(n for name, n in export.checks.items() if name not in GOOD)
    elif (_figures(doubts.counted), sum(doubts.counted.values())) != (
        _figures(export.checks), export.items,
    ):  # fmt: skip
        return "not verified", f"the manifest of the pass counts its files otherwise; {said}"
    else:
        unsure = doubts.doubted_in_all
    if unsure:
        return (
            "not verified",
            f"{counted(unsure, 'file is', 'files are')} not known to be right; {said}",
        )
    if export.not_had:
        return "not verified", f"{counted(export.not_had, 'item')} could not be had; {said}"
    if export.unseen:
        return "not verified", f"not all could be seen: {'; '.join(export.unseen)[:1500]}; {said}"
    if doubts and doubts.as_it_came:
        said += f"; {len(doubts.as_it_came)} of them are taken as they came"
    return "proven", said


def _figures(counts: Mapping[str, int]) -> dict[str, int]:
    return {name: count for name, count in counts.items() if count}
