"""The host's end of the border: from an Ansible module's request to its exit."""

from __future__ import annotations

import base64
import binascii
import dataclasses
import os
from typing import Any, Callable, Dict, Mapping, Optional, TypeVar

from ..errors import BorderError, InputError, SluisError, SnapshotError
from .secrets import SecretFinder
from .strict_json import WrongError
from .verb import Verb, failure_of, refused

Q = TypeVar("Q")
S = TypeVar("S")
A = TypeVar("A")


def serve(
    module: Any,
    verb: Verb[Q, S, A],
    work: Optional[Callable[[Q, S], A]],
    *,
    looks: bool = False,
    changes: bool = True,
    afterwards: Callable[[Optional[str]], None] = lambda progress: None,
    lacking: str = "",
) -> None:
    """Do what a module was asked, and end it.

    Args:
        module: an ``AnsibleModule``, as ``sluis.border.code_bundle.arrive`` gives it.
        verb: what is asked.
        work: does it; ``None`` when it could not be imported.
        looks: it is done in check mode as well, with ``check_mode`` in the request, and
            changes nothing then. Otherwise check mode does nothing and says "changed".
        changes: whether doing it changes anything on the host.
        afterwards: called with the request's ``progress`` when it was done or failed.
        lacking: which library was missing when ``work`` could not be imported.
    """
    if module.check_mode and not looks:
        module.exit_json(changed=True)
    if work is None:
        result = _failed(
            verb,
            InputError(
                "worker-lacks-libraries",
                f"The Python on this export worker lacks a library: {lacking}.",
                "Install aiohttp, msal, numpy and paramiko there, or name another Python "
                "in ansible_python_interpreter.",
            ),
        )
    else:
        told = {"check_mode": module.check_mode} if looks else {}
        result = answer_request(verb, work, module.params, told, afterwards)
    if "failure" in result:
        module.fail_json(**result)
    module.exit_json(changed=changes and not module.check_mode, **result)


def answer_request(
    verb: Verb[Q, S, A],
    work: Callable[[Q, S], A],
    params: Mapping[str, Any],
    told: Optional[Mapping[str, Any]] = None,
    afterwards: Callable[[Optional[str]], None] = lambda progress: None,
) -> Dict[str, str]:
    """Decode ``request`` and ``secrets``, do the work, and encode the answer.

    Args:
        verb: what is asked.
        work: does it.
        params: the module's arguments.
        told: fields of the request that Ansible tells and not the controller.
        afterwards: see ``serve``.

    Returns:
        ``answer``, or ``failure`` and ``msg``. A secret that found its way into an answer or an
        error is never passed on.
    """
    try:
        request: Any = verb.read_request(_unpacked(verb, params, "request"))
        secrets = verb.read_secrets(_unpacked(verb, params, "secrets"))
        request = dataclasses.replace(request, **(told or {}))
    except BorderError as error:
        return _failed(verb, error)
    finder = SecretFinder(secrets, request)
    try:
        answer = finder.cleaned(work(request, secrets), host="this host", module=verb.name)
        return {"answer": base64.b64encode(verb.pack_answer(answer)).decode("ascii")}
    except SluisError as error:
        return _failed(verb, error, finder.without)
    except OSError as error:
        if not (error.strerror and isinstance(error.filename, (str, bytes))):
            raise  # a connection, say: it tells nothing about a file here
        return _failed(verb, _of_the_machine(verb.name, error), finder.without)
    finally:
        afterwards(getattr(request, "progress", None))


def _of_the_machine(module: str, error: OSError) -> SnapshotError:
    """A file that this machine does not give us: nothing is wrong with the way, or with Python."""
    return SnapshotError(
        "file-not-usable",
        f"{module} could not use a file or folder of the machine it ran on, "
        f"{os.fsdecode(error.filename)!r}: {error.strerror}.",
        "See there whether it is what it should be, whether the user that Ansible becomes may use "
        "it, and whether the disk has room; then run this again.",
    )


def _unpacked(verb: Verb[Q, S, A], params: Mapping[str, Any], name: str) -> bytes:
    try:
        return base64.b64decode(str(params[name]), validate=True)
    except (binascii.Error, ValueError):
        wrong = WrongError("is not base64 text", (name,))
        raise refused("bad-request", "the controller", verb.name, wrong) from None


def _failed(
    verb: Verb[Q, S, A], error: SluisError, without: Callable[[str], str] = lambda text: text
) -> Dict[str, str]:
    failure = failure_of(error, without)
    packed = base64.b64encode(verb.pack_failure(failure)).decode("ascii")
    return {"failure": packed, "msg": failure.what}
