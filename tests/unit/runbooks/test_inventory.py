"""The inventory is bound as Ansible resolves it: no more than that, and no less (L4)."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml
from ansible import constants
from ansible.inventory.host import Host
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader

from sluis.places import Places
from sluis.plan.tree import differences
from sluis.runbook.inventory import reach_of, reach_of_run

CLIENT = "practice"
HOSTS = """
all:
  children:
    clients:
      vars: {kind: x}
      hosts:
        app1: {ansible_host: 192.0.2.1, ansible_port: 22}
        db1: {ansible_host: 192.0.2.2}
    databases:
      hosts:
        db1:
    empty: {}
"""


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Places:
    # as ansible.cfg of the project sets it
    monkeypatch.setattr(constants, "INVENTORY_ENABLED", ["host_list", "yaml", "ini"])
    folder = tmp_path / "inventories" / CLIENT
    folder.mkdir(parents=True)
    (folder / "hosts.yml").write_text(HOSTS)
    return Places(tmp_path)


def entries(places: Places) -> dict[str, str]:
    found = reach_of(places, CLIENT)
    assert found.reasons == ()
    return dict(found.entries)


def edit(places: Places, old: str, new: str) -> None:
    path = places.inventory(CLIENT) / "hosts.yml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_who_is_in_reach(places: Places) -> None:
    found = reach_of(places, CLIENT)
    assert found.hosts == {"app1", "db1", "localhost"}
    assert found.groups == {"all", "clients", "databases", "ungrouped"}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("ansible_port: 22", "ansible_port: 23", {"host app1: ansible_port changed"}),
        ("ansible_port: 22", "ansible_port: '22'", {"host app1: ansible_port changed"}),
        (", ansible_port: 22", "", {"host app1: ansible_port went"}),
        ("kind: x", "kind: y", {"group clients: kind changed"}),
        ("kind: x", "kind: x, more: 1", {"group clients: more came"}),
        (
            "    empty: {}",
            "    more: {hosts: {app1: }}",
            {"group more came", "host app1 changed"},
        ),
        ("        db1:\n", "        db1: {ansible_become: true}\n",
         {"host db1: ansible_become came"}),
        ("vars: {kind: x}", "vars: {kind: x, ansible_group_priority: 5}",
         {"group clients changed"}),
    ],
)  # fmt: skip
def test_L4_what_the_list_says_of_a_host_in_reach_is_named(
    places: Places, old: str, new: str, said: set[str]
) -> None:
    before = entries(places)
    edit(places, old, new)
    assert said <= set(differences(before, entries(places)))


def test_L4_layout_and_notes_change_nothing(places: Places) -> None:
    before = entries(places)
    path = places.inventory(CLIENT) / "hosts.yml"
    path.write_text("# a note\n" + yaml.safe_dump(yaml.safe_load(HOSTS), sort_keys=False))
    assert entries(places) == before


def test_L4_a_template_that_reads_elsewhere_is_refused(places: Places) -> None:
    edit(places, "kind: x", "kind: [\"{{ lookup('pipe', 'id') }}\"]")
    (reason,) = reach_of(places, CLIENT).reasons
    assert (reason.code, reason.about) == ("reaches-outside", "group clients: kind")


@pytest.mark.parametrize("name", ["../../elsewhere/app1", "\"{{ lookup('pipe', 'id') }}\"", ".h"])
def test_L4_a_name_that_is_a_path_or_a_template_is_refused(places: Places, name: str) -> None:
    edit(places, "app1:", f"{name}:")
    reasons = reach_of(places, CLIENT).reasons
    assert {item.code for item in reasons} == {"bad-inventory-name"}


def test_L4_a_program_is_no_inventory(places: Places) -> None:
    program = places.inventory(CLIENT) / "more"
    mark = places.root / "ran"
    program.write_text(f"#!/bin/sh\ntouch {mark}\necho '{{}}'\n")
    program.chmod(0o755)
    found = reach_of(places, CLIENT)
    assert not mark.exists()
    assert [item.code for item in found.reasons] == ["inventory-not-readable"] or not found.reasons


def test_L4_a_plugin_that_asks_elsewhere_is_no_inventory(places: Places) -> None:
    (places.inventory(CLIENT) / "more.yml").write_text(
        "plugin: ansible.builtin.constructed\nstrict: true\ngroups: {mine: true}\n"
    )
    found = reach_of(places, CLIENT)
    assert "mine" not in found.groups


def test_it_is_read_again_only_when_a_file_changed(
    places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = reach_of(places, CLIENT)
    assert reach_of(places, CLIENT) is before
    os.utime(places.inventory(CLIENT) / "hosts.yml")
    assert reach_of(places, CLIENT) is not before


@pytest.mark.parametrize("asked", ["app1", "db1", "clients", "all"])
def test_what_the_running_ansible_read_is_told_in_the_same_words(
    places: Places, asked: str
) -> None:
    """Whatever host or group Ansible asks about, the whole of the inventory hangs on it."""
    manager = InventoryManager(loader=DataLoader(), sources=[str(places.inventory(CLIENT))])
    one = manager.groups.get(asked) or manager.hosts[asked]
    assert reach_of_run([one]) == entries(places)
    edit(places, "kind: x", "kind: y")
    assert differences(reach_of_run([one]) or {}, entries(places)) == (
        "group clients: kind changed",
    )


def test_a_host_that_ansible_made_up_says_nothing_of_the_inventory() -> None:
    manager = InventoryManager(loader=DataLoader(), sources=[])
    assert reach_of_run([manager.localhost or Host("localhost")]) is None
    assert reach_of_run([]) is None


@pytest.mark.parametrize("name", ["hosts.yml", "more.yaml", "deeper/list.yml"])
def test_L22_a_list_that_repeats_itself_without_end_is_not_read(places: Places, name: str) -> None:
    """It would take Ansible hours and all memory; some hundred bytes suffice."""
    file = places.inventory(CLIENT) / name
    file.parent.mkdir(exist_ok=True)
    bomb = "all:\n  vars:\n    a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    for one in range(1, 12):
        bomb += f"    a{one}: &a{one} [{', '.join([f'*a{one - 1}'] * 10)}]\n"
    for endless in (bomb, "all: {vars: {a: &a [*a]}}\n"):
        file.write_text(endless)
        (reason,) = reach_of(places, CLIENT).reasons
        assert reason.code == "inventory-not-readable"
        assert f"{name}: Its aliases (*name) repeat more than" in reason.sentence


def test_L22_a_list_that_is_a_pipe_is_not_waited_for(places: Places) -> None:
    os.mkfifo(places.inventory(CLIENT) / "more.yml")
    (reason,) = reach_of(places, CLIENT).reasons
    assert "more.yml is a device, a pipe or a socket" in reason.sentence


def test_what_opens_ansible_vault_is_no_list_of_hosts(places: Places) -> None:
    """What is wrong with it is said of the tree; the hosts are what they are."""
    before = reach_of(places, CLIENT)
    os.mkfifo(places.inventory(CLIENT) / "vault.cfg")
    assert reach_of(places, CLIENT) == before
