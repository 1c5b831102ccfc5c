"""One look at one host, as an Ansible result: what is wrong is its answer and no failure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from sluis.errors import SluisError
from sluis.runbook.findings import Finding
from sluis.runbook.run import Run, current_run
from sluis.runbook.shipping import as_failure, refuse_objections


def looked(
    plugin_file: str,
    task_vars: Mapping[str, Any],
    look: Callable[[Run, str], Iterable[Finding] | None],
) -> dict[str, Any]:
    """Look at the host of a task, in a run that nothing is held against.

    Args:
        plugin_file: ``__file__`` of the action plugin.
        task_vars: as ansible-core hands them to it.
        look: finds what is wrong there; it is given the run and the host's inventory name.
            ``None`` says that there is nothing to look at, and then nothing is told of it.
    """
    host = "".join(str(task_vars["inventory_hostname"]))
    try:
        run = current_run(task_vars, plugin_file)
        refuse_objections(run)
    except SluisError as error:
        return as_failure(error)
    found = look(run, host)
    if found is None:
        return {"changed": False, "found": [], "sluis_progress": []}
    return {"changed": False, "found": [one.as_dict() for one in found]}
