"""Which of the five things of the highest level are not proven of a copy, where that is known."""

from __future__ import annotations

from sluis.evidence.ledger import View
from sluis.evidence.predicates import HOLDS, LevelResult, Verification

#: by the name of its sentence, how the verifier's record says that it holds
#: (``sluis.snapshot.judge_v6``)
_SAID = {
    "fresh": "the nonce was found",
    "elsewhere": "the store is another machine",
    "kept": "the store refused to remove the probe",
    "older": "older generation: ",
    "spare-key": "everything was opened with the escrowed key",
}


def not_proven(view: View, asset: str) -> tuple[str, ...]:
    """What the newest proof of an asset lacks, while its copy was compared with the original.

    Args:
        view: the ledger.
        asset: its id.

    Returns:
        Names of sentences; none when it cannot be told.
    """
    newest = view.latest(Verification, lambda item: item.body.asset == asset)
    if newest is None or newest.body.reached != "V5":
        return ()
    top = next((one for one in newest.body.levels if one.level == "V6"), None)
    return lacking_in(top) if top is not None else ()


def lacking_in(top: LevelResult) -> tuple[str, ...]:
    """The same of one level's record."""
    _, mark, said = top.detail.partition(HOLDS)
    if not mark or top.verdict == "proven":
        return ()
    holds = said.split("; ")
    return tuple(
        name for name, words in _SAID.items() if not any(one.startswith(words) for one in holds)
    )
