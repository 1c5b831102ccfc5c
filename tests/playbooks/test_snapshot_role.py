"""The role snapshot_and_verify over ansible-playbook, real sshd, a real store."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from sluis.cli.private import PrivateFolder
from sluis.evidence.predicates import Discovery, Refusal, Snapshot, Verification
from sluis.runbook.own_folder import PROGRESS_FILE
from sluis.snapshot.nonce import FILE
from support.snapshot_ground import Ground, snapshot_ground

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("snapshot-role")]


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    with snapshot_ground(tmp_path_factory.mktemp("ground")) as made:
        yield made


@dataclass
class Proven:
    """A change whose two assets were proven by one run of the role."""

    ground: Ground
    letters: dict
    photos: dict
    change: str

    def stand(self) -> Ground:
        """Go back to this change's store and inventory."""
        self.ground.repository, self.ground.settings = self._repository, {}
        self.ground.describe(self.change, [self.letters, self.photos])
        return self.ground

    def __post_init__(self) -> None:
        self._repository = self.ground.repository


@pytest.fixture(scope="module")
def proven(ground: Ground) -> Proven:
    letters, photos = _asset(ground), _asset(ground, "photos", "app2")
    change = ground.change([letters, photos])
    _ok(ground.run(change))
    return Proven(ground, letters, photos, change)


def _asset(ground: Ground, name: str = "letters", host: str = "app1", **more: object) -> dict:
    return {"id": name, "host": host, "location": str(ground.documents(host)), **more}


def _reached(ground: Ground, change: str) -> dict[str, list[str | None]]:
    found: dict[str, list[str | None]] = {}
    for item in ground.view(change).of(Verification):
        found.setdefault(item.body.asset, []).append(item.body.reached)
    return found


def _ok(run) -> str:
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout + run.stderr


def test_case_A1_every_asset_is_proven_and_an_untouched_one_is_not_copied_again(
    proven: Proven,
) -> None:
    ground, change = proven.stand(), proven.change
    view = ground.view(change)
    assert not view.problems
    assert _reached(ground, change) == {"letters": ["V6"], "photos": ["V6"]}
    taken = view.latest(Snapshot, lambda s: s.body.asset == "letters")
    proof = view.latest(Verification, lambda s: s.body.asset == "letters")
    assert taken is not None
    assert proof is not None
    host = ground.hosts["app1"]
    assert taken.body.machine.target == f"ssh://{host.user}@{host.address}:{host.port}"
    assert taken.body.machine.machine_id == host.machine_id or host.machine_id is None
    assert proof.body.snapshot == taken.sha256
    assert proof.body.verifier.host == "localhost"
    assert all(level.ran and level.verdict == "proven" for level in proof.body.levels)
    objects = ground.objects(change)
    for digest in (taken.body.manifest_before_object, taken.body.facts_object,
                   proof.body.restored_manifest_object, proof.body.differences_object):  # fmt: skip
        assert objects.get(digest)
    assert proof.body.restored_manifest_object == taken.body.manifest_before_object
    assert not (Path(proven.letters["location"]) / FILE).exists()

    count = len(view.statements)
    again = _ok(ground.run(change))
    assert len(ground.view(change).statements) == count
    assert "changed=0" in again
    assert "changed=1" not in again

    for path in sorted(Path(proven.photos["location"]).rglob("letter-00*.txt"))[:10]:
        path.unlink()
    said = " ".join(_ok(ground.run(change)).split())
    assert "size-drop" in said
    assert _reached(ground, change) == {"letters": ["V6"], "photos": ["V6", "V6"]}
    newest = ground.view(change).latest(Snapshot)
    assert newest.body.previous_snapshot_id is not None
    assert newest.body.made_by["older_made_now"] is False
    assert any(line.startswith("items-drop") for line in newest.body.warnings)


def test_check_mode_touches_nothing_and_says_what_it_would_do(ground: Ground) -> None:
    letters = _asset(ground)
    change = ground.change([letters])
    before = sorted((ground.server.data / ground.repository).rglob("*"))
    run = ground.run(change, "--check", "-v")
    said = _ok(run)
    assert "would be copied to" in said
    assert not ground.places.dossier("practice", change).exists()
    assert sorted((ground.server.data / ground.repository).rglob("*")) == before
    assert not (Path(letters["location"]) / FILE).exists()


