"""The reference of every setting, made from what the roles and the models say: docs/settings.md.

    python -m sluis.runbook.settings_page > docs/settings.md

A test holds the page against this, so it cannot grow old. What a field is for, where no
argument_specs can say it (their keys are ids of assets), stands here; one without words is an
error.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from sluis.plan.template_words import (
    CALLS,
    FILTERS,
    LOOKUPS,
    NAMES,
    NO_FILTERS,
    NO_LOOKUPS,
    NO_NAMES,
    NO_TESTS,
    ONLY_WITH,
    TESTS,
)
from sluis.runbook.written_settings import FIELDS

_HEAD = """\
# Every setting

This page is made from the roles' `meta/argument_specs.yml` and the models that read them:
`.venv/bin/python -m sluis.runbook.settings_page > docs/settings.md`. Examples are in
[examples.md](examples.md). Where not said otherwise a setting stands in the client's `group_vars`
or `host_vars`. Whatever is not on this page is refused, with what was meant.
"""
_TEMPLATES = """\
## What a template may use

In the inventory, `group_vars`, `host_vars`, `update.yml` and `restore.yml` a template may use what
is listed here: its value follows from variables alone. Anything else is refused
(`reaches-outside`), since the bytes that the client signed could mean something else later. No
method is called: write `x | split('.')` for `x.split('.')`, `x | dictsort` for `x.items()`,
`x is match('a')` for `x.startswith('a')`, `x.y | default(z)` for `x.get('y', z)`.

