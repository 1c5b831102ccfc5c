"""Say what a host's restore steps are, from scope and ledger. Reads only."""

from __future__ import annotations

from ansible.plugins.action import ActionBase

from sluis.errors import SluisError
from sluis.runbook.restore_choice import planned_restores, way_back_restores
from sluis.runbook.run import current_run, open_dossier
from sluis.runbook.shipping import as_failure, refuse_objections
from sluis.runbook.snapshot_settings import plain


class ActionModule(ActionBase):
    """Contacts no host. Its answer opens nothing: each step is signed and looks again."""

    TRANSFERS_FILES = False
    _supports_check_mode = True
    _requires_connection = False

    def run(self, tmp=None, task_vars=None):
        """Give the list of restores of this host."""
        del tmp
        super().run(None, task_vars)
        try:
            run = current_run(task_vars, __file__)
            refuse_objections(run)
            dossier, host = open_dossier(run), "".join(task_vars["inventory_hostname"])
            if self._task.args.get("way_back", False):
                planning = self._task.check_mode
                restores = way_back_restores(run, dossier, host, planning=planning)
            else:
                described = plain(self._task.args.get("described"))
                restores = planned_restores(run, dossier, host, described)
        except SluisError as error:
            return as_failure(error)
        return {"changed": False, "restores": restores}
