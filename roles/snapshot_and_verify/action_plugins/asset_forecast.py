"""Say how long snapshots and verification will take, for each route, before they start."""

from __future__ import annotations

from ansible.plugins.action import ActionBase

from sluis.border.verbs.asset_forecast import ASSET_FORECAST
from sluis.errors import SluisError
from sluis.runbook.run import current_run
from sluis.runbook.shipping import as_failure, ask, refuse_objections
from sluis.runbook.snapshot_forecast import forecast_host
from sluis.runbook.snapshot_settings import read_settings


class ActionModule(ActionBase):
    """Sizes come from the host where it can count, else from the scope."""

    TRANSFERS_FILES = False
    _supports_check_mode = True

    def run(self, tmp=None, task_vars=None):
        """Measure, and return the routes with their hours."""
        del tmp
        super().run(None, task_vars)
        try:
            run = current_run(task_vars, __file__)
            refuse_objections(run)
            found = forecast_host(
                run,
                "".join(task_vars["inventory_hostname"]),
                read_settings(task_vars, self._templar),
                lambda request, secrets: ask(self, ASSET_FORECAST, request, secrets, task_vars),
                check_mode=self._task.check_mode,
            )
        except SluisError as error:
            return as_failure(error)
        return {
            "changed": False,
            "msg": found.lines,
            "sluis_progress": found.lines,
            "forecast": [estimate.as_dict() for estimate in found.estimates],
        }
