"""Snapshot every asset of a host, and record what the host itself answered."""

from __future__ import annotations

from ansible.plugins.action import ActionBase

from sluis.border.verbs.asset_snapshot import ASSET_SNAPSHOT
from sluis.errors import InputError, SluisError
from sluis.runbook.following import ask_and_follow
from sluis.runbook.run import current_run, open_dossier
from sluis.runbook.shipping import as_failure, refuse_objections, target_of
from sluis.runbook.snapshot_settings import read_settings
from sluis.runbook.snapshot_taking import Source, take_snapshots

_PURPOSES = ("prepare", "catch-up", "broken state")


class ActionModule(ActionBase):
    """Which assets there are comes from the scope in the project, never from variables."""

    TRANSFERS_FILES = False
    _supports_check_mode = True

    def run(self, tmp=None, task_vars=None):
        """Take what ``purpose`` asks for, and append the statements."""
        del tmp
        super().run(None, task_vars)
        try:
            run = current_run(task_vars, __file__)
            refuse_objections(run)
            purpose = self._task.args.get("purpose")
            if purpose not in _PURPOSES:
                raise InputError(
                    "bad-purpose",
                    f"There is no purpose {purpose!r}.",
                    f"Use one of {', '.join(_PURPOSES)}.",
                )
            target, address = target_of(self)
            taken = take_snapshots(
                run,
                open_dossier(run),
                Source("".join(task_vars["inventory_hostname"]), target, address),
                read_settings(task_vars, self._templar),
                "".join(purpose),
                lambda request, secrets: ask_and_follow(
                    self, ASSET_SNAPSHOT, request, secrets, task_vars
                ),
                check_mode=self._task.check_mode,
            )
        except SluisError as error:
            return as_failure(error)
        return taken.as_result()
