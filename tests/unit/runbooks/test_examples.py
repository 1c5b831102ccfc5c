"""F9: each example in docs/examples.md is read as it stands there, and the reference is current."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from ansible.parsing.dataloader import DataLoader

from sluis.cli.vault import VaultId, vault_ids
from sluis.cli.written import read_in_a_clean_place
from sluis.places import Places
from sluis.plan.faults import WrittenError
from sluis.runbook.settings_page import page
from sluis.runbook.written import read_what_was_written
from sluis.scope.load import load_scope
from sluis.signoff.ssh_signature import signed_by
from support.markdown import blocks

REPOSITORY = Path(__file__).resolve().parents[3]
EXAMPLES = REPOSITORY / "docs" / "examples.md"
CLIENT, CHANGE = "practice", "CHG-1"
YAML = blocks(EXAMPLES, "yaml")


def ground(root: Path) -> Places:
    """A client and a change from the template, with the roles that read them."""
    (root / "inventories").mkdir(parents=True)
    (root / "roles").symlink_to(REPOSITORY / "roles")
    places = Places(root)
    shutil.copytree(REPOSITORY / "inventories" / "template", places.inventory(CLIENT))
    folder = places.change(CLIENT, CHANGE)
    (folder.parent / "CHG-TEMPLATE").rename(folder)
    (folder / "files").mkdir()
    for name in ("install.sh", "update-5.1.sql"):  # what its steps send
        (folder / "files" / name).touch()
    scope = folder / "scope.yml"
    text = re.sub(r"(?m)^client:.*$", f"client: {CLIENT}", scope.read_text())
    text = re.sub(r"(?m)^change:.*$", f"change: {CHANGE}", text)
    scope.write_text(re.sub(r"(?m)^    open_questions:\n(?:     .*\n)+", "", text))
    return places


def read(places: Places, playbook: str = "update.yml") -> None:
    read_what_was_written(places, CLIENT, CHANGE, playbook, DataLoader())


def as_restore(folder: Path) -> None:
    """What the page and the template say beside the renaming."""
    scope = folder / "scope.yml"
    text = scope.read_text()
    assert text.count("  consent: true") == 1
    scope.write_text(text.replace("  consent: true", "  consent: false"))


def test_F9_the_reference_of_every_setting_is_current() -> None:
    made = page(REPOSITORY / "roles")
    assert (REPOSITORY / "docs" / "settings.md").read_text() == made, (
        "Make it anew: .venv/bin/python -m sluis.runbook.settings_page > docs/settings.md"
    )
    for key in ("host_address", "bin_dir", "store_user", "store_password", "escrow_password",
                "backup_repository_password", "layout", "software_update_steps"):  # fmt: skip
        assert f"`{key}`" in made


def test_newcomer_no_name_is_both_allowed_and_refused_on_the_page() -> None:
    """password_hash stood in both lists."""
    text = page(REPOSITORY / "roles").partition("## What a template may use")[2]
    parts = text.split("\n### ")[1:]
    assert len(parts) == 4
    for part in parts:
        allowed, sign, refused = part.partition("\nRefused:\n")
        assert sign, part
        named = re.findall(r"`([^`]+)`", allowed)
        out = re.findall(r"^- `([^`]+)`:", refused, re.MULTILINE)
        assert named
        assert out
        assert len({*named, *out}) == len(named) + len(out), part
    assert "`password_hash` (only with a salt that is written out in the template)" in text


@pytest.mark.parametrize("number", range(len(YAML)))
def test_F9_an_example_is_read_as_it_stands(tmp_path: Path, number: int) -> None:
    places, text = ground(tmp_path), YAML[number]
    if "restore_asset_list" in text:
        folder = places.change(CLIENT, CHANGE)
        (folder / "restore.yml").write_text(text)
        as_restore(folder)
        read(places, "restore.yml")
        return
    if "software_update_steps" in text:
        (places.change(CLIENT, CHANGE) / "update.yml").write_text(text)
        read(places)
        return
    path = places.inventory(CLIENT) / "group_vars" / "all.yml"
    path.write_text(text)
    # the page speaks of an asset that the template's change does not have
    scope = (places.change(CLIENT, CHANGE) / "scope.yml").read_text()
    other = places.change(CLIENT, "CHG-SHOP")
    other.mkdir()
    (other / "scope.yml").write_text(scope.replace("id: patient-records", "id: web-shop"))
    read(places)
    # and it is really looked into: a letter more in any field is refused
    field = re.findall(r"(?m)^ +([a-z_]+):", text)[-1]
    path.write_text(re.sub(rf"(?m)^( +){field}:", rf"\1{field}x:", text, count=1))
    with pytest.raises(WrittenError, match=f"{field}x"):
        read(places)


def test_F9_the_template_of_a_restore_can_be_used(tmp_path: Path) -> None:
    places = ground(tmp_path)
    folder = places.change(CLIENT, CHANGE)
    (folder / "restore.yml.example").rename(folder / "restore.yml")
    as_restore(folder)
    read(places, "restore.yml")
    assert load_scope(folder / "scope.yml").document.client == CLIENT


def test_F9_the_example_of_allowed_signers_lets_that_client_sign(tmp_path: Path) -> None:
    (line,) = [text for text in blocks(EXAMPLES, "") if "sluis-signoff" in text]
    key = tmp_path / "id_ed25519"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    public = key.with_suffix(".pub").read_text().split()[1]
    signers = tmp_path / "allowed_signers"
    signers.write_text(re.sub(r"ssh-ed25519 \S+", f"ssh-ed25519 {public}", line))
    form = tmp_path / "form.txt"
    form.write_text("yes\n")
    subprocess.run(
        ["ssh-keygen", "-q", "-Y", "sign", "-n", "sluis-signoff", "-f", key, form], check=True
    )
    signature = (tmp_path / "form.txt.sig").read_bytes()
    assert signed_by(b"yes\n", signature, signers, datetime.now(UTC)) == ("practice-manager",)


def test_F9_the_example_of_vault_opens_a_file_and_asks_a_program(tmp_path: Path) -> None:
    """Two ids of vault.cfg as it stands on the page: one a file, the other a program."""
    (text,) = [block for block in blocks(EXAMPLES, "") if block.startswith("practice = ~")]
    places = ground(tmp_path / "project")
    shutil.copy(REPOSITORY / "ansible.cfg", places.root)
    password, client = tmp_path / "practice.pass", tmp_path / "site-vault-client"
    password.write_text("one\n")
    password.chmod(0o600)
    client.write_text("#!/bin/sh\necho two\n")
    client.chmod(0o755)
    text = text.replace("~/.config/sluis/practice.pass", str(password))
    text = text.replace("/usr/local/bin/site-vault-client", str(client))
    (places.inventory(CLIENT) / "vault.cfg").write_text(text)
    folder = places.inventory(CLIENT) / "group_vars"
    (folder / "all").mkdir()
    (folder / "all.yml").rename(folder / "all" / "main.yml")
    for name, opener in (("practice", password), ("site", client)):
        sealed = folder / "all" / f"{name}.yml"
        sealed.write_text(f"{name}_word: hidden\nsnapshot_and_verify_patence: 1\n")
        subprocess.run(
            [Path(sys.executable).parent / "ansible-vault", "encrypt", "--encrypt-vault-id", name,
             "--vault-id", f"{name}@{opener}", sealed],
            check=True, capture_output=True,
        )  # fmt: skip

    def said(ids: Iterable[VaultId]) -> list[tuple[str, str]]:
        ran = subprocess.run(
            [sys.executable, "-I", "-m", "sluis.runbook.written_now", "--", places.root, CLIENT,
             CHANGE, "update.yml", *(one.option() for one in ids)],
            check=False, capture_output=True, text=True,
        )  # fmt: skip
        assert ran.returncode == 0, ran.stderr
        return sorted(
            (one["code"], Path(one["file"]).name)
            for one in json.loads(ran.stdout)["faults"]
            if one["file"] != "roles"  # here a link to those of the checkout
        )

    ids = vault_ids(places, CLIENT, {})
    assert [one.name for one in ids] == ["practice", "site"]
    # both were opened: the slip in each is found
    assert said(ids) == [("unknown-setting", "practice.yml"), ("unknown-setting", "site.yml")]
    assert said(ids[:1]) == [("unknown-setting", "practice.yml"), ("vault-not-opened", "site.yml")]


@pytest.mark.parametrize("whole", [True, False], ids=["file", "value"])
def test_newcomer_a_wrong_password_is_told_apart_from_one_that_nobody_named(
    tmp_path: Path, whole: bool
) -> None:
    """ "Name the file that has its password" was said, and the file was named."""
    right, wrong, empty = (tmp_path / name for name in ("right", "wrong", "empty"))
    for path, text in ((right, "one\n"), (wrong, "two\n"), (empty, "")):
        path.write_text(text)
        path.chmod(0o600)
    places = ground(tmp_path / "project")
    folder = places.inventory(CLIENT) / "group_vars"
    sealed = folder / "clients.yml"
    tool = Path(sys.executable).parent / "ansible-vault"
    if whole:
        sealed.write_text("a: b\n")
        words = ["encrypt", "--vault-id", f"practice@{right}", str(sealed)]
        subprocess.run([tool, *words], check=True, capture_output=True)
    else:
        words = ["encrypt_string", "--vault-id", f"practice@{right}", "--name", "a", "b"]
        made = subprocess.run([tool, *words], check=True, capture_output=True, text=True)
        sealed.write_text(f"{made.stdout}\n")
    about = f"inventories/{CLIENT}/group_vars/clients.yml"

    def found(*named: VaultId) -> list[tuple[str, str, str, str]]:
        read = read_in_a_clean_place(places, CLIENT, None, None, named)
        codes = ("vault-not-opened", "vault-gives-no-password")
        return [(o.code, o.file, o.what, o.remedy) for o in read.faults if o.code in codes]

    assert found(VaultId("practice", right)) == []
    ((code, file, what, remedy),) = found(VaultId("practice", wrong))
    assert (code, file) == ("vault-not-opened", about)
    assert f"under the vault id 'practice', and the password in {wrong} does not open it" in what
    assert f"Write into {wrong} the password" in remedy
    ((code, file, what, remedy),) = found()
    assert "nothing is named that opens it" in what
    assert "in vault.cfg: practice = FILE" in remedy
    # under another id the right password opens it too, as Ansible has it
    assert found(VaultId("other", right)) == []
    ((_, _, what, _),) = found(VaultId("other", wrong), VaultId("more", a_third(tmp_path)))
    assert f"no password in {wrong}, {tmp_path / 'third'} opens it" in what
    said = {code: (file, what) for code, file, what, _ in found(VaultId("practice", empty))}
    assert said["vault-gives-no-password"][0] == str(empty)
    assert "for the vault id 'practice'" in said["vault-gives-no-password"][1]


def a_third(folder: Path) -> Path:
    """A third password that opens nothing."""
    path = folder / "third"
    path.write_text("three\n")
    path.chmod(0o600)
    return path
