"""Which hosts a move runs on: those of the inventory, and this machine when it has to fetch."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sluis.rehearsal.plain_yaml import write_yaml
from sluis.rehearsal.project import clean_environment, make_project
from support.divided import drive, move_data
from support.scopes import CHANGE, CLIENT, to_yaml

pytestmark = pytest.mark.slow

ANSIBLE = Path(sys.executable).with_name("ansible-playbook")
CLIENTS = {"clients": {"hosts": {"h1": {}}}, "verifiers": {"hosts": {"v1": {}}}}
WORKERS = {**CLIENTS, "export_workers": {"hosts": {"w1": {}, "w2": {}}}}
EMPTY = {**CLIENTS, "export_workers": {}}
ALONE = {"verifiers": {"hosts": {"v1": {}}}}
OPEN, NAMED = drive("one"), drive("one", host="h1")


def listed(root: Path, groups: dict[str, Any], asset: dict[str, Any] | None, play: str) -> set[str]:
    """The hosts of each play of a playbook, which must be the same in all of them."""
    places = make_project(root)
    folder = places.change(CLIENT, CHANGE)
    folder.mkdir(parents=True)
    if asset is not None:
        (folder / "scope.yml").write_text(to_yaml(move_data(asset)))
    write_yaml(places.inventory(CLIENT) / "hosts.yml", {"all": {"children": groups}})
    run = subprocess.run(
        [str(ANSIBLE), "-i", f"inventories/{CLIENT}", f"playbooks/{play}.yml", "--list-hosts",
         "-e", f"change={CHANGE}"],
        cwd=places.root, env=clean_environment(root / "keys"), stdin=subprocess.DEVNULL,
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    plays = run.stdout.split("play #")[1:]
    (hosts,) = {frozenset(text.partition("hosts (")[2].split()[1:]) for text in plays}
    return set(hosts)


@pytest.mark.parametrize(
    ("groups", "asset", "hosts"),
    [
        (ALONE, OPEN, {"localhost"}),
        (CLIENTS, OPEN, {"h1", "localhost"}),
        (CLIENTS, NAMED, {"h1"}),
        (WORKERS, OPEN, {"h1", "w1", "w2"}),
        # nobody can work then: prepare says so
        (EMPTY, OPEN, {"h1"}),
        # somebody has to be there to say that it cannot be read
        (ALONE, None, {"localhost"}),
    ],
)
def test_this_machine_joins_when_the_scope_leaves_it_open_and_no_group_does_it(
    tmp_path: Path, groups: dict[str, Any], asset: dict[str, Any] | None, hosts: set[str]
) -> None:
    assert listed(tmp_path / "project", groups, asset, "tenant_migration") == hosts


def test_the_forecast_of_a_move_runs_where_the_move_will(tmp_path: Path) -> None:
    assert listed(tmp_path / "project", ALONE, OPEN, "forecast") == {"localhost"}
