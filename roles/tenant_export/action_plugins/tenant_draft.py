"""Draft the assets of a scope from what is in the tenants of the inventory."""

from __future__ import annotations

from datetime import datetime

from ansible.plugins.action import ActionBase

from sluis.border.verbs.tenant_discover import TENANT_DISCOVER
from sluis.errors import SluisError
from sluis.runbook.following import ask_and_follow
from sluis.runbook.run import current_run
from sluis.runbook.shipping import as_failure, refuse_objections
from sluis.runbook.tenant_drafting import draft_scope
from sluis.runbook.tenant_settings import read_tenant_settings


class ActionModule(ActionBase):
    """One worker looks; the draft is written here, beside the scope."""

    TRANSFERS_FILES = False
    _supports_check_mode = True

    def run(self, tmp=None, task_vars=None):
        """Count, draft, and say where the draft is."""
        del tmp
        super().run(None, task_vars)
        try:
            run = current_run(task_vars, __file__)
            refuse_objections(run)
            drafted = draft_scope(
                run,
                # it looks alone, so it may use all of a tenant's budget
                read_tenant_settings("tenant_export", task_vars, self._templar, {}),
                lambda request, secrets: ask_and_follow(
                    self, TENANT_DISCOVER, request, secrets, task_vars, request.tenant
                ),
                into=read_tenant_settings("tenant_import", task_vars, self._templar, {}),
                # the day in the client's own country, as far as this machine knows it
                today=datetime.now().astimezone().date(),
                check_mode=self._task.check_mode,
            )
        except SluisError as error:
            return as_failure(error)
        return {
            "changed": drafted.written,
            "msg": drafted.lines,
            "sluis_progress": drafted.lines,
            "warnings": drafted.incomplete,
            "drafted": drafted.as_dict(),
        }
