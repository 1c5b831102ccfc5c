"""The end of a change: applied only when all is there, restored only when all is back."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from ansible.utils.display import Display

from sluis.border.verbs.service_check import Result
from sluis.errors import EvidenceError, RefusedError
from sluis.evidence.canonical import canonical
from sluis.evidence.ledger import Ledger
from sluis.evidence.predicates import (
    Body,
    Check,
    Export,
    Handover,
    Machine,
    Permit,
    Plan,
    Reason,
    Refusal,
    Scope,
    Step,
    Timestamp,
)
from sluis.plan.model import PlanDocument, PlannedCheck, PlanStep
from sluis.runbook.checks import not_passed, record_checks
from sluis.runbook.handover import (
    give_up,
    hand_over,
    handed_over_before,
    missing_from,
    way_back,
)
from sluis.runbook.judgement import Judgement, read_evidence
from sluis.runbook.run import RUN_ID, OpenDossier
from sluis.runbook.undone import Aftermath, aftermath
from sluis.tenant.tenant_manifest import SEALED
from support.dossiers import Made, make
from support.evidence_made import EMPTY, NOW, scope, step

STAYS = "The supplier's log stays on the server."


def swap(asset: str, host: str) -> PlanStep:
    return step(
        f"swap-{asset}", host, "192.0.2.1", module="asset_swap", args={"asset": asset},
        way_back=True,
    )  # fmt: skip


#: on two hosts: a step in an asset, one that a step of the way back undoes, one that stays
STEPS = (
    step("migrate", "h1", "192.0.2.1", inside=("files-one",)),
    step("package", "h1", "192.0.2.1"),
    step("package", "h2", "192.0.2.2"),
    step("log", "h2", "192.0.2.2", stays=STAYS),
    swap("files-one", "h1"),
    swap("files-two", "h2"),
    step("old-package", "h1", "192.0.2.1", way_back=True, undoes=("package",)),
    step("old-package", "h2", "192.0.2.2", way_back=True, undoes=("package",)),
)
CHECKS = (
    PlannedCheck(check="new", host="h1", what="It answers as 5.1"),
    PlannedCheck(check="old", host="h1", what="It answers as 5.0", after="way_back"),
    PlannedCheck(check="rows", host="h2", what="Every patient is there", after="both"),
)


class Story:
    """A change of which the plan was laid down, in a real dossier."""

    def __init__(
        self,
        root: Path,
        steps: tuple[PlanStep, ...] = STEPS,
        checks: tuple[PlannedCheck, ...] = CHECKS,
        **scope_fields: Any,
    ) -> None:
        self.made: Made = make(root)
        document = scope(**scope_fields)
        self.plan = PlanDocument(
            client="acme", change="CHG-1", playbook="update.yml", tree_sha256=EMPTY,
            scope_object=self.made.objects.put(document.to_bytes()), hosts=("h1", "h2"),
            steps=steps, checks=checks,
        )  # fmt: skip
        self.plan_object = self.made.objects.put(self.plan.to_bytes())
        self.tell(
            Scope(
                scope_object=self.plan.scope_object,
                source_object=self.plan.scope_object,
                assets=tuple(asset.id for asset in document.assets),
            )
        )
        self.lay_down()

    def lay_down(self) -> None:
        self.tell(
            Plan(
                plan_object=self.plan_object, scope_object=self.plan.scope_object,
                tree_sha256=EMPTY, steps=len(self.plan.steps), hosts=("h1", "h2"),
            )
        )  # fmt: skip

    def tell(self, *bodies: Body) -> None:
        for body in bodies:
            self.made.append(body)

    def step(self, name: str, host: str, *states: str, **more: Any) -> None:
        for state in states:
            self.tell(
                Step.model_validate(
                    {
                        "step": name, "host": host, "state": state,
                        "plan_object": self.plan_object, "call_sha256": EMPTY, **more,
                    }
                )
            )  # fmt: skip

    def do(self, *steps: PlanStep) -> None:
        for item in steps:
            self.step(item.step, item.host, "started", "done")

    def check(self, name: str, host: str, passed: bool | None) -> None:
        self.tell(Check(check=name, host=host, what="It", passed=passed, detail="said so"))

    def dossier(self) -> OpenDossier:
        made = self.made
        return OpenDossier(made.dossier, made.ledger, made.objects, made.anchors, made.key)

    def missing(self) -> list[str]:
        return missing_from(self.made.read(), self.plan, self.plan_object)

    def aftermath(self) -> Aftermath:
        return aftermath(self.made.read(), self.plan, self.plan_object)

    def left(self) -> list[tuple[str, str]]:
        found = give_up(self.dossier())
        return [(item.step, item.host) for item in found.not_undone]


@pytest.fixture
def story(tmp_path: Path) -> Story:
    return Story(tmp_path)


def test_T11_a_check_from_before_the_last_step_does_not_count(story: Story) -> None:
    forward = story.plan.forward
    story.do(*forward[:-1])
    story.check("new", "h1", True)
    story.check("rows", "h2", True)
    story.do(forward[-1])
    missing = story.missing()
    assert len(missing) == 2
    assert all("not made" in sentence for sentence in missing)
    assert not_passed(story.made.read(), story.plan, story.plan_object) == missing
    with pytest.raises(RefusedError) as refused:
        hand_over(story.dossier())
    assert refused.value.code == "not-complete"
    story.check("new", "h1", True)
    story.check("rows", "h2", True)
    assert story.missing() == []
    assert hand_over(story.dossier()).result == "applied"


def test_what_stayed_behind_is_said_at_the_hand_over(story: Story) -> None:
    story.do(*story.plan.forward)
    story.check("rows", "h2", True)
    for left in (3, 15):  # the newest one counts
        result = story.made.objects.put(
            canonical(
                {
                    "left_out_in_all": left,
                    "rights_left_in_all": 2,
                    # two rights of one: the signed list has one line of that person
                    "rights_left": [{"principal": "a@old.example"}] * 2,
                }
            )
        )
        check = Check(
            check="new", host="h1", what="It", passed=True, detail="", result_object=result
        )
        story.tell(check)
    said = hand_over(story.dossier()).sentence
    assert said == (
        "All 4 steps were done and all 2 checks passed."
        " 15 items stayed behind; what new found names them."
        " 2 rights were not given, as signed (of 1 person, group or link);"
        " what new found names them."
    )


def test_what_a_label_encrypted_is_said_at_the_hand_over(story: Story) -> None:
    asset, at = "files-one", NOW
    story.do(*story.plan.forward)
    for check in (("new", "h1"), ("rows", "h2")):
        story.check(*check, True)
    for left in (
        (f"{SEALED}: Team: 9 of them",),
        ("quota: Team: none", f"{SEALED}: Team: 2 of them"),
    ):
        story.tell(
            Export(
                asset=asset, origin={}, machine=Machine(host="h1", target="ssh://h1"),
                pass_number=1, started_at=at, finished_at=at, items=2, bytes=1, complete=True,
                checks={}, not_had=0, manifest_object="a" * 64, changes_object="a" * 64,
                left_out=left,
            )
        )  # fmt: skip
    said = hand_over(story.dossier()).sentence
    assert said.endswith(f" {asset}: {SEALED}: Team: 2 of them")
    assert "quota" not in said


@pytest.mark.parametrize("full", ["timestamp", "disk after the hand-over"])
def test_T11_what_fails_after_the_hand_over_was_recorded_does_not_undo_it(
    story: Story, monkeypatch: pytest.MonkeyPatch, full: str
) -> None:
    """The disk is full: the ledger says applied, and so does the run."""
    story.do(*story.plan.forward)
    story.check("new", "h1", True)
    story.check("rows", "h2", True)
    real = Ledger.append

    def append(self: Ledger, body: Body, **more: Any) -> Any:
        if isinstance(body, Handover) and full != "timestamp":
            real(self, body, **more)
            raise EvidenceError("not-settled", "The disk failed right after.", "Look at it.")
        if isinstance(body, Timestamp):
            raise EvidenceError("cannot-write", "No space left on device.", "Make room.")
        return real(self, body, **more)

    monkeypatch.setattr(Ledger, "append", append)
    warned: list[str] = []
    monkeypatch.setattr(Display, "warning", lambda self, text, **_: warned.append(text))
    assert hand_over(story.dossier()).result == "applied"
    assert "No space left on device." in warned[-1]
    assert len(warned) == (1 if full == "timestamp" else 2)
    assert all("The hand-over is recorded: applied." in text for text in warned)
    last = story.made.read().latest(Handover)
    assert last is not None
    assert last.body.result == "applied"


def test_T11_a_hand_over_that_could_not_be_recorded_is_none(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    story.do(*story.plan.forward)
    story.check("new", "h1", True)
    story.check("rows", "h2", True)

    def append(self: Ledger, body: Body, **more: Any) -> Any:
        raise EvidenceError("cannot-write", "No space left on device.", "Make room.")

    monkeypatch.setattr(Ledger, "append", append)
    with pytest.raises(EvidenceError, match="cannot-write"):
        hand_over(story.dossier())


def test_T11_a_check_from_before_the_plan_was_laid_down_does_not_count(story: Story) -> None:
    story.check("new", "h1", True)
    story.check("rows", "h2", True)
    story.lay_down()
    assert len(not_passed(story.made.read(), story.plan, story.plan_object)) == 2


@pytest.mark.parametrize("passed", [False, None])
def test_a_check_that_did_not_pass_is_missing(story: Story, passed: bool | None) -> None:
    story.do(*story.plan.forward)
    story.check("new", "h1", True)
    story.check("rows", "h2", True)
    story.check("rows", "h2", passed)
    assert len(story.missing()) == 1


@pytest.mark.parametrize("last", range(4))
def test_T12_restored_needs_every_step_of_the_way_back_on_every_host(
    story: Story, last: int
) -> None:
    story.step("migrate", "h1", "started", "failed")
    back = story.plan.way_back
    story.do(*(item for number, item in enumerate(back) if number != last))
    found = story.aftermath()
    assert found.result == "failed"
    assert "only 3 of the 4 steps" in found.sentence
    story.do(back[last])
    story.check("old", "h1", True)
    story.check("rows", "h2", True)
    assert story.aftermath().result == "failed and restored"
    assert give_up(story.dossier()).result == "failed and restored"


@pytest.mark.parametrize("state", ["failed", "lost", "started"])
def test_T12_a_step_of_the_way_back_that_did_not_end_well_is_not_done(
    story: Story, state: str
) -> None:
    story.step("migrate", "h1", "started", "failed")
    *others, last = story.plan.way_back
    story.do(*others)
    story.step(last.step, last.host, "started", *([state] if state != "started" else []))
    assert give_up(story.dossier()).result == "failed"


def test_a_change_without_a_way_back_is_never_restored(tmp_path: Path) -> None:
    story = Story(tmp_path, steps=STEPS[:4])
    story.do(*STEPS[:2])
    story.step("package", "h2", "started", "failed")
    found = give_up(story.dossier())
    assert (found.result, found.after_way_back) == ("failed", None)
    # nothing was promised, and what ran is named all the same
    assert len(found.not_undone) == 3
    assert "3 steps were not undone" in found.sentence


def test_F6_what_the_way_back_does_not_undo_is_named(story: Story) -> None:
    story.do(*story.plan.forward)
    story.check("new", "h1", False)
    story.do(*story.plan.way_back)
    story.check("old", "h1", True)
    story.check("rows", "h2", True)
    found = give_up(story.dossier())
    assert found.result == "failed, data restored"
    assert [(item.step, item.host, item.sentence) for item in found.not_undone] == [
        ("log", "h2", STAYS)
    ]
    assert "1 step was not undone" in found.sentence
    assert found.after_way_back == "passed"


def test_F6_a_step_that_never_ran_is_not_named(story: Story) -> None:
    story.step("migrate", "h1", "started", "failed")
    story.do(*story.plan.way_back)
    story.check("old", "h1", True)
    story.check("rows", "h2", True)
    found = give_up(story.dossier())
    assert (found.result, found.not_undone) == ("failed and restored", ())


def test_newcomer_what_no_step_touched_and_went_back_too_is_named(story: Story) -> None:
    """The signed way back is whole; see decision 0194."""
    story.step("migrate", "h1", "started", "failed")
    story.do(*story.plan.way_back)
    said = give_up(story.dossier()).sentence
    assert "Also put back, as signed, though no step that ran names it as changed: files-two." in (
        said
    )
    assert "files-one" not in said


def test_newcomer_the_hand_over_keeps_what_restores_left(story: Story) -> None:
    story.step("migrate", "h1", "started", "failed")
    answer = story.made.objects.put(b'{"quarantine": "/srv/one.sluis-quarantine-CHG-1-1"}')
    story.step("swap-files-one", "h1", "started")
    story.step("swap-files-one", "h1", "done", result_object=answer)
    assert [
        (item.host, item.asset, item.what, item.place) for item in give_up(story.dossier()).left
    ] == [("h1", "files-one", "displaced data", "/srv/one.sluis-quarantine-CHG-1-1")]


def test_newcomer_what_was_not_swapped_did_not_go_back(story: Story) -> None:
    story.step("migrate", "h1", "started", "failed")
    story.do(*(item for item in story.plan.way_back if item.step != "swap-files-two"))
    assert story.aftermath().also_back == ()


@pytest.mark.parametrize("states", [("failed",), ("lost",), (), ("lost", "judged")])
def test_F6_a_step_that_ran_in_part_may_have_changed_something(
    story: Story, states: tuple[str, ...]
) -> None:
    """Also one that the operator judged may run again."""
    more = {"judgement": "run again"} if "judged" in states else {}
    story.step("log", "h2", "started", *states, **more)
    story.step("migrate", "h1", "started", "failed")
    assert ("log", "h2") in story.left()


def test_F6_what_undoes_a_step_has_to_be_done_on_the_same_host(story: Story) -> None:
    story.do(*story.plan.forward[:3])
    story.do(*story.plan.way_back[:3])
    assert story.left() == [("package", "h2")]


def test_F6_a_plan_from_before_says_that_nothing_undoes_it(tmp_path: Path) -> None:
    old = tuple(item.model_copy(update={"inside": (), "stays": "", "undoes": ()}) for item in STEPS)
    story = Story(tmp_path, steps=old, checks=())
    story.do(*story.plan.forward, *story.plan.way_back)
    found = give_up(story.dossier())
    assert found.result == "failed, data restored"
    assert {item.sentence for item in found.not_undone} == {"Nothing undoes it."}
    assert found.after_way_back == "not checked"
    assert "Nothing was checked after the way back." in found.sentence


@pytest.mark.parametrize(
    ("old", "expected"), [(False, "not passed"), (None, "not passed"), ("none", "not passed")]
)
def test_F6_a_check_after_the_way_back_decides_whether_it_is_restored(
    story: Story, old: Any, expected: str
) -> None:
    story.check("old", "h1", True)  # before the way back it says nothing
    story.step("migrate", "h1", "started", "failed")
    story.do(*story.plan.way_back)
    story.check("rows", "h2", True)
    if old != "none":
        story.check("old", "h1", old)
    found = give_up(story.dossier())
    assert (found.result, found.after_way_back) == ("failed, data restored", expected)
    assert "It answers as 5.0 (old on h1)" in found.sentence


def test_T2_the_way_back_waits_for_somebody_to_look(story: Story) -> None:
    """One host failed, of the other one nobody knows: nothing is put back and nothing closed."""
    story.step("migrate", "h1", "started", "failed")
    story.step("package", "h2", "started", "lost")
    answer = way_back(story.dossier())
    assert (answer["broke"], answer["open"]) == (False, False)
    assert "package on h2" in str(answer["msg"])
    story.step("package", "h2", "judged", judgement="failed")
    answer = way_back(story.dossier())
    assert (answer["broke"], answer["open"]) == (True, True)


def test_newcomer_a_step_that_fails_again_after_a_hand_over_as_failed_is_named(
    tmp_path: Path,
) -> None:
    """A change handed over as failed is open: what runs then is the end's own news."""
    story = Story(tmp_path, tuple(one for one in STEPS if not one.way_back))
    story.step("migrate", "h1", "started", "failed")
    first = way_back(story.dossier())
    assert (first["broke"], first["open"]) == (True, False)
    assert str(first["msg"]).startswith("Step migrate on h1 failed. The client agreed to no way")
    story.tell(Handover(result="failed", sentence="It failed.", plan_object=story.plan_object))
    story.step("migrate", "h1", "judged", judgement="run again")
    story.step("migrate", "h1", "started", "failed")
    again = way_back(story.dossier())
    assert (again["broke"], again["open"]) == (True, False)
    assert "Step migrate on h1 failed again." in str(again["msg"])
    assert "sluis judge acme CHG-1 migrate --host h1" in str(again["msg"])


