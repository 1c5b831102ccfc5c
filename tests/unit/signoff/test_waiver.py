"""A waiver is made for one asset and one change, or it is refused (case A10)."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from sluis.errors import InputError
from sluis.evidence.predicates import Shown, Signoff, Waiver
from sluis.scope.voice import Voice
from sluis.signoff.attend import Attended, attend
from sluis.signoff.proposal import propose_waiver
from sluis.signoff.record import record_ssh, record_withdrawal
from sluis.signoff.request import build_waiver_request, write_request
from sluis.signoff.standing import waivers
from sluis.signoff.texts import SENTENCES
from sluis.signoff.waiver import (
    WaiverDraft,
    WaiverWords,
    check_waiver,
    load_waiver,
    load_waivers,
    waiver_text,
)
from support.scopes import LETTERS, make_scope, scope_dict
from support.signing import (
    DRAFT,
    RISK,
    SIGNER,
    START,
    Bench,
    fill_in,
    make_bench,
    say_yes,
    sign,
)

TEMPLATE = Path(__file__).parents[3] / "inventories/template/changes/CHG-TEMPLATE"


def draft(**changes: Any) -> WaiverDraft:
    return DRAFT.model_copy(update=changes)


def refused(what: WaiverDraft, *others: WaiverWords) -> str:
    with pytest.raises(InputError) as caught:
        check_waiver(what, make_scope(), others, START)
    assert what.asset in caught.value.what
    assert "None" not in caught.value.what
    assert caught.value.remedy
    return caught.value.code


def ask(bench: Bench, *drafts: WaiverDraft, **answers: str) -> Attended:
    given = {key.replace("_", "-"): value for key, value in answers.items()}
    return attend(bench, drafts, tell=bench.tell, ask=bench.client(given), clock=bench.clock)


def test_case_A10_a_waiver_made_for_this_asset_is_accepted() -> None:
    assert check_waiver(DRAFT, make_scope(), (), START).id == "letters"


@pytest.mark.parametrize("field", ["reason", "risk", "alternative"])
@pytest.mark.parametrize(
    "words",
    [
        "-",
        "None.",
        "The client knows.",
        "letters letters letters letters letters letters letters letters",
        "12345 67890 12345 67890 12345 67890",
    ],
)
def test_case_A10_empty_words_are_refused(field: str, words: str) -> None:
    assert refused(draft(**{field: words})) == "waiver-empty"


@pytest.mark.parametrize(
    "words",
    [
        "Zie onze algemene voorwaarden voor de letters op de server van de praktijk.",
        "The provider is not liable for any loss of the letters, whatever the cause may be.",
        "De klant vrijwaart ons voor schade aan de letters op h2 door deze update.",
        "All risks of the letters are for the client, to the fullest extent of the law.",
        "The letters on h2: TODO describe what can happen to these before we go on.",
        "Wat er met de letters op h2 kan gebeuren: n.v.t. volgens de beheerder zelf.",
        "Use of the letters on h2 is at your own risk during the whole of this update.",
    ],
)
def test_case_A10_general_terms_are_refused(words: str) -> None:
    assert refused(draft(risk=words)) == "waiver-boilerplate"
    assert refused(draft(reason=words)) == "waiver-boilerplate"


@pytest.mark.parametrize(
    "words",
    [
        "If the update goes wrong the data can be lost and nobody can bring them back.",
        "The patient records can be damaged and then nobody can be treated for days.",
        "Loveletters and chain letterss are not what this is about, but they can get lost.",
    ],
)
def test_case_A10_a_risk_that_does_not_name_the_asset_is_refused(words: str) -> None:
    assert refused(draft(risk=words)) == "waiver-names-no-asset"


@pytest.mark.parametrize("name", ["letters", "Scanned Letters", "h2", "/srv/letters"])
def test_case_A10_id_name_host_or_location_name_the_asset(name: str) -> None:
    words = f"What was added to {name} since Monday is gone for good when the update fails."
    check_waiver(draft(risk=words), make_scope(), (), START)


def test_case_A10_one_text_copied_over_several_assets_is_refused() -> None:
    words = "When the update fails, what was added to {} since Monday is gone for good."
    why = "There is no time to restore {} elsewhere before the vendor has to leave."
    first = WaiverWords(
        "patient-records",
        f"{why.format('the patient records')} {words.format('patient-records on h1')}",
    )
    copy = draft(reason=why.format("the letters"), risk=words.format("letters on h2"))
    assert refused(copy, first) == "waiver-copied"
    assert refused(copy.model_copy(update={"risk": copy.risk.upper() + " Really."}), first) == (
        "waiver-copied"
    )
    check_waiver(DRAFT, make_scope(), [first], START)
    # a new draft for the same asset may say the same
    check_waiver(copy, make_scope(), [WaiverWords("letters", first.words)], START)


@pytest.mark.parametrize("days", [-365, -1, 32, 400])
def test_case_A10_the_end_date_is_near(days: int) -> None:
    assert refused(draft(ends_on=START.date() + timedelta(days=days))) == "waiver-end-date"


@pytest.mark.parametrize("days", [0, 1, 31])
def test_case_A10_an_end_date_within_a_month_is_fine(days: int) -> None:
    check_waiver(draft(ends_on=START.date() + timedelta(days=days)), make_scope(), (), START)


@pytest.fixture
def far_east(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine on which it is tomorrow already."""
    monkeypatch.setenv("TZ", "Pacific/Kiritimati")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("far_east")
