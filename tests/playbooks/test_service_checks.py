"""Service checks over ansible-playbook on real hosts: planned, made, recorded, judged (A11)."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import pytest

from sluis.evidence.objects import ObjectStore
from sluis.evidence.predicates import Check, Plan
from sluis.plan.annex import plan_annex
from sluis.plan.model import PlanDocument
from sluis.rehearsal.lab import Lab
from sluis.rehearsal.practice_data import DATABASE
from support.signed_change import LabChange, describe, marker_steps, new_change

pytestmark = pytest.mark.slow

PASSWORD = "check-s3cret-417"
PLAY = """\
- name: Checks only
  hosts: all:!verifiers
  strategy: ansible.builtin.linear
  gather_facts: false
  tasks:
    - ansible.builtin.include_vars:
        file: "{{ inventory_dir }}/changes/{{ change }}/update.yml"
"""
PLAN = (
    PLAY
    + """\
    - ansible.builtin.import_role: {name: change_gate, tasks_from: plan_begin}
    - ansible.builtin.include_tasks: {file: checks_planned.yml, apply: {check_mode: true}}
    - ansible.builtin.import_role: {name: change_gate, tasks_from: plan_seal}
"""
)
PLANNED = """\
- ansible.builtin.include_role: {name: software_update}
- ansible.builtin.include_role: {name: service_checks}
"""
MAKE = (
    PLAY
    + """\
    - ansible.builtin.include_role: {name: service_checks}
    - ansible.builtin.copy: {content: x, dest: "{{ ansible_remote_tmp }}/../after-checks"}
"""
)


@pytest.fixture(scope="module")
def change(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabChange]:
    made = new_change(
        lab, tmp_path_factory.mktemp("checks") / "project", "CHG-CHECKS", consent=False
    )
    playbooks = made.root / "playbooks"
    (playbooks / "plan_checks.yml").write_text(PLAN)
    (playbooks / "checks_planned.yml").write_text(PLANNED)
    (playbooks / "make_checks.yml").write_text(MAKE)
    lab.postgres.sql(f"create role checker login password '{PASSWORD}'")
    lab.sql("grant select on all tables in schema public to checker")
    yield made
    lab.sql("drop owned by checker; drop role checker")


def good(lab: Lab) -> list[dict[str, Any]]:
    """One check of each kind that passes, spread over both hosts."""
    listening = lab.hosts["app1"]
    return [
        {
            "id": "runs", "what": "The application runs.", "host": "app1", "type": "service",
            "pid_file": str(lab.application.folder / "run" / "pid"),
        },
        {
            "id": "listens", "what": "The machine can be reached.", "host": "app1",
            "type": "port", "address": listening.address, "port": listening.port,
        },
        {
            "id": "answers", "what": "The patient system answers.", "host": "app1",
            "type": "http", "url": lab.application.url, "contains": '"version"', "tries": 5,
        },
        {
            "id": "patients", "what": "Patients are there.", "host": "db1", "type": "sql",
            "engine": "postgresql", "database": DATABASE, "host_address": lab.postgres.host,
            "port": lab.postgres.port, "user": "checker", "at_least": 1,
            "query": "select count(*) from patient", "bin_dir": str(lab.postgres.bin_dir),
        },
        {
            "id": "letters", "what": "There is no half-written letter.", "host": "app1",
            "type": "file", "path": str(lab.documents / "half-written"), "absent": True,
        },
    ]  # fmt: skip


def run(change: LabChange, playbook: str, checks: list[dict[str, Any]]) -> tuple[int, str]:
    describe(
        change,
        software_update_steps=marker_steps(),
        service_checks_list=checks,
        service_checks_secrets={"patients": {"password": PASSWORD}},
    )
    done = change.playbook(playbook=f"playbooks/{playbook}.yml")
    return done.returncode, done.stdout + done.stderr


def made(change: LabChange) -> dict[str, Check]:
    return {item.body.check: item.body for item in change.view().of(Check)}


def reached_the_end(lab: Lab) -> bool:
    found = [host.folder / "after-checks" for host in lab.hosts.values()]
    there = any(path.exists() for path in found)
    for path in found:
        path.unlink(missing_ok=True)
    return there


def test_case_A11_checks_are_planned_made_and_recorded(lab: Lab, change: LabChange) -> None:
    checks = good(lab)
    status, said = run(change, "plan_checks", checks)
    assert status == 0, said
    assert made(change) == {}, "planning makes no check"
    statement = change.view().latest(Plan)
    assert statement is not None
    data = ObjectStore(change.dossier).get(statement.body.plan_object)
    plan = PlanDocument.model_validate_json(data)
    assert {(item.check, item.host, item.what) for item in plan.checks} == {
        (item["id"], item["host"], item["what"]) for item in checks
    }
    status, said = run(change, "make_checks", checks)
    assert status == 0, said
    assert {name: body.passed for name, body in made(change).items()} == {
        item["id"]: True for item in checks
    }
    assert reached_the_end(lab)
    kept = b"".join(path.read_bytes() for path in change.dossier.rglob("*") if path.is_file())
    assert PASSWORD.encode() not in kept
    assert PASSWORD not in said


def broken(lab: Lab) -> dict[str, tuple[dict[str, Any], bool | None]]:
    """What replaces a good check, and what has to be recorded then."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        free = server.getsockname()[1]
    checks = {item["id"]: item for item in good(lab)}
    return {
        "runs": (checks["runs"] | {"pid_file": "/nonexistent/pid"}, False),
        "listens": (checks["listens"] | {"address": "127.0.0.1", "port": free}, False),
        "answers": (checks["answers"] | {"contains": "Adieu", "tries": 1}, False),
        "patients": (checks["patients"] | {"bin_dir": "/nonexistent"}, None),
        "letters": (checks["letters"] | {"path": "/proc/self/mem/x"}, None),
    }


