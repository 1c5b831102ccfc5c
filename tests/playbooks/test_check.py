"""``sluis check``: everything that is wrong, in what was written and out there, in one run."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from sluis.rehearsal.lab import Lab
from support.front_door import sluis
from support.signed_change import ANSIBLE, LabChange, describe, marker_steps, new_change

READER = "check_reader"
STRANGER = "former years"


@pytest.fixture(scope="module")
def described(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> tuple[LabChange, Path]:
    """A change of the whole lab that is described, and that nobody has prepared."""
    change = new_change(lab, tmp_path_factory.mktemp("check") / "project", small=False)
    return change, change.keep()


@pytest.fixture
def fresh(described: tuple[LabChange, Path]) -> LabChange:
    made, kept = described
    made.go_back_to(kept)
    return made


@pytest.fixture
def reader(lab: Lab) -> Iterator[str]:
    """A login that may connect to the lab's database and do nothing there."""
    lab.sql(f"create role {READER} login")
    yield READER
    lab.sql(f"drop owned by {READER}")
    lab.sql(f"drop role {READER}")


@pytest.fixture
def stranger(lab: Lab) -> Iterator[str]:
    """A database on the same server that no scope speaks of."""
    lab.sql(f'create database "{STRANGER}"')
    yield STRANGER
    lab.sql(f'drop database "{STRANGER}"')


@pytest.fixture
def tiny(lab: Lab, tmp_path: Path) -> Iterator[Path]:
    """A real volume of db1 that is too small for anything."""
    place = tmp_path / "tiny"
    place.mkdir()
    lab.run("db1", f"mount -t tmpfs -o size=64k tmpfs {place}")
    yield place
    lab.run("db1", f"umount {place}")


def settings(change: LabChange, name: str = "main.yml", **more: Any) -> None:
    path = change.who.inventory / "group_vars" / "all" / name
    path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | more))


def connection(change: LabChange, **more: Any) -> None:
    path = change.who.inventory / "group_vars" / "all" / "main.yml"
    said = yaml.safe_load(path.read_text())
    said["snapshot_and_verify_connections"]["patient-database"].update(more)
    path.write_text(yaml.safe_dump(said))


def secret(change: LabChange, **more: str) -> None:
    path = change.who.inventory / "group_vars" / "all" / "secrets.yml"
    said = yaml.safe_load(path.read_text())
    said["snapshot_and_verify_store_secrets"].update(more)
    path.write_text(yaml.safe_dump(said))


def clock_ahead(change: LabChange, folder: Path, host: str, seconds: int) -> None:
    """Give a host a Python whose clock is ahead: what it says is what a wrong clock says."""
    folder.mkdir(exist_ok=True)
    (folder / "sitecustomize.py").write_text(
        f"import time\n_time = time.time\ntime.time = lambda: _time() + {seconds}\n"
        "import datetime as _d\n"
        "class _Ahead(_d.datetime):\n"
        "    @classmethod\n"
        "    def now(cls, tz=None):\n"
        "        return _d.datetime.fromtimestamp(time.time(), tz)\n"
        "_d.datetime = _Ahead\n"
    )
    python = folder / "python3"
    python.write_text(f'#!/bin/sh\nPYTHONPATH={folder} exec /usr/bin/python3 "$@"\n')
    python.chmod(0o755)
    folder.chmod(0o755)
    variables = change.who.inventory / "host_vars"
    variables.mkdir(exist_ok=True)
    path = variables / f"{host}.yml"
    before = path.read_text() if path.exists() else ""
    path.write_text(f"{before}ansible_python_interpreter: {python}\n")


def seal(change: LabChange, folder: Path) -> None:
    """A file of variables that ansible-vault encrypted, and a vault.cfg with another password."""
    right, wrong = folder / "right", folder / "wrong"
    right.write_text("one password\n")
    wrong.write_text("another one\n")
    for path in (right, wrong):
        path.chmod(0o600)
    sealed = change.who.inventory / "group_vars" / "all" / "sealed.yml"
    sealed.write_text("practice_licence: 12345\n")
    subprocess.run(
        [ANSIBLE / "ansible-vault", "encrypt", "--vault-id", f"here@{right}", sealed],
        check=True, capture_output=True, cwd=change.root, env=change.environment(),
    )  # fmt: skip
    (change.who.inventory / "vault.cfg").write_text(f"here = {wrong}\n")