def test_case_A10_the_days_of_a_waiver_are_those_of_utc(tmp_path: Path) -> None:
    today = draft(ends_on=START.date())
    check_waiver(today, make_scope(), (), START)
    bench = make_bench(tmp_path)
    ask(bench, today)
    assert list(waivers(bench.view(), bench.now)) == ["letters"]


def test_case_A10_it_is_about_an_asset_of_the_scope_and_accepts_less() -> None:
    assert refused(draft(asset="elsewhere")) == "waiver-unknown-asset"
    for level in ("V3", "V4", "V5", "V6"):
        assert refused(draft(accepts=level)) == "waiver-not-less"
    for level in ("none", "V0", "V2"):
        check_waiver(draft(accepts=level), make_scope(), (), START)


@pytest.mark.parametrize("language", ["nl", "en"])
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("accepts", "none"),
        ("reason", "Because something else happened with these letters on Monday night."),
        ("risk", RISK + " All of them."),
        ("alternative", "Wait for another disk, and restore the letters on that."),
        ("alternative_hours", 8.25),
        ("ends_on", (START + timedelta(days=4)).date()),
    ],
)
def test_case_A10_the_client_sees_every_field(language: Any, field: str, value: Any) -> None:
    scope = make_scope()
    before = waiver_text(DRAFT, scope, language)
    assert waiver_text(draft(**{field: value}), scope, language) != before
    assert "Scanned letters" in before
    assert "CHG-1042" in before


def test_case_A10_it_is_confirmed_line_by_line_and_counts_for_its_asset(tmp_path: Path) -> None:
    bench = make_bench(tmp_path)
    assert ask(bench, DRAFT).result == "signed"
    (statement,) = bench.view().of(Waiver)
    body = statement.body
    assert set(body.confirmed) == {
        "waiver-less", "waiver-reason", "waiver-risk", "waiver-alternative", "waiver-ends",
        "decision",
    }  # fmt: skip
    assert (body.asset, body.accepts, body.alternative_hours) == ("letters", "V1", 8.0)
    assert (body.signer_name, body.signer_role) == SIGNER
    assert list(waivers(bench.view(), bench.now)) == ["letters"]
    asked = {item.id: item.text for item in bench.asked}
    assert RISK in asked["waiver-risk"]
    assert "8 hours" in asked["waiver-alternative"]
    assert "23 November 2026" in asked["waiver-ends"]
    # the sign-off that follows repeats where less was accepted
    shown = bench.view().of(Shown)[-1].body
    text = bench.objects.get(shown.documents["waivers"]).decode()
    assert "Scanned letters, signed by A. Client" in text
    assert "read:waivers" in asked


@pytest.mark.parametrize("where", ["waiver_less", "waiver_risk", "waiver_alternative", "decision"])
def test_case_A10_a_no_to_a_waiver_is_recorded_and_ends_it(tmp_path: Path, where: str) -> None:
    bench = make_bench(tmp_path)
    ended = ask(bench, DRAFT, **{where: "no"})
    assert ended.result == "refused"
    (statement,) = bench.view().of(Waiver)
    assert statement.body.decision == "no"
    assert waivers(bench.view(), bench.now) == {}
    assert bench.view().of(Signoff) == ()
    assert "the waiver for letters" in ended.sentence


