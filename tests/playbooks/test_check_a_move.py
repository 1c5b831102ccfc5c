"""``sluis check`` of a move: both tenants and an SFTP source, each broken, with what to write."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from sluis.rehearsal.lab import Lab
from sluis.rehearsal.plain_yaml import write_yaml
from sluis.rehearsal.sshd import new_ssh_key
from sluis.rehearsal.tenant.rights import AppSettings
from sluis.rehearsal.tenant.settings import Settings
from sluis.rehearsal.tenant.start import App, Tenant
from support.front_door import sluis
from support.migration import NEW, OLD, Migration, start_migration
from support.sftp_places import Place, old_supplier

pytestmark = pytest.mark.slow

SERVER = "old-files"
#: a site that was removed, and its library with it
REMOVED = "b!00000000000000000000000000000000000000000000000000000000000000ab"


@dataclass
class Move:
    """A move that nobody has prepared, with an asset on the old supplier's server."""

    made: Migration
    place: Place
    kept: Path

    @property
    def variables(self) -> Path:
        return self.made.change.who.inventory / "group_vars" / "all" / "tenants.yml"

    def set(self, **more: Any) -> None:
        """Settings in place of those that were written."""
        said = yaml.safe_load(self.variables.read_text())
        write_yaml(self.variables, said | more)

    def app(self, side: str, name: str, tenant: Tenant, app: App, **more: Any) -> None:
        """Sign in as another app, or somewhere else."""
        said = yaml.safe_load(self.variables.read_text())
        account = {
            "tenant_id": tenant.tenant_id, "client_id": app.client_id,
            "authority": tenant.graph, "graph": tenant.graph, "ca": str(tenant.ca), **more,
        }  # fmt: skip
        accounts = said[f"tenant_{side}_accounts"] | {name: account}
        secrets = said[f"tenant_{side}_secrets"] | {name: {"secret": app.secret}}
        self.set(**{f"tenant_{side}_accounts": accounts, f"tenant_{side}_secrets": secrets})

    def server(self, **more: Any) -> None:
        said = yaml.safe_load(self.variables.read_text())["tenant_export_servers"][SERVER] | more
        self.set(tenant_export_servers={SERVER: {k: v for k, v in said.items() if v is not None}})

    def scope(self, asset: str, *where: str, value: Any) -> None:
        """One field of an asset's, changed."""
        scope = yaml.safe_load(self.made.scope.read_text())
        at = next(one for one in scope["assets"] if one["id"] == asset)
        for name in where[:-1]:
            at = at[name]
        at[where[-1]] = value
        write_yaml(self.made.scope, scope)

    def check(self) -> tuple[int, dict[str, list[dict[str, Any]]], dict[str, Any]]:
        """Status, findings by code, and the whole document."""
        change = self.made.change
        status, found = sluis(change, "check", change.who.client, change.change)
        told: dict[str, list[dict[str, Any]]] = {}
        for one in found["findings"]:
            assert one["what"] and one["remedy"], one
            told.setdefault(one["code"], []).append(one)
        said = yaml.safe_dump(found)
        for app in (*self.made.old.apps, *self.made.new.apps):
            assert app.secret not in said, "a secret is in what is said"
        return status, told, found


@pytest.fixture(scope="module")
def described(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Move]:
    folder = tmp_path_factory.mktemp("check-a-move")
    old = Settings(
        seed=7, tenant_name="old", population=OLD,
        apps=(AppSettings(), AppSettings("Files alone", ("Files.Read.All",))),
    )  # fmt: skip
    new = Settings(
        seed=8, tenant_name="new", population=NEW,
        address="127.0.10.22", content_address="127.0.10.23",
        apps=(
            AppSettings(),
            AppSettings("Reads", ("Sites.Read.All", "User.Read.All")),
            AppSettings("Some sites", ("Sites.Selected",)),
        ),
    )  # fmt: skip
    made_move = start_migration(lab, folder, "MIG-9", old=old, new=new)
    with old_supplier() as place, made_move as made:
        move = Move(made, place, folder)
        host = place.supplier.host
        move.set(
            tenant_export_servers={
                SERVER: {
                    "address": host.address, "port": host.port, "user": host.user,
                    "key": str(place.key), "host_key": host.host_key.strip(),
                }
            }
        )  # fmt: skip
        scope = yaml.safe_load(made.scope.read_text())
        pattern = next(one for one in scope["assets"] if one["id"] == "drive-0")
        scope["assets"].append(
            {
                **pattern, "id": "i-drive", "name": "The I-drive", "kind": "share",
                "location": "//old/I",
                "origin": {
                    "by": "sftp", "server": SERVER, "folder": str(place.supplier.i_drive)
                },
                "disposition": {
                    **pattern["disposition"],
                    "into": {**pattern["disposition"]["into"], "folder": "From I"},
                },
            }
        )  # fmt: skip
        scope["risks"].append(
            {"id": "lost-i", "asset": "i-drive", "words": "Files could be missing.",
             "we_do": "We compare every file afterwards."}
        )  # fmt: skip
        write_yaml(made.scope, scope)
        move.kept = made.change.keep()
        yield move


