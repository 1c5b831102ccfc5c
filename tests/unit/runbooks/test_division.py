"""Who fetches what is decided once, kept in the ledger, and the same for whoever asks."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sluis.dossier.material import read_material
from sluis.errors import InputError, RefusedError
from sluis.evidence.anchors import load_anchors
from sluis.evidence.ledger import Ledger
from sluis.evidence.objects import ObjectStore
from sluis.evidence.predicates import Export, Machine, Scope, Step
from sluis.runbook import planning
from sluis.runbook.division import needs_this_machine, placed_scope
from sluis.runbook.planning import declare_scope
from sluis.runbook.run import OpenDossier, Run, now
from sluis.runbook.snapshot_taking import has_assets
from sluis.runbook.tenant_discovering import tenants_of
from sluis.runbook.tenant_importing import newest_export
from sluis.runbook.tenant_settings import read_tenant_settings
from sluis.runbook.tenant_steps import going_from
from sluis.scope.division import workers_from, workers_into
from sluis.scope.gone_by import today_of
from sluis.scope.remarks import remarks
from support import evidence_made as ev
from support.divided import drive, move_data
from support.scopes import CHANGE, CLIENT, to_yaml
from support.small_change import SmallChange, small_change

DRIVES = [drive(name, size=10**9) for name in ("one", "two", "three")]


class Plain:
    """Renders nothing, as there are no templates."""

    def template(self, variable: Any) -> Any:
        return variable


@pytest.fixture
def small(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> SmallChange:
    made = small_change(tmp_path, monkeypatch, now())
    write(made, *DRIVES)
    (made.places.inventory(CLIENT) / "hosts.yml").write_text("all: {}\n")
    return made


def write(small: SmallChange, *drives: dict[str, Any]) -> None:
    (small.places.change(CLIENT, CHANGE) / "scope.yml").write_text(to_yaml(move_data(*drives)))


def a_run(small: SmallChange, *workers: str, hosts: tuple[str, ...] = ()) -> Run:
    return Run(
        small.places, CLIENT, CHANGE, "prepare", "tenant_migration.yml", hosts or workers, (),
        workers,
    )  # fmt: skip


def opened(small: SmallChange) -> OpenDossier:
    anchors = load_anchors(small.places.trust(CLIENT), CLIENT)
    ledger = Ledger(small.dossier, anchors, CLIENT, CHANGE)
    return OpenDossier(small.dossier, ledger, ObjectStore(small.dossier), anchors, small.key)


def fetched(small: SmallChange, asset: str, host: str) -> None:
    small.record(
        Export(
            asset=asset, origin={}, machine=Machine(host=host, target=f"ssh://{host}"),
            pass_number=1, started_at=small.now, finished_at=small.now, items=1, bytes=1,
            complete=True, manifest_object=ev.EMPTY,
        )
    )  # fmt: skip


def hosts(run: Run) -> dict[str, str | None]:
    return {asset.id: asset.host for asset in placed_scope(run).assets}


def test_the_division_is_recorded_once_and_everybody_reads_it(small: SmallChange) -> None:
    run = a_run(small, "w1", "w2")
    first = declare_scope(run, opened(small))
    assert first.new
    # nobody had anything before; what is said is about the drives, that have no agreement
    assert first.warnings == remarks(first.document, today_of(first.document, now())) != ()
    (laid_down,) = opened(small).ledger.read(now()).of(Scope)
    assert laid_down.body.workers == ("w1", "w2")
    assert hosts(run) == laid_down.body.given
    assert set(laid_down.body.given.values()) == {"w1", "w2"}
    assert first.document.assets[0].host is None, "the client signs no worker"
    fetched(small, "two", laid_down.body.given["two"])
    again = declare_scope(run, opened(small))
    assert (again.new, again.scope_object) == (False, first.scope_object)
    assert hosts(run) == laid_down.body.given
    material = read_material(small.places, CLIENT, CHANGE, now())
    assert material.scope is not None
    assert {a.id: a.host for a in material.scope.assets} == laid_down.body.given


def test_before_prepare_the_forecast_sees_the_same_division(small: SmallChange) -> None:
    run = a_run(small, "w1", "w2")
    before = hosts(run)
    declare_scope(run, opened(small))
    assert hosts(run) == before


def test_a_worker_that_goes_is_said_and_its_assets_are_not_taken_for_fetched(
    small: SmallChange,
) -> None:
    declare_scope(a_run(small, "w1", "w2"), opened(small))
    given = hosts(a_run(small, "w1", "w2"))
    for asset, host in given.items():
        fetched(small, asset, str(host))
    left = a_run(small, "w1")
    declared = declare_scope(left, opened(small))
    lost = [asset for asset, host in given.items() if host == "w2"]
    assert declared.new
    known = remarks(declared.document, today_of(declared.document, now()))
    anew = [line for line in declared.warnings if line not in known]
    assert [line.partition(":")[0] for line in anew] == lost
    assert all("w2 fetched it" in line for line in anew)
    assert set(hosts(left).values()) == {"w1"}
    scope = placed_scope(left)
    for asset in scope.assets:
        if asset.id in lost:
            with pytest.raises(RefusedError) as refused:
                newest_export(opened(small), asset)
            assert refused.value.code == "fetched-by-another-worker"
        else:
            assert newest_export(opened(small), asset).machine.host == "w1"


def test_what_a_worker_began_to_put_over_cannot_become_anothers(small: SmallChange) -> None:
    """Only there is known what went over: another one would put it there twice, or stop."""
    both, left = a_run(small, "w1", "w2"), a_run(small, "w1")
    declare_scope(both, opened(small))
    lost = next(asset for asset, host in hosts(both).items() if host == "w2")
    fetched(small, lost, "w2")
    small.record(
        Step(step=f"import-{lost}", host="w2", state="started", plan_object=ev.EMPTY,
             call_sha256=ev.EMPTY)
    )  # fmt: skip
    assert not declare_scope(both, opened(small)).new
    with pytest.raises(InputError) as error:
        declare_scope(left, opened(small))
    assert error.value.code == "import-begun-elsewhere"
    assert "w2" in error.value.remedy
    assert len(opened(small).ledger.read(now()).of(Scope)) == 1


def test_case_C1_a_worker_without_work_is_no_host_that_nobody_spoke_of(small: SmallChange) -> None:
    write(small, DRIVES[0])
    run = a_run(small, "w1", "w2", hosts=("h3", "w1", "w2"))
    declare_scope(run, opened(small))
    assert has_assets(run, "w1")
    assert not has_assets(run, "w2")
    assert [len(going_from(run, host)) for host in run.hosts] == [0, 1, 0]
    with pytest.raises(RefusedError) as refused:
        has_assets(run, "h3")
    assert refused.value.code == "host-not-in-scope"


@pytest.mark.parametrize(("workers", "code"), [(("w1", "w2"), "worker-not-in-batch"),
                                               ((), "no-workers")])  # fmt: skip
def test_workers_that_cannot_work_stop_prepare_before_anything_is_recorded(
    small: SmallChange, workers: tuple[str, ...], code: str
) -> None:
    with pytest.raises(InputError) as error:
        declare_scope(a_run(small, *workers, hosts=("w1",)), opened(small))
    assert error.value.code == code
    assert not opened(small).ledger.read(now()).statements


def test_the_controller_joins_only_when_it_is_needed(small: SmallChange) -> None:
    bare = replace(a_run(small, hosts=("localhost",)), export_workers=None)
    assert needs_this_machine(bare)
    assert set(hosts(bare).values()) == {"localhost"}
    assert not needs_this_machine(a_run(small, "w1"))
    write(small, drive("one", host="h1"))
    assert not needs_this_machine(bare)
    assert hosts(bare) == {"one": "h1"}


def test_workers_with_work_share_the_budget_and_nobody_else_does(small: SmallChange) -> None:
    """Two may not go over what the tenant allows, and one alone may use all of it."""
    for count, names in ((1, ("w1", "w2")), (2, ("w1", "w2")), (3, ("w1", "w2", "w3", "w4"))):
        write(small, *DRIVES[:count])
        run = a_run(small, *names)
        scope = placed_scope(run)
        shares = []
        for host in names:
            for role, workers in (
                ("tenant_export", workers_from(scope)), ("tenant_import", workers_into(scope)),
            ):  # fmt: skip
                settings = read_tenant_settings(
                    role, {"inventory_hostname": host, f"{role}_accounts": {"old": {}, "new": {}}},
                    Plain(), workers,
                )  # fmt: skip
                if scope.assets_on(host):
                    tenant = "old" if role == "tenant_export" else "new"
                    shares.append(settings.budget(tenant).share)
        at_work = min(count, len(names))
        assert shares == [pytest.approx(1 / at_work)] * 2 * at_work


def test_one_worker_looks_at_a_tenant_and_it_is_one_that_fetches_from_it(
    small: SmallChange,
) -> None:
    scope = placed_scope(a_run(small, "w2", "w3"))
    assert [tenants_of(scope, host) for host in ("a-client", "w2", "w3")] == [[], ["old"], []]


def test_the_division_does_not_change_between_scope_and_plan(small: SmallChange) -> None:
    """Sealing lays the scope down again, after exports came: it must not be a new one."""
    run = a_run(small, "w1", "w2")
    declare_scope(run, opened(small))
    given = hosts(run)
    planning.begin(run)
    for asset, host in given.items():
        fetched(small, asset, str(host))
        planning.note_step(run, ev.step(f"import-{asset}", str(host), "192.0.2.1"), asset)
    plan, _, _ = planning.seal(run, opened(small))
    assert {step.step: step.host for step in plan.steps} == {
        f"import-{asset}": host for asset, host in given.items()
    }
    assert len(opened(small).ledger.read(now()).of(Scope)) == 1


def test_no_plan_of_a_move_is_sealed_with_a_way_back_that_it_does_not_have(
    small: SmallChange,
) -> None:
    path = small.places.change(CLIENT, CHANGE) / "scope.yml"
    path.write_text(to_yaml({**move_data(*DRIVES), "way_back": {"consent": True, "words": "Yes."}}))
    run = a_run(small, "w1")
    planning.begin(run)
    planning.note_step(run, ev.step("import-one", "w1", "192.0.2.1"), "one")
    with pytest.raises(InputError) as error:
        planning.seal(run, opened(small))
    assert error.value.code == "way-back-nowhere"
