"""Try the checks of a change that can be made by now, before anything is made."""

from __future__ import annotations

from ansible.errors import AnsibleError
from ansible.plugins.action import ActionBase

from sluis.border.verbs.service_check import SERVICE_CHECK
from sluis.errors import SluisError
from sluis.runbook.checking import from_error
from sluis.runbook.checks_tried import try_checks
from sluis.runbook.described_now import described_now
from sluis.runbook.looking import looked
from sluis.runbook.shipping import ask

_LIST, _SECRETS = "service_checks_list", "service_checks_secrets"


class ActionModule(ActionBase):
    """What is wrong is its answer and no failure: the next host is looked at as well."""

    TRANSFERS_FILES = False
    _supports_check_mode = True

    def run(self, tmp=None, task_vars=None):
        """Try them there, and return what is wrong."""
        del tmp
        super().run(None, task_vars)
        return looked(
            __file__,
            task_vars,
            lambda run, host: self._tried(run, host, task_vars) if run.change else [],
        )

    def _tried(self, run, host, task_vars):
        name, variables = described_now(run, self._loader, task_vars)
        templar = self._templar.copy_with_new_env(available_variables=variables)
        described = []
        for one in variables.get(_LIST) or ():
            try:
                described.append(templar.template(one))
            except AnsibleError:
                continue  # what cannot be filled in is said where it is read
        try:
            secrets = templar.template(variables.get(_SECRETS) or {})
            return try_checks(
                run,
                host,
                described,
                secrets,
                name,
                lambda request, secrets: ask(self, SERVICE_CHECK, request, secrets, task_vars),
            )
        except SluisError as error:
            return [from_error(host, error)]
        except AnsibleError:
            return []  # that this host cannot be asked anything is said where its machine is
