"""Send files from the controller to the host of a task, into its temporary folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ansible.plugins.action import ActionBase


def sender(action: ActionBase) -> Callable[[Path], str]:
    """Return a function that sends one file and gives its path on the host.

    The temporary folder is Ansible's own for this task: only the task's user can read it,
    and the action's ``cleanup`` removes it.

    Args:
        action: the action plugin, with its connection open.
    """
    sent: dict[Path, str] = {}

    def send(source: Path) -> str:
        if source not in sent:
            shell = action._connection._shell
            if shell.tmpdir is None:
                action._make_tmp_path()
            target = shell.join_path(shell.tmpdir, f"evidence-{len(sent)}")
            action._transfer_file(str(source), target)
            action._fixup_perms2((shell.tmpdir, target))
            sent[source] = str(target)
        return sent[source]

    return send
