"""Name the assets of a host that go into another tenant, from the scope in the project."""

from __future__ import annotations

from ansible.plugins.action import ActionBase

from sluis.errors import SluisError
from sluis.runbook.run import current_run
from sluis.runbook.shipping import as_failure
from sluis.runbook.tenant_steps import steps_from


class ActionModule(ActionBase):
    """Reads the scope; contacts no host."""

    TRANSFERS_FILES = False
    _supports_check_mode = True
    _requires_connection = False

    def run(self, tmp=None, task_vars=None):
        """List ids, and each in the words that the client signs."""
        del tmp
        super().run(None, task_vars)
        try:
            run = current_run(task_vars, __file__)
            which = "last" if self._task.args.get("after_last_pass") is True else "first"
            steps = steps_from(run, "".join(task_vars["inventory_hostname"]), which)
        except SluisError as error:
            return as_failure(error)
        return {"changed": False, "steps": steps}
