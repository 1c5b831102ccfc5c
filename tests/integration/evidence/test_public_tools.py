"""The recipe in the docs, run as it stands there, against a real dossier and spoiled ones."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sluis.evidence.keys import new_key
from sluis.evidence.predicates import Check, Erasure
from sluis.rehearsal.tsa import LocalTsa
from support.dossiers import Made, copy, make, tell

PAGE = Path(__file__).parents[3] / "docs" / "verify-with-public-tools.md"
CHECK = Check(check="web", host="server1", what="HTTP 200", passed=True)


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    """A dossier with trusted time and the client's own SSH signature."""
    root = tmp_path_factory.mktemp("tools")
    made = make(root / "one", begin=datetime.now(UTC) - timedelta(minutes=13))
    with LocalTsa(root / "tsa") as tsa:
        made.trust_tsa(tsa.url, tsa.certificate)
        tell(made)
        _sign_with_ssh(made, root / "ssh")
        made.now = datetime.now(UTC)
        made.stamp()
        made.append(CHECK)
    assert made.verify().holds
    yield made


def _sign_with_ssh(made: Made, folder: Path) -> None:
    folder.mkdir()
    ssh = ["ssh-keygen", "-q"]
    subprocess.run([*ssh, "-t", "ed25519", "-N", "", "-f", "client"], cwd=folder, check=True)
    (made.trust / "allowed_signers").write_text(
        f"client@practice-north {(folder / 'client.pub').read_text()}"
    )
    made.reload()
    (folder / "request").write_bytes(b'{"change":"CHG-1042"}')
    subprocess.run(
        [*ssh, "-Y", "sign", "-f", "client", "-n", "sluis-signoff", "request"],
        cwd=folder,
        check=True,
        stderr=subprocess.DEVNULL,
    )
    attended = made.read().statements[5].body
    made.append(
        attended.model_copy(
            update={
                "tier": "ssh-key",
                "request_object": made.objects.put((folder / "request").read_bytes()),
                "ssh_signature_object": made.objects.put((folder / "request.sig").read_bytes()),
                "ssh_principal": "client@practice-north",
            }
        )
    )


@pytest.fixture
def made(original: Made, tmp_path: Path) -> Made:
    made = copy(original, tmp_path / "copy")
    made.reload()
    return made


def run(made: Made, **more: str) -> subprocess.CompletedProcess[str]:
    """Run all blocks of the page as one script, with nothing of ours within reach."""
    blocks = re.findall(r"^```sh\n(.*?)^```$", PAGE.read_text(), re.DOTALL | re.MULTILINE)
    assert len(blocks) == 6
    return subprocess.run(
        ["bash", "-c", "\n".join(blocks)],
        env={
            "PATH": os.environ["PATH"],
            "LC_ALL": "C.UTF-8",
            "DOSSIER": str(made.dossier),
            "TRUST": str(made.trust),
            **more,
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_case_B12_public_tools_alone_verify_a_dossier(made: Made) -> None:
    done = run(made, MAILED_HEAD=made.digest(12))
    assert done.returncode == 0, done.stderr
    assert "14 statements of practice-north/CHG-1042" in done.stdout
    assert f"head: {made.digest(14)}" in done.stdout
    assert "the mailed head is statements/000012.json" in done.stdout
    assert "statements up to 000012 existed at" in done.stdout
    assert 'Good "sluis-signoff" signature for client@practice-north' in done.stdout
    assert "everything that was checked holds" in done.stdout
    assert "NOT CHECKED" not in done.stdout


def test_what_could_not_be_checked_is_said(made: Made) -> None:
    (made.trust / "tsa.json").unlink()
    done = run(made)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("NOT CHECKED") == 2


def test_an_erasure_on_record_is_no_fault(made: Made) -> None:
    source = made.read().statements[0].body.source_object  # type: ignore[attr-defined]
    made.append(Erasure(objects=(source,), reason="Asked.", asked_by="A. Client"))
    made.objects.erase(source)
    done = run(made)
    assert done.returncode == 0, done.stderr
    assert f"erased on record: {source}" in done.stdout


def _flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.unlink()
    path.write_bytes(data)


def _swap(made: Made) -> None:
    made.file(3).rename(made.root / "aside")
    made.file(4).rename(made.file(3))
    (made.root / "aside").rename(made.file(4))


def _object(made: Made) -> Path:
    return made.objects.path(made.read().statements[0].body.scope_object)  # type: ignore[attr-defined]


def _token(made: Made) -> Path:
    return next((made.dossier / "timestamps").iterdir())


def _stranger(made: Made) -> Any:
    return new_key(made.root / "stranger", "stranger")


SPOILED: dict[str, tuple[Callable[[Made], Any], str]] = {
    "edited": (lambda m: _flip(m.file(5)), ""),
    "last one edited": (lambda m: _flip(m.file(14)), ""),
    "removed": (lambda m: m.file(5).unlink(), "statement 5 is missing"),
    "first removed": (lambda m: m.file(1).unlink(), "statement 1 is missing"),
    "reordered": (_swap, "holds statement 4"),
    "doubled": (lambda m: shutil.copy(m.file(14), m.file(15)), "holds statement 14"),
    "signed anew": (lambda m: m.forge(5, CHECK, previous=m.digest(4)), "000006.json does not"),
    "unknown key": (
        lambda m: m.forge(15, CHECK, previous=m.digest(14), key=_stranger(m)),
        "a key you do not trust",
    ),
    "other dossier": (
        lambda m: m.forge(15, CHECK, previous=m.digest(14), change="CHG-2000"),
        "another dossier",
    ),
    "object altered": (lambda m: _flip(_object(m)), "was altered"),
    "object missing": (lambda m: _object(m).unlink(), "an object is missing"),
    "token altered": (lambda m: _flip(_token(m)), "tsr"),
    "token over another": (
        lambda m: _token(m).rename(_token(m).with_name("000011-0000000000000000.tsr")),
        "tsr",
    ),
    "another signer": (
        lambda m: (m.trust / "allowed_signers").write_text(
            (m.trust / "allowed_signers").read_text().replace("client@", "other@")
        ),
        "the signature of client@practice-north",
    ),
}


@pytest.mark.parametrize("what", SPOILED)
def test_the_recipe_finds_what_was_spoiled(made: Made, what: str) -> None:
    spoil, words = SPOILED[what]
    spoil(made)
    done = run(made)
    assert done.returncode != 0
    assert "everything that was checked holds" not in done.stdout
    assert words in done.stderr


def test_the_recipe_finds_a_cut_off_end_by_the_mailed_head(made: Made) -> None:
    head = made.digest(14)
    made.file(14).unlink()
    done = run(made, MAILED_HEAD=head)
    assert done.returncode != 0
    assert "removed or replaced" in done.stderr


def test_a_key_under_another_id_is_found(made: Made) -> None:
    stranger = _stranger(made)
    path = made.trust / "keys.json"
    path.write_text(path.read_text().replace(made.key.keyid, stranger.keyid))
    done = run(made)
    assert done.returncode != 0
    assert "id of a key" in done.stderr


def test_the_recipe_leaves_nothing_behind(made: Made, tmp_path: Path) -> None:
    folder = tmp_path / "tmp"
    folder.mkdir()
    assert run(made, TMPDIR=str(folder)).returncode == 0
    assert list(folder.iterdir()) == []
