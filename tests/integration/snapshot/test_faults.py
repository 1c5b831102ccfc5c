"""Killed, cut off, full, locked out: nothing half is ever called a snapshot or a proof."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from sluis.border.parts import StoreSecrets
from sluis.errors import RefusedError, SnapshotError
from sluis.programs import fixed
from sluis.rehearsal.keeper import Keeper
from sluis.rehearsal.store import AppendOnlyStore
from sluis.snapshot import restic
from sluis.snapshot.access import open_access
from sluis.snapshot.children import Children
from sluis.snapshot.filling import Filling, free_in
from sluis.snapshot.nonce import FILE
from sluis.snapshot.store import read_store
from support.border_calls import call
from support.snapshots import (
    ESCROW,
    Stage,
    command_for,
    detail,
    new_stage,
    run_apart,
    start_stage_store,
    verdicts,
)  # fmt: skip


@pytest.fixture
def own_stage(tmp_path: Path, snapshot_store: AppendOnlyStore) -> Iterator[Stage]:
    """A store of its own, which a test may stop or kill."""
    keeper = Keeper()
    try:
        yield new_stage(start_stage_store(keeper, tmp_path / "own-store", snapshot_store), tmp_path)
    finally:
        keeper.close()


def _server(stage: Stage) -> psutil.Process:
    for process in psutil.process_iter():
        try:
            if str(stage.server.data) in process.cmdline():
                return process
        except psutil.Error:
            continue
    raise AssertionError("the store's process is not there")


def _until(true: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline, f"never happened: {what}"
        time.sleep(0.01)


def _start(function: str, request: dict) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        command_for(function), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    json.dump(request, process.stdin)
    process.stdin.close()
    return process


def _outcome(process: subprocess.Popen[str]) -> tuple[str, str]:
    # its input is closed already, which communicate() does not expect
    out = process.stdout.read()
    errors = process.stderr.read()
    process.wait(timeout=60)
    return out, errors


def _restics_of(folder: Path) -> list[int]:
    """Processes that still work for a run whose private folder was under ``folder``."""
    found = []
    for process in psutil.process_iter():
        try:
            environment = process.environ()
            if environment.get("TMPDIR", "").startswith(str(folder)) and process.name() == "restic":
                found.append(process.pid)
        except psutil.Error:
            continue
    return found


def _private(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.name.startswith(".sluis-")]


def test_kill_9_while_the_snapshot_is_made(own_stage: Stage, documents: Path) -> None:
    (documents / "large.bin").write_bytes(os.urandom(3 << 20))
    server = _server(own_stage)
    request = own_stage.request(own_stage.asset(documents))
    making = _start("make_snapshot", request)
    _until(lambda: bool(_restics_of(own_stage.folder)), "restic at work")
    server.suspend()
    os.kill(making.pid, signal.SIGKILL)
    making.wait()
    making.stdout.close()
    making.stderr.close()
    _until(lambda: not _restics_of(own_stage.folder), "restic ended with us")
    _until(lambda: not _private(own_stage.folder), "the private folder removed")
    server.resume()
    assert (documents / FILE).exists(), "the nonce of the killed run is still there"
    made = own_stage.make(own_stage.asset(documents))
    assert not (documents / FILE).exists()
    judgement = made.prove()
    assert judgement.verification.reached == "V6", judgement.verification


def test_kill_9_while_the_snapshot_is_proven(own_stage: Stage, documents: Path) -> None:
    made = own_stage.make(own_stage.asset(documents))
    scratch = own_stage.folder / "scratch"
    scratch.mkdir()
    server = _server(own_stage)
    proving = _start("prove_snapshot", made.proof_request(scratch=str(scratch)))
    _until(lambda: bool(_restics_of(scratch)), "restic at work")
    server.suspend()
    os.kill(proving.pid, signal.SIGKILL)
    proving.wait()
    proving.stdout.close()
    proving.stderr.close()
    _until(lambda: not _restics_of(scratch), "restic ended with us")
    _until(lambda: not list(scratch.iterdir()), "no client data left in the scratch")
    server.resume()
    assert made.prove().verification.reached == "V6"


def test_store_gone_while_the_snapshot_is_made(own_stage: Stage, documents: Path) -> None:
    (documents / "large.bin").write_bytes(os.urandom(3 << 20))
    request = own_stage.request(own_stage.asset(documents), patience=1)
    making = _start("make_snapshot", request)
    _until(lambda: bool(_restics_of(own_stage.folder)), "restic at work")
    _server(own_stage).kill()
    out, errors = _outcome(making)
    assert making.returncode == 0, errors
    assert json.loads(out)["error"]["code"] == "store-unreachable"
    assert not (documents / FILE).exists()
    assert not _private(own_stage.folder)


def test_store_gone_while_the_snapshot_is_proven_is_not_verified(
    own_stage: Stage, documents: Path
) -> None:
    made = own_stage.make(own_stage.asset(documents))
    proving = _start("prove_snapshot", made.proof_request(patience=1, scratch=None))
    server = _server(own_stage)
    _until(lambda: _restic_below(proving.pid), "restic at work")
    server.kill()
    out, errors = _outcome(proving)
    assert proving.returncode == 0, errors
    said = json.loads(out)
    if "error" in said:
        assert said["error"]["code"] == "store-unreachable"
    else:
        judgement = made.judge(said["answer"])
        assert judgement.verification.reached in (None, "V0", "V1")
        assert "proven" not in (verdicts(judgement)["V5"], verdicts(judgement)["V6"])


def _restic_below(pid: int) -> bool:
    try:
        return any(p.name() == "restic" for p in psutil.Process(pid).children(recursive=True))
    except psutil.Error:
        return False


def test_a_store_that_never_answers(stage: Stage, documents: Path) -> None:
    stage.store["url"] = "http://127.0.10.9:1/nothing/"
    with pytest.raises(SnapshotError) as raised:
        stage.make(stage.asset(documents))
    assert raised.value.code == "store-unreachable"


def test_wrong_password_of_the_repository(stage: Stage, documents: Path) -> None:
    login = {"repository_password": "wrong", **stage.login}
    with pytest.raises(SnapshotError) as raised:
        stage.make(stage.asset(documents), secrets={"store": login, "asset": {}})
    assert raised.value.code == "repository-password-wrong"


def test_wrong_password_of_the_store(stage: Stage, documents: Path) -> None:
    request = stage.request(stage.asset(documents))
    request["secrets"]["store"]["store_password"] = "wrong"
    with pytest.raises(SnapshotError) as raised:
        run_apart("make_snapshot", request)
    assert raised.value.code == "store-login-refused"


def test_row_key_lost_the_escrowed_key_alone_restores_everything(
    stage: Stage, documents: Path
) -> None:
    made = stage.make(stage.asset(documents))
    right = made.prove(secrets={"store": {"escrow_password": ESCROW, **stage.login}, "asset": {}})
    assert right.verification.reached == "V6"
    assert "escrowed key" in detail(right, "V6")
    lost = made.prove(secrets={"store": {"escrow_password": "lost", **stage.login}, "asset": {}})
    assert lost.verification.reached == "V0"
    assert "wrong password" in detail(lost, "V1")


def test_without_an_escrowed_key_independence_is_not_verified(
    stage: Stage, documents: Path
) -> None:
    made = stage.make(stage.asset(documents))
    own = made.request["secrets"]
    judgement = made.prove(secrets=own)
    assert judgement.verification.reached == "V5"
    assert "no escrow_password" in detail(judgement, "V6")
    same = {"store": {**own["store"], "escrow_password": own["store"]["repository_password"]}}
    assert "same as repository_password" in detail(made.prove(secrets=same), "V6")


def _in_a_small_scratch(size: str, scratch: Path, request: dict) -> dict:
    """Prove with ``scratch`` on a volume of its own, of ``size`` bytes."""
    unshare = ["unshare", "--mount"] + ([] if os.geteuid() == 0 else ["--map-root-user"])
    mount = f'mount -t tmpfs -o size={size} none "$0" && exec "$@"'
    command = [*unshare, "sh", "-c", mount, str(scratch), *command_for("prove_snapshot")]
    return run_apart("prove_snapshot", request, command=command)


def test_disk_full_on_the_scratch_is_seen_beforehand(stage: Stage, documents: Path) -> None:
    (documents / "large.bin").write_bytes(os.urandom(3 << 20))
    made = stage.make(stage.asset(documents))
    scratch = stage.folder / "scratch"
    scratch.mkdir()
    request = made.proof_request(scratch=str(scratch))
    with pytest.raises(SnapshotError) as told:
        _in_a_small_scratch("2m", scratch, request)
    # before the store is opened, so nobody waits for it
    assert told.value.code == "scratch-too-small"
    assert "snapshot_and_verify_scratch" in told.value.remedy


def test_disk_full_on_the_scratch_in_the_middle_of_it(stage: Stage, documents: Path) -> None:
    """restic would go on trying; it is ended at the first word of it."""
    (documents / "large.bin").write_bytes(os.urandom(3 << 20))
    made = stage.make(stage.asset(documents))
    scratch = stage.folder / "scratch"
    scratch.mkdir()
    # a source that lies about its size
    request = made.proof_request(scratch=str(scratch), bytes=10, items=1)
    answer = _in_a_small_scratch("2m", scratch, request)
    judgement = made.judge(answer)
    assert verdicts(judgement)["V3"] == "not verified", detail(judgement, "V3")
    for told in ("no space left", str(scratch), "4,516 bytes", "were free"):
        assert told in detail(judgement, "V3")
    assert judgement.verification.reached == "V2"
    (whole,) = (level for level in answer["levels"] if level["level"] == "V3")
    assert whole["seconds"] < 10, "restic was not ended at once"


def test_what_only_reads_does_without_a_cache_when_there_is_no_room_for_one(
    stage: Stage, tmp_path: Path
) -> None:
    program = tmp_path / "restic"
    program.write_text(
        """#!/bin/sh
