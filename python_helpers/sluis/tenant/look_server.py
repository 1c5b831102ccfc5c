"""See whether an SFTP server is the known one, lets us in, and lets us read the folders."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from ..border.tenant import ServerSecret
from ..border.verb import Failure, failure_of
from ..border.verbs.tenant_check import AtFolder, OfServer, SeenServer
from ..errors import SluisError
from ..manifest.walk import Walk
from . import sftp_wire as wire
from .given import given
from .sftp_listing import check_root
from .sftp_login import SftpLogin, shown_key
from .sftp_session import SftpSession
from .sftp_wire import Kind
from .source_error import SourceError
from .source_request import login_of

#: seconds in which a server has to say something
_PATIENCE = 6.0
#: codes of a server of which a person has to compare the key
_OF_THE_KEY = frozenset({"host-key-unknown", "host-key-wrong"})


def look_at_server(part: OfServer, secret: ServerSecret) -> SeenServer:
    """Log in, and list the top of each folder. No file is opened.

    Args:
        part: the server, and its folders that the scope names.
        secret: of its login.
    """
    login: SftpLogin | None = None
    try:
        login = _login(part, secret)
        session = SftpSession.open(login)
    except SluisError as error:
        shown = shown_key(login) if login and error.code in _OF_THE_KEY else None
        return SeenServer(part.server, failure_of(error), shown)
    try:
        folders = tuple(AtFolder(one, _not_read(session, one)) for one in part.folders)
    finally:
        session.close()
    return SeenServer(part.server, folders=folders)


def look_at_folder(folder: str) -> AtFolder:
    """See whether a folder of this machine is there and can be listed.

    Args:
        folder: its path.
    """
    try:
        Walk(str(Path(folder)), ())
    except SluisError as error:
        return AtFolder(folder, failure_of(error))
    return AtFolder(folder)


def _login(part: OfServer, secret: ServerSecret) -> SftpLogin:
    login = login_of(part.server, given(part.login, secret))
    return replace(login, patience=min(login.patience, _PATIENCE))


def _not_read(session: SftpSession, folder: str) -> Failure | None:
    where = os.fsencode(folder)
    try:
        check_root(session, where)
        opened = session.one(wire.of_path(Kind.OPENDIR, where))
        if opened.kind != Kind.HANDLE:
            raise SourceError(
                "source-unreadable",
                f"The folder {folder} on the server cannot be listed: {opened.words()}.",
                "Ask the old supplier to let this account read it.",
            )
        session.one(wire.close(opened.handle()))
    except SluisError as error:
        return failure_of(error)
    return None
