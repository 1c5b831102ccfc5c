"""Nobody is asked to sign what is known not to hold: a plan that is dead, a proof that failed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sluis.dossier.material import Material, read_material
from sluis.dossier.outcome import evidence_of
from sluis.dossier.waiver_words import drafted_for, waiver_words
from sluis.errors import RefusedError
from sluis.evidence.anchors import load_anchors
from sluis.evidence.predicates import Reason, Scope
from sluis.gate.coverage import unproven, waivers_not_needed
from sluis.gate.open_questions import OPEN_QUESTION
from sluis.places import Places
from sluis.runbook.other_changes import CHANGED_SINCE, other_change_reasons
from sluis.scope.load import load_scope
from sluis.signoff.waiver import WaiverDraft

#: what a waiver can settle
_CAN_BE_WAIVED = frozenset({"no-snapshot", "not-verified", "level-too-low", "kind-not-verifiable"})
_NAMED_AT_MOST = 12


@dataclass(frozen=True)
class TreeNow:
    """What decides a run, as it is now.

    Args:
        sha256: its digest.
        changes: what is not as it was when the newest plan was made, in words.
    """

    sha256: str
    changes: tuple[str, ...] = ()


def must_be_alive(
    places: Places,
    client: str,
    change: str,
    now: datetime,
    tree: TreeNow,
    drafted: Collection[str] = (),
) -> None:
    """Refuse to ask for a signature that the gate would not count.

    Args:
        places: the project.
        client: client id.
        change: change id.
        now: aware UTC time.
        tree: what decides a run, as it is now.
        drafted: assets for which a waiver is asked for first.

    Raises:
        RefusedError: ``change-closed``, ``tree-changed``, ``scope-changed``, ``not-proven``, with
            all that is wrong; what another change is in the way with, such as
            ``changed-since-copy``.
    """
    material = read_material(places, client, change, now)
    if material.plan is None:
        return  # whoever asks says so in words of their own
    material.must_be_open("a signature for its plan")
    command = f"{client} {change}"
    again = f"Run prepare again: sluis prepare {command}."
    scope_now = load_scope(places.change(client, change) / "scope.yml").document.digest()
    if material.plan.scope_object != scope_now:
        raise RefusedError(
            "scope-changed",
            "scope.yml is not the scope that the plan was made for. Nobody is asked to sign for "
            "a plan that cannot be carried out.",
            again,
        )
    if material.plan.tree_sha256 != tree.sha256:
        told = "; ".join(tree.changes[:_NAMED_AT_MOST])
        more = len(tree.changes) - _NAMED_AT_MOST
        told += f"; and {more} more" if more > 0 else ""
        raise RefusedError(
            "tree-changed",
            "After the plan was made, something changed that decides what runs"
            + (f": {told}." if told else ".")
            + " Nobody is asked to sign for a plan that cannot be carried out.",
            f"Put it back as it was. Or: {again}",
        )
    for reason in in_the_way(places, material):
        raise RefusedError(
            reason.code,
            f"{reason.sentence} Nobody is asked to sign for a plan that cannot be carried out.",
            reason.remedy,
        )
    found = [
        reason
        for reason in unproven(evidence_of(material), now)
        # an open question is said where the questions are asked
        if reason.code != OPEN_QUESTION
        and not (reason.code in _CAN_BE_WAIVED and reason.about in drafted)
    ]
    if found:
        there = drafted_for(places.change(client, change))
        raise RefusedError("not-proven", _words(found), _remedy(found, there, command))


def still_needed(
    places: Places, client: str, change: str, drafts: Sequence[WaiverDraft], now: datetime
) -> tuple[WaiverDraft, ...]:
    """The drafted waivers that ask for something: the others would have a client accept less than
    is proven.

    Args:
        places: the project.
        client: client id.
        change: change id.
        drafts: from :func:`sluis.signoff.waiver.load_waivers`.
        now: aware UTC time.
    """
    material = read_material(places, client, change, now)
    laid_down = material.view.latest(Scope)
    if laid_down is None or laid_down.body.scope_object != material.scope_object:
        return tuple(drafts)  # what is proven was proven for another scope
    drafted = [draft.asset for draft in drafts]
    without = waivers_not_needed(evidence_of(material), drafted, now)
    return tuple(draft for draft in drafts if draft.asset not in without)


def in_the_way(places: Places, material: Material) -> list[Reason]:
    """Why the newest plan cannot be carried out, because of what other changes did or are doing.

    Args:
        places: the project.
        material: the change's dossier.
    """
    if material.plan is None:
        return []
    anchors = load_anchors(places.trust(material.client), material.client)
    again = f"Run prepare again: sluis prepare {material.client} {material.change}."
    return [
        reason.model_copy(update={"remedy": again}) if reason.code == CHANGED_SINCE else reason
        for reason in other_change_reasons(material, anchors, evidence_of(material))
    ]


def _words(found: list[Reason]) -> str:
    told = " ".join(reason.sentence for reason in found)
    return f"Nobody is asked to sign what is not proven. {told}"[:6000]


def _remedy(found: list[Reason], drafted: Collection[str], command: str) -> str:
    own = " ".join(dict.fromkeys(reason.remedy for reason in found))
    waivable = [reason.about for reason in found if reason.code in _CAN_BE_WAIVED]
    return f"{own} {waiver_words(waivable, drafted, command)}".rstrip()
