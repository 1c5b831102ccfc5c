"""``sluis rehearse``: a make-believe Microsoft 365 tenant, for as long as you let it run."""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import signal
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.console import Console
from rich.text import Text

from sluis.cli.change_run import JsonOption
from sluis.cli.plainly import plainly
from sluis.cli.rehearsal_wishes import with_contents, with_traits
from sluis.cli.session import Session
from sluis.counted import counted
from sluis.errors import InputError, SluisError

if TYPE_CHECKING:
    from sluis.rehearsal.tenant.how_to_reach import Reach
    from sluis.rehearsal.tenant.settings import Settings
    from sluis.rehearsal.tenant.start import Tenant

WeatherName = Literal["calm", "normal", "storm"]

#: seconds between two looks at whether the tenant still lives
_LOOK = 0.5
#: more items than the tenant is meant to hold
_MOST_ITEMS = 1_000_000


def add_to(app: typer.Typer) -> None:
    """Give ``app`` this verb."""
    app.command()(rehearse)


def rehearse(
    context: typer.Context,
    users: Annotated[int, typer.Option(min=0, max=1_000, help="Users, each with a OneDrive.")] = 3,
    sites: Annotated[int, typer.Option(min=0, max=1_000, help="SharePoint sites.")] = 2,
    items: Annotated[int, typer.Option(min=0, help="Files in each drive.")] = 40,
    seed: Annotated[
        int, typer.Option(help="The same seed gives the same tenant, to the byte.")
    ] = 1,
    weather: Annotated[
        WeatherName, typer.Option(help="How much goes wrong, as in the real service.")
    ] = "normal",
    licences: Annotated[
        int, typer.Option(min=0, help="Throttle as Microsoft does for so many licences; 0: never.")
    ] = 0,
    port: Annotated[int, typer.Option(min=0, max=65_535, help="Port of Graph; 0: a free one.")] = 0,
    clock_speed: Annotated[
        float, typer.Option(min=0.001, max=10_000, help="The tenant's seconds in one of yours.")
    ] = 1.0,
    latency: Annotated[
        float, typer.Option(min=0, max=60_000, help="Hold every answer back, milliseconds.")
    ] = 0.0,
    permission: Annotated[
        list[str] | None,
        typer.Option(
            help="Permission of the app, such as Sites.Selected; more than once for more. "
            "Default: all it may need.",
            show_default=False,
        ),
    ] = None,
    trait: Annotated[
        list[str] | None,
        typer.Option(
            help="One more thing that goes wrong, such as locked=0.1 for a tenth; more than once "
            "for more.",
            show_default=False,
        ),
    ] = None,
    contents: Annotated[
        list[str] | None,
        typer.Option(
            "--with",
            help="What is in it beside files, such as groups=2 or pages=3; more than once for "
            "more.",
            show_default=False,
        ),
    ] = None,
    plain: Annotated[
        bool,
        typer.Option(
            "--plain",
            help="Plain files and folders only: no hostile names, notebooks, malware or "
            "items that only full control sees.",
        ),
    ] = False,
    name: Annotated[
        str, typer.Option(help="The tenant's name in its web addresses.")
    ] = "rehearsal",
    as_json: JsonOption = False,
) -> int:
    """Run a make-believe Microsoft 365 tenant on this machine, until you press Ctrl-C.

    It speaks Microsoft Graph over HTTPS to whoever is on this machine, and forgets
    everything when it stops. Practise a migration on it before you touch a real one.
    """
    session: Session = context.obj
    settings = _settings(
        users=users,
        sites=sites,
        items=items,
        seed=seed,
        weather=weather,
        licences=licences,
        port=port,
        clock_speed=clock_speed,
        latency=latency,
        permissions=permission,
        traits=trait or [],
        contents=contents or [],
        plain=plain,
        name=name,
    )
    with (
        contextlib.suppress(KeyboardInterrupt),
        _stopped_by_signal() as stop,
        _private_folder() as folder,
    ):
        if not as_json:
            session.err.print("The tenant is being filled…", markup=False)
        with _running(folder, settings) as reach:
            stop.impatient = False
            session.result(
                {"schema_version": 1, **_as_json(reach)},
                as_json=as_json,
                show=lambda console: _show(console, reach, settings),
            )
            _wait(reach.tenant, stop)
    if not as_json:
        session.err.print("The tenant has stopped; nothing of it is left.", markup=False)
    return 0


