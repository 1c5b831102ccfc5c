"""What the description of a change says, for a look that comes before it is read by the runbook."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleError
from ansible.parsing.dataloader import DataLoader

from sluis.runbook.run import CHECK, Run

_DESCRIPTIONS = ("update.yml", "restore.yml")


def described_now(
    run: Run, loader: DataLoader, known: Mapping[str, Any]
) -> tuple[str, dict[str, Any]]:
    """The description's name, and what is known with it, as far as it can be read.

    ``check.yml`` does not read it, so what it says is put on top there.

    Args:
        run: the current run.
        loader: Ansible's own.
        known: the variables of the task.
    """
    for name in _DESCRIPTIONS:
        path = run.change_folder / name
        if not path.is_file():
            continue
        try:
            said = loader.load_from_file(str(path), trusted_as_template=True)
        except AnsibleError:
            said = None  # what is wrong with it is said where it is read
        told = said if run.playbook == CHECK and isinstance(said, Mapping) else {}
        return name, {**known, **told}
    return _DESCRIPTIONS[0], {**known}
