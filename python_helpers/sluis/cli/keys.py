"""``sluis keys``: the operator's own keys, and whose keys a client's dossiers believe."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from sluis.cli.change_run import ClientArgument, JsonOption
from sluis.cli.plainly import plainly
from sluis.cli.session import Session
from sluis.counted import counted
from sluis.errors import InputError
from sluis.evidence.anchors import Party, TrustedKey, load_anchors, revoke_key, trust_key
from sluis.evidence.files import read_regular
from sluis.evidence.keys import PublicKey, key_folder, new_key, public_key
from sluis.places import Places, client_id
from sluis.plan.faults import did_you_mean
from sluis.runbook.not_there import no_such_client

app = typer.Typer(
    name="keys",
    help="Make, show, trust and revoke keys.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

_LARGEST_KEY = 64 * 1024
#: characters of a key's id by which it may be named, at least
_BEGINNING = 8
_WHICH = f"The key's id, or {_BEGINNING} or more of its first characters; or its name."
#: characters of a passphrase at least
_SHORTEST = 12


@app.command("new")
def new(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="A short name, such as your initials.")],
    no_passphrase: Annotated[
        bool,
        typer.Option("--no-passphrase", help="Leave the private key unencrypted on disk."),
    ] = False,
    as_json: JsonOption = False,
) -> int:
    """Make a key of your own. Asks for a passphrase unless you say that you want none."""
    session: Session = context.obj
    passphrase = None if no_passphrase else _ask_passphrase()
    folder = key_folder(session.environ)
    key = new_key(folder, name, passphrase)
    session.result(
        {"schema_version": 1, "keyid": key.keyid, "name": key.name, "folder": str(folder)},
        as_json=as_json,
        show=lambda console: console.print(
            f"Made the key {key.name} in {folder}\n"
            f"Its id: {key.keyid}\n"
            "Next: have a client's dossiers believe it, with: sluis keys trust CLIENT",
            markup=False,
            soft_wrap=True,
        ),
    )
    return 0


@app.command("list")
def list_keys(
    context: typer.Context,
    client: Annotated[
        str | None,
        typer.Argument(help="Show whom this client's dossiers believe.", show_default=False),
    ] = None,
    as_json: JsonOption = False,
) -> int:
    """Show your own keys, or with a client the keys that its dossiers believe."""
    session: Session = context.obj
    if client is None:
        keys = [{"keyid": key.keyid, "name": key.name} for key in _own(session)]
    else:
        client = client_id(client)
        _must_exist(session.places, client)
        anchors = load_anchors(session.places.trust(client), client)
        keys = [
            key.model_dump(mode="json", exclude={"public_pem"}) for key in anchors.keys.values()
        ]
    session.result(
        {"schema_version": 1, "client": client, "keys": keys},
        as_json=as_json,
        show=lambda console: _show(console, client, keys),
    )
    return 0


@app.command("trust")
def trust(
    context: typer.Context,
    client: ClientArgument,
    name: Annotated[
        str | None,
        typer.Argument(help="One of your own keys; by itself the only one.", show_default=False),
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option(help="Somebody else's public key (PEM) instead.", show_default=False),
    ] = None,
    party: Annotated[Party, typer.Option(help="Whose key it is.")] = "operator",
    as_json: JsonOption = False,
) -> int:
    """Believe a key in the dossiers of one client from now on."""
    session: Session = context.obj
    places, client = session.places, client_id(client)
    _must_exist(places, client)
    key = _from_file(file, name) if file is not None else _own_key(session, name)
    trusted = trust_key(places.trust(client), client, key, party=party, now=session.now())
    session.result(
        {"schema_version": 1, "client": client, **_plain(trusted)},
        as_json=as_json,
        show=lambda console: console.print(
            f"The dossiers of {client} believe the key {plainly(trusted.name)} "
            f"({trusted.party}, {trusted.keyid[:16]}…) since {trusted.valid_from:%Y-%m-%d %H:%M} "
            "UTC. Keep inventories/trust in version control.",
            markup=False,
            soft_wrap=True,
        ),
    )
    return 0


@app.command("revoke")
def revoke(
    context: typer.Context,
    client: ClientArgument,
    key: Annotated[str, typer.Argument(help=_WHICH)],
    why: Annotated[str, typer.Option(help="Why, in a sentence.", show_default=False)],
    as_json: JsonOption = False,
) -> int:
    """Believe a key no more. It stays on record, so that old statements can be judged."""
    session: Session = context.obj
    places, client = session.places, client_id(client)
    if not why.strip():
        raise InputError("no-reason", "A revocation needs a reason.", "Say why in a sentence.")
    known = load_anchors(places.trust(client), client).keys
    revoked = revoke_key(
        places.trust(client),
        client,
        _meant(known, client, key),
        now=session.now(),
        why=why.strip()[:500],
    )
    session.result(
        {"schema_version": 1, "client": client, **_plain(revoked)},
        as_json=as_json,
        show=lambda console: console.print(
            f"The dossiers of {client} believe the key {plainly(revoked.name)} no more.",
            markup=False,
            soft_wrap=True,
        ),
    )
    return 0


def _meant(known: Mapping[str, TrustedKey], client: str, key: str) -> str:
    """The id of the key that was named: by its id, its beginning, or its name.

    Raises:
        InputError: ``unknown-key``, ``which-key``; with the keys that there are.
    """
    begins = len(key) >= _BEGINNING
    matches = [keyid for keyid, item in known.items() if key in (keyid, item.name)] or [
        keyid for keyid in known if begins and keyid.startswith(key.lower())
    ]
    if len(matches) == 1:
        return matches[0]
    listed = ", ".join(f"{known[keyid].name} ({keyid})" for keyid in matches or known)
    if matches:
        raise InputError(
            "which-key",
            f"{len(matches)} keys of {client} can be meant by {key[:80]!r}: {listed}.",
            "Give the whole id of one of them.",
        )
    short = "" if begins else f"; of an id, give {_BEGINNING} or more characters"
    raise InputError(
        "unknown-key",
        f"No key of {client} is called {key[:80]!r}{short}. It has: {listed or 'none'}.",
        did_you_mean(
            key,
            [item.name for item in known.values()],
            f"Look up the key's id with: sluis keys list {client}",
        ),
    )


def _plain(key: Any) -> dict[str, Any]:
    found: dict[str, Any] = key.model_dump(mode="json", exclude={"public_pem"})
    return found


def _ask_passphrase() -> bytes:
    if not sys.stdin.isatty():
        raise InputError(
            "no-terminal",
            "There is no terminal to ask for a passphrase on.",
            "Run this on a terminal, or say --no-passphrase.",
        )
    first = getpass.getpass("Passphrase for the new key: ")
    if 0 < len(first) < _SHORTEST:
        raise InputError(
            "weak-passphrase",
            f"That passphrase has {counted(len(first), 'character')}: whoever gets hold of "
            "the file guesses "
            "it.",
            f"Take at least {_SHORTEST}, such as four words that do not belong together; or say "
            "--no-passphrase and mean it.",
        )
    if first != getpass.getpass("The same again: "):
        raise InputError("passphrases-differ", "The two passphrases differ.", "Try again.")
    return first.encode()


def _own(session: Session) -> list[PublicKey]:
    found = []
    for path in sorted(key_folder(session.environ).glob("*.pub")):
        try:
            text = read_regular(path, _LARGEST_KEY).decode()
        except (OSError, ValueError) as error:
            raise InputError("bad-key", f"{path} cannot be read: {error}.", "Look at it.") from None
        found.append(public_key(text, path.stem))
    return found


def _own_key(session: Session, name: str | None) -> PublicKey:
    own = _own(session)
    wanted = name or session.environ.get("SLUIS_KEY")
    matches = [key for key in own if wanted is None or key.name == wanted]
    if len(matches) == 1:
        return matches[0]
    folder = key_folder(session.environ)
    if not matches:
        raise InputError(
            "no-key",
            f"There is no key {wanted or ''} in {folder}.".replace("  ", " "),
            "Make one with: sluis keys new NAME",
        )
    raise InputError(
        "which-key",
        f"There are several keys in {folder}: {', '.join(key.name for key in matches)}.",
        "Say which one.",
    )


def _from_file(path: Path, name: str | None) -> PublicKey:
    try:
        text = read_regular(path, _LARGEST_KEY).decode()
    except (OSError, ValueError) as error:
        raise InputError(
            "no-key", f"{path} cannot be read: {error}.", "Name a public key in PEM."
        ) from None
    return public_key(text, name or path.stem)


def _must_exist(places: Places, client: str) -> None:
    if not places.inventory(client).is_dir():
        raise no_such_client(places, client)


def _of_client(key: dict[str, Any]) -> str:
    """A key that a client's dossiers believe: its id in one piece, and what is known of it."""
    told = [f"{name.replace('_', ' ')} {value}" for name, value in key.items()
            if name not in ("keyid", "name", "party") and value is not None]  # fmt: skip
    return f"{key['keyid']}  {key['name']} ({key['party']}){'; ' if told else ''}{'; '.join(told)}"


def _show(console: Console, client: str | None, keys: list[dict[str, Any]]) -> None:
    if not keys:
        console.print("There is no key yet. Make one: sluis keys new NAME", markup=False)
        return
    if client is not None:
        # a table breaks an id that is to be copied, or looked for
        for key in keys:
            console.print(Text(plainly(_of_client(key))), soft_wrap=True)
        return
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    for column in keys[0]:
        table.add_column(column.replace("_", " "), overflow="fold")
    for key in keys:
        table.add_row(
            *(Text(plainly(str(value if value is not None else ""))) for value in key.values())
        )
    console.print(table)
