"""Say whether every planned check of the whole batch passed, from the ledger alone."""

from __future__ import annotations

from ansible.plugins.action import ActionBase

from sluis.counted import all_of
from sluis.errors import SluisError
from sluis.runbook.bound import refuse_changed
from sluis.runbook.checks import not_passed
from sluis.runbook.judgement import read_evidence
from sluis.runbook.run import current_run, open_dossier


class ActionModule(ActionBase):
    """Runs once for the whole batch; a check that did not pass is fatal for all of it."""

    BYPASS_HOST_LOOP = True
    TRANSFERS_FILES = False
    _supports_check_mode = True
    _requires_connection = False

    def run(self, tmp=None, task_vars=None):
        """Read plan and checks from the ledger and hold one against the other."""
        del tmp
        super().run(None, task_vars)
        try:
            run = current_run(task_vars, __file__)
            if self._task.check_mode:
                return {"changed": False, "skipped": True}
            refuse_changed()
            evidence = read_evidence(open_dossier(run))
        except SluisError as error:
            return {"failed": True, "msg": str(error), "sluis": error.as_dict()}
        if evidence.view.problems or evidence.plan is None or evidence.plan_object is None:
            return {
                "failed": True,
                "msg": "The ledger has no plan that holds, so nothing says which checks count. "
                "What to do: run sluis verify on the dossier.",
            }
        missing = not_passed(evidence.view, evidence.plan, evidence.plan_object)
        if missing:
            return {
                "failed": True,
                "msg": "\n".join(["Not every check passed:", *(f"- {line}" for line in missing)]),
                "not_passed": missing,
            }
        return {
            "changed": False,
            "msg": f"{all_of(len(evidence.plan.checks), 'check').capitalize()} passed.",
        }
