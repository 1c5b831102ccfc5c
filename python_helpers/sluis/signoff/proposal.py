"""What there is to sign now: read from the ledger and its objects, never from variables."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from pydantic import ValidationError

from sluis.errors import EvidenceError, InputError
from sluis.evidence.anchors import Anchors
from sluis.evidence.keys import OperatorKey
from sluis.evidence.ledger import Ledger, View
from sluis.evidence.objects import ObjectStore
from sluis.evidence.predicates import Plan, Scope, Signoff
from sluis.evidence.statements import Statement
from sluis.plan.model import PlanDocument
from sluis.scope.model import ScopeDocument


class Dossier(Protocol):
    """The evidence of one change, open to read and to append to."""

    @property
    def ledger(self) -> Ledger:
        """The chain of statements."""

    @property
    def objects(self) -> ObjectStore:
        """What the statements speak of."""

    @property
    def anchors(self) -> Anchors:
        """Whose keys are believed."""

    @property
    def key(self) -> OperatorKey:
        """The operator's key."""


@dataclass(frozen=True)
class Proposal:
    """The scope and the plan that count now, from the ledger and its objects.

    ``plan`` is ``None`` when only a waiver is asked for.
    """

    scope: ScopeDocument
    scope_object: str
    plan: PlanDocument | None
    plan_object: str | None
    view: View


def propose(dossier: Dossier, now: datetime) -> Proposal:
    """Read what there is to sign: the newest plan, and the scope it was made for.

    Args:
        dossier: the dossier of the change.
        now: aware UTC.

    Raises:
        EvidenceError: ``ledger-does-not-hold``, or an object is missing or altered.
        InputError: ``no-plan``; ``scope-changed``: a newer scope has no plan yet;
            ``same-version``: the client answered about another scope that has this
            version or a later one.
    """
    view = sound_view(dossier, now)
    made, laid_down = view.latest(Plan), view.latest(Scope)
    if made is None:
        raise InputError("no-plan", "There is no plan to sign yet.", "Run prepare first.")
    if laid_down is None or laid_down.body.scope_object != made.body.scope_object:
        raise InputError(
            "scope-changed",
            "The newest scope is not the one that the plan was made for.",
            "Run prepare again.",
        )
    scope, scope_object = _scope(dossier, laid_down)
    must_be_a_new_version(dossier.objects, view, scope, scope_object)
    plan = _plan(dossier.objects.get(made.body.plan_object))
    return Proposal(scope, scope_object, plan, made.body.plan_object, view)


def propose_waiver(dossier: Dossier, now: datetime) -> Proposal:
    """Read the newest scope; a waiver needs no plan.

    Raises:
        EvidenceError, InputError: as :func:`propose`; ``no-scope``.
    """
    view = sound_view(dossier, now)
    laid_down = view.latest(Scope)
    if laid_down is None:
        raise InputError("no-scope", "No scope was laid down yet.", "Run prepare first.")
    return Proposal(*_scope(dossier, laid_down), None, None, view)


def sound_view(dossier: Dossier, now: datetime) -> View:
    """Read the ledger, and refuse to build on one that does not hold.

    Raises:
        EvidenceError: ``ledger-does-not-hold``.
    """
    view = dossier.ledger.read(now)
    if view.problems:
        first = view.problems[0]
        raise EvidenceError(
            "ledger-does-not-hold",
            f"The ledger has {len(view.problems)} problem(s). {first.sentence}",
            first.remedy,
        )
    return view


def must_be_a_new_version(
    objects: ObjectStore, view: View, scope: ScopeDocument, scope_object: str
) -> None:
    """Two different scopes with one version number could be taken for each other (B3).

    Args:
        objects: of the change's dossier.
        view: its ledger.
        scope: what is to be signed.
        scope_object: its digest.

    Raises:
        InputError: ``same-version``.
    """
    for answer in view.of(Signoff):
        other = answer.body.scope_object
        if other == scope_object or not objects.has(other):
            continue
        version = ScopeDocument.from_bytes(objects.get(other)).version
        if version >= scope.version:
            raise InputError(
                "same-version",
                f"The client already answered about another scope with version {version}; this "
                f"one says version {scope.version}.",
                f"Write version {version + 1} into scope.yml and run prepare again.",
            )


def _scope(dossier: Dossier, laid_down: Statement[Scope]) -> tuple[ScopeDocument, str]:
    digest = laid_down.body.scope_object
    return ScopeDocument.from_bytes(dossier.objects.get(digest)), digest


def _plan(data: bytes) -> PlanDocument:
    try:
        return PlanDocument.model_validate_json(data)
    except ValidationError:
        raise EvidenceError(
            "plan-unreadable",
            "The recorded plan cannot be read.",
            "Run prepare again; a newer version may have written the old one.",
        ) from None
