"""Look in the landing folders of this host, and record what has arrived and what has not."""

from __future__ import annotations

from ansible.plugins.action import ActionBase

from sluis.border.verbs.tenant_landing_look import TENANT_LANDING_LOOK
from sluis.errors import SluisError
from sluis.runbook.landing_watching import look_at_landings
from sluis.runbook.run import current_run, open_dossier
from sluis.runbook.shipping import as_failure, ask, refuse_objections, target_of
from sluis.runbook.snapshot_taking import Source, read_scope
from sluis.runbook.tenant_settings import read_tenant_settings
from sluis.scope.division import workers_into


class ActionModule(ActionBase):
    """Reads in the new tenant and writes in the ledger only."""

    TRANSFERS_FILES = False
    _supports_check_mode = True

    def run(self, tmp=None, task_vars=None):
        """Look, record, and warn. ``loud`` names what is late or could not be seen."""
        del tmp
        super().run(None, task_vars)
        try:
            run = current_run(task_vars, __file__)
            refuse_objections(run)
            target, address = target_of(self)
            looked = look_at_landings(
                run,
                open_dossier(run),
                Source("".join(task_vars["inventory_hostname"]), target, address),
                read_tenant_settings(
                    "tenant_import", task_vars, self._templar, workers_into(read_scope(run))
                ),
                lambda request, secrets: ask(
                    self, TENANT_LANDING_LOOK, request, secrets, task_vars
                ),
                check_mode=self._task.check_mode,
            )
        except SluisError as error:
            return as_failure(error)
        return {
            "changed": False,
            "msg": looked.lines,
            "sluis_progress": looked.lines,
            "warnings": looked.warnings,
            "loud": looked.loud,
        }
