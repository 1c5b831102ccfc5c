"""What is wrong with the tenants of a move: signing in, rights, places, and which tenant it is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from sluis.border.verbs.tenant_check import (
    TENANT_CHECK,
    OfTenant,
    Place,
    Refused,
    SeenTenant,
    Side,
)
from sluis.errors import InputError
from sluis.runbook.findings import Finding
from sluis.runbook.host_errors import host_error
from sluis.runbook.move_check_roles import role_findings
from sluis.runbook.move_check_servers import not_answered
from sluis.runbook.move_check_uses import TenantUse, names_of
from sluis.runbook.move_check_words import SIGN_IN
from sluis.runbook.run import Run
from sluis.runbook.scope_lines import line_in_scope, line_of_person
from sluis.scope.model import Asset

_MICROSOFT = "https://login.microsoftonline.com"
_ROLE: Mapping[Side, str] = {"from": "tenant_export", "into": "tenant_import"}


def tenant_findings(
    run: Run,
    host: str,
    use: TenantUse,
    part: OfTenant,
    answers: Mapping[tuple[str, Side], SeenTenant],
) -> Iterator[Finding]:
    """What is wrong with one side of a move in one tenant.

    Args:
        run: the current run.
        host: the worker that looked.
        use: who needs it.
        part: what was asked.
        answers: all that was answered, since a drive may lie in another tenant.
    """
    about = f"tenant {part.tenant}"
    seen = answers.get((part.tenant, part.side))
    if seen is None:
        yield not_answered(host, about)
        return
    if seen.refused is not None:
        yield _not_in(host, part, seen.refused)
        return
    kept = [asset for uses in use.drives.values() for asset, _ in uses]
    onedrive = [one.id for one in kept if one.kind == "onedrive"]
    lacking = list(role_findings(part, seen, onedrive=onedrive))
    yield from lacking
    no_role = any(one.code == "role-missing" for one in lacking)
    states = {one.name: one for one in seen.drives}
    for drive, uses in use.drives.items():
        place = states.get(drive) or Place(drive, "no answer")
        if place.state == "refused" and no_role:
            continue  # it is what comes of that
        if place.state != "there":
            yield _drive(run, part, place, uses, answers)
    people = {one.name: one for one in seen.people}
    for address, assets in use.people.items():
        someone = people.get(address) or Place(address, "no answer")
        if someone.state != "there":
            yield _person(run, part, someone, assets)
    yield from _become(run, part, use, people)


def one_tenant_twice(seen: Iterable[SeenTenant]) -> Iterator[Finding]:
    """Two names of the scope that turn out to be one tenant.

    Args:
        seen: what was seen of each.
    """
    known: dict[str, SeenTenant] = {}
    for one in sorted(seen, key=lambda one: (one.side, one.tenant)):
        if one.tenant_id is None:
            continue
        other = known.setdefault(one.tenant_id.lower(), one)
        if other.tenant != one.tenant:
            about = f"tenant {one.tenant}"
            yield Finding(
                about, "tenants-are-one",
                f"{about}: it is the same tenant as {other.tenant} ({one.tenant_id}), and they are "
                "named as two.",
                f"Correct tenant_id and client_id under {one.tenant} in {_ROLE[one.side]}_accounts"
                f", or those under {other.tenant} in {_ROLE[other.side]}_accounts.",
                True,
            )  # fmt: skip


def _not_in(host: str, part: OfTenant, refused: Refused) -> Finding:
    about = f"tenant {part.tenant}"
    error = host_error(refused.failure, host=host, module=TENANT_CHECK.name)
    if refused.why == "cannot be used":
        what = f"{about}, from {host}: {error.what}"
        return Finding(about, error.code, what, error.remedy, isinstance(error, InputError))
    account, role, name = part.account, _ROLE[part.side], part.tenant
    app, address = account.client_id, account.authority or _MICROSOFT
    secret = f"secret under {name} in {role}_secrets, in a vault file"
    if account.secret_file:
        secret = f"the one line of {account.secret_file} on {host}"
    new = (
        f"Have an administrator of that tenant make a new one: az ad app credential reset --id "
        f"{app} --append. Write it as {secret}."
    )
    what, remedy = {
        "secret wrong": (f"it does not take the secret of its app {app}.", new),
        "secret ended": (f"the secret of its app {app} has ended.", new),
        "certificate unknown": (
            f"it does not know the certificate of its app {app}.",
            (
                f"Have it put there: az ad app credential reset --id {app} --append --cert "
                f"@{account.certificate}. Or correct certificate under {name} in {role}_accounts."
            ),
        ),
        "no such app": (
            f"it has no app {app}, or nobody consented to it.",
            (
                f"Correct client_id under {name} in {role}_accounts. Or have an administrator of "
                f"that tenant consent: {_MICROSOFT}/{account.tenant_id}/adminconsent"
                f"?client_id={app}"
            ),
        ),
        "no such tenant": (
            f"there is no tenant {account.tenant_id} at {address}.",
            f"Correct tenant_id under {name} in {role}_accounts.",
        ),
        "refused": (
            f"it gave its app {app} no token: {error.what}",
            f"See in that tenant, in the sign-in logs of the app {app}, what keeps it out.",
        ),
        "no answer": (
            f"the sign-in at {address} gave {host} no answer: {error.what}",
            f"See that {host} reaches that address on port 443, and the address of Graph as well.",
        ),
        "not trusted": (
            f"{host} does not trust the certificate of {address}.",
            (
                f"See that the clock of {host} is right. Where TLS is inspected on the way, name "
                f"the file with that CA as ca under {name} in {role}_accounts."
            ),
        ),
    }[refused.why]
    return Finding(about, SIGN_IN[refused.why], f"{about}: {what}", remedy)


def _drive(
    run: Run,
    part: OfTenant,
    place: Place,
    uses: list[tuple[Asset, tuple[str, ...]]],
    answers: Mapping[tuple[str, Side], SeenTenant],
) -> Finding:
    about = f"tenant {part.tenant}"
    names = names_of([asset for asset, _ in uses])
    lines = "; ".join(line_in_scope(run, asset.id, where) for asset, where in uses)
    doing = "comes from" if part.side == "from" else "goes into"
    said = f"{about}: {names} {doing} the drive {place.name}"
    if place.state == "refused":
        return Finding(
            about, "drive-refused", f"{said}, and it is not shown to us: {place.why}",
            "Have the tenant's administrator see what keeps the app out of that site: a lock, or a "
            "policy of its own.",
        )  # fmt: skip
    if place.state == "no answer":
        return Finding(
            about, "drive-not-asked",
            f"{said}, and nobody knows whether it is there: {place.why or 'no answer in time'}",
            "Check again. If it stays, see whether Microsoft reports that the service is ill.",
        )  # fmt: skip
    other = _holder(part, place.name, answers)
    if other is not None:
        return Finding(
            about, "drive-in-another-tenant", f"{said}, and that drive lies in {other}.",
            f"Correct the tenant or the drive: {lines}. Or correct tenant_id and client_id under "
            f"{part.tenant} in {_ROLE[part.side]}_accounts.",
            True,
        )  # fmt: skip
    return Finding(
        about, "drive-missing",
        f"{said}, and there is no such drive: its site was removed, or it is hidden from the app.",
        f"See what became of the site, or correct the drive: {lines}. The drives that are there: "
        f"sluis discover {run.client} {run.change}",
    )  # fmt: skip


def _holder(
    part: OfTenant, drive: str, answers: Mapping[tuple[str, Side], SeenTenant]
) -> str | None:
    for one in answers.values():
        there = {*one.elsewhere, *(place.name for place in one.drives if place.state == "there")}
        if one.tenant != part.tenant and drive in there:
            return one.tenant
    return None


def _become(
    run: Run, part: OfTenant, use: TenantUse, seen: Mapping[str, Place]
) -> Iterator[Finding]:
    """Who is to get somebody's rights there, and is not known there."""
    about = f"tenant {part.tenant}"
    for address, number in use.becomes.items():
        place = seen.get(address) or Place(address, "no answer")
        if place.state == "there" or address not in part.people:
            continue
        line = line_of_person(run, number)
        said = f"{about}: {address[:200]} is to get somebody's rights"
        if place.state == "gone":
            yield Finding(
                about, "person-missing", f"{said}, and nobody there has that address.",
                f"Make that account, or correct becomes: {line}. Of a group, write its object id "
                "there, as id:<object id>.",
            )  # fmt: skip
        else:
            yield Finding(
                about, "person-not-known",
                f"{said}, and nobody can tell whether that account is there: "
                f"{place.why or 'no answer in time'}",
                f"See in the tenant that it is there, or correct becomes: {line}.",
            )  # fmt: skip
    left = sorted(use.becomes.keys() - set(part.people))
    if left:
        yield Finding(
            about, "person-not-known",
            f"{about}: not all who are to get rights there were looked up: {left[0][:200]} was "
            f"not, and {len(left) - 1} others.",
            f"See in the tenant that they are there: becomes, {line_of_person(run, None)}.",
        )  # fmt: skip


def _person(run: Run, part: OfTenant, place: Place, assets: list[Asset]) -> Finding:
    about = f"tenant {part.tenant}"
    names = names_of(assets)
    lines = "; ".join(
        line_in_scope(run, one.id, ("disposition", "landing", "account")) for one in assets
    )
    said = f"{about}: {place.name[:200]} is to write in the folder for {names}"
    if place.state == "gone":
        return Finding(
            about, "account-missing", f"{said}, and nobody there has that address.",
            f"Make that account, or correct account: {lines}.",
        )  # fmt: skip
    return Finding(
        about, "account-not-known",
        f"{said}, and nobody can tell whether that account is there: "
        f"{place.why or 'no answer in time'}",
        f"See in the tenant that it is there, or correct account: {lines}.",
    )  # fmt: skip
