"""Look at a machine, and say all that would stop a change there."""

from __future__ import annotations

from ansible.errors import AnsibleError
from ansible.plugins.action import ActionBase

from sluis.border import codec
from sluis.border.verbs.asset_check import ASSET_CHECK, Seen
from sluis.errors import SluisError
from sluis.runbook.check_words import BECOME, known_hosts_in
from sluis.runbook.checking import (
    cannot_ask,
    from_error,
    look_at_host,
    look_at_machine,
    look_at_settings,
    look_at_verifier,
)
from sluis.runbook.run import current_run
from sluis.runbook.shipping import as_failure, ask, refuse_objections, target_of
from sluis.runbook.snapshot_settings import plain, read_settings


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
        found, seen = self._looked(run, host, task_vars)
        return {
            "changed": False,
            "found": [one.as_dict() for one in found],
            "seen": [codec.dump(one) for one in seen],
        }

    def _looked(self, run, host, task_vars):
        """What is wrong, and what was seen of assets."""

        def call(request, secrets):
            return ask(self, ASSET_CHECK, request, secrets, task_vars)

        where = "".join(str(self._task.delegate_to or host))
        written = []
        try:
            settings = read_settings(task_vars, self._templar, store_needed=False)
            if self._task.args["part"] == "verifier":
                given = plain(self._task.args.get("seen") or [])
                there = [codec.load(Seen, one) for one in given]
                return look_at_verifier(run, host, where, settings, there, call), ()
            _, address = target_of(self)
            written = look_at_settings(run, host, settings, address)
            found, seen = look_at_host(run, host, settings, address, call)
            return [*written, *found], seen
        except SluisError as error:
            found = [*written, from_error(where, error)]
        except AnsibleError as error:
            found = [*written, cannot_ask(where, error, self._known_hosts())]
        if found[-1].code != BECOME and not found[-1].written:
            return found, ()
        # so much as can be seen without: the rest is looked at when that is put right
        self._connection.set_become_plugin(None)
        try:
            found += look_at_machine(where, call)
        except SluisError as error:
            found.append(from_error(where, error))
        except AnsibleError as error:
            found.append(cannot_ask(where, error, self._known_hosts()))
        return found, ()

    def _known_hosts(self):
        """The file in which ssh looks for the key of this machine."""
        options = self._connection.get_options()
        names = ("ssh_args", "ssh_common_args", "ssh_extra_args")
        return known_hosts_in(options.get(name) for name in names)
