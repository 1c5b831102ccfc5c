"""Look at what a move needs from one worker, and say all that would stop it."""

from __future__ import annotations

from ansible.errors import AnsibleError
from ansible.plugins.action import ActionBase

from sluis.border.verbs.tenant_check import TENANT_CHECK
from sluis.errors import SluisError
from sluis.runbook.checking import from_error
from sluis.runbook.findings import Finding
from sluis.runbook.looking import looked
from sluis.runbook.move_check import look_at_needs, needs_of
from sluis.runbook.shipping import ask
from sluis.runbook.tenant_settings import read_tenant_settings


class ActionModule(ActionBase):
    """What is wrong is its answer and no failure: the next host is looked at as well."""

    TRANSFERS_FILES = False
    _supports_check_mode = True

    def run(self, tmp=None, task_vars=None):
        """Look there, and return what is wrong."""
        del tmp
        super().run(None, task_vars)
        return looked(__file__, task_vars, lambda run, host: self._looked(run, host, task_vars))

    def _looked(self, run, host, task_vars):
        needs = needs_of(run, host)
        if not needs.names and not needs.by_settings:
            return None
        try:
            return look_at_needs(
                needs,
                read_tenant_settings("tenant_export", task_vars, self._templar, {}),
                read_tenant_settings("tenant_import", task_vars, self._templar, {}),
                lambda request, secrets: ask(self, TENANT_CHECK, request, secrets, task_vars),
            )
        except SluisError as error:
            found = [from_error(host, error)]
        except AnsibleError:
            found = []  # that this host cannot be asked anything is said where its machine is
        names = ", ".join(needs.names)
        if not names:
            return found
        return [
            *found,
            Finding(
                host, "not-looked-at",
                f"{host}: nobody looked at what it fetches from and puts into: {names}.",
                f"Put right what else is said of {host}, and check again.",
            ),
        ]  # fmt: skip
