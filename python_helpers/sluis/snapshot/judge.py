"""From a snapshot's statement and the verifier's answer to what was proven. Pure.

Runs on the controller. Everything here comes from the two answers; nothing from variables.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sluis.errors import EvidenceError
from sluis.evidence.predicates import LevelResult, Machine, Snapshot, Verification
from sluis.manifest import Comparison, Manifest, compare, loads, shown
from sluis.snapshot.judge_v6 import judge_v6, was_refused
from sluis.snapshot.levels import FAILED, LEVELS, NOT_VERIFIED, PROVEN, reached
from sluis.snapshot.store import Store, three_two_one

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
    answer: Mapping[str, Any],
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
        answer: what ``prove_snapshot`` returned.
        verifier: the machine that verified.
        older: manifest of the older generation, where one is known.
        inside: why the store is not outside the source's machine, or ``None``.
        host_site: where the source stands, for 3-2-1-1-0.
        copied_at: for a backup that somebody else made: when. ``before`` is then the
            source as it is now, and what was touched since tells nothing about the copy.
        packed: the bytes that ``before`` was read from. A verifier that found the very
            same manifest sends its digest alone.

    Raises:
        EvidenceError: ``answer-unreadable``.
    """
    try:
        came_back = answer["restored"]
        restored_bytes = base64.b64decode(came_back, validate=True) if came_back else None
        if came_back is None and before is not None and _is_the_same(answer, before):
            restored_bytes = packed
        same = packed is not None and restored_bytes == packed
        restored = before if same else loads(restored_bytes) if restored_bytes else None
        levels = {item["level"]: dict(item) for item in answer["levels"]}
        comparison = compare(before, after, restored) if before and restored else None
        levels["V0"] = _v0(levels["V0"], answer)
        levels["V4"] = _v4(levels["V4"], comparison, answer)
        levels["V5"] = _v5(comparison, answer, copied_at)
        levels["V6"] = judge_v6(snapshot, answer, inside, older)
        ordered = [levels[name] for name in LEVELS]
    except (KeyError, TypeError, ValueError) as error:
        raise EvidenceError(
            "answer-unreadable",
            f"The verifier's answer about {snapshot.asset} cannot be read: {error!r}.",
            "Use the same version of Sluis on controller and verifier.",
        ) from error
    differences = _differences(comparison, answer)
    return Judgement(
        verification=Verification(
            asset=snapshot.asset,
            snapshot=digest,
            snapshot_id=snapshot.snapshot_id,
            verifier=verifier,
            verified_by={
                name: answer.get(name) for name in ("engine", "scratch", "escrow", "append_only")
            }
            | {"process": _process(answer)},
            levels=tuple(_result(item) for item in ordered),
            reached=reached(ordered),
            compared_items=comparison.items if comparison else 0,
            compared_bytes=comparison.bytes if comparison else 0,
            changed_during=_changed(comparison),
            three_two_one=_digits(snapshot, ordered, answer, inside, host_site),
            sample=answer.get("sample"),
        ),
        restored=restored_bytes,
        differences=differences,
    )


def _is_the_same(answer: Mapping[str, Any], before: Manifest) -> bool:
    """Whether the verifier says, by its digest, that the copy's manifest is the source's."""
    return bool(answer.get("restored_digest")) and answer["restored_digest"] == before.digest()


def _v0(level: dict[str, Any], answer: Mapping[str, Any]) -> dict[str, Any]:
    """restic accepts any time it is told (measured: 2030), so the store's clock counts."""
    claimed, store = _moment(answer.get("engine_time")), _moment(answer.get("store_time"))
    if level["verdict"] != PROVEN or claimed is None or store is None:
        return level
    if claimed > store + CLOCK_TOLERANCE:
        return level | {
            "verdict": FAILED,
            "detail": f"it says that it was made at {claimed:%Y-%m-%d %H:%M} UTC, which by the "
            f"store's clock ({store:%Y-%m-%d %H:%M}) has yet to come",
        }
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


def _v4(
    level: dict[str, Any], comparison: Comparison | None, answer: Mapping[str, Any]
) -> dict[str, Any]:
    """A file that does not open, and is equal to its source, was broken there already."""
    opened = answer.get("opened")
    if not opened or not opened["broken"] or level["verdict"] != PROVEN:
        return level
    names = ", ".join(item["path"] for item in opened["broken"][:5])
    if comparison is not None:
        equal = {shown(path) for path in comparison.equal}
        if all(item["path"] in equal for item in opened["broken"]):
            count = len(opened["broken"])
            return level | {
                "detail": f"{level['detail']}; {count} do not open, and are the same in the "
                f"source, so they were broken there already: {names}"
            }
    return level | {"verdict": FAILED, "detail": f"these files do not open: {names}"}


