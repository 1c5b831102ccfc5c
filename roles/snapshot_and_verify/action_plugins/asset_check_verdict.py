"""Stop before anything is done when something out there would stop it half-way."""

from __future__ import annotations

from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from sluis.errors import SluisError
from sluis.runbook.findings import OutThereError, read_findings
from sluis.runbook.run import CHECK, current_run
from sluis.runbook.shipping import as_failure, refuse_objections

display = Display()

_NOTHING_WRONG = "all that is needed is there"


class ActionModule(ActionBase):
    """Says all that was found on one host. What only lowers a level is said and does not stop."""

    TRANSFERS_FILES = False
    _supports_check_mode = True

    def run(self, tmp=None, task_vars=None):
        """Tell what is wrong; fail where the change could not be prepared."""
        del tmp
        super().run(None, task_vars)
        found = read_findings(self._task.args.get("found"))
        told = [one.as_dict() for one in found]
        lines = [f"{one.what} What to do: {one.remedy} [{one.code}]" for one in found]
        stops = [one for one in found if one.stops]
        try:
            run = current_run(task_vars, __file__)
            refuse_objections(run)
            if stops:
                raise OutThereError(stops)
        except SluisError as error:
            return {**as_failure(error), "sluis_findings": told}
        # plain ansible-playbook shows nothing of a task that is well
        for line in lines or ([_NOTHING_WRONG] if run.playbook == CHECK else []):
            display.display(f"{task_vars['inventory_hostname']}: {line}")
        return {
            "changed": False,
            "msg": lines or [_NOTHING_WRONG],
            "sluis_progress": lines,
            "sluis_findings": told,
        }
