from __future__ import annotations

import io
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from rich.console import Console

from sluis.cli.show_outcome import show_outcome
from sluis.dossier.outcome import Outcome, in_short, outcome
from sluis.evidence.canonical import canonical
from sluis.evidence.chain import Problem
from sluis.evidence.objects import ObjectStore
from sluis.evidence.predicates import Behind, Body, NotUndone, Plan, Reason, Refusal, Scope, Step
from sluis.gate.restores import WHY_LESS
from sluis.plan.behind import behind_list
from sluis.plan.model import BehindOf
from support.outcomes import (
    BEGIN,
    HOSTS,
    NOW,
    PLAN,
    SCOPE,
    ZERO,
    check,
    done,
    handover,
    laid_down,
    material,
    permit,
    refusal,
    shown,
    signoff,
    snapshot_of,
    step,
    whole_story,
)
from support.scopes import CHANGE, CLIENT

SIGNED: list[Body] = [*laid_down(), shown(), signoff(3)]
GONE = Problem("removed", "000002.json", "A statement is missing.", "Put it back.")


def test_the_whole_story_is_applied_and_verified():
    for asked in ("apply", "status"):
        found = outcome(material(whole_story()), NOW, asked=asked)  # type: ignore[arg-type]
        assert (found.state, found.exit_status, found.missing) == ("applied and verified", 0, ())
    assert found.head == f"{len(whole_story()):064x}"
    assert [line.state for line in found.steps] == ["done", "done", "open"]
    assert found.signoff is not None
    assert found.signoff.stands


@pytest.mark.parametrize("missing", range(len(whole_story())))
def test_without_any_one_statement_it_is_not_applied(missing: int):
    story = whole_story()
    del story[missing]
    for asked in ("apply", "status", "prepare"):
        found = outcome(material(story), NOW, asked=asked)  # type: ignore[arg-type]
        assert found.state != "applied and verified"
        assert found.exit_status != 0
        assert found.missing


def test_an_applied_change_stays_applied_after_the_signoff_ended():
    found = outcome(material(whole_story()), NOW + timedelta(days=700))
    assert found.state == "applied and verified"
    assert found.signoff is not None
    assert not found.signoff.stands


def test_nothing_done_is_not_applied_whatever_ansible_said():
    found = outcome(material([*SIGNED, permit()]), NOW, asked="apply", since=4, ended_well=True)
    assert (found.state, found.exit_status) == ("failed", 1)
    found = outcome(material([]), NOW, asked="apply", ended_well=True)
    assert (found.state, found.exit_status) == ("failed", 1)


def test_prepared_and_unsigned_awaits_the_client():
    for asked in ("prepare", "status"):
        found = outcome(material(laid_down()), NOW, asked=asked)  # type: ignore[arg-type]
        assert (found.state, found.exit_status) == ("awaiting sign-off", 75)
        assert "sluis sign practice CHG-1042" in found.next


def test_prepare_that_laid_nothing_down_failed():
    assert outcome(material([]), NOW, asked="prepare").state == "failed"
    assert outcome(material([]), NOW, asked="status").state == "not prepared"


def test_a_run_that_ended_badly_can_only_make_it_worse():
    found = outcome(material(laid_down()), NOW, asked="prepare", ended_well=False)
    assert (found.state, found.exit_status) == ("failed", 1)
    assert outcome(material(whole_story()), NOW, asked="apply", ended_well=False).exit_status == 0


def test_apply_before_the_signoff_is_refused():
    story = [*laid_down(), refusal("awaiting-signoff")]
    found = outcome(material(story), NOW, asked="apply", since=2, ended_well=False)
    assert (found.state, found.exit_status) == ("refused", 77)
    assert found.refusals[0].reasons[0].code == "awaiting-signoff"
    assert found.next.startswith("Ask the client to sign: sluis sign practice CHG-1042, or ")
    # looked at later, the client is still asked for an answer
    assert outcome(material(story), NOW).state == "awaiting sign-off"


def test_an_old_refusal_is_not_this_runs_refusal():
    story = [*SIGNED, refusal(), permit()]
    found = outcome(material(story), NOW, asked="apply", since=5)
    assert found.state == "failed"
    assert found.refusals == ()


def test_a_refusal_after_a_step_is_a_refusal_and_the_step_shows():
    story = [*SIGNED, permit(), *done("install", "h1"), refusal("signoff-withdrawn")]
    found = outcome(material(story), NOW, asked="apply", since=4)
    assert found.state == "refused"
    assert [line.state for line in found.steps] == ["done", "open", "open"]


