"""``sluis new``: a client's folder and trust folder, from the template."""

from __future__ import annotations

import os
import re
import secrets
import shutil
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from sluis.cli.change_run import ClientArgument, JsonOption
from sluis.cli.session import Session
from sluis.errors import InputError
from sluis.evidence.files import make_folder, sync_folder
from sluis.places import Places, change_id, client_id

_TEMPLATE = "template"
_TEMPLATE_CHANGE = "CHG-TEMPLATE"


def add_to(app: typer.Typer) -> None:
    """Give ``app`` this verb."""
    app.command("new")(new_client)


def new_client(
    context: typer.Context,
    client: ClientArgument,
    change: Annotated[
        str | None,
        typer.Option(help="Make this change as well, from the template.", show_default=False),
    ] = None,
    as_json: JsonOption = False,
) -> int:
    """Begin a client, or with --change a change of one. Overwrites nothing."""
    session: Session = context.obj
    places, client = session.places, client_id(client)
    made: list[Path] = []
    inventory = places.inventory(client)
    known = os.path.lexists(inventory)
    if known and change is None:
        raise InputError(
            "client-exists",
            f"There is already a folder {inventory}.",
            "Choose another id, or begin a change with --change.",
        )
    if change is not None and os.path.lexists(places.change(client, change_id(change))):
        raise InputError(
            "change-exists",
            f"There is already a folder {places.change(client, change)}.",
            "Choose another change id.",
        )
    if known and change is not None:
        made.append(_make_change(places, client, change))
    else:
        made.append(_make_client(places, client, change))
    trust = places.trust(client)
    if not trust.is_dir():
        make_folder(trust)
        made.append(trust)
    session.result(
        {"schema_version": 1, "client": client, "change": change, "made": [str(p) for p in made]},
        as_json=as_json,
        show=lambda console: _show(console, places, client, change, made),
    )
    return 0


def _show(
    console: Console, places: Places, client: str, change: str | None, made: list[Path]
) -> None:
    for path in made:
        console.print(f"Made {path}", markup=False, soft_wrap=True)
    todo = []
    if places.inventory(client) in made:
        todo.append(f"write your hosts and settings into inventories/{client}")
    if change is not None:
        todo.append(f"describe the change in inventories/{client}/changes/{change}")
    if not any(places.trust(client).iterdir()):
        todo.append(f"trust your key with: sluis keys trust {client}")
    if todo:
        console.print(f"Next: {'; '.join(todo)}.", markup=False, soft_wrap=True)


def _make_client(places: Places, client: str, change: str | None) -> Path:
    """Copy the template beside its place, finish it there, then give it its name."""
    target = places.inventory(client)
    unfinished = _copy(places.root / "inventories" / _TEMPLATE, target)
    try:
        if change is None:
            shutil.rmtree(unfinished / "changes", ignore_errors=True)
            (unfinished / "changes").mkdir()
        else:
            folder = unfinished / "changes" / change
            (unfinished / "changes" / _TEMPLATE_CHANGE).rename(folder)
            _name(folder, client, change)
        unfinished.rename(target)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise
    sync_folder(target.parent)
    return target


def _make_change(places: Places, client: str, change: str) -> Path:
    target = places.change(client, change)
    make_folder(target.parent)
    template = places.root / "inventories" / _TEMPLATE / "changes" / _TEMPLATE_CHANGE
    unfinished = _copy(template, target)
    try:
        _name(unfinished, client, change)
        unfinished.rename(target)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise
    sync_folder(target.parent)
    return target


def _copy(source: Path, target: Path) -> Path:
    if not source.is_dir():
        raise InputError(
            "no-template",
            f"The project has no folder {source}.",
            "Put it back from version control.",
        )
    unfinished = target.parent / f".new-{secrets.token_hex(8)}"
    shutil.copytree(source, unfinished)
    return unfinished


def _name(folder: Path, client: str, change: str) -> None:
    """Write the ids into the scope: its template says whose it is on lines of their own."""
    path = folder / "scope.yml"
    text = path.read_text(encoding="utf-8")
    for field, value in (("client", client), ("change", change)):
        text, times = re.subn(rf"(?m)^{field}:.*$", f"{field}: {value}", text)
        if times != 1:
            raise InputError(
                "bad-template",
                f"The template's scope.yml has {times} lines that begin with '{field}:'.",
                "Give it exactly one, or put it back from version control.",
            )
    path.write_text(text, encoding="utf-8")
