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
    look: Callable[[Run, str], Iterable[Finding]],
    *,
    needs: Callable[[Run, str], bool] = lambda _run, _host: True,
) -> dict[str, Any]:
    """Look at the host of a task, in a run that nothing is held against.

    Args:
        plugin_file: ``__file__`` of the action plugin.
        task_vars: as ansible-core hands them to it.
        look: finds what is wrong there; it is given the run and the host's inventory name.
        needs: whether there is anything to look at; where there is not, nothing is told of it.
    """
    host = "".join(str(task_vars["inventory_hostname"]))
    try:
        run = current_run(task_vars, plugin_file)
        refuse_objections(run)
    except SluisError as error:
        return as_failure(error)
    quiet: dict[str, Any] = {} if needs(run, host) else {"sluis_progress": []}
    return {"changed": False, "found": [one.as_dict() for one in look(run, host)], **quiet}
