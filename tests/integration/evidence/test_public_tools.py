"""The recipe in the docs, run as it stands there. Forged dossiers: ``test_forged.py``."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from sluis.errors import InputError
from sluis.evidence.anchors import load_anchors
from sluis.evidence.keys import new_key
from sluis.evidence.predicates import Erasure
from support.dossiers import Made
from support.public_page import run_page
from support.signed_dossier import Ground, finished


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Ground:
    """A dossier with trusted time and the client's own SSH signatures."""
    ground = finished(tmp_path_factory.mktemp("tools") / "one")
    assert ground.made.verify().holds
    return ground


@pytest.fixture
def made(original: Ground, tmp_path: Path) -> Made:
    shutil.copytree(original.made.root, tmp_path / "copy")
    return original.moved_to(tmp_path / "copy").made


def run(made: Made, **more: str) -> subprocess.CompletedProcess[str]:
    return run_page(made.dossier, made.trust, **more)


def test_case_B12_public_tools_alone_verify_a_dossier(made: Made) -> None:
    done = run(made, MAILED_HEAD=made.digest(18))
    assert done.returncode == 0, done.stderr
    assert f"19 statements of {made.client}/{made.change}" in done.stdout
    assert f"head: {made.digest(19)}" in done.stdout
    assert "the mailed head is statements/000018.json" in done.stdout
    assert "the witness beside the dossier has seen statement 19" in done.stdout
    assert "statements up to statements/000012.json existed at" in done.stdout
    assert done.stdout.count('Good "sluis-signoff" signature for client@practice') == 3
    assert "everything that was checked holds" in done.stdout
    assert "NOT CHECKED" not in done.stdout
    assert done.stderr == ""


def test_what_could_not_be_checked_is_said(made: Made) -> None:
    (made.trust / "tsa.json").unlink()
    (made.trust / "allowed_signers").unlink()
    shutil.rmtree(made.dossier.parent / ".heads")
    done = run(made)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("NOT CHECKED") == 4
    assert "everything that was checked holds" in done.stdout


def test_an_erasure_on_record_is_no_fault(made: Made) -> None:
    body = made.read().statements[8].body
    form = body.request_object  # type: ignore[attr-defined]
    made.append(Erasure(objects=(form,), reason="Asked.", asked_by="A. Client"))
    made.objects.erase(form)
    done = run(made)
    assert done.returncode == 0, done.stderr
    assert f"erased on record: {form}" in done.stdout
    assert "NOT CHECKED: what lies under statements/000009.json was erased" in done.stderr
    found = [f for f in made.verify().findings if f.what == "answer-unproven"]
    assert [(f.about, f.verdict) for f in found] == [
        ("000009.json (signoff)", "could not be checked")
    ]


def test_L20_the_recipe_finds_a_cut_off_end_by_the_mailed_head(made: Made) -> None:
    """Also when the witness was put back to an older state, or is gone."""
    head = made.digest(19)
    made.file(19).unlink()
    shutil.rmtree(made.dossier.parent / ".heads")
    done = run(made, MAILED_HEAD=head)
    assert done.returncode != 0
    assert "removed or replaced" in done.stderr


def test_a_key_under_another_id_is_found(made: Made) -> None:
    stranger = new_key(made.root / "stranger", "stranger")
    path = made.trust / "keys.json"
    path.write_text(path.read_text().replace(made.key.keyid, stranger.keyid))
    done = run(made)
    assert done.returncode != 0
    assert "id of a key" in done.stderr


ANCHORS: dict[str, Callable[[dict[str, Any]], object]] = {
    "a key twice": lambda file: file["keys"].append(dict(file["keys"][0], name="second")),
    "a field too many": lambda file: file["keys"][0].update(purpose="all"),
    "a field too many at the top": lambda file: file.update(note="x"),
    "a field too few": lambda file: file["keys"][0].pop("name"),
    "another version": lambda file: file.update(version=2),
    "a date without a time": lambda file: file["keys"][-1].update(valid_until="2099-01-01"),
    "a time without a zone": lambda file: file["keys"][-1].update(
        valid_until="2099-01-01T00:00:00"
    ),
    "a time in another spelling": lambda file: file["keys"][-1].update(
        valid_until="2099-01-01 00:00Z"
    ),
    "a day that is none": lambda file: file["keys"][-1].update(valid_until="2099-02-30T00:00:00Z"),
    "an empty name": lambda file: file["keys"][-1].update(name=""),
    "another party": lambda file: file["keys"][-1].update(party="Operator"),
    "a reason that is a number": lambda file: file["keys"][-1].update(revoked_why=7),
    "a key of another kind": lambda file: file["keys"].append(_rsa()),
}


def _rsa() -> dict[str, Any]:
    key = rsa.generate_private_key(65537, 2048).public_key()
    info = serialization.PublicFormat.SubjectPublicKeyInfo
    digest = hashlib.sha256(key.public_bytes(serialization.Encoding.DER, info)).hexdigest()
    pem = key.public_bytes(serialization.Encoding.PEM, info).decode()
    return {
        "keyid": digest, "name": "rsa", "party": "client", "public_pem": pem,
        "valid_from": "2026-01-01T00:00:00Z",
    }  # fmt: skip


@pytest.mark.parametrize("wrong", ANCHORS)
def test_keys_that_sluis_does_not_believe_are_not_believed_here(made: Made, wrong: str) -> None:
    path = made.trust / "keys.json"
    file = json.loads(path.read_text())
    ANCHORS[wrong](file)
    path.write_text(json.dumps(file))
    with pytest.raises(InputError) as refused:
        load_anchors(made.trust, made.client)
    assert refused.value.code == "bad-anchors"
    done = run(made)
    assert done.returncode != 0, done.stdout
    assert "DOES NOT HOLD" in done.stderr


def test_a_name_that_keys_json_gives_twice(made: Made) -> None:
    path = made.trust / "keys.json"
    path.write_text(path.read_text().replace('"version": 1', '"version": 2, "version": 1'))
    with pytest.raises(InputError, match="given twice"):
        load_anchors(made.trust, made.client)
    assert "given twice" in run(made).stderr


def test_a_service_of_trusted_time_with_a_field_too_many(made: Made) -> None:
    path = made.trust / "tsa.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "note": "x"}))
    with pytest.raises(InputError):
        load_anchors(made.trust, made.client)
    assert "tsa.json has other fields" in run(made).stderr


def test_nothing_in_a_dossier_is_run(made: Made) -> None:
    """Python looks in the folder that it is started in first; that folder is the dossier."""
    marker = made.root / "was-run"
    for name in ("json", "common", "base64", "os"):
        (made.dossier / f"{name}.py").write_text(f"open({str(marker)!r}, 'w')\n")
    done = run(made)
    assert done.returncode == 0, done.stderr
    assert "NOTE: 'json.py' is no part of the evidence" in done.stdout
    assert not marker.exists()


def test_the_recipe_leaves_nothing_behind(made: Made, tmp_path: Path) -> None:
    folder = tmp_path / "tmp"
    folder.mkdir()
    assert run(made, TMPDIR=str(folder)).returncode == 0
    assert list(folder.iterdir()) == []
