"""What is put before the client: the exact texts, the questions, and what they bind to.

A request is canonical JSON and names everything by digest. It is recorded, with the
texts as objects, as a ``shown`` statement **before** the first question is asked.

For ``sluis request``: :func:`write_request`. At a prompt: ``propose`` (in
:mod:`sluis.signoff.proposal`), :func:`build_request`, :func:`show`, then ``hold`` (in
:mod:`sluis.signoff.dialogue`) and ``record_attended`` (in :mod:`sluis.signoff.record`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from sluis.border.characters import visible
from sluis.errors import EvidenceError, InputError
from sluis.evidence.asked import FORM, HANDED, REQUEST
from sluis.evidence.canonical import canonical, sha256
from sluis.evidence.files import make_folder, replace
from sluis.evidence.ledger import View
from sluis.evidence.predicates import Sha256, Shown, Waiver
from sluis.evidence.statements import Statement
from sluis.plan.annex import plan_annex
from sluis.plan.swapped_before import swapped_before
from sluis.plan.text import plan_text
from sluis.scope.annex import scope_annex
from sluis.scope.gone_by import gone_by
from sluis.scope.model import Language, ScopeDocument
from sluis.scope.text import asset_name, scope_text
from sluis.scope.voice import Voice, paragraph
from sluis.signoff.compared_copies import compared_copies
from sluis.signoff.dialogue import Question, questions
from sluis.signoff.fetched_text import fetched_text
from sluis.signoff.form import write_form
from sluis.signoff.not_proven import not_proven
from sluis.signoff.proposal import Dossier, Proposal, propose
from sluis.signoff.put_aside import put_aside
from sluis.signoff.standing import waivers
from sluis.signoff.texts import SENTENCES
from sluis.signoff.waiver import (
    WaiverDraft,
    WaiverWords,
    check_waiver,
    level_words,
    waiver_questions,
    waiver_text,
)

Channel = Literal["prompt", "file", "page"]
#: title of the text that nobody has to read: names of machines, paths, ids
ANNEX = "technical"
#: title of a list that is too long for that text; no id of a document has a colon
_LIST = f"{HANDED}list:"


class AskedQuestion(BaseModel):
    """A question as it was put."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    id: str
    kind: Literal["confirm", "decision", "name", "role", "remarks"]
    text: str
    hint: str


