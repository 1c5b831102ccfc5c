"""A refusal names what it is about, and says what a person needs to go on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from sluis.evidence.chain import Problem
from sluis.evidence.plans import planned_at
from sluis.evidence.predicates import (
    Check,
    Export,
    Freeze,
    Handover,
    Machine,
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
from sluis.gate.coverage import Coverage, coverage
from sluis.gate.decide import decide
from sluis.gate.demand import reason
from sluis.gate.fetched import awaits_freeze, fetched
from sluis.gate.open_questions import open_questions
from sluis.gate.restores import put_back
from sluis.gate.signed import Consent, signed
from sluis.gate.steps import failure_under, first_change, last_step, step_states
from sluis.plan.model import PLAN_VERSION
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
    verification,
)


def reasons(change: Made, when: Any = NOW, /, **demand: Any) -> tuple[Reason, ...]:
    answer = decide(change.evidence(), change.demand(**demand), when)
    return answer.reasons if isinstance(answer, Refusal) else ()


def about(change: Made, /, **demand: Any) -> set[tuple[str, str]]:
    return {(item.code, item.about) for item in reasons(change, **demand)}


def a_step(change: Made, state: str, host: str = "h1", **more: Any) -> Step:
    return Step(
        step=more.pop("step", "install"), host=host, state=state,  # type: ignore[arg-type]
        plan_object=change.plan.digest(), call_sha256=EMPTY, **more,
    )  # fmt: skip


def _assets(**first: Any) -> tuple[dict[str, Any], ...]:
    assets = [asset.model_dump(exclude_none=True) for asset in scope().assets]
    assets[0].update(first)
    return tuple({k: v for k, v in asset.items() if v is not ...} for asset in assets)


CASES: dict[str, tuple[Callable[[], Made], dict[str, Any], set[tuple[str, str]]]] = {
    "a problem of the ledger": (
        lambda: replace(
            made(), problems=(Problem(code="gap", about="000003.json", sentence="G.", remedy="R."),)
        ),
        {},
        {("gap", "000003.json")},
    ),
    "another client": (made, {"client": "other"}, {("another-client", "other")}),
    "another change": (made, {"change": "CHG-2"}, {("another-change", "CHG-2")}),
    "another playbook": (made, {"playbook": "x.yml"}, {("another-playbook", "x.yml")}),
    "another tree": (
        made,
        {"tree_sha256": "b" * 64, "tree_changes": ("roles/a changed",)},
        {("tree-changed", "roles/a changed")},
    ),
    "another tree of which nothing is known": (
        made, {"tree_sha256": "b" * 64}, {("tree-changed", "b" * 64)},
    ),
    "a host more": (
        made,
        {"hosts": ("h1", "h2", "h3")},
        {("batch-differs", "h3"), ("host-not-in-scope", "h3")},
    ),
    "a host less": (
        made, {"hosts": ("h1",)},
        {("batch-differs", "h2"), ("asset-host-not-in-batch", "files-two")},
    ),
    "other workers": (made, {"workers": ("w2", "w1")}, {("workers-differ", "w1, w2")}),
    "a kind that nobody can prove": (
        lambda: made(assets=_assets(kind="mailbox", allowed_locations=(), host="h1")),
        {},
        {("kind-not-verifiable", "files-one")},
    ),
    "no snapshot": (
        lambda: made().without(Snapshot), {},
        {("no-snapshot", "files-one"), ("no-snapshot", "files-two")},
    ),
    "not verified": (
        lambda: made().without(Verification), {},
        {("not-verified", "files-one"), ("not-verified", "files-two")},
    ),
    "another place": (
        lambda: made().and_then(
            snapshot("files-one", "h1", "192.0.2.1", NOW,
                     store=STORE.model_copy(update={"country": "US"})),
            verification("files-one", digest_of(9), "x"),
        ),
        {},
        {("store-not-allowed", "files-one")},
    ),
    "an open question": (
        lambda: made(assets=_assets(open_questions=(
            {"question": {"nl": "Wie is de eigenaar?", "en": "Who is the owner?"},
             "asked_of": "A. Client", "asked_on": date(2026, 11, 1)},
        ))),
        {},
        {("open-question", "files-one")},
    ),
    "not signed": (
        lambda: made().without(Signoff), {}, {("awaiting-signoff", made().plan.digest())},
    ),
    "a step that may have half run": (
        lambda: made().and_then(a_step(made(), "started", "h2")), {},
        {("step-maybe-half-run", "install on h2")},
    ),
    "a step that failed": (
        lambda: made().and_then(a_step(made(), "failed", "h2")), {},
        {("step-failed", "install on h2")},
    ),
    "a way back that was taken": (
        lambda: made().and_then(a_step(made(), "done", step="restore-files-one")), {},
        {("way-back-taken", "restore-files-one on h1")},
    ),
    "handed over": (
        lambda: made().and_then(
            Handover(result="applied", sentence="Done.", plan_object=made().plan.digest())
        ),
        {},
        {("change-closed", "CHG-1")},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_refusal_names_what_it_is_about(name: str) -> None:
    make, demand, expected = CASES[name]
    # without a statement the others have other numbers, and the signature names another
    found = {item for item in about(make(), **demand) if item[0] != "signoff-not-shown"}
    assert found == expected


def test_a_reason_about_nothing_says_so() -> None:
    assert reason("x", "", "S.", "R.").about == "(unnamed)"


def test_each_thing_is_said_once_and_in_order() -> None:
    twice = tuple(reason("x", name, "S.", "R.") for name in ("a", "b", "a"))
    found = reasons(made(), objections=(*twice, reason("y", "a", "S.", "R.")))
    assert [(item.code, item.about) for item in found] == [("x", "a"), ("x", "b"), ("y", "a")]


@pytest.mark.parametrize(
    ("number", "more"), [(1, None), (12, None), (13, "; and 1 more"), (14, "; and 2 more")]
)
def test_a_changed_tree_names_a_dozen_files_and_counts_the_rest(
    number: int, more: str | None
) -> None:
    changes = tuple(f"file {at} changed" for at in range(number))
    (found,) = reasons(made(), tree_sha256="b" * 64, tree_changes=changes)
    assert found.about == "; ".join(changes[:12]) + (more or "")
    assert found.about in found.sentence


@pytest.mark.parametrize("missing", ["scope", "plan", "plan_object"])
@pytest.mark.parametrize("of_step", [True, False], ids=["a step", "the batch"])
def test_without_scope_or_plan_the_change_is_told_to_prepare(missing: str, of_step: bool) -> None:
    change = made()
    step = change.plan.steps[0] if of_step else None
    answer = decide(replace(change.evidence(), **{missing: None}), change.demand(step=step), NOW)
    assert isinstance(answer, Refusal)
    assert [(one.code, one.about) for one in answer.reasons] == [("no-plan", "CHG-1")]
    assert (answer.hosts, answer.step) == (("h1", "h2"), "install" if of_step else None)


@pytest.mark.parametrize("of_step", [True, False], ids=["a step", "the batch"])
def test_a_refusal_names_the_step_that_asked(of_step: bool) -> None:
    change = made().without(Signoff)
    step = change.plan.steps[0] if of_step else None
    answer = decide(change.evidence(), change.demand(step=step), NOW)
    assert isinstance(answer, Refusal)
    assert (answer.hosts, answer.step) == (("h1", "h2"), "install" if of_step else None)


@pytest.mark.parametrize("missing", ["scope", "plan", "plan_object"])
def test_each_rule_is_silent_about_what_is_not_there(missing: str) -> None:
    """Without a plan the gate refuses by another rule; these have nothing to go by."""
    change = _moving()
    evidence = replace(change.evidence(), **{missing: None})
    demand = change.demand(step=change.plan.steps[-1])
    if missing == "scope":
        assert open_questions(evidence) == []
    else:
        assert fetched(evidence, demand) == []


def test_a_plan_of_another_version_is_named() -> None:
    change = made()
    other = change.plan.model_copy(update={"schema_version": PLAN_VERSION + 1})
    found = decide(replace(change.evidence(), plan=other), change.demand(tree_sha256="b" * 64), NOW)
    assert isinstance(found, Refusal)
    assert ("plan-of-another-version", f"version {PLAN_VERSION + 1}") in {
        (item.code, item.about) for item in found.reasons
    }
    assert "tree-changed" not in {item.code for item in found.reasons}


def test_what_kept_a_level_from_being_reached_is_said() -> None:
    change = made().and_then(
        snapshot("files-one", "h1", "192.0.2.1", NOW),
        verification("files-one", digest_of(9), "x", "V2"),
    )
    (found,) = reasons(change)
    assert found.about == "files-one"
    assert found.sentence == "files-one needs V6 and reached V2. V3 failed: it differed."


def test_a_snapshot_is_fresh_to_its_last_second() -> None:
    change = made()
    last = NOW - timedelta(hours=1) + timedelta(hours=24)
    assert reasons(change, last) == ()
    late = {(item.code, item.about) for item in reasons(change, last + timedelta(seconds=1))}
    assert late == {("snapshot-too-old", "files-one"), ("snapshot-too-old", "files-two")}


def test_without_a_scope_nothing_is_covered_and_without_a_plan_nothing_signed() -> None:
    evidence, demand = made().evidence(), made().demand()
    assert coverage(replace(evidence, scope=None), demand, NOW) == Coverage((), None, ())
    assert signed(replace(evidence, plan_object=None), demand, NOW) == Consent(None, ())


def test_what_has_neither_host_nor_copy_hides_nothing_behind_it() -> None:
    """Something outside our reach, listed first, and an asset without a snapshot behind it."""
    change = made(assets=_assets(kind="mailbox", allowed_locations=(), host=...))
    gone = replace(
        change,
        bodies=tuple(
            item for item in change.bodies
            if not (isinstance(item[0], Snapshot) and item[0].asset == "files-two")
        ),
    )  # fmt: skip
    assert ("no-snapshot", "files-two") in about(gone)
    assert "files-one" not in {name for _, name in about(gone)}


RESTORE = "restore-files-one"


def _failed(*more: Any, consent: bool = True) -> Made:
    fields: dict[str, Any] = {}
    if not consent:
        way = scope().way_back.model_copy(update={"consent": False})
        fields["way_back"] = way.model_dump()
    change = made(**fields)
    return change.and_then(a_step(change, "started"), a_step(change, "failed"), *more)


def _kept(change: Made, number: int, reached: str = "V3") -> Made:
    """A snapshot of each broken asset, taken after the failure."""
    return change.and_then(
        snapshot("files-one", "h1", "192.0.2.1", NOW),
        verification("files-one", digest_of(number), "x", reached),
        snapshot("files-two", "h2", "192.0.2.2", NOW),
        verification("files-two", digest_of(number + 2), "x", reached),
    )


def _back(change: Made) -> Any:
    return change.plan.find(RESTORE, "h1")


def test_the_way_back_needs_the_broken_state_kept_and_less_of_it() -> None:
    change = _failed()
    expected = {("broken-state-not-kept", "files-one"), ("broken-state-not-kept", "files-two")}
    assert about(change, step=_back(change)) == expected
    (first, _) = reasons(change, step=_back(change))
    assert "as it was after the failure" in first.sentence
    assert first.remedy == "Take a snapshot of the broken state first."
    none = next(item for item in reasons(made().without(Snapshot)) if item.about == "files-one")
    assert (none.remedy, "for this change" in none.sentence) == ("Run prepare.", True)
    kept = _kept(change, 11)
    assert about(kept, step=_back(kept)) == set()
    less = _kept(change, 11, "V2")
    assert {code for code, _ in about(less, step=_back(less))} == {"level-too-low"}


def test_the_way_back_asks_no_more_than_a_waiver_accepts() -> None:
    change = _failed()
    waiver = Waiver(
        asset="files-one", accepts="V1", scope_object=change.scope.digest(), reason="a" * 40,
        risk="b" * 40, alternative="c" * 40, alternative_hours=1, ends_on=NOW.date(),
        signer_name="A. Client", signer_role="owner", shown=digest_of(7),
    )  # fmt: skip
    kept = _kept(change.and_then(waiver), 12, "V1")
    found = about(kept, step=_back(kept))
    assert ("level-too-low", "files-two") in found


def test_other_data_stops_a_step_and_never_the_way_back() -> None:
    """What is half changed is put back, whatever it looks like."""
    emptied = snapshot(
        "files-one", "h1", "192.0.2.1", NOW, purpose="catch-up", warnings=("items-drop: 2 items",)
    )
    change = made().and_then(emptied)
    step = change.plan.steps[0]
    assert "data-changed" in {code for code, _ in about(change, step=step)}
    failed = _kept(_failed(emptied), 12)
    assert "data-changed" not in {code for code, _ in about(failed, step=_back(failed))}


def test_why_the_way_back_is_shut_is_said_of_the_step_that_asks() -> None:
    nothing = made()
    assert ("nothing-failed", f"{RESTORE} on h1") in about(nothing, step=_back(nothing))
    no = _failed(consent=False)
    assert ("no-consent-for-way-back", f"{RESTORE} on h1") in about(no, step=_back(no))


@pytest.mark.parametrize("state", ["failed", "started", "lost"])
def test_a_step_of_the_way_back_that_ended_badly_is_looked_at_first(state: str) -> None:
    change = _failed()
    change = _kept(change.and_then(a_step(change, state, step=RESTORE)), 12)
    found = [item for item in reasons(change, step=_back(change)) if item.about.startswith(RESTORE)]
    assert [(item.code, item.about) for item in found] == [
        ("step-maybe-half-run", f"{RESTORE} on h1")
    ]
    assert ("way back failed" in found[0].sentence) == (state == "failed")


def test_the_failed_step_itself_is_no_objection_to_its_way_back() -> None:
    kept = _kept(_failed(), 11)
    assert isinstance(decide(kept.evidence(), kept.demand(step=_back(kept)), NOW), Permit)


def _stopping() -> Made:
    steps = (
        step("stop", "h1", "192.0.2.1", quiesce=True),
        step("install", "h1", "192.0.2.1"),
        step("install", "h2", "192.0.2.2"),
        step(RESTORE, "h1", "192.0.2.1", way_back=True, args={"asset": "files-one"}),
    )
    return made(steps)


def test_the_first_step_that_can_change_data_is_neither_stopping_nor_putting_back() -> None:
    change = _stopping()
    assert first_change(change.evidence()) is None
    quiet = change.and_then(
        a_step(change, "done", step="stop"), a_step(change, "done", step=RESTORE)
    )
    assert first_change(quiet.evidence()) is None
    other = a_step(change, "started").model_copy(update={"plan_object": "f" * 64})
    assert first_change(quiet.and_then(other).evidence()) is None
    began = quiet.and_then(other, a_step(change, "started"), a_step(change, "started", "h2"))
    assert first_change(began.evidence()) == 12
    unknown = quiet.and_then(a_step(change, "started", step="of another plan"))
    assert first_change(unknown.evidence()) == 11
    assert first_change(replace(quiet.evidence(), plan=None)) == 9
    again = began.and_then(next(body for body, _ in change.bodies if isinstance(body, Plan)))
    assert first_change(again.evidence()) is None, "laid down anew, with new snapshots"
    assert first_change(replace(began.evidence(), plan_object=None)) is None


def test_a_failure_before_the_plan_was_laid_down_anew_is_none() -> None:
    change = _failed()
    digest = change.plan.digest()
    assert failure_under(change.view(), digest) == 10
    plan = next(body for body, _ in change.bodies if isinstance(body, Plan))
    assert failure_under(change.and_then(plan).view(), digest) is None
    check = Check(check="port", host="h1", what="It answers", passed=False)
    before = made().and_then(check)
    assert failure_under(before.view(), digest) == 9
    assert failure_under(before.and_then(plan).view(), digest) is None


@pytest.mark.parametrize(
    ("changed", "field", "words"),
    [
        ({"args": {"dest": "/else", "mode": "0600"}}, "args", " Different: dest, mode."),
        ({"args": {"dest": "/srv/install", "mode": "0600"}}, "args", " Different: mode."),
        ({"args": {}}, "args", " Different: dest."),
        ({"name": "Do something else"}, "name", ""),
        ({"module": "ansible.builtin.file"}, "module", ""),
    ],
)
def test_a_call_that_is_not_the_signed_one_is_told_by_name_and_not_by_value(
    changed: dict[str, Any], field: str, words: str
) -> None:
    change = made()
    planned = change.plan.find("install", "h1")
    assert planned is not None
    found = [
        item for item in reasons(change, step=planned.model_copy(update=changed))
        if item.code == "call-differs"
    ]  # fmt: skip
    assert [(item.about, item.sentence) for item in found] == [
        (f"install on h1: {field}", f"{field} is not what was signed.{words}")
    ]
    assert "/else" not in str(found)


def test_a_call_to_another_machine_is_told_by_both_addresses() -> None:
    change = made()
    planned = change.plan.find("install", "h1")
    assert planned is not None
    target = planned.target.model_copy(update={"address": "192.0.2.9"})
    found = [
        item for item in reasons(change, step=planned.model_copy(update={"target": target}))
        if item.code == "target-differs"
    ]  # fmt: skip
    assert [item.about for item in found] == ["install on h1: target"]
    assert planned.target.uri() in found[0].sentence
    assert target.uri() in found[0].sentence


def test_a_signature_is_used_only_by_a_hand_over_between_it_and_a_new_plan() -> None:
    change = made()
    plan = next(body for body, _ in change.bodies if isinstance(body, Plan))
    over = Handover(result="applied", sentence="Done.", plan_object=change.plan.digest())
    used = change.and_then(over, plan)
    assert ("signoff-used", change.plan.digest()) in about(used)
    broken = Handover(result="failed", sentence="No.", plan_object=change.plan.digest())
    assert about(change.and_then(broken, plan)) == set()
    assert about(change.and_then(broken)) == set()
    assert about(change.and_then(plan)) == set()


def test_a_yes_given_beforehand_does_not_end_while_data_is_broken() -> None:
    change = _kept(_failed(), 11)
    later = NOW + timedelta(days=30)
    answer = decide(change.evidence(), change.demand(step=_back(change)), later)
    assert isinstance(answer, Permit)
    assert answer.until == later
    assert "signoff-expired" in {item.code for item in reasons(change, later)}


def _moving(freeze: bool = True) -> Made:
    args = {"asset": "files-one"}
    steps = (
        step("import-files-one", "h1", "192.0.2.1", args=args),
        step("finish-files-one", "h1", "192.0.2.1", args=args, last_pass=True),
    )
    words = {"who": "A. Client", "words": "The site becomes read-only."}
    return made(steps, freeze=words) if freeze else made(steps)


def _export(asset: str, minutes: int = 0) -> Export:
    at = NOW + timedelta(minutes=minutes)
    return Export(
        asset=asset, origin={}, machine=Machine(host="h1", target="ssh://h1"), pass_number=2,
        started_at=at, finished_at=at, items=1, bytes=1, complete=True, manifest_object=EMPTY,
    )  # fmt: skip


def test_what_was_fetched_of_one_asset_says_nothing_of_another() -> None:
    change = _moving(freeze=False)
    first, last = change.plan.steps
    other = change.and_then(
        _export("files-one"), _export("files-two"), snapshot("files-two", "h2", "192.0.2.2", NOW)
    )
    found = about(other, step=first)
    assert ("pass-not-proven", "files-one") in found
    moved = (a_step(change, "started", step="import-files-one"),
             a_step(change, "done", step="import-files-one"))  # fmt: skip
    story = change.and_then(_export("files-one"), *moved, _export("files-two"))
    assert ("no-last-pass", "files-one") in about(story, step=last)
    assert ("not-moved-yet", "files-one") in about(change, step=last)


def test_each_asset_has_its_own_last_pass_after_the_freeze() -> None:
    change = _moving()
    last = change.plan.steps[-1]
    moved = (a_step(change, "started", step="import-files-one"),
             a_step(change, "done", step="import-files-one"))  # fmt: skip
    frozen = Freeze(
        state="frozen", scope_object=change.plan.scope_object, since=NOW, told_by="A. Client"
    )
    late = change.and_then(*moved, frozen, _export("files-one", -1), _export("files-two", 5))
    assert ("pass-before-freeze", "files-one") in about(late, step=last)
    early = change.and_then(*moved, frozen, _export("files-one", 5), _export("files-two", -1))
    assert ("pass-before-freeze", "files-one") not in about(early, step=last)
    assert ("not-frozen", "files-one") in about(change.and_then(*moved), step=last)


def test_a_step_that_brings_over_no_asset_says_so() -> None:
    """Not the work of any other step that names none."""
    change = made((
        step("first", "h1", "192.0.2.1"), step("last", "h1", "192.0.2.1", last_pass=True),
    ))  # fmt: skip
    change = change.and_then(a_step(change, "done", step="first"))
    found = fetched(change.evidence(), change.demand(step=change.plan.steps[-1]))
    assert [(one.code, one.about) for one in found] == [("not-moved-yet", "(unnamed)")]


@pytest.mark.parametrize("missing", ["plan", "scope"])
def test_nobody_waits_for_a_freeze_without_plan_or_scope(missing: str) -> None:
    evidence = _moving().evidence()
    assert awaits_freeze(evidence)
    assert not awaits_freeze(replace(evidence, **{missing: None}))
    assert not awaits_freeze(_moving(freeze=False).evidence())


def test_a_judgement_decides_where_a_step_stands() -> None:
    change = made()
    digest = change.plan.digest()
    for judgement, state in (
        ("run again", "open"), ("counts as done", "done"), ("failed", "failed"), (None, "failed"),
    ):  # fmt: skip
        judged = change.and_then(
            a_step(change, "started"), a_step(change, "judged", judgement=judgement)
        )
        found = step_states(judged.view(), digest)["install", "h1"]
        assert (found.state, found.number, found.call_sha256) == (state, 10, EMPTY)


def test_another_plan_is_not_when_this_one_was_laid_down() -> None:
    change = made()
    plan = next(body for body, _ in change.bodies if isinstance(body, Plan))
    other = plan.model_copy(update={"plan_object": "f" * 64})
    view = change.and_then(other).view()
    assert planned_at(view, change.plan.digest()) == 6
    assert planned_at(view, "f" * 64) == 9
    assert planned_at(view, "e" * 64) == 0


def test_checks_count_after_the_last_step_or_after_the_plan() -> None:
    change = made()
    digest = change.plan.digest()
    assert last_step(change.view(), digest) == 6
    later = change.and_then(a_step(change, "started"), a_step(change, "started", "h2"))
    assert last_step(later.view(), digest) == 10
    assert last_step(later.view(), "e" * 64) == 0


def test_what_was_fetched_of_another_asset_later_leaves_this_one_proven() -> None:
    change = _moving(freeze=False)
    story = change.and_then(
        _export("files-one"), snapshot("files-one", "h1", "192.0.2.1", NOW), _export("files-two")
    )
    assert "pass-not-proven" not in {code for code, _ in about(story, step=change.plan.steps[0])}


def _restore(service: dict[str, Any], **more: Any) -> frozenset[str]:
    args = {"asset": "files-one", "reached": "V6"}
    halves = [
        step(name, "h1", "192.0.2.1", module=module, args=args)
        for name, module in (("restore", "asset_restore"), ("swap", "asset_swap"))
    ]
    module = "ansible.builtin.service"
    acts = step("service", "h1", "192.0.2.1", module=module, args=service, **more)
    return put_back(made((*halves, acts)).plan)


@pytest.mark.parametrize(
    ("service", "more", "only"),
    [
        ({"name": "x", "state": "started"}, {}, True),
        ({"name": "x", "state": "stopped"}, {}, True),
        ({"name": "x", "state": "restarted"}, {}, True),
        ({"name": "x", "state": "reloaded"}, {}, False),
        ({"name": "x"}, {}, False),
        ({"name": "x", "state": "started", "enabled": True}, {}, False),
        ({"name": "x", "state": "started"}, {"args_at_apply": {"name": "{{ x }}"}}, False),
        ({"name": "x", "state": "started"}, {"secret_args": ("name",)}, False),
    ],
)
def test_only_starting_and_stopping_leaves_a_restore_a_restore(
    service: dict[str, Any], more: dict[str, Any], only: bool
) -> None:
    assert _restore(service, **more) == (frozenset({"files-one"}) if only else frozenset())


def test_the_machine_that_was_copied_is_the_one_that_is_changed_or_said_not_to_be() -> None:
    change = made().and_then(
        snapshot("files-one", "h1", "192.0.2.77", NOW), verification("files-one", digest_of(9), "x")
    )
    found = about(change, step=change.plan.find("install", "h1"))
    assert found == {("snapshot-of-another-machine", "files-one")}


def test_a_scope_of_another_moment_is_named_by_its_digest() -> None:
    assert about(made(), scope_object="c" * 64) == {("scope-changed", "c" * 64)}


def test_a_step_that_nobody_signed_is_named() -> None:
    change = made()
    other = step("remove", "h1", "192.0.2.1")
    assert about(change, step=other) == {("step-not-in-plan", "remove on h1")}


def _only_a_restore(reached: str) -> Made:
    args = {"asset": "files-one", "reached": "V6"}
    change = made(
        tuple(
            step(name, "h1", "192.0.2.1", module=module, args=args)
            for name, module in (("restore", "asset_restore"), ("swap", "asset_swap"))
        )
    )
    return change.and_then(
        snapshot("files-one", "h1", "192.0.2.1", NOW),
        verification("files-one", digest_of(9), "x", reached),
    )


@pytest.mark.parametrize(("reached", "enough"), [("V2", False), ("V3", True), ("V6", True)])
def test_a_restore_asks_less_of_the_broken_state_and_not_nothing(
    reached: str, enough: bool
) -> None:
    found = about(_only_a_restore(reached))
    assert found == (set() if enough else {("level-too-low", "files-one")})


def test_a_way_back_that_nothing_failed_for_has_no_broken_state() -> None:
    change = made().without(Snapshot)
    found = about(change, step=_back(change))
    assert {("no-snapshot", "files-one"), ("nothing-failed", f"{RESTORE} on h1")} <= found
    assert "broken-state-not-kept" not in {code for code, _ in found}


def test_a_way_back_without_any_answer_is_refused() -> None:
    change = _failed().without(Signoff)
    found = about(change, step=_back(change))
    assert ("awaiting-signoff", change.plan.digest()) in found


def test_a_plan_that_no_statement_names_is_not_handed_over() -> None:
    change = made().without(Plan)
    assert "change-closed" not in {code for code, _ in about(change)}
