"""Lay down the scope of the change in the ledger, once for each version of it."""

from __future__ import annotations

from ansible.plugins.action import ActionBase

from sluis.errors import SluisError
from sluis.runbook.planning import declare_scope
from sluis.runbook.run import current_run, open_dossier


class ActionModule(ActionBase):
    """Runs once for the whole batch, on the controller only."""

    BYPASS_HOST_LOOP = True
    TRANSFERS_FILES = False
    _supports_check_mode = True
    _requires_connection = False

    def run(self, tmp=None, task_vars=None):
        """Record the scope unless the newest recorded one is the same."""
        del tmp
        super().run(None, task_vars)
        try:
            run = current_run(task_vars, __file__)
            if self._task.check_mode:
                return {"changed": False, "skipped": True}
            dossier = open_dossier(run)
            declared = declare_scope(run, dossier)
        except SluisError as error:
            return {"failed": True, "msg": str(error), "sluis": error.as_dict()}
        return {
            "changed": declared.new,
            "scope_object": declared.scope_object,
            "assets": [asset.id for asset in declared.document.assets],
            "sluis_progress": list(declared.warnings),
            "warnings": list(declared.warnings),
        }
