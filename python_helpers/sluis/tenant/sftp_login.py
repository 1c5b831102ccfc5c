"""Log in to a server: the host key first, the secret after it."""

from __future__ import annotations

import logging
import socket
from dataclasses import dataclass, field
from pathlib import Path

import paramiko

from ..errors import InputError
from .host_keys import HostKeys, from_known_hosts, pinned
from .source_error import CutError, SourceError

#: bytes that may be under way at once: at 80 ms round trip that is 200 MB/s
WINDOW = 16 << 20
_PACKET = 256 << 10
#: the quickest first: AES-GCM needs no separate MAC
_CIPHERS = ("aes128-gcm@openssh.com", "aes256-gcm@openssh.com", "aes256-ctr", "aes128-ctr")
_KEEP_ALIVE = 30
_LOG = "sluis.sftp"
logging.getLogger(_LOG).addHandler(logging.NullHandler())


@dataclass(frozen=True)
class SftpLogin:
    """Where the old supplier's server is, and how to get in.

    Args:
        address: host name or address.
        user: account on the server.
        port: TCP port.
        known_hosts: file with the server's key; or else
        host_key: the key itself (``ssh-ed25519 AAAA…``) or its fingerprint (``SHA256:…``).
        key: private key in a file, or else
        password: the account's password. It and ``passphrase`` are secrets: they are in no
            repr, no error and no log.
        passphrase: opens ``key``.
        patience: seconds without any answer after which a connection counts as cut.
    """

    address: str
    user: str
    port: int = 22
    known_hosts: Path | None = None
    host_key: str | None = None
    key: Path | None = None
    password: str | None = field(default=None, repr=False)
    passphrase: str | None = field(default=None, repr=False)
    patience: float = 60.0

    def host_keys(self) -> HostKeys:
        """The keys by which the server is recognised.

        Raises:
            InputError: neither or both are given, or what is given cannot be read.
            SourceError: ``host-key-unknown``.
        """
        if self.host_key is not None and self.known_hosts is None:
            return pinned(f"{self.address}:{self.port}", self.host_key)
        if self.known_hosts is not None and self.host_key is None:
            return from_known_hosts(self.known_hosts, self.address, self.port)
        raise InputError(
            "host-key-not-given",
            f"It is not said by which key the server {self.address} is recognised.",
            "Give either a known_hosts file or one pinned key.",
        )


def log_in(login: SftpLogin) -> paramiko.Transport:
    """Connect, recognise the server, log in. The caller closes the connection.

    Raises:
        InputError: what the login says cannot be used.
        SourceError: ``host-key-unknown``, ``host-key-wrong``, ``host-key-revoked``,
            ``source-login-refused``.
        CutError: ``source-unreachable``.
    """
    keys = login.host_keys()
    private = _private_key(login)
    transport = _connected(login)
    try:
        _shake_hands(transport, login, keys)
        _identify(transport, login, private)
    except BaseException:
        transport.close()
        raise
    transport.set_keepalive(_KEEP_ALIVE)
    return transport


def _connected(login: SftpLogin) -> paramiko.Transport:
    try:
        link = socket.create_connection((login.address, login.port), timeout=login.patience)
    except OSError as error:
        raise _unreachable(login, error.strerror or "no answer") from error
    # small questions must not wait for the answer to the one before
    link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    transport = paramiko.Transport(
        link, default_window_size=WINDOW, default_max_packet_size=_PACKET
    )
    # what paramiko logs of a lost connection is a traceback; the caller gets our error
    transport.set_log_channel(_LOG)
    transport.banner_timeout = login.patience
    return transport


def _shake_hands(transport: paramiko.Transport, login: SftpLogin, keys: HostKeys) -> None:
    transport.auth_timeout = login.patience
    options = transport.get_security_options()
    options.ciphers = [c for c in _CIPHERS if c in options.ciphers]
    known = keys.algorithms()
    if known:
        # a server with several keys would otherwise show one that we do not know
        options.key_types = [k for k in known if k in options.key_types]
    try:
        transport.start_client(timeout=login.patience)
        shown = transport.get_remote_server_key()
    except (paramiko.SSHException, EOFError, OSError) as error:
        if isinstance(error, paramiko.ssh_exception.IncompatiblePeer) and known:
            raise SourceError(
                "host-key-wrong",
                f"The server {login.address}:{login.port} has no key of a kind that we know, or "
                "no cipher that we accept.",
                "Ask the old supplier for the fingerprint of the key it has now.",
            ) from error
        raise _unreachable(login, "the handshake failed") from error
    keys.check(shown.asbytes())


def _identify(
    transport: paramiko.Transport, login: SftpLogin, private: paramiko.PKey | None
) -> None:
    try:
        if private is not None:
            transport.auth_publickey(login.user, private)
        else:
            transport.auth_password(login.user, login.password or "")
    except paramiko.AuthenticationException as error:
        raise SourceError(
            "source-login-refused",
            f"The server {login.address} does not let the account {login.user} in.",
            "Check account and secret with the old supplier. Nothing was read.",
        ) from error
    except (paramiko.SSHException, EOFError, OSError) as error:
        raise _unreachable(login, "the connection ended while logging in") from error
    if not transport.is_authenticated():
        raise SourceError(
            "source-login-refused",
            f"The server {login.address} asks the account {login.user} for more than one proof.",
            "Ask the old supplier for an account that may log in with a key or a password alone.",
        )


def _private_key(login: SftpLogin) -> paramiko.PKey | None:
    if login.key is None:
        if login.password is None:
            raise InputError(
                "source-login-missing",
                f"There is no key and no password for {login.user} on {login.address}.",
                "Give one of the two.",
            )
        return None
    try:
        return paramiko.PKey.from_path(login.key, password=login.passphrase)
    except Exception as error:
        # The libraries below raise what they like here, and quote what they read.
        raise InputError(
            "source-key-unreadable",
            f"The private key {login.key} cannot be read ({type(error).__name__}).",
            "Give an OpenSSH key of type Ed25519, ECDSA or RSA, and its passphrase if it has one.",
        ) from None


def _unreachable(login: SftpLogin, why: str) -> CutError:
    return CutError(
        "source-unreachable",
        f"The server {login.address}:{login.port} cannot be reached: {why}.",
        "Check the address and that the old supplier lets this machine in, then run it again.",
    )


def shown_key(login: SftpLogin) -> str | None:
    """The public key that a server shows, for a person to compare; ``None``: it shows none.

    Nobody is logged in, and nothing is believed because of it.

    Args:
        login: where the server is.
    """
    try:
        transport = _connected(login)
    except CutError:
        return None
    try:
        transport.start_client(timeout=login.patience)
        key = transport.get_remote_server_key()
        return f"{key.get_name()} {key.get_base64()}"
    except (paramiko.SSHException, EOFError, OSError):
        return None
    finally:
        transport.close()