def test_newcomer_a_change_that_was_put_back_is_over(story: Story) -> None:
    story.step("migrate", "h1", "started", "failed")
    story.do(*story.plan.way_back)
    story.check("old", "h1", passed=True)
    story.check("rows", "h2", passed=True)
    give_up(story.dossier())
    answer = way_back(story.dossier())
    assert "handed over before" in str(answer["msg"])
    assert answer["closed"] is True


@pytest.mark.parametrize(
    ("result", "codes", "before"),
    [
        ("applied", ["change-closed"], True),
        ("applied", ["change-closed", "tree-changed"], False),
        ("applied", [], False),
        ("failed and restored", ["change-closed"], False),
    ],
)
def test_newcomer_who_applies_once_more_what_was_handed_over_reads_no_refusal(
    story: Story, result: Any, codes: list[str], before: bool
) -> None:
    story.tell(Handover(result=result, sentence="It ended.", plan_object=story.plan_object))
    reasons = tuple(Reason(code=c, about="CHG-1", sentence="s", remedy="r") for c in codes)
    answer: Permit | Refusal = Refusal(hosts=("h1",), reasons=reasons)
    if not codes:
        answer = Permit(
            hosts=("h1",), plan_object=story.plan_object, scope_object=EMPTY, tree_sha256=EMPTY,
            relies_on=(), until=NOW,
        )  # fmt: skip
    assert handed_over_before(Judgement(answer, read_evidence(story.dossier()))) is before


def test_a_step_whose_end_could_not_be_recorded_keeps_the_way_back_shut(story: Story) -> None:
    """In the very run that started it."""
    story.step("migrate", "h1", "started", "failed")
    story.step("package", "h2", "started", run=RUN_ID)
    assert way_back(story.dossier())["open"] is False


def test_L7_what_a_host_says_of_a_check_holds_no_password(story: Story) -> None:
    said = [Result("rows", False, 'login with pa"ss\\пароль failed', 1, 0.1)]
    record_checks(
        story.dossier(), "h2", {"rows": {"what": "Every patient is there"}}, said,
        secrets={"rows": {"password": 'pa"ss\\пароль'}},
    )  # fmt: skip
    newest = story.made.ledger.read(NOW + timedelta(days=36500)).of(Check)[-1].body
    assert newest.detail == "login with ******** failed"
