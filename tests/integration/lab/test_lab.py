"""The lab itself: real parts, several at once, and nothing left behind."""

from __future__ import annotations

import base64
import getpass
import json
import os
import secrets
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from datetime import UTC, datetime
from pathlib import Path

import cryptography
import psutil
import pytest

import sluis
from sluis.errors import InputError
from sluis.evidence.anchors import load_anchors
from sluis.rehearsal.client_files import write_client, write_scope
from sluis.rehearsal.lab import Lab
from sluis.rehearsal.practice_data import SMALL, write_documents
from sluis.rehearsal.project import clean_environment, make_project
from sluis.scope.load import load_scope

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def lab():
    with Lab() as running:
        yield running


def test_hosts_answer_under_their_own_names_and_keys(lab):
    keys = {name: host.host_key for name, host in lab.hosts.items()}
    assert len(set(keys.values())) == 2
    for name, host in lab.hosts.items():
        before = host.logins()
        assert lab.run(name, "echo here").stdout == "here\n"
        assert host.logins() == before + 1
        assert host.contacts() >= host.logins()


def test_W9_each_host_is_a_machine_of_its_own_for_whoever_may_make_one(lab):
    """As root each host has its own name and id; an ordinary user's hosts: further down."""
    attempt = subprocess.run(["unshare", "--mount", "--uts", "--pid", "--fork", "true"])
    may = os.geteuid() == 0 and attempt.returncode == 0
    ids = {name: lab.run(name, "cat /etc/machine-id").stdout.strip() for name in lab.hosts}
    names = {lab.run(name, "hostname").stdout.strip() for name in lab.hosts}
    told = {name: host.machine_id for name, host in lab.hosts.items()}
    if may:
        assert told == ids
        assert names == {"app1", "db1"}
        assert len(set(ids.values())) == 2
    else:
        assert set(told.values()) == {None}
        assert names == {socket.gethostname()}


def test_a_hosts_home_is_not_that_of_whoever_runs_the_lab(lab):
    """What they wrote for their own shell may be slow, or make logins wait for each other."""
    for name, host in lab.hosts.items():
        assert lab.run(name, "echo $HOME").stdout == f"{host.folder}/home\n"


def test_a_host_with_another_key_is_not_believed(lab, tmp_path):
    swapped = tmp_path / "known_hosts"
    app, db = lab.hosts["app1"], lab.hosts["db1"]
    swapped.write_text(f"[{app.address}]:{app.port} {db.host_key}\n")
    logins = app.logins()
    command = ["ssh", "-i", lab.client_key, "-F", "none", "-o", f"UserKnownHostsFile={swapped}"]
    command += ["-o", "StrictHostKeyChecking=yes", "-o", "BatchMode=yes", "-p", str(app.port)]
    refused = subprocess.run(
        [*command, f"{app.user}@{app.address}", "true"], capture_output=True, text=True
    )
    assert refused.returncode == 255
    assert "Host key verification failed" in refused.stderr
    assert app.logins() == logins


def test_the_application_reads_the_real_database(lab):
    assert lab.health() | {"patients": 0} == {
        "status": 200, "ok": True, "version": "5.0", "schema": 50, "needs_schema": 50,
        "patients": 0,
    }  # fmt: skip
    assert (
        lab.health()["patients"] == SMALL.patients == int(lab.sql("select count(*) from patient"))
    )
    lab.sql("update schema_version set version = 51")
    try:
        assert lab.health()["status"] == 503
    finally:
        lab.sql("update schema_version set version = 50")


def test_the_application_stops_and_starts_by_its_own_control(lab):
    control = lab.application.control
    lab.run("app1", f"{control} stop")
    assert lab.run("app1", f"{control} status", check=False).returncode == 3
    assert lab.health()["status"] == 0
    lab.run("app1", f"{control} start")
    assert lab.health()["status"] == 200


