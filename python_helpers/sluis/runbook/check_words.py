"""Why a host could not be asked anything, from what ssh or sudo said, and the line to write."""

from __future__ import annotations

#: what is said, in lower case; what that is called, what is wrong, and what to do
_SAID = (
    (
        "remote host identification has changed",
        "host-key-changed",
        "has another host key than the known one",
        (
            "Find out why before anything else: ask who runs that machine. Only then replace its "
            "line in the known_hosts file that the inventory names."
        ),
    ),
    (
        "host key verification failed",
        "host-key-unknown",
        "has a host key that is in no known_hosts file that ssh reads",
        (
            "Compare its fingerprint with the owner of the machine, then write its key down: "
            "ssh-keyscan -p PORT ADDRESS >> KNOWN_HOSTS (the file that UserKnownHostsFile names in "
            "ansible_ssh_common_args)."
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
        "become-refused",
        "asks a password for sudo",
        "Write ansible_become_password into a vault file of that host.",
    ),
    (
        "a password is required",
        "become-refused",
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
_OTHER = (
    "host-unreachable",
    "cannot be reached",
    "See that it runs, and that its address, port and user in the inventory are right.",
)
#: codes of raised rights that a host refuses; without them it can be looked at still
BECOME = "become-refused"
_SHOWN = 300


def unreachable_words(host: str, said: str) -> tuple[str, str, str]:
    """Code, what is wrong, and what to do.

    Args:
        host: which host.
        said: what Ansible, ssh or sudo said.
    """
    plain = " ".join(said.split())
    for words, code, what, remedy in _SAID:
        if words in plain.lower():
            return code, f"{host} {what}.", remedy
    code, what, remedy = _OTHER
    return code, f"{host} {what}: {plain[:_SHOWN]}", remedy
