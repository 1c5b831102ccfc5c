"""A change's dossier, open to read and to append to."""

from __future__ import annotations

from dataclasses import dataclass

from sluis.cli.session import Session
from sluis.cli.under_way import outcome_now
from sluis.dossier.outcome import Outcome
from sluis.errors import InputError
from sluis.evidence.anchors import Anchors, load_anchors
from sluis.evidence.keys import OperatorKey
from sluis.evidence.ledger import Ledger
from sluis.evidence.objects import ObjectStore
from sluis.places import Places, change_id, client_id
from sluis.runbook.not_there import must_be_there
from sluis.signoff.waiver import WaiverDraft, load_waivers


@dataclass(frozen=True)
class OpenDossier:
    """Everything that it takes to record an answer."""

    places: Places
    client: str
    change: str
    ledger: Ledger
    objects: ObjectStore
    anchors: Anchors
    key: OperatorKey

    def outcome(self, session: Session) -> Outcome:
        """Where the change stands now; a run of it may be going on."""
        return outcome_now(self.places, self.client, self.change, session.now())[0]


def open_dossier(session: Session, client: str, change: str) -> OpenDossier:
    """Open the dossier of one change with the operator's key.

    Args:
        session: this call of ``sluis``.
        client: client id, as typed.
        change: change id, as typed.

    Raises:
        InputError: bad ids, no such client or change, no trust anchors, no key.
    """
    places, client, change = session.places, client_id(client), change_id(change)
    must_be_there(places, client, change)
    anchors = load_anchors(places.trust(client), client)
    dossier = places.dossier(client, change)
    return OpenDossier(
        places=places,
        client=client,
        change=change,
        ledger=Ledger(dossier, anchors, client, change),
        objects=ObjectStore(dossier),
        anchors=anchors,
        key=session.operator().key,
    )


def drafted_waiver(dossier: OpenDossier, asset: str) -> tuple[WaiverDraft, list[WaiverDraft]]:
    """The draft for one asset, from the change's folder, and all other drafts.

    Raises:
        InputError: ``no-waiver``, ``bad-waiver``.
    """
    folder = dossier.places.change(dossier.client, dossier.change)
    drafts = load_waivers(folder)
    others = [draft for draft in drafts if draft.asset != asset]
    for draft in drafts:
        if draft.asset == asset:
            return draft, others
    raise InputError(
        "no-waiver",
        f"No waiver was drafted for {asset[:80]!r}.",
        f"Write it into {folder / 'waivers'}, in a file named after the asset.",
    )