def codes(found: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    told: dict[str, list[dict[str, Any]]] = {}
    for one in found["findings"]:
        assert one["what"], one
        assert one["remedy"], one
        told.setdefault(one["code"], []).append(one)
    return told


@pytest.mark.slow
def test_check_a_change_in_which_nothing_is_wrong(fresh: LabChange) -> None:
    ids = (fresh.who.client, fresh.change)
    stored = sorted(path for path in fresh.lab.store.data.rglob("*"))
    status, found = sluis(fresh, "check", *ids)
    assert (status, found["findings"], found["not_looked_at"]) == (0, [], []), found
    assert not (fresh.root / "dossiers").exists(), "nothing is left behind"
    assert sorted(path for path in fresh.lab.store.data.rglob("*")) == stored
    status, found = sluis(fresh, "check", fresh.who.client)
    assert (status, found["findings"], found["change"]) == (0, [], None), found


@pytest.mark.slow
def test_newcomer_what_check_calls_written_ends_prepare_with_64_too(fresh: LabChange) -> None:
    """It was 1 and "read the run's log": a ticketing system called a person."""
    main = fresh.who.inventory / "group_vars" / "all" / "main.yml"
    store = yaml.safe_load(main.read_text())["snapshot_and_verify_store"]
    settings(fresh, snapshot_and_verify_store=store | {"site": "Elsewhere"})
    ids = (fresh.who.client, fresh.change)
    status, found = sluis(fresh, "check", *ids)
    assert (status, set(codes(found))) == (64, {"store-not-allowed"}), found
    status, found = sluis(fresh, "prepare", *ids)
    assert (status, found["exit_status"], found["error"]["code"]) == (64, 64, "store-not-allowed")
    assert "allowed_locations" in found["error"]["what"]


@pytest.mark.slow
def test_newcomer_a_disk_that_the_verifier_does_not_have_is_no_store(
    fresh: LabChange, tiny: Path
) -> None:
    """A store of kind local is a folder of host and verifier; nobody said whose it is."""
    (tiny.parent / "repo").mkdir()
    main = fresh.who.inventory / "group_vars" / "all" / "main.yml"
    store = yaml.safe_load(main.read_text())["snapshot_and_verify_store"]
    place = {name: store[name] for name in ("id", "site", "country", "provider")}
    ids = (fresh.who.client, fresh.change)
    for path, code in ((tiny.parent / "repo", None), (tiny, "store-not-shared")):
        disk = {**place, "kind": "local", "machine": "usb", "path": str(path)}
        settings(fresh, snapshot_and_verify_store=disk)
        if code:
            fresh.lab.run("db1", f"touch {path}/config")
        _, found = sluis(fresh, "check", *ids)
        told = codes(found)
        assert set(told) <= {"store-on-the-same-machine", "store-not-append-only", code}, told
        assert (code in told) is (code is not None), told


def test_check_everything_that_is_wrong_is_said_at_once(
    fresh: LabChange, reader: str, stranger: str, tiny: Path, tmp_path: Path
) -> None:
    folder = fresh.who.places.change(fresh.who.client, fresh.change)
    steps = marker_steps()
    steps[1]["hosts"] = "app11"
    describe(fresh, software_update_steps=steps)
    connection(fresh, user=reader)
    settings(fresh, snapshot_and_verify_patence=1, snapshot_and_verify_workdir=str(tiny))
    variables = fresh.who.inventory / "host_vars"
    variables.mkdir()
    (variables / "db1.yml").write_text("snapshot_and_verify_scrath: /var/tmp\n")
    main = yaml.safe_load((variables.parent / "group_vars" / "all" / "main.yml").read_text())
    store = {**main["snapshot_and_verify_store"], "site": "Elsewhere"}
    settings(fresh, snapshot_and_verify_store=store)
    secret(fresh, repository_password="not the one")
    clock_ahead(fresh, tmp_path / "ahead", "app1", 7200)
    seal(fresh, tmp_path)
    before = fresh.lab.sql("select count(*) from pg_namespace")

    status, found = sluis(fresh, "check", fresh.who.client, fresh.change)
    told = codes(found)
    said = yaml.safe_dump(found)
    assert status == 64, said
    # what was written, in three files, each with its line
    (nowhere,) = told["no-such-host"]
    assert nowhere["about"].endswith(f"{folder.name}/update.yml"), nowhere
    assert nowhere["line"] > 0
    assert "'app1'" in nowhere["remedy"]
    unknown = {one["about"].rpartition("inventories/")[2]: one for one in told["unknown-setting"]}
    assert set(unknown) == {
        f"{fresh.who.client}/group_vars/all/main.yml", f"{fresh.who.client}/host_vars/db1.yml",
    }  # fmt: skip
    assert all(one["line"] for one in unknown.values())
    (sealed,) = told["vault-not-opened"]
    assert sealed["about"].endswith("group_vars/all/sealed.yml")
    (unnamed,) = told["source-not-in-scope"]
    assert (unnamed["about"], unnamed["kind"]) == ("db1", told["no-such-host"][0]["kind"])
    assert f'location: "{stranger}"' in unnamed["remedy"]
    places = {one["about"] for one in told["store-not-allowed"]}
    assert places == {"store main-store"}
    # what is out there
    assert {one["about"] for one in told["repository-password-wrong"]} >= {"app1", "db1"}
    (clock,) = told["clock-wrong"]
    assert clock["about"] == "app1"
    assert "7,2" in clock["what"] or "7,1" in clock["what"], clock
    (room,) = told["workdir-too-small"]
    assert (room["about"], str(tiny) in room["what"]) == ("db1", True)
    right, back = told["right-missing"]
    # its tables are of postgres
    assert f'ALTER ROLE "{reader}" SUPERUSER;' in back["remedy"]
    assert "the way back that the client is asked for could not" in back["what"]
    assert f'GRANT pg_read_all_data TO "{reader}";' in right["remedy"]
    (nonce,) = told["right-missing-for-level"]
    assert f'GRANT CREATE ON DATABASE "practice" TO "{reader}";' in nonce["remedy"]
    assert {one["kind"] for one in told["clock-wrong"]} == {"out there"}
    # nothing was done, and no secret is in what is said
    assert fresh.lab.sql("select count(*) from pg_namespace") == before
    assert not (fresh.root / "dossiers").exists()
    for word in ("not the one", "another one", fresh.lab.store.password):
        assert word not in said


@pytest.mark.slow
def test_check_what_is_pasted_mends_it(fresh: LabChange, reader: str) -> None:
    connection(fresh, user=reader)
    status, found = sluis(fresh, "check", fresh.who.client, fresh.change)
    assert status == 1, found
    for one in found["findings"]:
        fresh.lab.sql(one["remedy"].partition("administrator: ")[2])
    status, found = sluis(fresh, "check", fresh.who.client, fresh.change)
    assert (status, found["findings"]) == (0, []), found


def sql_check(change: LabChange, name: str, **more: Any) -> dict[str, Any]:
    server = change.lab.postgres
    return {
        "id": name, "what": "Patients are there.", "host": "db1", "type": "sql",
        "engine": "postgresql", "database": "practice", "host_address": server.address,
        "port": server.port, "user": READER, "bin_dir": str(server.bin_dir), "at_least": 1,
        "query": "select count(*) from patient", **more,
    }  # fmt: skip


@pytest.mark.slow
def test_F9_check_and_prepare_ask_each_query_before_anything_is_made(
    fresh: LabChange, reader: str
) -> None:
    """A password that is missing let prepare end well, and all data was put back at apply."""
    fresh.lab.sql(f"alter role {reader} password 'of the check'")
    described = {
        "software_update_steps": marker_steps(),
        "service_checks_list": [
            sql_check(fresh, "patients"),
            # what the new version brings, and what it makes of it, is not judged
            sql_check(fresh, "later", query="select count(*) from later", tries=5, delay=60),
            sql_check(fresh, "more", at_least=10**9),
            sql_check(fresh, "stays", at_least=10**9, after="both"),
        ],
    }
    ids = (fresh.who.client, fresh.change)

    def checked(**passwords: str) -> tuple[int, dict[str, list[dict[str, Any]]]]:
        secrets = {name: {"password": one} for name, one in passwords.items()}
        settings(fresh, "secrets.yml", service_checks_secrets=secrets)
        describe(fresh, **described)
        status, found = sluis(fresh, "check", *ids)
        assert "of the check" not in yaml.safe_dump(found)
        return status, codes(found)

    status, told = checked()
    assert (status, {*told}, len(told["check-not-let-in"])) == (1, {"check-not-let-in"}, 4), told
    first = told["check-not-let-in"][0]
    assert (first["about"], "no password supplied" in first["what"]) == ("db1", True), first
    assert "service_checks_secrets: {patients: {password: ...}}" in first["remedy"]
    assert "update.yml" in first["remedy"]
    status, found = sluis(fresh, "prepare", *ids)
    assert (status, found["state"]) == (1, "failed"), found
    assert {one["code"] for one in found["run"]["errors"]} == {"check-not-let-in"}, found["run"]
    assert fresh.view().statements == (), "not even the scope was laid down"

    right = dict.fromkeys(("patients", "later", "more", "stays"), "of the check")
    status, told = checked(**{**right, "patients": "wrong"})
    assert {*told} == {"check-not-let-in", "check-may-not-read"}, told
    (wrong,) = told["check-not-let-in"]
    assert "password authentication failed" in wrong["what"]
    assert "in service_checks_secrets" in wrong["remedy"]
    for one in told["check-may-not-read"]:
        fresh.lab.sql(one["remedy"].partition("administrator: ")[2])
    status, told = checked(**right)
    (stays,) = told["check-does-not-hold"]
    assert (status, {*told}) == (1, {"check-does-not-hold"}), told
    assert "the check stays has to hold after the way back" in stays["what"]
    described["service_checks_list"].pop()
    status, told = checked(**right)
    assert (status, told) == (0, {}), told


@pytest.mark.slow
def test_check_prepare_stops_with_everything_before_anything_is_made(
    fresh: LabChange, reader: str
) -> None:
    connection(fresh, user=reader)
    host = fresh.who.inventory / "hosts.yml"
    hosts = yaml.safe_load(host.read_text())
    hosts["all"]["children"]["clients"]["hosts"]["app1"]["ansible_port"] = 9  # nobody is there
    host.write_text(yaml.safe_dump(hosts))
    status, found = sluis(fresh, "prepare", fresh.who.client, fresh.change)
    assert (status, found["state"]) == (1, "failed"), found
    told = [(one["code"], one["remedy"]) for one in found["run"]["errors"]]
    assert {code for code, _ in told} == {"host-unreachable", "right-missing"}, found["run"]
    remedies = [remedy for code, remedy in told if code == "right-missing"]
    for words in ("GRANT pg_read_all_data", "SUPERUSER"):
        assert any(words in remedy for remedy in remedies), found["run"]
    assert found["assets"] == [] or all(not one.get("reached") for one in found["assets"])
    assert fresh.view().statements == (), "not even the scope was laid down"


@pytest.mark.slow
def test_check_prepare_says_of_a_slip_what_is_wrong_out_there_as_well(fresh: LabChange) -> None:
    settings(fresh, snapshot_and_verify_patence=1)
    secret(fresh, store_password="not the one")
    status, found = sluis(fresh, "prepare", fresh.who.client, fresh.change)
    assert (status, found["error"]["code"]) == (64, "unknown-setting"), found
    for words in ("snapshot_and_verify_patence", "sluis check found this as well",
                  "Correct store_user and store_password"):  # fmt: skip
        assert words in found["error"]["what"], found


@pytest.mark.slow
@pytest.mark.parametrize("verb", ["prepare", "apply"])
def test_check_a_list_of_hosts_that_is_none_ends_with_64_and_its_line(
    fresh: LabChange, verb: str
) -> None:
    hosts = fresh.who.inventory / "hosts.yml"
    hosts.write_text(f"{hosts.read_text()}broken: [\n")
    status, found = sluis(fresh, verb, fresh.who.client, fresh.change)
    assert (status, found["error"]["code"]) == (64, "inventory-not-readable"), found
    assert "hosts.yml, line " in found["error"]["what"]


@pytest.mark.slow
def test_check_a_scope_that_cannot_be_read_hides_nothing_else(fresh: LabChange) -> None:
    path = fresh.who.places.change(fresh.who.client, fresh.change) / "scope.yml"
    path.write_text(path.read_text().replace("freshness_hours:", "freshnes_hours:", 1))
    (fresh.who.places.trust(fresh.who.client) / "keys.json").unlink()
    hosts = fresh.who.inventory / "hosts.yml"
    hosts.write_text(f"{hosts.read_text()}broken: [\n")
    status, found = sluis(fresh, "check", fresh.who.client, fresh.change)
    told = codes(found)
    assert status == 64, found
    assert {"unknown-field", "inventory-not-readable", "no-anchors"} <= set(told), found
    assert told["unknown-field"][0]["about"].endswith("scope.yml")
    assert any("folders and databases" in line for line in found["not_looked_at"]), found
    assert any("list of hosts" in line for line in found["not_looked_at"]), found
    (hosts_yml,) = told["inventory-not-readable"]
    assert (hosts_yml["about"].rpartition("/")[2], hosts_yml["line"] > 0) == ("hosts.yml", True)


@pytest.mark.slow
def test_check_what_is_wrong_with_one_host_is_said_of_that_host(fresh: LabChange) -> None:
    """A setting of db1 was told of the verifier too, which is another machine."""
    variables = fresh.who.inventory / "host_vars"
    variables.mkdir()
    (variables / "db1.yml").write_text(
        "snapshot_and_verify_patience: \"{{ 'not a number' | string }}\"\n"
    )
    status, found = sluis(fresh, "check", fresh.who.client, fresh.change)
    (one,) = codes(found)["bad-setting"]
    assert (status, one["about"]) == (64, "db1"), found
    (line,) = found["not_looked_at"]
    assert "db1" in line and "localhost" not in line


@pytest.mark.slow
@pytest.mark.parametrize("what", ["unknown", "changed", "login"])
def test_check_why_a_host_does_not_let_us_in(fresh: LabChange, tmp_path: Path, what: str) -> None:
    known = tmp_path / "known_hosts"
    shutil.copy(fresh.lab.known_hosts, known)
    lines = known.read_text().splitlines()
    if what == "unknown":
        known.write_text("".join(f"{line}\n" for line in lines if "127.0.10.2" not in line))
    elif what == "changed":
        keys = [line.split(" ", 1)[1] for line in lines]
        swapped = [
            f"{line.split(' ', 1)[0]} {next(key for key in keys if key not in line)}"
            for line in lines
        ]
        known.write_text("".join(f"{line}\n" for line in swapped))
    else:
        variables = fresh.who.inventory / "host_vars"
        variables.mkdir()
        (variables / "db1.yml").write_text("ansible_user: nobody\n")
        hosts = fresh.who.inventory / "hosts.yml"
        said = yaml.safe_load(hosts.read_text())
        del said["all"]["children"]["clients"]["hosts"]["db1"]["ansible_user"]
        hosts.write_text(yaml.safe_dump(said))
    options = fresh.lab.ssh_options.replace(str(fresh.lab.known_hosts), str(known))
    settings(fresh, ansible_ssh_common_args=options)
    status, found = sluis(fresh, "check", fresh.who.client)
    told = codes(found)
    code = {"unknown": "host-key-unknown", "changed": "host-key-changed", "login": "login-refused"}
    assert status == 1, found
    assert "db1" in {one["about"] for one in told[code[what]]}, found
    remedy = next(one["remedy"] for one in told[code[what]] if one["about"] == "db1")
    port = fresh.lab.hosts["db1"].port
    if what == "unknown":
        assert remedy.endswith(f": ssh-keyscan -p {port} 127.0.10.2 >> {known}"), remedy
    if what == "changed":
        assert f"known_hosts file: {known}, line " in remedy, remedy


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "environ", "code"),
    [
        (("-e", "snapshot_and_verify_restic=/tmp/mine"), {}, "extra-var-not-allowed"),
        (("--limit", "app1"), {}, "option-not-allowed"),
        ((), {"ANSIBLE_HOST_KEY_CHECKING": "False"}, "environment-not-clean"),
    ],
)
def test_check_the_rules_of_a_run_hold_for_a_look_as_well(
    fresh: LabChange, options: tuple[str, ...], environ: dict[str, str], code: str
) -> None:
    run = fresh.playbook(*options, playbook="playbooks/check.yml", environ=environ)
    assert run.returncode != 0
    assert code in run.stdout + run.stderr
    assert "What to do" in run.stdout + run.stderr
    assert "Look at the machine" not in run.stdout, "no host was even contacted"


