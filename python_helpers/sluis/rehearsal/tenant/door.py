"""The door of the tenant: all that stands between a caller and the world behind it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sluis.rehearsal.tenant.access_token import TokenIssuer
from sluis.rehearsal.tenant.clock import Clock
from sluis.rehearsal.tenant.credentials import RegisteredApp
from sluis.rehearsal.tenant.rights import SiteGrants
from sluis.rehearsal.tenant.throttle import Limits, Throttle
from sluis.rehearsal.tenant.tokens import GRAPH, TokenEndpoint
from sluis.rehearsal.tenant.weather import Weather
from sluis.rehearsal.tenant.weather_maker import WeatherMaker

#: Graph as clients name it that believe in the real service
_REAL_GRAPHS = (
    GRAPH,
    "https://graph.microsoft.us",
    "https://microsoftgraph.chinacloudapi.cn",
    "00000003-0000-0000-c000-000000000000",
)


@dataclass
class Door:
    """Tokens, rights, throttling and weather of one tenant.

    Attributes:
        clock: the tenant's clock.
        tokens: issues and recognises access tokens.
        endpoint: the token endpoint; the server adds its ``routes()``.
        grants: roles that sites granted to apps.
        throttle: charges calls.
        weather: says what goes wrong.
    """

    clock: Clock
    tokens: TokenIssuer
    endpoint: TokenEndpoint
    grants: SiteGrants
    throttle: Throttle
    weather: WeatherMaker


def make_door(
    *,
    tenant_id: str,
    graph: str,
    apps: Sequence[RegisteredApp],
    limits: Limits | None,
    weather: Weather,
    seed: int,
    clock: Clock,
) -> Door:
    """Hang the door.

    Args:
        tenant_id: the tenant; part of every token.
        graph: origin of Graph and of the authority, ``https://host:port``.
        apps: who may come.
        limits: what each may spend; ``None``: all they like.
        weather: how often what goes wrong.
        seed: the tenant's seed.
        clock: the tenant's clock.
    """
    issuer = TokenIssuer(tenant_id, f"{graph}/{tenant_id}", (graph, *_REAL_GRAPHS), apps, clock)
    return Door(
        clock,
        issuer,
        TokenEndpoint(issuer),
        SiteGrants(),
        Throttle(limits, clock),
        WeatherMaker(weather, seed),
    )
