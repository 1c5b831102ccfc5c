"""Checks after a change, on the controller: plan them, record them, give the verdict.

What counts is what the ledger holds. A registered variable, a host's own facts or a
missing answer can not make a check pass.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, Literal

from pydantic import ValidationError

from sluis.border import codec
from sluis.border.characters import clean_text
from sluis.border.strict_json import WrongError
from sluis.border.verbs import service_check as border
from sluis.border.verbs.service_check import Result
from sluis.checks.run import refuse_unusable
from sluis.errors import InputError
from sluis.evidence.ledger import View
from sluis.evidence.predicates import Check
from sluis.gate.steps import last_checks, last_step
from sluis.plan.model import PlanDocument, PlannedCheck
from sluis.runbook.planning import note_check
from sluis.runbook.redaction import Redaction
from sluis.runbook.run import OpenDossier, Run, now
from sluis.scope.words import said_in

_MOST_DETAIL = 500
#: whole numbers up to here are the same in every reader of JSON
_EXACT = 2**53
#: fields of a description that have a place of their own in the plan
_IN_WORDS = ("id", "host", "what", "after")
_TEXTS = ("expect", "contains")


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


def made_after(
    checks: Mapping[str, dict[str, Any]], what: Literal["change", "way_back"]
) -> dict[str, dict[str, Any]]:
    """Those of the checks that are made after the change, or after the way back."""
    return {
        name: check
        for name, check in checks.items()
        if (check.get("after") or "change") in (what, "both")
    }


def plan_checks(run: Run, host: str, checks: Mapping[str, Mapping[str, Any]]) -> None:
    """Collect one host's checks into the plan, so that the client signs them as well.

    Raises:
        InputError: ``bad-checks``.
    """
    for name, why in typed_checks(checks)[1].items():
        raise _bad(f"The check {clean_text(name, 80)} cannot be made: {why}.")
    for check in checks.values():
        try:
            planned = _planned(check, host)
        except ValidationError as error:
            raise _bad(f"The check {str(check['id'])[:80]!r} cannot be planned.") from error
        note_check(run, planned)


def changed_since(
    plan: PlanDocument | None, host: str, checks: Mapping[str, Mapping[str, Any]]
) -> dict[str, str]:
    """The checks that are not as the client signed them, each with the reason.

    They are not made: what runs is what was signed.

    Args:
        plan: the newest plan, if the ledger has one.
        host: inventory name.
        checks: what is about to be checked, by id.
    """
    if plan is None:
        return {}
    signed = {item.check: item for item in plan.checks if item.host == host}
    reasons = {}
    for name, check in checks.items():
        try:
            now_planned = _planned(check, host)
        except ValidationError:
            reasons[name] = "it cannot be read"
            continue
        if name not in signed:
            reasons[name] = "it is not in the plan that was signed"
        elif not signed[name].technical:
            continue  # a plan from before the description was signed
        elif signed[name] != now_planned:
            differs = sorted(
                field
                for field in {*signed[name].technical, *now_planned.technical}
                if signed[name].technical.get(field) != now_planned.technical.get(field)
            )
            reasons[name] = f"it is not as it was signed: {', '.join(differs) or 'its words'}"
    return reasons


def typed_checks(
    checks: Mapping[str, Mapping[str, Any]],
) -> tuple[dict[str, border.Check], dict[str, str]]:
    """The checks as a host is sent them, and why the others cannot be sent, by id."""
    found: dict[str, border.Check] = {}
    unusable: dict[str, str] = {}
    for name, check in checks.items():
        given = {field: value for field, value in check.items() if value is not None}
        given.pop("after", None)  # when it is made is no matter of the host's
        if isinstance(given.get("what"), Mapping):
            given["what"] = name  # nor is what the client reads in two languages
        for field in _TEXTS:
            if isinstance(given.get(field), (int, float)) and not isinstance(given[field], bool):
                given[field] = str(given[field])  # YAML took it for a number
        try:
            one = codec.load(border.Check, given)
            refuse_unusable(codec.dump(one))
        except WrongError as wrong:
            unusable[name] = f"its {wrong.field} {wrong.why}"
        except InputError as error:
            unusable[name] = error.what.replace(f"The check {name!r} ", "it ", 1).rstrip(".")
        else:
            found[name] = one
    return found, unusable


def passwords_of(given: Any, names: Iterable[str]) -> dict[str, str]:
    """The passwords of these checks, from ``service_checks_secrets``."""
    secrets = given if isinstance(given, Mapping) else {}
    wanted = set(names)
    return {
        "".join(str(name)): "".join(str(one["password"]))
        for name, one in secrets.items()
        if name in wanted and isinstance(one, Mapping) and one.get("password")
    }


def _planned(check: Mapping[str, Any], host: str) -> PlannedCheck:
    """A description as it is signed. Values of headers are left out: they may be secrets."""
    technical: dict[str, Any] = {}
    for name, value in check.items():
        if name in _IN_WORDS or value is None:
            continue
        if isinstance(value, Mapping):
            value = tuple(sorted(value))
        elif isinstance(value, int) and abs(value) > _EXACT:
            value = str(value)
        technical[name] = value
    return PlannedCheck.model_validate(
        {
            "check": check["id"],
            "host": host,
            "what": said_in(check["what"]),
            "technical": technical,
            "after": check.get("after") or "change",
        }
    )


def record_checks(
    dossier: OpenDossier,
    host: str,
    checks: Mapping[str, Mapping[str, Any]],
    answers: Iterable[Result],
    *,
    otherwise: str = "the host gave no answer about it",
    not_made: Mapping[str, str] = MappingProxyType({}),
    secrets: Any = None,
) -> dict[str, Check]:
    """Record what came of each check; one without a usable answer was not made.

    Args:
        dossier: the change's dossier.
        host: inventory name.
        checks: what was to be checked, by id.
        answers: what the host returned; only those that were asked for count.
        otherwise: why a check without an answer was not made.
        not_made: reasons of those that were not asked at all, by id.
        secrets: what the host was given to make them, and must not be in the record.
    """
    said = {item.id: item for item in answers}
    recorded = {}
    redaction = Redaction(secrets)
    for name, check in checks.items():
        answer = None if name in not_made else said.get(name)
        why = not_made.get(name, otherwise)
        body = Check(
            check=name,
            host=host,
            what=str(said_in(check["what"])),
            passed=answer.passed if answer else None,
            detail=clean_text(redaction.text(answer.detail if answer else why), _MOST_DETAIL),
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
    return wanting(view, plan.checks_after("change"), last_step(view, plan_object))


def wanting(view: View, checks: Iterable[PlannedCheck], since: int) -> list[str]:
    """Those of the checks that did not pass, as recorded after one statement, in plain words."""
    last = last_checks(view, since)
    missing = []
    for check in checks:
        made = last.get((check.check, check.host))
        if made is None:
            missing.append(f"{check.what} ({check.check} on {check.host}): not made")
        elif made.body.passed is not True:
            word = "not passed" if made.body.passed is False else "could not be made"
            said = f"{check.what} ({check.check} on {check.host}): {word}"
            missing.append(f"{said}: {made.body.detail}")
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


def _bad(what: str) -> InputError:
    return InputError(
        "bad-checks",
        what,
        "Correct service_checks_list; ansible-doc -t role -r roles service_checks describes it.",
    )
