"""Look at every tenant of the inventory and draft what the scope does not name yet."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from datetime import date
from itertools import count
from pathlib import Path
from typing import Any

from sluis.border.verbs.tenant_discover import Answer
from sluis.counted import counted
from sluis.errors import InputError, SluisError
from sluis.evidence.files import write_new
from sluis.runbook.run import Run
from sluis.runbook.tenant_discovering import (
    Call,
    discovery_of,
    unnamed_parts,
    unnamed_sources,
    unnamed_workloads,
)
from sluis.runbook.tenant_settings import TenantSettings
from sluis.scope.drafting import DraftAsset, Found, draft_assets, draft_text, one_line
from sluis.scope.load import load_scope
from sluis.scope.model import ScopeDocument

_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?")
#: listings without which there may be drives that nobody has seen
_WHOLE = frozenset(
    {
        *("sites", "subsites", "groups and their sites", "drives of a site", "lists of a site"),
        *("drive of a library", "users and their OneDrives", "drives of a person"),
    }
)
_MODE = 0o640


@dataclass
class Drafted:
    """What was drafted.

    Args:
        file: where, or ``None`` when the scope names everything already.
        written: whether that file is new.
        assets: what is in it.
        lines: for the operator.
        could_not: what nobody could see.
        incomplete: of that, what may hide whole drives.
    """

    file: Path | None = None
    written: bool = False
    assets: tuple[DraftAsset, ...] = ()
    lines: list[str] = field(default_factory=list)
    could_not: list[str] = field(default_factory=list)
    incomplete: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """The draft as plain JSON data."""
        return {
            "file": None if self.file is None else str(self.file),
            "written": self.written,
            "assets": [
                {
                    "id": asset.id, "name": asset.name, "kind": asset.kind,
                    "location": asset.location,
                    "tenant": asset.origin[0] if asset.origin else None,
                    "drive": asset.origin[1] if asset.origin else None,
                    "items": asset.items, "size": asset.size,
                }
                for asset in self.assets
            ],
            "could_not": self.could_not,
            "incomplete": self.incomplete,
        }  # fmt: skip


def draft_scope(
    run: Run,
    settings: TenantSettings,
    call: Call,
    *,
    into: TenantSettings | None = None,
    today: date,
    check_mode: bool = False,
) -> Drafted:
    """Count what is in the tenants of the inventory, and write what the scope does not name.

    No scope is needed. Nothing is recorded: a draft is no evidence.

    Args:
        run: the current run.
        settings: accounts and secrets; every tenant that has an account is looked at.
        call: runs ``discover_sources`` on the worker.
        into: accounts of the new tenants; their drives are listed as places to put something.
        today: the day of counting.
        check_mode: say what would be done.

    Raises:
        InputError: ``no-such-change``, ``no-tenants``, ``bad-tenant-name``.
        SluisError: the scope that is there cannot be read, or a tenant cannot be looked at;
            nothing is written then.
    """
    scope = _scope(run)
    drafted = Drafted()
    found = []
    for tenant in _tenants(settings):
        if check_mode:
            drafted.lines.append(f"{tenant}: everything in it would be counted")
            continue
        answer = call(discovery_of(settings, tenant, count=True), settings.secret(tenant))
        found.append(_read(tenant, answer, scope, drafted))
    drafted.assets = draft_assets(found, scope, today)
    if drafted.assets:
        targets = _targets(into, call, drafted) if into is not None else []
        text = draft_text(drafted.assets, found, targets, scope, today)
        drafted.file, drafted.written = _write(run.change_folder, text.encode("utf-8"))
        where = drafted.file.relative_to(run.places.root)
        how = "" if drafted.written else ", as before"
        drafted.lines.append(f"{counted(len(drafted.assets), 'asset')} in {where}{how}")
    elif not check_mode:
        drafted.lines.append("The scope names everything that was seen.")
    return drafted


def _targets(into: TenantSettings, call: Call, drafted: Drafted) -> list[Found]:
    """The drives of the new tenants. Without them the draft is whole all the same."""
    found = []
    for tenant in sorted(into.accounts):
        try:
            answer = call(discovery_of(into, tenant, count=False), into.secret(tenant))
        except SluisError as error:
            drafted.could_not.append(one_line(f"{tenant}: drives to put it in: {error.what}", 400))
            continue
        found.append(Found(tenant, answer.sources, (), ()))
    return found


def _tenants(settings: TenantSettings) -> list[str]:
    if not settings.accounts:
        raise InputError(
            "no-tenants",
            "The inventory has no tenant to look at.",
            "Write tenant_id and client_id of its app under a name in tenant_export_accounts.",
        )
    for tenant in settings.accounts:
        if not _SLUG.fullmatch(tenant):
            raise InputError(
                "bad-tenant-name",
                f"The tenant {tenant[:80]!r} in tenant_export_accounts cannot stand in a scope.",
                "Use 1 to 63 lower-case letters, digits, '-' and '_'.",
            )
    return sorted(settings.accounts)


def _scope(run: Run) -> ScopeDocument | None:
    """The scope that is there; one with a mistake in it stops us, for it names who knows what."""
    if not run.change_folder.is_dir():
        raise InputError(
            "no-such-change",
            f"There is no folder {run.change_folder}.",
            f"Begin the change with: sluis new {run.client} --change {run.change}",
        )
    path = run.change_folder / "scope.yml"
    return load_scope(path).document if os.path.lexists(path) else None


def _read(tenant: str, answer: Answer, scope: ScopeDocument | None, drafted: Drafted) -> Found:
    for gap in answer.could_not:
        words = one_line(f"{tenant}: {gap.what}: {gap.subject}: {gap.why}", 400)
        drafted.could_not.append(words)
        if gap.what in _WHOLE:
            drafted.incomplete.append(words)
    found = Found(
        tenant,
        unnamed_sources(scope, answer.sources),
        unnamed_workloads(scope, tenant, [item for item in answer.workloads if item.seen]),
        answer.could_not,
        unnamed_parts(scope, tenant, answer.parts),
    )
    files = sum(source.items or 0 for source in answer.sources)
    drafted.lines.append(
        f"{tenant}: {counted(len(answer.sources), 'drive')} with {counted(files, 'file')}; "
        f"{counted(len(found.sources), 'drive is', 'drives are')} not in the scope"
    )
    return found


def _write(folder: Path, data: bytes) -> tuple[Path, bool]:
    """Write the draft beside every earlier one: somebody's notes may be in those.

    Returns:
        the file, and whether it was written; one that holds just this is left as it is.
    """
    for number in count(1):
        path = folder / ("found.yml" if number == 1 else f"found-{number}.yml")
        try:
            write_new(path, data, _MODE)
        except FileExistsError:
            if path.is_file() and path.read_bytes() == data:
                return path, False
        else:
            return path, True
    raise AssertionError  # count() has no end