def test_case_A10_a_waiver_that_counts_is_not_asked_again(tmp_path: Path) -> None:
    bench = make_bench(tmp_path)
    ask(bench, DRAFT)
    bench.asked.clear()
    assert ask(bench, DRAFT).result == "stands already"
    assert bench.asked == []
    changed = draft(alternative_hours=2.0)
    ask(bench, changed)
    assert [item.body.alternative_hours for item in bench.view().of(Waiver)] == [8.0, 2.0]


def test_case_A10_a_waiver_ends_on_its_date(tmp_path: Path) -> None:
    bench = make_bench(tmp_path)
    ask(bench, DRAFT)
    bench.now = START.replace(day=23, hour=23, minute=59)
    assert list(waivers(bench.view(), bench.now)) == ["letters"]
    bench.now = START.replace(day=24, hour=0, minute=0)
    assert waivers(bench.view(), bench.now) == {}


def test_case_A10_a_waiver_dies_with_any_change_of_scope(tmp_path: Path) -> None:
    bench = make_bench(tmp_path)
    ask(bench, DRAFT)
    bench.lay_down(make_scope({"assets.1.items": 61_301}))
    assert waivers(bench.view(), bench.now) == {}
    bench.lay_down(make_scope())
    assert waivers(bench.view(), bench.now) == {}


def test_case_A10_a_waiver_can_be_taken_back(tmp_path: Path) -> None:
    bench = make_bench(tmp_path)
    ask(bench, DRAFT)
    record_withdrawal(
        bench, name="A. Client", role="manager", remarks="", now=bench.now, asset="letters"
    )
    assert waivers(bench.view(), bench.now) == {}
    with pytest.raises(InputError) as caught:
        record_withdrawal(bench, name="A", role="b", remarks="", now=bench.now, asset="letters")
    assert caught.value.code == "nothing-to-withdraw"


@pytest.mark.parametrize("again", [False, True])
def test_T13_a_withdrawn_waiver_is_not_answered_again_with_the_same_request(
    tmp_path: Path, again: bool
) -> None:
    """Neither with the form that was signed before, nor with a second record of showing it."""
    bench = make_bench(tmp_path)
    key = bench.trust_ssh()
    offer = build_waiver_request(propose_waiver(bench, bench.now), DRAFT, (), now=bench.now)
    form, _ = write_request(bench, tmp_path / "out", now=bench.now, offer=offer)
    fill_in(form, say_yes)
    signature = sign(form, key)
    record_ssh(bench, form, signature, now=bench.now)
    record_withdrawal(
        bench, name="A. Client", role="manager", remarks="", now=bench.now, asset="letters"
    )
    if again:
        write_request(bench, tmp_path / "out-again", now=bench.now, offer=offer)
    with pytest.raises(InputError) as caught:
        record_ssh(bench, form, signature, now=bench.now)
    assert caught.value.code == "request-answered"
    assert [item.body.decision for item in bench.view().of(Waiver)] == ["yes", "withdrawn"]
    assert waivers(bench.view(), bench.now) == {}


def test_T13_the_same_draft_asked_anew_can_be_accepted(tmp_path: Path) -> None:
    """At the same moment, even: a request names the statement that it was made after."""
    bench = make_bench(tmp_path)
    ask(bench, DRAFT)
    record_withdrawal(bench, name="A", role="b", remarks="", now=bench.now, asset="letters")
    ask(bench, DRAFT)
    assert [item.body.decision for item in bench.view().of(Waiver)] == ["yes", "withdrawn", "yes"]
    assert list(waivers(bench.view(), bench.now)) == ["letters"]


def test_T14_taking_a_waiver_back_does_not_keep_the_signature_of_the_yes(tmp_path: Path) -> None:
    bench = make_bench(tmp_path)
    key = bench.trust_ssh()
    offer = build_waiver_request(propose_waiver(bench, bench.now), DRAFT, (), now=bench.now)
    form, _ = write_request(bench, tmp_path / "out", now=bench.now, offer=offer)
    fill_in(form, say_yes)
    record_ssh(bench, form, sign(form, key), now=bench.now)
    taken = record_withdrawal(
        bench, name="B. Other", role="owner", remarks="No.", now=bench.now, asset="letters"
    ).body
    assert (taken.tier, taken.ssh_signature_object, taken.ssh_principal) == ("attended", None, None)
    assert (taken.signer_name, taken.signer_role, taken.remarks) == ("B. Other", "owner", "No.")
    assert taken.confirmed == {}


