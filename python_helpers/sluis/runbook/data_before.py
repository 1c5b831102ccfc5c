"""How the data of an asset was before: what it is compared with when it is copied."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sluis.evidence.copies import newest_copy
from sluis.evidence.ledger import View
from sluis.evidence.objects import ObjectStore
from sluis.evidence.predicates import Shown, Snapshot
from sluis.manifest import Manifest
from sluis.runbook.snapshot_history import Earlier, manifest_after
from sluis.signoff.same_data import signed_from
from sluis.snapshot.suspicion import Seen, seen_of

_SHOWN = "when it was shown to the client"


def states_before(
    objects: ObjectStore, view: View, asset: str, earlier: list[Earlier]
) -> dict[str, Seen]:
    """The data as it was last time and when the client signed, by those words.

    What was seen last may be what another change, or an earlier run of this one, found there after
    the client read the text; then nothing would be said of what is gone since. A form comes back
    days after it was shown: what the client says yes to is how it was then.

    Args:
        objects: those of this change's dossier.
        view: its ledger, before the new copy.
        asset: its id.
        earlier: copies of this very source, of every change, newest first.
    """
    last = next((one for one in earlier if one.body.purpose != "broken state"), None)
    found: dict[str, Seen | None] = {}
    known: list[Snapshot] = []
    for when, shown in (("when the client signed", signed_from(view)), (_SHOWN, _shown_last(view))):
        taken = _newest_before(view, asset, shown)
        if taken is not None and taken not in known:
            known.append(taken)
            found[when] = _seen(taken, objects)
    if last is not None and last.body not in known:
        found["last time"] = _seen(last.body, last.objects)
    return {when: seen for when, seen in found.items() if seen is not None}


def seen_beside_a_backup(facts: Mapping[str, Any], manifest: Manifest | None) -> Seen:
    """What lay at the source when a backup of it was judged; of a database nobody knows a size.

    Args:
        facts: of the source.
        manifest: of the source, when it is files.
    """
    size, items = (manifest.bytes, manifest.items) if manifest else (None, None)
    return seen_of(facts, size, items, manifest)


def _seen(taken: Snapshot, objects: ObjectStore) -> Seen | None:
    """What is known of the source from one copy of it."""
    if not taken.facts_object:
        return None
    manifest = manifest_after(taken, objects)
    facts = json.loads(objects.get(taken.facts_object))
    if taken.purpose == "adopted":
        # its figures are the backup's own; what lay there then is in the manifest
        return seen_beside_a_backup(facts, manifest)
    return seen_of(facts, taken.bytes, taken.items, manifest)


def _shown_last(view: View) -> int | None:
    """The number of the newest text for the client."""
    shown = view.latest(Shown)
    return shown.number if shown is not None else None


def _newest_before(view: View, asset: str, number: int | None) -> Snapshot | None:
    if number is None:
        return None
    taken = newest_copy(view, asset, before=number, broken=False)
    return taken.body if taken is not None else None
