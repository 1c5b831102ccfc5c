"""Is what lies there still the data that the client signed for? Pure: ledger in, sentences out.

A copy that is made after the sign-off is held against the last one before it, so a folder that was
emptied, enciphered or led elsewhere in between is no part of what was signed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluis.evidence.predicates import Export, Shown, Signoff, Snapshot

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


def other_data(view: View, answer: Statement[Signoff]) -> list[str]:
    """What is other than the client signed for, one sentence for each asset and thing.

    What is fetched from elsewhere has rules of its own about a pass that brings too little. A copy
    of a broken state is expected to be other. A backup that was adopted counts by what lay at the
    source when it was judged, as a copy of ours does.

    Args:
        view: the ledger.
        answer: the client's yes.
    """
    since = _read_at(view, answer)
    fetched = {one.body.asset for one in view.of(Export)}
    signed: dict[str, Snapshot] = {}
    found: list[str] = []
    for taken in view.of(Snapshot):
        body = taken.body
        if body.asset in fetched or body.purpose == "broken state":
            continue
        if taken.number < since:
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


def signed_from(view: View) -> int | None:
    """The number of what the client read before their yes; ``None``: their last word is no yes."""
    answer = view.latest(Signoff)
    if answer is None or answer.body.decision != "yes":
        return None
    return _read_at(view, answer)


def _read_at(view: View, answer: Statement[Signoff]) -> int:
    """The number of the text that was answered: the yes is for the data as it was then."""
    return next(
        (one.number for one in view.of(Shown) if one.sha256 == answer.body.shown), answer.number
    )
