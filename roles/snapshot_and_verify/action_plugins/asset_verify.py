"""Have a host's newest snapshots proven where this task is delegated to, and record it."""

from __future__ import annotations

from ansible.plugins.action import ActionBase

from sluis.border.verbs.asset_verify import ASSET_VERIFY
from sluis.errors import SluisError
from sluis.evidence.predicates import Machine
from sluis.runbook.following import ask_and_follow
from sluis.runbook.run import current_run, open_dossier
from sluis.runbook.shipping import as_failure, refuse_objections, target_of
from sluis.runbook.snapshot_proving import prove_snapshots
from sluis.runbook.snapshot_settings import read_settings


class ActionModule(ActionBase):
    """What has to be proven comes from the ledger, never from variables."""

    TRANSFERS_FILES = False
    _supports_check_mode = True

    def run(self, tmp=None, task_vars=None):
        """Prove, judge, and append the verdicts."""
        del tmp
        super().run(None, task_vars)
        try:
            run = current_run(task_vars, __file__)
            refuse_objections(run)
            target, _ = target_of(self)
            verifier = "".join(str(self._task.delegate_to or task_vars["inventory_hostname"]))
            proven = prove_snapshots(
                run,
                open_dossier(run),
                "".join(task_vars["inventory_hostname"]),
                Machine(host=verifier, target=target),
                read_settings(task_vars, self._templar),
                lambda request, secrets: ask_and_follow(
                    self, ASSET_VERIFY, request, secrets, task_vars
                ),
                check_mode=self._task.check_mode,
            )
        except SluisError as error:
            return as_failure(error)
        return proven.as_result()
