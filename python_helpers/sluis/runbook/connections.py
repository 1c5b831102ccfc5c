"""Which machine a connection really leads to, and a refusal of one that cannot be told.

A connection has many names (``ssh``, ``ansible.builtin.ssh``, ``ansible.legacy.ssh``), and
OpenSSH takes settings from files that nobody signed. Here a name is resolved, and ssh is
started without any file: what a connection needs stands in the inventory, which is signed.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import ansible

from sluis.errors import RefusedError

_CORE = Path(ansible.__file__).resolve().parent / "plugins"
_PLUGINS = _CORE / "connection"

#: ansible-core's connections over which a machine can be recognised
KNOWN = frozenset({"ssh", "local"})

#: where OpenSSH's arguments come from; the last two are for its helper programs
_EVERY_PROGRAM = ("ssh_args", "ssh_common_args")
_ONE_PROGRAM = ("ssh_extra_args", "sftp_extra_args", "scp_extra_args")
_PROGRAMS = {"ssh_executable": "ssh", "sftp_executable": "sftp", "scp_executable": "scp"}
_NO_FILE = frozenset({"none", "/dev/null"})

#: flags that neither lead elsewhere, nor run a program, nor lend a key or a port
_FLAGS = frozenset("46CTakqvx")
_VALUED_FLAGS = frozenset("FJbcimo")

#: ``-o`` settings with any value: none leads elsewhere, runs a program or reads more settings
_FREE = frozenset(
    {
        "addressfamily", "batchmode", "bindaddress", "bindinterface", "casignaturealgorithms",
        "certificatefile", "checkhostip", "ciphers", "compression", "connectionattempts",
        "connecttimeout", "fingerprinthash", "globalknownhostsfile", "gssapiauthentication",
        "hashknownhosts", "hostbasedauthentication", "hostkeyalgorithms", "hostkeyalias",
        "identitiesonly", "identityagent", "identityfile", "ipqos", "kbdinteractiveauthentication",
        "kexalgorithms", "loglevel", "macs", "numberofpasswordprompts", "passwordauthentication",
        "preferredauthentications", "proxyjump", "pubkeyacceptedalgorithms",
        "pubkeyauthentication", "rekeylimit", "requiredrsasize", "serveralivecountmax",
        "serveraliveinterval", "tcpkeepalive", "userknownhostsfile", "visualhostkey",
    }
)  # fmt: skip
#: and those that may only be switched to the safe side
_ONLY: Mapping[str, frozenset[str]] = {
    "clearallforwardings": frozenset({"yes", "true"}),
    "controlmaster": frozenset({"no", "false"}),
    "controlpath": frozenset({"none"}),
    "controlpersist": frozenset({"no", "false", "0"}),
    "forwardagent": frozenset({"no", "false"}),
    "forwardx11": frozenset({"no", "false"}),
    "permitlocalcommand": frozenset({"no", "false"}),
    "stricthostkeychecking": frozenset({"yes", "true", "ask"}),
    "tunnel": frozenset({"no", "false"}),
    "updatehostkeys": frozenset({"no", "false"}),
    "verifyhostkeydns": frozenset({"no", "false"}),
}
_SETTING = re.compile(r"\s*+([A-Za-z0-9]++)(?:\s*+=\s*+|\s++)\"?(.*)")
_ADDRESS = re.compile(r"(?!-)[A-Za-z0-9._:%\[\]-]+")
_JUMP = re.compile(r"(?!-)[A-Za-z0-9._@:,\[\]-]+|none")


def connection_name(connection: Any) -> str:
    """The connection's one name: ``ssh`` or ``local`` for ansible-core's own, else its full one.

    Args:
        connection: an Ansible connection plugin.
    """
    path = Path(str(connection._original_path))
    if path.parent.resolve() == _PLUGINS:
        return path.stem
    name = str(connection.ansible_name)
    return name if "." in name else f"{path.parent}/{name}"


def refuse_unrecognised(connection: Any) -> str:
    """Refuse a connection at whose other end nobody can tell which machine answers.

    Args:
        connection: an Ansible connection plugin, with its options resolved.

    Returns:
        The connection's one name.

    Raises:
        RefusedError: ``connection-not-known``, ``ssh-takes-settings`` or
            ``host-keys-unchecked``.
    """
    name = connection_name(connection)
    if name not in KNOWN:
        raise RefusedError(
            "connection-not-known",
            f"The connection {name} is not one over which a machine can be recognised.",
            "Use ssh, or local for the machine that Sluis runs on.",
        )
    if str(getattr(connection._shell, "SHELL_FAMILY", "")) != "sh":
        raise RefusedError(
            "connection-not-known",
            "The other end is not said to have a POSIX shell.",
            "Leave ansible_shell_type out; hosts with another shell cannot be changed.",
        )
    become = getattr(connection, "become", None)
    for kind, plugin in (("shell", connection._shell), ("become", become)):
        if plugin is not None and not _from_core(kind, plugin):
            raise RefusedError(
                "connection-not-known",
                f"The {kind} plugin of this connection is not ansible-core's.",
                f"Use a {kind} plugin of ansible-core, and remove the other one.",
            )
    if name == "ssh":
        check_ssh(connection.get_options())
    return name


def _from_core(kind: str, plugin: Any) -> bool:
    path = Path(str(getattr(plugin, "_original_path", "")))
    return path.parent.resolve() == _CORE / kind


def check_ssh(options: Mapping[str, Any]) -> None:
    """Refuse ssh settings that lead elsewhere or come from a file that nobody signed.

    Args:
        options: the resolved options of ansible-core's ``ssh`` connection.

    Raises:
        RefusedError: ``ssh-takes-settings`` or ``host-keys-unchecked``.
    """
    for option, program in _PROGRAMS.items():
        if str(options.get(option) or program) not in (program, f"/usr/bin/{program}"):
            raise _taken(option, str(options[option]), f"Leave it out; {program} is used.")
    address = str(options.get("host") or "")
    if address and not _ADDRESS.fullmatch(address):
        raise _taken("ansible_host", address, "Write a host name or an address.")
    if options.get("pkcs11_provider"):
        library = str(options["pkcs11_provider"])
        raise _taken("pkcs11_provider", library, "Leave it out; give ssh a key or an agent.")
    if options.get("host_key_checking") is False:
        raise _unchecked("host_key_checking")
    files = [value for option in _EVERY_PROGRAM for value in _checked(options, option)]
    for option in _ONE_PROGRAM:
        list(_checked(options, option))
    if not files:
        raise RefusedError(
            "ssh-takes-settings",
            "ssh would read ~/.ssh/config, which nobody signed and which can lead elsewhere.",
            "Add '-F none' to ansible_ssh_args in the inventory, or leave ansible_ssh_args out. "
            "What a connection needs (ProxyJump, a port) stands in the inventory.",
        )


def _checked(options: Mapping[str, Any], option: str) -> Iterator[str]:
    """Look at every argument; yields what ``-F`` names."""
    for flag, value in _arguments(option, str(options.get(option) or "")):
        if flag == "F":
            if value not in _NO_FILE:
                raise _taken(option, f"-F {value}", "Give '-F none'.")
            yield value
        elif flag == "J":
            _check_setting(option, f"ProxyJump={value}")
        elif flag == "o":
            _check_setting(option, value)


def _arguments(option: str, text: str) -> Iterator[tuple[str, str]]:
    """The arguments as ``getopt`` would read them."""
    if not text.isprintable():
        raise _taken(option, "a control character", "Write it on one line.")
    try:
        words = iter(shlex.split(text))
    except ValueError:
        raise _taken(option, text, "Close the quote.") from None
    for word in words:
        if len(word) < 2 or word[0] != "-":
            raise _taken(option, word, "Only options may stand here; the host is ansible_host.")
        for place, flag in enumerate(word[1:], start=2):
            if flag in _VALUED_FLAGS:
                yield flag, word[place:] or next(words, "")
                break
            if flag not in _FLAGS:
                raise _taken(option, f"-{flag}", "Leave it out.")


def _check_setting(option: str, text: str) -> None:
    found = _SETTING.fullmatch(text)
    if found is None:
        raise _taken(option, text, "Write it as Name=value.")
    name, value = found[1].lower(), found[2].rstrip().removesuffix('"')
    if name in _ONLY:
        if value.lower() in _ONLY[name]:
            return
        if name == "stricthostkeychecking":
            raise _unchecked(f"{option}: {text}")
    elif name in _FREE and (name != "proxyjump" or _JUMP.fullmatch(value)):
        return
    raise _taken(option, text, "Leave it out. A host behind another one is reached by ProxyJump.")


def _taken(option: str, what: str, remedy: str) -> RefusedError:
    return RefusedError(
        "ssh-takes-settings",
        f"{option} has {what[:120]!r}, by which ssh could go elsewhere or run something else.",
        remedy,
    )


def _unchecked(where: str) -> RefusedError:
    return RefusedError(
        "host-keys-unchecked",
        f"SSH host keys are not checked ({where}), so any machine could answer.",
        "Check them; put the host's key into the known_hosts file.",
    )
