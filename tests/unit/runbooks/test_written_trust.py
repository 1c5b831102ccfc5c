"""Trust anchors by another name are not missed by anybody, so each is told (attacker)."""

from __future__ import annotations

from pathlib import Path

import pytest

from sluis.runbook.written_places import trust_faults


def told(root: Path, *names: str) -> list[tuple[str, str, str]]:
    folder = root / "trust" / "practice"
    folder.mkdir(parents=True)
    for name in names:
        (folder / name).touch()
    return [(one.code, one.file, one.remedy) for one in trust_faults(folder, root)]


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("tsa.jsn", "tsa.json"), ("TSA.json", "tsa.json"), ("tsa.yml", "tsa.json"),
        ("tsa", "tsa.json"), ("allowed-signers", "allowed_signers"),
        ("allowed_signer", "allowed_signers"), ("allowed_signers.txt", "allowed_signers"),
        ("Allowed_Signers", "allowed_signers"), ("key.json", None),
    ],
)  # fmt: skip
def test_attacker_an_anchor_by_another_name_is_told(
    tmp_path: Path, name: str, meant: str | None
) -> None:
    ((code, file, remedy),) = told(tmp_path, "keys.json", name)
    assert (code, file) == ("not-read", f"trust/practice/{name}")
    if meant is None:
        assert remedy == "Take it out of this folder."
    else:
        assert remedy == f"Did you mean {meant!r}? Otherwise take it out of this folder."


def test_anchors_certificates_and_old_copies_are_left_alone(tmp_path: Path) -> None:
    names = ("keys.json", "allowed_signers", "tsa.json", "root.pem", ".lock", "keys.json.bak",
             "README.md", "tsa.json~")  # fmt: skip
    assert told(tmp_path, *names) == []


def test_a_client_without_a_trust_folder_is_told_elsewhere(tmp_path: Path) -> None:
    assert list(trust_faults(tmp_path / "nowhere", tmp_path)) == []
