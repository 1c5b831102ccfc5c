"""Who somebody is in the target: the signed map from source principals to target principals.

Nobody is guessed, not even when the names look alike: a principal that the map does not name
is found beforehand, listed with what it may reach, and stops the import until the map names
it. The map can also say that somebody is to get nothing in the target.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from ..errors import InputError
from .tenant_manifest import ManifestLine

#: ``nobody``: a link that gives nobody anything
Kind = Literal["user", "group", "site-group", "application", "link", "nobody"]
#: For which reason out of ``LEAVE_OUT`` a right does not go over; empty where nobody has to sign
#: for it: the signed map gives that principal nothing, or the right gives nobody anything.
WhyNot = Literal["right-not-givable", "folder-was-there", "unmapped-principal", ""]

_MAIL = re.compile(r"[^\s@<>,;:\"\x00-\x1f]{1,64}@[^\s@<>,;:\"\x00-\x1f]{1,255}")
_ID = re.compile(r"id:[0-9A-Za-z][0-9A-Za-z._-]{0,127}")
#: what ``invite`` can give; the strongest first
_ROLES = ("owner", "write", "read")
_EXAMPLES = 5


@dataclass(frozen=True)
class Principal:
    """Somebody or something that has a right in the source.

    Args:
        kind: what it is.
        keys: under which the map may name it, most telling first: an e-mail address, a
            user name, ``id:<id>``, ``site-group:<name>``, ``link:<scope>``. Lower case.
        name: for people.
    """

    kind: Kind
    keys: tuple[str, ...]
    name: str


@dataclass(frozen=True)
class Grant:
    """One right of one principal on an item.

    Args:
        principal: who.
        role: ``owner``, ``write`` or ``read``; else the service's own word.
        until: ISO 8601 time at which the right ends, or None.
        bound: how the right is narrower than its role says, as no right of that role can be given
            in the target; empty when it is not.
    """

    principal: Principal
    role: str
    until: str | None = None
    bound: str = ""


@dataclass(frozen=True)
class Invite:
    """A right that is to be given in the target.

    Args:
        recipient: an e-mail address, or ``id:<object id>``.
        role: ``owner``, ``write`` or ``read``.
        until: ISO 8601 time at which the right ends, or None.
    """

    recipient: str
    role: str
    until: str | None = None


@dataclass(frozen=True)
class NotGiven:
    """A right that does not go over.

    Args:
        principal: the key under which the map would find it.
        role: as in ``Grant``.
        why: one sentence, without its capital and full stop.
        code: for which reason.
        name: of the principal, for people.
    """

    principal: str
    role: str
    why: str
    code: WhyNot = "right-not-givable"
    name: str = field(default="", compare=False)


@dataclass(frozen=True)
class Unmapped:
    """A principal that the map does not name.

    Args:
        key: under which the map would find it.
        name: for people.
        kind: what it is.
        items: on how many items it has rights of its own.
        examples: some of their paths.
    """

    key: str
    name: str
    kind: Kind
    items: int
    examples: tuple[str, ...]


@dataclass(frozen=True)
class UserMap:
    """Source principal to target principal.

    Args:
        entries: key of a principal, in lower case, to an e-mail address or ``id:<object id>``
            in the target; None says, signed, that it gets nothing there.
    """

    entries: Mapping[str, str | None] = field(default_factory=dict)

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> UserMap:
        """The map from plain data.

        Raises:
            InputError: ``bad-user-map``: a key stands there twice, or a target is neither an
                e-mail address, nor ``id:…``, nor null.
        """
        entries: dict[str, str | None] = {}
        for key, target in data.items():
            spelled = key.strip().lower()
            if not spelled or spelled in entries:
                raise _bad_map(f"{key!r} is empty or stands there twice")
            if target is not None and not _is_target(target):
                raise _bad_map(f"{target!r} is no e-mail address and no id")
            entries[spelled] = target
        return cls(entries)

    def as_data(self) -> dict[str, str | None]:
        """The map as plain data, for the scope and for statements."""
        return dict(sorted(self.entries.items()))

    def names(self, principal: Principal) -> bool:
        """Whether the map says anything about this principal."""
        return any(key in self.entries for key in principal.keys)

    def target_of(self, principal: Principal) -> str | None:
        """The target principal; None for "gets nothing" and for who is not in the map."""
        for key in principal.keys:
            if key in self.entries:
                return self.entries[key]
        return None


def grants_in(permission: Mapping[str, Any]) -> Iterator[Grant]:
    """The rights that one Graph ``permission`` gives; inherited ones are the parent's.

    Links to named people count as rights of those people, since a link's address cannot be
    carried to another tenant; links to everybody are principals of kind ``link``.
    """
    # an empty one says "inherited" as well (microsoft-graph-devx-api#223)
    if permission.get("inheritedFrom") is not None:
        return
    until = permission.get("expirationDateTime")
    until = until if isinstance(until, str) and not until.startswith("0001") else None
    link = permission.get("link")
    role = _role(permission, link)
    bound = _bound(permission, link)
    people = list(_people(permission))
    if isinstance(link, Mapping) and link.get("scope") in ("anonymous", "organization", None):
        scope = str(link.get("scope") or "unknown")
        people.append(Principal("link", (f"link:{scope}",), f"a link for {_SCOPES[scope]}"))
    if not people and _names_nobody(permission, link):
        people.append(Principal("nobody", ("link:nobody",), "a link that names nobody"))
    if not people:
        shown = str(permission.get("id", "?"))
        people.append(Principal("user", (f"permission:{shown.lower()}",), "not told who"))
    for principal in people:
        yield Grant(principal, role, until, bound)


def find_unmapped(lines: Iterable[ManifestLine], users: UserMap) -> tuple[Unmapped, ...]:
    """Every principal with rights of its own that the map does not name, by key."""
    found: dict[str, tuple[Principal, list[str], int]] = {}
    for line in lines:
        here = {grant.principal for one in line.permissions for grant in grants_in(one)}
        for principal in here:
            if principal.kind == "nobody" or users.names(principal):
                continue
            _, examples, count = found.setdefault(principal.keys[0], (principal, [], 0))
            if len(examples) < _EXAMPLES:
                examples.append(line.path)
            found[principal.keys[0]] = (principal, examples, count + 1)
    return tuple(
        Unmapped(key, principal.name, principal.kind, count, tuple(examples))
        for key, (principal, examples, count) in sorted(found.items())
    )


def translate(
    permissions: Iterable[Mapping[str, Any]], users: UserMap
) -> tuple[tuple[Invite, ...], tuple[NotGiven, ...]]:
    """What is to be given in the target, and what does not go over.

    Args:
        permissions: of one item, as Graph gives them.
        users: the signed map.
    """
    best: dict[str, Invite] = {}
    not_given: set[NotGiven] = set()
    of_target: list[tuple[Grant, str]] = []
    for grant in (one for permission in permissions for one in grants_in(permission)):
        principal, target = grant.principal, users.target_of(grant.principal)
        if principal.kind == "nobody":
            not_given.add(_not(grant, "it is a link that names nobody and gives nobody anything"))
        elif not users.names(principal):
            not_given.add(_not(grant, "the user map does not name it", "unmapped-principal"))
        elif target is None:
            not_given.add(_not(grant, "the user map gives it nothing"))
        else:
            of_target.append((grant, target))
            if not _why_not(grant):
                new = Invite(target, grant.role, grant.until)
                best[target] = _stronger(best.get(target), new)
    for grant, target in of_target:
        given = best.get(target)
        if given is None or not _covers(given, grant):
            not_given.add(_not(grant, _why_not(grant) or _SHORTER, "right-not-givable"))
    return (
        tuple(best[key] for key in sorted(best)),
        tuple(sorted(not_given, key=lambda one: (one.principal, one.role, one.why))),
    )


#: Graph names a person's right on an item after the person alone (the ids of permissions that
#: Microsoft's examples show are the login's name in base64), so there is one with one end.
_SHORTER = (
    "it lasts longer than a stronger right of the same person that ends, and the target keeps one "
    "right of each person on an item"
)
_SCOPES = {
    "anonymous": "anybody",
    "organization": "everybody in the tenant",
    "unknown": "a group that was not told",
}
#: kinds of link that do what their role says
_LINK_ROLES = {"view": "read", "embed": "read", "edit": "write"}


def _people(permission: Mapping[str, Any]) -> Iterator[Principal]:
    sets = [permission.get("grantedToV2") or permission.get("grantedTo")]
    several = permission.get("grantedToIdentitiesV2") or permission.get("grantedToIdentities")
    sets += several if isinstance(several, list) else []
    invitation = permission.get("invitation")
    if not any(sets) and isinstance(invitation, Mapping) and invitation.get("email"):
        yield _principal("user", {"email": invitation["email"]})
    for one in sets:
        if not isinstance(one, Mapping):
            continue
        # user and siteUser are two views of one person; the first says more
        for part, kind in _PARTS:
            if isinstance(one.get(part), Mapping):
                yield _principal(kind, one[part])
                break


def _names_nobody(permission: Mapping[str, Any], link: object) -> bool:
    """Whether it is a link that lets in only who is named, and says that nobody is."""
    scope = link.get("scope") if isinstance(link, Mapping) else None
    if scope == "existingAccess":  # for those who have access without it
        return True
    told = [permission.get(key) for key in (*_SEVERAL, "invitation")]
    # what is not told at all may be anybody
    return scope == "users" and [] in told and all(one in ([], None) for one in told)


_SEVERAL = ("grantedToIdentitiesV2", "grantedToIdentities")
_PARTS: tuple[tuple[str, Kind], ...] = (
    ("user", "user"),
    ("group", "group"),
    ("siteGroup", "site-group"),
    ("siteUser", "user"),
    ("application", "application"),
    ("device", "application"),
)


def _principal(kind: Kind, identity: Mapping[str, Any]) -> Principal:
    def text(key: str) -> str:
        value = identity.get(key)
        return value.strip() if isinstance(value, str) else ""

    keys = [text("email"), text("userPrincipalName")]
    if "@" in text("loginName"):
        keys.append(text("loginName").rpartition("|")[2])
    if kind == "site-group":
        keys = [f"site-group:{text('displayName') or text('loginName') or text('id')}"]
    elif text("id"):
        keys.append(f"id:{text('id')}")
    known = [key.lower() for key in dict.fromkeys(keys) if key]
    if not known:
        known = [f"{kind}:{text('displayName') or 'not told who'}".lower()]
    return Principal(kind, tuple(known), text("displayName") or known[0])


def _role(permission: Mapping[str, Any], link: object) -> str:
    roles = permission.get("roles")
    words = [str(one).lower() for one in roles] if isinstance(roles, list) else []
    words = [word.removeprefix("sp.") for word in words]
    for role in _ROLES:
        if role in words:
            return role
    kind = link.get("type") if isinstance(link, Mapping) else None
    if isinstance(kind, str) and kind in _LINK_ROLES:
        return _LINK_ROLES[kind]
    return words[0] if words else "not told"


def _bound(permission: Mapping[str, Any], link: object) -> str:
    """How a right is narrower than its role says; without that it would be a wider one there."""
    roles = permission.get("roles")
    words = [str(one).lower() for one in roles] if isinstance(roles, list) else []
    about: Mapping[str, Any] = link if isinstance(link, Mapping) else {}
    until, kind = permission.get("expirationDateTime"), about.get("type")
    restricted = any(word.removeprefix("sp.").startswith("restricted") for word in words)
    if restricted or about.get("preventsDownload") or kind == "blocksDownload":
        return "it lets nobody download, and such a right cannot be given in the target"
    if permission.get("hasPassword"):
        return "it asks for a password, and such a right cannot be given in the target"
    if kind == "createOnly":
        return "it only lets people add files, and such a right cannot be given in the target"
    if kind is not None and not (isinstance(kind, str) and kind in _LINK_ROLES):
        return "it is a link of a kind that cannot be given in the target"
    if until is not None and not isinstance(until, str):
        return "when it ends could not be read"
    return ""


def _not(grant: Grant, why: str, code: WhyNot = "") -> NotGiven:
    return NotGiven(grant.principal.keys[0], grant.role, why, code, grant.principal.name)


def _why_not(grant: Grant) -> str:
    """Why a right by itself cannot be given; empty when it can."""
    if grant.bound:
        return grant.bound
    if grant.role not in _ROLES:
        return "Graph cannot give this role"
    unreadable = grant.until is not None and moment(grant.until) is None
    return "when it ends could not be read" if unreadable else ""


def _stronger(one: Invite | None, other: Invite) -> Invite:
    if one is None or _ROLES.index(other.role) < _ROLES.index(one.role):
        return other
    # of two equal rights the one that lasts longer holds
    return other if one.role == other.role and not _lasts(one.until, other.until) else one


def _covers(given: Invite, grant: Grant) -> bool:
    """Whether somebody loses nothing when a right is not given beside another."""
    known = grant.role in _ROLES and _ROLES.index(given.role) <= _ROLES.index(grant.role)
    return known and _lasts(given.until, grant.until)


def _lasts(until: str | None, other: str | None) -> bool:
    """Whether an end is not before another one; what cannot be read may be later than any."""
    if until is None or other is None or until == other:
        return until is None or until == other
    here, there = moment(until), moment(other)
    return here is not None and there is not None and here >= there


def moment(until: str) -> datetime | None:
    """When a right ends; ``None`` when that cannot be read. Without a zone it is UTC."""
    try:
        found = datetime.fromisoformat(until)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _is_target(target: object) -> bool:
    return isinstance(target, str) and bool(_MAIL.fullmatch(target) or _ID.fullmatch(target))


def _bad_map(what: str) -> InputError:
    return InputError(
        "bad-user-map",
        f"The user map cannot be used: {what}.",
        "Correct the map in the scope; it has to be signed again.",
    )
