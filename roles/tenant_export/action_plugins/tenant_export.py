"""Fetch every asset of a host that lies in a tenant, and record each pass."""

from __future__ import annotations

import tempfile
from pathlib import Path

from ansible.plugins.action import ActionBase

from sluis.border.verbs.tenant_export import TENANT_EXPORT
from sluis.errors import SluisError
from sluis.runbook.following import ask_and_follow
from sluis.runbook.run import current_run, open_dossier
from sluis.runbook.shipping import as_failure, refuse_objections, target_of
from sluis.runbook.snapshot_taking import Source, read_scope
from sluis.runbook.tenant_exporting import export_assets
from sluis.runbook.tenant_settings import read_tenant_settings
from sluis.scope.division import workers_from


class ActionModule(ActionBase):
    """Which assets there are comes from the scope in the project, never from variables."""

    TRANSFERS_FILES = False
    _supports_check_mode = True

    def run(self, tmp=None, task_vars=None):
        """Make a pass over each asset, and keep its manifest."""
        del tmp
        super().run(None, task_vars)
        try:
            run = current_run(task_vars, __file__)
            refuse_objections(run)
            target, address = target_of(self)
            with tempfile.TemporaryDirectory(prefix="sluis-") as scratch:
                done = export_assets(
                    run,
                    open_dossier(run),
                    Source("".join(task_vars["inventory_hostname"]), target, address),
                    read_tenant_settings(
                        "tenant_export", task_vars, self._templar, workers_from(read_scope(run))
                    ),
                    lambda request, secrets: ask_and_follow(
                        self, TENANT_EXPORT, request, secrets, task_vars, request.asset
                    ),
                    lambda remote, local: self._connection.fetch_file(remote, str(local)),
                    Path(scratch),
                    last_pass=self._task.args.get("last_pass") is True,
                    check_mode=self._task.check_mode,
                )
        except SluisError as error:
            return as_failure(error)
        return done.as_result()
