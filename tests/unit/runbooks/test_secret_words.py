"""A password in the words of a command is one that whoever reads the plan would see."""

from __future__ import annotations

from pathlib import Path

import pytest

from sluis.errors import SluisError
from sluis.runbook.secret_words import carries_a_secret, words_carry_a_secret
from support.guarded_call import Guarded

OPEN = [
    "mysqldump --password=hunter2 shop",
    "PGPASSWORD=hunter2 psql",
    "env DB_PASS='hunter 2' tool",
    "tool --api-key hunter2",
    "tool --db-password  hunter2 --host x",
    "tool --token=hunter2",
    "curl https://me:hunter2@host.example/x",
    "curl -u me:hunter2 https://host.example",
    "curl -H 'Authorization: Bearer hunter2' https://host.example",
    "/usr/bin/mariadb -u root -phunter2 shop",
    "sshpass -p hunter2 ssh host",
    "alter role app password 'hunter2'",
    "create user x identified by 'hunter2'",
    'password = "hunter2"',
]

CLEAN = [
    "pg_dump --password-file=/etc/x",
    "tool --password=/etc/x",
    "tool --password=$PASSWORD",
    'tool --password "${PASSWORD}"',
    "tool --no-password=true --token-lifetime=60",
    "tool --password --host x",
    "passwd --expire anna",
    "mysql --password -u root",
    "mysql -P3306 -p --protocol=tcp",
    "curl -u me https://host.example:8443/a@b",
    "systemctl restart password-sync token",
    "the password: ask the practice",
    "alter role app valid until 'infinity'",
    "ssh://git@host.example/x",
    "sha256sum /etc/secret",
]


@pytest.mark.parametrize("text", OPEN)
def test_a_text_with_a_secret(text: str) -> None:
    assert carries_a_secret(text)
    assert words_carry_a_secret(text.split())


@pytest.mark.parametrize("text", CLEAN)
def test_a_text_without_one(text: str) -> None:
    assert not carries_a_secret(text)
    assert not words_carry_a_secret([*text.split(), 5])


@pytest.mark.parametrize(
    ("module", "args", "named"),
    [
        ("command", {"argv": ["tool", "--password", "hunter2"]}, "'argv'"),
        ("command", {"cmd": "tool --password=hunter2"}, "'cmd'"),
        ("lineinfile", {"path": "/etc/x", "line": "password = hunter2"}, "'line'"),
        ("uri", {"url": "https://host.example", "body": {"x": ["token=hunter2"]}}, "'body.x'"),
    ],
    ids=["words", "command", "line", "deeper"],
)
def test_such_a_step_is_refused(
    tmp_path: Path, module: str, args: dict[str, object], named: str
) -> None:
    for where in ("args", "args_at_apply"):
        with pytest.raises(SluisError) as told:
            Guarded(tmp_path).read(module=module, **{where: args})
        assert told.value.code == "secret-in-args"
        assert named in told.value.what
        assert "hunter2" not in told.value.what


def test_what_is_looked_for_is_no_secret(tmp_path: Path) -> None:
    args = {"path": "/etc/x", "regexp": "^password=.*", "line": "password_file=/etc/y"}
    Guarded(tmp_path).read(module="lineinfile", args=args)


@pytest.mark.parametrize("part", ["-", "a-", "mysql ", "curl -u", "x://", "password ", "a:b"])
def test_a_long_text_is_read_through_once(part: str) -> None:
    """Where the work grew with the square of the length, this would take hours."""
    assert not carries_a_secret(part * (200_000 // len(part)))
