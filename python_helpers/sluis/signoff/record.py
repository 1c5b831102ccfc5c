"""Record what the client answered. Every way to an answer ends in one of these.

For ``sluis sign --signature FILE``: :func:`record_ssh`. For the prompt:
:func:`record_attended`. An answer is recorded once, for exactly what was shown, and
only while that is still the newest scope and plan.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from sluis.errors import EvidenceError, InputError
from sluis.evidence.asked import FORM, REQUEST
from sluis.evidence.files import read_regular
from sluis.evidence.ledger import View
from sluis.evidence.predicates import Shown, Signoff, Waiver
from sluis.evidence.signed_form import LARGEST_FORM, reference_in
from sluis.evidence.statements import Statement
from sluis.evidence.timestamps import demand_right_clock, stamp
from sluis.evidence.typed_words import is_yes
from sluis.scope.model import ScopeDocument
from sluis.signoff.dialogue import Answers, may_sign, not_a_signer
from sluis.signoff.form import read_form
from sluis.signoff.proposal import Dossier, propose, propose_waiver, sound_view
from sluis.signoff.request import Request
from sluis.signoff.ssh_signature import LARGEST_SIGNATURE, signed_by
from sluis.signoff.waiver import WaiverWords, check_waiver

Answer = Statement[Signoff] | Statement[Waiver]


@dataclass(frozen=True)
class _Proof:
    """How we know that it was the client."""

    tier: Literal["attended", "ssh-key"]
    request_object: str
    ssh_signature_object: str | None = None
    ssh_principal: str | None = None


def record_attended(
    dossier: Dossier, request: Request, shown: Statement[Shown], answers: Answers, *, now: datetime
) -> Answer:
    """Record what the client answered beside the operator.

    Args:
        dossier: the dossier of the change.
        request: what was asked.
        shown: the statement that recorded it, from ``show``.
        answers: from ``hold``.
        now: aware UTC.

    Returns:
        A ``signoff`` statement, or a ``waiver`` statement if that was asked. A no is
        recorded as well.

    Raises:
        InputError: ``changed-meanwhile``, ``request-expired``, ``request-answered``,
            ``incomplete-answers``, ``not-a-signer``. Nothing is recorded then.
        EvidenceError: ``not-shown``, ``ledger-does-not-hold``.
    """
    proof = _Proof("attended", dossier.objects.put(request.to_bytes()))
    return _record(dossier, request, shown, answers, proof, now)


def record_ssh(
    dossier: Dossier,
    form: Path,
    signature: Path,
    *,
    now: datetime,
    alive: Callable[[], None] = lambda: None,
) -> Answer:
    """Record the answer of a client who filled in and signed a file elsewhere.

    Args:
        dossier: the dossier of the change.
        form: the file that ``sluis request`` wrote, filled in.
        signature: what ``ssh-keygen -Y sign`` made of it.
        now: aware UTC; the client's key must be valid now.
        alive: called before a yes to a plan is recorded. It raises when the gate would not
            count it.

    Raises:
        InputError: ``cannot-read``, ``form-unknown``, ``form-changed``,
            ``no-clear-answer``, ``no-name``, and as :func:`record_attended`.
        EvidenceError: the signature does not hold; as :func:`record_attended`.
    """
    filled = _read(form, LARGEST_FORM)
    sealed = _read(signature, LARGEST_SIGNATURE)
    names = signed_by(filled, sealed, dossier.anchors.allowed_signers, now)
    reference = reference_in(filled)
    view = sound_view(dossier, now)
    shown = view.latest(
        Shown,
        lambda item: item.body.documents.get(REQUEST) == reference and FORM in item.body.documents,
    )
    if shown is None:
        raise InputError(
            "form-unknown",
            f"No request with the reference {reference[:12]}… was made for this change.",
            "Check that the file belongs to this client and this change.",
        )
    request = Request.from_bytes(dossier.objects.get(reference))
    answers = read_form(request, dossier.objects.get(shown.body.documents[FORM]), filled)
    scope = _scope_of(dossier, request, now)
    if request.purpose == "signoff" and answers.decision == "yes":
        alive()
    proof = _Proof(
        "ssh-key",
        dossier.objects.put(filled),
        dossier.objects.put(sealed),
        _principal(names, scope, answers),
    )
    return _record(dossier, request, shown, answers, proof, now)


def record_withdrawal(
    dossier: Dossier, *, name: str, role: str, remarks: str, now: datetime, asset: str | None = None
) -> Answer:
    """Record that the client takes a yes back. From then on it does not count.

    Anybody at the client may do this: stopping is always safe.

    Args:
        dossier: the dossier of the change.
        name: who takes it back.
        role: in which role.
        remarks: why, or empty.
        now: aware UTC.
        asset: take back the waiver for this asset; ``None``: the sign-off.

    Raises:
        InputError: ``nothing-to-withdraw``: the newest answer is not a yes.
        EvidenceError: ``ledger-does-not-hold``.
    """
    view = sound_view(dossier, now)
    newest: Answer | None = (
        view.latest(Signoff)
        if asset is None
        else view.latest(Waiver, lambda item: item.body.asset == asset)
    )
    if newest is None or newest.body.decision != "yes":
        raise InputError(
            "nothing-to-withdraw",
            "The client's newest answer is not a yes, so there is nothing to take back.",
            "Look at it with 'sluis status'.",
        )
    body = newest.body.model_copy(
        update={
            "decision": "withdrawn",
            "tier": "attended",
            "signer_name": name,
            "signer_role": role,
            "remarks": remarks,
            "confirmed": {},
            "ssh_signature_object": None,
            "ssh_principal": None,
        }
    )
    if isinstance(body, Signoff):
        body = body.model_copy(update={"expires_at": None})
    return _append(dossier, body, now)


def _record(
    dossier: Dossier,
    request: Request,
    shown: Statement[Shown],
    answers: Answers,
    proof: _Proof,
    now: datetime,
) -> Answer:
    view = sound_view(dossier, now)
    scope = _scope_of(dossier, request, now)
    _must_be_shown(view, request, shown)
    if request.expires_at <= now:
        raise InputError(
            "request-expired",
            f"The request could be answered until {request.expires_at:%Y-%m-%d %H:%M} UTC.",
            "Make a new request and ask the client again.",
        )
    if answers.decision == "yes":
        _must_be_complete(request, answers)
        if not may_sign(scope.signers, answers.name, answers.role):
            raise not_a_signer(answers.name, answers.role)
    body = _body(request, shown, answers, proof)
    if isinstance(body, Waiver) and request.waiver is not None and body.decision == "yes":
        others = [
            WaiverWords(item.body.asset, f"{item.body.reason} {item.body.risk}")
            for item in view.of(Waiver)
        ]
        check_waiver(request.waiver, scope, others, now)
    return _append(dossier, body, now)


def _append(dossier: Dossier, body: Signoff | Waiver, now: datetime) -> Answer:
    """Record an answer, with trusted time over it: when it was given may be disputed."""
    demand_right_clock(dossier.anchors, lambda: now)
    answer = dossier.ledger.append(body, key=dossier.key, now=now)
    stamp(dossier.ledger.dossier, dossier.ledger, dossier.anchors, dossier.key, body.kind, now)
    return answer  # type: ignore[return-value]


def _body(
    request: Request, shown: Statement[Shown], answers: Answers, proof: _Proof
) -> Signoff | Waiver:
    yes = answers.decision == "yes"
    if request.waiver is not None:
        draft = request.waiver
        return Waiver(
            decision=answers.decision,
            scope_object=request.scope_object,
            asset=draft.asset,
            accepts=draft.accepts,
            reason=draft.reason,
            risk=draft.risk,
            alternative=draft.alternative,
            alternative_hours=draft.alternative_hours,
            ends_on=draft.ends_on,
            signer_name=answers.name,
            signer_role=answers.role,
            shown=shown.sha256,
            confirmed=answers.confirmed,
            remarks=answers.remarks,
            tier=proof.tier,
            request_object=proof.request_object,
            ssh_signature_object=proof.ssh_signature_object,
            ssh_principal=proof.ssh_principal,
        )
    if request.plan_object is None:
        raise EvidenceError(
            "request-unreadable", "The request names no plan.", "Make a new request."
        )
    return Signoff(
        decision=answers.decision,
        tier=proof.tier,
        signer_name=answers.name,
        signer_role=answers.role,
        scope_object=request.scope_object,
        plan_object=request.plan_object,
        shown=shown.sha256,
        confirmed=answers.confirmed,
        remarks=answers.remarks,
        expires_at=request.expires_at if yes else None,
        request_object=proof.request_object,
        ssh_signature_object=proof.ssh_signature_object,
        ssh_principal=proof.ssh_principal,
    )


def _scope_of(dossier: Dossier, request: Request, now: datetime) -> ScopeDocument:
    """The scope that counts now; it must still be the one that was shown."""
    waiver = request.purpose == "waiver"
    proposal = propose_waiver(dossier, now) if waiver else propose(dossier, now)
    ledger = dossier.ledger
    if (request.client, request.change) != (ledger.client, ledger.change):
        raise InputError(
            "another-change",
            f"The request is for {request.client} {request.change}, not for this change.",
            "Record it in the dossier that it belongs to.",
        )
    if request.scope_object != proposal.scope_object or (
        not waiver and request.plan_object != proposal.plan_object
    ):
        raise InputError(
            "changed-meanwhile",
            "The scope or the plan was changed after the client was shown it. Nothing is signed.",
            "Show the client the present scope and plan, and ask again.",
        )
    return proposal.scope


def _must_be_shown(view: View, request: Request, shown: Statement[Shown]) -> None:
    found = view.find(shown.sha256)
    documents = found.body.documents if found and isinstance(found.body, Shown) else {}
    wanted = request.documents | {REQUEST: request.digest()}
    if any(documents.get(title) != digest for title, digest in wanted.items()):
        raise EvidenceError(
            "not-shown",
            "There is no record that this was shown to the client.",
            "Show it to the client again; the record is made by itself.",
        )
    answered = {item.body.shown for item in view.of(Signoff)}
    answered |= {item.body.shown for item in view.of(Waiver)}
    if any(
        item.sha256 in answered and item.body.documents.get(REQUEST) == request.digest()
        for item in view.of(Shown)
    ):
        raise InputError(
            "request-answered",
            "This request was answered before. An answer counts once.",
            "Make a new request and ask the client again.",
        )


def _must_be_complete(request: Request, answers: Answers) -> None:
    missing = [
        question.id
        for question in request.questions
        if question.kind in ("confirm", "decision")
        and not is_yes(answers.confirmed.get(question.id, ""))
    ]
    if missing:
        raise InputError(
            "incomplete-answers",
            f"Not confirmed: {', '.join(missing)[:500]}. Nothing is signed.",
            "Ask the client every question again.",
        )


def _principal(names: tuple[str, ...], scope: ScopeDocument, answers: Answers) -> str:
    """Which of the key's names signed; where the scope binds a signer to a key, that one."""
    for signer in scope.signers:
        if signer.ssh_principal is None or not may_sign((signer,), answers.name, answers.role):
            continue
        if signer.ssh_principal not in names:
            raise InputError(
                "another-persons-key",
                f"{answers.name} signs with the key {signer.ssh_principal!r}, but the file was "
                f"signed with the key of {', '.join(names)}.",
                "Ask the person who is named to sign with their own key.",
            )
        return signer.ssh_principal
    return names[0]


def _read(path: Path, largest: int) -> bytes:
    try:
        return read_regular(path, largest)
    except (OSError, ValueError) as error:
        raise InputError(
            "cannot-read",
            f"{path} cannot be read: {getattr(error, 'strerror', None) or error}.",
            "Name the file as the client sent it, a plain file and not a link.",
        ) from error
