"""What `sluis check` gives to paste: from what a host said, and never in a host's own words."""

from __future__ import annotations

import re

import pytest

from sluis.border.verbs.asset_check import ASSET_CHECK, Lacking
from sluis.errors import BorderError, SnapshotError
from sluis.runbook.check_words import BECOME, known_hosts_in, unreachable_words
from sluis.runbook.checking import from_error
from sluis.runbook.findings import Finding, read_findings
from sluis.runbook.grants import grant_of

#: as OpenSSH 9.2, sudo 1.9 and ansible-core 2.19 say it
SAID = {
    "host-key-unknown": "Failed to connect to the host via ssh: No ED25519 host key is known for "
    "app1 and you have requested strict checking.\r\nHost key verification failed.",
    "host-key-changed": "@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @\r\n"
    "Host key verification failed.",
    "login-refused": "root@app1: Permission denied (publickey).",
    "host-unreachable": "ssh: connect to host app1 port 22: Connection refused",
    "become-password-missing": "Missing sudo password",
    "become-refused": "Incorrect sudo password",
}


@pytest.mark.parametrize("code", SAID)
def test_check_why_a_host_cannot_be_asked_has_a_code_and_a_line_to_write(code: str) -> None:
    found, what, remedy = unreachable_words("app1", SAID[code])
    assert found == code
    assert what.startswith("app1 ")
    assert len(remedy) > 40


@pytest.mark.parametrize(
    ("address", "options", "command"),
    [
        ("[10.0.0.9]:2222", "-F none -o UserKnownHostsFile=/srv/known hosts", None),
        ("[10.0.0.9]:2222", "-F none -o UserKnownHostsFile=/srv/known_hosts -o X=y",
         "ssh-keyscan -p 2222 10.0.0.9 >> /srv/known_hosts"),
        ("app1.example", '-o "UserKnownHostsFile /srv/known_hosts"',
         "ssh-keyscan app1.example >> /srv/known_hosts"),
        ("app1.example", "-C",
         "mkdir -p -m 700 ~/.ssh; ssh-keyscan app1.example >> ~/.ssh/known_hosts"),
    ],
)  # fmt: skip
def test_check_the_command_that_writes_a_key_down_can_be_pasted(
    address: str, options: str, command: str | None
) -> None:
    """ssh says itself at which address and port it asked."""
    said = SAID["host-key-unknown"].replace("app1", address)
    _, _, remedy = unreachable_words("app1", said, known_hosts_in(["-C", options]))
    assert command is None or remedy.endswith(f": {command}")
    assert not re.search(r"\b(PORT|ADDRESS|KNOWN_HOSTS|CLIENT|CHANGE|HOST)\b", remedy)


def test_check_where_ssh_says_no_address_it_is_that_of_the_connection() -> None:
    """Without a terminal it asks nobody, and only says that it could not verify the key."""
    said = "Failed to connect to the host via ssh: Host key verification failed."
    _, _, remedy = unreachable_words("desk", said, "/srv/known", ("127.0.20.1", 2201))
    assert remedy.endswith(": ssh-keyscan -p 2201 127.0.20.1 >> /srv/known")


def test_check_the_line_of_a_key_that_is_another_one_is_named() -> None:
    said = SAID["host-key-changed"].replace("@\r", "@ Offending RSA key in /srv/known_hosts:7\r")
    assert "known_hosts file: /srv/known_hosts, line 7." in unreachable_words("app1", said)[2]


SSH = "Failed to connect to the host via ssh: "


@pytest.mark.parametrize(
    ("said", "what", "remedy"),
    [
        (f"{SSH}ssh: connect to host 10.0.0.9 port 22: No route to host",
         "app1 cannot be reached at 10.0.0.9, port 22: No route to host.", "See that it runs"),
        (f"{SSH}ssh: connect to host 192.0.2.10 port 22: Connection timed out",
         "app1 cannot be reached at 192.0.2.10, port 22: Connection timed out.",
         "address of an example"),
        (f"{SSH}kex_exchange_identification: read: Connection reset by peer",
         "app1 cannot be reached: kex_exchange_identification: read: Connection reset by peer.",
         "See that it runs"),
    ],
)  # fmt: skip
def test_check_a_host_that_is_off_is_said_shortly(said: str, what: str, remedy: str) -> None:
    code, told, to_do = unreachable_words("app1", said)
    assert (code, told) == ("host-unreachable", what)
    assert remedy in to_do


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("sudo: a password is required", "become-password-missing"),
        ("Sorry, user is not in the sudoers file.", "become-refused"),
    ],
)
def test_check_a_sudo_that_says_no_in_a_modules_place_is_that(said: str, code: str) -> None:
    error = SnapshotError("module-failed", f"asset_check could not run on app1: {said}", "Check.")
    assert from_error("app1", error).code == code
    assert code in BECOME


