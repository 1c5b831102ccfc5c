"""Each row of "Failure facts to test against" that concerns files; see docs/silent-failures.md."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from pathlib import Path

import pytest

from sluis.errors import SnapshotError
from support.snapshots import (
    PASSWORD,
    Stage,
    command_for,
    detail,
    run_apart,
    verdicts,
)  # fmt: skip
from support.stores import open_store


def _pack_of_data(stage: Stage) -> Path:
    """The largest pack file: it holds file content."""
    return max((stage.data / "data").rglob("*/*"), key=lambda path: path.stat().st_size)


def _flip_a_byte(path: Path, where: float = 0.3) -> None:
    path.chmod(0o600)
    content = bytearray(path.read_bytes())
    content[int(len(content) * where)] ^= 0xFF
    path.write_bytes(content)


def test_row_flipped_byte_restic_check_is_silent_and_we_are_not(
    stage: Stage, documents: Path
) -> None:
    (documents / "scan.jpg").write_bytes(os.urandom(300_000))
    made = stage.make(stage.asset(documents))
    assert made.prove().verification.reached == "V6"
    _flip_a_byte(_pack_of_data(stage))
    # the fact itself: restic's own check sees nothing
    silent = stage.restic("check")
    assert silent.returncode == 0
    assert "no errors were found" in silent.stdout
    judgement = made.prove()
    found = verdicts(judgement)
    assert found["V2"] == "failed"
    assert found["V3"] == "failed"
    assert found["V5"] == "failed"
    assert judgement.verification.reached == "V1"
    assert "scan.jpg" in detail(judgement, "V5")


def test_row_stdin_a_producer_that_dies_leaves_no_snapshot(stage: Stage, tmp_path: Path) -> None:
    """Cannot arise: nothing is piped into the engine, and a dump that fails is not copied."""
    broken = tmp_path / "broken.db"
    broken.write_bytes(b"SQLite format 3\x00" + os.urandom(8000))
    before = sorted((stage.data / "snapshots").iterdir())
    with pytest.raises(SnapshotError) as raised:
        stage.make({"id": "db", "kind": "sqlite", "location": str(broken)})
    assert raised.value.code == "sqlite-failed"
    assert sorted((stage.data / "snapshots").iterdir()) == before
    sources = Path(__file__).parents[3] / "python_helpers" / "sluis" / "snapshot"
    assert not [p.name for p in sources.glob("*.py") if '"--stdin' in p.read_text()]


#: As root the snapshot has to run as somebody whom a file mode can stop. What is
#: imported is imported before: that user may not be able to read our Python.
_AS_ORDINARY_USER = """
import os, sys
import encodings.idna, encodings.ascii, encodings.latin_1
sys.path.insert(0, {source!r})
import sluis.snapshot.make, sluis.snapshot.copy_directory as target
if os.geteuid() == 0:
    os.setgroups([]); os.setgid({gid}); os.setuid({uid})
