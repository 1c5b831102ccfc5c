"""Make the checks of one host and record what came of them.

In check mode they are only planned. The answers go straight into the ledger.
"""

from __future__ import annotations

from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.action import ActionBase

from sluis.border.verbs.service_check import SERVICE_CHECK, Request, Secrets
from sluis.errors import InputError, SluisError
from sluis.runbook.checks import (
    changed_since,
    checks_of,
    made_after,
    passwords_of,
    plan_checks,
    record_checks,
    typed_checks,
)
from sluis.runbook.judgement import read_evidence
from sluis.runbook.run import current_run, open_dossier
from sluis.runbook.shipping import ask


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
            after = "way_back" if self._task.args.get("after") == "way_back" else "change"
            checks = made_after(checks, after)
            if not checks:
                return {"changed": False, "skipped": True, "skip_reason": "No check names it."}
            if run.objections:
                first = run.objections[0]
                raise InputError(first.code, first.sentence, first.remedy)
            dossier = open_dossier(run)
            changed = changed_since(read_evidence(dossier).plan, host, checks)
            typed, unusable = typed_checks(checks)
        except SluisError as error:
            return {"failed": True, "msg": str(error), "sluis": error.as_dict()}
        super().run(None, task_vars)
        not_made = {**unusable, **changed}
        asked = {name: check for name, check in typed.items() if name not in not_made}
        otherwise, answers = "the host gave no answer about it", ()
        try:
            answers = self._ask(asked, task_vars) if asked else ()
        except AnsibleConnectionFailure:
            gone = "the host could not be reached"
            record_checks(dossier, host, checks, (), otherwise=gone, not_made=not_made)
            if after == "change":
                raise
            # the change has failed as it is: what came of it still has to be recorded
            return {"changed": False, "msg": gone}
        except SluisError as error:
            otherwise = f"{error.code}: {error.what}"
        recorded = record_checks(
            dossier,
            host,
            checks,
            answers,
            otherwise=otherwise,
            not_made=not_made,
            secrets=self._task.args.get("secrets"),
        )
        return {
            "changed": False,
            "checks": [body.model_dump(mode="json") for body in recorded.values()],
        }

    def _ask(self, checks, task_vars):
        passwords = passwords_of(self._task.args.get("secrets"), checks)
        request, secrets = Request(tuple(checks.values())), Secrets(passwords)
        return ask(self, SERVICE_CHECK, request, secrets, task_vars).answers
