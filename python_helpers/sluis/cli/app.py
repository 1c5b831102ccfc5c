"""The ``sluis`` command: its verbs, and what its exit statuses mean.

0 applied and verified (or: the verb did what was asked) · 75 awaiting sign-off ·
77 refused · 64 wrong usage or input · 1 failed.
"""

from __future__ import annotations

import os
import re
import shlex
import sys
import tempfile
import traceback
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text
from typer.core import TyperGroup
from typer.exceptions import Exit, TyperException

from sluis import __version__
from sluis.cli import (
    adopt,
    apply,
    check,
    discover,
    forecast,
    freeze,
    judge,
    keys,
    landing,
    new_client,
    prepare,
    rehearse,
    request,
    sign,
    status,
    verify,
)
from sluis.cli.from_here import Screen, filled, from_here
from sluis.cli.plainly import plainly
from sluis.cli.progress_event import ProgressEvent
from sluis.cli.session import Session, print_json
from sluis.errors import EXIT_FAILED, EXIT_USAGE, SluisError

app = typer.Typer(
    name="sluis",
    help="Lets no change through without a proven snapshot and the client's signature.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for _verb in (
    new_client, check, discover, forecast, adopt, prepare, request, sign, apply, freeze, landing,
    status, judge, verify,
):  # fmt: skip
    _verb.add_to(app)
rehearse.add_to(app)
app.add_typer(keys.app, name="keys")


#: a remedy that names the verb, and nothing that could be pasted
_VERB_ALONE = re.compile(r"\bRun prepare (?:first|again)(?=[.;](?:\s|$))")
#: what typer makes of Ctrl-C
_TYPER_INTERRUPTED = 130


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"sluis {__version__}")
        raise typer.Exit(0)


@app.callback()
def _sluis(
    context: typer.Context,
    project: Annotated[
        Path | None,
        typer.Option(help="The project's folder, when you are not in it.", show_default=False),
    ] = None,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say which version.")
    ] = False,
) -> None:
    del version
    context.obj = Session(project=project, environ=dict(os.environ))


def main(arguments: Sequence[str] | None = None) -> None:
    """Run ``sluis`` and exit with its status."""
    sys.exit(run(list(sys.argv[1:] if arguments is None else arguments)))


def run(arguments: list[str]) -> int:
    """Run one verb and return the exit status; no exception leaves this function."""
    try:
        status_of_verb = app(arguments, prog_name="sluis", standalone_mode=False)
    except TyperException as error:
        verb = getattr(getattr(error, "ctx", None), "command_path", None) or "sluis"
        return _wrong(SluisError("usage", error.format_message(), f"See: {verb} --help"),
                      EXIT_USAGE, arguments)  # fmt: skip
    except SluisError as error:
        return _wrong(error, error.exit_status, arguments)
    except (KeyboardInterrupt, typer.Abort):
        return _wrong(_stopped(arguments), EXIT_FAILED, arguments)
    except Exception as error:
        return _wrong(_unexpected(error), EXIT_FAILED, arguments)
    if status_of_verb == _TYPER_INTERRUPTED:
        return _wrong(_stopped(arguments), EXIT_FAILED, arguments)
    return int(status_of_verb or 0)


def _events_wanted(arguments: list[str]) -> bool:
    pairs = pairwise(arguments)
    return "--progress=json" in arguments or ("--progress", "json") in pairs


def _wrong(error: SluisError, exit_status: int, arguments: list[str]) -> int:
    try:
        _say(error, exit_status, arguments)
    # closed, full, or nobody reads it any more (of which rich makes an exit): the status is left
    except (OSError, ValueError, AttributeError, SystemExit):
        sys.stdout = sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115
    return exit_status


def _project(arguments: list[str]) -> Path | None:
    """The project's folder among what was typed."""
    program = typer.main.get_command(app)
    try:
        top = program.make_context("sluis", list(arguments), resilient_parsing=True)
    except (TyperException, Exit):
        return None
    given = top.params.get("project")
    return Path(given) if isinstance(given, str | Path) else None


def _typed(arguments: list[str]) -> tuple[str, str] | None:
    """Client and change among what was typed, wherever options stand; ``None``: not both."""
    program = typer.main.get_command(app)
    if not isinstance(program, TyperGroup):
        return None
    try:
        top = program.make_context("sluis", list(arguments), resilient_parsing=True)
        words = [*top._protected_args, *top.args]
        if not words:
            return None
        name, verb, rest = program.resolve_command(top, words)
        if verb is None:
            return None
        given = verb.make_context(name, rest, parent=top, resilient_parsing=True).params
    except (TyperException, Exit):
        return None
    client, change = given.get("client"), given.get("change")
    return (client, change) if isinstance(client, str) and isinstance(change, str) else None


def _filled_in(error: SluisError, arguments: list[str]) -> SluisError:
    """The same with the client and the change that were typed, so that it can be pasted."""
    given = _typed(arguments)
    if given is None:
        return error
    remedy = _VERB_ALONE.sub(r"\g<0>: sluis prepare CLIENT CHANGE", error.remedy)
    remedy = remedy.replace("CLIENT CHANGE", shlex.join(given))
    error.remedy = remedy.replace("<client>", shlex.quote(given[0]))
    return error


def _say(error: SluisError, exit_status: int, arguments: list[str]) -> None:
    error = _filled_in(error, arguments)
    missing = from_here(_project(arguments))
    error.remedy = filled(error.remedy, missing)
    if "--json" in arguments:
        print_json({"schema_version": 1, "exit_status": exit_status, "error": error.as_dict()})
    if _events_wanted(arguments):
        event = ProgressEvent(
            at=datetime.now(UTC), event="error", text=plainly(error.what), code=error.code,
            remedy=plainly(error.remedy),
        )  # fmt: skip
        sys.stderr.write(event.as_line())
        sys.stderr.flush()
        return
    console = Screen(stderr=True, highlight=False)
    if error.what.startswith("Usage:"):  # no verb was given: the help says it all
        console.print(Text(plainly(error.what)), soft_wrap=True)
        return
    for text in (f"sluis: {filled(error.what, missing)}", f"{error.remedy} [{error.code}]"):
        console.print(Text(plainly(text)), soft_wrap=True)


def _stopped(arguments: list[str]) -> SluisError:
    remedy = "See where it stands with: sluis status CLIENT CHANGE"
    if _typed(arguments) is None:
        command = shlex.join(["sluis", *arguments])
        remedy = f"Begin again with: {command}"
    return SluisError("stopped", "You stopped it.", remedy)


def _unexpected(error: Exception) -> SluisError:
    """A mistake of ours: a short sentence, and the traceback in a file."""
    what = f"Something went wrong that should not: {type(error).__name__}: {error}"[:500]
    try:
        descriptor, path = tempfile.mkstemp(prefix="sluis-error-", suffix=".log")
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            traceback.print_exception(error, file=file)
    except OSError:
        return SluisError("unexpected", what, "The log could not be written; is the disk full?")
    return SluisError("unexpected", what, f"The log is {path}; please report it.")


if __name__ == "__main__":
    main()
