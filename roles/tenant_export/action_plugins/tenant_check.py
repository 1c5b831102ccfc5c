"""Look at what a move needs from one worker, and say all that would stop it."""

from __future__ import annotations

from ansible.errors import AnsibleError
from ansible.plugins.action import ActionBase

from sluis.border.verbs.tenant_check import TENANT_CHECK
from sluis.errors import SluisError
from sluis.runbook.checking import from_error
from sluis.runbook.findings import Finding
from sluis.runbook.move_check import look_at_needs, needs_of
from sluis.runbook.run import current_run
from sluis.runbook.shipping import as_failure, ask, refuse_objections
from sluis.runbook.tenant_settings import read_tenant_settings


class ActionModule(ActionBase):
    """What is wrong is its answer and no failure: the next host is looked at as well."""

    TRANSFERS_FILES = False
    _supports_check_mode = True

    def run(self, tmp=None, task_vars=None):
        """Look there, and return what is wrong."""
        del tmp
        super().run(None, task_vars)
        host = "".join(str(task_vars["inventory_hostname"]))
        try:
            run = current_run(task_vars, __file__)
            refuse_objections(run)
        except SluisError as error:
            return as_failure(error)
        found = self._looked(run, host, task_vars) if any(needs_of(run, host)) else []
        return {"changed": False, "found": [one.as_dict() for one in found]}

    def _looked(self, run, host, task_vars):
        try:
            return look_at_needs(
                run,
                host,
                read_tenant_settings("tenant_export", task_vars, self._templar, {}),
                read_tenant_settings("tenant_import", task_vars, self._templar, {}),
                lambda request, secrets: ask(self, TENANT_CHECK, request, secrets, task_vars),
            )
        except SluisError as error:
            found = [from_error(host, error)]
        except AnsibleError:
            found = []  # that this host cannot be asked anything is said where its machine is
        needs = ", ".join(needs_of(run, host))
        return [
            *found,
            Finding(
                host, "not-looked-at",
                f"{host}: nobody looked at what it fetches from and puts into: {needs}.",
                f"Put right what else is said of {host}, and check again.",
            ),
        ]  # fmt: skip