class Request(BaseModel):
    """Everything that an answer is bound to.

    ``documents`` maps a title to the digest of the bytes that were shown. ``waiver``
    is the draft, when the request is for one. An answer counts until ``expires_at``.
    ``after`` is the ledger's head when the request was made, so that no two requests of a
    change are the same; requests of older versions have none.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    schema_version: Literal[1] = 1
    purpose: Literal["signoff", "waiver"]
    client: str
    change: str
    language: Language
    scope_object: Sha256
    plan_object: Sha256 | None
    waiver: WaiverDraft | None = None
    documents: dict[str, Sha256]
    questions: tuple[AskedQuestion, ...]
    made_at: AwareDatetime
    expires_at: AwareDatetime
    after: Sha256 | None = None

    def to_bytes(self) -> bytes:
        """The request as canonical JSON (RFC 8785)."""
        # without "after" it must stay what an older version wrote: the digest is its name
        left_out = {"after"} if self.after is None else None
        return canonical(self.model_dump(mode="json", exclude=left_out))

    def digest(self) -> str:
        """What names this request: the SHA-256 of its canonical JSON."""
        return sha256(self.to_bytes())

    def asked(self) -> tuple[Question, ...]:
        """The questions as the dialogue takes them."""
        return tuple(Question(item.id, item.kind, item.text, item.hint) for item in self.questions)

    @classmethod
    def from_bytes(cls, data: bytes) -> Request:
        """Read a request back.

        Raises:
            EvidenceError: ``request-unreadable``.
        """
        try:
            return cls.model_validate_json(data)
        except ValidationError:
            raise EvidenceError(
                "request-unreadable",
                "A recorded request cannot be read.",
                "Make a new request; check the dossier with 'sluis verify'.",
            ) from None


@dataclass(frozen=True)
class Offer:
    """A request with the texts it names, ready to be shown.

    ``texts`` are read by the client, in this order; ``handed`` are documents that they
    are given. Both map a title to exact bytes. ``names`` are the file names of ``handed``,
    ``zone`` is the client's time zone.
    """

    request: Request
    texts: dict[str, bytes]
    handed: dict[str, bytes]
    names: dict[str, str]
    zone: str | None = None


def build_request(
    dossier: Dossier, proposal: Proposal, *, now: datetime, language: Language | None = None
) -> Offer:
    """Make the request for a sign-off, with every text in it.

    Args:
        dossier: for the documents that are handed over.
        proposal: from :func:`propose`.
        now: aware UTC; the answer counts for the scope's ``signoff_valid_hours`` from it.
        language: default: the scope's own.

    Raises:
        InputError: ``open-question``, ``no-plan``; ``day-is-past``: something in the scope was
            to happen before today.
        EvidenceError: a document that is handed over is missing or altered.
    """
    scope, plan = proposal.scope, proposal.plan
    if plan is None:
        raise InputError("no-plan", "There is no plan to sign yet.", "Run prepare first.")
    _is_still_to_come(scope, now)
    spoken = language or scope.language
    accepted = waivers(proposal.view, now)
    before = swapped_before(proposal.view, plan, proposal.plan_object)
    # the plan holds what machines and vendors wrote; nothing in it may repaint a screen
    texts = {
        "plan": visible(plan_text(plan, spoken, before, scope.time_zone)).encode(),
        "scope": scope_text(
            scope,
            spoken,
            compared_copies(scope, proposal.view),
            put_aside(dossier.ledger, proposal.view, scope, now),
        ).encode(),
    }
    if accepted:
        texts["waivers"] = _waivers_text(accepted.values(), scope, spoken, proposal.view).encode()
    files = fetched_text(scope, proposal.view, dossier.objects, spoken, plan)
    if files is not None:
        texts["files"] = files.text.encode()
    annex = f"{scope_annex(scope, spoken)}\n{plan_annex(plan, spoken)}"
    if files is not None and files.annex:
        annex += f"\n{files.annex}"
    texts[ANNEX] = visible(annex).encode()
    handed = {f"{HANDED}{entry.id}": dossier.objects.get(entry.sha256) for entry in scope.documents}
    # their digests are in the request, as those of the documents: so they are signed
    lists = {} if files is None else files.lists
    handed |= {f"{_LIST}{name}": data for name, data in lists.items()}
    asked = questions(
        scope,
        plan,
        spoken,
        _until(scope, now),
        with_waivers=bool(accepted),
        files=None if files is None else files.asked,
    )
    return _offer("signoff", proposal, texts, handed, asked, language=spoken, now=now)


def build_waiver_request(
    proposal: Proposal,
    draft: WaiverDraft,
    others: Sequence[WaiverDraft],
    *,
    now: datetime,
    language: Language | None = None,
) -> Offer:
    """Make the request for a waiver, after checking that it is no boilerplate.

    Args:
        proposal: from :func:`propose_waiver` or :func:`propose`.
        draft: what the client is asked to accept.
        others: the other drafts of this change. Signed ones are read from the ledger.
        now: aware UTC.
        language: default: the scope's own.

    Raises:
        InputError: as :func:`sluis.signoff.waiver.check_waiver`.
    """
    scope = proposal.scope
    known = [WaiverWords(item.asset, f"{item.reason} {item.risk}") for item in others]
    known += [
        WaiverWords(item.body.asset, f"{item.body.reason} {item.body.risk}")
        for item in proposal.view.of(Waiver)
    ]
    check_waiver(draft, scope, known, now)
    spoken = language or scope.language
    lacking = not_proven(proposal.view, draft.asset)
    texts = {"waiver": waiver_text(draft, scope, spoken, lacking).encode()}
    asked = waiver_questions(draft, scope, spoken, lacking)
    return _offer("waiver", proposal, texts, {}, asked, language=spoken, now=now, draft=draft)


def show(
    dossier: Dossier, offer: Offer, *, to: str, channel: Channel, now: datetime, form: bytes = b""
) -> Statement[Shown]:
    """Record exactly what is about to be shown. Nothing may be asked before this.

    Args:
        dossier: where the texts are kept as objects.
        offer: from :func:`build_request` or :func:`build_waiver_request`.
        to: who sees it, as far as known: a role or the client's name.
        channel: how it is shown.
        now: aware UTC.
        form: the file as it is sent, when the channel is a file.
    """
    documents = {REQUEST: dossier.objects.put(offer.request.to_bytes())}
    for title, data in (offer.texts | offer.handed).items():
        documents[title] = dossier.objects.put(data)
    if form:
        documents[FORM] = dossier.objects.put(form)
    body = Shown(to=to, language=offer.request.language, channel=channel, documents=documents)
    return dossier.ledger.append(body, key=dossier.key, now=now)  # type: ignore[return-value]


def write_request(
    dossier: Dossier, folder: Path, *, now: datetime, offer: Offer | None = None
) -> tuple[Path, Statement[Shown]]:
    """Write the file that a client who is elsewhere reads, fills in and signs.

    Args:
        dossier: the dossier of the change.
        folder: where to write it.
        now: aware UTC.
        offer: default: a sign-off of the newest scope and plan.

    Returns:
        The file's path, and the ``shown`` statement.

    Raises:
        InputError, EvidenceError: as :func:`propose` and :func:`build_request`.
    """
    if offer is None:
        offer = build_request(dossier, propose(dossier, now), now=now)
    data = write_form(offer.request, offer.texts, annex=ANNEX, zone=offer.zone)
    shown = show(dossier, offer, to=offer.request.client, channel="file", now=now, form=data)
    make_folder(folder)
    name = f"{offer.request.change}-{offer.request.purpose}-{offer.request.digest()[:12]}.txt"
    path = folder / name
    replace(path, data, mode=0o600)
    # the documents go along; without them the client could not say they got them
    for title, handed in offer.handed.items():
        name = f"{offer.request.digest()[:12]}-{offer.names[title]}"
        replace(folder / name, handed, mode=0o600)
    return path, shown


def _offer(
    purpose: Literal["signoff", "waiver"],
    proposal: Proposal,
    texts: dict[str, bytes],
    handed: dict[str, bytes],
    asked: tuple[Question, ...],
    *,
    language: Language,
    now: datetime,
    draft: WaiverDraft | None = None,
) -> Offer:
    scope = proposal.scope
    request = Request(
        purpose=purpose,
        client=scope.client,
        change=scope.change,
        language=language,
        scope_object=proposal.scope_object,
        plan_object=proposal.plan_object if purpose == "signoff" else None,
        waiver=draft,
        documents={title: sha256(data) for title, data in (texts | handed).items()},
        questions=tuple(
            AskedQuestion(id=item.id, kind=item.kind, text=item.text, hint=item.hint)
            for item in asked
        ),
        made_at=now,
        expires_at=_until(scope, now),
        after=proposal.view.head,
    )
    names = {f"{HANDED}{entry.id}": entry.file for entry in scope.documents}
    names |= {title: title.removeprefix(_LIST) for title in handed if title.startswith(_LIST)}
    return Offer(request, texts, handed, names, scope.time_zone)


def _is_still_to_come(scope: ScopeDocument, now: datetime) -> None:
    """Between prepare and the signature a day may have passed that the client would sign."""
    for one in gone_by(scope, now):
        asset = scope.assets[int(one.path[1])].id
        raise InputError(
            one.code,
            f"{asset}: {'.'.join(map(str, one.path[2:]))} {one.what}",
            f"{one.remedy} Then run prepare again.",
        )


def _until(scope: ScopeDocument, now: datetime) -> datetime:
    return now + timedelta(hours=scope.signoff_valid_hours)


def _waivers_text(
    accepted: Iterable[Statement[Waiver]], scope: ScopeDocument, language: Language, view: View
) -> str:
    voice, ours = Voice(language, SENTENCES), Voice(language)
    lines = [voice.say("waivers.title").upper(), ""]
    for statement in accepted:
        body = statement.body
        asset = scope.asset(body.asset)
        line = voice.say(
            "waivers.line",
            asset=asset_name(scope, asset, ours) if asset else body.asset,
            signer=body.signer_name,
            role=body.signer_role,
            level=level_words(body.accepts, not_proven(view, body.asset), voice),
            risk=ours.words(body.risk),
            day=ours.day(body.ends_on),
        )
        lines.append(paragraph(f"- {line}", hang=2))
    return "\n".join(lines) + "\n"
