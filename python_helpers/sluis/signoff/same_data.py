"""Is what lies there still the data that the client signed for? Pure: ledger in, sentences out.

A copy that is made after the sign-off is held against the last one before it, so a folder that was
emptied, enciphered or led elsewhere in between is no part of what was signed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluis.evidence.predicates import Export, Signoff, Snapshot

if TYPE_CHECKING:
    from sluis.evidence.ledger import View
    from sluis.evidence.statements import Statement

#: what the maker of a copy remarks when the data is no longer what it was, see
#: ``sluis.snapshot.suspicion``. More empty files alone are no reason: programs make some.
SUSPICIOUS = frozenset(
    {
        "changed-files-jump",
        "items-drop",
        "randomness-jump",
        "rows-drop",
        "size-drop",
        "table-missing",
    }
)

_NO_LOOK_AT_IT = frozenset({"adopted", "broken state"})


def other_data(view: View, answer: Statement[Signoff]) -> list[str]:
    """What is other than the client signed for, one sentence for each asset and thing.

    What is fetched from elsewhere has rules of its own about a pass that brings too little. A copy
    of a broken state is expected to be other, and one that was adopted says how the data was then.

    Args:
        view: the ledger.
        answer: the client's yes.
    """
    fetched = {one.body.asset for one in view.of(Export)}
    signed: dict[str, Snapshot] = {}
    found: list[str] = []
    for taken in view.of(Snapshot):
        body = taken.body
        if body.asset in fetched or body.purpose in _NO_LOOK_AT_IT:
            continue
        if taken.number < answer.number:
            signed[body.asset] = body
            continue
        before = signed.get(body.asset)
        if before is not None and before.place and body.place != before.place:
            found.append(
                f"{body.asset} lies at {body.place or 'a place that nobody knows'} now, and lay "
                f"at {before.place} when the client signed."
            )
        for line in body.warnings:
            code, _, words = line.partition(": ")
            if code in SUSPICIOUS and words:
                found.append(f"{body.asset} has changed much since the client signed: {words}.")
    return list(dict.fromkeys(found))
