"""Look whether the programs that a change's steps start are there, before anything is made."""

from __future__ import annotations

from ansible.errors import AnsibleError
from ansible.plugins.action import ActionBase
from ansible.plugins.loader import lookup_loader

from sluis.runbook.described_now import described_now
from sluis.runbook.interpreters import found_anew
from sluis.runbook.looking import looked
from sluis.runbook.programs_tried import LISTS, SCRIPT, try_programs


class ActionModule(ActionBase):
    """What is wrong is its answer and no failure. It only looks, as the user of the task."""

    TRANSFERS_FILES = False
    _supports_check_mode = True

    def run(self, tmp=None, task_vars=None):
        """Look there, and return what is missing."""
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
        lists = {
            one: list(self._here(variables.get(one), templar, host, variables)) for one in LISTS
        }
        raised = self._task.args.get("raised") is True
        return try_programs(
            run, host, lists, name, raised, lambda programs: self._there(programs, task_vars)
        )

    def _here(self, steps, templar, host, variables):
        """The steps that run on a host. What cannot be filled in is said where it is read."""
        for one in steps if isinstance(steps, list) else ():
            try:
                step = templar.template(one)
                pattern = step.get("hosts") or "all"
                lookup = lookup_loader.get(
                    "ansible.builtin.inventory_hostnames", loader=self._loader, templar=templar
                )
                hosts = lookup.run([pattern], variables=variables)
            except (AnsibleError, AttributeError):
                continue
            if host in hosts:
                yield step

    def _there(self, programs, task_vars):
        try:
            told = self._execute_module(
                module_name="ansible.builtin.command",
                module_args={"argv": ["/bin/sh", "-c", SCRIPT, "sh", *programs]},
                task_vars=found_anew(task_vars),
            )
        except AnsibleError:
            return None
        said = str(told.get("stdout") or "").split()
        if told.get("failed") or told.get("unreachable") or set(said) - {"yes", "no"}:
            return None
        return [one == "yes" for one in said]