def test_case_A11_a_check_that_fails_or_cannot_be_made_stops_the_batch(
    lab: Lab, change: LabChange
) -> None:
    """Every check is made and recorded, none of them passes, and nothing comes after them."""
    spoiled = broken(lab)
    described = [check for check, _ in spoiled.values()]
    status, said = run(change, "plan_checks", described)
    assert status == 0, said
    status, said = run(change, "make_checks", described)
    assert status != 0
    assert not reached_the_end(lab)
    assert {name: made(change)[name].passed for name in spoiled} == {
        name: passed for name, (_, passed) in spoiled.items()
    }
    for name in spoiled:
        assert f"({name} on " in said


def test_L9_what_is_looked_at_is_signed_and_nothing_else_is_looked_at(
    lab: Lab, change: LabChange
) -> None:
    """The query, address and path of a check stand in the plan; another one is not made."""
    checks = good(lab)
    status, said = run(change, "plan_checks", checks)
    assert status == 0, said
    statement = change.view().latest(Plan)
    assert statement is not None
    plan = PlanDocument.model_validate_json(
        ObjectStore(change.dossier).get(statement.body.plan_object)
    )
    for language in ("nl", "en"):
        told = plan_annex(plan, language)  # type: ignore[arg-type]
        assert 'query: "select count(*) from patient"' in told
        assert f'url: "{lab.application.url}"' in told
        assert PASSWORD not in told
    other = [
        item | {"query": "values (1)"} if item["id"] == "patients" else item for item in checks
    ]
    extra = checks[0] | {"id": "one-more", "pid_file": "/proc/self/stat"}
    before = len(change.view().of(Check))
    status, said = run(change, "make_checks", [*other, extra])
    assert status != 0
    answers = {item.body.check: item.body for item in change.view().of(Check)[before:]}
    assert answers["patients"].passed is None
    assert "not as it was signed: query" in answers["patients"].detail
    assert answers["one-more"].passed is None
    assert answers["runs"].passed is True
    assert not reached_the_end(lab)


def test_a_planned_check_that_is_left_out_counts_as_not_made(lab: Lab, change: LabChange) -> None:
    """Dropping a check from the description after signing does not make it pass."""
    status, said = run(change, "plan_checks", good(lab))
    assert status == 0, said
    done = change.playbook("-e", "phase=apply", playbook="playbooks/make_checks.yml")
    assert done.returncode == 0, done.stdout
    reached_the_end(lab)
    with_other_plan = [*good(lab), good(lab)[0] | {"id": "runs-too"}]
    status, said = run(change, "plan_checks", with_other_plan)
    assert status == 0, said
    status, said = run(change, "make_checks", good(lab))
    assert status != 0
    assert "(runs-too on app1): not made" in said
    assert not reached_the_end(lab)


def test_extra_vars_make_no_check_pass(lab: Lab, change: LabChange) -> None:
    status, said = run(change, "plan_checks", good(lab))
    assert status == 0, said
    before = len(change.view().of(Check))
    done = change.playbook("-e", "service_checks_list=[]", playbook="playbooks/make_checks.yml")
    assert done.returncode != 0
    assert len(change.view().of(Check)) == before
    assert not reached_the_end(lab)


def test_a_host_that_is_gone_has_no_passed_check(lab: Lab, change: LabChange) -> None:
    status, said = run(change, "plan_checks", good(lab))
    assert status == 0, said
    hosts = change.root / "inventories" / change.who.client / "hosts.yml"
    kept = hosts.read_text()
    port = str(lab.hosts["db1"].port)
    hosts.write_text(kept.replace(port, "1"))
    try:
        done = change.playbook(playbook="playbooks/make_checks.yml")
    finally:
        hosts.write_text(kept)
    assert done.returncode != 0
    body = made(change)["patients"]
    assert body.passed is None
    assert "could not be reached" in body.detail
    assert not reached_the_end(lab)