def test_no_secret_is_seen_anywhere_and_progress_is(ground: Ground, tmp_path: Path) -> None:
    change = ground.change([_asset(ground)])
    ground.settings = {"verifiers": ["app2"]}
    ground._inventory()
    tmp_path.chmod(0o700)
    with PrivateFolder({"XDG_RUNTIME_DIR": str(tmp_path)}) as private:
        progress = private.path / PROGRESS_FILE
        run = ground.run(change, "-vvvv", SLUIS_PROGRESS=str(progress))
        lines = progress.read_text().splitlines() if progress.exists() else []
    told = [_ok(run)]
    dossier = ground.places.dossier("practice", change)
    told += [p.read_bytes().decode("latin-1") for p in dossier.rglob("*") if p.is_file()]
    for secret in ground.secrets:
        assert not [text for text in told if secret in text]
    (proof,) = ground.view(change).of(Verification)
    assert proof.body.verifier.host == "app2"
    assert proof.body.verifier.target.startswith("ssh://")
    assert proof.body.reached == "V6"
    # work that is done within seconds tells nothing
    assert all(json.loads(line)["asset"] for line in lines)


def test_nothing_on_the_command_line_replaces_evidence(ground: Ground) -> None:
    change = ground.change([_asset(ground)])
    run = ground.run(change, "-e", '{"snapshot_and_verify_store": {"id": "mine"}}')
    assert run.returncode != 0
    assert "extra-var-not-allowed" in run.stdout + run.stderr
    assert not ground.view(change).of(Snapshot)
    assert not list((ground.server.data / ground.repository / "snapshots").iterdir())


def test_case_C1_a_server_that_nobody_named_is_refused(ground: Ground) -> None:
    change = ground.change([_asset(ground)], hosts_without_data=[])
    run = ground.run(change)
    assert run.returncode != 0
    assert "host-not-in-scope" in run.stdout
    assert "app2" in run.stdout


def test_case_A12_a_store_in_another_place_is_refused_before_the_host_is_contacted(
    ground: Ground,
) -> None:
    letters = _asset(ground, allowed_locations=[
        {"site": "Elsewhere", "country": "BE", "provider": "Example Hosting"}
    ])  # fmt: skip
    change = ground.change([letters])
    run = ground.run(change)
    assert run.returncode != 0
    assert "store-not-allowed" in run.stdout
    assert not ground.view(change).of(Snapshot)
    assert not list((ground.server.data / ground.repository / "data").rglob("*/*/*"))


def test_row_wrong_machine_against_the_inventory_and_against_last_time(proven: Proven) -> None:
    ground = proven.stand()
    if ground.hosts["app1"].machine_id is None:
        pytest.fail("these tests need root: the lab's hosts have no machine-id of their own")
    count = len(ground.view(proven.change).statements)
    # the same inventory name now leads to another machine
    hosts = ground.hosts
    hosts["app1"], hosts["app2"] = hosts["app2"], hosts["app1"]
    try:
        later = f"{proven.change}-swapped"
        ground.describe(later, [proven.letters])
        swapped = ground.run(later)
    finally:
        hosts["app1"], hosts["app2"] = hosts["app2"], hosts["app1"]
    assert swapped.returncode != 0
    assert "wrong-machine" in swapped.stdout
    assert not ground.view(later).of(Snapshot)
    proven.stand()
    (Path(proven.letters["location"]) / "newer").write_text("x")
    ground.settings = {"snapshot_and_verify_expected_identity": {"machine_id": "f" * 32}}
    ground._inventory()
    configured = ground.run(proven.change)
    assert configured.returncode != 0
    assert "wrong-machine" in configured.stdout
    assert len(ground.view(proven.change).statements) == count


