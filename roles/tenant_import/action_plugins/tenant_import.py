"""Put one asset into the tenant that the scope names, from its proven export."""

from __future__ import annotations

from ansible.plugins.action import ActionBase

from sluis.border.verbs.tenant_import import TENANT_IMPORT
from sluis.errors import SluisError
from sluis.runbook.following import ask_and_follow
from sluis.runbook.run import current_run, open_dossier
from sluis.runbook.shipping import as_failure, refuse_objections
from sluis.runbook.snapshot_taking import read_scope
from sluis.runbook.tenant_importing import import_asset
from sluis.runbook.tenant_settings import read_tenant_settings
from sluis.scope.division import workers_into


class ActionModule(ActionBase):
    """Runs inside a guarded step; what goes where comes from scope and ledger alone."""

    TRANSFERS_FILES = False
    _supports_check_mode = True

    def run(self, tmp=None, task_vars=None):
        """Send what the newest proven export holds."""
        del tmp
        super().run(None, task_vars)
        if self._task.check_mode:
            return {"changed": True, "msg": "it would be put into the new tenant"}
        try:
            run = current_run(task_vars, __file__)
            refuse_objections(run)
            done = import_asset(
                run,
                open_dossier(run),
                "".join(self._task.args["asset"]),
                "".join(task_vars["inventory_hostname"]),
                read_tenant_settings(
                    "tenant_import", task_vars, self._templar, workers_into(read_scope(run))
                ),
                lambda request, secrets: ask_and_follow(
                    self, TENANT_IMPORT, request, secrets, task_vars, request.asset
                ),
            )
        except SluisError as error:
            return as_failure(error)
        return {
            "changed": done.changed,
            "failed": not done.whole,
            "msg": " ".join(done.lines),
            "sluis_progress": done.lines,
            "warnings": done.warnings,
        }
