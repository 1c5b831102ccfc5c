"""Dump and check need no root: the same story as an ordinary user."""

from __future__ import annotations

import json
import os
import pwd
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from support.databases import processes_of

New = Callable[..., dict[str, Any]]
#: Everything is imported before the rights are given up: the files may be out of reach then.
CODE = """
import ctypes, glob, json, os, signal, sys, tempfile, tarfile, bz2, lzma, gzip
from sluis.snapshot import mariadb, postgresql, postgresql_restore, mariadb_restore
asset, folder, user = json.loads(sys.argv[1]), sys.argv[2], int(sys.argv[3])
if user:
    os.setgroups([]); os.setgid(user); os.setuid(user)
    ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)  # as after an exec: PR_SET_DUMPABLE
os.environ["HOME"] = folder
adapter = {"postgresql": postgresql, "mariadb": mariadb}[asset["kind"]]
made = adapter.dump(asset, folder + "/dump", "n" * 40, {})
answer = adapter.check(asset, folder + "/dump", made["facts"], None, folder + "/scratch", {})
print(json.dumps([os.geteuid(), answer["verdict"], answer["detail"], answer["ran"]]))
"""


@pytest.mark.parametrize("kind", ["postgresql", "mariadb"])
def test_as_an_ordinary_user(new_pg: New, new_maria: New, folder: Path, kind: str) -> None:
    sql = "create table t (i int primary key, name varchar(9)); insert into t values (1, 'a')"
    asset = new_pg(sql) if kind == "postgresql" else new_maria(sql)
    nobody = pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else 0
    for name in ("dump", "scratch"):
        (folder / name).mkdir()
        if nobody:
            os.chown(folder / name, nobody, nobody)
    done = subprocess.run(
        [sys.executable, "-c", CODE, json.dumps(asset), str(folder), str(nobody)],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    user, verdict, detail, ran = json.loads(done.stdout)
    assert user != 0
    assert verdict == "proven", detail
    # a user namespace gives an ordinary user the same, but for another user
    assert any("confined: limits on memory and disk" in line for line in ran), ran
    assert any("no network, no files but its own" in line for line in ran), ran
    assert any(line.endswith("ran without: a user of its own)") for line in ran), ran
    assert list((folder / "scratch").iterdir()) == []
    assert processes_of(folder) == []