def test_an_applied_change_that_is_applied_again_is_still_applied():
    story = [*whole_story(), refusal("change-closed")]
    found = outcome(material(story), NOW, asked="apply", since=len(story) - 1, ended_well=False)
    assert (found.state, found.exit_status) == ("applied and verified", 0)
    assert found.refusals[0].reasons[0].code == "change-closed"
    story[-1] = refusal("tree-changed")
    assert outcome(material(story), NOW, asked="apply", since=11).state == "refused"
    story = [*whole_story()[:-1], handover("failed"), refusal("change-closed")]
    assert outcome(material(story), NOW, asked="apply", since=11).state == "refused"


def test_a_refusal_with_later_steps_is_not_the_last_word():
    story = [*SIGNED, refusal(), permit(), *done("install", "h1")]
    assert outcome(material(story), NOW, asked="apply", since=4).state == "failed"
    assert outcome(material(story), NOW).state == "not finished"


def test_signed_and_refused_for_another_reason_shows_as_refused():
    assert outcome(material(SIGNED), NOW).state == "signed"
    assert outcome(material([*SIGNED, refusal()]), NOW).state == "refused"
    assert outcome(material([*SIGNED, refusal(), *laid_down()[1:]]), NOW).state == "signed"


def test_signed_is_waiting_and_not_success():
    assert outcome(material(SIGNED), NOW).exit_status == 75


def test_the_clients_no_is_a_refusal():
    found = outcome(material([*laid_down(), shown(), signoff(3, "no")]), NOW)
    assert (found.state, found.exit_status) == ("refused", 77)
    found = outcome(material([*SIGNED, signoff(3, "withdrawn")]), NOW)
    assert found.state == "awaiting sign-off"


@pytest.mark.parametrize("asked", ["status", "prepare", "apply"])
def test_F12_after_the_clients_no_an_old_refusal_is_not_the_next_thing(asked: str):
    """An apply was refused before the client was asked; then they said no."""
    no = signoff(3, "no").model_copy(update={"remarks": "Not during the holidays."})
    story = [*laid_down(), shown(), refusal("level-too-low"), no]
    since = 4 if asked == "apply" else 0
    if asked == "apply":
        story.append(
            refusal("level-too-low").model_copy(
                update={
                    "reasons": (
                        *refusal("level-too-low").reasons, *refusal("signoff-refused").reasons,
                    )
                }
            )
        )  # fmt: skip
    found = outcome(material(story), NOW, asked=asked, since=since)  # type: ignore[arg-type]
    assert (found.state, found.exit_status) == ("refused", 77)
    assert "A. Client said no" in found.next
    assert "Not during the holidays." in found.next
    assert "Run prepare again." not in found.next
    screen = _screen(found)
    assert "A. Client said no, and wrote: Not during the holidays." in screen
    assert ("level-too-low" in screen) is (asked == "apply"), "only what was refused since"


@pytest.mark.parametrize(
    ("remedy", "next_one"),
    [
        ("Run prepare first.", "Run prepare first: sluis prepare practice CHG-1042."),
        (
            "Run prepare again; it is then fetched again.",
            (
                "Run prepare again; it is then fetched again. The command: sluis prepare practice "
                "CHG-1042."
            ),
        ),
        ("Apply again.", "Apply again: sluis apply practice CHG-1042."),
        ("First: sluis prepare practice CHG-1.", "First: sluis prepare practice CHG-1."),
        ("Remove that file.", "Remove that file."),
    ],
)
def test_F12_what_is_next_after_a_refusal_can_be_pasted(remedy: str, next_one: str):
    why = refusal("no-plan").reasons[0].model_copy(update={"remedy": remedy})
    story = [*laid_down(), shown(), refusal("no-plan").model_copy(update={"reasons": (why,)})]
    assert outcome(material(story), NOW, asked="apply").next == next_one


def test_F12_a_no_to_an_earlier_plan_says_nothing_about_this_one():
    other = signoff(3, "no").model_copy(update={"plan_object": "4" * 64})
    found = outcome(material([*laid_down(), shown(), other]), NOW)
    assert found.state == "awaiting sign-off"


def test_F12_a_yes_after_the_no_is_a_yes():
    found = outcome(material([*laid_down(), shown(), signoff(3, "no"), signoff(3)]), NOW)
    assert found.state == "signed"


