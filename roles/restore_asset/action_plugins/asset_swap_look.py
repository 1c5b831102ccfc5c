"""Look whether every asset of a host can be swapped in, before the first one is."""

from __future__ import annotations

from ansible.plugins.action import ActionBase

from sluis.border.verbs.asset_swap import ASSET_SWAP
from sluis.errors import SluisError
from sluis.runbook.run import current_run, open_dossier
from sluis.runbook.sending import sender
from sluis.runbook.shipping import as_failure, ask, refuse_objections
from sluis.runbook.snapshot_settings import read_settings
from sluis.runbook.swap_look import look_at_all


class ActionModule(ActionBase):
    """Changes nothing: the module is run in check mode, whatever the task says.

    In check mode it does nothing at all. Then a plan is made, and what runs now may be stopped
    by the time that it counts.
    """

    TRANSFERS_FILES = False
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp=None, task_vars=None):
        """Ask the host of every signed swap that was not begun."""
        del tmp
        if self._task.check_mode:
            return {"changed": False, "msg": "It is looked at before the first swap."}
        try:
            run = current_run(task_vars, __file__)
            refuse_objections(run)
            dossier = open_dossier(run)
            settings = read_settings(task_vars, self._templar)
        except SluisError as error:
            return as_failure(error)
        super().run(None, task_vars)
        self._task.check_mode = True
        try:
            look_at_all(
                run,
                dossier,
                "".join(task_vars["inventory_hostname"]),
                settings,
                sender(self),
                lambda request, secrets: ask(self, ASSET_SWAP, request, secrets, task_vars),
                way_back=bool(self._task.args.get("way_back", False)),
            )
        except SluisError as error:
            return as_failure(error)
        finally:
            self._task.check_mode = False
        return {"changed": False, "msg": "Everything can be swapped in."}
