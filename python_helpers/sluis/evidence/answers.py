"""Compare each answer of the client with the request, the form and the signature under it.

A statement of an answer is written by the operator. What the client was asked, the form that
they filled in and their own signature over it are objects. An answer counts only when all of
them say the same: a genuine signature proves nothing about a statement that it was not made for.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, cast

from sluis.border.characters import tidy
from sluis.errors import EvidenceError, SluisError
from sluis.evidence.anchors import Anchors
from sluis.evidence.asked import FORM, HANDED, REQUEST, Asked
from sluis.evidence.chain import Problem, file_name
from sluis.evidence.objects import ObjectStore
from sluis.evidence.predicates import Shown, Signoff, Waiver
from sluis.evidence.signed_form import form_text, reference_in, typed_answers
from sluis.evidence.ssh_signatures import check_ssh_signature
from sluis.evidence.statements import Statement
from sluis.evidence.typed_words import is_yes, usable_words

Answer: TypeAlias = Statement[Signoff] | Statement[Waiver]

ANSWER_DIFFERS = "answer-differs"
SSH_SIGNATURE = "ssh-signature"
#: objects and programs that are not here prove nothing either way
_NOT_CHECKED = frozenset({"object-missing", "object-unreadable", "no-ssh-keygen"})


@dataclass(frozen=True)
class Compared:
    """What came of comparing one answer.

    ``differs`` holds a sentence for each thing that does not agree. ``unproven`` says why
    something could not be compared. ``signature`` is the client's own signature's sentence;
    with ``signature_holds`` ``None`` it could not be checked, and without a signature it is "".
    """

    answer: Answer
    differs: tuple[str, ...] = ()
    unproven: str = ""
    signature: str = ""
    signature_holds: bool | None = None

    @property
    def agrees(self) -> bool:
        """Whether all of it was compared, and all of it agrees."""
        signed = self.signature_holds is True or not self.signature
        return signed and not self.differs and not self.unproven


def compare_answers(
    statements: Sequence[Statement], objects: ObjectStore, anchors: Anchors
) -> tuple[Compared, ...]:
    """Compare every answer of a ledger. Never raises for what it finds.

    Args:
        statements: those whose own signature and form hold, oldest first.
        objects: the dossier's objects.
        anchors: whose SSH keys count.
    """
    shown: dict[str, Shown] = {}
    answered: dict[str, Answer] = {}
    found = []
    for statement in statements:
        if isinstance(statement.body, Shown):
            shown[statement.sha256] = statement.body
        elif isinstance(statement.body, Signoff | Waiver):
            answer = cast("Answer", statement)
            found.append(_Look(answer, shown, answered, objects, anchors).compared())
    return tuple(found)


def answer_problems(answers: Sequence[Compared]) -> Iterator[Problem]:
    """What the gate must not rely on: an answer that differs from what lies under it."""
    for item in answers:
        name = file_name(item.answer.number)
        for sentence in item.differs:
            yield Problem(
                ANSWER_DIFFERS,
                name,
                f"{name} ({item.answer.kind}) is not what lies under it. {sentence}",
                "Rely on nothing here; ask the client again, and find out who recorded it.",
            )
        if item.signature_holds is False:
            yield Problem(
                SSH_SIGNATURE,
                name,
                f"{name} ({item.answer.kind}): {item.signature}",
                "Have the client sign again, with the key in allowed_signers.",
            )


class _Look:
    """One answer, and what was shown and answered before it."""

    def __init__(
        self,
        answer: Answer,
        shown: Mapping[str, Shown],
        answered: dict[str, Answer],
        objects: ObjectStore,
        anchors: Anchors,
    ) -> None:
        self.answer = answer
        self.body: Signoff | Waiver = answer.body
        before = shown.get(self.body.shown or "")
        self.documents = before.documents if before else {}
        self.answered = answered
        self.objects = objects
        self.anchors = anchors

    def compared(self) -> Compared:
        replayed = tuple(self._replayed())
        try:
            if self.body.tier == "ssh-key":
                return self._signed(replayed)
            return self._attended(replayed)
        except SluisError as error:
            if error.code in _NOT_CHECKED:
                return Compared(self.answer, replayed, error.what)
            return Compared(self.answer, (*replayed, error.what))

    def _attended(self, replayed: tuple[str, ...]) -> Compared:
        body = self.body
        if body.ssh_signature_object is not None or body.ssh_principal is not None:
            said = "It was given beside the operator, but names a signature with the client's key."
            return Compared(self.answer, (*replayed, said))
        if body.decision == "withdrawn":
            return Compared(self.answer, replayed)
        if body.request_object is None:
            return Compared(self.answer, replayed, "It does not name the request that it answers.")
        differs, unproven = _all_of(self._beside_the_operator(body.request_object))
        return Compared(self.answer, (*replayed, *differs), unproven)

    def _beside_the_operator(self, request: str) -> Iterator[str]:
        asked = Asked.from_bytes(self.objects.get(request))
        yield from self._with_request(asked, request)
        yield from _attended_answers(self.body, asked)
        if self.body.decision == "yes":
            yield from self._may_sign(own_key=False)

    def _signed(self, replayed: tuple[str, ...]) -> Compared:
        body = self.body
        if body.decision == "withdrawn":
            said = "It takes an answer back; the client's key signs a form with a yes or a no."
            return Compared(self.answer, (*replayed, said))
        if None in (body.request_object, body.ssh_signature_object, body.ssh_principal):
            said = "It does not name the signer, the text and the signature."
            return Compared(self.answer, replayed, signature=said, signature_holds=False)
        filled = self.objects.get(body.request_object or "")
        signature, holds = self._signature(filled)
        differs, unproven = _all_of(self._with_form(filled))
        return Compared(self.answer, (*replayed, *differs), unproven, signature, holds)

    def _signature(self, filled: bytes) -> tuple[str, bool | None]:
        signers, body = self.anchors.allowed_signers, self.body
        if signers is None:
            return "The trust anchors name no allowed signers.", None
        try:
            check_ssh_signature(
                filled,
                self.objects.get(body.ssh_signature_object or ""),
                principal=body.ssh_principal or "",
                allowed_signers=signers,
                # not today's: a key that ended since was good when it signed
                at=self.answer.recorded_at,
            )
        except EvidenceError as error:
            return error.what, None if error.code in _NOT_CHECKED else False
        return f"Signed with the SSH key of {body.ssh_principal}.", True

    def _with_form(self, filled: bytes) -> Iterator[str]:
        reference, form = self.documents.get(REQUEST), self.documents.get(FORM)
        if reference is None or form is None:
            yield "There is no earlier record of the form that was sent to the client."
            return
        if reference_in(filled) != reference:
            yield "The signed form answers another request."
            return
        asked = Asked.from_bytes(self.objects.get(reference))
        yield from self._with_request(asked, reference)
        sent = self.objects.get(form)
        typed = typed_answers(sent, filled, [item.id for item in asked.questions])
        yield from _typed_answers(self.body, asked, typed)
        if self.body.decision == "yes":
            yield from self._may_sign(own_key=True)
        yield from self._form_shows(asked, sent)

    def _with_request(self, asked: Asked, reference: str) -> Iterator[str]:
        answer, body = self.answer, self.body
        if self.documents.get(REQUEST, reference) != reference:
            yield "The client was shown another request."
        if any(self.documents.get(title) != digest for title, digest in asked.documents.items()):
            yield "The texts of the request are not those that the client was shown."
        if (asked.client, asked.change) != (answer.client, answer.change):
            yield f"The request is for {asked.client}/{asked.change}."
        if asked.purpose != answer.kind:
            yield f"The request asks for a {asked.purpose}."
        if asked.scope_object != body.scope_object:
            yield "The request is about another scope."
        if asked.expires_at <= answer.recorded_at:
            yield f"The request could be answered until {asked.expires_at:%Y-%m-%d %H:%M} UTC."
        if isinstance(body, Signoff):
            if asked.plan_object != body.plan_object:
                yield "The request is about another plan."
            until = asked.expires_at if body.decision == "yes" else None
            if body.expires_at != until:
                yield "It counts until another moment than the request says."
        else:
            yield from _waiver_differs(body, asked)

    def _form_shows(self, asked: Asked, sent: bytes) -> Iterator[str]:
        """The form must hold every text and question that the request names."""
        form = form_text(sent)
        bare = _bare(form)
        for title, digest in asked.documents.items():
            if not title.startswith(HANDED):
                text = self.objects.get(digest).decode("utf-8", "replace")
                if _bare(text) not in bare:
                    yield f"The form that was sent does not hold the text {title!r}."
        for number, question in enumerate(asked.questions, start=1):
            words = f"{number}. {question.text} {question.hint}"
            # what the form says of remarks is the form's own
            if question.kind != "remarks" and _bare(words) not in bare:
                yield f"The form that was sent does not ask question {question.id!r}."
        if f"{asked.expires_at:%Y-%m-%d %H:%M}" not in form:
            yield "The form that was sent says another end."

    def _may_sign(self, *, own_key: bool) -> Iterator[str]:
        """A scope may name who signs, and with which key."""
        signers = _signers(self.objects.get(self.body.scope_object or ""))
        who = _same(self.body.signer_name), _same(self.body.signer_role)
        bound = [signer for signer in signers if signer[:2] == who]
        if signers and not bound:
            yield f"{self.body.signer_name} is not among those who may sign this change."
        for *_, principal in bound if own_key else ():
            if principal not in (None, self.body.ssh_principal):
                yield f"{self.body.signer_name} signs with the key {principal!r}."

    def _replayed(self) -> Iterator[str]:
        """A request is answered once; taking an answer back is no answer to it."""
        reference = self.documents.get(REQUEST)
        if reference is None or self.body.decision == "withdrawn":
            return
        first = self.answered.setdefault(reference, self.answer)
        if first is not self.answer:
            yield f"Statement {first.number} answered this request already."


def _all_of(found: Iterator[str]) -> tuple[list[str], str]:
    """What differs, and why the rest could not be compared; what was found before is kept."""
    differs: list[str] = []
    try:
        for sentence in found:
            differs.append(sentence)  # noqa: PERF402
    except SluisError as error:
        if error.code in _NOT_CHECKED:
            return differs, error.what
        differs.append(error.what)
    return differs, ""


def _attended_answers(body: Signoff | Waiver, asked: Asked) -> Iterator[str]:
    questions = [item.id for item in asked.questions if item.kind in ("confirm", "decision")]
    said = {question: is_yes(typed) for question, typed in body.confirmed.items()}
    if not set(said) <= set(questions) or None in said.values():
        yield "Its answers are not answers to the questions of the request."
    elif body.decision == "yes" and [said.get(item) for item in questions] != [True] * len(
        questions
    ):
        yield "It says yes, but not every question was answered with a yes."
    elif body.decision == "no" and False not in said.values():
        yield "It says no, but no question was answered with a no."


def _typed_answers(body: Signoff | Waiver, asked: Asked, typed: Mapping[str, str]) -> Iterator[str]:
    kinds = {item.id: item.kind for item in asked.questions}
    said = {
        question: answer
        for question, answer in typed.items()
        if kinds[question] in ("confirm", "decision")
    }
    clear = {question: is_yes(answer) for question, answer in said.items()}
    decision = (
        "no"
        if False in clear.values()
        else "yes"
        if clear and all(clear.values())
        else "not a clear yes or no"
    )
    if body.decision != decision:
        yield f"The client's signed form says {decision}; the statement says {body.decision}."
    if body.confirmed != {item: text for item, text in said.items() if clear[item] is not None}:
        yield "The single answers are not those in the client's signed form."
    have = {"name": body.signer_name, "role": body.signer_role, "remarks": body.remarks}
    for question, answer in typed.items():
        kind = kinds[question]
        if kind in have and (usable_words(answer) or "") != have.pop(kind):
            yield f"The client's signed form differs in: {kind}."
    if have:
        yield f"The request does not ask for {', '.join(have)}."


def _waiver_differs(body: Waiver, asked: Asked) -> Iterator[str]:
    if asked.waiver is None:
        yield "The request is not about a waiver."
        return
    for field in type(asked.waiver).model_fields:
        if getattr(asked.waiver, field) != getattr(body, field):
            yield f"The request has another {field.replace('_', ' ')}."


def _signers(scope: bytes) -> list[tuple[str, str, str | None]]:
    """Who may sign: name, role and key, as the scope says; nobody named means anybody."""
    try:
        document: Any = json.loads(scope)
        return [
            (_same(item["name"]), _same(item["role"]), item.get("ssh_principal"))
            for item in document.get("signers", ())
        ]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise EvidenceError(
            "scope-unreadable",
            "The scope that was signed cannot be read.",
            "Put the original object back from a copy of the dossier.",
        ) from None


def _same(words: str) -> str:
    return tidy(words).casefold()


def _bare(text: str) -> str:
    """Text without what folding it to a screen's width changes."""
    return "".join(text.split())
