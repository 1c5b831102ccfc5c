"""Tell a run that is called once more whether everything was done and handed over before."""

from __future__ import annotations

from ansible.plugins.action import ActionBase

from sluis.errors import SluisError
from sluis.runbook.handover import handed_over_before
from sluis.runbook.judgement import judge
from sluis.runbook.run import current_run, open_dossier


class ActionModule(ActionBase):
    """Runs once for the whole batch. Its answer opens nothing: each step asks the gate."""

    BYPASS_HOST_LOOP = True
    TRANSFERS_FILES = False
    _supports_check_mode = True
    _requires_connection = False

    def run(self, tmp=None, task_vars=None):
        """Read the ledger and say what it holds; nothing is recorded."""
        del tmp
        super().run(None, task_vars)
        try:
            run = current_run(task_vars, __file__)
            closed = handed_over_before(judge(run, open_dossier(run)))
        except SluisError as error:
            return {"failed": True, "msg": str(error), "sluis": error.as_dict()}
        if not closed:
            return {"changed": False, "closed": False, "msg": "It was not handed over yet."}
        words = "This change was handed over before. Nothing was done now."
        return {"changed": False, "closed": True, "msg": words, "sluis_progress": [words]}
