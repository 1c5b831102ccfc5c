"""What the client signed last in another change, held against what is to be signed now."""

from __future__ import annotations

from collections.abc import Iterator

from sluis.errors import SluisError
from sluis.evidence.anchors import Anchors
from sluis.evidence.ledger import Ledger
from sluis.evidence.objects import ObjectStore
from sluis.evidence.predicates import Signoff
from sluis.evidence.statements import Statement
from sluis.runbook.other_changes import OneChange, others_of
from sluis.runbook.read_before import read_again
from sluis.scope.model import ScopeDocument

#: what is of the client, and not of the change
_OF_THE_CLIENT = ("client_name", "time_zone")


def said_otherwise(one: OneChange, anchors: Anchors, document: ScopeDocument) -> Iterator[str]:
    """One sentence for each thing that the client's last signed change says otherwise.

    Args:
        one: the change that is to be signed.
        anchors: whose keys are believed.
        document: its scope.
    """
    last: tuple[Statement[Signoff], str, ScopeDocument] | None = None
    for change, folder in others_of(one):
        try:
            view = read_again(folder, Ledger(folder, anchors, one.client, change))
            yes = view.latest(Signoff, lambda item: item.body.decision == "yes")
            if yes is None or (last is not None and yes.recorded_at < last[0].recorded_at):
                continue
            signed = ObjectStore(folder).get(yes.body.scope_object)
            last = yes, change, ScopeDocument.from_bytes(signed)
        except (SluisError, OSError):
            continue  # what is wrong with it is said where it matters
    if last is None:
        return
    for field in _OF_THE_CLIENT:
        now, before = getattr(document, field), getattr(last[2], field)
        if now != before:
            yield (
                f"{field}: this scope says {_told(now)}, and {last[1]}, which the client signed on "
                f"{last[0].recorded_at:%Y-%m-%d}, said {_told(before)}. See which is right."
            )


def _told(value: object) -> str:
    return "nothing" if value is None else repr(value)