def _v5(
    comparison: Comparison | None, answer: Mapping[str, Any], copied_at: datetime | None
) -> dict[str, Any]:
    level = {
        "level": "V5",
        "ran": ["compare the manifests before, after and restored"],
        "seconds": 0.0,
    }
    if answer.get("sample"):
        return level | {"verdict": NOT_VERIFIED, "detail": f"only {answer['sample']}"}
    if comparison is None:
        return level | {"verdict": NOT_VERIFIED, "detail": "there is nothing to compare"}
    database = answer.get("database")
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
        if copied_at is not None and _all_touched_since(comparison, copied_at):
            only_unknown = True
            said = f"the source was touched after the copy was made, so nobody can tell: {said}"
        return level | {"verdict": NOT_VERIFIED if only_unknown else FAILED, "detail": said}
    said = f"{len(comparison.equal)} items equal, {comparison.bytes} bytes"
    if comparison.changed_during:
        said += f"; {len(comparison.changed_during)} changed during the snapshot"
    if comparison.metadata:
        said += f"; {len(comparison.metadata)} differ in mode or time only"
    if database is None:
        return level | {"verdict": PROVEN, "detail": said}
    if database["differences"]:
        return level | {
            "verdict": FAILED,
            "detail": f"{len(database['differences'])} figures differ from the source: "
            f"{'; '.join(str(d) for d in database['differences'][:5])}",
        }
    part = next((p for p in database.get("parts") or () if p["part"] == "equal"), None)
    verdict = part["verdict"] if part else database["verdict"]
    detail = part["detail"] if part else database["detail"]
    return level | {"verdict": verdict, "detail": f"dump files: {said}; {detail}"}


def _all_touched_since(comparison: Comparison, copied_at: datetime) -> bool:
    """Whether each difference is about an item that is newer than the copy, or gone since."""
    limit = copied_at.timestamp() * 1e9
    return all(
        difference.after is None or difference.after.mtime_ns > limit
        for difference in (*comparison.failed, *comparison.missing, *comparison.extra)
    )


def _differences(comparison: Comparison | None, answer: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = comparison.as_dict() if comparison else {}
    if answer.get("database"):
        found["database"] = {
            name: answer["database"].get(name) for name in ("differences", "figures", "parts")
        }
    if answer.get("opened"):
        found["opened"] = answer["opened"]
    if answer.get("restore_errors"):
        found["restore_errors"] = answer["restore_errors"]
    return found


def _changed(comparison: Comparison | None) -> tuple[str, ...]:
    if comparison is None:
        return ()
    paths = [shown(difference.path) for difference in comparison.changed_during]
    rest = len(paths) - _NAMED
    return (*paths[:_NAMED], *([f"… and {rest} more, see the differences"] if rest > 0 else []))


def _digits(
    snapshot: Snapshot,
    levels: list[dict[str, Any]],
    answer: Mapping[str, Any],
    inside: str | None,
    host_site: str | None,
) -> dict[str, str]:
    verdicts = {item["level"]: item["verdict"] for item in levels}
    equal = verdicts["V5"]
    restored = all(verdicts[name] == PROVEN for name in ("V2", "V3", "V4"))
    store = Store(**_store_fields(snapshot))
    return three_two_one(
        store,
        ["the source", f"the store {store.id}"],
        host_site,
        {
            "outside": not inside,
            "append_only": was_refused(snapshot, answer),
            "no_errors": None if equal == NOT_VERIFIED else equal == PROVEN and restored,
        },
    )


def _store_fields(snapshot: Snapshot) -> dict[str, Any]:
    record = snapshot.store.model_dump()
    location = record.pop("location")
    kind = "local" if record["kind"] == "folder" else record["kind"]
    return {**record, "kind": kind, "url" if kind == "rest" else "path": location}


def _process(answer: Mapping[str, Any]) -> dict[str, Any]:
    identity = answer["verifier"]
    return {name: identity.get(name) for name in ("pid", "pid_started", "boot_id", "name")}


def _result(item: Mapping[str, Any]) -> LevelResult:
    return LevelResult(
        level=item["level"],
        verdict=item["verdict"],
        ran=tuple(str(line) for line in item.get("ran") or ()),
        seconds=float(item.get("seconds") or 0),
        detail=str(item.get("detail") or "")[:3000],
    )