def test_newcomer_the_log_is_not_pointed_to_where_the_error_itself_is_said() -> None:
    for asked in ("prepare", "apply"):
        for told in (False, True):
            found = outcome(material([]), NOW, asked=asked, ended_well=False, told=told)
            assert ("log" in found.next) is not told
            assert f"sluis {asked} practice CHG-1042" in found.next


@pytest.mark.parametrize("code", ["awaiting-signoff", "signoff-withdrawn", "signoff-expired"])
def test_newcomer_an_apply_that_nobody_signed_says_how_to_ask(code: str) -> None:
    """The subject of the sentence was a digest, and what to do had no command."""
    unsigned = refusal(code).reasons[0].model_copy(update={"about": "3" * 64})
    story = [*laid_down(), shown(), refusal("x").model_copy(update={"reasons": (unsigned,)})]
    found = outcome(material(story), NOW, asked="apply")
    assert found.state == "refused"
    assert found.next == (
        "Ask the client to sign: sluis sign practice CHG-1042, or sluis request practice CHG-1042."
    )
    assert found.refusals[-1].reasons[0].about == "3" * 64
    screen = _screen(found)
    assert f"refused ({code}): {unsigned.sentence}" in screen


def _screen(found: Outcome) -> str:
    console = Console(file=io.StringIO(), width=300)
    show_outcome(console, found)
    return console.file.getvalue()


def test_a_step_started_after_the_signoff_was_withdrawn_is_never_applied():
    story = whole_story()
    story.insert(7, signoff(3, "withdrawn"))
    found = outcome(material(story), NOW, asked="apply")
    assert found.state == "failed"
    assert any("sign-off that stood" in sentence for sentence in found.missing)


def test_a_step_started_after_the_signoff_ended_is_never_applied():
    story = whole_story()
    story[3] = signoff(3, hours=0.1)  # the steps start on the sixth minute
    found = outcome(material(story), NOW, asked="apply")
    assert found.state == "failed"


def test_signed_anew_half_way_is_applied():
    story = whole_story()
    story[7:7] = [signoff(3, "withdrawn"), signoff(3)]
    assert outcome(material(story), NOW, asked="apply").state == "applied and verified"


def test_another_call_under_the_same_name_does_not_count():
    story = whole_story()
    other = step("install", "h1", "started").model_copy(update={"call_sha256": "1" * 64})
    story[5] = other
    found = outcome(material(story), NOW, asked="apply")
    assert found.state == "failed"


def test_a_step_that_may_have_half_run_is_named_with_the_command():
    story = [*SIGNED, permit(), step("install", "h1", "started")]
    found = outcome(material(story), NOW, asked="apply")
    assert found.state == "failed"
    assert "sluis judge practice CHG-1042 install --host h1" in found.next
    assert outcome(material(story), NOW).state == "not finished"


def test_judged_as_done_counts_and_judged_to_run_again_does_not():
    story = whole_story()
    story[6] = step("install", "h1", "judged", "counts as done")
    assert outcome(material(story), NOW, asked="apply").state == "applied and verified"
    story[6] = step("install", "h1", "judged", "run again")
    found = outcome(material(story), NOW, asked="apply")
    assert found.state == "failed"
    assert found.steps[0].state == "open"


def test_a_step_that_is_to_be_run_again_has_begun() -> None:
    """*signed* means that nothing has started."""
    started, again = step("install", "h1", "started"), step("install", "h1", "judged", "run again")
    assert outcome(material([*SIGNED, permit()]), NOW).state == "signed"
    assert outcome(material([*SIGNED, permit(), started, again]), NOW).state == "not finished"


def test_a_judgement_about_a_step_that_never_started_is_worth_nothing():
    story = whole_story()
    story[5:7] = [step("install", "h1", "judged", "counts as done")]
    assert outcome(material(story), NOW, asked="apply").state == "failed"


@pytest.mark.parametrize("passed", [False, None])
def test_a_check_that_did_not_pass_or_was_not_made(passed: bool | None):
    story = whole_story()
    story[9] = check(passed)
    found = outcome(material(story), NOW, asked="apply")
    assert found.state == "failed"
    assert found.checks[0].state == ("not passed" if passed is False else "not made")
    if passed is False:
        assert "begun with: sluis new practice --change CHG-1042-back" in found.next
    else:
        assert "could not be made" in outcome(material(story[:10]), NOW, asked="apply").next


