"""Name the landing folders that a host makes, from the scope in the project."""

from __future__ import annotations

from ansible.plugins.action import ActionBase

from sluis.errors import SluisError
from sluis.runbook.landing_making import landings_of
from sluis.runbook.run import current_run
from sluis.runbook.shipping import as_failure


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
            landings = landings_of(run, "".join(task_vars["inventory_hostname"]))
        except SluisError as error:
            return as_failure(error)
        return {
            "changed": False,
            "assets": [{"id": one.asset.id, "words": one.words} for one in landings],
        }
