"""Make one landing folder in the tenant that the scope names, and record where it is."""

from __future__ import annotations

from ansible.plugins.action import ActionBase

from sluis.border.verbs.tenant_landing import TENANT_LANDING
from sluis.errors import SluisError
from sluis.runbook.landing_making import make_landing
from sluis.runbook.run import current_run, open_dossier
from sluis.runbook.shipping import as_failure, ask, refuse_objections, target_of
from sluis.runbook.snapshot_taking import Source, read_scope
from sluis.runbook.tenant_settings import read_tenant_settings
from sluis.scope.division import workers_into


class ActionModule(ActionBase):
    """Runs inside a guarded step; what is made where comes from the scope alone."""

    TRANSFERS_FILES = False
    _supports_check_mode = True

    def run(self, tmp=None, task_vars=None):
        """Make the folder, or take the one that is there."""
        del tmp
        super().run(None, task_vars)
        if self._task.check_mode:
            return {"changed": True, "msg": "the landing folder would be made"}
        try:
            run = current_run(task_vars, __file__)
            refuse_objections(run)
            target, address = target_of(self)
            place = make_landing(
                run,
                open_dossier(run),
                Source("".join(task_vars["inventory_hostname"]), target, address),
                "".join(self._task.args["asset"]),
                read_tenant_settings(
                    "tenant_import", task_vars, self._templar, workers_into(read_scope(run))
                ),
                lambda request, secrets: ask(self, TENANT_LANDING, request, secrets, task_vars),
            )
        except SluisError as error:
            return as_failure(error)
        words = f"The landing folder is {place.web_url or place.folder}; tell its owner."
        return {"changed": True, "msg": words, "sluis_progress": [words]}