def test_case_A10_a_waiver_without_its_scope_or_without_being_shown_does_not_count(
    tmp_path: Path,
) -> None:
    bench = make_bench(tmp_path)
    ask(bench, DRAFT)
    (good,) = bench.view().of(Waiver)
    for change in ({"scope_object": None}, {"shown": None}, {"shown": "ab" * 32}):
        bench.ledger.append(good.body.model_copy(update=change), key=bench.key, now=bench.now)
        # read without the bench's own demand that nothing is wrong: these are forged
        assert waivers(bench.ledger.read(bench.now), bench.now) == {}
        bench.ledger.append(good.body, key=bench.key, now=bench.now)
        assert list(waivers(bench.ledger.read(bench.now), bench.now)) == ["letters"]


def test_case_A10_a_waiver_can_be_signed_from_elsewhere(tmp_path: Path) -> None:
    bench = make_bench(tmp_path)
    key = bench.trust_ssh()
    offer = build_waiver_request(propose_waiver(bench, bench.now), DRAFT, (), now=bench.now)
    form, _ = write_request(bench, tmp_path / "out", now=bench.now, offer=offer)
    assert "-waiver-" in form.name
    fill_in(form, say_yes)
    statement = record_ssh(bench, form, sign(form, key), now=bench.now)
    assert isinstance(statement.body, Waiver)
    assert (statement.body.tier, statement.body.ssh_principal) == ("ssh-key", "client@practice")
    assert list(waivers(bench.view(), bench.now)) == ["letters"]


def test_case_A10_a_copy_of_a_signed_waiver_is_refused(tmp_path: Path) -> None:
    faxes = {**LETTERS, "id": "faxes", "name": "Faxes", "location": "/srv/faxes"}
    risk = {"id": "f", "asset": "faxes", "words": "Faxes can fade.", "we_do": "We look."}
    bench = make_bench(tmp_path, {"assets.2": faxes, "risks.2": risk})
    ask(bench, DRAFT)
    copy = draft(
        asset="faxes",
        risk=RISK.replace("scanned letters", "Faxes").replace("/srv/letters", "/srv/faxes"),
        reason=DRAFT.reason.replace("letters", "faxes"),
    )
    with pytest.raises(InputError) as caught:
        ask(bench, DRAFT, copy)
    assert caught.value.code == "waiver-copied"


def test_a_draft_is_read_strictly(tmp_path: Path) -> None:
    folder = tmp_path / "waivers"
    folder.mkdir()
    path = folder / "letters.yml"
    good = (
        "asset: letters\naccepts: V1\nreason: Because.\nrisk: It breaks.\n"
        "alternative: Wait.\nalternative_hours: 8\nends_on: 2026-11-23\n"
    )
    path.write_text(good)
    (read,) = load_waivers(tmp_path)
    assert (read.alternative_hours, read.ends_on) == (8.0, date(2026, 11, 23))
    path.write_text(good.replace("hours: 8", "hours: '7.5'"))
    assert load_waivers(tmp_path)[0].alternative_hours == 7.5
    for change, line in (
        (("asset: letters", "asset: others"), 1),
        (("alternative_hours: 8", "alternative_hours: 0"), 6),
        (("alternative_hours: 8", "alternative_hours: 7.5"), 6),
        (("accepts: V1", "accepts: V9"), 2),
        (("accepts: V1", "accepts: V6"), 2),
        (("reason: Because.", "reason: &a Because."), 3),
        (("ends_on: 2026-11-23", "ends_on: '2026-11-23'"), 7),
        (("risk: It breaks.", "risk: It\u200bbreaks."), 4),
        (("asset: letters", "asset: letters\nprice: 0"), 2),
    ):
        path.write_text(good.replace(*change))
        with pytest.raises(InputError) as caught:
            load_waivers(tmp_path)
        assert caught.value.code == "bad-waiver"
        assert f"line {line}" in caught.value.what, caught.value.what
    path.unlink()
    path.symlink_to(tmp_path / "elsewhere.yml")
    with pytest.raises(InputError):
        load_waivers(tmp_path)
    assert load_waivers(tmp_path / "nothing") == ()


def test_newcomer_all_that_a_waiver_may_accept_is_offered_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "letters.yml"
    path.write_text(
        "asset: letters\naccepts: V9\nreason: Because.\nrisk: It breaks.\n"
        "alternative: Wait.\nalternative_hours: 8\nends_on: 2026-11-23\n"
    )
    with pytest.raises(InputError) as caught:
        load_waiver(path)
    assert caught.value.remedy == "Write one of: 'none', 'V0', 'V1', 'V2', 'V3', 'V4' or 'V5'."


