"""What a check looks at stands in the plan, and plans from before still read as they were."""

from __future__ import annotations

from sluis.plan.model import PlannedCheck
from sluis.plan.text import plan_text
from sluis.runbook.checks import changed_since
from support.outcomes import PLAN

CHECK = {"id": "patients", "host": "h1", "what": "Patients are there", "type": "sql",
         "query": "select 1", "at_least": 2**60, "headers": {"X-Key": "s3cret"}}  # fmt: skip


def plan_with(**technical: object):  # type: ignore[no-untyped-def]
    planned = PlannedCheck.model_validate(
        {"check": "patients", "host": "h1", "what": CHECK["what"], "technical": technical}
    )
    return PLAN.model_copy(update={"checks": (planned,)})


def test_L9_a_check_is_compared_with_what_was_signed_field_by_field() -> None:
    signed = {"type": "sql", "query": "select 1", "at_least": str(2**60), "headers": ["X-Key"]}
    assert changed_since(plan_with(**signed), "h1", {"patients": CHECK}) == {}
    for name, value in (("query", "select 2"), ("bin_dir", "/tmp"), ("headers", {"X-Other": 1})):
        other = changed_since(plan_with(**signed), "h1", {"patients": CHECK | {name: value}})
        assert other == {"patients": f"it is not as it was signed: {name}"}
    assert "its words" in changed_since(
        plan_with(**signed), "h1", {"patients": CHECK | {"what": "All is well"}}
    )["patients"]  # fmt: skip
    assert "not in the plan" in changed_since(plan_with(**signed), "h2", {"patients": CHECK})[
        "patients"
    ]  # fmt: skip


def test_a_plan_from_before_reads_and_looks_as_it_did() -> None:
    old = PlannedCheck.model_validate({"check": "patients", "host": "h1", "what": "x"})
    assert old.technical == {}
    assert changed_since(plan_with(), "h1", {"patients": CHECK}) == {}
    assert plan_text(plan_with(), "nl").count("Technisch") == plan_text(
        PLAN.model_copy(update={"checks": ()}), "nl"
    ).count("Technisch")