def test_A4_the_next_step_after_a_move_speaks_of_no_restore() -> None:
    story = whole_story()
    story[9] = check(False)
    for told, said in ((story, "sluis prepare practice"), (story[:10], "sluis apply practice")):
        made = material(told)
        assert made.plan is not None
        move = made.plan.model_copy(update={"playbook": "tenant_migration.yml"})
        found = outcome(replace(made, plan=move), NOW, asked="apply")
        assert said in found.next
        assert "-back" not in found.next
        assert "restore" not in found.next


def test_a_check_from_before_the_last_step_does_not_count():
    story = whole_story()
    story[9], story[8] = story[8], story[9]
    assert outcome(material(story), NOW, asked="apply").checks[0].state == "not made"


def test_failed_and_restored():
    story = [
        *SIGNED, permit(), step("install", "h1", "started"), step("install", "h1", "failed"),
        *done("restore", "h1"), handover("failed and restored"),
    ]  # fmt: skip
    found = outcome(material(story), NOW, asked="apply")
    assert (found.state, found.exit_status) == ("failed and restored", 1)


def _put_back(checked: bool | None) -> list[Body]:
    """The plan of these tests with checks after the way back; one step was not undone."""
    left = NotUndone(step="install", host="h2", name="Do install", sentence="The log stays.")
    return [
        *SIGNED, permit(), *done("install", "h1"), *done("install", "h2"), check(False),
        *done("restore", "h1"), check(checked),
        handover("failed, data restored").model_copy(
            update={"not_undone": (left,), "after_way_back": "passed"}
        ),
    ]  # fmt: skip


def test_F6_what_was_not_undone_is_in_the_document_and_on_the_screen():
    both = PLAN.checks[0].model_copy(update={"after": "both"})
    plan = PLAN.model_copy(update={"checks": (both,)})
    found = outcome(material(_put_back(True), plan=plan), NOW, asked="apply")
    assert (found.state, found.exit_status) == ("failed, data restored", 1)
    data = found.model_dump(mode="json")
    assert data["handover"]["not_undone"][0]["sentence"] == "The log stays."
    assert [(line.after, line.state) for line in found.checks] == [
        ("change", "not passed"), ("way back", "passed"),
    ]  # fmt: skip
    screen = _screen(found)
    assert "not undone: install on h2 (Do install): The log stays." in screen
    assert "(after the way back) The port answers" in screen
    assert "not undone" in found.next


@pytest.mark.parametrize("checked", [False, None])
def test_F6_a_check_after_the_way_back_is_shown_as_it_came_out(checked: bool | None):
    both = PLAN.checks[0].model_copy(update={"after": "both"})
    plan = PLAN.model_copy(update={"checks": (both,)})
    found = outcome(material(_put_back(checked), plan=plan), NOW, asked="apply")
    state = "not passed" if checked is False else "not made"
    assert found.checks[-1].state == state
    about = f"Check {both.check} on {both.host}"
    assert [said for said in found.missing if said.startswith(about)] == [
        f"{about}: not passed.", f"{about} after the way back: {state}.",
    ]  # fmt: skip


def test_F6_what_is_next_after_a_way_back_is_what_went_wrong():
    """Nothing is said to be left undone when everything was undone."""
    both = PLAN.checks[0].model_copy(update={"after": "both"})
    plan = PLAN.model_copy(update={"checks": (both,)})

    def next_after(checked: bool | None, *, undone: bool) -> str:
        story = _put_back(checked)
        if undone:
            story[-1] = story[-1].model_copy(update={"not_undone": ()})
        return outcome(material(story, plan=plan), NOW, asked="apply").next

    not_made, not_passed = next_after(None, undone=True), next_after(False, undone=True)
    assert "not undone" not in not_made + not_passed
    about = f"{both.check} on {both.host}"
    assert not_made.startswith(f"The check {about} could not be made")
    assert "sluis check practice CHG-1042 tries every sql check" in not_made
    assert not_passed.startswith(f"Find out why the check {about} did not pass after the way back")
    assert next_after(True, undone=False).startswith("Settle by hand what was not undone")
    both_wrong = next_after(None, undone=False)
    assert both_wrong.startswith("Settle by hand what was not undone")
    assert f"The check {about} could not be made" in both_wrong
    for said in (not_made, not_passed, both_wrong):
        assert said.endswith("then prepare again: sluis prepare practice CHG-1042.")


