"""Where data is read from and put, for what goes from one place to another.

All of it is signed: which drive is read, which one is written, what happens to a name
that the target refuses, to something that is there already, and to each person's rights.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SerializerFunctionWrapHandler, model_serializer

from sluis.border.moving import LeaveOut
from sluis.evidence.predicates import Sha256
from sluis.scope.words import Exact, Name, Slug, Text

#: kinds of which a copy is fetched from where they are; that copy is their snapshot
ExportedKind = Literal["sharepoint", "onedrive", "share", "home drives"]
EXPORTED_KINDS: tuple[ExportedKind, ...] = ("sharepoint", "onedrive", "share", "home drives")

_Mark = Annotated[str, Field(pattern=r"^[A-Za-z0-9_~!#+=()-]{1,8}$")]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class AsItCame(_Model):
    """A file that is taken as it came, although it is not known to be right.

    ``path`` is its path in the source, with what nobody can see spelled out as in
    ``\\u{202E}``. ``sha256`` is of the bytes that came: for any others nobody signed. ``words``
    is what is wrong with them.
    """

    path: Exact
    sha256: Sha256
    words: Text


class _Origin(_Model):
    """Where something is fetched. ``as_it_came`` names files that are taken as they came."""

    as_it_came: Annotated[tuple[AsItCame, ...], Field(max_length=1000)] = ()

    @model_serializer(mode="wrap")
    def _without_nothing(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Without such files it is what an older version wrote: a scope's digest is its name."""
        written: dict[str, Any] = write(self)
        if not self.as_it_came:
            written.pop("as_it_came", None)
        return written


class FromTenant(_Origin):
    """A drive of a Microsoft tenant.

    ``tenant`` is its name in ``tenant_export_tenants``, ``drive`` Graph's id of the drive.
    ``versions`` is whether earlier versions are left, listed or fetched as well.
    """

    by: Literal["tenant"]
    tenant: Slug
    drive: Exact
    versions: Literal["none", "list", "all"] = "none"


class FromSftp(_Origin):
    """A folder on an SFTP server, by its name in ``tenant_export_servers``."""

    by: Literal["sftp"]
    server: Slug
    folder: Exact


class FromFolder(_Origin):
    """A folder that the asset's host can read, such as a mounted share."""

    by: Literal["folder"]
    folder: Exact


Origin = Annotated[FromTenant | FromSftp | FromFolder, Field(discriminator="by")]


class Names(_Model):
    """What happens to a name that the target refuses; without a rule the item stays behind.

    ``characters`` stands in the place of each refused character, ``reserved`` is put behind
    a reserved name. ``shorten`` cuts names until the path fits, ``tell_apart`` marks names
    that the target cannot tell apart.
    """

    characters: _Mark | None = None
    reserved: _Mark | None = None
    shorten: bool = False
    tell_apart: bool = False


class Into(_Model):
    """A drive of the new tenant, and how we deal with what is there.

    ``folder`` is a path in that drive; without it everything comes at the top. ``rights`` is
    whether rights are given there. ``leave_out`` names for which reasons an item, or a right
    on it, may stay behind; for any other reason nothing starts. ``gone`` is what happens to an
    item of ours whose original was removed before the last pass. ``check`` is how the result
    is held against the original.
    """

    tenant: Slug
    drive: Exact
    folder: Exact | None = None
    conflicts: Literal["fail", "keep both", "skip equal"] = "fail"
    names: Names = Names()
    rights: bool = True
    leave_out: tuple[LeaveOut, ...] = ()
    gone: Literal["stop", "keep", "set aside"] = "stop"
    check: Literal["every byte", "the service's hash"] = "every byte"


class WritingStops(_Model):
    """From some moment on nobody writes where the data comes from.

    ``who`` is who at the client sees to it and says so; ``words`` is how. The last pass over
    everything is made after that.
    """

    who: Name
    words: Text


class Landing(_Model):
    """A folder of the new tenant that we make for the client, who moves something there (B4).

    ``folder`` is a path in that drive. ``account`` is the e-mail address, in the new tenant, of
    who may write in it.
    """

    tenant: Slug
    drive: Exact
    folder: Exact
    account: Exact


class Person(_Model):
    """Somebody's rights: whose they become, or why they become nobody's.

    ``was`` and ``becomes`` are e-mail addresses, or names of groups.
    """

    was: Exact
    becomes: Exact | None = None
    because: Text | None = None
