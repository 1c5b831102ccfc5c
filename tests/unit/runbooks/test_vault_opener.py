"""What ansible-vault encrypted is opened with the passwords that a run was given."""

from __future__ import annotations

from ansible.parsing.dataloader import DataLoader
from ansible.parsing.vault import VaultLib, VaultSecret

from sluis.plan.templates import is_sealed
from sluis.runbook.vault_opener import opener

RIGHT, WRONG = VaultSecret(b"the right one"), VaultSecret(b"another")


def test_a_file_is_opened_by_its_password_and_by_no_other() -> None:
    sealed = VaultLib([("default", RIGHT)]).encrypt("a: 1\n")
    assert is_sealed(sealed)
    loader = DataLoader()
    assert opener(loader)(sealed) is None
    loader.set_vault_secrets([("default", WRONG)])
    assert opener(loader)(sealed) is None
    loader.set_vault_secrets([("default", WRONG), ("default", RIGHT)])
    assert opener(loader)(sealed) == b"a: 1\n"
    assert opener(loader)(b"$ANSIBLE_VAULT;1.1;AES256\n3030\n") is None
