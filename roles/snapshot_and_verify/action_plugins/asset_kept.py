"""Ask the store where this task is delegated to whether it still keeps the proven copies."""

from __future__ import annotations

from ansible.plugins.action import ActionBase

from sluis.border.verbs.asset_kept import ASSET_KEPT
from sluis.errors import SluisError
from sluis.evidence.predicates import Machine
from sluis.runbook.following import ask_and_follow
from sluis.runbook.run import current_run, open_dossier
from sluis.runbook.shipping import as_failure, refuse_objections, target_of
from sluis.runbook.snapshot_keeping import ask_for_kept
from sluis.runbook.snapshot_settings import read_settings


class ActionModule(ActionBase):
    """Which copies there are comes from the ledger, never from variables."""

    TRANSFERS_FILES = False
    _supports_check_mode = True

    def run(self, tmp=None, task_vars=None):
        """Ask, and take back the proof of what is gone."""
        del tmp
        super().run(None, task_vars)
        if self._task.check_mode:
            return {"changed": False, "msg": ["the store would be asked for the proven copies"]}
        try:
            run = current_run(task_vars, __file__)
            refuse_objections(run)
            target, _ = target_of(self)
            verifier = "".join(str(self._task.delegate_to or task_vars["inventory_hostname"]))
            kept = ask_for_kept(
                run,
                open_dossier(run),
                "".join(task_vars["inventory_hostname"]),
                Machine(host=verifier, target=target),
                read_settings(task_vars, self._templar),
                lambda request, secrets: ask_and_follow(
                    self, ASSET_KEPT, request, secrets, task_vars
                ),
                stops=self._task.args.get("stops") is True,
            )
        except SluisError as error:
            return as_failure(error)
        return kept.as_result()