What leads to a machine (`ansible_*` and each variable that it uses) may use variables of the
inventory, `inventory_hostname`, `inventory_dir` and `ansible_playbook_python`, and of another host
what is written as `hostvars['db1'].name`. Refused is what each run sets anew: `phase`,
`ansible_check_mode`, `ansible_play_hosts`, `playbook_dir`, facts, results of steps.
"""
#: where the variables of these roles stand
_IN_THE_CHANGE = {
    "software_update": "in a change's `update.yml`; of a `restore.yml` without "
    "`software_update_way_back`",
    "service_checks": "in a change's `update.yml` or `restore.yml`",
    "restore_asset": "in a change's `restore.yml`",
}

#: what each field of a setting by name is for
_WORDS: Mapping[str, Mapping[str, str]] = {
    "snapshot_and_verify_connections": {
        "host_address": "Address of the server, or its socket, or the folder of that socket. "
        "Empty: the programs' own default.",
        "port": "Its port. Empty: 5432, or 3306 of MariaDB.",
        "user": "Whom to log in as. Empty: `postgres`, or `root` of MariaDB. As root over a socket "
        "and without a password, the system user of that name is used.",
        "bin_dir": "Folder of the server's client programs, when there are several versions.",
        "data_directory": "The server's own files, to be kept when a broken one cannot be dumped.",
    },
    "snapshot_and_verify_secrets": {
        "password": "Of the database's user.",
        "backup_repository_password": "Opens an existing restic backup, see "
        "`snapshot_and_verify_adopt`.",
        "backup_escrow_password": "Its second key.",
        "backup_store_user": "User on the store of that backup; a name and no secret.",
        "backup_store_password": "Password on it.",
        "backup_store_key": "Private SSH key for it, as text or as a file on the controller.",
    },
    "snapshot_and_verify_store_secrets": {
        "repository_password": "Opens the repository. Hosts get it.",
        "escrow_password": "Opens it as well, by a second key. Kept elsewhere; only the verifier "
        "gets it. V6 needs it, and it must be another one.",
        "store_user": "User on a REST store; a name and no secret.",
        "store_password": "Password on a REST store.",
        "store_key": "Private SSH key for an SFTP store, as text or as a file on the controller.",
    },
    "snapshot_and_verify_adopt": {
        "kind": "`copies` (files as they are), `dump` (of a database) or `restic`.",
        "machine": "Name or address of the machine that the backup is on.",
        "site": "The place that it stands in.",
        "country": "Its country, two letters.",
        "provider": "The firm that runs it.",
        "locations": "Where the copies or dumps are, as folders or files on the asset's host.",
        "layout": "`one`: each location is a copy. `each`: each item in a location is one.",
        "store": "The restic repository, with the fields of `snapshot_and_verify_store`.",
        "path": "The asset's path as that backup was told it (restic).",
        "host": "The host that its snapshots name (restic).",
    },
    "service_checks_secrets": {"password": "Of the database that the check asks."},
}
_ACCOUNT = {
    "tenant_id": "Id of the tenant (a GUID).",
    "client_id": "Id of the app registration.",
    "authority": "Address that gives tokens. Empty: Microsoft's.",
    "graph": "Address of Graph. Empty: Microsoft's.",
    "ca": "File on the worker with the certificate that these two are signed by.",
    "certificate": "File on the worker with the app's certificate and key, instead of a secret.",
    "secret_file": "File on the worker with the app's secret.",
    "licences": "Licensed people of the tenant, by which Graph measures its limits.",
}
_SERVER = {
    "address": "Address of an SFTP server.",
    "user": "User there.",
    "port": "Its port. Empty: 22.",
    "known_hosts": "File on the worker with its host key.",
    "host_key": "Its host key: the type and the key.",
    "key": "File on the worker with a private key.",
    "password_file": "File on the worker with the password.",
    "passphrase_file": "File on the worker with the passphrase of the key.",
    "patience": "Seconds that it may stay away.",
}
_TENANT_SECRET = {
    "secret": "The app's secret.",
    "password": "Of a server's user.",
    "passphrase": "Of the key for a server.",
}
_MORE: Mapping[str, Mapping[str, str]] = {
    "tenant_export_accounts": _ACCOUNT,
    "tenant_import_accounts": _ACCOUNT,
    "tenant_export_servers": _SERVER,
    "tenant_export_secrets": _TENANT_SECRET,
    "tenant_import_secrets": _TENANT_SECRET,
}


def page(roles: Path) -> str:
    """The whole page.

    Args:
        roles: the folder with the roles.

    Raises:
        KeyError: a field has no words here.
    """
    parts = [_HEAD]
    for path in sorted(roles.glob("*/meta/argument_specs.yml")):
        parts += _role(path.parents[1])
    return "\n".join([*parts, *_templates()])


def _templates() -> Iterator[str]:
    yield _TEMPLATES
    for what, allowed, refused in (
        ("Calls and names", CALLS | NAMES, NO_NAMES),
        ("Lookups", LOOKUPS, NO_LOOKUPS),
        ("Filters", FILTERS, NO_FILTERS),
        ("Tests", TESTS, NO_TESTS),
    ):
        yield f"### {what}\n"
        yield ", ".join(_allowed(name) for name in sorted(allowed)) + ".\n"
        yield "Refused:\n"
        yield "\n".join(f"- `{name}`: {why}" for name, why in sorted(refused.items())) + "\n"


def _allowed(name: str) -> str:
    return f"`{name}` (only with {ONLY_WITH[name]})" if name in ONLY_WITH else f"`{name}`"


def _role(role: Path) -> Iterator[str]:
    said = yaml.safe_load((role / "meta" / "argument_specs.yml").read_text(encoding="utf-8"))
    options: dict[str, dict[str, Any]] = {}
    for entry in said["argument_specs"].values():
        for name, option in (entry.get("options") or {}).items():
            options.setdefault(name, option)
    if not options:
        return
    defaults: dict[str, Any] = {}
    if (role / "defaults" / "main.yml").is_file():
        defaults = yaml.safe_load((role / "defaults" / "main.yml").read_text("utf-8")) or {}
    place = _IN_THE_CHANGE.get(role.name)
    yield f"## {role.name}" + (f" ({place})" if place else "") + "\n"
    for name, option in sorted(options.items()):
        yield _heading(name, option, defaults)
        yield _text(option.get("description")) + "\n"
        yield from _fields(name, option)


def _heading(name: str, option: Mapping[str, Any], defaults: Mapping[str, Any]) -> str:
    words = [str(option.get("type", "str"))]
    if option.get("elements"):
        words.append(f"of {option['elements']}")
    if option.get("required"):
        words.append("required")
    if option.get("choices"):
        words.append("one of " + ", ".join(f"`{one}`" for one in option["choices"]))
    default = option.get("default", defaults.get(name))
    if default not in (None, "", {}, []):
        shown = str(default).lower() if isinstance(default, bool) else str(default)
        words.append(f"default `{shown}`")
    return f"### `{name}`\n\n*{_joined(words)}*\n"


def _joined(words: list[str]) -> str:
    kind = " ".join(words[:2]) if len(words) > 1 and words[1].startswith("of ") else words[0]
    rest = words[2:] if kind != words[0] else words[1:]
    return "; ".join([kind, *rest])


def _fields(name: str, option: Mapping[str, Any]) -> Iterator[str]:
    rows = [
        (field, "required" if said.get("required") else "", _text(said.get("description")), said)
        for field, said in (option.get("options") or {}).items()
    ]
    if rows:
        yield "| field | | what it is |\n|---|---|---|"
        for field, needed, text, said in rows:
            choices = ", ".join(f"`{one}`" for one in said.get("choices") or ())
            more = f" One of {choices}." if choices else ""
            yield f"| `{field}` | {needed} | {text}{more} |"
        yield ""
    if name in FIELDS:
        words = {**_WORDS, **_MORE}[name]
        flat = name == "snapshot_and_verify_store_secrets"
        yield "Fields:\n" if flat else "By id or name; the fields of each:\n"
        yield "| field | what it is |\n|---|---|"
        for field in sorted(FIELDS[name]):
            yield f"| `{field}` | {words[field]} |"
        yield ""


def _text(said: Any) -> str:
    """Ansible's markup as Markdown."""
    lines = said if isinstance(said, list) else [said or ""]
    text = " ".join(" ".join(str(line).split()) for line in lines)
    return re.sub(r"\b[CVO]\(([^)]*)\)", r"`\1`", text).replace("|", "\\|")


def main() -> None:
    """Print the page."""
    sys.stdout.write(page(Path(sys.argv[1] if len(sys.argv) > 1 else "roles")))


if __name__ == "__main__":
    main()
