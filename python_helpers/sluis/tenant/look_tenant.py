"""See whether a tenant lets us in, what the app may do there, and whether places are there."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from ..border.tenant import AccountSecret, TenantAccount
from ..border.verb import failure_of
from ..border.verbs.tenant_check import (
    OfTenant,
    Place,
    Refusal,
    Refused,
    SeenTenant,
    State,
)
from ..errors import InputError, SluisError
from ..graph.account import Account
from ..graph.connect import Graph, open_graph
from ..graph.errors import GraphError, NoTenantError, NotTrustedError
from ..graph.links import segment
from ..graph.retry import Patience
from .given import given
from .tenant_request import account_of

#: a look is no transfer: who does not answer this is not going to
_PATIENCE = Patience(
    tries=2, throttles=2, first=0.3, longest=1.0, sign_ins=1, sign_in_seconds=(5.0, 6.0)
)
_CONCURRENCY = 8
_LEAST = 1.0  # seconds: in less nobody can have answered, and nobody is told to have been silent
#: Microsoft's page "Microsoft Entra authentication and authorization error codes"
_NUMBERS: dict[str, Refusal] = {
    "7000215": "secret wrong",
    "7000222": "secret ended",
    "700027": "certificate unknown",
    "700016": "no such app",
    "7000229": "no such app",
    "90002": "no such tenant",
    "900023": "no such tenant",
}
_NUMBER = re.compile(r"AADSTS(\d{4,8})\b")
_TENANT_ID = re.compile(r"[0-9A-Fa-f-]{36}")
_ROLE = re.compile(r"[A-Za-z][A-Za-z.-]{1,99}")
_MOST_ROLES = 500
_LISTINGS = {"sites": "/sites/getAllSites", "users": "/users"}
_ONE = {"$select": "id", "$top": "1"}


def look_at_tenant(part: OfTenant, secret: AccountSecret, seconds: float) -> SeenTenant:
    """Sign in, and ask for everything that the scope names there.

    Args:
        part: the tenant, and what of it is named.
        secret: the app's.
        seconds: for the sign-in, and then for the rest; what did not answer is told as that.
    """
    try:
        account = account_of(given(part.account, secret))
        return asyncio.run(_look(part, account, seconds))
    except InputError as error:
        return _not_let_in(part, "cannot be used", error)


def drives_there(
    account: TenantAccount, secret: AccountSecret, drives: Iterable[str], seconds: float
) -> tuple[str, ...]:
    """Those of some drives that a tenant has. What nobody can tell is not among them.

    Args:
        account: who we are in that tenant.
        secret: the app's.
        drives: ids of drives.
        seconds: for all of it.
    """
    asked = OfTenant("elsewhere", "from", account, tuple(drives))
    seen = look_at_tenant(asked, secret, seconds)
    return tuple(one.name for one in seen.drives if one.state == "there")


async def _look(part: OfTenant, account: Account, seconds: float) -> SeenTenant:
    patience = replace(_PATIENCE, sign_in_whole=max(seconds, _LEAST))
    async with open_graph(account, concurrency=_CONCURRENCY, patience=patience) as graph:
        try:
            claims = await graph.sign_in()
        except GraphError as error:
            return _not_let_in(part, _why(error), error)
        asked = [
            *(("drive", one, f"/drives/{segment(one)}/root", {"$select": "id"})
              for one in part.drives),
            *(("person", one, f"/users/{segment(one)}", {"$select": "id"}) for one in part.people),
            *(("listing", one, _LISTINGS[one], _ONE) for one in part.listings),
        ]  # fmt: skip
        answers: dict[tuple[str, str], Place] = {}

        async def ask(kind: str, name: str, place: str, params: dict[str, str]) -> None:
            answers[kind, name] = await _asked(graph, name, place, params, kind != "listing")

        try:
            async with asyncio.timeout(seconds):
                await asyncio.gather(*(ask(*one) for one in asked))
        except TimeoutError:
            pass  # what is not among the answers did not answer
    found: dict[str, list[Place]] = {"drive": [], "person": [], "listing": []}
    for kind, name, *_ in asked:
        found[kind].append(answers.get((kind, name)) or Place(name, "no answer"))
    roles = None
    if claims is not None:
        roles = tuple(one for one in claims.roles if _ROLE.fullmatch(one))[:_MOST_ROLES]
    known = claims.tenant_id if claims and _TENANT_ID.fullmatch(claims.tenant_id) else None
    return SeenTenant(
        part.tenant, part.side, None, known, roles,
        tuple(found["drive"]), tuple(found["person"]), tuple(found["listing"]),
    )  # fmt: skip


async def _asked(
    graph: Graph, name: str, place: str, params: dict[str, str], by_name: bool
) -> Place:
    try:
        body: Any = await graph.get(place, params)
    except GraphError as error:
        return Place(name, _state(error.status, by_name), error.what)
    if by_name and not (isinstance(body.get("id"), str) and body["id"]):
        return Place(name, "no answer", "The service answered without saying what it is.")
    return Place(name, "there")


def _state(status: int | None, by_name: bool) -> State:
    # an id of another tenant can be one that this one takes for no id at all
    if by_name and status in (400, 404, 410):
        return "gone"
    if status is None or status in (408, 429, 509) or status >= 500:
        return "no answer"
    return "refused"


def _why(error: GraphError) -> Refusal:
    number = _NUMBER.search(error.what)
    if number and number[1] in _NUMBERS:
        return _NUMBERS[number[1]]
    if isinstance(error, NoTenantError):
        return "no such tenant"
    if isinstance(error, NotTrustedError):
        return "not trusted"
    return "no answer" if error.code == "sign-in-failed" else "refused"


def _not_let_in(part: OfTenant, why: Refusal, error: SluisError) -> SeenTenant:
    return SeenTenant(part.tenant, part.side, Refused(why, failure_of(error)))