"""


def test_row_unreadable_source_file_is_a_failure_and_names_it(
    stage: Stage, tmp_path: Path, documents: Path
) -> None:
    secret = documents / "patient-1" / "closed.txt"
    secret.write_text("closed")
    secret.chmod(0)
    with pytest.raises(SnapshotError) as raised:
        _make_as_ordinary_user(stage, documents, tmp_path)
    assert raised.value.code == "source-unreadable"
    assert "patient-1/closed.txt" in raised.value.what


def test_row_rc_3_an_incomplete_snapshot_is_a_failure(
    stage: Stage, tmp_path: Path, documents: Path
) -> None:
    """Our own reading is switched off here, so that restic is the one who cannot read."""
    (documents / "closed.txt").write_text("closed")
    (documents / "closed.txt").chmod(0)
    with pytest.raises(SnapshotError) as raised:
        _make_as_ordinary_user(stage, documents, tmp_path, blind=True)
    assert raised.value.code == "snapshot-incomplete"
    assert "closed.txt" in raised.value.what
    # restic did leave a snapshot; nothing of ours calls it one
    assert len(list((stage.data / "snapshots").iterdir())) == 1


def _make_as_ordinary_user(
    stage: Stage, documents: Path, tmp_path: Path, *, blind: bool = False
) -> None:
    nobody = pwd.getpwnam("nobody")
    uid, gid = nobody.pw_uid, nobody.pw_gid
    work = tmp_path / "work of nobody"
    work.mkdir()
    if os.geteuid() == 0:
        os.chown(work, uid, gid)
        os.chown(documents, uid, gid)
        for folder in [*documents.parents][:6]:
            if folder != Path("/tmp"):
                folder.chmod(folder.stat().st_mode | 0o711)
        for path in documents.rglob("*"):
            if path.is_dir():
                path.chmod(0o755)
    command = command_for("make_snapshot")
    source = str(Path(__file__).parents[3] / "python_helpers")
    prelude = _AS_ORDINARY_USER.format(uid=uid, gid=gid, source=source)
    if blind:
        prelude += "target._readable = lambda manifest: manifest\n"
    command[-1] = prelude + command[-1]
    request = stage.request(stage.asset(documents), workdir=str(work), cache=str(work / "cache"))
    run_apart("make_snapshot", request, command=command)


def test_row_time_2030_a_clients_own_timestamp_proves_nothing(
    stage: Stage, documents: Path
) -> None:
    made = stage.make(stage.asset(documents))
    forged = stage.restic("backup", "--json", "--time", "2030-01-01 00:00:00", str(documents))
    assert forged.returncode == 0, "restic accepts a date that has yet to come"
    newest = max((stage.data / "snapshots").iterdir(), key=lambda path: path.stat().st_mtime_ns)
    judgement = made.prove(snapshot_id=newest.name)
    assert verdicts(judgement)["V0"] == "failed"
    assert "2030-01-01" in detail(judgement, "V0")
    assert judgement.verification.reached is None


def test_row_borg_is_no_engine_of_ours() -> None:
    """Cannot arise: no code of ours starts borg, so its checks are never relied on."""
    sources = Path(__file__).parents[3] / "python_helpers" / "sluis" / "snapshot"
    assert not [p.name for p in sources.glob("*.py") if '"borg' in p.read_text()]


def test_row_append_only_the_store_keeps_what_a_thief_of_credentials_would_remove(
    stage: Stage, documents: Path
) -> None:
    made = stage.make(stage.asset(documents))
    snapshot = made.answer["snapshot_id"]
    environment = {
        **os.environ, "RESTIC_PASSWORD": PASSWORD, "RESTIC_CACHE_DIR": str(stage.folder / "c"),
        "RESTIC_REPOSITORY": "rest:" + stage.store["url"].replace(
            "http://", f"http://{stage.server.user}:{stage.server.password}@"
        ),
    }  # fmt: skip
    with subprocess.Popen(
        ["restic", "forget", "--prune", snapshot],
        env=environment, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True,
    ) as forgetting:  # fmt: skip
        # It would go on trying for a minute; the first answer is enough.
        assert any("403" in line for line in forgetting.stderr)
        forgetting.terminate()
    assert (stage.data / "snapshots" / snapshot).exists()
    judgement = made.prove()
    assert verdicts(judgement)["V6"] == "proven"
    assert made.answer["append_only"]["refused"] is True
    assert stage.restic("check", "--read-data", "--no-lock").returncode == 0
    assert judgement.verification.three_two_one["1 immutable"].startswith("yes")


def test_a_store_that_lets_go_is_found_out_on_both_sides(stage: Stage, documents: Path) -> None:
    """The same data behind a server without --append-only."""
    with open_store(stage) as open_stage:
        made = open_stage.make(open_stage.asset(documents))
        assert made.answer["append_only"]["refused"] is False
        judgement = made.prove()
    assert verdicts(judgement)["V6"] == "failed"
    assert "not append-only" in detail(judgement, "V6")
    assert judgement.verification.reached == "V5"


def test_a_host_that_lies_about_the_refusal_is_found_out(stage: Stage, documents: Path) -> None:
    with open_store(stage) as open_stage:
        made = open_stage.make(open_stage.asset(documents))
        probe = open_stage.make(open_stage.asset(documents)).answer["snapshot_id"]
        made.answer["append_only"] = {"refused": True, "tried": "", "detail": "so it says"}
        made.answer["probe"] = probe
        judgement = made.prove()
    assert verdicts(judgement)["V6"] == "failed"


def test_restic_is_really_here() -> None:
    assert shutil.which("restic"), "these tests need restic; run .ci/install-debian"
