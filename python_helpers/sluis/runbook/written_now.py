"""What is wrong in what was written for a client or a change, printed as JSON.

A program of its own, as ``tree_now`` is: reading an inventory loads Ansible, and Ansible takes its
settings from the environment and the folder that it is started in. ``sluis`` starts this in
clean ones.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from ansible.cli import CLI
from ansible.errors import AnsibleError
from ansible.parsing.dataloader import DataLoader

from sluis.places import Places
from sluis.plan.faults import Fault
from sluis.plan.tree import read_tree
from sluis.runbook.inventory import reach_of
from sluis.runbook.written import written_faults


def main() -> None:
    """Print the faults of ``PROJECT CLIENT CHANGE PLAYBOOK [VAULT-ID …]``.

    Change and playbook may be empty. A vault id is given as ``--vault-id`` takes it.
    """
    root, client, change, playbook, *vault_ids = sys.argv[sys.argv.index("--") + 1 :]
    found = list(_faults(Places(Path(root)), client, change or None, playbook, vault_ids))
    unique = {(one.file, one.line, one.what): one for one in found}
    sys.stdout.write(json.dumps([asdict(one) for one in unique.values()]) + "\n")


def _faults(
    places: Places, client: str, change: str | None, playbook: str, vault_ids: list[str]
) -> Iterator[Fault]:
    loader = DataLoader()
    secrets = []
    for one in vault_ids:
        try:
            # one by one, so that each that gives no password is named
            secrets += CLI.setup_vault_secrets(
                loader, vault_ids=[one], auto_prompt=False, initialize_context=False
            )
        except (AnsibleError, OSError) as error:
            yield Fault(
                "vault-not-opened", one, 0, f"It gives no password: {str(error)[:300]}",
                "Put the password there, or name another file or program: see 'Secrets in "
                "ansible-vault' in docs/front-door.md.",
            )  # fmt: skip
    loader.set_vault_secrets(secrets)
    yield from written_faults(places, client, change, playbook, loader, unseal=True)[0]
    reach = reach_of(places, client)
    reasons = reach.reasons if change is None else read_tree(places, client, change, reach).reasons
    for reason in reasons:
        if reason.code != "inventory-not-readable":
            yield Fault(reason.code, reason.about, 0, reason.sentence, reason.remedy)


if __name__ == "__main__":
    main()