def test_F6_a_check_for_after_the_way_back_is_not_asked_of_a_change_that_went_well():
    after = PLAN.checks[0].model_copy(update={"check": "old", "after": "way_back"})
    plan = PLAN.model_copy(update={"checks": (*PLAN.checks, after)})
    found = outcome(material(whole_story(), plan=plan), NOW, asked="apply")
    assert found.state == "applied and verified"


def test_what_a_failed_steps_program_said_is_shown(tmp_path: Path):
    kept = ObjectStore(tmp_path).put(
        canonical({"last_lines": ["psql: ERROR: no room", "\u001b[2J"]})
    )
    failed = step("install", "h1", "failed").model_copy(
        update={"detail": "non-zero return code (rc 3)", "result_object": kept}
    )
    story = [*SIGNED, permit(), step("install", "h1", "started"), failed]
    found = outcome(replace(material(story), dossier=tmp_path), NOW, asked="apply")
    assert found.steps[0].said[0] == "psql: ERROR: no room"
    screen = _screen(found)
    assert "install on h1 wrote: psql: ERROR: no room" in screen
    assert "\x1b" not in screen
    # erased: it is gone from the screen, and the step is as failed as before
    ObjectStore(tmp_path).erase(kept)
    again = outcome(replace(material(story), dossier=tmp_path), NOW, asked="apply")
    assert (again.steps[0].state, again.steps[0].said) == ("failed", ())


def test_the_way_back_after_everything_was_done_is_never_applied():
    story = whole_story()
    story[10:10] = done("restore", "h1")
    assert outcome(material(story), NOW, asked="apply").state == "failed"


def test_something_done_after_the_handover():
    story = [*whole_story(), *done("install", "h1")]
    assert outcome(material(story), NOW, asked="apply").state == "failed"


def test_a_prepare_that_fails_is_not_what_became_of_the_plan_before() -> None:
    story = [*whole_story()[:-1], handover("failed and restored")]
    assert outcome(material(story), NOW).state == "failed and restored"
    again = outcome(material(story), NOW, asked="prepare", ended_well=False)
    assert again.state == "failed"


@pytest.mark.parametrize("ended", ["failed", "lost"])
def test_newcomer_a_prepare_that_fails_after_the_way_back_sends_nobody_to_judge(ended: str) -> None:
    """Judging a plan that was handed over is refused, and says: prepare. That would be a circle."""
    story = [
        *SIGNED, permit(), step("install", "h1", "started"), step("install", "h1", ended),
        *done("restore", "h1"), handover("failed and restored"),
    ]  # fmt: skip
    again = outcome(material(story), NOW, asked="prepare", ended_well=False)
    assert again.state == "failed"
    assert "judge" not in again.next
    assert "Put right what stopped the run" in again.next
    assert "sluis prepare practice CHG-1042" in again.next


def test_newcomer_what_was_handed_over_as_failed_and_judged_goes_on() -> None:
    failed = [*SIGNED, permit(), step("install", "h1", "started"), step("install", "h1", "failed")]
    closed = [*failed, handover("failed")]
    found = outcome(material(closed), NOW)
    assert found.state == "failed"
    assert "sluis judge practice CHG-1042 install --host h1" in found.next
    judged = step("install", "h1", "judged").model_copy(update={"judgement": "run again"})
    found = outcome(material([*closed, judged]), NOW)
    assert (found.state, found.next) == (
        "not finished", "Go on where it stopped: sluis apply practice CHG-1042.",
    )  # fmt: skip
    rest = [*whole_story()[len(SIGNED) + 1 :]]
    assert outcome(material([*closed, judged, *rest]), NOW).state == "applied and verified"


def test_newcomer_a_check_that_failed_before_the_hand_over_as_failed_can_be_made_again() -> None:
    story = [*whole_story()[:-2], check(False), handover("failed")]
    found = outcome(material(story), NOW)
    assert found.state == "failed"
    assert "then go on with: sluis apply practice CHG-1042" in found.next


def test_the_same_plan_laid_down_again_starts_afresh():
    story = [*whole_story()[:-1], handover("failed and restored"), *laid_down()[1:]]
    found = outcome(material(story), NOW)
    # the yes was for what has been put back since: the gate asks for a new one
    assert found.state == "awaiting sign-off"
    assert found.signoff is not None
    assert found.signoff.why_not is not None
    assert found.signoff.why_not.code == "signoff-used"
    assert {line.state for line in found.steps} == {"open"}