def test_the_example_in_the_template_would_be_accepted(tmp_path: Path) -> None:
    from sluis.scope.load import load_scope

    (tmp_path / "waivers").mkdir()
    example = TEMPLATE / "waivers" / "scanned-letters.yml.example"
    (tmp_path / "waivers" / "scanned-letters.yml").write_bytes(example.read_bytes())
    (read,) = load_waivers(tmp_path)
    scope = load_scope(TEMPLATE / "scope.yml").document
    when = START.replace(year=read.ends_on.year, month=read.ends_on.month, day=read.ends_on.day)
    assert check_waiver(read, scope, (), when).id == "scanned-letters"
    assert load_waivers(TEMPLATE) == ()


def test_scope_words_are_not_spoiled_by_support() -> None:
    assert scope_dict()["assets"][1]["id"] == DRAFT.asset


def test_a_waiver_needs_a_scope_and_no_plan(tmp_path: Path) -> None:
    bench = make_bench(tmp_path)
    empty = replace(bench, root=tmp_path / "elsewhere")
    with pytest.raises(InputError) as caught:
        propose_waiver(empty, bench.now)
    assert (caught.value.code, caught.value.remedy) == ("no-scope", "Run prepare first.")
    assert "scope" in caught.value.what
    found = propose_waiver(bench, bench.now)
    assert (found.plan, found.plan_object, found.scope.change) == (None, None, "CHG-1042")


def test_case_A10_a_copy_of_another_draft_or_of_what_was_signed_is_seen(tmp_path: Path) -> None:
    faxes = {**LETTERS, "id": "faxes", "name": "Faxes", "location": "/srv/faxes"}
    risk = {"id": "f", "asset": "faxes", "words": "Faxes can fade.", "we_do": "We look."}
    bench = make_bench(tmp_path, {"assets.2": faxes, "risks.2": risk})
    copy = draft(
        asset="faxes",
        risk=RISK.replace("scanned letters", "Faxes").replace("/srv/letters", "/srv/faxes"),
        reason=DRAFT.reason.replace("letters", "faxes"),
    )
    records = draft(
        asset="patient-records",
        reason="The database is so large that it cannot be restored before Friday evening.",
        risk="What doctors write into the patient records until Friday may have to be typed again.",
    )
    proposal = propose_waiver(bench, bench.now)
    with pytest.raises(InputError, match="waiver-copied"):
        build_waiver_request(proposal, copy, (DRAFT, records), now=bench.now)
    # what was signed counts beside the drafts
    ask(bench, DRAFT)
    signed = propose_waiver(bench, bench.now)
    with pytest.raises(InputError, match="waiver-copied"):
        build_waiver_request(signed, copy, (records,), now=bench.now)
    with pytest.raises(InputError, match="waiver-copied"):
        build_waiver_request(proposal, copy, (DRAFT,), now=bench.now)
    offer = build_waiver_request(signed, records, (copy,), now=bench.now)
    assert list(offer.texts) == ["waiver"]


def test_case_A10_a_waiver_that_is_taken_back_is_that_of_its_asset(tmp_path: Path) -> None:
    bench = make_bench(tmp_path)
    ask(bench, DRAFT)
    with pytest.raises(InputError) as caught:
        record_withdrawal(
            bench, name="A", role="b", remarks="", now=bench.now, asset="patient-records"
        )
    assert caught.value.code == "nothing-to-withdraw"
    assert list(waivers(bench.view(), bench.now)) == ["letters"]


@pytest.mark.parametrize("language", ["nl", "en"])
def test_case_A10_what_was_accepted_is_repeated_with_who_and_until_when(
    tmp_path: Path, language: Any
) -> None:
    bench = make_bench(tmp_path, {"language": language})
    ask(bench, DRAFT)
    shown = bench.view().of(Shown)[-1].body
    text = bench.objects.get(shown.documents["waivers"]).decode()
    ours, voice = Voice(language), Voice(language, SENTENCES)
    lines = text.split("\n")
    assert lines[0] == voice.say("waivers.title").upper()
    assert lines[1] == ""
    assert lines[2].startswith("- ")
    assert all(line.startswith("  ") and line[2] != " " for line in lines[3:-1])
    assert text.endswith("\n")
    assert not text.endswith("\n\n")
    flat = " ".join(text.split())
    level = voice.say(f"level.{DRAFT.accepts}")
    for part in (*SIGNER, level, DRAFT.risk, ours.day(DRAFT.ends_on)):
        assert " ".join(part.split()) in flat, part
    assert "XX" not in text