def test_case_A1_a_proof_ends_with_the_copy_that_it_is_of(ground: Ground) -> None:
    """What a store does not keep any more ends the run; prepare then makes it anew."""
    letters, photos = _asset(ground), _asset(ground, "photos", "app2")
    change = ground.change([letters, photos])
    _ok(ground.run(change))
    assert "changed=1" not in _ok(ground.run(change, entry="kept"))
    assert _reached(ground, change) == {"letters": ["V6"], "photos": ["V6"]}
    taken = ground.view(change).latest(Snapshot, lambda s: s.body.asset == "letters")
    assert taken is not None
    store = ground.server.data / ground.repository
    (store / "snapshots" / taken.body.snapshot_id).unlink()
    run = ground.run(change, entry="kept")
    assert run.returncode != 0
    assert f"the store does not show snapshot {taken.body.snapshot_id[:8]} any more" in run.stdout
    (refused,) = ground.view(change).of(Refusal)
    assert [(r.code, r.about) for r in refused.body.reasons] == [("copy-gone", "letters")]
    assert _reached(ground, change) == {"letters": ["V6", None], "photos": ["V6"]}
    _ok(ground.run(change))
    assert _reached(ground, change) == {"letters": ["V6", None, "V6"], "photos": ["V6"]}
    assert "changed=1" not in _ok(ground.run(change, entry="kept"))


def test_case_A1_a_snapshot_that_lost_its_data_is_proven_no_more(ground: Ground) -> None:
    """The store still shows it. A new copy would lean on what is lost, so none is made."""
    change = ground.change([_asset(ground)])
    _ok(ground.run(change))
    packs = [p for p in (ground.server.data / ground.repository / "data").rglob("*") if p.is_file()]
    for pack in packs:
        pack.chmod(0o600)
        pack.unlink()
    run = ground.run(change)
    assert run.returncode != 0
    assert "not all data of snapshot" in " ".join((run.stdout + run.stderr).split())
    (refused,) = ground.view(change).of(Refusal)
    assert [(r.code, r.about) for r in refused.body.reasons] == [("store-damaged", "letters")]
    assert _reached(ground, change)["letters"] == ["V6", "V1"]


def test_catch_up_copies_what_was_touched_and_the_broken_state_always(proven: Proven) -> None:
    ground, change = proven.stand(), proven.change
    _ok(ground.run(change))
    before = len(ground.view(change).of(Snapshot))
    (Path(proven.letters["location"]) / "late.txt").write_text("just before the update")
    _ok(ground.run(change, entry="catch_up"))
    caught = ground.view(change).of(Snapshot)[before:]
    assert [(s.body.asset, s.body.purpose) for s in caught] == [("letters", "catch-up")]
    shutil.rmtree(proven.letters["location"])
    _ok(ground.run(change, entry="broken_state"))
    broken = ground.view(change).of(Snapshot)[before + 1 :]
    assert {(s.body.asset, s.body.purpose) for s in broken} == {
        ("letters", "broken state"), ("photos", "broken state"),
    }  # fmt: skip
    gone = next(s.body for s in broken if s.body.asset == "letters")
    assert any(w.startswith("nothing-left") for w in gone.warnings)
    assert all(reached[-1] >= "V3" for reached in _reached(ground, change).values())


def test_case_B1_what_was_there_last_time_and_is_in_no_scope_is_named(proven: Proven) -> None:
    ground = proven.stand()
    later = f"{proven.change}-later"
    other = _asset(ground, "scans", "app2")
    ground.describe(later, [other])
    said = " ".join(_ok(ground.run(later)).split())
    assert "asset-missing: photos" in said
    found = ground.view(later).latest(Discovery)
    assert any("photos" in line for line in found.body.not_verified)


