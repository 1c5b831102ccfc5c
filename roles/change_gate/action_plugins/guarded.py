"""The guarded step: nothing that changes a client's system runs outside it.

In check mode it records the call for the plan. Otherwise it asks the gate before it
contacts the host, and runs exactly the call that was signed.
"""

# Imported here, in Ansible's main process, so that workers inherit it loaded.
from __future__ import annotations

from ansible.plugins.action import ActionBase

from sluis.errors import SluisError
from sluis.runbook.call import read_call, rendered
from sluis.runbook.call_files import Outbox
from sluis.runbook.checking import scope_of
from sluis.runbook.guarded_step import Answer, guard, record_unusable, run_signed
from sluis.runbook.inside_links import refuse_links
from sluis.runbook.interpreters import found_anew
from sluis.runbook.run import current_run


class ActionModule(ActionBase):
    """Wraps one module call as a change step."""

    # Ansible would otherwise make a temporary folder on the host before we have judged.
    TRANSFERS_FILES = False
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp=None, task_vars=None):
        """Judge, then run; the base class is only called after the judgement."""
        del tmp
        planning, run = self._task.check_mode, None
        with Outbox(keep=not planning) as outbox:
            try:
                run = current_run(task_vars, __file__)
                call = read_call(self, task_vars, run, outbox)
                if planning:
                    self._refuse_links(call, run, task_vars)
                guarded = guard(run, call.planned, str(self._task._uuid), planning)
                if guarded.answer is Answer.GO:
                    args = rendered(call, guarded.results, task_vars)
            except SluisError as error:
                if run is not None and not planning:
                    record_unusable(run, str(self._task.args.get("step")), error)
                return {"failed": True, "msg": str(error), "sluis": error.as_dict()}
            if guarded.answer is not Answer.GO:
                return guarded.as_result(call.planned)
            super().run(None, task_vars)
            try:
                self._refuse_links(call, run, task_vars)
            except SluisError as error:
                guarded.held.close()
                record_unusable(run, call.planned.step, error)
                return {"failed": True, "msg": str(error), "sluis": error.as_dict()}
            except BaseException:
                guarded.held.close()
                raise
            return run_signed(guarded, call, lambda: self._delegate(call, args, task_vars))

    def _refuse_links(self, call, run, task_vars):
        """A path that a link leads out of the step's assets is seen on the host only."""
        scope = scope_of(run) if call.planned.inside else None
        if scope is None:
            return

        def look(module, args):
            return self._execute_module(
                module_name=module, module_args=args, task_vars=found_anew(task_vars)
            )

        refuse_links(call.planned, scope, look, call.args)

    def _delegate(self, call, args, task_vars):
        # The parents are only read, so they are shared: copying them all costs as much as judging.
        task = self._task.copy(exclude_parent=True)
        task._parent = self._task._parent
        task.action = call.module
        task.args = args
        handler = self._shared_loader_obj.action_loader.get(
            call.handler,
            task=task,
            connection=self._connection,
            play_context=self._play_context,
            loader=self._loader,
            templar=self._templar,
            shared_loader_obj=self._shared_loader_obj,
        )
        try:
            return handler.run(task_vars=found_anew(task_vars))
        finally:
            handler.cleanup()
