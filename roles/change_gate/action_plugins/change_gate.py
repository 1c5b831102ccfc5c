"""The batch barrier of the change gate."""

from __future__ import annotations

from ansible.plugins.action import ActionBase

from sluis.counted import counted
from sluis.errors import SluisError
from sluis.evidence.predicates import Refusal
from sluis.runbook.barrier import pass_barrier
from sluis.runbook.handover import way_back
from sluis.runbook.judgement import explain
from sluis.runbook.run import current_run, open_dossier


class ActionModule(ActionBase):
    """Runs once for the whole batch; a refusal is fatal for every host of it."""

    BYPASS_HOST_LOOP = True
    TRANSFERS_FILES = False
    _supports_check_mode = True
    _requires_connection = False

    def run(self, tmp=None, task_vars=None):
        """Ask the gate for the whole batch; in check mode nothing is asked."""
        del tmp
        super().run(None, task_vars)
        try:
            run = current_run(task_vars, __file__)
            if self._task.check_mode:
                return {"changed": False, "skipped": True}
            dossier = open_dossier(run)
            if self._way_back_is_open(run, dossier):
                return {"changed": False, "msg": "The way back is open. Each step asks the gate."}
            answer = pass_barrier(run, dossier).answer
        except SluisError as error:
            return {"failed": True, "refused": True, "msg": str(error), "sluis": error.as_dict()}
        if isinstance(answer, Refusal):
            return {
                "failed": True,
                "refused": True,
                "msg": explain(answer),
                "reasons": [item.model_dump(mode="json") for item in answer.reasons],
            }
        return {
            "changed": False,
            "msg": f"The gate lets {counted(len(answer.hosts), 'host')} go until "
            f"{answer.until:%H:%M} UTC.",
            "permit": answer.model_dump(mode="json"),
        }

    def _way_back_is_open(self, run, dossier):
        """Whether a run that is on its way back may pass: the ledger says so, not the task.

        A change that broke off is refused here as a whole, and that refusal must not stand
        in the way of putting the signed snapshots back. The argument only says which
        question is asked; each step of the way back is judged by itself.
        """
        if self._task.args.get("way_back") is not True or run.objections:
            return False
        return bool(way_back(dossier)["open"])