def test_steps_of_another_plan_do_not_count():
    story = [
        body.model_copy(update={"plan_object": "2" * 64}) if isinstance(body, Step) else body
        for body in whole_story()
    ]
    assert outcome(material(story), NOW, asked="apply").state == "failed"


def test_another_scope_after_the_plan():
    other = Scope(scope_object="3" * 64, source_object=ZERO, assets=())
    for story in ([*laid_down(), other], [*whole_story(), other]):
        found = outcome(material(story), NOW)
        assert found.state == "not prepared"
        assert outcome(material(story), NOW, asked="apply").state == "failed"


def test_a_plan_without_steps_is_never_applied():
    empty = PLAN.model_copy(update={"steps": (), "checks": ()})
    plan = Plan(plan_object=empty.digest(), scope_object=SCOPE.digest(), tree_sha256=ZERO,
                steps=0, hosts=HOSTS)  # fmt: skip
    story = [laid_down()[0], plan, handover().model_copy(update={"plan_object": empty.digest()})]
    assert outcome(material(story, plan=empty), NOW, asked="apply").state == "failed"


def test_a_ledger_that_does_not_hold_proves_nothing():
    found = outcome(material(whole_story(), problems=(GONE,)), NOW, asked="apply")
    assert (found.state, found.exit_status) == ("does not hold", 1)
    assert found.problems[0].code == "removed"
    found = outcome(material([*SIGNED, refusal()], problems=(GONE,)), NOW, asked="apply", since=4)
    assert found.state == "refused"


def test_a_plan_that_cannot_be_read_is_no_plan():
    found = outcome(material(whole_story(), plan=None), NOW, asked="apply")
    assert found.state == "failed"
    assert "missing, altered or unreadable" in found.missing[0]


def test_the_document_is_plain_json():
    data = outcome(material(whole_story()), NOW).model_dump(mode="json")
    assert data["schema_version"] == 1
    assert data["signoff"]["signed_at"] == (BEGIN + timedelta(minutes=4)).isoformat().replace(
        "+00:00", "Z"
    )


def test_newcomer_of_what_stays_behind_it_is_said_what_it_is(tmp_path: Path) -> None:
    """Four lines about people are no four files, and not the six rights that the run counts."""
    objects = ObjectStore(tmp_path)
    now = behind_list(
        "drive",
        [("Anna (anna@old.example)", "unmapped-principal"), ("b", "unmapped-principal"),
         ("CON", "name-refused"), ("x.txt: b", "right-not-givable"),
         ("x.txt", "narrower-rights")],
    )  # fmt: skip
    signed = behind_list("drive", [("Anna (anna@old.example)", "unmapped-principal")])
    kept = [objects.put(one.to_bytes()) for one in (now, signed)]
    body = Behind(asset="drive", export=ZERO, items=5, list_object=kept[0])
    read = material([*laid_down(), body])
    assert read.plan is not None
    of = BehindOf(asset="drive", items=1, list_sha256=kept[1])
    read = replace(read, dossier=tmp_path, plan=read.plan.model_copy(update={"behind": (of,)}))
    found = outcome(read, NOW)
    (line,) = found.stays_behind
    assert line.kinds == {"access": 1, "item": 1, "open": 1, "person": 2}
    assert line.planned_kinds == {"person": 1}
    assert (
        "drive: 1 file or folder (0 in the plan); 1 item that more people may reach than now "
        "(0 in the plan); 2 people, groups or links that get no rights "
        "(1 in the plan); 1 right that cannot be given (0 in the plan)"
    ) in screen(found)
    objects.path(kept[0]).unlink()
    found = outcome(read, NOW)
    assert found.stays_behind[0].kinds == {}
    assert "drive: 5 things now, 1 in the plan; the lists of them cannot be read" in screen(found)


def screen(found: Outcome) -> str:
    out = io.StringIO()
    show_outcome(Console(file=out, width=400), found)
    return out.getvalue()


