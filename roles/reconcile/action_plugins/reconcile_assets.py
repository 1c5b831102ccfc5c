"""Compare what is in the new tenant with the manifests, and record the result for each asset.

In check mode the comparisons are only planned. The client signs them like any check.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from ansible.plugins.action import ActionBase

from sluis.border.verbs.tenant_reconcile import TENANT_RECONCILE
from sluis.errors import SluisError
from sluis.runbook.following import ask_and_follow
from sluis.runbook.run import current_run, open_dossier
from sluis.runbook.shipping import as_failure, refuse_objections
from sluis.runbook.snapshot_taking import read_scope
from sluis.runbook.tenant_reconciling import plan_comparisons, reconcile_assets
from sluis.runbook.tenant_settings import read_tenant_settings
from sluis.scope.division import workers_into


class ActionModule(ActionBase):
    """Runs on each worker, for the assets that it put there."""

    TRANSFERS_FILES = False
    _supports_check_mode = True

    def run(self, tmp=None, task_vars=None):
        """Plan, or compare and record. Anything missing or different fails the task."""
        del tmp
        super().run(None, task_vars)
        try:
            run = current_run(task_vars, __file__)
            host = "".join(task_vars["inventory_hostname"])
            if self._task.check_mode:
                return {"changed": False, "planned": plan_comparisons(run, host)}
            refuse_objections(run)
            with tempfile.TemporaryDirectory(prefix="sluis-") as scratch:
                done = reconcile_assets(
                    run,
                    open_dossier(run),
                    host,
                    read_tenant_settings(
                        "tenant_import", task_vars, self._templar, workers_into(read_scope(run))
                    ),
                    lambda request, secrets: ask_and_follow(
                        self, TENANT_RECONCILE, request, secrets, task_vars, request.moving.asset
                    ),
                    lambda remote, local: self._connection.fetch_file(remote, str(local)),
                    Path(scratch),
                    "first" if self._task.args.get("before_last_pass") is True else "last",
                )
        except SluisError as error:
            return as_failure(error)
        return {
            "changed": False,
            "failed": not done.whole,
            "msg": done.lines,
            "sluis_progress": done.lines,
            "warnings": done.warnings,
        }
