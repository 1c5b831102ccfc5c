"""Find what is in the tenants of a scope; stop when the scope does not name all of it."""

from __future__ import annotations

from ansible.plugins.action import ActionBase

from sluis.border.verbs.tenant_discover import TENANT_DISCOVER
from sluis.errors import SluisError
from sluis.runbook.run import current_run, open_dossier
from sluis.runbook.shipping import as_failure, ask, refuse_objections, target_of
from sluis.runbook.snapshot_taking import Source, read_scope
from sluis.runbook.tenant_discovering import discover_tenants
from sluis.runbook.tenant_settings import read_tenant_settings
from sluis.scope.division import workers_from


class ActionModule(ActionBase):
    """One worker looks at a tenant for the whole batch; the others do nothing here."""

    TRANSFERS_FILES = False
    _supports_check_mode = True

    def run(self, tmp=None, task_vars=None):
        """List every tenant and hold it against the scope."""
        del tmp
        super().run(None, task_vars)
        try:
            run = current_run(task_vars, __file__)
            refuse_objections(run)
            target, address = target_of(self)
            found = discover_tenants(
                run,
                open_dossier(run),
                Source("".join(task_vars["inventory_hostname"]), target, address),
                read_tenant_settings(
                    "tenant_export", task_vars, self._templar, workers_from(read_scope(run))
                ),
                lambda request, secrets: ask(self, TENANT_DISCOVER, request, secrets, task_vars),
                check_mode=self._task.check_mode,
            )
        except SluisError as error:
            return as_failure(error)
        lines = [f"{item.code}: {item.sentence} {item.remedy}" for item in found.refused]
        return {
            "changed": found.changed,
            "msg": [*found.lines, *lines],
            "sluis_progress": [*found.lines, *lines],
            "warnings": found.warnings,
            "failed": bool(found.refused),
            "refused": bool(found.refused),
            "reasons": [item.model_dump(mode="json") for item in found.refused],
        }
