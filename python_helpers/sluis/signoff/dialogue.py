"""The client's moment as questions and answers. Pure: nothing is shown or recorded here.

Each disposition, each risk and each thing that is not included is a question of its
own. Nothing is ticked beforehand: an empty answer, and any answer but the whole word,
is not a yes. The first no ends it; then the client can say why.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

from sluis.border.characters import clean_text, tidy
from sluis.errors import InputError
from sluis.evidence.typed_words import is_yes, usable_words
from sluis.plan.model import PlanDocument
from sluis.scope.model import Asset, Language, ScopeDocument, Signer, required_level
from sluis.scope.text import (
    asset_name,
    asset_sentence,
    proof_sentences,
    retention_sentences,
    risk_sentences,
    success_sentences,
    way_back_sentences,
)
from sluis.scope.voice import Voice
from sluis.signoff.texts import SENTENCES

Kind = Literal["confirm", "decision", "name", "role", "remarks"]
#: How often somebody may answer a question unclearly before we stop asking. Enter turns the pages
#: before the questions, so a few stray ones must not cost the answers that were given.
ATTEMPTS = 10


@dataclass(frozen=True)
class Question:
    """One question. ``hint`` says what to type; it changes when an answer was unclear."""

    id: str
    kind: Kind
    text: str
    hint: str


@dataclass(frozen=True)
class Answers:
    """What the client answered.

    ``confirmed`` maps a question's id to what was typed. ``decision`` is yes only when
    every question was answered with a yes.
    """

    decision: Literal["yes", "no"]
    confirmed: dict[str, str]
    name: str
    role: str
    remarks: str = ""
    questions: tuple[Question, ...] = field(default=(), repr=False)


def questions(
    scope: ScopeDocument,
    plan: PlanDocument,
    language: Language,
    until: datetime,
    *,
    with_waivers: bool = False,
    files: Mapping[str, str] | None = None,
) -> tuple[Question, ...]:
    """Everything that has to be confirmed before a sign-off, in order.

    Args:
        scope: the scope that is to be signed.
        plan: the plan that is to be signed.
        language: ``nl`` or ``en``.
        until: how long a yes counts, aware.
        with_waivers: whether there are waivers that count; they are shown and confirmed.
        files: when a text names files that stay behind or are not what was listed: what of it
            has to be known by itself, by the question's id.

    Raises:
        InputError: ``open-question``: there is something in the scope that nobody has
            decided yet (B3); ``another-scope``: the plan was made for another scope.
    """
    _must_be_ready(scope, plan)
    ask = _Asker(Voice(language, SENTENCES))
    ours = Voice(language)
    found = [
        ask.confirm("read:plan", "q.read-plan", steps=ask.voice.count("steps", len(plan.forward))),
        ask.confirm("read:scope", "q.read-scope", places=ours.count("places", len(scope.assets))),
    ]
    if with_waivers:
        found.append(ask.confirm("read:waivers", "q.read-waivers"))
    if files is not None:
        found.append(ask.confirm("read:files", "q.read-files"))
    found += [
        ask.confirm(f"document:{entry.id}", "q.document", title=entry.title, file=entry.file)
        for entry in scope.documents
    ]
    succeeds = " ".join(success_sentences(scope, ours))
    if succeeds:
        found.append(ask.confirm("succeeds", "q.succeeds", words=succeeds))
    way_back = " ".join(way_back_sentences(scope, ours))
    found.append(ask.confirm("way-back", "q.way-back", words=way_back))
    for asset in scope.assets:
        found.append(
            ask.confirm(f"asset:{asset.id}", "q.asset", words=asset_sentence(scope, asset, ours))
        )
        if _promises_less(asset):
            found.append(
                ask.confirm(
                    f"copy:{asset.id}",
                    "q.copy",
                    name=asset_name(scope, asset, ours),
                    words=" ".join(_copy_sentences(scope, asset, ours, ask.voice)),
                )
            )
    found += [ask.confirm(name, "q.behind", words=words) for name, words in (files or {}).items()]
    found += [
        ask.confirm(f"not-included:{entry.id}", "q.not-included", words=ours.words(entry.words))
        for entry in scope.not_included
    ]
    found += [
        ask.confirm(f"risk:{risk.id}", "q.risk", words=" ".join(risk_sentences(scope, risk, ours)))
        for risk in scope.risks
    ]
    found += [
        ask.confirm("retention", "q.retention", words=" ".join(retention_sentences(scope, ours))),
        ask.decision(
            "q.decision",
            steps=ask.voice.count("these-steps", len(plan.forward)),
            places=ask.voice.count("these-places", len(scope.assets)),
            until=ours.moment(until, scope.time_zone),
        ),
    ]
    return (*found, *closing_questions(language))


def closing_questions(language: Language) -> tuple[Question, ...]:
    """Who answers, and what they want to add. Asked after every yes and every no."""
    voice = Voice(language, SENTENCES)
    hint = voice.say("type.words")
    return (
        Question("name", "name", voice.say("q.name"), hint),
        Question("role", "role", voice.say("q.role"), hint),
        Question("remarks", "remarks", voice.say("q.remarks"), hint),
    )


def confirm_question(question_id: str, text: str, language: Language) -> Question:
    """A yes-or-no question with our hint below it."""
    return Question(question_id, "confirm", text, Voice(language, SENTENCES).say("type.yes-no"))


def hold(
    asked: Sequence[Question],
    ask: Callable[[Question], str],
    *,
    signers: Sequence[Signer] = (),
    language: Language = "nl",
) -> Answers:
    """Ask every question until the first no, then who answers.

    Args:
        asked: from :func:`questions`, or a waiver's.
        ask: shows one question and returns what was typed.
        signers: who may sign; empty: anybody.
        language: of the hints.

    Raises:
        InputError: ``no-clear-answer``, ``no-name`` or ``not-a-signer`` after three
            attempts. Nothing is signed then.
    """
    voice = Voice(language, SENTENCES)
    confirmed: dict[str, str] = {}
    said_no = False
    for question in asked:
        if question.kind not in ("confirm", "decision"):
            continue
        typed, yes = _yes_or_no(question, ask, voice)
        confirmed[question.id] = typed
        if not yes:
            said_no = True
            break
    closing = {question.kind: question for question in asked}
    # why not is theirs to say, or to keep: a no without a reason is a no
    remarks = (usable_words(ask(closing["remarks"])) or "") if said_no else ""
    name, role = _who(closing["name"], closing["role"], ask, voice, () if said_no else signers)
    return Answers("no" if said_no else "yes", confirmed, name, role, remarks, tuple(asked))


def may_sign(signers: Sequence[Signer], name: str, role: str) -> bool:
    """Whether this name with this role is among those who may sign; empty: anybody."""
    who = (tidy(name).casefold(), tidy(role).casefold())
    return not signers or any(
        (signer.name.casefold(), signer.role.casefold()) == who for signer in signers
    )


def signer_names(signers: Sequence[Signer]) -> str:
    """Who may sign, on one line."""
    return "; ".join(f"{signer.name}, {signer.role}" for signer in signers)


class _Asker:
    def __init__(self, voice: Voice) -> None:
        self.voice = voice

    def confirm(self, question_id: str, key: str, **values: object) -> Question:
        return confirm_question(question_id, self.voice.say(key, **values), self.voice.language)

    def decision(self, key: str, **values: object) -> Question:
        return replace(self.confirm("decision", key, **values), kind="decision")


def _yes_or_no(
    question: Question, ask: Callable[[Question], str], voice: Voice
) -> tuple[str, bool]:
    typed = ""
    for _ in range(ATTEMPTS):
        typed = tidy(ask(question))
        answer = is_yes(typed)
        if answer is not None:
            return typed, answer
        question = replace(question, hint=voice.say("again.yes-no"))
    raise InputError(
        "no-clear-answer",
        f"The question {question.text[:300]!r} was not answered with a yes or a no; read was "
        f"{clean_text(typed, 60)!r}. "
        "Nothing is signed.",
        "Ask the client again when there is time to read and answer.",
    )


def _words(question: Question, ask: Callable[[Question], str], voice: Voice, code: str) -> str:
    for _ in range(ATTEMPTS):
        words = usable_words(ask(question))
        if words is not None:
            return words
        question = replace(question, hint=voice.say("again.words"))
    raise InputError(
        code,
        f"The question {question.text[:300]!r} got no usable answer. Nothing is signed.",
        "Ask the client again, and have them type it in full.",
    )


def _who(
    name_question: Question,
    role_question: Question,
    ask: Callable[[Question], str],
    voice: Voice,
    signers: Sequence[Signer],
) -> tuple[str, str]:
    name = role = ""
    for _ in range(ATTEMPTS):
        name = _words(name_question, ask, voice, "no-name")
        role = _words(role_question, ask, voice, "no-name")
        if may_sign(signers, name, role):
            return name, role
        not_listed = voice.say("again.not-a-signer", name=name, role=role)
        listed = voice.say("again.signer", signers=signer_names(signers))
        name_question = replace(name_question, hint=f"{not_listed} {listed}")
    raise not_a_signer(name, role)


def not_a_signer(name: str, role: str) -> InputError:
    """The error for somebody who is not on the scope's list of signers."""
    return InputError(
        "not-a-signer",
        f"{name} ({role}) is not among those who may sign this change. Nothing is signed.",
        "Ask somebody on the list, or have the client agree on a new list in the scope.",
    )


def _must_be_ready(scope: ScopeDocument, plan: PlanDocument) -> None:
    if plan.scope_object != scope.digest():
        raise InputError(
            "another-scope",
            "The plan was made for another scope than the one that is to be signed.",
            "Run prepare again.",
        )
    must_be_answered(scope)


def must_be_answered(scope: ScopeDocument) -> None:
    """Refuse a scope with open questions: what is not decided cannot be signed (B3).

    Raises:
        InputError: ``open-question``.
    """
    for asset, question in scope.open_questions():
        raise InputError(
            "open-question",
            f"A question about {asset.id} is still open: {question.question}",
            "Have it answered, write the answer into the scope, and run prepare again.",
        )


def _promises_less(asset: Asset) -> bool:
    return not asset.takes_snapshot or required_level(asset) != "V6" or bool(asset.exclude)


def _copy_sentences(scope: ScopeDocument, asset: Asset, ours: Voice, voice: Voice) -> list[str]:
    said = proof_sentences(scope, asset, ours)
    if asset.exclude:
        said.append(voice.say("q.excluded", patterns=", ".join(asset.exclude)))
    return said
