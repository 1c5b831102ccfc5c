"""From a snapshot's statement and the verifier's answer to what was proven. Pure.

Runs on the controller. Everything here comes from the two answers; nothing from variables.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sluis.border import codec
from sluis.border.parts import Level, LevelName
from sluis.border.proof import Proof
from sluis.counted import counted
from sluis.evidence.predicates import LevelResult, Machine, Snapshot, Verification
from sluis.manifest import Comparison, Manifest, compare, loads, shown
from sluis.snapshot.judge_v6 import judge_v6, was_refused
from sluis.snapshot.levels import FAILED, LEVELS, NOT_VERIFIED, PROVEN, reached
from sluis.snapshot.nonce import FILE
from sluis.snapshot.store import three_two_one

#: how many paths a statement names; all of them are in the differences object
_NAMED = 50
#: how far the store's clock and ours may be apart before a snapshot's time is not believed
CLOCK_TOLERANCE = timedelta(minutes=10)


@dataclass(frozen=True)
class Judgement:
    """What was proven, and the objects that belong to it.

    ``verification`` has the digests of nothing yet: the caller keeps ``restored`` and
    ``differences`` as objects and puts their digests in.
    """

    verification: Verification
    restored: bytes | None
    differences: dict[str, Any]


def judge(
    snapshot: Snapshot,
    digest: str,
    before: Manifest | None,
    after: Manifest | None,
    proof: Proof,
    *,
    verifier: Machine,
    older: Manifest | None = None,
    inside: str | None = None,
    host_site: str | None = None,
    copied_at: datetime | None = None,
    packed: bytes | None = None,
) -> Judgement:
    """Judge one snapshot.

    Args:
        snapshot: the snapshot's statement body.
        digest: of that statement.
        before: manifest of the source before the snapshot; ``None`` when there is none.
        after: manifest after it; ``None``: the same as before.
        proof: what the verifier found.
        verifier: the machine that verified.
        older: manifest of the older generation, where one is known.
        inside: why the store is not outside the source's machine, or ``None``.
        host_site: where the source stands, for 3-2-1-1-0.
        copied_at: for a backup that somebody else made: when. ``before`` is then the
            source as it is now, and what was touched since tells nothing about the copy.
        packed: the bytes that ``before`` was read from. A verifier that found the very
            same manifest sends its digest alone.

    Raises:
        EvidenceError: ``manifest-unreadable``: a manifest of the verifier's is none.
    """
    restored_bytes = proof.restored
    if restored_bytes is None and before is not None and _is_the_same(proof, before):
        restored_bytes = packed
    same = packed is not None and restored_bytes == packed
    restored = before if same else loads(restored_bytes) if restored_bytes else None
    levels: dict[LevelName, Level] = {level.level: level for level in proof.levels}
    comparison = compare(before, after, restored) if before and restored else None
    levels["V0"] = _v0(levels["V0"], proof)
    levels["V4"] = _v4(levels["V4"], comparison, proof)
    stranger = copied_at is not None and _shares_no_file(before, restored)
    levels["V5"] = _v5(comparison, proof, copied_at, stranger=stranger)
    levels["V6"] = judge_v6(snapshot, proof, inside, older)
    ordered = [levels[name] for name in LEVELS]
    return Judgement(
        verification=Verification(
            asset=snapshot.asset,
            snapshot=digest,
            snapshot_id=snapshot.snapshot_id,
            verifier=verifier,
            verified_by={
                "engine": proof.engine,
                "scratch": proof.scratch,
                "escrow": codec.dump(proof.escrow),
                "append_only": codec.dump(proof.append_only),
                "process": _process(proof),
            },
            levels=tuple(_result(item) for item in ordered),
            reached=reached(ordered),
            compared_items=comparison.items if comparison else 0,
            compared_bytes=comparison.bytes if comparison else 0,
            changed_during=_changed(comparison),
            three_two_one=_digits(snapshot, ordered, proof, inside, host_site),
            sample=proof.sample,
        ),
        restored=restored_bytes,
        differences=_differences(comparison, proof),
    )


def _is_the_same(proof: Proof, before: Manifest) -> bool:
    """Whether the verifier says, by its digest, that the copy's manifest is the source's."""
    return proof.restored_digest is not None and proof.restored_digest == before.digest()


def _v0(level: Level, proof: Proof) -> Level:
    """restic accepts any time it is told (measured: 2030), so the store's clock counts."""
    claimed, store = _moment(proof.engine_time), _moment(proof.store_time)
    if level.verdict != PROVEN or claimed is None or store is None:
        return level
    if claimed > store + CLOCK_TOLERANCE:
        return replace(
            level,
            verdict=FAILED,
            detail=f"it says that it was made at {claimed:%Y-%m-%d %H:%M} UTC, which by the "
            f"store's clock ({store:%Y-%m-%d %H:%M}) has yet to come",
        )
    return level


def _moment(text: object) -> datetime | None:
    """restic writes nanoseconds and a zone; what cannot be read says nothing."""
    whole, _, rest = str(text or "").partition(".")
    zone = rest.lstrip("0123456789") if rest else ""
    try:
        moment = datetime.fromisoformat(whole + zone)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _v4(level: Level, comparison: Comparison | None, proof: Proof) -> Level:
    """A file that does not open, and is equal to its source, was broken there already."""
    opened = proof.opened
    if opened is None or not opened.broken or level.verdict != PROVEN:
        return level
    broken = [item.path for item in opened.broken]
    equal = {shown(path) for path in comparison.equal} if comparison is not None else set()
    ours = [path for path in broken if path not in equal]
    if ours:
        said = f"{counted(len(ours), 'file does', 'files do')} not open: {', '.join(ours[:5])}"
        if len(ours) < len(broken):
            said += (
                f"; {counted(len(broken) - len(ours), 'more does', 'more do')} not open "
                "in the source either"
            )
        return replace(level, verdict=FAILED, detail=said)
    return replace(
        level,
        detail=f"{level.detail}; {len(broken)} do not open, and are the same in the "
        f"source, so they were broken there already: {', '.join(broken[:5])}",
    )