def _settings(
    *,
    users: int,
    sites: int,
    items: int,
    seed: int,
    weather: WeatherName,
    licences: int,
    port: int,
    clock_speed: float,
    latency: float,
    permissions: list[str] | None,
    traits: list[str],
    contents: list[str],
    plain: bool,
    name: str,
) -> Settings:
    # loaded here: the web server is of no use to the other verbs, and slow to load
    from sluis.rehearsal.tenant.rights import AppSettings
    from sluis.rehearsal.tenant.settings import Population, Settings
    from sluis.rehearsal.tenant.throttle import Limits
    from sluis.rehearsal.tenant.weather import PRESETS

    if items * (users + sites) > _MOST_ITEMS:
        raise InputError(
            "too-many-items",
            f"{counted(users + sites, 'drive')} of {counted(items, 'file')} are more than "
            f"{_MOST_ITEMS} items.",
            "Ask for fewer --items, --users or --sites.",
        )
    if not name.isascii() or not name.isalnum() or len(name) > 40:
        raise InputError(
            "bad-tenant-name",
            "The tenant's name is not usable in a web address.",
            "Use letters and digits only, at most 40.",
        )
    app = AppSettings()
    if permissions:
        try:
            app = replace(app, permissions=tuple(permissions))
        except ValueError as error:
            raise InputError(
                "unknown-permission",
                f"{plainly(str(error), limit=300)}.",
                "Name application permissions of Microsoft Graph, such as Sites.Read.All.",
            ) from error
    odd = items > 0 and not plain
    population = Population(
        users=users,
        sites=sites,
        items_per_drive=items,
        nasty_names=odd,
        packages=int(odd),
        malware=int(odd),
        retention_hidden=int(odd),
        recycle_bin=3 if odd else 0,
    )
    return Settings(
        seed=seed,
        population=with_contents(population, contents),
        weather=with_traits(PRESETS[weather], traits),
        limits=Limits(licences=licences) if licences else None,
        latency_ms=latency,
        clock_speed=clock_speed,
        apps=(app,),
        tenant_name=name.lower(),
        port=port,
    )


class _Stop(threading.Event):
    """Set by Ctrl-C, a hang-up or a request to end.

    While ``impatient``, they interrupt whatever goes on as well: filling a large tenant
    takes a minute that nobody wants to wait for.
    """

    impatient = True


@contextlib.contextmanager
def _stopped_by_signal() -> Iterator[_Stop]:
    stop = _Stop()

    def end(number: int, frame: FrameType | None) -> None:
        del number, frame
        stop.set()
        if stop.impatient:
            stop.impatient = False  # once: what follows is tidying up
            raise KeyboardInterrupt

    before = {
        number: signal.signal(number, end)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    }
    try:
        yield stop
    finally:
        stop.impatient = False
        for number, old in before.items():
            signal.signal(number, old)


@contextlib.contextmanager
def _private_folder() -> Iterator[Path]:
    """A folder of mode 0700 that is gone afterwards, with all secrets in it."""
    folder = Path(tempfile.mkdtemp(prefix="sluis-rehearsal-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _running(folder: Path, settings: Settings) -> Iterator[Reach]:
    from sluis.rehearsal.tenant.cloud_proxy import cloud_proxy
    from sluis.rehearsal.tenant.how_to_reach import Reach, account, environment
    from sluis.rehearsal.tenant.start import start_tenant

    with (
        start_tenant(folder / "tenant", settings) as tenant,
        cloud_proxy(tenant.graph, tenant.content) as proxy,
    ):
        reach = Reach(
            tenant,
            proxy,
            folder,
            tenant.control.drives(),
            settings.tenant_name,
            settings.limits.licences if settings.limits else 0,
        )
        _write_private(reach.account_file, account(reach))
        _write_private(reach.environment_file, environment(reach))
        _write_private(reach.control_token_file, tenant.control.token)
        yield reach


def _write_private(path: Path, text: str) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)


def _wait(tenant: Tenant, stop: _Stop) -> None:
    while not stop.wait(_LOOK):
        ended = os.waitid(os.P_PID, tenant.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        if ended is not None:
            raise SluisError(
                "tenant-died",
                "The rehearsal tenant ended by itself. "
                f"It said: {plainly(tenant.log.read_text()[-1000:]) or 'nothing'}",
                "Start it again; if it happens again, please report it.",
            )


def _as_json(reach: Reach) -> dict[str, object]:
    from sluis.rehearsal.tenant.how_to_reach import as_json

    return as_json(reach)


def _show(console: Console, reach: Reach, settings: Settings) -> None:
    from sluis.rehearsal.tenant.how_to_reach import curl_line, token_line

    tenant, app = reach.tenant, reach.tenant.app
    count = sum(int(drive["items"]) for drive in reach.drives)
    limits = f"as for {counted(settings.limits.licences, 'licence')}" if settings.limits else "off"
    facts = {
        "authority": tenant.authority,
        "graph": tenant.graph,
        "CA file": str(tenant.ca),
        "app id": app.client_id,
        "secret file": f"{app.secret_file}",
        "certificate": f"{app.certificate}",
        "permissions": ", ".join(settings.apps[0].permissions),
        "holds": f"{counted(len(reach.drives), 'drive')}, {counted(count, 'item')}, from seed "
        f"{settings.seed}",
        "throttling": limits,
        "environment": f"{reach.environment_file}",
        "for Sluis": f"{reach.account_file}",
        "proxy": f"{reach.proxy} (leads the cloud's real names here, and nowhere else)",
    }
    width = max(map(len, facts))
    for label, value in facts.items():
        console.print(Text(f"  {label:<{width}}  {value}"), soft_wrap=True)
    enter = f". {shlex.quote(str(reach.environment_file))}"
    for heading, lines in (
        (
            "In another terminal:",
            (enter, "graph /v1.0/sites/getAllSites", f"rclone lsf {reach.name}:"),
        ),
        (
            "The same without that file:",
            (token_line(reach), curl_line(reach, "/v1.0/sites/getAllSites")),
        ),
    ):
        console.print(Text(f"\n{heading}", style="bold"))
        for line in lines:
            console.print(Text(f"  {line}"), soft_wrap=True)
    console.print(Text("\nIt runs until you press Ctrl-C, and then nothing of it is left."))
