"""Send a request to a module and read its answer, without a secret being seen on the way."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, TypeVar

from ansible.plugins.action import ActionBase

from sluis.border.characters import clean_text, visible
from sluis.border.secrets import SecretFinder
from sluis.border.strict_json import WrongError
from sluis.border.verb import Verb, refused
from sluis.errors import InputError, RefusedError, SluisError, SnapshotError
from sluis.runbook.bound import refuse_changed
from sluis.runbook.check_words import become_words
from sluis.runbook.connections import connection_name, refuse_unrecognised
from sluis.runbook.host_errors import host_error
from sluis.runbook.interpreters import found_anew
from sluis.runbook.own_code import code_for
from sluis.runbook.run import Run
from sluis.runbook.step_end import is_broken_off

Q = TypeVar("Q")
S = TypeVar("S")
A = TypeVar("A")

_PYTHON = (
    "Python there has to be 3.8 or newer; where Ansible finds the wrong one, name another in the"
    " inventory (ansible_python_interpreter: /usr/bin/python3). Then run this again."
)
#: CPython takes the first whatever the locale (PEP 540); PyPy has only the second
_UTF8 = {"PYTHONUTF8": "1", "LC_CTYPE": "C.UTF-8"}


def ask(
    action: ActionBase,
    verb: Verb[Q, S, A],
    request: Q,
    secrets: S,
    task_vars: Mapping[str, Any],
) -> A:
    """Run a module of ours where the action is connected to, and decode its answer.

    Request and secrets travel as base64 text that the module declares ``no_log``. As plain
    values Ansible would blank them out of the whole answer wherever they occur, and a
    password such as "documents" would eat the manifest.

    Raises:
        RefusedError: nobody can tell which machine is at the other end, or what is bound was
            touched since the run began; nothing was sent.
        BorderError: ``bad-request``, ``bad-answer`` or ``secret-in-answer``, naming host,
            module and field.
        SluisError: the module's own error, as ``host_error`` takes it.
        SnapshotError: ``become-refused`` or ``become-password-missing`` when the host lets nobody
            run it with raised rights, ``module-failed`` when it never ran, ``module-lost`` when it
            may have run, whole or in part, and gave no answer of ours.
    """
    refuse_unrecognised(action._connection)
    refuse_changed()
    host = "".join(str(action._task.delegate_to or task_vars.get("inventory_hostname", "the host")))
    with _in_utf8(action):
        result = action._execute_module(
            module_name=verb.name,
            module_args={
                "code": code_for(verb.name),
                "request": _text(verb.pack_request(request, host=host)),
                "secrets": _text(verb.pack_secrets(secrets, host=host)),
            },
            task_vars=found_anew(task_vars),
        )
    finder = SecretFinder(secrets, request)
    for name in ("answer", "failure"):
        packed = result.get(name)
        if packed is None:
            continue
        data = _bytes(packed, name, host, verb.name)
        if name == "failure":
            failure = verb.read_failure(data, host=host)
            failure = replace(
                failure,
                what=finder.without(failure.what),
                remedy=finder.without(failure.remedy),
            )
            raise host_error(failure, host=host, module=verb.name)
        return finder.cleaned(verb.read_answer(data, host=host), host=host, module=verb.name)
    refused_become = become_words(host, result)
    if refused_become is not None:
        raise SnapshotError(*refused_become)
    said = clean_text(finder.without(_what_it_said(result))[-1500:], 1000)
    if is_broken_off(result):
        raise SnapshotError(
            "module-lost",
            f"{verb.name} gave no answer on {host}, so nobody knows how far it came: {said}",
            f"See on {host} whether it was killed (memory, a restart). {_PYTHON}",
        )
    raise SnapshotError(
        "module-failed",
        f"{verb.name} could not run on {host}: {said}",
        f"Check the connection. {_PYTHON}",
    )


@contextmanager
def _in_utf8(action: ActionBase) -> Iterator[None]:
    """Have our code take names of files for UTF-8, as the controller writes them.

    What a Python takes them for is the locale of the login (Latin-1, or ASCII), and a folder
    that is there would not be found.
    """
    given = action._task.environment
    action._task.environment = [*(given or []), _UTF8]
    try:
        yield
    finally:
        action._task.environment = given


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _bytes(packed: object, name: str, host: str, module: str) -> bytes:
    try:
        return base64.b64decode("".join(str(packed)).encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        wrong = WrongError("is not base64 text", (name,))
        raise refused("bad-answer", host, module, wrong) from None


def _what_it_said(result: Mapping[str, Any]) -> str:
    """Why a module gave no answer; ansible-core 2.19 puts an exception's words in an event."""
    event = getattr(result.get("exception"), "event", None)
    raised = str(getattr(event, "msg", "") or "")
    said = result.get("module_stderr") or result.get("msg") or raised
    return str(said or "it gave no answer")


def target_of(action: ActionBase) -> tuple[str, str | None]:
    """Where the connection really goes: as one line, and the address (``None``: local)."""
    connection = action._connection
    options = connection.get_options()
    name = connection_name(connection)
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
    # what a program, a store or a file said may be in it; lines stay lines
    told = {name: visible(text, allowed="\n\t") for name, text in error.as_dict().items()}
    return {
        "failed": True,
        "refused": isinstance(error, RefusedError),
        "wrong_input": isinstance(error, InputError),
        "msg": visible(str(error), allowed="\n\t"),
        "sluis": told,
    }
