"""Close a change: hand it over when everything is there, or record that it failed."""

from __future__ import annotations

from ansible.plugins.action import ActionBase

from sluis.errors import InputError, SluisError
from sluis.runbook.bound import refuse_changed
from sluis.runbook.handover import give_up, hand_over
from sluis.runbook.run import current_run, open_dossier


class ActionModule(ActionBase):
    """Runs once for the whole batch, on the controller only."""

    BYPASS_HOST_LOOP = True
    TRANSFERS_FILES = False
    _supports_check_mode = True
    _requires_connection = False

    def run(self, tmp=None, task_vars=None):
        """Record the end that ``result`` names: ``applied`` or ``failed``."""
        del tmp
        super().run(None, task_vars)
        try:
            run = current_run(task_vars, __file__)
            if self._task.check_mode:
                return {"changed": False, "skipped": True}
            dossier = open_dossier(run)
            result = self._task.args.get("result")
            if result not in ("applied", "failed"):
                raise InputError(
                    "bad-result", f"There is no result {result!r}.", "Use applied or failed."
                )
            if result == "applied":
                refuse_changed()
            body = hand_over(dossier) if result == "applied" else give_up(dossier)
        except SluisError as error:
            return {"failed": True, "msg": str(error), "sluis": error.as_dict()}
        return {"changed": True, "msg": body.sentence, "handover": body.model_dump(mode="json")}