def _ask(store, path, *, method="GET", password=None):
    """The HTTP status that the store answers with."""
    word = base64.b64encode(f"{store.user}:{password or store.password}".encode()).decode()
    request = urllib.request.Request(
        store.url + path, method=method, headers={"Authorization": f"Basic {word}"}
    )
    trust = ssl.create_default_context(cafile=store.certificate)
    try:
        with urllib.request.urlopen(request, context=trust) as answer:
            return answer.status
    except urllib.error.HTTPError as refused:
        return refused.code


def test_the_store_takes_snapshots_and_gives_none_up(lab, tmp_path):
    store = lab.store
    (tmp_path / "file").write_text("content")
    environment = {**os.environ, "RESTIC_PASSWORD": "of the test"}
    where = store.url.replace("://", f"://{store.user}:{store.password}@") + "of-the-test/"

    def restic(*words):
        command = ["restic", "--no-cache", "--cacert", store.certificate, "-r", f"rest:{where}"]
        return subprocess.run([*command, *words], env=environment, capture_output=True, text=True)

    assert restic("init").returncode == 0
    assert restic("backup", tmp_path).returncode == 0
    snapshot = json.loads(restic("snapshots", "--json").stdout)[0]["id"]
    # asked over the wire, because restic itself retries a refusal for most of a minute
    assert _ask(store, f"of-the-test/snapshots/{snapshot}", method="DELETE") == 403
    assert len(json.loads(restic("snapshots", "--json").stdout)) == 1


def test_the_store_asks_for_a_password(lab):
    assert _ask(lab.store, "practice/config", password="a guess") == 401


def test_two_labs_at_once_do_not_meet(lab):
    with Lab() as other:
        other.sql("delete from letter")
        (other.documents / "brieven" / "2024" / "brief_00000.txt").unlink()
        assert int(lab.sql("select count(*) from letter")) == SMALL.patients // 10
        assert (lab.documents / "brieven" / "2024" / "brief_00000.txt").exists()
        assert other.health()["status"] == lab.health()["status"] == 200
    assert not other.folder.exists()
    assert lab.health()["status"] == 200


def test_the_data_are_the_same_in_every_run(lab, tmp_path):
    write_documents(tmp_path / "again", SMALL)
    made = {p.relative_to(lab.documents): p.read_bytes() for p in lab.documents.rglob("*.*")}
    again = {
        p.relative_to(tmp_path / "again"): p.read_bytes() for p in (tmp_path / "again").rglob("*.*")
    }
    assert len(made) == SMALL.documents
    assert made == again
    # taken once; another figure means that the SQL no longer gives the same data
    digest = "select md5(string_agg(md5(p::text), '' order by id)) from prescription p"
    assert lab.sql(digest) == "f80c9f3c068b2e07326d1f4391caf0ec"


def test_it_is_written_down_as_a_client_that_the_product_reads(lab, tmp_path):
    places = make_project(tmp_path / "project")
    who = write_client(lab, places, now=NOW)
    path = write_scope(lab, who, "CHG-1", today=NOW.date(), title="Update to 5.1")
    scope = load_scope(path).document
    assert {asset.id for asset in scope.assets} == {"patient-database", "documents", "application"}
    anchors = load_anchors(places.trust(who.client), who.client)
    assert set(anchors.keys) == {who.operator.keyid}
    assert anchors.tsa is not None
    assert (who.inventory / "group_vars/all/secrets.yml").stat().st_mode & 0o777 == 0o600
    with pytest.raises(InputError, match="project-exists"):
        make_project(places.root)
    links = [path for path in places.root.rglob("*") if path.is_symlink()]
    assert {link.resolve() for link in links} == {places.root / "python_helpers" / "sluis"}

    pinged = subprocess.run(
        [Path(sys.executable).with_name("ansible"), "-i", who.inventory, "all", "-m", "ping"],
        cwd=places.root, env=clean_environment(who.keys), capture_output=True, text=True,
    )  # fmt: skip
    assert pinged.returncode == 0, pinged.stdout + pinged.stderr
    assert pinged.stdout.count("SUCCESS") == 2


