"""Look at what a move needs: tenants on both sides, servers and folders. Nothing is written."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, Mapping, Optional, Tuple

from ..formats import Line, PlainName, Seconds, Slug
from ..marked import Annotated
from ..shapes import Form, Most
from ..tenant import AccountSecret, GraphId, Server, ServerSecret, TenantAccount
from ..verb import Failure, Verb

#: whether data comes from a tenant, or goes into it
Side = Literal["from", "into"]
#: the id that a tenant gives itself, and its right to something, as Graph spells them
TenantId = Annotated[str, Form(r"[0-9A-Fa-f-]{36}", "the id of a tenant", 36)]
Role = Annotated[str, Form(r"[A-Za-z][A-Za-z.-]{1,99}", "an application permission", 100)]
#: a public key, as one line of a known_hosts file has it after the address
HostKey = Annotated[str, Form(r"[a-z0-9@.-]{3,60} [A-Za-z0-9+/=]{16,4000}", "a host key", 4100)]
#: ``gone``: the service knows no such thing, or does not show it
State = Literal["there", "gone", "refused", "no answer"]
#: why a sign-in came to nothing
Refusal = Literal[
    "secret wrong", "secret ended", "certificate unknown", "no such app", "no such tenant",
    "refused", "no answer", "not trusted", "cannot be used",
]  # fmt: skip
#: listings that an export begins with
Listing = Literal["sites", "users"]


@dataclass(frozen=True)
class OfTenant:
    """A tenant, and what of it the scope names.

    Args:
        tenant: its name in the inventory.
        side: whether data comes from it, or goes into it.
        account: who we are there.
        drives: that are fetched, or written in.
        people: addresses of who is to get a right there.
        listings: what the export needs to list there.
    """

    tenant: Slug
    side: Side
    account: TenantAccount
    drives: Annotated[Tuple[GraphId, ...], Most(10_000)] = ()
    people: Annotated[Tuple[PlainName, ...], Most(1000)] = ()
    listings: Annotated[Tuple[Listing, ...], Most(2)] = ()


@dataclass(frozen=True)
class OfServer:
    """An SFTP server, and the folders of it that are fetched."""

    server: Slug
    login: Server
    folders: Annotated[Tuple[PlainName, ...], Most(1000)] = ()


@dataclass(frozen=True)
class Request:
    """What to look at.

    Args:
        folders: of the worker itself, such as mounted shares.
        patience: seconds for all of it together.
        check_mode: it is all the same: nothing is ever changed.
    """

    tenants: Annotated[Tuple[OfTenant, ...], Most(200)]
    servers: Annotated[Tuple[OfServer, ...], Most(200)]
    folders: Annotated[Tuple[PlainName, ...], Most(1000)]
    patience: Seconds
    check_mode: bool = False


@dataclass(frozen=True)
class CheckSecrets:
    """What opens each tenant, by its side and name, and each server."""

    sources: Annotated[Mapping[Slug, AccountSecret], Most(200)] = field(default_factory=dict)
    targets: Annotated[Mapping[Slug, AccountSecret], Most(200)] = field(default_factory=dict)
    servers: Annotated[Mapping[Slug, ServerSecret], Most(200)] = field(default_factory=dict)


@dataclass(frozen=True)
class Refused:
    """A sign-in that came to nothing. ``failure`` is what was said of it."""

    why: Refusal
    failure: Failure


@dataclass(frozen=True)
class Place:
    """What became of asking for one thing: a drive, a person, a listing, a folder.

    Args:
        name: as it was asked for.
        state: what the answer was.
        why: in the service's words, when it is not there.
    """

    name: PlainName
    state: State
    why: Line = ""


@dataclass(frozen=True)
class SeenTenant:
    """What was seen of one tenant.

    Args:
        tenant, side: which.
        refused: why there was no signing in.
        tenant_id: of the tenant that let us in.
        roles: what the app may do there; ``None``: its token does not tell.
        drives, people, listings: one answer for each that was asked for.
        elsewhere: drives that this tenant has, and that are asked for in another one.
    """

    tenant: Slug
    side: Side
    refused: Optional[Refused] = None
    tenant_id: Optional[TenantId] = None
    roles: Optional[Annotated[Tuple[Role, ...], Most(500)]] = None
    drives: Annotated[Tuple[Place, ...], Most(10_000)] = ()
    people: Annotated[Tuple[Place, ...], Most(1000)] = ()
    listings: Annotated[Tuple[Place, ...], Most(2)] = ()
    elsewhere: Annotated[Tuple[GraphId, ...], Most(10_000)] = ()


@dataclass(frozen=True)
class AtFolder:
    """Why a folder cannot be read; ``None``: it can."""

    folder: PlainName
    failure: Optional[Failure] = None


@dataclass(frozen=True)
class SeenServer:
    """What was seen of one server.

    Args:
        server: which.
        failure: why we could not get in.
        shown: the host key that it shows, when that is not the known one.
        folders: one answer for each that was asked for.
    """

    server: Slug
    failure: Optional[Failure] = None
    shown: Optional[HostKey] = None
    folders: Annotated[Tuple[AtFolder, ...], Most(1000)] = ()


@dataclass(frozen=True)
class Answer:
    """What was seen. Of what is not in it, nobody knows anything."""

    tenants: Annotated[Tuple[SeenTenant, ...], Most(200)]
    servers: Annotated[Tuple[SeenServer, ...], Most(200)]
    folders: Annotated[Tuple[AtFolder, ...], Most(1000)]


TENANT_CHECK = Verb("tenant_check", Request, CheckSecrets, Answer)
