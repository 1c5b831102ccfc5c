"""Opening what ansible-vault encrypted, with the passwords that a run was given."""

from __future__ import annotations

from ansible.errors import AnsibleError
from ansible.parsing.dataloader import DataLoader

from sluis.plan.tree import Opener


def opener(loader: DataLoader) -> Opener:
    """What opens encrypted files with the passwords that a run was given.

    Args:
        loader: Ansible's own, of this run.
    """

    def opened(content: bytes) -> bytes | None:
        try:
            return bytes(loader._decrypt_if_vault_data(content)[0])
        except AnsibleError:
            return None

    return opened
