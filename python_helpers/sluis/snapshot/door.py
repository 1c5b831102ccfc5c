"""Between an Ansible module and our functions: JSON in base64 both ways, errors with codes."""

from __future__ import annotations

import base64
import json
from typing import Any, Callable, Dict, Mapping, Optional

from ..errors import InputError, SluisError, SnapshotError
from .progress import forget

Work = Callable[[Dict[str, Any]], Dict[str, Any]]

_OF_A_MODULE = {
    "request": {"type": "str", "required": True, "no_log": True},
    "secrets": {"type": "str", "required": True, "no_log": True},
}


def serve(
    ansible_module: Callable[..., Any],
    work: Optional[Work],
    *,
    looks: bool = False,
    changes: bool = True,
    lacking: str = "",
) -> None:
    """Be an Ansible module from its arguments to its exit.

    Args:
        ansible_module: Ansible's class. Modules hand it in: this room does not know Ansible.
        work: what is asked for; ``None`` when it could not be imported.
        looks: it is done in check mode as well, with ``check_mode`` in the request, and
            changes nothing then. Otherwise check mode does nothing and says "changed".
        changes: whether doing it changes anything on the host.
        lacking: which library was missing when ``work`` could not be imported.
    """
    module = ansible_module(argument_spec=_OF_A_MODULE, supports_check_mode=True)
    if module.check_mode and not looks:
        module.exit_json(changed=True)
    if work is None:
        result = _failure(
            InputError(
                "worker-lacks-libraries",
                f"The Python on this export worker lacks a library: {lacking}.",
                "Install aiohttp, msal, numpy and paramiko there, or name another Python "
                "in ansible_python_interpreter.",
            )
        )
    elif looks:
        told, asked = {"check_mode": module.check_mode}, work
        result = answer_request(lambda request: asked({**request, **told}), module.params)
    else:
        result = answer_request(work, module.params)
    if "sluis" in result:
        module.fail_json(**result)
    module.exit_json(changed=changes and not module.check_mode, **result)


def answer_request(work: Work, params: Mapping[str, Any]) -> Dict[str, Any]:
    """Unpack ``request`` and ``secrets``, do the work, and pack the answer.

    Returns:
        ``answer``, or ``sluis``, ``family`` and ``msg`` when it failed. A secret that
        found its way into an answer or an error is never passed on.
    """
    request = json.loads(base64.b64decode(params["request"]))
    secrets = json.loads(base64.b64decode(params["secrets"]))
    if "nonce" in secrets:
        request["nonce"] = secrets.pop("nonce")
    request["secrets"] = secrets
    try:
        answer = json.dumps(work(request))
        _must_not_tell(answer, secrets)
    except SluisError as error:
        return _failure(error, secrets)
    finally:
        forget(request.get("progress"))
    return {"answer": base64.b64encode(answer.encode("utf-8")).decode("ascii")}


def _failure(error: SluisError, secrets: Optional[Mapping[str, Any]] = None) -> Dict[str, Any]:
    said = error.as_dict()
    for secret in _texts(secrets):
        said = {name: text.replace(secret, "***") for name, text in said.items()}
    return {"sluis": said, "family": type(error).__name__, "msg": said["what"]}


def _must_not_tell(answer: str, secrets: Mapping[str, Any]) -> None:
    for secret in _texts(secrets):
        if json.dumps(secret)[1:-1] in answer:
            raise SnapshotError(
                "secret-in-answer",
                "An answer would have held a password, so it was thrown away.",
                "Choose a longer, random password; if it is one, report this as a fault.",
            )


def _texts(value: Any) -> "list[str]":
    """All secret texts; very short ones would be found in any answer."""
    if isinstance(value, Mapping):
        return [text for item in value.values() for text in _texts(item)]
    if isinstance(value, str) and len(value) >= 6:
        return [value]
    return []
