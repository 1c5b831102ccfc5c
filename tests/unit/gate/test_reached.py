"""Which assets a step works on, told from the signed plan: what nobody can tell is any of them."""

from __future__ import annotations

from typing import Any

import pytest

from sluis.gate.reached import reached
from support.evidence_made import made, step


def told(*steps: Any) -> frozenset[str] | None:
    """What the first of these steps works on, in a plan of them all."""
    return reached(made(steps).plan, steps[0])


def of(module: str, **more: Any) -> Any:
    return step("one", "h1", "192.0.2.1", module=module, **more)


RESTORE = of("asset_restore", args={"asset": "files-one", "reached": "V6"})
SWAP = step(
    "two", "h1", "192.0.2.1", module="asset_swap", args={"asset": "files-one", "reached": "V6"}
)
STOP = of("ansible.builtin.service", args={"name": "app", "state": "stopped"})


def test_a_step_works_on_what_the_client_signed_that_it_lies_in() -> None:
    assert told(of("ansible.builtin.copy", inside=("files-one", "files-two"))) == {
        "files-one",
        "files-two",
    }
    assert told(of("asset_restore", inside=("files-two",), args={"asset": "files-one"})) == {
        "files-two"
    }


@pytest.mark.parametrize(
    "module", ["asset_restore", "asset_swap", "tenant_import", "tenant_landing"]
)
def test_modules_that_are_about_one_asset_work_on_the_one_that_they_name(module: str) -> None:
    assert told(of(module, args={"asset": "files-one"})) == {"files-one"}


@pytest.mark.parametrize("args", [{}, {"asset": ""}, {"asset": 3}, {"asset": ["files-one"]}])
def test_such_a_module_that_names_no_asset_may_have_worked_on_any(args: dict[str, Any]) -> None:
    assert told(of("asset_swap", args=args)) is None


@pytest.mark.parametrize("args", [{"dest": "/srv/one"}, {"asset": "files-one"}])
def test_of_any_other_step_nobody_can_tell(args: dict[str, Any]) -> None:
    assert told(of("ansible.builtin.copy", args=args)) is None


def test_what_a_restore_stops_and_starts_again_is_as_it_was() -> None:
    assert told(STOP, RESTORE, SWAP) == frozenset()


def test_what_an_update_stops_may_have_worked_on_any() -> None:
    assert told(STOP, of("ansible.builtin.copy")) is None


def test_another_step_of_a_plan_that_also_restores_may_have_worked_on_any() -> None:
    assert told(of("ansible.builtin.copy"), RESTORE, SWAP) is None
