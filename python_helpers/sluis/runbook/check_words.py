"""Why a host could not be asked anything, from what ssh or sudo said, and the line to write."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping
from typing import Any

#: what is said, in lower case; what that is called, what is wrong, and what to do
_SAID = (
    (
        "remote host identification has changed",
        "host-key-changed",
        "has another host key than the known one",
        (
            "Find out why before anything else: ask who runs that machine. Only then replace its "
            "line in the known_hosts file{offending}."
        ),
    ),
    (
        "host key verification failed",
        "host-key-unknown",
        "has a host key that is in no known_hosts file that ssh reads",
        (
            "Compare its fingerprint with the owner of the machine, then write its key down: "
            "{keyscan}"
        ),
    ),
    (
        "permission denied",
        "login-refused",
        "does not let us in",
        (
            "Put the public key into authorized_keys there, or correct ansible_user and "
            "ansible_ssh_private_key_file in the inventory."
        ),
    ),
    (
        "could not resolve hostname",
        "host-unreachable",
        "has an address that nobody knows",
        "Correct ansible_host in the inventory.",
    ),
    (
        "incorrect sudo password",
        "become-refused",
        "refuses the password of sudo",
        "Correct ansible_become_password in the vault file.",
    ),
    (
        "missing sudo password",
        "become-password-missing",
        "asks a password for sudo",
        "Write ansible_become_password into a vault file of that host.",
    ),
    (
        "a password is required",
        "become-password-missing",
        "asks a password for sudo",
        "Write ansible_become_password into a vault file of that host.",
    ),
    (
        "is not in the sudoers file",
        "become-refused",
        "does not let our user use sudo",
        "Let that user use sudo there, or write another one as ansible_user.",
    ),
)
_NO_PASSWORD, _NO_RIGHT = _SAID[-2:]
_OTHER = (
    "host-unreachable",
    "cannot be reached",
    "See that it runs, and that its address, port and user in the inventory are right.",
)
#: codes of a host on which nothing could be looked at
CLOSED = frozenset({"host-key-changed", "host-key-unknown", "login-refused", _OTHER[0]})
#: codes of raised rights that a host refuses; without them it can be looked at still
BECOME = frozenset({"become-refused", "become-password-missing"})
_SHOWN = 300
#: ssh's words for nobody who answers, and what Ansible writes before them
_PREFIX = "Failed to connect to the host via ssh: "
_NO_ANSWER = re.compile(r"ssh: connect to host (\S+) port (\d+): (.*)")
#: the addresses of examples (RFC 5737), which the template has
_EXAMPLE = re.compile(r"(192\.0\.2|198\.51\.100|203\.0\.113)\.\d+")
_NO_ADDRESS_YET = (
    "That is the address of an example: write the machine's own as ansible_host in hosts.yml, or "
    "take the machine out."
)


#: what sudo says when it runs nothing, and what else it, or ssh with a terminal, says then
_SUDO_REFUSES = re.compile(
    r"(?:Sorry, user )?[\w.@\\-]+ is not in the sudoers file\."
    r"(?: *This incident (?:will be|has been) reported[\w ]*\.)?"
    r"|Sorry, user [\w.@\\-]+ (?:is not allowed to execute|may not run sudo) .+"
    r"|sudo: a password is required"
)
_BESIDE = re.compile(
    r"This incident (?:will be|has been) reported[\w ]*\."
    r"|sudo: unable to resolve host .+"
    r"|(?:Shared connection|Connection) to \S+ closed\."
)

#: as ssh names the machine whose key it does not know, and the line of a key that is another one
_UNKNOWN = re.compile(r"host key is known for (?:\[([^\]\s]+)\]:(\d+)|(\S+)) and you")
_OFFENDING = re.compile(r"Offending \S+ key in (\S+):(\d+)")
_FILE_OPTION = re.compile(
    r"UserKnownHostsFile[= ]+(?:[\"']([^\"']+)[\"']|([^\s\"']+))", re.IGNORECASE
)
_FOLDER = "~/.ssh"


def unreachable_words(
    host: str,
    said: str,
    known_hosts: str | None = None,
    at: tuple[str, int | None] | None = None,
) -> tuple[str, str, str]:
    """Code, what is wrong, and what to do.

    Args:
        host: which host.
        said: what Ansible, ssh or sudo said.
        known_hosts: the file in which ssh looks for keys there; ``None``: its own.
    """
    plain = " ".join(said.split())
    for words, code, what, remedy in _SAID:
        if words in plain.lower():
            known = {
                "keyscan": _keyscan(plain, at or (host, None), known_hosts),
                "offending": _offending(plain),
            }
            refused = _refused_login(plain) if code == "login-refused" else ""
            return code, f"{host} {what}{refused}.", remedy.format_map(known)
    code, what, remedy = _OTHER
    asked = _NO_ANSWER.search(plain)
    if asked is None:
        said = plain.removeprefix(_PREFIX).rstrip(".")[:_SHOWN]
        return code, f"{host} {what}: {said}.", remedy
    address, port, why = asked.groups()
    if _EXAMPLE.fullmatch(address):
        remedy = _NO_ADDRESS_YET
    return code, f"{host} {what} at {address}, port {port}: {why.rstrip('.')[:_SHOWN]}.", remedy


def _refused_login(plain: str) -> str:
    """As whom, where, and by which ways in, as ssh says it."""
    before, said, after = plain.partition(": Permission denied")
    who = before.rpartition(" ")[2]
    user, at, address = who.rpartition("@")
    if not (said and at and user and address):
        return ""
    ways = after.partition("(")[2].partition(")")[0].replace(",", ", ")[:_SHOWN]
    taken = f"; what it takes: {ways}" if ways else ""
    return f" as the user {user[:_SHOWN]} at {address[:_SHOWN]}{taken}"


def become_words(host: str, result: Mapping[Any, Any]) -> tuple[str, str, str] | None:
    """Code, what is wrong and what to do, where it is certain that sudo ran nothing.

    That is when sudo's refusal is all that came back: a module that began has an answer, or leaves
    other words.

    Args:
        host: which host.
        result: what Ansible returned in place of the module's answer.
    """
    if result.get("rc") != 1:
        return None
    told = [str(result.get(name) or "") for name in ("module_stdout", "module_stderr")]
    lines = [line.strip() for line in "\n".join(told).splitlines() if line.strip()]
    said = [line for line in lines if not _BESIDE.fullmatch(line)]
    if not said or not all(_SUDO_REFUSES.fullmatch(line) for line in said):
        return None
    if _NO_PASSWORD[0] in said[0]:
        return _NO_PASSWORD[1], f"{host} {_NO_PASSWORD[2]}.", _NO_PASSWORD[3]
    return _NO_RIGHT[1], f"{host} {_NO_RIGHT[2]}.", _NO_RIGHT[3]


def _keyscan(plain: str, at: tuple[str, int | None], known_hosts: str | None) -> str:
    """The command that writes the key down, with the address as ssh has it.

    Without a terminal ssh asks nobody, and does not say where it wanted to go.
    """
    found = _UNKNOWN.search(plain)
    address, port = at if found is None else (found[1] or found[3], int(found[2] or 22))
    where = f"-p {port} " if port not in (None, 22) else ""
    scan = f"ssh-keyscan {where}{shlex.quote(address)}"
    if known_hosts is None:
        return f"mkdir -p -m 700 {_FOLDER}; {scan} >> {_FOLDER}/known_hosts"
    return f"{scan} >> {shlex.quote(known_hosts)}"


def _offending(plain: str) -> str:
    found = _OFFENDING.search(plain)
    return f": {found[1]}, line {found[2]}" if found else " that the inventory names"


def known_hosts_in(options: Iterable[object]) -> str | None:
    """The file that ``UserKnownHostsFile`` names in arguments for ssh; the first one counts."""
    for one in options:
        found = _FILE_OPTION.search(str(one or ""))
        if found:
            return found[1] or found[2]
    return None
