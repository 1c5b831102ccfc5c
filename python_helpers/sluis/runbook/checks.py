"""Checks after a change, on the controller: plan them, record them, give the verdict.

What counts is what the ledger holds. A registered variable, a host's own facts or a
missing answer can not make a check pass.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import ValidationError

from sluis.errors import InputError
from sluis.evidence.ledger import View
from sluis.evidence.predicates import Check
from sluis.gate.steps import step_states
from sluis.plan.model import PlanDocument, PlannedCheck
from sluis.runbook.planning import note_check
from sluis.runbook.run import OpenDossier, Run, now

_MOST_DETAIL = 500


def checks_of(described: Any, host: str) -> dict[str, dict[str, Any]]:
    """The described checks that are made on one host, by id, as plain values.

    Args:
        described: the engineer's list, as Ansible rendered it.
        host: inventory name.

    Raises:
        InputError: ``bad-checks``: not a list of mappings, or an id occurs twice.
    """
    if not isinstance(described, (list, tuple)):
        raise _bad("The checks are not a list.")
    found: dict[str, dict[str, Any]] = {}
    for item in described:
        if not isinstance(item, Mapping) or not {"id", "what", "host", "type"} <= set(item):
            raise _bad("A check lacks its id, what, host or type.")
        check = _plain(item)
        if check["host"] != host:
            continue
        if check["id"] in found:
            raise _bad(f"The check {check['id'][:80]!r} occurs twice on {host}.")
        found[check["id"]] = check
    return found


def plan_checks(run: Run, host: str, checks: Mapping[str, Mapping[str, Any]]) -> None:
    """Collect one host's checks into the plan, so that the client signs them as well.

    Raises:
        InputError: ``bad-checks``.
    """
    for check in checks.values():
        try:
            planned = PlannedCheck(check=check["id"], host=host, what=str(check["what"]))
        except ValidationError as error:
            raise _bad(f"The check {str(check['id'])[:80]!r} cannot be planned.") from error
        note_check(run, planned)


def record_checks(
    dossier: OpenDossier,
    host: str,
    checks: Mapping[str, Mapping[str, Any]],
    answers: Iterable[Any],
    *,
    otherwise: str = "the host gave no answer about it",
) -> dict[str, Check]:
    """Record what came of each check; one without a usable answer was not made.

    Args:
        dossier: the change's dossier.
        host: inventory name.
        checks: what was to be checked, by id.
        answers: what the host returned. It is a managed host, so nothing in it is believed
            beyond yes, no and a short text, and only for checks that were asked.
        otherwise: why a check without an answer was not made.
    """
    said = {
        item["id"]: item
        for item in answers
        if isinstance(item, Mapping) and isinstance(item.get("id"), str)
    }
    recorded = {}
    for name, check in checks.items():
        answer = said.get(name, {})
        passed = answer.get("passed")
        body = Check(
            check=name,
            host=host,
            what=str(check["what"]),
            passed=passed if isinstance(passed, bool) else None,
            detail=_clean(str(answer.get("detail", otherwise))),
        )
        dossier.ledger.append(body, key=dossier.key, now=now())
        recorded[name] = body
    return recorded


def not_passed(view: View, plan: PlanDocument, plan_object: str) -> list[str]:
    """The planned checks that did not pass since the last change step, in plain words.

    Args:
        view: the verified ledger.
        plan: the signed plan.
        plan_object: its digest.
    """
    states = step_states(view, plan_object)
    since = max((item.number for item in states.values()), default=0)
    last = {
        (item.body.check, item.body.host): item.body
        for item in view.of(Check)
        if item.number > since
    }
    missing = []
    for check in plan.checks:
        made = last.get((check.check, check.host))
        if made is None:
            missing.append(f"{check.what} ({check.check} on {check.host}): not made")
        elif made.passed is not True:
            word = "not passed" if made.passed is False else "could not be made"
            missing.append(f"{check.what} ({check.check} on {check.host}): {word}: {made.detail}")
    return missing


def _plain(value: Any) -> Any:
    """Plain JSON values: ansible-core 2.19 hands out tagged subclasses."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return "".join(str(value))


def _clean(text: str) -> str:
    """One printable line of bounded length, whatever a host sent."""
    return "".join(c if c.isprintable() else " " for c in text)[:_MOST_DETAIL]


def _bad(what: str) -> InputError:
    return InputError(
        "bad-checks",
        what,
        "Correct service_checks_list; ansible-doc -t role -r roles service_checks describes it.",
    )
