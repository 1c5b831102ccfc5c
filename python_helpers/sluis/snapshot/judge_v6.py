"""V6: fresh, on another machine, kept, an older generation restorable, a second key. Pure."""

from __future__ import annotations

from typing import Any

from sluis.border.parts import Level, Verdict
from sluis.border.proof import Older, Proof
from sluis.counted import counted
from sluis.errors import as_sentence
from sluis.evidence.predicates import HOLDS, Snapshot
from sluis.manifest import Manifest, loads, shown
from sluis.snapshot.levels import FAILED, NOT_VERIFIED, PROVEN


def judge_v6(
    snapshot: Snapshot,
    proof: Proof,
    inside: str | None,
    older_manifest: Manifest | None,
) -> Level:
    """Judge V6. Five things have to hold, and each is said by itself.

    Args:
        snapshot: the snapshot's statement body.
        proof: what the verifier found.
        inside: why the store is not outside the source's machine, or ``None``.
        older_manifest: of the older generation, where one is known.
    """
    store, host = snapshot.store.id, snapshot.machine.host
    older, append_only = proof.older, proof.append_only
    made: dict[str, Any] = snapshot.made_by.get("append_only") or {}
    checks: list[tuple[Verdict, str]] = []
    if snapshot.nonce_sha256 is None:
        checks.append((NOT_VERIFIED, "no nonce was placed in the source"))
    elif proof.nonce_found:
        checks.append((PROVEN, "the nonce was found"))
    elif proof.restored is None and proof.restored_digest is None and proof.database is None:
        checks.append((NOT_VERIFIED, "nothing was restored, so nobody could look for the nonce"))
    else:
        checks.append((FAILED, "the nonce is not in the copy: this is not a copy of that moment"))
    if inside:
        checks.append((FAILED, f"the store {store} is not outside {host}: {inside}"))
    elif snapshot.purpose == "adopted":
        # nobody but the settings says where somebody else's backup lies
        named = snapshot.store.machine
        checks.append((PROVEN, f"the store is another machine, {named}, as the settings say"))
    else:
        checks.append((PROVEN, "the store is another machine"))
    refused = was_refused(snapshot, proof)
    if refused is False:
        lets = f"the store {store} lets whoever has its login take snapshots away"
        checks.append((FAILED, f"{lets}: it is not append-only"))
    elif refused:
        checks.append((PROVEN, "the store refused to remove the probe"))
    else:
        said = append_only.detail or made.get("detail")
        checks.append(
            (NOT_VERIFIED, f"nobody could tell whether the store {store} is append-only: {said}")
        )
    checks.append(_older_verdict(older, older_manifest))
    escrow = proof.escrow
    # in words of our own: the client's text tells by them what is not proven
    opened = "everything was opened with the escrowed key"
    checks.append((PROVEN, opened) if escrow.used else (NOT_VERIFIED, escrow.detail))
    verdicts = {verdict for verdict, _ in checks}
    verdict = next(v for v in (FAILED, NOT_VERIFIED, PROVEN) if v in verdicts)
    # What stands in the way comes first, in sentences: that is what people read.
    missing = [
        as_sentence(said[:1].upper() + said[1:]) for given, said in checks if given != PROVEN
    ]
    holds = "; ".join(said for given, said in checks if given == PROVEN)
    return Level(
        level="V6",
        verdict=verdict,
        ran=(*filter(None, [append_only.tried]), *older.ran),
        seconds=older.seconds,
        detail=f"{' '.join(missing)}{HOLDS}{holds}"
        if missing and holds
        else " ".join(missing) or holds,
    )


def was_refused(snapshot: Snapshot, proof: Proof) -> bool | None:
    """Whether the store refused to let go, as both sides tried it; ``None``: unknown."""
    tried = [proof.append_only.refused]
    # A backup that somebody else made was tried by the verifier alone.
    if snapshot.purpose != "adopted":
        tried.append((snapshot.made_by.get("append_only") or {}).get("refused"))
    if False in tried:
        return False
    return True if all(tried) else None


def _older_verdict(older: Older, known: Manifest | None) -> tuple[Verdict, str]:
    verdict, detail = older.verdict, f"older generation: {older.detail}"
    if verdict == PROVEN and known is not None and older.manifest:
        came_back = loads(older.manifest)
        wrong = [
            path
            for path, entry in came_back.entries.items()
            if path in known.entries
            and entry.type == "file"
            and entry.content != known.entries[path].content
        ]
        if wrong:
            return FAILED, (
                f"older generation: {counted(len(wrong), 'file is', 'files are')} not as its "
                "manifest says, "
                f"such as {shown(wrong[0])}"
            )
    return verdict, detail
