"""A guarded task without a playbook: Ansible's own parts, in this process, over ``local``."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from ansible.parsing.dataloader import DataLoader
from ansible.playbook.play import Play
from ansible.playbook.play_context import PlayContext
from ansible.playbook.task import Task
from ansible.plugins import loader as plugins
from ansible.template import Templar

from sluis.places import Places
from sluis.rehearsal.project import checkout
from sluis.runbook.call import Call, read_call, rendered
from sluis.runbook.call_files import Outbox
from sluis.runbook.run import Run

plugins.init_plugin_loader([])
for _role in ("change_gate", "restore_asset", "tenant_import"):
    plugins.add_all_plugin_dirs(str(checkout().root / "roles" / _role))


def run_in(folder: Path) -> Run:
    """A run of a project whose roles are ours and whose dossiers lie in ``folder``."""
    root = folder / "project"
    root.mkdir(exist_ok=True)
    if not (root / "roles").exists():
        (root / "roles").symlink_to(checkout().root / "roles")
    return Run(
        places=Places(root), client="practice", change="CHG-1", phase="apply",
        playbook="update.yml", hosts=("h1",), objections=(),
    )  # fmt: skip


class Guarded:
    """One guarded task on one host."""

    def __init__(
        self,
        folder: Path,
        variables: Mapping[str, Any] | None = None,
        connection: str = "local",
        **options: Any,
    ) -> None:
        self.run = run_in(folder)
        self.loader = DataLoader()
        self.loader.set_basedir(str(folder))
        self.variables = {
            "inventory_hostname": "h1",
            "ansible_facts": {},
            "ansible_python_interpreter": "/usr/bin/python3",
            **(variables or {}),
        }
        self.templar = Templar(loader=self.loader, variables=dict(self.variables))
        self.context = PlayContext()
        self.context.remote_addr = "192.0.2.1"
        self.connection = plugins.connection_loader.get(connection, self.context)
        self.connection.set_options(var_options={**self.variables, **options})

    def action(self, check_mode: bool = False, role: str = "", **given: Any) -> Any:
        """The guarded action plugin, with its arguments as they come after templating.

        ``role`` is the one that its task stands in.
        """
        play = Play.load(
            {"hosts": "h1", "gather_facts": "no"}, loader=self.loader, variable_manager=None
        )
        task = Task.load({"ansible.builtin.debug": {}}, loader=self.loader)
        task.action, task.args, task.check_mode = "guarded", given, check_mode
        task._parent = _Block(play)
        if role:
            task._role = SimpleNamespace(_role_path=str(checkout().root / "roles" / role))
        path = checkout().root / "roles" / "change_gate" / "action_plugins" / "guarded.py"
        spec = importlib.util.spec_from_file_location("guarded_under_test", path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module.ActionModule(
            task=task, connection=self.connection, play_context=self.context,
            loader=self.loader, templar=self.templar, shared_loader_obj=plugins,
        )  # fmt: skip

    def read(self, outbox: Outbox | None = None, **given: Any) -> Call:
        """What would be signed."""
        values = {"step": "a", "words": "Do it", **given}
        return read_call(
            self.action(**values), self.variables, self.run, outbox or Outbox(keep=False)
        )

    def carry_out(self, meanwhile: Any = None, **given: Any) -> dict[str, Any]:
        """Run the call as the guarded step does, with something happening after it was read."""
        values = {"step": "a", "words": "Do it", **given}
        action = self.action(**values)
        with Outbox(keep=True) as outbox:
            call = read_call(action, self.variables, self.run, outbox)
            args = rendered(call, {}, self.variables)
            if meanwhile is not None:
                meanwhile()
            return dict(action._delegate(call, args, self.variables))


class _Block:
    """Just enough of a block for a task to find its play."""

    def __init__(self, play: Play) -> None:
        self._play = play
        self._dep_chain: list[Any] = []

    def get_dep_chain(self) -> None:
        return None

    def copy(self, **_: Any) -> _Block:
        return self

    def __getattr__(self, name: str) -> Any:
        return getattr(self._play, name)
