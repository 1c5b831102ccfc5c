"""Begin and seal the plan around change roles that run in check mode."""

from __future__ import annotations

from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from sluis.counted import counted
from sluis.dossier.material import read_material
from sluis.dossier.outcome import in_short, outcome
from sluis.dossier.waiver_words import drafted_for
from sluis.errors import InputError, SluisError
from sluis.runbook.planning import begin, described_in, far_figures, seal
from sluis.runbook.run import current_run, now, open_dossier

display = Display()


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
            described = described_in(run, task_vars, self._templar)
            dossier = open_dossier(run)
            plan, plan_object, new = seal(run, dossier, described)
            far = list(far_figures(dossier))
            found = outcome(
                read_material(run.places, run.client, run.change, now()),
                now(),
                drafted=drafted_for(run.change_folder),
            )
        except SluisError as error:
            return {"failed": True, "msg": str(error), "sluis": error.as_dict()}
        for line in in_short(found):
            display.display(line)
        return {
            "changed": new,
            "plan_object": plan_object,
            "steps": len(plan.steps),
            "checks": len(plan.checks),
            "state": found.state,
            "sluis_progress": far,
            "warnings": far,
            "msg": f"The plan has {counted(len(plan.steps), 'step')}. It is {found.state}.",
        }
