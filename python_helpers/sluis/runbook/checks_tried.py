"""Whether the checks of a change can be made, and hold where they must by now: tried beforehand.

A check that cannot be made fails the change once every step is done, and then all of the client's
data is put back for a password that nobody wrote. One that has to hold after the way back and does
not hold now fails that as well, and nobody is asked to sign what is known not to hold.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from sluis.border.characters import clean_text
from sluis.border.verbs.service_check import Answer, Check, Request, Result, Secrets
from sluis.errors import InputError, SluisError
from sluis.evidence.anchors import load_anchors
from sluis.evidence.ledger import Ledger
from sluis.evidence.predicates import Step
from sluis.plan.written_yaml import NotReadableError, read_written
from sluis.runbook.checking import is_restore
from sluis.runbook.checks import checks_of, passwords_of, typed_checks
from sluis.runbook.findings import Finding
from sluis.runbook.grants import read_grant
from sluis.runbook.read_before import read_again
from sluis.runbook.redaction import Redaction
from sluis.runbook.run import Run

_MOST_DETAIL = 500
_NOT_NOW = "check-does-not-hold"
#: runs ``service_check`` there
Call = Callable[[Request, Secrets], Answer]


def try_checks(
    run: Run, host: str, described: Any, secrets: Any, file: str, call: Call
) -> list[Finding]:
    """Make the checks of a host once that can be made by now, exactly as they will be made.

    What has to hold after the way back has to hold now as well, and is judged, of whatever type it
    is. Of a check that is only made after the change nothing is judged, for the change is not
    there yet: its query is asked and its file opened, and an address or a program that the new
    version may bring is left alone.

    Args:
        run: the current run.
        host: its inventory name.
        described: the checks, as Ansible rendered them.
        secrets: ``service_checks_secrets``.
        file: where the checks are described, for messages.
        call: runs ``service_check`` there.
    """
    try:
        plain = checks_of(described, host)
    except InputError:
        return []  # the readers say what is wrong with it
    staying = {name for name, one in plain.items() if one.get("after") in ("both", "way_back")}
    asked = {
        name: one if name in staying or one.type == "sql" else _opened(one)
        for name, one in typed_checks(plain)[0].items()
        if name in staying or one.type in ("sql", "file")
    }
    if not asked:
        return []
    passwords = passwords_of(secrets, asked)
    once = tuple(replace(one, tries=1) for one in asked.values())
    said = {one.id: one for one in call(Request(once), Secrets(passwords)).answers}
    redaction = Redaction(secrets)
    lines = _lines(run, file)
    found = []
    for name, check in asked.items():
        told = said.get(name)
        if told is None:
            told = Result(name, None, "the host gave no answer about it", 0, 0, "not answered")
        told = replace(told, detail=clean_text(redaction.text(told.detail), _MOST_DETAIL))
        where = f"{file}, line {lines[name]}" if name in lines else file
        one = _finding(run, check, told, name in staying, name in passwords, where)
        if one is not None and is_restore(run):
            remedy = f"It may be what is broken. Otherwise: {one.remedy}"
            one = replace(one, code="check-not-tried", remedy=remedy)
        elif one is not None and one.code == _NOT_NOW and _has_begun(run):
            remedy = f"Steps of this change were begun: they may be why. Otherwise: {one.remedy}"
            one = replace(one, code="check-not-tried", remedy=remedy)
        found += [one] if one is not None else []
    return found


def _opened(check: Check) -> Check:
    """Of a file only whether it can be opened: the new version writes what is in it."""
    return replace(check, contains=None, sha256=None)


def _lines(run: Run, file: str) -> dict[str, int]:
    """In which line each check is described, by id, as far as it can be told."""
    try:
        written = read_written((run.change_folder / file).read_bytes()).value
    except (OSError, NotReadableError):
        return {}
    checks = written.get("service_checks_list") if isinstance(written, dict) else None
    listed = checks.value if checks is not None and isinstance(checks.value, list) else []
    return {
        str(one.value["id"].value): one.line
        for one in listed
        if isinstance(one.value, dict) and "id" in one.value
    }


def _has_begun(run: Run) -> bool:
    """Whether the record has a step of this change; one that cannot be read has none."""
    try:
        anchors = load_anchors(run.places.trust(run.client), run.client)
        ledger = Ledger(run.dossier, anchors, run.client, run.change)
        return bool(read_again(run.dossier, ledger).of(Step))
    except SluisError:
        return False


def _finding(
    run: Run, check: Check, told: Result, stays: bool, has_password: bool, file: str
) -> Finding | None:
    about = f"{check.host}: the check {check.id}"
    fields = f"the database, host_address, port and user of {check.id} in {file}"
    vault = f"in a vault file below inventories/{run.client}"
    if told.why == "not let in":
        remedy = f"See whether that server runs, and whether {fields} are right"
        if has_password:
            remedy += f". Its password is that of {check.id} in service_checks_secrets, {vault}."
        else:
            remedy += (
                f". Where it needs a password, write it {vault}: "
                f"service_checks_secrets: {{{check.id}: {{password: ...}}}}."
            )
        if "permission denied for database" in told.detail:
            remedy = f"Run there as an administrator: {_grant(check, told)}"
        what = f"{about} could not be made: {told.detail}."
        return Finding(check.host, "check-not-let-in", what, remedy)
    if told.why == "may not read":
        return Finding(
            check.host, "check-may-not-read", f"{about} could not be made: {told.detail}.",
            f"Run there as an administrator: {_grant(check, told)}",
        )  # fmt: skip
    if told.why == "no file":
        return Finding(
            check.host, "check-no-file", f"{about} looks at {check.path}: {told.detail}.",
            f"Name one file that has to be there as path of {check.id} in {file}.",
        )  # fmt: skip
    if told.why == "not answered" or told.passed is None:
        return Finding(
            check.host, "check-not-answered", f"{about} could not be made: {told.detail}.",
            f"Put that right, or correct the check in {file}; ansible-doc -t role -r roles "
            "service_checks describes each field.",
        )  # fmt: skip
    if stays and not told.passed:
        return Finding(
            check.host, _NOT_NOW,
            f"{about} has to hold after the way back as well, and does not hold now: "
            f"{told.detail}.",
            f"See what is the matter, or correct the check in {file}: what is only so after the "
            "change has after: change.",
        )  # fmt: skip
    return None


def _grant(check: Check, told: Result) -> str:
    user = told.to or check.user or "THE USER OF THE CHECK"
    return read_grant(str(check.engine), str(check.database), user)
