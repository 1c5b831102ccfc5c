"""The attended sign-off: the client sits beside the operator.

The same conversation serves the prompt of a running playbook and the one of
``sluis sign``; they differ only in how a text is put on a screen.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sluis.evidence.asked import first_no
from sluis.evidence.predicates import Signoff, Waiver
from sluis.evidence.statements import Statement
from sluis.scope.voice import Voice, paragraph
from sluis.signoff.dialogue import Question, hold, must_be_answered, signer_names
from sluis.signoff.pages import read_pages
from sluis.signoff.proposal import Dossier, Proposal, propose
from sluis.signoff.record import Answer, record_attended
from sluis.signoff.request import Offer, build_request, build_waiver_request, show
from sluis.signoff.standing import standing, waivers
from sluis.signoff.texts import SENTENCES
from sluis.signoff.waiver import WaiverDraft

Result = Literal["signed", "stands already", "refused"]


@dataclass(frozen=True)
class Attended:
    """How it ended, by which statement, and in how many words that can be said."""

    result: Result
    statement: Statement[Signoff] | Statement[Waiver]
    #: the question that got the no, on one line
    no_to: str = ""

    @property
    def sentence(self) -> str:
        """One sentence for the operator."""
        body = self.statement.body
        who = f"{body.signer_name} ({body.signer_role})"
        if self.result == "refused":
            about = f"the waiver for {body.asset}" if isinstance(body, Waiver) else "this change"
            why = body.remarks.rstrip(".") or "without saying why"
            to = f" The no was to: {self.no_to}" if self.no_to else ""
            return f"{who} said no to {about}: {why}.{to}"
        until = body.expires_at if isinstance(body, Signoff) else None
        ending = f", until {until:%Y-%m-%d %H:%M} UTC" if until else ""
        return f"{who} signed{' before' if self.result == 'stands already' else ''}{ending}."


def attend(
    dossier: Dossier,
    drafts: Sequence[WaiverDraft],
    *,
    tell: Callable[[str], None],
    ask: Callable[[Question], str],
    clock: Callable[[], datetime],
    ready: Callable[[], None] = lambda: None,
    lines: int | None = None,
    alive: Callable[[Sequence[WaiverDraft]], None] = lambda _drafts: None,
) -> Attended:
    """Ask the client for every drafted waiver that does not count yet, then to sign.

    Nothing is asked when a sign-off of the newest scope and plan stands already and no
    waiver is waiting. The first no ends it, and is recorded.

    Args:
        dossier: the dossier of the change.
        drafts: from :func:`sluis.signoff.waiver.load_waivers`.
        tell: shows a text.
        ask: shows one question and returns what was typed. It raises when nobody is
            there; then nothing was signed, and what was shown is on record.
        clock: aware UTC time; asked anew at each step, because reading takes time.
        ready: called once before anything is shown, and only if something has to be
            asked. It raises when nobody is there, so that nothing is on record as shown
            that nobody could see.
        lines: of the terminal, to show a page at a time; without it all is told at once.
        alive: called before anything is asked, with the waivers that are asked for first, and
            once more when they were given. It raises when the gate would not count a yes.

    Raises:
        InputError, EvidenceError: as ``propose``, ``build_request``, ``hold`` and
            ``record_attended``.
    """
    now = clock()
    proposal = propose(dossier, now)
    to_do = waiting(proposal, drafts, now)
    if to_do or signed_already(proposal, now) is None:
        # whatever cannot be asked should fail before the client is called to the screen
        must_be_answered(proposal.scope)
        alive(to_do)
        ready()
    for draft in to_do:
        offer = build_waiver_request(proposal, draft, drafts, now=clock())
        given = _converse(dossier, proposal, offer, tell, ask, clock, lines)
        if given.body.decision != "yes":
            return _refused(given, offer)
    proposal = propose(dossier, clock())
    earlier = signed_already(proposal, clock())
    if earlier is not None:
        return Attended("stands already", earlier)
    alive(())
    offer = build_request(dossier, proposal, now=clock())
    given = _converse(dossier, proposal, offer, tell, ask, clock, lines)
    return Attended("signed", given) if given.body.decision == "yes" else _refused(given, offer)


def _refused(given: Answer, offer: Offer) -> Attended:
    return Attended("refused", given, first_no(offer.request.asked(), given.body.confirmed))


def signed_already(proposal: Proposal, now: datetime) -> Statement[Signoff] | None:
    """The sign-off of this scope and plan, if it stands now."""
    if proposal.plan_object is None:
        return None
    found = standing(proposal.view, proposal.scope_object, proposal.plan_object, now)
    return found.statement if found.signed else None


def waiting(
    proposal: Proposal, drafts: Sequence[WaiverDraft], now: datetime
) -> tuple[WaiverDraft, ...]:
    """The drafts for which there is no waiver that counts and says the same."""
    count = waivers(proposal.view, now)
    return tuple(
        draft
        for draft in drafts
        if draft.asset not in count or not _same(draft, count[draft.asset].body)
    )


def _same(draft: WaiverDraft, body: Waiver) -> bool:
    return all(
        getattr(draft, field) == getattr(body, field)
        for field in (
            "asset", "accepts", "reason", "risk", "alternative", "alternative_hours", "ends_on",
        )
    )  # fmt: skip


def _converse(
    dossier: Dossier,
    proposal: Proposal,
    offer: Offer,
    tell: Callable[[str], None],
    ask: Callable[[Question], str],
    clock: Callable[[], datetime],
    lines: int | None,
) -> Answer:
    request, scope = offer.request, proposal.scope
    voice = Voice(request.language, SENTENCES)
    shown = show(dossier, offer, to=scope.client_name, channel="prompt", now=clock())
    tell(paragraph(voice.say("prompt.intro")))
    if scope.signers:  # before the first question, so that nobody answers them all in vain
        tell(paragraph(voice.say("again.signer", signers=signer_names(scope.signers))))
    if lines is None:
        for text in offer.texts.values():
            tell("\n" + text.decode())
    else:
        read_pages(offer.texts, voice, lines, tell, ask)
    answers = hold(request.asked(), ask, signers=scope.signers, language=request.language)
    given = record_attended(dossier, request, shown, answers, now=clock())
    tell(voice.say("prompt.thanks" if given.body.decision == "yes" else "prompt.thanks-no"))
    return given
