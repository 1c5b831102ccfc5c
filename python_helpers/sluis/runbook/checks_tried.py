"""Whether the queries and files of a change's checks can be looked at: tried beforehand.

A check that cannot be made fails the change once every step is done, and then all of the client's
data is put back for a password that nobody wrote.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from sluis.border.characters import clean_text
from sluis.border.verbs.service_check import Answer, Check, Request, Result, Secrets
from sluis.errors import InputError
from sluis.runbook.checking import is_restore
from sluis.runbook.checks import checks_of, passwords_of, typed_checks
from sluis.runbook.findings import Finding
from sluis.runbook.grants import read_grant
from sluis.runbook.redaction import Redaction
from sluis.runbook.run import Run

_MOST_DETAIL = 500
#: runs ``service_check`` there
Call = Callable[[Request, Secrets], Answer]


def try_checks(
    run: Run, host: str, described: Any, secrets: Any, file: str, call: Call
) -> list[Finding]:
    """Ask each query of a host's checks once, exactly as it will be asked, and open each file.

    What it answers is not judged, for the change is not there yet; nor is what it names and what
    the new version may bring. Of what has to hold after the way back both are. Of a file it only
    counts whether it can be opened, if there is something of that name.

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
    asked = {
        name: replace(one, contains=None, sha256=None) if one.type == "file" else one
        for name, one in typed_checks(plain)[0].items()
        if one.type in ("sql", "file")
    }
    if not asked:
        return []
    passwords = passwords_of(secrets, asked)
    once = tuple(replace(one, tries=1) for one in asked.values())
    said = {one.id: one for one in call(Request(once), Secrets(passwords)).answers}
    redaction = Redaction(secrets)
    found = []
    for name, check in asked.items():
        told = said.get(name)
        if told is None:
            told = Result(name, None, "the host gave no answer about it", 0, 0, "not answered")
        told = replace(told, detail=clean_text(redaction.text(told.detail), _MOST_DETAIL))
        stays = check.type == "sql" and plain[name].get("after") in ("both", "way_back")
        one = _finding(run, check, told, stays, name in passwords, file)
        if one is not None and is_restore(run):
            remedy = f"It may be what is broken. Otherwise: {one.remedy}"
            one = replace(one, code="check-not-tried", remedy=remedy)
        found += [one] if one is not None else []
    return found


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
            check.host, "check-does-not-hold",
            f"{about} has to hold after the way back as well, and does not hold now: "
            f"{told.detail}.",
            f"See what is the matter, or correct the check in {file}: what is only so after the "
            "change has after: change.",
        )  # fmt: skip
    return None


def _grant(check: Check, told: Result) -> str:
    user = told.to or check.user or "THE USER OF THE CHECK"
    return read_grant(str(check.engine), str(check.database), user)
