"""What the messages to and from export workers have in common: accounts, budgets, gaps, errors.

What a tenant holds was written by its people, and a worker may be in strange hands. So names,
paths and reasons are texts for people here: cleaned and cut, and never used to find anything.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, Mapping, Optional, Tuple

from .formats import Code, Count, Line, Paragraph, PlainName, Port, Seconds, Secret, Slug, Words
from .marked import Annotated
from .shapes import Form, Most, Real, Whole

#: Graph's id of a site, drive, item or list; some hold the host's name, commas and dots
GraphId = Annotated[str, Form(r"[A-Za-z0-9][A-Za-z0-9!_.,=:%-]{0,511}", "an id of Graph's", 512)]
#: the same, empty where there is none
MaybeGraphId = Annotated[
    str, Form(r"(?:[A-Za-z0-9][A-Za-z0-9!_.,=:%-]{0,511})?", "an id of Graph's", 512)
]
#: how many items of each kind
Counts = Annotated[Mapping[Words, Count], Most(60)]
Hours = Annotated[float, Real(0, 10**7)]
AtOnce = Annotated[int, Whole(1, 256)]


@dataclass(frozen=True)
class TenantAccount:
    """The open half of an app registration."""

    tenant_id: PlainName
    client_id: PlainName
    authority: Optional[PlainName] = None
    graph: Optional[PlainName] = None
    ca: Optional[PlainName] = None
    certificate: Optional[PlainName] = None
    secret_file: Optional[PlainName] = None


@dataclass(frozen=True)
class AccountSecret:
    """The secret half of it."""

    secret: Optional[Secret] = field(default=None, repr=False)


@dataclass(frozen=True)
class Server:
    """The open half of a login on an SFTP server; see ``tenant.source_request``."""

    address: PlainName
    user: PlainName
    port: Optional[Port] = None
    known_hosts: Optional[PlainName] = None
    host_key: Optional[PlainName] = None
    key: Optional[PlainName] = None
    password_file: Optional[PlainName] = None
    passphrase_file: Optional[PlainName] = None
    patience: Optional[Seconds] = None


@dataclass(frozen=True)
class ServerSecret:
    """The secret half of it."""

    password: Optional[Secret] = field(default=None, repr=False)
    passphrase: Optional[Secret] = field(default=None, repr=False)


@dataclass(frozen=True)
class TenantSecrets:
    """What goes along with a question to a worker: of one tenant, or of servers by name."""

    account: AccountSecret = field(default_factory=AccountSecret)
    servers: Annotated[Mapping[Slug, ServerSecret], Most(100)] = field(default_factory=dict)


@dataclass(frozen=True)
class Budget:
    """How much of what a tenant allows this worker may use; ``state`` keeps the day's count."""

    licences: Annotated[int, Whole(1, 10**7)]
    share: Annotated[float, Real(0.0001, 1)]
    state: PlainName


@dataclass(frozen=True)
class Drive:
    """One drive. Its name, owner and address are for people; it is its id that is used."""

    kind: Literal["sharepoint", "onedrive"]
    id: GraphId
    name: Line
    drive_id: GraphId
    site_id: MaybeGraphId = ""
    list_id: MaybeGraphId = ""
    owner: Line = ""
    web_url: Line = ""
    items: Optional[Count] = None
    bytes: Optional[Count] = None
    folders: Optional[Count] = None
    shared: Optional[Count] = None
    newest: Optional[Words] = None
    system: bool = False


@dataclass(frozen=True)
class Target:
    """A drive of the new tenant, and a folder in it; an empty one is its top."""

    drive_id: GraphId
    folder: PlainName


@dataclass(frozen=True)
class NotSeen:
    """Something that could not be seen, and why: the log says what may be there all the same."""

    what: Words
    subject: Line
    why: Line


@dataclass(frozen=True)
class About:
    """A path, and one sentence about it."""

    path: Line
    why: Line


@dataclass(frozen=True)
class StaysBehind:
    """An item that stays behind: the code of the reason, and one sentence."""

    path: Line
    code: Code
    why: Line


@dataclass(frozen=True)
class Trouble:
    """Why an asset was not done. Its words are the worker's own."""

    code: Code
    what: Paragraph
    remedy: Paragraph
    path: Line = ""


#: paths with a reason; the whole is in the manifest or in the list of compared items
Abouts = Annotated[Tuple[About, ...], Most(1000)]
Staying = Annotated[Tuple[StaysBehind, ...], Most(1000)]
Troubles = Annotated[Tuple[Trouble, ...], Most(1000)]
