"""Send a request to a module and read its answer, without a secret being seen on the way."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

from ansible.plugins.action import ActionBase

from sluis.errors import InputError, RefusedError, SluisError, SnapshotError
from sluis.runbook.run import Run

_FAMILY = {"InputError": InputError, "RefusedError": RefusedError}


def ship(
    action: ActionBase,
    module: str,
    request: Mapping[str, Any],
    secrets: Mapping[str, Any],
    task_vars: Mapping[str, Any],
) -> dict[str, Any]:
    """Run a module of ours where the action is connected to.

    Both arguments travel as base64 text that the module declares ``no_log``. As plain
    values Ansible would blank them out of the whole answer wherever they occur, and a
    password such as "documents" would eat the manifest.

    Raises:
        SluisError: the module's own error, with its code.
        SnapshotError: ``module-failed`` when it gave no answer of ours.
    """
    result = action._execute_module(
        module_name=module,
        module_args={"request": pack(request), "secrets": pack(secrets)},
        task_vars=dict(task_vars),
    )
    answer = result.get("answer")
    if isinstance(answer, str):
        opened = unpack(answer)
        if isinstance(opened, dict):
            return opened
    error = result.get("sluis")
    if isinstance(error, Mapping):
        family = _FAMILY.get(str(result.get("family")), SnapshotError)
        raise family(str(error["code"]), str(error["what"]), str(error["remedy"]))
    said = _what_it_said(result)
    raise SnapshotError(
        "module-failed",
        f"{module} could not run there: {' '.join(said.split())[-500:]}",
        "Check the connection and the Python there (3.8 or newer), then run this again.",
    )


def _what_it_said(result: Mapping[str, Any]) -> str:
    """Why a module gave no answer; ansible-core 2.19 puts an exception's words in an event."""
    event = getattr(result.get("exception"), "event", None)
    raised = str(getattr(event, "msg", "") or "")
    said = result.get("module_stderr") or result.get("msg") or raised
    return str(said or "it gave no answer")


def pack(value: Any) -> str:
    """JSON as base64 text."""
    return base64.b64encode(json.dumps(value).encode("utf-8")).decode("ascii")


def unpack(text: str) -> Any:
    """What ``pack`` packed.

    Raises:
        ValueError: it is not that.
    """
    return json.loads(base64.b64decode(text, validate=True))


def target_of(action: ActionBase) -> tuple[str, str | None]:
    """Where the connection really goes: as one line, and the address (``None``: local)."""
    connection = action._connection
    options = connection.get_options()
    name = str(connection._load_name)
    address = "".join(str(options.get("host") or action._play_context.remote_addr))
    if name == "local":
        return "local://", None
    user = f"{''.join(str(options['remote_user']))}@" if options.get("remote_user") else ""
    port = f":{int(options['port'])}" if options.get("port") else ""
    return f"{name}://{user}{address}{port}", address


def refuse_objections(run: Run) -> None:
    """Evidence is made by a clean run only.

    Raises:
        RefusedError: with the code of the first objection.
    """
    for item in run.objections:
        raise RefusedError(item.code, item.sentence, item.remedy)


def as_failure(error: SluisError) -> dict[str, Any]:
    """An error as an Ansible result."""
    return {
        "failed": True,
        "refused": isinstance(error, RefusedError),
        "msg": str(error),
        "sluis": error.as_dict(),
    }
