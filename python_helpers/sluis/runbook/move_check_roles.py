"""What an app has to be allowed in a tenant, and the commands that allow it."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence

from sluis.border.verbs.tenant_check import OfTenant, SeenTenant
from sluis.runbook.findings import Finding

FULL = "Sites.FullControl.All"
_READ = "Sites.Read.All"
_WRITE = "Sites.ReadWrite.All"
_USERS = "User.Read.All"
_SELECTED = "Sites.Selected"
#: ids of application permissions of Microsoft Graph: its page "permissions reference"
_IDS = {
    FULL: "a82116e5-55eb-4c41-a434-62fe8a61c773",
    _READ: "332a536c-c7ef-4017-ab91-336970924f0d",
    _WRITE: "9492366f-7969-46a4-8d15-ed1a20078fff",
    _USERS: "df021288-bdef-4463-88db-98f22de89214",
}
_GRAPH = "00000003-0000-0000-c000-000000000000"
_WRITERS = frozenset({_WRITE, "Sites.Manage.All", FULL, "Files.ReadWrite.All"})
_SITES = frozenset({_READ, _WRITE, "Sites.Manage.All", FULL})
_PEOPLE = frozenset({_USERS, "User.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"})


def role_findings(
    part: OfTenant, seen: SeenTenant, *, onedrive: Sequence[str]
) -> Iterator[Finding]:
    """What an app lacks for its side of a move.

    Args:
        part: what was asked.
        seen: what was answered.
        onedrive: assets that are somebody's OneDrive in this tenant.
    """
    if part.side == "into":
        yield from _to_write(part, seen)
    else:
        yield from _to_read(part, seen, onedrive)


def _to_read(part: OfTenant, seen: SeenTenant, onedrive: Sequence[str]) -> Iterator[Finding]:
    states = {one.name: one for one in seen.listings}
    has = None if seen.roles is None else frozenset(seen.roles)
    about = f"tenant {part.tenant}"
    for listing, enough, role in (("sites", _SITES, FULL), ("users", _PEOPLE, _USERS)):
        answer = states.get(listing)
        if answer is None or answer.state in ("no answer", "gone"):
            why = answer.why if answer is not None else ""
            yield Finding(
                about, "tenant-not-listed",
                f"{about}: nobody knows whether its {listing} can be listed: "
                f"{why or 'no answer in time'}",
                "Check again. If it stays, see whether Microsoft reports that the service is ill.",
            )  # fmt: skip
        elif answer.state == "refused" and has is not None and has & enough:
            yield Finding(
                about, "tenant-refuses",
                f"{about}: its {listing} are not listed for us, although the app may list them: "
                f"{answer.why}",
                "Have the tenant's administrator see what keeps the app out, such as a policy of "
                "conditional access.",
            )  # fmt: skip
        elif answer.state == "refused" or (has is not None and not has & enough):
            yield _users_lacking(part, onedrive) if listing == "users" else Finding(
                about, "role-missing",
                f"{about}: its app {part.account.client_id} lacks {FULL}: it may not list and read "
                "sites, so nothing of it can be fetched.",
                _grant(part, role),
            )  # fmt: skip
    if has is None:
        yield Finding(
            about, "role-not-known",
            f"{about}: nobody can tell whether its app has {FULL}, without which the service hides "
            "what lies under a retention label.",
            f"See it in the tenant, under API permissions of the app {part.account.client_id}.",
        )  # fmt: skip
    elif FULL not in has and has & _SITES:
        yield Finding(
            about, "role-missing-for-level",
            f"{about}: its app {part.account.client_id} lacks {FULL}: the service hides what lies "
            "under a retention label, so V5 is not verified.",
            _grant(part, FULL),
        )  # fmt: skip


def _users_lacking(part: OfTenant, onedrive: Sequence[str]) -> Finding:
    about = f"tenant {part.tenant}"
    if onedrive:
        return Finding(
            about, "role-missing",
            f"{about}: its app {part.account.client_id} lacks {_USERS}: it may not list people, so "
            f"their OneDrives are not found: {', '.join(sorted(set(onedrive)))}.",
            _grant(part, _USERS),
        )  # fmt: skip
    return Finding(
        about, "role-missing-for-level",
        f"{about}: its app {part.account.client_id} lacks {_USERS}: it may not list people, so "
        "nobody sees whether they have OneDrives that the scope does not name.",
        _grant(part, _USERS),
    )  # fmt: skip


def _to_write(part: OfTenant, seen: SeenTenant) -> Iterator[Finding]:
    about = f"tenant {part.tenant}"
    if seen.roles is None or (_SELECTED in seen.roles and not _WRITERS & set(seen.roles)):
        why = (
            "its token does not tell what it may do"
            if seen.roles is None
            else f"it has {_SELECTED}, and only the site says what it granted"
        )
        yield Finding(
            about, "role-not-known",
            f"{about}: nobody can tell without writing whether its app {part.account.client_id} "
            f"may write there: {why}.",
            f"See that it has {_WRITE}, or that each site that is written in granted it 'write'.",
        )  # fmt: skip
    elif not _WRITERS & set(seen.roles):
        yield Finding(
            about, "role-missing",
            f"{about}: its app {part.account.client_id} lacks {_WRITE}: it may not write there, so "
            "nothing could be put into it.",
            _grant(part, _WRITE),
        )  # fmt: skip


def _grant(part: OfTenant, role: str) -> str:
    """The commands that allow it, for an administrator of that tenant."""
    app = shlex.quote(part.account.client_id)
    return (
        f"Have an administrator of that tenant grant the application permission {role}: "
        f"az login --tenant {shlex.quote(part.account.tenant_id)} --allow-no-subscriptions && "
        f"az ad app permission add --id {app} --api {_GRAPH} --api-permissions {_IDS[role]}=Role "
        f"&& az ad app permission admin-consent --id {app}"
    )
