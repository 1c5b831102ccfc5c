"""Restore a signed snapshot beside the live data, and record how it compares."""

from __future__ import annotations

from ansible.plugins.action import ActionBase

from sluis.border.verbs.asset_restore import ASSET_RESTORE
from sluis.errors import SluisError
from sluis.runbook.following import ask_and_follow
from sluis.runbook.restoring import as_failed, as_result, carry_out, signed_restore
from sluis.runbook.run import current_run, open_dossier
from sluis.runbook.sending import sender
from sluis.runbook.shipping import as_failure, refuse_objections
from sluis.runbook.snapshot_settings import plain, read_settings


class ActionModule(ActionBase):
    """Runs inside a guarded step only. Which snapshot it is comes from the ledger."""

    TRANSFERS_FILES = False
    _supports_check_mode = True
    _supports_async = False
    MODULE = "asset_restore"

    def run(self, tmp=None, task_vars=None):
        """Find what was signed, do it on the host, record the comparison."""
        del tmp
        args = plain(self._task.args)
        try:
            run = current_run(task_vars, __file__)
            refuse_objections(run)
            dossier = open_dossier(run)
            host = "".join(task_vars["inventory_hostname"])
            signed = signed_restore(run, dossier, host, self.MODULE, args)
            settings = read_settings(task_vars, self._templar)
        except SluisError as error:
            return as_failure(error)
        super().run(None, task_vars)
        try:
            answer = carry_out(
                signed,
                settings,
                sender(self),
                lambda request, secrets: ask_and_follow(
                    self, ASSET_RESTORE, request, secrets, task_vars
                ),
                tolerate_use=bool(args.get("tolerate_use", False)),
            )
        except SluisError as error:
            return as_failed(error)
        return as_result(signed, answer)
