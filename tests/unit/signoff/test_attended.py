"""The client beside the operator: what is asked, what is recorded, what is not."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from sluis.errors import EvidenceError, InputError
from sluis.evidence.predicates import Shown, Signoff
from sluis.plan.annex import plan_annex
from sluis.plan.text import plan_text
from sluis.scope.annex import scope_annex
from sluis.scope.text import scope_text
from sluis.signoff.attend import Attended, attend
from sluis.signoff.dialogue import ATTEMPTS, hold, questions
from sluis.signoff.proposal import propose
from sluis.signoff.record import record_attended, record_withdrawal
from sluis.signoff.request import REQUEST, Request, build_request, show
from sluis.signoff.standing import standing
from support.scopes import make_scope
from support.signing import SIGNER, START, Bench, empty_bench, make_bench, make_plan


def ask(bench: Bench, answers: dict[str, str | list[str]] | None = None) -> Attended:
    return attend(bench, (), tell=bench.tell, ask=bench.client(answers), clock=bench.clock)


def stands(bench: Bench) -> str:
    """``signed``, or the code of why not."""
    proposal = propose(bench, bench.now)
    assert proposal.plan_object is not None
    found = standing(bench.view(), proposal.scope_object, proposal.plan_object, bench.now)
    return found.why_not.code if found.why_not else "signed"


def nothing_signed(bench: Bench) -> bool:
    return bench.view().of(Signoff) == ()


def test_a_yes_is_recorded_with_all_that_was_confirmed(tmp_path: Path) -> None:
    bench = make_bench(tmp_path)
    ended = ask(bench)
    assert ended.result == "signed"
    (statement,) = bench.view().of(Signoff)
    body = statement.body
    assert (body.decision, body.tier) == ("yes", "attended")
    assert (body.signer_name, body.signer_role) == SIGNER
    assert body.expires_at == START + timedelta(hours=48)
    assert set(body.confirmed) == {
        "read:scope", "read:plan", "asset:patient-records", "asset:letters", "copy:letters",
        "risk:update-breaks", "risk:letters-unlinked", "not-included:workstations",
        "not-included:training", "retention", "way-back", "decision",
    }  # fmt: skip
    assert set(body.confirmed.values()) == {"yes"}
    assert stands(bench) == "signed"
    assert "A. Client (practice manager) signed" in ended.sentence


def test_case_A9_each_risk_is_a_question_of_its_own_in_the_clients_words(tmp_path: Path) -> None:
    bench = make_bench(tmp_path)
    ask(bench)
    for risk in make_scope().risks:
        (question,) = [item for item in bench.asked if item.id == f"risk:{risk.id}"]
        assert str(risk.words) in question.text
        assert str(risk.we_do) in question.text
        asset = make_scope().asset(risk.asset)
        assert asset is not None
        assert str(asset.name) in question.text


def test_case_B2_each_disposition_is_a_question_of_its_own(tmp_path: Path) -> None:
    bench = make_bench(tmp_path)
    ask(bench)
    asked = {item.id: item.text for item in bench.asked}
    assert "The records stay on the server." in asked["asset:patient-records"]
    assert "24 December 2036" in asked["asset:patient-records"]
    assert "The letters stay where they are." in asked["asset:letters"]
    assert "*.tmp" in asked["copy:letters"]
    assert "copy:patient-records" not in asked


def test_case_C3_what_is_not_included_is_confirmed_line_by_line(tmp_path: Path) -> None:
    bench = make_bench(tmp_path)
    ask(bench)
    asked = {item.id: item.text for item in bench.asked}
    assert "We do not update the workstations." in asked["not-included:workstations"]
    assert "We do not train your people." in asked["not-included:training"]


def test_case_B11_retention_and_the_way_back_are_confirmed(tmp_path: Path) -> None:
    bench = make_bench(tmp_path, {"way_back.consent": False})
    ask(bench)
    asked = {item.id: item.text for item in bench.asked}
    assert "90 days" in asked["retention"]
    assert "We then put NOTHING back" in asked["way-back"]


def test_case_C4_handing_over_a_document_is_confirmed_and_kept(tmp_path: Path) -> None:
    bench = empty_bench(tmp_path)
    digest = bench.objects.put(b"be good")
    document = {"id": "terms", "title": "Terms 2026", "file": "terms.pdf", "sha256": digest}
    bench.lay_down(make_scope({"documents": [document]}))
    ask(bench)
    (shown,) = bench.view().of(Shown)
    assert shown.body.documents["document:terms"] == digest
    (question,) = [item for item in bench.asked if item.id == "document:terms"]
    assert "Terms 2026" in question.text
    assert digest in bench.objects.get(shown.body.documents["technical"]).decode()


def test_case_C4_a_document_that_is_not_there_cannot_be_handed_over(tmp_path: Path) -> None:
    bench = empty_bench(tmp_path)
    document = {"id": "terms", "title": "Terms", "file": "terms.pdf", "sha256": "ab" * 32}
    bench.lay_down(make_scope({"documents": [document]}))
    with pytest.raises(EvidenceError) as caught:
        ask(bench)
    assert caught.value.code == "object-missing"
    assert bench.asked == []


def test_case_D1_what_was_shown_is_kept_byte_for_byte_before_anything_is_asked(
    tmp_path: Path,
) -> None:
    bench = make_bench(tmp_path)

    def leave(question: object) -> str:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        attend(bench, (), tell=bench.tell, ask=leave, clock=bench.clock)
    (shown,) = bench.view().of(Shown)
    scope, plan = make_scope(), make_plan(make_scope())
    get = bench.objects.get
    assert get(shown.body.documents["scope"]).decode() == scope_text(scope, "en")
    assert get(shown.body.documents["plan"]).decode() == plan_text(plan, "en")
    assert "\n" + scope_text(scope, "en") in bench.told
    assert "\n" + plan_text(plan, "en") in bench.told
    annex = f"{scope_annex(scope, 'en')}\n{plan_annex(plan, 'en')}"
    assert get(shown.body.documents["technical"]).decode() == annex
    assert "\n" + annex in bench.told
    request = Request.from_bytes(get(shown.body.documents[REQUEST]))
    assert request.scope_object == scope.digest()
    assert request.plan_object == plan.digest()
    assert [item.id for item in request.questions[:2]] == ["read:plan", "read:scope"]
    assert nothing_signed(bench)
    assert (shown.body.to, shown.body.language, shown.body.channel) == (
        "Example Practice", "en", "prompt",
    )  # fmt: skip


@pytest.mark.parametrize("where", ["read:scope", "asset:letters", "risk:update-breaks",
                                   "not-included:training", "way-back", "decision"])  # fmt: skip
@pytest.mark.parametrize("word", ["no", "nee", " NO "])
def test_a_no_anywhere_is_a_refusal_and_is_recorded(tmp_path: Path, where: str, word: str) -> None:
    bench = make_bench(tmp_path)
    ended = ask(bench, {where: word, "remarks": "First the letters.", "name": "Someone Else"})
    assert ended.result == "refused"
    (statement,) = bench.view().of(Signoff)
    assert statement.body.decision == "no"
    assert statement.body.remarks == "First the letters."
    assert statement.body.confirmed[where] == word.strip()
    assert statement.body.expires_at is None
    asked = [item.id for item in bench.asked]
    assert asked[asked.index(where) :] == [where, "remarks", "name", "role"]
    assert stands(bench) == "signoff-refused"
    assert "First the letters." in ended.sentence


def test_a_no_without_a_reason_is_a_no(tmp_path: Path) -> None:
    """Somebody who says no has no need to say why; asking on would lose the no."""
    bench = make_bench(tmp_path)
    assert ask(bench, {"risk:update-breaks": "no", "remarks": ""}).result == "refused"
    assert bench.told[-1].endswith("We do not go on without your agreement.")
    (statement,) = bench.view().of(Signoff)
    assert (statement.body.decision, statement.body.remarks) == ("no", "")
    assert [item.id for item in bench.asked].count("remarks") == 1
    assert stands(bench) == "signoff-refused"


@pytest.mark.parametrize("unclear", ["", " ", "y", "j", "ok", "yes please", "1", "true", "n", "ye"])
def test_only_the_whole_word_is_a_yes(tmp_path: Path, unclear: str) -> None:
    bench = make_bench(tmp_path)
    with pytest.raises(InputError) as caught:
        ask(bench, {"risk:update-breaks": unclear})
    assert caught.value.code == "no-clear-answer"
    asked = [item for item in bench.asked if item.id == "risk:update-breaks"]
    assert len(asked) == ATTEMPTS
    assert asked[0].text in caught.value.what
    assert asked[0].hint != asked[1].hint
    assert nothing_signed(bench)
    assert stands(bench) == "awaiting-signoff"


@pytest.mark.parametrize("word", ["yes", "YES", " yes ", "ja", "Ja"])
def test_a_yes_may_be_typed_in_either_language_after_a_mistake(tmp_path: Path, word: str) -> None:
    bench = make_bench(tmp_path)
    assert ask(bench, {"risk:update-breaks": ["", "what?", word]}).result == "signed"
    (statement,) = bench.view().of(Signoff)
    assert statement.body.confirmed["risk:update-breaks"] == word.strip()


def test_only_a_listed_signer_can_say_yes(tmp_path: Path) -> None:
    bench = make_bench(tmp_path)
    with pytest.raises(InputError) as caught:
        ask(bench, {"name": "B. Passer-by"})
    assert caught.value.code == "not-a-signer"
    assert nothing_signed(bench)
    with pytest.raises(InputError):
        ask(bench, {"role": "cleaner"})
    bench.asked.clear()
    assert ask(bench, {"name": ["B. Passer-by", " a.  CLIENT "]}).result == "signed"
    hints = [item.hint for item in bench.asked if item.id == "name"]
    assert "A. Client, practice manager" in hints[1]


def test_anybody_may_sign_where_no_list_was_agreed(tmp_path: Path) -> None:
    bench = make_bench(tmp_path, {"signers": []})
    assert ask(bench, {"name": "B. Client", "role": "owner"}).result == "signed"


@pytest.mark.parametrize("name", ["", "  ", "\x1b[2J", "12345", "A\u202eB", "x" * 1001])
def test_a_name_is_a_name(tmp_path: Path, name: str) -> None:
    bench = make_bench(tmp_path, {"signers": []})
    with pytest.raises(InputError) as caught:
        ask(bench, {"name": name})
    assert caught.value.code == "no-name"
    assert nothing_signed(bench)


def test_nothing_is_asked_when_a_signoff_stands(tmp_path: Path) -> None:
    bench = make_bench(tmp_path)
    ask(bench)
    bench.asked.clear()
    assert ask(bench).result == "stands already"
    assert bench.asked == []
    assert len(bench.view().of(Shown)) == 1


def test_a_signoff_ends_at_its_own_time(tmp_path: Path) -> None:
    bench = make_bench(tmp_path)
    ask(bench)
    bench.later(hours=48, seconds=-1)
    assert stands(bench) == "signed"
    bench.later(seconds=1)
    assert stands(bench) == "signoff-expired"
    bench.asked.clear()
    assert ask(bench).result == "signed"
    assert bench.asked


def test_case_B3_a_changed_scope_has_to_be_signed_again(tmp_path: Path) -> None:
    bench = make_bench(tmp_path)
    ask(bench)
    first = propose(bench, bench.now)
    bench.lay_down(make_scope({"assets.1.exclude": [], "version": 2}))
    assert stands(bench) == "scope-changed"
    # going back to what was signed does not bring the signature back
    bench.lay_down(make_scope())
    assert propose(bench, bench.now).scope_object == first.scope_object
    assert stands(bench) == "scope-changed"
    ask(bench)
    assert stands(bench) == "signed"


def test_A1_a_day_that_passed_is_not_put_before_the_client_and_takes_no_yes_away(
    tmp_path: Path,
) -> None:
    tomorrow = (START + timedelta(days=1)).date()
    later = {"assets.1.disposition.when": date(2036, 12, 24)}
    bench = make_bench(tmp_path, {"assets.1.ends_on": tomorrow, **later})
    bench.later(days=2)
    with pytest.raises(InputError) as caught:
        ask(bench)
    assert (caught.value.code, bench.asked) == ("day-is-past", [])
    assert caught.value.what.startswith(f"letters: ends_on says {tomorrow}")
    bench.now = START + timedelta(days=3)
    bench.lay_down(make_scope({"assets.1.ends_on": bench.now.date(), "version": 2, **later}))
    ask(bench)
    bench.later(hours=20)
    assert stands(bench) == "signed"
    assert ask(bench).result == "stands already"


def test_case_B3_a_changed_scope_is_a_new_version(tmp_path: Path) -> None:
    bench = make_bench(tmp_path)
    ask(bench)
    bench.lay_down(make_scope({"assets.1.exclude": []}))
    with pytest.raises(InputError) as caught:
        ask(bench)
    assert caught.value.code == "same-version"
    assert "version 2" in caught.value.remedy
    bench.lay_down(make_scope({"assets.1.exclude": [], "version": 2}))
    assert ask(bench).result == "signed"


def test_a_changed_plan_has_to_be_signed_again(tmp_path: Path) -> None:
    bench = make_bench(tmp_path)
    ask(bench)
    bench.lay_down(make_scope(), steps=2)
    assert stands(bench) == "plan-changed"
    bench.lay_down(make_scope(), steps=1)
    assert stands(bench) == "plan-changed"


def test_the_same_plan_laid_down_again_leaves_the_signoff_standing(tmp_path: Path) -> None:
    bench = make_bench(tmp_path)
    ask(bench)
    bench.lay_down(make_scope())
    assert stands(bench) == "signed"


def test_case_B3_an_open_question_blocks_the_signoff(tmp_path: Path) -> None:
    question = {"question": "All of it?", "asked_of": "A. Client", "asked_on": date(2026, 11, 1)}
    bench = make_bench(tmp_path, {"assets.1.open_questions": [question]})
    with pytest.raises(InputError) as caught:
        ask(bench)
    assert caught.value.code == "open-question"
    assert "letters" in caught.value.what
    assert "All of it?" in caught.value.what
    assert bench.view().of(Shown) == ()


def test_a_signoff_can_be_taken_back_and_not_be_given_again_with_the_same_request(
    tmp_path: Path,
) -> None:
    bench = make_bench(tmp_path)
    offer = build_request(bench, propose(bench, bench.now), now=bench.now)
    shown = show(bench, offer, to="the client", channel="prompt", now=bench.now)
    answers = hold(offer.request.asked(), bench.client(), signers=make_scope().signers)
    record_attended(bench, offer.request, shown, answers, now=bench.now)
    bench.later(minutes=5)
    record_withdrawal(bench, name="A. Client", role="manager", remarks="Wait.", now=bench.now)
    assert stands(bench) == "signoff-withdrawn"
    with pytest.raises(InputError) as caught:
        record_attended(bench, offer.request, shown, answers, now=bench.now)
    assert caught.value.code == "request-answered"
    with pytest.raises(InputError) as caught:
        record_withdrawal(bench, name="A", role="b", remarks="", now=bench.now)
    assert caught.value.code == "nothing-to-withdraw"
    ask(bench)
    assert stands(bench) == "signed"


def test_a_yes_is_not_recorded_when_the_plan_changed_while_the_client_was_reading(
    tmp_path: Path,
) -> None:
    bench = make_bench(tmp_path)
    client = bench.client()

    def answer(question: object) -> str:
        if getattr(question, "id", "") == "way-back":
            bench.lay_down(make_scope(), steps=3)
        return client(question)  # type: ignore[arg-type]

    with pytest.raises(InputError) as caught:
        attend(bench, (), tell=bench.tell, ask=answer, clock=bench.clock)
    assert caught.value.code == "changed-meanwhile"
    assert nothing_signed(bench)


def test_a_yes_is_not_recorded_after_its_own_end(tmp_path: Path) -> None:
    bench = make_bench(tmp_path, {"signoff_valid_hours": 1})
    client = bench.client()

    def answer(question: object) -> str:
        if getattr(question, "id", "") == "decision":
            bench.later(hours=1)
        return client(question)  # type: ignore[arg-type]

    with pytest.raises(InputError) as caught:
        attend(bench, (), tell=bench.tell, ask=answer, clock=bench.clock)
    assert caught.value.code == "request-expired"
    assert nothing_signed(bench)


def test_answers_that_leave_something_out_are_not_a_yes(tmp_path: Path) -> None:
    """Whoever calls us: the record itself holds every question against the answers."""
    bench = make_bench(tmp_path)
    offer = build_request(bench, propose(bench, bench.now), now=bench.now)
    shown = show(bench, offer, to="the client", channel="prompt", now=bench.now)
    answers = hold(offer.request.asked(), bench.client(), signers=make_scope().signers)
    for question_id in answers.confirmed:
        for less in (
            {key: value for key, value in answers.confirmed.items() if key != question_id},
            {**answers.confirmed, question_id: ""},
            {**answers.confirmed, question_id: "no"},
        ):
            with pytest.raises(InputError) as caught:
                record_attended(
                    bench, offer.request, shown, replace(answers, confirmed=less), now=bench.now
                )
            assert caught.value.code == "incomplete-answers"
            assert question_id in caught.value.what
    with pytest.raises(InputError) as caught:
        record_attended(bench, offer.request, shown, replace(answers, name="Nobody"), now=bench.now)
    assert caught.value.code == "not-a-signer"
    assert nothing_signed(bench)


def test_a_request_that_was_never_shown_cannot_be_answered(tmp_path: Path) -> None:
    bench = make_bench(tmp_path)
    offer = build_request(bench, propose(bench, bench.now), now=bench.now)
    shown = show(bench, offer, to="the client", channel="prompt", now=bench.now)
    answers = hold(offer.request.asked(), bench.client(), signers=make_scope().signers)
    other = offer.request.model_copy(update={"expires_at": START + timedelta(days=300)})
    with pytest.raises(EvidenceError) as caught:
        record_attended(bench, other, shown, answers, now=bench.now)
    assert caught.value.code == "not-shown"
    assert nothing_signed(bench)


def test_a_ledger_that_does_not_hold_is_not_signed_on(tmp_path: Path) -> None:
    bench = make_bench(tmp_path)
    (bench.dossier / "statements" / "000001.json").chmod(0o600)
    (bench.dossier / "statements" / "000001.json").write_text("{}")
    with pytest.raises(EvidenceError) as caught:
        ask(bench)
    assert caught.value.code == "ledger-does-not-hold"
    assert bench.asked == []


def test_there_is_nothing_to_sign_before_there_is_a_plan(tmp_path: Path) -> None:
    bench = empty_bench(tmp_path)
    with pytest.raises(InputError) as caught:
        ask(bench)
    assert caught.value.code == "no-plan"
    bench.lay_down(make_scope())
    bench.lay_down_scope(make_scope({"version": 2}))
    with pytest.raises(InputError) as caught:
        ask(bench)
    assert caught.value.code == "scope-changed"


def test_a_plan_made_for_another_scope_cannot_be_asked_about() -> None:
    scope = make_scope()
    with pytest.raises(InputError) as caught:
        questions(scope, make_plan(make_scope({"version": 2})), "nl", START)
    assert caught.value.code == "another-scope"


def test_what_a_machine_wrote_into_the_plan_cannot_repaint_the_screen(tmp_path: Path) -> None:
    bench = empty_bench(tmp_path)
    scope = make_scope()
    plan = make_plan(scope)
    step = plan.steps[0].model_copy(update={"name": "Fine\x1b[2J\u202egnihton"})
    bench.lay_down(scope)
    offer = build_request(
        bench,
        replace(propose(bench, bench.now), plan=plan.model_copy(update={"steps": (step,)})),
        now=bench.now,
    )
    shown = offer.texts["plan"].decode()
    assert "\x1b" not in shown
    assert "\\u{001B}[2J\\u{202E}gnihton" in shown


def test_the_client_is_asked_in_their_own_language(tmp_path: Path) -> None:
    bench = make_bench(tmp_path, {"language": "nl"})
    ask(bench, {"decision": "ja"})
    assert any("Typ ja of nee." in item.hint for item in bench.asked)
    assert any("Wat is uw naam?" in item.text for item in bench.asked)
    (shown,) = bench.view().of(Shown)
    assert shown.body.language == "nl"
