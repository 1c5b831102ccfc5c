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

from sluis.errors import InputError
from sluis.evidence.files import read_regular
from sluis.places import Places
from sluis.plan.faults import Fault
from sluis.plan.tree import read_tree
from sluis.plan.written_words import one_language_only
from sluis.plan.written_yaml import LARGEST, NotReadableError, read_written
from sluis.runbook.inventory import reach_of
from sluis.runbook.vault_codes import GIVES_NONE, NOT_OPENED
from sluis.runbook.vault_opener import opener
from sluis.runbook.written import written_faults
from sluis.runbook.written_open_secrets import open_secrets
from sluis.scope.load import load_scope

#: what the readers of the files say in more words
_SAID_ABOVE = ("inventory-not-readable", NOT_OPENED)


def main() -> None:
    """Print faults and remarks of ``PROJECT CLIENT CHANGE PLAYBOOK [VAULT-ID …]``.

    Change and playbook may be empty. A vault id is given as ``--vault-id`` takes it.
    """
    root, client, change, playbook, *vault_ids = sys.argv[sys.argv.index("--") + 1 :]
    found = list(_faults(Places(Path(root)), client, change or None, playbook, vault_ids))
    unique = {(one.file, one.line, one.what): one for one in found}
    said = {
        "faults": [asdict(one) for one in unique.values()],
        "remarks": list(_remarks(Places(Path(root)), client, change or None, playbook, vault_ids)),
    }
    sys.stdout.write(json.dumps(said) + "\n")


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
            name, _, path = one.partition("@")
            yield Fault(
                GIVES_NONE, path, 0,
                f"It gives no password for the vault id {name!r}: {str(error)[:300]}",
                "Put the password there, or name another file or program in vault.cfg: see "
                "'Secrets in ansible-vault' in docs/front-door.md.",
            )  # fmt: skip
    loader.set_vault_secrets(secrets)
    yield from written_faults(places, client, change, playbook, loader, unseal=True)[0]
    reach = reach_of(places, client)
    reasons = reach.reasons
    if change is not None:
        reasons = read_tree(places, client, change, reach, opener(loader)).reasons
    for reason in reasons:
        if reason.code not in _SAID_ABOVE:
            yield Fault(reason.code, reason.about, 0, reason.sentence, reason.remedy)


def _remarks(
    places: Places, client: str, change: str | None, playbook: str, vault_ids: list[str]
) -> Iterator[str]:
    if change is not None:
        path = places.change(client, change) / playbook
        try:
            item = read_written(read_regular(path.resolve(), LARGEST))
            scope = load_scope(path.with_name("scope.yml")).document
        except (OSError, ValueError, RuntimeError, NotReadableError, InputError):
            pass  # what is wrong with them is said as a fault
        else:
            yield from one_language_only(str(path.relative_to(places.root)), item, scope)
    yield from open_secrets(places, client, change, vault_ids)


if __name__ == "__main__":
    main()
