"""Begin and seal the plan around change roles that run in check mode."""

from __future__ import annotations

from ansible.plugins.action import ActionBase

from sluis.errors import InputError, SluisError
from sluis.runbook.planning import begin, seal
from sluis.runbook.run import current_run, open_dossier


class ActionModule(ActionBase):
    """Runs once for the whole batch, on the controller only."""

    BYPASS_HOST_LOOP = True
    TRANSFERS_FILES = False
    _supports_check_mode = True
    _requires_connection = False

    def run(self, tmp=None, task_vars=None):
        """Do what ``state`` says: ``begun`` or ``sealed``."""
        del tmp
        super().run(None, task_vars)
        try:
            run = current_run(task_vars, __file__)
            if self._task.check_mode:
                return {"changed": False, "skipped": True}
            state = self._task.args.get("state")
            if state == "begun":
                begin(run)
                return {"changed": False}
            if state != "sealed":
                raise InputError(
                    "bad-state", f"There is no state {state!r}.", "Use begun or sealed."
                )
            plan, plan_object, new = seal(run, open_dossier(run))
        except SluisError as error:
            return {"failed": True, "msg": str(error), "sluis": error.as_dict()}
        return {
            "changed": new,
            "plan_object": plan_object,
            "steps": len(plan.steps),
            "checks": len(plan.checks),
            "msg": f"The plan has {len(plan.steps)} steps. It awaits the client's sign-off.",
        }
