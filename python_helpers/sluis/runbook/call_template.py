"""A template is filled in when the plan is made, and what came out is what is signed and sent.

What a template says depends on variables, lookups, includes and facts. None of them has to be
bound one by one when the finished text is. At apply it is filled in again; if anything came
out differently the call is not the one that was signed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from ansible.errors import AnsibleError
from ansible.plugins.action import ActionBase

from sluis.errors import InputError
from sluis.runbook.call_files import Outbox, find, keep_bytes, read_once
from sluis.runbook.call_later import ROOT


@dataclass(frozen=True)
class Filled:
    """A filled-in template: its text, the source's digest by name, and the copy that sends it."""

    content: bytes
    mode: str | None
    digests: dict[str, str]
    args: dict[str, Any]


def fill_in(
    action: ActionBase, args: Mapping[str, Any], task_vars: Mapping[str, Any], outbox: Outbox
) -> Filled:
    """Fill in a template with ansible-core's own action, which contacts no host for it.

    Args:
        action: the guarded action plugin.
        args: the arguments of ``ansible.builtin.template``.
        task_vars: the task's variables. Results of earlier steps are left out: they are not
            known when the client signs.
        outbox: where the text is kept for sending.

    Raises:
        InputError: ``file-not-found`` or ``template-not-filled-in``.
    """
    name = args.get("src")
    path = find(action, name, "templates")
    digest = read_once(path, None)
    task = action._task.copy(exclude_parent=True)
    task._parent = action._task._parent
    task.action = "ansible.builtin.template"
    task.args = dict(args)
    caught = _Caught()
    template = action._shared_loader_obj.action_loader.get(
        "ansible.builtin.template",
        task=task,
        # nothing behind it: whatever a later ansible-core does here, no host is contacted
        connection=SimpleNamespace(_shell=SimpleNamespace(tmpdir=None)),
        play_context=action._play_context,
        loader=action._loader,
        templar=action._templar,
    )
    template._shared_loader_obj = caught
    # it would otherwise make a folder on the host before it fills in anything
    template.TRANSFERS_FILES = False
    known = {key: value for key, value in task_vars.items() if key != ROOT}
    known["ansible_search_path"] = list(task_vars.get("ansible_search_path", ()))
    try:
        template.run(task_vars=known)
    except (AnsibleError, OSError, UnicodeError) as error:
        raise InputError(
            "template-not-filled-in",
            f"The template {str(name)[:200]} could not be filled in: "
            f"{' '.join(str(error).split())[:500]}",
            "Correct it. A template is filled in before the client signs, so it cannot use the "
            "results of earlier steps.",
        ) from error
    if caught.content is None:
        raise AssertionError("the template action did not ask for the copy action")
    sends = dict(caught.args)
    kept = keep_bytes(caught.content, Path(path).name, outbox)
    if kept:
        sends["src"] = str(kept)
    mode = sends.get("mode") if args.get("mode") == "preserve" else None
    return Filled(caught.content, mode, {str(name): digest}, sends)


class _Caught:
    """Stands where the template action expects Ansible's loaders, and takes what it would copy."""

    def __init__(self) -> None:
        self.action_loader = self
        self.content: bytes | None = None
        self.args: dict[str, Any] = {}

    def get(self, name: str, *, task: Any, **_: Any) -> _Caught:
        """Be the copy action that the template action asks for."""
        if name != "ansible.legacy.copy":
            raise AssertionError(f"the template action asks for {name}")
        self.args = dict(task.args)
        return self

    def run(self, task_vars: Any = None) -> dict[str, Any]:
        """Take the text; nothing is sent."""
        del task_vars
        self.content = Path(str(self.args["src"])).read_bytes()
        return {}
