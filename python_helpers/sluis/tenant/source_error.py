"""What goes wrong with a source that is not a tenant: a server or a folder at the old supplier."""

from __future__ import annotations

from ..errors import SluisError


class SourceError(SluisError):
    """A source cannot be read as it should; nothing of it counts as had."""


class CutError(SourceError):
    """The connection was lost. What came before it is kept, and it may be tried again."""


class ProtocolError(SourceError):
    """A server said something that its protocol does not allow, or that cannot be true."""

    def __init__(self, what: str) -> None:
        super().__init__(
            "sftp-protocol",
            f"The SFTP server does not keep to its protocol: {what}.",
            "Look at which server software it is, and read the source another way.",
        )
