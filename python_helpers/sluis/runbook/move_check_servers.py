"""What is wrong with the servers and folders that a move fetches from, and what to write."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator

from sluis.border.ssh_words import fingerprint_of, known_hosts_name
from sluis.border.verb import Failure
from sluis.border.verbs.tenant_check import TENANT_CHECK, AtFolder, OfServer, SeenServer
from sluis.errors import InputError, SluisError
from sluis.runbook.findings import Finding
from sluis.runbook.host_errors import host_error
from sluis.runbook.move_check_uses import ServerUse, names_of
from sluis.runbook.run import Run
from sluis.runbook.scope_lines import line_in_scope
from sluis.scope.model import Asset

_KEY = frozenset({"host-key-unknown", "host-key-wrong"})
_WHERE = frozenset({"source-missing", "source-not-a-folder"})


def server_findings(
    run: Run, host: str, use: ServerUse, part: OfServer, seen: SeenServer | None
) -> Iterator[Finding]:
    """What is wrong with one server.

    Args:
        run: the current run.
        host: the worker that looked.
        use: who needs it.
        part: what was asked.
        seen: what was answered; ``None``: nothing.
    """
    about = f"server {part.server}"
    if seen is None:
        yield not_answered(host, about)
        return
    if seen.failure is not None:
        yield _not_in(host, about, part, seen, seen.failure)
        return
    answers = {one.folder: one for one in seen.folders}
    for folder, assets in use.folders.items():
        what = f"{about}, folder {folder}"
        yield from folder_findings(run, host, (what, about), assets, answers.get(folder))


def folder_findings(
    run: Run, host: str, about: tuple[str, str], assets: list[Asset], seen: AtFolder | None
) -> Iterator[Finding]:
    """What is wrong with one folder, of a server or of the worker itself.

    Args:
        run: the current run.
        host: the worker that looked.
        about: what the folder is called, and what it lies on.
        assets: what is fetched from it.
        seen: what was answered; ``None``: nothing.
    """
    folder, lies_on = about
    if seen is None:
        yield not_answered(host, folder)
    elif seen.failure is not None:
        error = host_error(seen.failure, host=host, module=TENANT_CHECK.name)
        yield _of_folder(run, lies_on, assets, error)


def not_answered(host: str, about: str) -> Finding:
    """The finding for something of which nobody knows anything.

    Args:
        host: the worker that looked.
        about: what it is.
    """
    return Finding(
        about, "not-looked-at",
        f"{about}: {host} got no whole answer in time, so nobody knows whether all is right there.",
        f"See from {host} why that takes so long, and check again.",
    )  # fmt: skip


def _not_in(host: str, about: str, part: OfServer, seen: SeenServer, failure: Failure) -> Finding:
    error = host_error(failure, host=host, module=TENANT_CHECK.name)
    remedy = error.remedy
    if error.code in _KEY:
        remedy = _compare(host, part, seen.shown)
    elif error.code == "source-login-refused":
        remedy = _login(host, part)
    elif error.code == "source-unreachable":
        remedy = (
            f"See that {host} reaches that address and port, and that the old supplier lets it in. "
            f"Otherwise correct address or port under {part.server} in tenant_export_servers."
        )
    what = f"{about}, from {host}: {error.what}"
    return Finding(about, error.code, what, remedy, isinstance(error, InputError))


def _compare(host: str, part: OfServer, shown: str | None) -> str:
    """Who has to say whether that key is right, and the line to write when it is."""
    ask = (
        "Somebody may be in between. Ask the old supplier, in another way than over this line, "
        "for the fingerprint of the server's key."
    )
    if shown is None:
        return f"{ask} Write the key as host_key under {part.server} in tenant_export_servers."
    login = part.login
    if login.known_hosts:
        name = known_hosts_name(login.address, login.port or 22)
        line = f"write in {login.known_hosts} on {host}: {name} {shown}"
    else:
        line = f'write under {part.server} in tenant_export_servers: host_key: "{shown}"'
    return f"{ask} Only if it is {_fingerprint(shown)}, {line}"


def _fingerprint(key: str) -> str:
    try:
        blob = base64.b64decode(key.split()[1], validate=True)
    except (binascii.Error, IndexError):
        return "that of the key below"
    return fingerprint_of(blob)


def _login(host: str, part: OfServer) -> str:
    name = part.server
    if part.login.key:
        return (
            f"Have the old supplier let in the public key of {part.login.key} on {host} for "
            f"{part.login.user}, or correct user or key under {name} in tenant_export_servers."
        )
    return (
        f"Ask the old supplier for the password, and write it as password under {name} in "
        f"tenant_export_secrets, in a vault file; or correct user under {name} in "
        "tenant_export_servers."
    )


def _of_folder(run: Run, about: str, assets: list[Asset], error: SluisError) -> Finding:
    remedy = error.remedy
    if error.code in _WHERE:
        lines = "; ".join(line_in_scope(run, one.id, ("origin", "folder")) for one in assets)
        remedy = f"Find out where the data went, or correct folder under origin: {lines}."
    what = f"{about}: {names_of(assets)}: {error.what}"
    return Finding(about, error.code, what, remedy)