def _v5(
    comparison: Comparison | None, proof: Proof, copied_at: datetime | None, *, stranger: bool
) -> Level:
    level = Level("V5", NOT_VERIFIED, "", ("compare the manifests before, after and restored",))
    if proof.sample:
        return replace(level, detail=f"only {proof.sample}")
    if comparison is None:
        return replace(level, detail="there is nothing to compare")
    database = proof.database
    if not comparison.holds:
        counts = {
            "are as neither before nor after": comparison.failed,
            "are missing": comparison.missing,
            "were never in the source": comparison.extra,
            "could not be read in the source": comparison.unknown,
        }
        said = "; ".join(
            f"{len(found)} {words}: {', '.join(shown(d.path) for d in found[:5])}"
            for words, found in counts.items()
            if found
        )
        only_unknown = not (comparison.failed or comparison.missing or comparison.extra)
        if stranger:
            said = f"it has no file in common with the source, so it is no copy of it: {said}"
        elif copied_at is not None and _all_touched_since(comparison, copied_at):
            only_unknown = True
            said = f"the source was touched after the copy was made, so nobody can tell: {said}"
        return replace(level, verdict=NOT_VERIFIED if only_unknown else FAILED, detail=said)
    said = f"{counted(len(comparison.equal), 'item')} equal, {counted(comparison.bytes, 'byte')}"
    if comparison.changed_during:
        said += f"; {len(comparison.changed_during)} changed during the snapshot"
    if comparison.metadata:
        said += f"; {counted(len(comparison.metadata), 'differs', 'differ')} in mode or time only"
    if database is None:
        return replace(level, verdict=PROVEN, detail=said)
    if database.differences:
        differ = counted(len(database.differences), "figure differs", "figures differ")
        said = f"{differ} from the source: {'; '.join(database.differences[:5])}"
        return replace(level, verdict=FAILED, detail=said)
    part = next((one for one in database.parts if one.part == "equal"), database)
    return replace(level, verdict=part.verdict, detail=f"dump files: {said}; {part.detail}")


def _shares_no_file(before: Manifest | None, restored: Manifest | None) -> bool:
    """Whether a copy and its source have no file or link of the same path.

    A nonce is in many a source; only the very same one makes a copy this one's.
    """
    if before is None or restored is None:
        return False
    ours, theirs = (
        {path for path, entry in one.entries.items() if entry.type in ("file", "link")}
        for one in (before, restored)
    )
    shared = ours & theirs
    if FILE in shared and before.entries[FILE].content != restored.entries[FILE].content:
        shared.remove(FILE)
    return bool(ours | theirs) and not shared


def _all_touched_since(comparison: Comparison, copied_at: datetime) -> bool:
    """Whether each difference is about an item that is newer than the copy, or gone since.

    What could not be read in the copy is neither: no change at the source explains that.
    """
    limit = copied_at.timestamp() * 1e9
    return all(
        difference.restored is not None
        if difference.after is None
        else difference.after.mtime_ns > limit
        for difference in (*comparison.failed, *comparison.missing, *comparison.extra)
    )


def _differences(comparison: Comparison | None, proof: Proof) -> dict[str, Any]:
    found: dict[str, Any] = comparison.as_dict() if comparison else {}
    if proof.database is not None:
        plain = codec.dump(proof.database)
        found["database"] = {name: plain[name] for name in ("differences", "figures", "parts")}
    if proof.opened is not None:
        found["opened"] = codec.dump(proof.opened)
    if proof.restore_errors:
        found["restore_errors"] = proof.restore_errors
    return found


def _changed(comparison: Comparison | None) -> tuple[str, ...]:
    if comparison is None:
        return ()
    paths = [shown(difference.path) for difference in comparison.changed_during]
    rest = len(paths) - _NAMED
    return (*paths[:_NAMED], *([f"… and {rest} more, see the differences"] if rest > 0 else []))


def _digits(
    snapshot: Snapshot,
    levels: Sequence[Level],
    proof: Proof,
    inside: str | None,
    host_site: str | None,
) -> dict[str, str]:
    verdicts = {item.level: item.verdict for item in levels}
    # read back, restored, opened and compared: one that failed is an error, and one that nobody
    # looked at is no "no errors"
    looked_at = {verdicts[name] for name in ("V2", "V3", "V4", "V5")}
    no_errors = False if FAILED in looked_at else True if looked_at == {PROVEN} else None
    store = snapshot.store
    return three_two_one(
        store.id,
        store.site,
        ["the source", f"the store {store.id}"],
        host_site,
        {
            "outside": not inside,
            "append_only": was_refused(snapshot, proof),
            "no_errors": no_errors,
        },
    )


def _process(proof: Proof) -> dict[str, Any]:
    identity = proof.verifier
    return {name: getattr(identity, name) for name in ("pid", "pid_started", "boot_id", "name")}


def _result(item: Level) -> LevelResult:
    return LevelResult(
        level=item.level,
        verdict=item.verdict,
        ran=item.ran,
        seconds=item.seconds,
        detail=item.detail[:3000],
    )
