"""Look at a machine, and say all that would stop a change there."""

from __future__ import annotations

from ansible.errors import AnsibleError
from ansible.plugins.action import ActionBase

from sluis.border import codec
from sluis.border.verbs.asset_check import ASSET_CHECK, Disk, Seen
from sluis.errors import InputError, SluisError
from sluis.runbook.check_words import BECOME, known_hosts_in
from sluis.runbook.checking import (
    cannot_ask,
    from_error,
    look_at_host,
    look_at_machine,
    look_at_settings,
    look_at_verifier,
)
from sluis.runbook.looking import looked
from sluis.runbook.shipping import ask, target_of
from sluis.runbook.snapshot_settings import plain, read_settings


class ActionModule(ActionBase):
    """What is wrong is its answer and no failure: the next host is looked at as well."""

    TRANSFERS_FILES = False
    _supports_check_mode = True

    def run(self, tmp=None, task_vars=None):
        """Look there, and return what is wrong."""
        del tmp
        super().run(None, task_vars)
        seen = []
        self._disk = None

        def look(run, host):
            found, there = self._looked(run, host, task_vars)
            seen.extend(codec.dump(one) for one in there)
            return found

        answer = looked(__file__, task_vars, look)
        if answer.get("failed"):
            return answer
        return {**answer, "seen": seen, "disk": self._disk}

    def _looked(self, run, host, task_vars):
        """What is wrong, and what was seen of assets."""

        def call(request, secrets):
            answer = ask(self, ASSET_CHECK, request, secrets, task_vars)
            self._disk = codec.dump(answer.disk) if answer.disk is not None else None
            return answer

        where = "".join(str(self._task.delegate_to or host))
        written = []
        try:
            settings = read_settings(task_vars, self._templar, store_needed=False)
            if self._task.args["part"] == "verifier":
                given = plain(self._task.args.get("seen") or [])
                there = [codec.load(Seen, one) for one in given]
                disk = plain(self._task.args.get("disk") or None)
                disk = codec.load(Disk, disk) if disk else None
                return look_at_verifier(run, host, where, settings, there, call, disk), ()
            _, address = target_of(self)
            written = look_at_settings(run, host, settings, address)
            found, seen = look_at_host(run, host, settings, address, call)
            return [*written, *found], seen
        except SluisError as error:
            # what is wrong with a host's settings is not wrong with the verifier that it names
            whose = host if isinstance(error, InputError) else where
            found = [*written, from_error(whose, error)]
        except AnsibleError as error:
            found = [*written, cannot_ask(where, error, self._known_hosts(), self._at())]
        if found[-1].code not in BECOME and not found[-1].written:
            return found, ()
        # so much as can be seen without: the rest is looked at when that is put right
        self._connection.set_become_plugin(None)
        try:
            found += look_at_machine(where, call)
        except SluisError as error:
            found.append(from_error(where, error))
        except AnsibleError as error:
            found.append(cannot_ask(where, error, self._known_hosts(), self._at()))
        return found, ()

    def _at(self):
        """Address and port of the machine, as the connection has them."""
        _, address = target_of(self)
        port = self._connection.get_options().get("port")
        return None if address is None else (address, int(port) if port else None)

    def _known_hosts(self):
        """The file in which ssh looks for the key of this machine."""
        options = self._connection.get_options()
        names = ("ssh_args", "ssh_common_args", "ssh_extra_args")
        return known_hosts_in(options.get(name) for name in names)