@pytest.fixture
def move(described: Move) -> Move:
    described.made.change.go_back_to(described.kept)
    return described


def test_check_a_move_in_which_nothing_is_wrong(move: Move) -> None:
    status, told, found = move.check()
    assert (status, told, found["not_looked_at"]) == (0, {}, []), yaml.safe_dump(found)
    assert not (move.made.change.root / "dossiers").exists(), "nothing is left behind"


def test_check_all_that_is_wrong_with_a_move_is_said_at_once(move: Move, tmp_path: Path) -> None:
    old, new = move.made.old, move.made.new
    move.app("export", "old", old, old.apps[1])
    move.set(tenant_import_secrets={"new": {"secret": "not the one at all"}})
    move.scope("drive-0", "origin", "drive", value=REMOVED)
    other = new_ssh_key(tmp_path / "other", "somebody else").rsplit(" ", 1)[0]
    move.server(host_key=other)
    status, told, found = move.check()
    said = yaml.safe_dump(found)
    assert status == 1, said
    # the role, with the commands that grant it
    (role,) = told["role-missing"]
    assert role["about"] == "tenant old"
    assert f"az ad app permission add --id {old.apps[1].client_id} " in role["remedy"]
    assert "Sites.FullControl.All" in role["remedy"]
    (people,) = told["role-missing-for-level"]
    assert "User.Read.All" in people["remedy"]
    # the site that is gone, and where it stands in the scope
    (gone,) = told["drive-missing"]
    assert "drive-0" in gone["what"] and REMOVED in gone["what"]
    line = gone["remedy"].partition("scope.yml, line ")[2].partition(";")[0].partition(".")[0]
    assert REMOVED in move.made.scope.read_text().splitlines()[int(line) - 1]
    # the secret, and where it is to be written
    (secret,) = told["tenant-secret-wrong"]
    assert secret["about"] == "tenant new" and new.app.client_id in secret["what"]
    assert "secret under new in tenant_import_secrets" in secret["remedy"]
    assert "not the one at all" not in said
    # the key that the server has, to be compared, and the line to write
    (key,) = told["host-key-wrong"]
    right = " ".join(move.place.supplier.host.host_key.split()[:2])
    assert key["remedy"].endswith(f'under {SERVER} in tenant_export_servers: host_key: "{right}"')
    assert any("tenant new" in one and f"server {SERVER}" in one for one in found["not_looked_at"])
    assert {one["kind"] for one in found["findings"]} == {"out there"}


def test_check_without_a_change_tries_what_the_settings_name_from_each_worker(
    move: Move, tmp_path: Path
) -> None:
    who = move.made.change.who
    hosts = yaml.safe_load((who.inventory / "hosts.yml").read_text())
    hosts["all"]["children"]["export_workers"] = {"hosts": {"app1": {}}}
    write_yaml(who.inventory / "hosts.yml", hosts)
    move.set(tenant_import_secrets={"new": {"secret": "not the one at all"}})
    move.server(host_key=new_ssh_key(tmp_path / "other", "somebody else").rsplit(" ", 1)[0])
    status, found = sluis(move.made.change, "check", who.client)
    about = {one["code"]: one["about"] for one in found["findings"]}
    assert about == {"tenant-secret-wrong": "tenant new", "host-key-wrong": f"server {SERVER}"}
    assert status == 1


def test_check_two_names_of_one_tenant_and_a_folder_that_is_gone(move: Move) -> None:
    old = move.made.old
    move.app("import", "new", old, old.app)
    move.scope("i-drive", "origin", "folder", value="/srv/moved-away")
    status, told, found = move.check()
    assert status == 64, yaml.safe_dump(found)
    (one,) = told["tenants-are-one"]
    assert old.tenant_id in one["what"] and one["kind"] == "written"
    assert "tenant_import_accounts" in one["remedy"] + one["what"]
    (folder,) = told["source-missing"]
    assert folder["about"] == f"server {SERVER}" and "'/srv/moved-away'" in folder["what"]
    assert "scope.yml, line " in folder["remedy"]
    assert set(told) == {"tenants-are-one", "source-missing", "drive-missing"}