EVIL = "'; drop table patient; -- \"`x"


@pytest.mark.parametrize(
    ("kind", "need", "statement"),
    [
        ("postgresql", "read all", "GRANT pg_read_all_data TO {pg};"),
        ("postgresql", "read large objects", "GRANT {pg} TO {pg};"),
        ("postgresql", "read past row security", "ALTER ROLE {pg} BYPASSRLS;"),
        ("postgresql", "place the nonce", "GRANT CREATE ON DATABASE {pg} TO {pg};"),
        ("postgresql", "make databases", "ALTER ROLE {pg} CREATEDB;"),
        ("postgresql", "own what is put back", "GRANT {pg} TO {pg};"),
        ("postgresql", "end sessions", "GRANT pg_signal_backend TO {pg};"),
        ("postgresql", "mark a copy", 'GRANT SET ON PARAMETER "sluis.copy" TO {pg};'),
        ("postgresql", "be a superuser", "ALTER ROLE {pg} SUPERUSER;"),
        ("mariadb", "put back beside",
         (r"GRANT SELECT ON {start}\_sluis\_restored\_%`.* TO {who}; "
          r"GRANT SELECT ON {start}\_sluis\_quarantine\_%`.* TO {who};")),
        ("mariadb", "swap in", "GRANT SELECT ON {db}.* TO {who};"),
        ("mariadb", "make code of others", "GRANT SELECT ON *.* TO {who};"),
        ("mariadb", "read and lock", "GRANT SELECT ON {db}.* TO {who};"),
        ("mariadb", "see definitions", "GRANT SELECT ON {db}.* TO {who};"),
        ("mariadb", "see routines", "GRANT SELECT ON mysql.proc TO {who};"),
        ("mariadb", "see databases", "GRANT SHOW DATABASES ON *.* TO {who};"),
    ],
)  # fmt: skip
def test_check_no_name_of_a_host_leaves_its_quotes(kind: str, need: str, statement: str) -> None:
    to = EVIL if kind == "postgresql" else f"{EVIL}@h"
    lacking = Lacking("db", need, to, EVIL, ("SELECT",))  # type: ignore[arg-type]
    assert grant_of(kind, lacking, None).statement == statement.format(
        pg='"\'; drop table patient; -- ""`x"',
        start="`'; drop tabl%",
        db="`'; drop table patient; -- \"``x`",
        who="'''; drop table patient; -- \"`x'@'h'",
    )


def test_check_a_right_is_one_of_ours_whatever_a_host_says() -> None:
    answer = (
        b'{"sluis":1,"verb":"asset_check","part":"answer","body":{'
        b'"clock":"2026-11-21T12:00:00+00:00","store_clock":null,"troubles":[],'
        b'"lacking":[{"asset":"db","need":"see definitions","to":"u","on":"d",'
        b'"privileges":["FILE"]}],"seen":[],"lets_remove":null}}'
    )
    with pytest.raises(BorderError, match="privileges"):
        ASSET_CHECK.read_answer(answer, host="db1")
    ASSET_CHECK.read_answer(answer.replace(b"FILE", b"EVENT"), host="db1")


def test_check_findings_come_back_plain_and_only_whole() -> None:
    whole = Finding("app1", "clock-off", "It is \x1b[31mred", "Set it.").as_dict()
    (found,) = read_findings([whole, {"host": "x"}, "y"])
    assert (found.host, found.code, found.stops) == ("app1", "clock-off", False)
    assert "\x1b" not in found.what
    assert read_findings(None) == []


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (("Failed to connect to the host via ssh: ops@192.168.1.5: Permission denied (publickey,"
         "password)."),
         ("app1 does not let us in as the user ops at 192.168.1.5; what it takes: publickey, "
         "password.")),
        ("ops@fe80::1: Permission denied",
         "app1 does not let us in as the user ops at fe80::1."),
        ("Permission denied, please try again.", "app1 does not let us in."),
        ("scp: /etc: Permission denied", "app1 does not let us in."),
    ],
)  # fmt: skip
def test_newcomer_a_refused_login_names_who_came_and_where(said: str, told: str) -> None:
    code, what, _ = unreachable_words("app1", said)
    assert (code, what) == ("login-refused", told)