@pytest.mark.parametrize("does_more", [False, True])
def test_newcomer_why_less_is_asked_of_what_is_put_back_stands_in_status(does_more: bool):
    """ "asked V6, proven V5" was let through of a restore, and refused of an update."""
    asset = SCOPE.assets[0]
    base = PLAN.steps[-1]
    halves = [
        base.model_copy(
            update={
                "step": f"{what}-{asset.id}", "host": asset.host, "module": f"asset_{what}",
                "args": {"asset": asset.id, "reached": "V6"}, "way_back": False,
            }
        )
        for what in ("restore", "swap")
    ]  # fmt: skip
    plan = PLAN.model_copy(update={"steps": (*halves, *(PLAN.steps[:1] if does_more else ()))})
    found = outcome(material(SIGNED, plan=plan), NOW, asked="status")
    (line,) = [one for one in found.assets if one.asset == asset.id]
    screen, short = " ".join(_screen(found).split()), " ".join(in_short(found))
    if does_more:
        assert (line.required, line.asks_less) == ("V6", "")
        assert WHY_LESS not in screen + short
        return
    assert (line.required, line.asks_less) == ("V3", f"V3 and not V6: {WHY_LESS}")
    assert f"asked of {asset.id}: V3 and not V6: {WHY_LESS}." in screen
    assert f"V3 is asked (V3 and not V6: {WHY_LESS})" in short


def test_newcomer_a_change_half_done_whose_yes_ended_is_signed_again_first() -> None:
    half = [*SIGNED, permit(), *done("install", "h1")]
    go_on = "Go on where it stopped: sluis apply practice CHG-1042."
    assert outcome(material(half), NOW).next == go_on
    late = outcome(material(half), NOW + timedelta(hours=49))
    back = outcome(material([*half, signoff(3, "withdrawn")]), NOW)
    for found in (late, back):
        assert found.state == "not finished"
        assert found.next.startswith("Ask the client to sign: sluis sign practice CHG-1042, or ")
        assert found.next.endswith("Then go on where it stopped: sluis apply practice CHG-1042.")


def test_newcomer_a_run_that_is_refused_at_once_is_refused_whatever_the_one_before_left() -> None:
    """A failed change is handed over as failed once more, and that is no progress."""
    before = [
        *SIGNED, permit(), step("install", "h1", "started"), step("install", "h1", "failed"),
        handover("failed"),
    ]  # fmt: skip
    since = len(before)
    story = [*before, refusal("tree-changed"), handover("failed")]
    found = outcome(material(story), NOW, asked="apply", since=since, ended_well=False)
    assert (found.state, found.exit_status) == ("refused", 77)
    assert "sluis prepare practice CHG-1042" in found.next
    # a run that began a step and was refused later has failed
    began = [*before, *done("install", "h2"), refusal("tree-changed"), handover("failed")]
    found = outcome(material(began), NOW, asked="apply", since=since, ended_well=False)
    assert found.state == "failed"


@pytest.mark.parametrize(
    "sentence", ["files-one: 3 items could be seen.", "3 items could be seen."]
)
def test_newcomer_a_refusal_names_what_it_is_about_once(sentence: str) -> None:
    why = Reason(code="narrower-rights", about="files-one", sentence=sentence, remedy="Say so.")
    story = [*laid_down(), Refusal(hosts=("h1",), reasons=(why,))]
    shown = screen(outcome(material(story), NOW, asked="prepare"))
    assert "refused (narrower-rights): files-one: 3 items could be seen." in shown


@pytest.mark.parametrize("told", [True, False])
@pytest.mark.parametrize("begun", [True, False])
def test_newcomer_after_a_run_that_made_a_copy_and_did_not_prove_it_prepare_is_next(
    told: bool, begun: bool
):
    """ "Then: sluis apply" was refused (not-verified) by what the broken run itself had made."""
    asset = SCOPE.assets[0]
    story: list[Body] = [*laid_down(), shown(), signoff(3), permit()]
    story += done("install", "h1") if begun else []
    proven = outcome(material(story), NOW, asked="apply", since=5, ended_well=False, told=told)
    assert proven.next.endswith(f"then: sluis apply {CLIENT} {CHANGE}.")
    assert "sluis prepare" not in proven.next
    story.append(snapshot_of(asset).model_copy(update={"purpose": "catch-up"}))
    found = outcome(material(story), NOW, asked="apply", since=5, ended_well=False, told=told)
    assert (found.state, found.exit_status) == ("failed", 1)
    assert "sluis apply" not in found.next
    assert (
        f"and have the newest snapshot of {asset.id} proven: sluis prepare {CLIENT} {CHANGE}."
    ) in found.next
    assert ("as said here" in found.next) == told
