"""Killed, cut and started again over a real sshd: it goes on, and has nothing twice."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sluis.rehearsal.sshd import new_ssh_key
from sluis.tenant.discover import folder_of
from sluis.tenant.run_sources import export_sources, measure_sources
from sluis.tenant.source import Source
from sluis.tenant.source_error import SourceError
from sluis.tenant.state import DriveState
from support.sftp_places import assert_faithful, export, lines_in, old_supplier

_CHILD = """
import json, os, signal, sys
from sluis.tenant.discover import folder_of
from sluis.tenant.run_sources import export_sources
stage, after = sys.argv[1], int(sys.argv[2])
def killed(told):
    if told["stage"] == stage and told["bytes"] + told["items"] >= after:
        os.kill(os.getpid(), signal.SIGKILL)
print(json.dumps(export_sources(json.load(sys.stdin), killed)))
"""


@pytest.fixture(scope="module")
def place():
    with old_supplier() as running:
        yield running


def request(place, root, out, **policy):
    login = place.login()
    return {
        "sources": [
            {"kind": "sftp", "id": "i-drive", "name": "I-drive", "server": "old",
             "location": str(root)}
        ],
        "servers": {
            "old": {"address": login.address, "port": login.port, "user": login.user,
                    "known_hosts": str(login.known_hosts), "key": str(login.key)}
        },
        "folder": str(out),
        "policy": {"connections": 2, **policy},
    }  # fmt: skip


def kill_at(asked, stage, after):
    ended = subprocess.run(
        [sys.executable, "-c", _CHILD, stage, str(after)],
        input=json.dumps(asked), capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert ended.returncode == -9, ended.stderr + ended.stdout


def test_case_C6_killed_again_and_again_it_ends_whole_and_has_no_file_twice(place, tmp_path):
    root = place.new_folder("many")
    for number in range(400):
        (root / f"foto {number:03d}.jpg").write_bytes(os.urandom(3000))
    asked = request(place, root, tmp_path)
    fetched = 0
    for stage, after in (("listing", 1), ("fetching", 400_000), ("fetching", 300_000),
                         ("reading back", 1), ("reading again", 200_000)):  # fmt: skip
        kill_at(asked, stage, after)
        if stage == "fetching":
            with DriveState(tmp_path / "i-drive" / "state.sqlite") as state:
                (now,) = state.db.execute("SELECT COUNT(*) FROM contents").fetchone()
            assert now > fetched
            fetched = now
    answer = export_sources(asked)
    assert answer["complete"], answer
    (report,) = answer["drives"]
    assert report["fetched_files"] == 0, "all was fetched before the last two kills"
    assert report["seen_in_pass"] == 1
    lines = lines_of_answer(report)
    assert {line.check for line in lines.values()} == {"equal"} and len(lines) == 400


def test_a_large_file_goes_on_from_the_pieces_on_disk(place, tmp_path):
    root = place.new_folder("large")
    content = os.urandom(48 << 20)
    (root / "mailbox.pst").write_bytes(content)
    asked = request(place, root, tmp_path, read_twice=False)
    kill_at(asked, "fetching", 24 << 20)
    (report,) = export_sources(asked)["drives"]
    assert Path(report["folder"]) == folder_of(tmp_path, Source("sftp", "i-drive", "I-drive"))
    assert report["fetched_bytes"] <= len(content) - (24 << 20)
    (line,) = lines_of_answer(report).values()
    assert (line.size, line.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    assert (Path(report["folder"]) / line.stored).read_bytes() == content


def test_case_B6_a_second_pass_has_only_what_changed_and_tells_what_vanished(place, tmp_path):
    root = place.new_folder("passes")
    for number in range(20):
        (root / f"{number}.txt").write_bytes(b"first")
    assert export(place.login(), root, tmp_path).fetched_files == 20
    (root / "3.txt").write_bytes(b"changed")
    (root / "4.txt").unlink()
    (root / "5.txt").rename(root / "renamed.txt")
    second = export(place.login(), root, tmp_path)
    assert_faithful(second, root, tmp_path)
    assert second.fetched_files == 2
    assert second.changes == {"changed": 1, "new": 1, "vanished": 2}
    told = json.loads((tmp_path / "passes" / "0002" / "changes.json").read_text())
    gone = next(one for one in told if one["path_before"] == "4.txt")
    assert (tmp_path / gone["kept"]).read_bytes() == b"first"


def test_a_change_within_the_second_that_sftp_counts_in_is_had_in_the_next_pass(place, tmp_path):
    root = place.new_folder("tick")
    (root / "a.txt").write_bytes(b"one")
    first = export(place.login(), root, tmp_path, clock=RightNow())
    status = (root / "a.txt").stat()
    (root / "a.txt").write_bytes(b"two")
    os.utime(root / "a.txt", ns=(status.st_atime_ns, status.st_mtime_ns))
    second = export(place.login(), root, tmp_path, clock=RightNow())
    assert (first.fetched_files, second.fetched_files) == (1, 1)
    assert_faithful(second, root, tmp_path)


def test_only_a_known_key_of_the_server_is_accepted(place, tmp_path):
    host = place.supplier.host
    other = " ".join(new_ssh_key(tmp_path / "other", "x").split()[:2])
    known = tmp_path / "known"
    for text, code in (
        ("", "host-key-unknown"),
        (f"[{host.address}]:{host.port} {other}\n", "host-key-wrong"),
        (f"{host.known_hosts_line()}@revoked * {host.host_key}\n", "host-key-revoked"),
    ):
        known.write_text(text)
        with pytest.raises(SourceError) as told:
            export(place.login(known_hosts=known), "/", tmp_path / "out")
        assert told.value.code == code
    before = known.read_text()
    for good in (
        {"host_key": host.host_key, "known_hosts": None},
        {"host_key": fingerprint(host.host_key), "known_hosts": None},
        {"known_hosts": hashed(place.known_hosts, tmp_path)},
    ):
        root = place.folder / "srv" / "empty"
        root.mkdir(parents=True, exist_ok=True)
        assert export(place.login(**good), root, tmp_path / "out").files == 0
    assert known.read_text() == before, "a host key was learned"


def test_a_key_that_may_not_log_in_and_a_broken_key_are_told_apart(place, tmp_path):
    new_ssh_key(tmp_path / "stranger", "stranger")
    (tmp_path / "broken").write_text("-----BEGIN OPENSSH PRIVATE KEY-----\nsecret-words\n")
    asked = request(place, place.supplier.i_drive, tmp_path / "out")
    for key, code in (("stranger", "source-login-refused"), ("broken", "source-key-unreadable")):
        asked["servers"]["old"]["key"] = str(tmp_path / key)
        (failure,) = measure_sources(asked)["failed"]
        assert failure["error"]["code"] == code
        assert "secret-words" not in json.dumps(failure)


def test_case_B5_how_long_it_takes_is_held_against_the_day_the_drive_ends(place, tmp_path):
    root = place.new_folder("forecast")
    for number in range(40):
        (root / f"{number}.txt").write_bytes(b"x" * 5000)
    (root / "large").write_bytes(os.urandom(3 << 20))
    asked = request(place, root, tmp_path)
    here = {"kind": "directory", "id": "h-drive", "name": "H", "location": str(root)}
    asked["sources"].append(here)
    start = datetime(2019, 6, 28, tzinfo=UTC)
    asked["ends"] = {"i-drive": "2019-06-30T00:00:00+00:00", "h-drive": "2019-06-27T00:00:00Z"}
    answer = measure_sources(asked, now=lambda: start)
    assert answer["failed"] == [] and not (tmp_path / "i-drive").exists()
    h_drive, i_drive = answer["plan"]
    assert (h_drive["source_id"], h_drive["verdict"]) == ("h-drive", "too late")
    assert (i_drive["verdict"], i_drive["bytes"]) == ("in time", 2 * (40 * 5000 + (3 << 20)))
    assert 0 < i_drive["hours"] < 1
    asked["sources"][0]["location"] = str(root / "nowhere")
    answer = measure_sources(asked, now=lambda: start)
    assert [one["source"] for one in answer["failed"]] == ["i-drive"]
    assert [line["verdict"] for line in answer["plan"]] == ["too late", "not known"]


class RightNow:
    """The system's clock: what a file was just given as its time is recent by it."""

    def __call__(self):
        return datetime.now(UTC).isoformat()


def lines_of_answer(report):
    return lines_in(Path(report["folder"]) / report["manifest"])


def fingerprint(key):
    told = subprocess.run(
        ["ssh-keygen", "-lf", "-"], input=key + " x\n", capture_output=True, text=True, check=True
    )
    return told.stdout.split()[1]


def hashed(known_hosts, folder):
    """The same file as OpenSSH itself hashes it."""
    copy = folder / "hashed"
    copy.write_text(known_hosts.read_text())
    subprocess.run(["ssh-keygen", "-H", "-f", str(copy)], check=True, capture_output=True)
    assert copy.read_text().startswith("|1|")
    return copy
