"""Prepare the store where this task is delegated to."""

from __future__ import annotations

from ansible.plugins.action import ActionBase

from sluis.border.verbs.asset_store import ASSET_STORE, Request
from sluis.errors import SluisError
from sluis.runbook.run import current_run
from sluis.runbook.shipping import as_failure, ask, refuse_objections
from sluis.runbook.snapshot_settings import read_settings
from sluis.runbook.snapshot_taking import has_assets


class ActionModule(ActionBase):
    """Runs on the verifier, which alone knows the escrowed password."""

    TRANSFERS_FILES = False
    _supports_check_mode = True

    def run(self, tmp=None, task_vars=None):
        """Make what is missing on the store."""
        del tmp
        super().run(None, task_vars)
        try:
            run = current_run(task_vars, __file__)
            refuse_objections(run)
            if not has_assets(run, "".join(task_vars["inventory_hostname"])):
                return {"changed": False, "msg": ["no snapshot is made of this host"]}
            settings = read_settings(task_vars, self._templar)
            request = Request(
                store=settings.store,
                restic=settings.restic,
                patience=settings.patience,
                check_mode=bool(self._task.check_mode),
            )
            answer = ask(self, ASSET_STORE, request, settings.for_store(), task_vars)
        except SluisError as error:
            return as_failure(error)
        did = answer.did or ("the store is ready",)
        return {
            "changed": answer.changed,
            "msg": [f"{settings.store.id}: {line}" for line in did],
            "sluis_progress": [f"{settings.store.id}: {line}" for line in did],
        }
