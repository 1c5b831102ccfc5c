"""Make a list of checks, each with its own tries, and say what came of each."""

from __future__ import annotations

import time
from typing import Any, Callable, Dict, List, Mapping, Sequence, Tuple

from ..border import codec
from ..border.verbs.service_check import Answer as Checked
from ..border.verbs.service_check import Request, Result, Secrets
from ..errors import InputError
from .answer import Answer, bad_check, number, text
from .file import file, path_of
from .port import port, port_of
from .service import refuse_service, service
from .sql import query_of, sql
from .web import url_of, web

#: one check may take at most this long, all its tries and waits together
_MOST_SECONDS = 1800


def answer_checks(request: Request, secrets: Secrets) -> Checked:
    """Make every check that is asked for. None of them stops the others.

    Args:
        request: the checks, see the role ``service_checks``.
        secrets: passwords by the id of the check.
    """
    described = [codec.dump(check) for check in request.checks]
    return Checked(
        tuple(
            Result(
                one["id"],
                one["passed"],
                one["detail"],
                one["tries"],
                one["seconds"],
                one["why"],
                one["to"],
            )
            for one in run_checks(described, secrets.passwords)
        )
    )


def run_checks(
    checks: Sequence[Mapping[str, Any]],
    passwords: Mapping[str, str],
    *,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> List[Dict[str, Any]]:
    """Make every check. None of them stops the others, and nothing is raised.

    Args:
        checks: descriptions, see the role ``service_checks``.
        passwords: by the id of the check. The border takes them out of an answer, see ``door``.
        sleep: waits between two tries.
        clock: seconds that only go forward.

    Returns:
        For each: ``{"id", "passed": bool|None, "detail", "tries", "seconds", "why", "to"}``
    """
    return [_one(check, passwords.get(str(check.get("id"))), sleep, clock) for check in checks]


def _one(
    check: Mapping[str, Any],
    password: str | None,
    sleep: Callable[[float], None],
    clock: Callable[[], float],
) -> Dict[str, Any]:
    started = clock()
    answer, tries = Answer(None, "it was not tried"), 0
    try:
        most, delay, timeout = _patience(check)
        while tries < most:
            tries += 1
            answer = _try(check, timeout, password)
            if answer.passed:
                break
            if tries < most:
                sleep(delay)
    except InputError as error:
        answer = Answer(None, error.what, "not answered")
    detail = answer.detail
    if tries > 1:
        detail += f" (try {tries} of {most})"
    return {
        "id": str(check.get("id")),
        "passed": answer.passed,
        "detail": detail,
        "tries": tries,
        "seconds": round(clock() - started, 3),
        "why": answer.why,
        "to": answer.to,
    }


def _patience(check: Mapping[str, Any]) -> Tuple[int, float, float]:
    """Tries, and seconds: between two, and for one."""
    most = int(number(check, "tries", 1, 1, 100))
    delay = number(check, "delay", 2, 0, 300)
    timeout = number(check, "timeout", 10, 0.1, 300)
    if most * (timeout + delay) > _MOST_SECONDS:
        raise bad_check(check, f"could take longer than {_MOST_SECONDS} s")
    return most, delay, timeout


def refuse_unusable(check: Mapping[str, Any]) -> None:
    """Refuse a description by which a host could make no check, whatever it is like there.

    Args:
        check: the description.

    Raises:
        InputError: ``bad-check``.
    """
    _patience(check)
    kind = text(check, "type")
    if kind not in _DESCRIBED:
        raise bad_check(check, f"is of the unknown type {kind[:40]!r}")
    _DESCRIBED[kind](check)


#: what reads the description of each kind of check
_DESCRIBED: Mapping[str, Callable[[Mapping[str, Any]], object]] = {
    "file": path_of,
    "http": url_of,
    "port": port_of,
    "service": refuse_service,
    "sql": query_of,
}


def _try(check: Mapping[str, Any], timeout: float, password: str | None) -> Answer:
    kind = text(check, "type")
    try:
        if kind == "service":
            return service(check, timeout)
        if kind == "port":
            return port(check, timeout)
        if kind == "http":
            return web(check, timeout, password)
        if kind == "sql":
            return sql(check, timeout, password)
        if kind == "file":
            return file(check)
    except InputError:
        raise
    except Exception as error:
        # Whatever goes wrong while looking, it is no answer about the service.
        return Answer(None, f"the check itself failed: {type(error).__name__}")
    raise bad_check(check, f"is of the unknown type {kind[:40]!r}")