case "$*" in *--no-cache*) exit 0 ;; esac
echo 'Load(<index/12>, 0, 0) returned error, retrying after 9s: write: no space left on device' >&2
exec sleep 600
"""
    )
    program.chmod(0o755)
    with Children(str(tmp_path)) as children:
        access = open_access(read_store(stage.store), StoreSecrets(**stage.login), str(tmp_path),
                             children)  # fmt: skip
        repository = restic.Restic(children, access, "x", str(tmp_path), program=str(program))
        answer = repository.run(fixed("check", "--no-lock"))
    assert answer.ran.endswith("check --no-lock --no-cache")
    assert answer.seconds < 30


_GOES_ON_TRYING = """#!/bin/sh
case "$*" in
help*) ;;
*' restore '*)
    echo $$ > {pid}
    echo 'Load(<data/1234>, 1, 2) returned error, retrying after 9s: {said}' >&2
    exec sleep 600 ;;
*) exit 1 ;;
esac
"""


@pytest.mark.parametrize(
    "said",
    [
        "write /x/y: no space left on device",
        "write /x/y: disk quota exceeded",
        'write: {"message": "write /x: no space left on device", "during": "restore"}',
        None,
    ],
)
def test_a_restore_without_room_is_ended_however_long_it_would_try(
    stage: Stage, tmp_path: Path, said: str | None
) -> None:
    """By what restic says, or (``None``) because it takes more than the copy should."""
    program, pid, target = tmp_path / "restic", tmp_path / "pid", tmp_path / "target"
    script = _GOES_ON_TRYING.format(said=said or "all is well", pid=pid)
    if said is None:
        script = script.replace(
            "exec sleep", f"for x in 1 2; do fallocate -l 150m {target}/$x; done; exec sleep"
        )
    program.write_text(script)
    program.chmod(0o755)
    target.mkdir()
    filling = Filling(str(target), str(tmp_path), 1000, free_in(str(tmp_path)))
    with Children(str(tmp_path)) as children:
        access = open_access(read_store(stage.store), StoreSecrets(**stage.login), str(tmp_path),
                             children)  # fmt: skip
        repository = restic.Restic(children, access, "x", str(tmp_path), program=str(program))
        began = time.monotonic()
        with pytest.raises(SnapshotError) as raised:
            repository.run(fixed("restore"), ids=["a" * 64], filling=filling)
        assert time.monotonic() - began < 30
    assert raised.value.code == ("no-space" if said else "copy-too-large")
    assert "1,000" in raised.value.what
    assert not psutil.pid_exists(int(pid.read_text()))


def test_row_wrong_machine_is_refused_before_anything_is_read(
    stage: Stage, documents: Path
) -> None:
    for expected in ({"machine_id": "f" * 32}, {"host_keys": ["SHA256:" + "A" * 43]}):
        with pytest.raises(SnapshotError) as raised:
            stage.make(stage.asset(documents), expected_identity=expected)
        assert raised.value.code == "wrong-machine"
    assert not list((stage.data / "snapshots").iterdir())


def test_case_A12_a_store_outside_the_agreed_place_is_refused(
    stage: Stage, documents: Path
) -> None:
    abroad = {"site": "Data centre West", "country": "US", "provider": "Example Hosting"}
    with pytest.raises(RefusedError) as raised:
        stage.make(stage.asset(documents), allowed_locations=[abroad])
    assert raised.value.code == "store-not-allowed"
    assert "Data centre North" in raised.value.what
    assert not list((stage.data / "snapshots").iterdir())


def test_an_index_that_another_host_is_writing_is_waited_for(
    stage: Stage, documents: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """rclone shows an index under its name before all of it is there."""
    stage.make(stage.asset(documents))
    index = next((stage.data / "index").iterdir())
    whole = index.read_bytes()
    index.chmod(0o600)
    index.write_bytes(whole[: len(whole) // 2])
    shutil.rmtree(stage.folder / "cache")  # the maker's cache has it whole
    waited: list[float] = []

    def until_it_is_written(seconds: float) -> None:
        waited.append(seconds)
        index.write_bytes(whole)

    monkeypatch.setattr(restic, "sleep", until_it_is_written)
    made = call("make_snapshot", stage.request(stage.asset(documents)))
    assert made["snapshot_id"]
    assert len(waited) == 1
    index.write_bytes(whole[: len(whole) // 2])
    shutil.rmtree(stage.folder / "cache")
    monkeypatch.setattr(restic, "sleep", waited.append)
    with pytest.raises(SnapshotError) as caught:
        call("make_snapshot", stage.request(stage.asset(documents)))
    assert caught.value.code == "engine-failed"
    assert len(waited) == 4
