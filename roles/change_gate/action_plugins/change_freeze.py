"""Tell a run whether it has to wait until nobody writes in the old place any more."""

from __future__ import annotations

from ansible.plugins.action import ActionBase

from sluis.errors import SluisError
from sluis.gate.fetched import awaits_freeze
from sluis.runbook.judgement import read_evidence
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
            evidence = read_evidence(open_dossier(current_run(task_vars, __file__)))
        except SluisError as error:
            return {"failed": True, "msg": str(error), "sluis": error.as_dict()}
        awaited = awaits_freeze(evidence)
        return {
            "changed": False,
            "awaited": awaited,
            "msg": "Everything so far is in the new place. The last pass waits for the freeze: "
            "record it with sluis freeze, then apply again."
            if awaited
            else "Nothing has to be waited for.",
        }
