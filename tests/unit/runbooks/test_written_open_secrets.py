"""Passwords in the clear: a remark, with the command that encrypts the file they stand in."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from ansible.parsing.vault import is_encrypted

from sluis.places import Places
from sluis.runbook.written_open_secrets import open_secrets

CLIENT = "practice"


@pytest.fixture
def places(tmp_path: Path) -> Places:
    root = tmp_path / "project"
    (root / "inventories" / CLIENT / "group_vars" / "all").mkdir(parents=True)
    (root / ".venv").mkdir()
    (root / ".venv" / "bin").symlink_to(Path(sys.executable).parent)
    return Places(root)


def write(places: Places, name: str, text: str) -> None:
    path = places.inventory(CLIENT) / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def said(places: Places, change: str | None = None, opened_by: tuple[str, ...] = ()) -> list[str]:
    return list(open_secrets(places, CLIENT, change, opened_by))


IN_THE_CLEAR = {
    "of-ours": ("snapshot_and_verify_store_secrets:\n  repository_password: abc\n", 2),
    "by-asset": ("snapshot_and_verify_secrets:\n  shop:\n    password: 12345\n", 3),
    "key": ("snapshot_and_verify_store_secrets:\n  store_key: -----BEGIN\n", 2),
    "of-a-tenant": ("tenant_export_secrets:\n  old:\n    secret: abc\n", 3),
    "of-ansible": ("ansible_become_password: abc\n", 1),
    "of-ansible-short": ("x: 1\nansible_ssh_pass: abc\n", 2),
    "of-their-own": ("shop_db_password: abc\n", 1),
    "among-secrets": ("my_secrets:\n  licence: abc\n", 2),
    "in-a-list": ("users:\n  - name: a\n    api_key: abc\n", 3),
}


@pytest.mark.parametrize("given", IN_THE_CLEAR.values(), ids=IN_THE_CLEAR.keys())
def test_newcomer_a_secret_in_the_clear_is_said_with_its_line(
    places: Places, given: tuple[str, int]
) -> None:
    text, line = given
    write(places, "host_vars/web/secrets.yml", text)
    (told,) = said(places)
    assert told.startswith(f"inventories/{CLIENT}/host_vars/web/secrets.yml: ")
    assert f"(line {line})" in told
    assert "abc" not in told
    assert "12345" not in told


NO_SECRET = {
    "template": 'ansible_become_password: "{{ vault_become }}"\n',
    "sealed-value": "ansible_password: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  6162\n",
    "nothing": "ansible_password:\nx_token: ''\n",
    "switch": "ask_password: false\n",
    "user": "snapshot_and_verify_store_secrets: {store_user: practice}\n",
    "file": "ansible_ssh_private_key_file: /root/.ssh/id\nsecret_file: /etc/secret\n",
    "key-in-a-file": "snapshot_and_verify_store_secrets: {store_key: /etc/sluis/key}\n",
    "sealed-file": "$ANSIBLE_VAULT;1.1;AES256\n6162\n",
    "word-in-a-word": "bypass: abc\npassword_length: 12\ncompass: abc\n",
}


@pytest.mark.parametrize("text", NO_SECRET.values(), ids=NO_SECRET.keys())
def test_newcomer_what_is_no_secret_or_is_not_in_the_clear_is_left_alone(
    places: Places, text: str
) -> None:
    write(places, "group_vars/all/main.yml", text)
    assert said(places) == []


def test_newcomer_where_a_file_cannot_be_encrypted_it_is_said_where_the_secret_goes(
    places: Places,
) -> None:
    write(places, "hosts.yml", "all:\n  hosts:\n    web:\n      ansible_password: abc\n")
    write(
        places, "changes/CHG-1/update.yml", "software_update_steps:\n  - secret_args: {key: abc}\n"
    )
    hosts, update = said(places, "CHG-1")
    assert "hosts.yml: " in hosts
    assert "(line 4)" in hosts
    assert "update.yml: " in update
    for told in (hosts, update):
        assert "Move it into a file of variables" in told
    assert said(places) == [hosts]


@pytest.mark.parametrize("named", [True, False], ids=["named", "nothing-named"])
def test_newcomer_what_is_pasted_encrypts_the_file(
    places: Places, tmp_path: Path, named: bool
) -> None:
    write(places, "group_vars/all/secrets.yml", "ansible_password: abc\n")
    opened_by: tuple[str, ...] = ()
    if named:
        password = tmp_path / "a password"
        password.write_text("abc\n")
        opened_by = (f"practice@{password}",)
    (told,) = said(places, opened_by=opened_by)
    command = told.partition("What to do: ")[2]
    kept = b""
    for turn in range(1 if named else 2):
        # the second time over: the password of what is encrypted already stays
        write(places, "group_vars/all/secrets.yml", "ansible_password: abc\n")
        subprocess.run(
            ["sh", "-c", command], cwd=places.root, check=True, capture_output=True,
            env={**os.environ, "HOME": str(tmp_path)},
        )  # fmt: skip
        sealed = (places.inventory(CLIENT) / "group_vars/all/secrets.yml").read_bytes()
        assert is_encrypted(sealed)
        assert said(places) == []
        if not named:
            made = tmp_path / ".config/sluis" / f"{CLIENT}.pass"
            kept = made.read_bytes() if turn == 0 else kept
            assert made.read_bytes() == kept
            assert made.stat().st_mode & 0o077 == 0
