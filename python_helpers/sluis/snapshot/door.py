"""Between an Ansible module and our functions: JSON in base64 both ways, errors with codes."""

from __future__ import annotations

import base64
import json
from typing import Any, Callable, Dict, Mapping

from ..errors import SluisError, SnapshotError


def answer_request(
    work: Callable[[Dict[str, Any]], Dict[str, Any]], params: Mapping[str, Any]
) -> Dict[str, Any]:
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
        said = error.as_dict()
        for secret in _texts(secrets):
            said = {name: text.replace(secret, "***") for name, text in said.items()}
        return {"sluis": said, "family": type(error).__name__, "msg": said["what"]}
    return {"answer": base64.b64encode(answer.encode("utf-8")).decode("ascii")}


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
