"""Tell a failed run whether something failed and whether the client's consent opens a way back."""

from __future__ import annotations

from ansible.plugins.action import ActionBase

from sluis.errors import SluisError
from sluis.runbook.handover import way_back
from sluis.runbook.run import current_run, open_dossier


class ActionModule(ActionBase):
    """Runs once for the whole batch. Its answer opens nothing: each step asks the gate."""

    BYPASS_HOST_LOOP = True
    TRANSFERS_FILES = False
    _supports_check_mode = True
    _requires_connection = False

    def run(self, tmp=None, task_vars=None):
        """Read the ledger and say what it holds."""
        del tmp
        super().run(None, task_vars)
        try:
            run = current_run(task_vars, __file__)
            answer = way_back(open_dossier(run))
        except SluisError as error:
            return {"failed": True, "msg": str(error), "sluis": error.as_dict()}
        return {"changed": False, **answer}