def _lab_in_another_process(daemon):
    """Start a lab in a process of its own, with a daemon that left its SSH session."""
    code = (
        "import sys\n"
        "from sluis.rehearsal.lab import Lab\n"
        "with Lab() as lab:\n"
        f"    lab.run('app1', '(setsid {daemon} </dev/null >/dev/null 2>&1 &)')\n"
        "    print(lab.folder, lab.postgres.host, lab.health()['status'], flush=True)\n"
        "    sys.stdin.read()\n"
    )
    return subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def _processes_with(*words):
    """The command lines in which one of these words occurs, and that still run."""
    found = []
    for process in psutil.process_iter(["cmdline", "status"]):
        line = " ".join(process.info["cmdline"] or ())
        if any(word in line for word in words) and process.info["status"] != "zombie":
            found.append(line)
    return found


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_nothing_is_left_when_the_lab_is_killed(how):
    daemon = f"sleep 3600.{secrets.randbelow(10**9)}"
    parent = _lab_in_another_process(daemon)
    folder, socket, status = parent.stdout.readline().split()
    assert status == "200"
    assert Path(folder).is_dir()
    assert Path(socket).is_dir()
    assert _processes_with(daemon)
    assert len(_processes_with(folder)) >= 4
    parent.send_signal(how)
    parent.communicate(timeout=60)
    deadline = time.monotonic() + 30
    while Path(folder).exists() or Path(socket).exists() or _processes_with(folder, daemon):
        assert time.monotonic() < deadline, (folder, _processes_with(folder, daemon))
        time.sleep(0.05)


def test_what_comes_back_after_the_end_goes_too():
    with Lab() as running:
        late = running.hosts["app1"].folder / "tmp"
    assert not running.folder.exists()
    # as a worker does that was killed a moment too late
    late.mkdir(parents=True)
    deadline = time.monotonic() + 30
    while running.folder.exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_nothing_is_left_when_the_start_fails(monkeypatch):
    monkeypatch.setattr("sluis.rehearsal.lab.write_documents", lambda *_: 1 / 0)
    broken = Lab()
    with pytest.raises(ZeroDivisionError), broken:
        pytest.fail("it started")
    assert not broken.folder.exists()
    assert not _processes_with(str(broken.folder))


def test_W9_an_ordinary_user_has_a_lab_too():
    """As root: as the user of the PostgreSQL package, who may read nothing of ours.

    Such a user's hosts are no machines of their own, and none is said to be one.
    """
    user, become = getpass.getuser(), []
    if os.geteuid() == 0:
        user = "postgres"
        become = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"]
    place = Path(tempfile.mkdtemp(prefix="sluis-as-user-"))
    try:
        place.chmod(0o755)
        installed = Path(cryptography.__file__).parents[1]
        for name in ("cryptography", "cffi", *(p.name for p in installed.glob("_cffi_backend*"))):
            source = installed / name
            (shutil.copytree if source.is_dir() else shutil.copy)(source, place / name)
        shutil.copytree(Path(sluis.__file__).parent, place / "sluis")
        code = (
            "from sluis.rehearsal.lab import Lab\n"
            "with Lab() as lab:\n"
            "    print(lab.health()['status'], lab.run('db1', 'id -un').stdout.strip())\n"
            "    print({host.machine_id for host in lab.hosts.values()})\n"
            "    print(*{lab.run(name, 'hostname').stdout.strip() for name in lab.hosts})\n"
            "print(lab.folder.exists())\n"
        )
        done = subprocess.run(
            [*become, "python3.11", "-B", "-c", code],
            env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(place)}, cwd="/",
            capture_output=True, text=True,
        )  # fmt: skip
        here = socket.gethostname()
        assert done.stdout.split() == ["200", user, "{None}", here, "False"], done.stderr
    finally:
        shutil.rmtree(place)