def test_case_A2_an_existing_backup_is_challenged_adopted_or_refused(ground: Ground) -> None:
    letters = _asset(ground)
    source = Path(letters["location"])
    disk = ground.folder / f"disk of {source.name}"
    change = ground.change([letters])
    ground.settings = {
        "snapshot_and_verify_adopt": {
            "letters": {
                "kind": "copies", "locations": [str(disk)], "machine": "usb-disk",
                "site": "Data centre North", "country": "NL", "provider": "Example Hosting",
            }
        },
        "snapshot_and_verify_adopt_stage": "challenge",
    }  # fmt: skip
    ground._inventory()
    _ok(ground.run(change, entry="adopt"))
    assert (source / FILE).exists()
    # the client's own script, always to the same place (A3)
    shutil.copytree(source, disk / "copy", symlinks=True)
    ground.settings["snapshot_and_verify_adopt_stage"] = "judge"
    ground._inventory()
    run = ground.run(change, entry="adopt")
    assert run.returncode != 0
    assert "too-few-generations" in run.stdout
    (refused,) = ground.view(change).of(Refusal)
    assert [r.code for r in refused.body.reasons] == ["too-few-generations"]
    assert not ground.view(change).of(Snapshot)
    # a second generation, made as it should be
    ground.settings["snapshot_and_verify_adopt_stage"] = "challenge"
    ground._inventory()
    _ok(ground.run(change, entry="adopt"))
    (source / "new letter.txt").write_text("new")
    shutil.copytree(source, disk / "second", symlinks=True)
    ground.settings["snapshot_and_verify_adopt_stage"] = "judge"
    ground._inventory()
    said = _ok(ground.run(change, entry="adopt"))
    assert "needs V6" in " ".join(said.split())
    (taken,) = ground.view(change).of(Snapshot)
    assert (taken.body.purpose, taken.body.store.kind) == ("adopted", "folder")
    (proof,) = ground.view(change).of(Verification)
    assert proof.body.reached == "V5"
    six = proof.body.levels[6]
    assert "the nonce was found" in six.detail
    assert "not append-only" in six.detail
    # before apply it is asked for again, where it lies
    said = _ok(ground.run(change, "-v", entry="kept"))
    assert "letters: the backup that was adopted is still there" in said
    shutil.rmtree(disk / "second")
    run = ground.run(change, entry="kept")
    assert run.returncode != 0
    assert f"the copy {disk}/second is not there now" in " ".join(run.stdout.split())
    gone = ground.view(change).latest(Refusal)
    assert [(r.code, r.about) for r in gone.body.reasons] == [("copy-gone", "letters")]
    assert _reached(ground, change) == {"letters": ["V5", None]}
    # prepare goes on with a copy of our own
    _ok(ground.run(change))
    assert _reached(ground, change) == {"letters": ["V5", None, "V6"]}
    assert "changed=1" not in _ok(ground.run(change, entry="kept"))


LIAR = """\
#!{python}
# The host's own Python, in strange hands: it lets the module work, and alters what it says.
import base64, json, re, subprocess, sys
done = subprocess.run([{python!r}, *sys.argv[1:]], stdin=sys.stdin, stdout=subprocess.PIPE)
said = done.stdout
found = re.search(rb'"answer": "([A-Za-z0-9+/=]+)"', said)
if found:
    whole = json.loads(base64.b64decode(found[1]))
    if whole["verb"] == "asset_snapshot" and whole["body"]["result"]["kind"] == "made":
        whole["body"]["result"].update({lie!r})
        packed = base64.b64encode(json.dumps(whole).encode())
        said = said.replace(found[1], packed)
sys.stdout.buffer.write(said)
sys.stdout.buffer.flush()
sys.exit(done.returncode)
"""


@pytest.mark.parametrize(
    "lie",
    [
        {"previous_snapshot_id": "--password-command=sh -c 'touch {pwned}'"},
        {"engine": "restic \x1b[2J\u202e", "previous_snapshot_id": "f" * 64},
    ],
    ids=["option", "paint"],
)
def test_L1_a_host_that_lies_runs_nothing_and_paints_nothing(
    ground: Ground, tmp_path: Path, lie: dict[str, str]
) -> None:
    """The real role, over real ssh, to a host whose Python answers what it likes."""
    pwned, liar = tmp_path / "pwned", tmp_path / "python3"
    lie = {name: value.replace("{pwned}", str(pwned)) for name, value in lie.items()}
    liar.write_text(LIAR.format(python=sys.executable, lie=lie))
    liar.chmod(0o755)
    change = ground.change([_asset(ground)])
    ground.settings = {"ansible_python_interpreter": str(liar)}
    ground._inventory()
    run = ground.run(change)
    said = run.stdout + run.stderr
    assert not pwned.exists()
    assert "\x1b[2J" not in said
    assert "\u202e" not in said
    view = ground.view(change) if ground.places.dossier("practice", change).exists() else None
    if "engine" not in lie:
        assert run.returncode != 0
        assert "bad-answer" in said
        assert "asset_snapshot on app1 cannot be used: result.previous_snapshot_id" in said
        assert view is None or not view.of(Snapshot)
        return
    # a generation that the store does not have is no proof, and the text is spelled out
    assert view is not None
    assert "\\u{001B}[2J" in view.of(Snapshot)[0].body.engine
    (proof,) = view.of(Verification)
    assert proof.body.reached != "V6"
