"""The gate's rules, one by one: everything in order is a permit, one thing off is a refusal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluis.evidence.answers import Compared
from sluis.evidence.chain import Problem
from sluis.evidence.predicates import (
    Check,
    Handover,
    Permit,
    Plan,
    Reason,
    Refusal,
    Signoff,
    Snapshot,
    Step,
    Verification,
    Waiver,
)
from sluis.gate.decide import decide
from sluis.gate.demand import Evidence
from sluis.plan.model import PlanStep
from support.evidence_made import (
    EMPTY,
    NOW,
    STORE,
    Made,
    digest_of,
    made,
    scope,
    snapshot,
    step,
    target,
    verification,
)


def codes(change: Made, when: Any = NOW, /, **demand: Any) -> set[str]:
    answer = decide(change.evidence(), change.demand(**demand), when)
    return {item.code for item in answer.reasons} if isinstance(answer, Refusal) else set()


def a_step(change: Made, state: str, host: str = "h1", **more: Any) -> Step:
    return Step(
        step=more.pop("step", "install"),
        host=host,
        state=state,  # type: ignore[arg-type]
        plan_object=change.plan.digest(),
        call_sha256=EMPTY,
        **more,
    )


def test_everything_in_order_is_a_permit() -> None:
    change = made()
    answer = decide(change.evidence(), change.demand(), NOW)
    assert isinstance(answer, Permit)
    assert answer.hosts == ("h1", "h2")
    assert set(answer.relies_on) == {digest_of(n) for n in (2, 3, 4, 5, 6, 8)}
    # The snapshots are the first to go stale: made an hour ago, fresh for 24 hours.
    assert answer.until == NOW + timedelta(hours=23)


_ALLOWED = (
    {"site": "North", "country": "NL", "provider": "Example Hosting"},
    {"site": "South", "country": "DE", "provider": "Other Hosting"},
)
_PLACES = [
    (site, country, provider)
    for site in ("North", "South", "West")
    for country in ("NL", "DE", "US")
    for provider in ("Example Hosting", "Other Hosting", "Third Hosting")
]


@pytest.mark.parametrize("place", _PLACES, ids="-".join)
def test_W6_a_copy_lies_in_one_of_the_agreed_places_and_not_between_them(
    place: tuple[str, str, str],
) -> None:
    """Each of site, country and provider counts, and they count together."""
    assets = [asset.model_dump(exclude_none=True) for asset in scope().assets]
    assets[0]["allowed_locations"] = _ALLOWED
    names = dict(zip(("site", "country", "provider"), place, strict=True))
    change = made(assets=tuple(assets)).and_then(
        snapshot("files-one", "h1", "192.0.2.1", NOW, store=STORE.model_copy(update=names)),
        verification("files-one", digest_of(9), "x"),
    )
    assert codes(change) == (set() if names in _ALLOWED else {"store-not-allowed"})


def test_the_signed_step_is_a_permit() -> None:
    change = made()
    assert codes(change, step=change.plan.steps[0]) == set()


def _problem(change: Made) -> Made:
    problem = Problem(code="gap", about="000003.json", sentence="Gone.", remedy="Find it.")
    return replace(change, problems=(problem,))


SPOILED: dict[str, tuple[Callable[[Made], Made], str]] = {
    "a ledger that does not hold": (_problem, "gap"),
    "no sign-off": (lambda c: c.without(Signoff), "awaiting-signoff"),
    "no snapshot (case A1)": (lambda c: c.without(Snapshot), "no-snapshot"),
    "no verification (case A2)": (lambda c: c.without(Verification), "not-verified"),
    "a newer snapshot that nobody verified": (
        lambda c: c.and_then(snapshot("files-one", "h1", "192.0.2.1", NOW)),
        "not-verified",
    ),
    "a newer snapshot that failed": (
        lambda c: c.and_then(
            snapshot("files-one", "h1", "192.0.2.1", NOW),
            verification("files-one", digest_of(9), "x", "V2"),
        ),
        "level-too-low",
    ),
    "a verification that proved nothing": (
        lambda c: c.and_then(verification("files-one", digest_of(2), "x", None)),
        "level-too-low",
    ),
    "a copy outside the agreed place (case A12)": (
        lambda c: c.and_then(
            snapshot("files-one", "h1", "192.0.2.1", NOW,
                     store=STORE.model_copy(update={"country": "US"})),
            verification("files-one", digest_of(9), "x"),
        ),
        "store-not-allowed",
    ),
    "a sign-off taken back": (
        lambda c: c.and_then(
            c.view().of(Signoff)[0].body.model_copy(update={"decision": "withdrawn"})
        ),
        "signoff-withdrawn",
    ),
    "a client who said no": (
        lambda c: c.and_then(c.view().of(Signoff)[0].body.model_copy(update={"decision": "no"})),
        "signoff-refused",
    ),
    "a step that may have half run": (
        lambda c: c.and_then(a_step(c, "started")),
        "step-maybe-half-run",
    ),
    "a step that failed on another host": (
        lambda c: c.and_then(a_step(c, "failed", "h2")),
        "step-failed",
    ),
    "a change that was handed over": (
        lambda c: c.and_then(
            Handover(result="applied", sentence="Done.", plan_object=c.plan.digest())
        ),
        "change-closed",
    ),
    "a way back that was taken": (
        lambda c: c.and_then(a_step(c, "done", step="restore-files-one")),
        "way-back-taken",
    ),
}  # fmt: skip


@pytest.mark.parametrize("why", SPOILED)
def test_one_thing_off_is_a_refusal(why: str) -> None:
    spoil, code = SPOILED[why]
    assert code in codes(spoil(made()))


@pytest.mark.parametrize("why", SPOILED)
def test_a_step_asks_for_the_same(why: str) -> None:
    spoil, code = SPOILED[why]
    change = spoil(made())
    assert code in codes(change, step=change.plan.steps[0])


def test_without_a_plan_there_is_nothing_to_hold_a_change_against() -> None:
    change = made()
    bare = Evidence(change.without(Plan).view(), None, None, None)
    answer = decide(bare, change.demand(), NOW)
    assert isinstance(answer, Refusal)
    assert "no-plan" in {item.code for item in answer.reasons}


def test_a_demand_that_is_not_the_signed_one() -> None:
    change = made()
    assert codes(change, client="other") == {"another-client"}
    assert codes(change, change="CHG-2") == {"another-change"}
    assert codes(change, playbook="restore.yml") == {"another-playbook"}
    assert "scope-changed" in codes(change, scope_object=EMPTY)
    assert codes(change, tree_sha256=EMPTY) == {"tree-changed"}
    objection = Reason(code="x", about="y", sentence="z", remedy="w")
    assert codes(change, objections=(objection,)) == {"x"}


OWN = "inventories/acme/changes/CHG-1/update.yml changed"
OTHERS = "inventories/acme/group_vars/all.yml changed"


@pytest.mark.parametrize(
    ("demand", "more"),
    [
        ({}, set()),
        ({"at": NOW + timedelta(days=9)}, set()),
        ({"hosts": ("h1",)}, set()),
        ({"tree_sha256": EMPTY, "tree_changes": (OTHERS,)}, set()),
        ({"tree_sha256": EMPTY, "tree_changes": (OTHERS, OWN)}, {"tree-changed"}),
        ({"tree_sha256": EMPTY}, {"tree-changed"}),
        ({"scope_object": EMPTY}, {"scope-changed"}),
        ({"playbook": "restore.yml"}, {"another-playbook"}),
        ({"objections": (Reason(code="x", about="y", sentence="z", remedy="w"),)}, {"x"}),
    ],
    ids=[
        "the same", "long after", "a host that came", "for a later change", "for this one as well",
        "nobody can tell", "its scope", "another playbook", "a run that is not right",
    ],
)  # fmt: skip
def test_a_change_that_was_applied_is_not_prepared_again_because_of_what_came_later(
    demand: dict[str, Any], more: set[str]
) -> None:
    """It does nothing any more. What was written for itself, since, was not carried out."""
    change = made()
    done = change.and_then(
        Handover(result="applied", sentence="Done.", plan_object=change.plan.digest())
    )
    asked = {name: value for name, value in demand.items() if name != "at"}
    answer = decide(done.evidence(), done.demand(**asked), demand.get("at", NOW))
    assert isinstance(answer, Refusal)
    assert {item.code for item in answer.reasons} == {"change-closed", *more}
    assert not any("prepare" in item.remedy for item in answer.reasons)


def applied(result: str = "applied") -> Made:
    change = made()
    return change.and_then(
        Handover(result=result, sentence="Said.", plan_object=change.plan.digest())  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(
    ("demand", "about"),
    [
        ({"tree_sha256": EMPTY, "tree_changes": (OTHERS, OWN)}, ("tree-changed", OWN)),
        ({"tree_sha256": EMPTY}, ("tree-changed", EMPTY)),
        ({"scope_object": EMPTY}, ("scope-changed", EMPTY)),
        ({"playbook": "restore.yml"}, ("another-playbook", "restore.yml")),
    ],
    ids=["files", "nobody can tell", "scope", "playbook"],
)
def test_what_was_not_carried_out_is_named(demand: dict[str, Any], about: tuple[str, str]) -> None:
    done = applied()
    answer = decide(done.evidence(), done.demand(**demand), NOW)
    assert isinstance(answer, Refusal)
    assert about in {(item.code, item.about) for item in answer.reasons}
    assert not any(OWN in item.sentence for item in answer.reasons) or about[1] == OWN


def test_of_a_closed_change_a_yes_that_cannot_be_shown_any_more_is_said() -> None:
    done = applied()
    view = done.view()
    yes = view.of(Signoff)[0]
    by_key = replace(yes, body=yes.body.model_copy(update={"tier": "ssh-key"}))
    gone = replace(view, answers=(Compared(by_key, unproven="The form is not here."),))
    step = done.plan.steps[0]
    answer = decide(replace(done.evidence(), view=gone), done.demand(step=step), NOW)
    assert isinstance(answer, Refusal)
    assert answer.step == step.step
    assert {"change-closed", "signoff-unproven"} <= {item.code for item in answer.reasons}


@pytest.mark.parametrize(
    ("result", "remedy"),
    [("applied", "Nothing is left to do"), ("failed and restored", "run prepare again")],
)
def test_only_what_was_applied_is_over_for_good(result: str, remedy: str) -> None:
    done = applied(result)
    answer = decide(done.evidence(), done.demand(), NOW)
    assert isinstance(answer, Refusal)
    (closed,) = [item for item in answer.reasons if item.code == "change-closed"]
    assert remedy in closed.remedy


def test_a_batch_is_whole() -> None:
    change = made()
    assert codes(change, hosts=("h1",)) == {"batch-differs", "asset-host-not-in-batch"}
    # case C1: one server of several was covered
    assert codes(change, hosts=("h1", "h2", "h3")) == {"batch-differs", "host-not-in-scope"}


def test_case_C1_a_host_without_data_is_named_with_a_reason() -> None:
    change = made(
        hosts_without_data=({"host": "h3", "reason": {"nl": "Het is een printer zonder opslag.",
                                                       "en": "It is a printer without storage."}},)
    )  # fmt: skip
    plan = change.plan.model_copy(update={"hosts": ("h1", "h2", "h3")})
    assert "host-not-in-scope" not in codes(replace(change, plan=plan), hosts=("h1", "h2", "h3"))


def test_snapshots_and_sign_offs_grow_old() -> None:
    change = made()
    assert codes(change, NOW + timedelta(hours=22)) == set()
    assert codes(change, NOW + timedelta(hours=24)) == {"snapshot-too-old"}
    assert "signoff-expired" in codes(change, NOW + timedelta(hours=49))


def test_case_D2_a_vital_asset_needs_a_fresher_snapshot() -> None:
    base = scope()
    person = {"management": {"by": "provider", "agreement": "Agreement 1"}}
    assets = [item.model_dump() | person for item in base.assets]
    assets[0]["criticality"] = "vital"
    change = made(assets=tuple(assets))
    assert codes(change, NOW + timedelta(hours=2)) == set()
    assert codes(change, NOW + timedelta(hours=4)) == {"snapshot-too-old"}


def test_case_D2_low_criticality_asks_less() -> None:
    base = scope()
    assets = [item.model_dump() for item in base.assets]
    assets[0]["criticality"] = "low"
    change = made(assets=tuple(assets))
    weak = change.and_then(verification("files-one", digest_of(2), "x", "V3"))
    assert codes(weak) == set()
    assert codes(change.and_then(verification("files-one", digest_of(2), "x", "V2"))) == {
        "level-too-low"
    }


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("target", target("192.0.2.99"), "target-differs"),
        ("module", "ansible.builtin.shell", "call-differs"),
        ("module_sha256", "b" * 64, "call-differs"),
        ("args", {"dest": "/etc/passwd"}, "call-differs"),
        ("args_at_apply", {"x": "{{ y }}"}, "call-differs"),
        ("secret_args", ("password",), "call-differs"),
        ("files", {"a": "b" * 64}, "call-differs"),
        ("environment_sha256", "b" * 64, "call-differs"),
        ("name", "Something else", "call-differs"),
        ("way_back", True, "call-differs"),
        ("host", "h9", "step-not-in-plan"),
        ("step", "other", "step-not-in-plan"),
    ],
)
def test_a_call_is_the_signed_one_field_by_field(field: str, value: object, code: str) -> None:
    change = made()
    call = change.plan.steps[0].model_copy(update={field: value})
    assert code in codes(change, step=call)


def test_the_machine_that_is_changed_is_the_one_the_snapshot_came_from() -> None:
    change = made().and_then(
        snapshot("files-one", "h1", "192.0.2.77", NOW),
        verification("files-one", digest_of(9), "x"),
    )
    assert codes(change, step=change.plan.steps[0]) == {"snapshot-of-another-machine"}


def test_a_sign_off_is_used_once() -> None:
    """The same plan laid down again after its end has to be signed again."""
    change = made()
    again = change.and_then(
        Handover(result="failed and restored", sentence="Back.", plan_object=change.plan.digest()),
        change.view().of(Plan)[0].body,
    )
    assert codes(again) == {"signoff-used"}
    assert codes(again.and_then(again.view().of(Signoff)[0].body)) == set()


def test_a_judgement_opens_a_step_again() -> None:
    change = made().and_then(a_step(made(), "started"))
    again = change.and_then(a_step(change, "judged", judgement="run again"))
    assert codes(again, step=change.plan.steps[0]) == set()


def _restore(*others: PlanStep, reached: str = "V6", playbook: str = "restore.yml") -> Made:
    """The first folder is put back, and whatever else; its broken state came back at V3."""
    args = {"asset": "files-one", "which": "named", "reached": reached}
    halves = [
        step(f"{name}-files-one", "h1", "192.0.2.1", module=f"asset_{name}", args=args)
        for name in ("restore", "swap")
    ]
    change = made(steps=(*halves, *others))
    weak = change.and_then(verification("files-one", digest_of(2), "x", "V3"))
    plan = weak.plan.model_copy(update={"playbook": playbook})
    bodies = tuple(
        (body.model_copy(update={"plan_object": plan.digest()}), at)
        if isinstance(body, (Plan, Signoff))
        else (body, at)
        for body, at in weak.bodies
    )
    return replace(weak, plan=plan, bodies=bodies)


def _service(**args: Any) -> PlanStep:
    given = {"name": "practice", "state": "stopped", **args}
    return step("stop", "h2", "192.0.2.2", module="ansible.builtin.systemd_service", args=given)


def test_L14_a_restore_asks_less_of_what_it_puts_back() -> None:
    assert codes(_restore(), playbook="restore.yml") == set()
    assert codes(_restore(_service()), playbook="restore.yml") == set()
    # by whatever name: the level follows from the steps
    assert codes(_restore(playbook="other.yml"), playbook="other.yml") == set()


@pytest.mark.parametrize(
    "other",
    [
        step("install", "h1", "192.0.2.1"),
        step("install", "h2", "192.0.2.2", module="ansible.builtin.command", args={"cmd": "id"}),
        step("quiet", "h2", "192.0.2.2", module="ansible.builtin.shell", quiesce=True),
        step("x", "h2", "192.0.2.2", module="evil.collection.asset_swap",
             args={"asset": "files-two", "reached": "V6"}),
        _service(enabled=True),
        _service(daemon_reload=True),
        _service(state="reloaded"),
        _service().model_copy(update={"args_at_apply": {"name": "{{ x }}"}}),
        _service().model_copy(update={"module": "my.own.service"}),
    ],
    ids=lambda item: f"{item.module} {sorted(item.args)}",
)  # fmt: skip
def test_L14_an_update_described_as_a_restore_needs_the_whole_proof(other: PlanStep) -> None:
    assert codes(_restore(other), playbook="restore.yml") == {"level-too-low"}


def test_L14_only_a_proven_copy_is_put_back_and_only_its_asset_needs_less() -> None:
    assert codes(_restore(reached="not verified"), playbook="restore.yml") == {"level-too-low"}
    other = _restore().and_then(verification("files-two", digest_of(4), "x", "V3"))
    answer = decide(other.evidence(), other.demand(playbook="restore.yml"), NOW)
    assert isinstance(answer, Refusal)
    assert [(item.code, item.about) for item in answer.reasons] == [("level-too-low", "files-two")]


def test_L14_half_a_restore_is_none() -> None:
    change = _restore()
    half = change.plan.model_copy(update={"steps": change.plan.steps[:1]})
    evidence = replace(change.evidence(), plan=half)
    answer = decide(evidence, change.demand(playbook="restore.yml"), NOW)
    assert isinstance(answer, Refusal)
    assert "level-too-low" in {item.code for item in answer.reasons}


def _waiver(**more: Any) -> Waiver:
    values: dict[str, Any] = {
        "asset": "files-one",
        "accepts": "none",
        "reason": "The disk of files-one is too slow.",
        "risk": "Everything in files-one may be lost.",
        "alternative": "A copy on a disk that we bring along.",
        "alternative_hours": 3.0,
        "ends_on": (NOW + timedelta(days=2)).date(),
        "signer_name": "A. Client",
        "signer_role": "owner",
        "shown": digest_of(7),
        "scope_object": scope().digest(),
        "decision": "yes",
    }
    return Waiver(**{**values, **more})


def test_case_A10_a_waiver_covers_one_asset_only() -> None:
    bare = made().without(Verification).without(Snapshot)
    view = bare.view()
    shown = next(s.sha256 for s in view.statements if s.kind == "shown")
    signed = next(s for s in view.of(Signoff))
    bodies = tuple(
        (body.model_copy(update={"shown": shown}) if isinstance(body, Signoff) else body, at)
        for body, at in bare.bodies
    )
    assert signed
    change = replace(bare, bodies=bodies).and_then(_waiver(shown=shown))
    answer = decide(change.evidence(), change.demand(), NOW)
    assert isinstance(answer, Refusal)
    assert [(r.code, r.about) for r in answer.reasons] == [("no-snapshot", "files-two")]


class TestWayBack:
    """The way back: only after a failure, with consent, and with the broken state kept."""

    def back(self, change: Made) -> Any:
        return change.plan.steps[2]

    def test_nothing_failed(self) -> None:
        change = made()
        assert codes(change, step=self.back(change)) == {"nothing-failed"}

    def test_case_A6_the_broken_state_is_kept_first(self) -> None:
        change = made().and_then(a_step(made(), "failed"))
        assert codes(change, step=self.back(change)) == {"broken-state-not-kept"}

    def kept(self) -> Made:
        change = made().and_then(a_step(made(), "failed"))
        for asset, host, address in (
            ("files-one", "h1", "192.0.2.1"),
            ("files-two", "h2", "192.0.2.2"),
        ):
            number = len(change.bodies) + 1
            taken = snapshot(asset, host, address, NOW, purpose="broken state")
            change = change.and_then(
                taken, verification(asset, digest_of(number), taken.snapshot_id, "V3")
            )
        return change

    def test_open(self) -> None:
        change = self.kept()
        assert codes(change, step=self.back(change)) == set()

    def test_consent_does_not_expire_while_data_is_broken(self) -> None:
        change = self.kept()
        assert codes(change, NOW + timedelta(days=30), step=self.back(change)) == set()

    def test_no_consent(self) -> None:
        words = {"nl": "Wij vragen het u eerst.", "en": "We ask you first."}
        change = made(way_back={"consent": False, "words": words})
        change = change.and_then(a_step(change, "failed"))
        assert "no-consent-for-way-back" in codes(change, step=self.back(change))

    def test_a_failed_check_opens_it(self) -> None:
        base = made()
        check = Check(check="http", host="h1", what="The site answers", passed=None)
        assert codes(base.and_then(check), step=self.back(base)) == {"broken-state-not-kept"}

    def test_forward_steps_stay_shut(self) -> None:
        change = self.kept()
        assert "step-failed" in codes(change, step=change.plan.steps[0])


@given(st.data())
def test_no_permit_without_every_statement(data: st.DataObject) -> None:
    """Take any one statement out of a change in order, and the gate says no."""
    change = made()
    index = data.draw(st.integers(0, len(change.bodies) - 1))
    bodies = change.bodies[:index] + change.bodies[index + 1 :]
    answer = decide(replace(change, bodies=bodies).evidence(), change.demand(), NOW)
    assert isinstance(answer, Refusal)
    assert answer.reasons
    assert all(item.sentence and item.remedy for item in answer.reasons)


@given(st.integers(-10_000, 10_000))
def test_a_permit_never_outlives_what_it_relies_on(minutes: int) -> None:
    change = made()
    now = NOW + timedelta(minutes=minutes)
    answer = decide(change.evidence(), change.demand(), now)
    if isinstance(answer, Permit):
        assert answer.until >= now
        assert answer.until <= NOW + timedelta(hours=23)


def test_a_step_id_differs_from_the_plan_in_nothing() -> None:
    assert step("a", "h", "192.0.2.1").call_sha256() != step("a", "h", "192.0.2.2").call_sha256()
