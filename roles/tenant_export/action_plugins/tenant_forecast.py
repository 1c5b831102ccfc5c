"""Say how long fetching every source of this host takes, beside the day each of them ends."""

from __future__ import annotations

from ansible.plugins.action import ActionBase

from sluis.border.verbs.tenant_forecast import TENANT_FORECAST
from sluis.errors import SluisError
from sluis.runbook.run import current_run, open_dossier
from sluis.runbook.shipping import as_failure, ask, refuse_objections, target_of
from sluis.runbook.snapshot_taking import Source, read_scope
from sluis.runbook.tenant_forecast import forecast_sources
from sluis.runbook.tenant_settings import read_tenant_settings
from sluis.scope.division import workers_from


class ActionModule(ActionBase):
    """Reads where the data is, and writes in the ledger only."""

    TRANSFERS_FILES = False
    _supports_check_mode = True

    def run(self, tmp=None, task_vars=None):
        """Count, measure, and record which sources end before they are fetched."""
        del tmp
        super().run(None, task_vars)
        try:
            run = current_run(task_vars, __file__)
            refuse_objections(run)
            if not any(asset.is_exported for asset in read_scope(run).assets):
                return {"changed": False, "skipped": True}
            target, address = target_of(self)
            found = forecast_sources(
                run,
                open_dossier(run),
                Source("".join(task_vars["inventory_hostname"]), target, address),
                read_tenant_settings(
                    "tenant_export", task_vars, self._templar, workers_from(read_scope(run))
                ),
                lambda request, secrets: ask(self, TENANT_FORECAST, request, secrets, task_vars),
                check_mode=self._task.check_mode,
            )
        except SluisError as error:
            return as_failure(error)
        return {
            "changed": False,
            "msg": found.lines,
            "sluis_progress": found.lines,
            "warnings": found.warnings,
        }