@pytest.mark.slow
def test_check_plain_ansible_looks_as_well_and_leaves_nothing(fresh: LabChange) -> None:
    run = fresh.playbook(playbook="playbooks/check.yml")
    assert run.returncode == 0, run.stdout + run.stderr
    assert "all that is needed is there" in run.stdout
    assert not (fresh.root / "dossiers").exists()


@pytest.mark.slow
def test_newcomer_a_program_that_is_not_there_is_found_before_anything_is_made(
    fresh: LabChange,
) -> None:
    """The step failed half-way, and only the log of the run had the cause."""
    start = {
        "step": "load", "words": "Load the new tables", "hosts": "db1",
        "module": "ansible.builtin.command", "args": {"argv": ["/nix/psql", "--version"]},
    }  # fmt: skip
    described = [start, *marker_steps(), {**start, "step": "load-again"}]
    describe(fresh, software_update_steps=described)
    ids = (fresh.who.client, fresh.change)
    status, found = sluis(fresh, "check", *ids)
    assert (status, {*codes(found)}) == (1, {"program-missing"}), found
    (missing,) = found["findings"]
    assert "db1: the step load starts /nix/psql, and there is no such program" in missing["what"]
    assert any("the step load-again starts /nix/psql" in one for one in found["remarks"]), found
    status, found = sluis(fresh, "prepare", *ids)
    assert (status, found["state"]) == (1, "failed"), found
    assert {one["code"] for one in found["run"]["errors"]} == {"program-missing"}, found["run"]
    assert fresh.view().statements == (), "not even the scope was laid down"
