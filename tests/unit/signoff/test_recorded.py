"""What is put on record of an answer, field by field, and what each refusal says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from sluis.errors import EvidenceError, InputError
from sluis.evidence.asked import FORM
from sluis.evidence.predicates import Plan, Shown, Signoff, Waiver
from sluis.evidence.statements import Statement
from sluis.scope.voice import Voice, paragraph
from sluis.signoff.attend import Attended, attend, signed_already, waiting
from sluis.signoff.dialogue import Answers, hold
from sluis.signoff.form import read_form
from sluis.signoff.proposal import propose, propose_waiver
from sluis.signoff.record import record_attended, record_ssh, record_withdrawal
from sluis.signoff.request import Request, build_request, build_waiver_request, show, write_request
from sluis.signoff.texts import SENTENCES
from sluis.signoff.waiver import WaiverDraft
from support.scopes import make_scope
from support.signing import (
    DRAFT,
    SIGNER,
    START,
    Bench,
    empty_bench,
    fill_in,
    make_bench,
    say_yes,
    sign,
)


def asked(bench: Bench, **answers: Any) -> tuple[Request, Statement[Shown], Answers]:
    """A request that was shown beside the operator, and what the client typed."""
    offer = build_request(bench, propose(bench, bench.now), now=bench.now)
    shown = show(bench, offer, to="the client", channel="prompt", now=bench.now)
    given = hold(offer.request.asked(), bench.client(answers), signers=make_scope().signers)
    return offer.request, shown, given


def test_all_of_an_answer_to_a_plan_is_on_record(tmp_path: Path) -> None:
    bench = make_bench(tmp_path)
    request, shown, answers = asked(bench)
    bench.later(minutes=3)
    answers = replace(answers, remarks="Mind the cat.")
    found = record_attended(bench, request, shown, answers, now=bench.now)
    assert found.body == Signoff(
        decision="yes", tier="attended", signer_name=SIGNER[0], signer_role=SIGNER[1],
        scope_object=request.scope_object, plan_object=request.plan_object or "",
        shown=shown.sha256, confirmed=answers.confirmed, remarks="Mind the cat.",
        expires_at=request.expires_at, request_object=request.digest(),
    )  # fmt: skip
    assert found.recorded_at == START + timedelta(minutes=3)


@pytest.mark.parametrize("decision", ["yes", "no"])
def test_case_A10_all_of_an_answer_to_a_waiver_is_on_record(tmp_path: Path, decision: str) -> None:
    bench = make_bench(tmp_path)
    offer = build_waiver_request(propose_waiver(bench, bench.now), DRAFT, (), now=bench.now)
    shown = show(bench, offer, to="the client", channel="prompt", now=bench.now)
    typed = bench.client({"decision": decision, "remarks": "Only this once."})
    answers = hold(offer.request.asked(), typed, signers=make_scope().signers)
    answers = replace(answers, remarks="Only this once.")
    found = record_attended(bench, offer.request, shown, answers, now=bench.now)
    assert found.body == Waiver(
        decision=decision, scope_object=offer.request.scope_object, **dict(DRAFT),
        signer_name=SIGNER[0], signer_role=SIGNER[1], shown=shown.sha256,
        confirmed=answers.confirmed, remarks=answers.remarks, tier="attended",
        request_object=offer.request.digest(),
    )  # type: ignore[arg-type]  # fmt: skip


@pytest.mark.parametrize("field", ["client", "change"])
def test_an_answer_for_another_change_is_not_recorded_here(tmp_path: Path, field: str) -> None:
    bench = make_bench(tmp_path)
    request, shown, answers = asked(bench)
    other = request.model_copy(update={field: "elsewhere"})
    with pytest.raises(InputError) as caught:
        record_attended(bench, other, shown, answers, now=bench.now)
    assert caught.value.code == "another-change"
    assert f"for {other.client} {other.change}," in caught.value.what


def test_what_is_not_confirmed_is_named_whole(tmp_path: Path) -> None:
    bench = make_bench(tmp_path)
    request, shown, answers = asked(bench)
    less = {**answers.confirmed, "retention": "no", "way-back": ""}
    with pytest.raises(InputError) as caught:
        record_attended(bench, request, shown, replace(answers, confirmed=less), now=bench.now)
    assert caught.value.what == "Not confirmed: way-back, retention. Nothing is signed."


def test_a_request_can_be_answered_until_its_end_and_says_which(tmp_path: Path) -> None:
    bench = make_bench(tmp_path)
    request, shown, answers = asked(bench)
    with pytest.raises(InputError) as caught:
        record_attended(bench, request, shown, answers, now=request.expires_at)
    assert caught.value.code == "request-expired"
    assert "until 2026-11-22 12:00 UTC" in caught.value.what
    last = request.expires_at - timedelta(seconds=1)
    assert record_attended(bench, request, shown, answers, now=last)


@pytest.mark.parametrize(
    ("purpose", "word", "calls"),
    [("signoff", "yes", 1), ("signoff", "no", 0), ("waiver", "yes", 0), ("waiver", "no", 0)],
)
def test_only_a_yes_to_a_plan_asks_whether_the_gate_would_count_it(
    tmp_path: Path, purpose: str, word: str, calls: int
) -> None:
    bench = make_bench(tmp_path)
    key = bench.trust_ssh()
    offer = (
        build_request(bench, propose(bench, bench.now), now=bench.now) if purpose == "signoff"
        else build_waiver_request(propose_waiver(bench, bench.now), DRAFT, (), now=bench.now)
    )  # fmt: skip
    form, shown = write_request(bench, tmp_path / "out", now=bench.now, offer=offer)
    # the same on a screen later, where it has no form
    show(bench, offer, to="the client", channel="prompt", now=bench.now)
    first = [0]

    def answer(number: int, question: str) -> str:
        yes = say_yes(number, question)
        first[0] += 1
        return word if first[0] == 1 else yes

    fill_in(form, answer)
    called: list[str] = []
    found = record_ssh(
        bench, form, sign(form, key), now=bench.now, alive=lambda: called.append("alive")
    )
    assert len(called) == calls
    body = found.body
    assert (body.decision, body.tier, body.shown) == (word, "ssh-key", shown.sha256)
    assert body.ssh_signature_object is not None
    assert bench.objects.get(body.request_object or "") == form.read_bytes()
    assert bench.objects.get(shown.body.documents[FORM]) != form.read_bytes()


def test_another_signer_s_key_and_one_without_any_say_nothing_of_this_signer(
    tmp_path: Path,
) -> None:
    signers = (
        {"name": "C. Partner", "role": "partner", "ssh_principal": "a@practice"},
        {"name": SIGNER[0], "role": SIGNER[1]},
        {"name": "B. Owner", "role": "owner", "ssh_principal": "b@practice"},
    )
    bench = make_bench(tmp_path, {"signers": signers})
    other, own = bench.trust_ssh("a@practice"), bench.trust_ssh("c@practice,b@practice")
    form, _ = write_request(bench, tmp_path / "out", now=bench.now)

    def answer(number: int, question: str) -> str:
        typed = say_yes(number, question)
        return {SIGNER[0]: "B. Owner", SIGNER[1]: "owner"}.get(typed, typed)

    fill_in(form, answer)
    with pytest.raises(InputError) as caught:
        record_ssh(bench, form, sign(form, other), now=bench.now)
    assert caught.value.code == "another-persons-key"
    assert "B. Owner signs with the key 'b@practice'" in caught.value.what
    assert "the key of a@practice." in caught.value.what
    found = record_ssh(bench, form, sign(form, own), now=bench.now)
    assert found.body.ssh_principal == "b@practice"


def test_a_file_that_cannot_be_read_is_named_with_the_cause(tmp_path: Path) -> None:
    bench = make_bench(tmp_path)
    gone, large = tmp_path / "gone.txt", tmp_path / "large.txt"
    large.write_bytes(b"x" * (8 << 20))
    said = {}
    for path in (gone, large):
        with pytest.raises(InputError) as caught:
            record_ssh(bench, path, path, now=bench.now)
        assert caught.value.code == "cannot-read"
        said[path] = caught.value.what
    assert said[gone] == f"{gone} cannot be read: No such file or directory."
    assert said[large].startswith(f"{large} cannot be read: ")
    assert "None" not in said[large]


def test_nothing_else_of_a_yes_is_changed_when_it_is_taken_back(tmp_path: Path) -> None:
    bench = make_bench(tmp_path)
    request, shown, answers = asked(bench)
    given = record_attended(bench, request, shown, answers, now=bench.now).body
    taken = record_withdrawal(bench, name="B. Other", role="owner", remarks="No.", now=bench.now)
    changed = {
        "decision": "withdrawn", "signer_name": "B. Other", "signer_role": "owner",
        "remarks": "No.", "confirmed": {}, "expires_at": None,
    }  # fmt: skip
    assert taken.body == given.model_copy(update=changed)


def filled(
    bench: Bench, root: Path, answer: Callable[[int, str], str]
) -> tuple[Request, bytes, bytes]:
    offer = build_request(bench, propose(bench, bench.now), now=bench.now)
    form, _ = write_request(bench, root / "out", now=bench.now, offer=offer)
    sent = form.read_bytes()
    fill_in(form, answer)
    return offer.request, sent, form.read_bytes()


def test_questions_without_a_clear_answer_are_named_by_their_numbers(tmp_path: Path) -> None:
    request, sent, typed = filled(
        make_bench(tmp_path), tmp_path,
        lambda number, text: "perhaps" if number in (2, 4) else say_yes(number, text),
    )  # fmt: skip
    with pytest.raises(InputError) as caught:
        read_form(request, sent, typed)
    assert caught.value.code == "no-clear-answer"
    assert "a no: question 2 (it says 'perhaps'), 4 (it says 'perhaps'). " in caught.value.what


def test_one_clear_no_is_a_no_whatever_else_is_unclear(tmp_path: Path) -> None:
    request, sent, typed = filled(
        make_bench(tmp_path), tmp_path,
        lambda number, text: {2: "perhaps", 3: "no"}.get(number, say_yes(number, text)),
    )  # fmt: skip
    answers = read_form(request, sent, typed)
    ids = [one.id for one in request.questions]
    assert answers.decision == "no"
    assert (answers.confirmed[ids[0]], answers.confirmed[ids[2]]) == ("yes", "no")
    assert ids[1] not in answers.confirmed
    assert (answers.name, answers.role, answers.questions) == (*SIGNER, request.asked())


@pytest.mark.parametrize("missing", SIGNER)
def test_a_form_without_name_or_role_is_nobodys(tmp_path: Path, missing: str) -> None:
    request, sent, typed = filled(make_bench(tmp_path), tmp_path, say_yes)
    typed = typed.replace(f">>> {missing}".encode(), b">>>")
    with pytest.raises(InputError) as caught:
        read_form(request, sent, typed)
    assert caught.value.code == "no-name"


def test_a_version_that_was_answered_about_is_not_used_for_another_scope(tmp_path: Path) -> None:
    bench = make_bench(tmp_path)
    for scope in (make_scope(), make_scope({"version": 3})):
        bench.lay_down(scope)
        request, shown, answers = asked(bench)
        record_attended(bench, request, shown, answers, now=bench.now)
    bench.lay_down(make_scope())  # answered about as well, and that is no reason
    for version in (1, 2, 3):
        bench.lay_down(make_scope({"version": version, "assets.1.exclude": []}))
        with pytest.raises(InputError) as caught:
            propose(bench, bench.now)
        assert caught.value.code == "same-version"
        assert f"this one says version {version}." in caught.value.what
    assert "another scope with version 3;" in caught.value.what
    assert caught.value.remedy.startswith("Write version 4 ")
    bench.lay_down(make_scope({"version": 4, "assets.1.exclude": []}))
    assert propose(bench, bench.now).scope.version == 4


def test_a_plan_that_cannot_be_read_is_not_asked_about(tmp_path: Path) -> None:
    bench = make_bench(tmp_path)
    plan = bench.view().of(Plan)[-1].body
    other = plan.model_copy(update={"plan_object": bench.objects.put(b"{}")})
    bench.ledger.append(other, key=bench.key, now=bench.now)
    with pytest.raises(EvidenceError) as caught:
        propose(bench, bench.now)
    assert caught.value.code == "plan-unreadable"


def test_what_there_is_to_sign_is_the_newest_of_the_ledger(tmp_path: Path) -> None:
    bench = empty_bench(tmp_path)
    bench.lay_down(make_scope())
    digests = bench.lay_down(make_scope({"version": 2}), steps=2)
    found = propose(bench, bench.now)
    assert (found.scope_object, found.plan_object) == digests
    assert found.plan is not None
    assert (found.scope.version, len(found.plan.steps)) == (2, 2)
    assert found.view.head == bench.view().head


def test_a_request_that_cannot_be_read_is_told_by_its_code(tmp_path: Path) -> None:
    request, _, _ = asked(make_bench(tmp_path))
    assert Request.from_bytes(request.to_bytes()) == request
    for data in (b"", b"{}", request.to_bytes()[:-1]):
        with pytest.raises(EvidenceError) as caught:
            Request.from_bytes(data)
        assert caught.value.code == "request-unreadable"


@pytest.mark.parametrize("language", ["nl", "en"])
def test_a_conversation_begins_and_ends_in_the_clients_language(
    tmp_path: Path, language: Any
) -> None:
    bench = make_bench(tmp_path, {"language": language})
    voice = Voice(language, SENTENCES)
    attend(bench, (), tell=bench.tell, ask=bench.client({"retention": ["", "yes"]}),
           clock=bench.clock)  # fmt: skip
    assert bench.told[0] == paragraph(voice.say("prompt.intro"))
    # before the first question, so that nobody answers them all in vain
    assert ", ".join(SIGNER) in bench.told[1]
    assert bench.told[-1] == voice.say("prompt.thanks")
    again = [one.hint for one in bench.asked if one.id == "retention"][1]
    assert again == voice.say("again.yes-no")


class Heard:
    """In which order what was called."""

    def __init__(self, bench: Bench) -> None:
        self.bench, self.order = bench, list[Any]()

    def attend(self, *drafts: WaiverDraft, lines: int | None = None, **answers: str) -> Attended:
        client = self.bench.client(answers)

        def ask(question: Any) -> str:
            self.order.append(question.id)
            return "" if question.id == "page" else client(question)

        return attend(
            self.bench, drafts, tell=lambda text: self.order.append("told"), ask=ask,
            clock=self.bench.clock, ready=lambda: self.order.append("ready"), lines=lines,
            alive=lambda some: self.order.append(tuple(one.asset for one in some)),
        )  # fmt: skip


def test_nothing_is_shown_before_it_is_known_that_a_yes_would_count(tmp_path: Path) -> None:
    heard = Heard(make_bench(tmp_path))
    heard.attend(DRAFT)
    order = heard.order
    assert order[:3] == [("letters",), "ready", "told"]
    assert [one for one in order if isinstance(one, tuple)] == [("letters",), ()]
    # and once more between the waiver and what comes then
    after = order[order.index(()) :]
    assert "waiver-less" not in after
    assert "read:plan" in after
    assert order.count("ready") == 1
    heard.order.clear()
    assert heard.attend(DRAFT).result == "stands already"
    assert heard.order == []


def test_whoever_has_something_to_ask_makes_sure_that_somebody_is_there(tmp_path: Path) -> None:
    heard = Heard(make_bench(tmp_path))
    heard.attend()
    assert heard.order[:4] == [(), "ready", (), "told"], "a plan to sign, and no waiver"
    heard.order.clear()
    assert heard.attend(DRAFT).result == "stands already"
    assert heard.order[:3] == [("letters",), "ready", "told"], "a waiver, and a plan that is signed"
    assert "read:plan" not in heard.order


def test_on_a_terminal_a_page_is_shown_at_a_time(tmp_path: Path) -> None:
    heard = Heard(make_bench(tmp_path))
    heard.attend(DRAFT, lines=20)
    pages = heard.order.count("page")
    assert heard.order[: heard.order.index("waiver-less")].count("page") > 1
    assert heard.order.count("told") == pages + 6, "and what comes before and after, twice"
    heard = Heard(make_bench(tmp_path / "other"))
    heard.attend()
    assert "page" not in heard.order


def test_how_it_ended_is_said_in_one_sentence(tmp_path: Path) -> None:
    who = f"{SIGNER[0]} ({SIGNER[1]})"
    bench = make_bench(tmp_path)
    heard = Heard(bench)
    refused = heard.attend(DRAFT, decision="no", remarks="Too much.")
    to = f" The no was to: {refused.no_to}"
    assert refused.sentence == f"{who} said no to the waiver for letters: Too much.{to}"
    assert refused.no_to.startswith("May we go on WITHOUT"), refused.no_to
    refused = heard.attend(decision="no", remarks="")
    to = f" The no was to: {refused.no_to}"
    assert refused.sentence == f"{who} said no to this change: without saying why.{to}"
    assert refused.no_to
    bench.later(minutes=1)
    until = ", until 2026-11-22 12:01 UTC"
    assert heard.attend().sentence == f"{who} signed{until}."
    assert heard.attend().sentence == f"{who} signed before{until}."


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("accepts", "V0"), ("reason", "Another."), ("risk", "Another."), ("alternative", "None."),
        ("alternative_hours", 9.0), ("ends_on", DRAFT.ends_on + timedelta(days=1)),
    ],
)  # fmt: skip
def test_case_A10_a_draft_that_says_something_else_waits(
    tmp_path: Path, field: str, value: Any
) -> None:
    bench = make_bench(tmp_path)
    Heard(bench).attend(DRAFT)
    proposal = propose(bench, bench.now)
    changed = DRAFT.model_copy(update={field: value})
    assert waiting(proposal, (DRAFT, changed), bench.now) == (changed,)
    assert waiting(proposal, (), bench.now) == ()
    assert signed_already(proposal, bench.now) is not None
    assert signed_already(propose_waiver(bench, bench.now), bench.now) is None