def test_check_a_drive_of_another_tenant_a_right_to_write_and_a_login(
    move: Move, tmp_path: Path
) -> None:
    old, new = move.made.old, move.made.new
    move.app("import", "new", new, new.apps[1])
    swapped = old.control.drives()[0]["id"]
    move.scope("drive-0", "disposition", "into", "drive", value=swapped)
    new_ssh_key(tmp_path / "stranger", "stranger")
    known = tmp_path / "known_hosts"
    known.write_text(move.place.supplier.host.known_hosts_line())
    move.server(host_key=None, known_hosts=str(known), key=str(tmp_path / "stranger"))
    status, told, found = move.check()
    assert status == 64, yaml.safe_dump(found)
    (elsewhere,) = told["drive-in-another-tenant"]
    assert "drive-0 goes into" in elsewhere["what"] and "lies in old" in elsewhere["what"]
    (role,) = told["role-missing"]
    assert role["about"] == "tenant new" and "Sites.ReadWrite.All" in role["remedy"]
    (login,) = told["source-login-refused"]
    assert str(tmp_path / "stranger") in login["remedy"]
    assert set(told) == {"drive-in-another-tenant", "role-missing", "source-login-refused"}
    # a server of which nothing is known: the line for its file
    known.write_text("")
    move.server(host_key=None, known_hosts=str(known))
    move.app("import", "new", new, new.apps[2])
    _, told, found = move.check()
    (unknown,) = told["host-key-unknown"]
    line = move.place.supplier.host.known_hosts_line()
    assert unknown["remedy"].endswith(" ".join(line.split()[:3])), unknown
    # whether it may write where a site granted it that, nobody can see without writing
    (selected,) = told["role-not-known"]
    assert "Sites.Selected" in selected["what"]


def test_check_a_tenant_and_a_server_that_do_not_answer_are_lines(move: Move) -> None:
    old = move.made.old
    with socket.create_server(("127.0.10.24", 0)) as silent:
        address = f"https://127.0.10.24:{silent.getsockname()[1]}"
        move.app("export", "old", old, old.app, authority=address, graph=address)
        move.server(address="127.0.10.24", port=silent.getsockname()[1])
        status, told, found = move.check()
    assert status == 1, yaml.safe_dump(found)
    # each worker that fetches from it says so: what the one reaches, another may not
    assert {one["about"] for one in told["tenant-unreachable"]} == {"tenant old"}
    assert all(address in one["what"] for one in told["tenant-unreachable"])
    (server,) = told["source-unreachable"]
    assert server["about"] == f"server {SERVER}"
    assert any("tenant old" in one for one in found["not_looked_at"])


def test_prepare_of_a_move_stops_before_anything_is_made(move: Move) -> None:
    change = move.made.change
    move.set(tenant_import_secrets={"new": {"secret": "not the one at all"}})
    status, found = sluis(change, "prepare", change.who.client, change.change)
    assert status == 1, found
    assert "tenant-secret-wrong" in yaml.safe_dump(found)
    assert not list((change.root / "dossiers").rglob("*.gz")), "nothing was fetched"
    for worker in ("app1", "db1"):
        assert not move.made.exports(worker).exists()


def test_check_without_workers_this_machine_looks(lab: Lab, tmp_path: Path) -> None:
    old = Settings(
        seed=9, tenant_name="old", population=OLD,
        address="127.0.10.25", content_address="127.0.10.26",
    )  # fmt: skip
    new = Settings(
        seed=10, tenant_name="new", population=NEW,
        address="127.0.10.27", content_address="127.0.10.28",
    )  # fmt: skip
    with start_migration(lab, tmp_path, "MIG-10", old=old, new=new, workers=None) as made:
        change = made.change
        said = yaml.safe_load((change.who.inventory / "group_vars/all/tenants.yml").read_text())
        said["tenant_export_secrets"] = {"old": {"secret": "not the one at all"}}
        write_yaml(change.who.inventory / "group_vars" / "all" / "tenants.yml", said)
        status, found = sluis(change, "check", change.who.client, change.change)
    told = [one["code"] for one in found["findings"]]
    assert (status, "tenant-secret-wrong" in told) == (1, True), yaml.safe_dump(found)
