"""F3: which file or program opens what ansible-vault encrypted, and who is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from sluis.cli.environment import environment
from sluis.cli.vault import vault_ids
from sluis.errors import InputError
from sluis.places import Places
from sluis.runbook.surroundings import handed_on

CLIENT = "practice"


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Places:
    root = tmp_path / "project"
    (root / "inventories" / CLIENT).mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    return Places(root)


def private(path: Path, mode: int = 0o600) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("the secret\n")
    path.chmod(mode)
    return path


def options(places: Places, **caller: str) -> list[str]:
    return [one.option() for one in vault_ids(places, CLIENT, caller)]


def test_F3_nothing_is_named(places: Places) -> None:
    assert options(places) == []


def test_F3_a_file_or_a_program_of_the_callers(places: Places, tmp_path: Path) -> None:
    file, program = private(tmp_path / "a"), private(tmp_path / "b", 0o755)
    assert options(places, SLUIS_VAULT_PASSWORD_FILE=str(file)) == [f"default@{file}"]
    named = f"one@{file}, two@{program}"
    assert options(places, SLUIS_VAULT_PASSWORD_FILE=named) == [f"one@{file}", f"two@{program}"]
    assert options(places, SLUIS_VAULT_PASSWORD_FILE="a") == [f"default@{file}"]
    odd = private(tmp_path / "me@home")
    assert options(places, SLUIS_VAULT_PASSWORD_FILE=str(odd)) == [f"default@{odd}"]


def test_F3_the_clients_settings_and_the_projects(places: Places, tmp_path: Path) -> None:
    mine, theirs = private(tmp_path / "mine"), private(places.root / "theirs" / "pass")
    (places.root / "vault.cfg").write_text("theirs/pass\n")
    (places.inventory(CLIENT) / "vault.cfg").write_text(f"# ours\n\npractice = {mine}\n")
    caller = {"SLUIS_VAULT_PASSWORD_FILE": str(mine)}
    assert options(places, **caller) == [
        f"default@{mine}", f"practice@{mine}", f"default@{theirs}",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("practice = /nowhere/at/all\n", "bad-vault-setting"),
        ("practice =\n", "bad-vault-setting"),
        ("practice = prompt\n", "bad-vault-setting"),
        ("not an id = mine\n", "bad-vault-setting"),
        ("practice = .\n", "bad-vault-setting"),
    ],
)
def test_F3_what_cannot_be_used_is_named_with_its_line(
    places: Places, text: str, code: str
) -> None:
    (places.inventory(CLIENT) / "vault.cfg").write_text(f"# a line\n{text}")
    with pytest.raises(InputError) as error:
        vault_ids(places, CLIENT, {})
    assert error.value.code == code
    assert "vault.cfg, line 2" in error.value.what


@pytest.mark.parametrize(
    ("named", "what", "remedy"),
    [
        ("there/is/none", "is not there", "(umask 077; cat > {path}). Or correct its path"),
        (".", "is not a file", "Put an ordinary file there"),
        ("taken/below", "cannot be read: Not a directory", "Let yourself read it"),
    ],
    ids=["missing", "folder", "below a file"],
)
def test_newcomer_a_password_file_that_cannot_be_used_is_told_apart_from_a_bad_line(
    places: Places, named: str, what: str, remedy: str
) -> None:
    """The line was right as it stood, and the advice was to write it."""
    private(places.root / "taken")
    (places.inventory(CLIENT) / "vault.cfg").write_text(f"practice = {named}\n")
    with pytest.raises(InputError) as error:
        vault_ids(places, CLIENT, {})
    path = (places.root / named).resolve()
    assert error.value.what.startswith(f"{path} (inventories/{CLIENT}/vault.cfg, line 1) {what}")
    assert remedy.format(path=path) in error.value.remedy
    assert "NAME = FILE" not in error.value.remedy


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o775, 0o702])
def test_F3_what_others_can_read_or_change_is_refused(
    places: Places, tmp_path: Path, mode: int
) -> None:
    path = private(tmp_path / "pass", mode)
    with pytest.raises(InputError) as error:
        options(places, SLUIS_VAULT_PASSWORD_FILE=str(path))
    assert error.value.code == "vault-file-not-private"
    assert str(path) in error.value.remedy


def test_F3_settings_that_others_can_write_are_refused(places: Places, tmp_path: Path) -> None:
    settings = places.inventory(CLIENT) / "vault.cfg"
    settings.write_text(f"practice = {private(tmp_path / 'pass')}\n")
    settings.chmod(0o666)
    with pytest.raises(InputError) as error:
        vault_ids(places, CLIENT, {})
    assert error.value.code == "vault-file-not-private"


NAMES = ("SLUIS_VAULT_PASSWORD_FILE", "ANSIBLE_VAULT_PASSWORD_FILE", "ANSIBLE_VAULT_IDENTITY_LIST")


def test_F3_no_program_is_told_where_the_password_is(places: Places, tmp_path: Path) -> None:
    caller = {name: str(private(tmp_path / "pass")) for name in NAMES}
    built = environment(
        caller, places, private=tmp_path, artifacts=tmp_path, ident="x", passphrase_file=None
    )
    assert not set(NAMES) & set(built)
    assert not set(NAMES) & set(handed_on(caller, places))
