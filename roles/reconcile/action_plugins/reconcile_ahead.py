"""See what would stand in the way and what does not go over; stop when anything is in the way."""

from __future__ import annotations

import tempfile
from pathlib import Path

from ansible.plugins.action import ActionBase

from sluis.border.verbs.tenant_reconcile import TENANT_RECONCILE
from sluis.errors import SluisError
from sluis.runbook.run import current_run, open_dossier
from sluis.runbook.shipping import as_failure, ask, refuse_objections
from sluis.runbook.snapshot_taking import read_scope
from sluis.runbook.tenant_looking import look_ahead
from sluis.runbook.tenant_settings import read_tenant_settings
from sluis.scope.division import workers_into


class ActionModule(ActionBase):
    """Reads the new tenant, writes nothing there, and records what does not go over."""

    TRANSFERS_FILES = False
    _supports_check_mode = True

    def run(self, tmp=None, task_vars=None):
        """Look at each asset's target as its import will."""
        del tmp
        super().run(None, task_vars)
        if self._task.check_mode:
            return {"changed": False, "msg": "the new tenant would be looked at"}
        try:
            run = current_run(task_vars, __file__)
            refuse_objections(run)
            with tempfile.TemporaryDirectory(prefix="sluis-") as scratch:
                ahead = look_ahead(
                    run,
                    open_dossier(run),
                    "".join(task_vars["inventory_hostname"]),
                    read_tenant_settings(
                        "tenant_import", task_vars, self._templar, workers_into(read_scope(run))
                    ),
                    lambda request, secrets: ask(
                        self, TENANT_RECONCILE, request, secrets, task_vars
                    ),
                    lambda remote, local: self._connection.fetch_file(remote, str(local)),
                    Path(scratch),
                )
        except SluisError as error:
            return as_failure(error)
        lines = [f"{item.code}: {item.sentence} {item.remedy}" for item in ahead.refused]
        return {
            "changed": False,
            "msg": [*ahead.lines, *lines],
            "sluis_progress": [*ahead.lines, *lines],
            "warnings": ahead.warnings,
            "failed": bool(ahead.refused),
            "refused": bool(ahead.refused),
            "reasons": [item.model_dump(mode="json") for item in ahead.refused],
        }
