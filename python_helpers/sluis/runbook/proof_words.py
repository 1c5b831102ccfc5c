"""What a proof and the rule of copies came to, for an operator who knows neither by heart."""

from __future__ import annotations

from collections.abc import Iterator

from sluis.counted import counted
from sluis.evidence.predicates import Level, Verification
from sluis.gate.restores import BROKEN_STATE_LEVEL, WHY_LESS
from sluis.snapshot.levels import FAILED, LEVELS, PROVEN

#: what each level adds, as the table in the README has it
_ADDS = {
    "V0": "it exists",
    "V1": "it opens with the verifier's key",
    "V2": "every byte was read",
    "V3": "it was restored elsewhere",
    "V4": "its data opens",
    "V5": "it equals the source",
    "V6": "it is fresh, in a store that keeps what it has",
}
#: the five digits of 3-2-1-1-0
_RULE = {
    "3 copies": "copies of the data, where 3 are good",
    "2 media": "kinds of storage, where 2 are good",
    "1 off-site": "a copy at another site",
    "1 immutable": "a copy that nobody can take away",
    "0 errors": "no error when it is put back",
}


def proof_lines(asset: str, snapshot_id: str, body: Verification) -> Iterator[str]:
    """How far a snapshot was proven, and what that means.

    Args:
        asset: its id in the scope.
        snapshot_id: of the snapshot.
        body: what the verifier came to.
    """
    seconds = sum(item.seconds for item in body.levels)
    reached = body.reached
    if reached is None:
        said = "nothing is proven of it"
    else:
        said = f"{reached} is proven: {_ADDS[reached]}, and all before that"
    rest = [
        f"{item.level} ({_ADDS[item.level]}) "
        + ("failed" if item.verdict == FAILED else f"is {item.verdict}")
        for item in body.levels
        if item.verdict != PROVEN and item.level in LEVELS
    ]
    yield (
        f"{asset}: its snapshot {snapshot_id[:8]} was tried in {seconds:.1f} s, "
        f"{counted(body.compared_items, 'item')} compared; " + "; ".join([said, *rest])
    )
    for digit, found in body.three_two_one.items():
        yield f"{asset}: {_RULE.get(digit, digit)}: {found}"


def asked_less_lines(asset: str, needed: Level) -> Iterator[str]:
    """Why less may do of a copy of what is broken than the scope asks.

    Args:
        asset: its id in the scope.
        needed: the level that the scope asks.
    """
    if needed > BROKEN_STATE_LEVEL:
        yield f"{asset}: {needed} is not asked of it where {WHY_LESS}"
