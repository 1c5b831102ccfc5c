"""Make the checks of one host and record what came of them.

In check mode they are only planned. The answers go straight into the ledger.
"""

from __future__ import annotations

from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.action import ActionBase

from sluis.errors import InputError, SluisError
from sluis.runbook.checks import checks_of, plan_checks, record_checks
from sluis.runbook.run import current_run, open_dossier


class ActionModule(ActionBase):
    """Runs on each host of the batch, for the checks that name it."""

    TRANSFERS_FILES = False
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp=None, task_vars=None):
        """Plan the checks, or make and record them. A check that fails is no failure yet."""
        del tmp
        try:
            run = current_run(task_vars, __file__)
            host = str(task_vars["inventory_hostname"])
            checks = checks_of(self._task.args.get("checks", []), host)
            if self._task.check_mode:
                plan_checks(run, host, checks)
                return {"changed": False, "planned": sorted(checks)}
            if not checks:
                return {"changed": False, "skipped": True, "skip_reason": "No check names it."}
            if run.objections:
                first = run.objections[0]
                raise InputError(first.code, first.sentence, first.remedy)
            dossier = open_dossier(run)
        except SluisError as error:
            return {"failed": True, "msg": str(error), "sluis": error.as_dict()}
        super().run(None, task_vars)
        try:
            answers = self._ask(checks, task_vars)
        except AnsibleConnectionFailure:
            record_checks(dossier, host, checks, [], otherwise="the host could not be reached")
            raise
        recorded = record_checks(dossier, host, checks, answers)
        return {
            "changed": False,
            "checks": [body.model_dump(mode="json") for body in recorded.values()],
        }

    def _ask(self, checks, task_vars):
        secrets = self._task.args.get("secrets") or {}
        passwords = {
            str(name): str(given["password"])
            for name, given in secrets.items()
            if name in checks and given.get("password")
        }
        result = self._execute_module(
            module_name="service_check",
            module_args={"checks": list(checks.values()), "passwords": passwords},
            task_vars=task_vars,
        )
        answers = result.get("answers")
        return answers if isinstance(answers, list) else []
