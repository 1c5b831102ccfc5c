"""Our code on its way to a host: it arrives whole, and is what runs there."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.testing import patch_module_args

from sluis.border.code_bundle import arrive, pack_code
from support.bundles import with_code

SOURCES = {
    "__init__.py": "WHERE = 'from the bundle'\n",
    "room/__init__.py": "",
    "room/one.py": "from ..errors import WORD\nfrom . import two\nSAID = WORD + two.WORD\n",
    "room/two.py": "WORD = 'é☃'\n",
    "errors.py": "WORD = 'x'\n\ndef fail():\n    raise RuntimeError(WORD)  # the line\n",
}
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs code in a Python of its own, into which a bundle came."""

    def run(code: str, sources: dict[str, str] = SOURCES) -> subprocess.CompletedProcess[str]:
        (tmp_path / "code").write_text(pack_code(sources))
        return subprocess.run(
            [sys.executable, "-c", with_code(tmp_path / "code") + code],
            capture_output=True, text=True, check=False,
        )  # fmt: skip

    return run


def test_what_came_along_is_what_runs_whatever_is_installed(run: Run) -> None:
    """This Python has the whole package installed."""
    done = run("import sluis\nfrom sluis.room.one import SAID\nprint(sluis.WHERE, SAID)\n")
    assert done.stdout == "from the bundle xé☃\n", done.stderr


def test_what_did_not_come_along_is_not_taken_from_elsewhere(run: Run) -> None:
    done = run("import sluis.gate\n")
    assert "No module named 'sluis.gate'" in done.stderr


def test_only_what_is_imported_is_compiled(run: Run) -> None:
    broken = {**SOURCES, "room/three.py": "this is no Python"}
    assert run("import sluis.room.one\n", sources=broken).returncode == 0
    assert "SyntaxError" in run("import sluis.room.three\n", sources=broken).stderr


def test_an_error_shows_its_line(run: Run) -> None:
    done = run(
        "import traceback\nfrom sluis.errors import fail\n"
        "try: fail()\nexcept RuntimeError: print(traceback.format_exc())\n"
    )
    assert 'File "sluis/errors.py", line 4, in fail' in done.stdout
    assert "raise RuntimeError(WORD)  # the line" in done.stdout


def test_the_same_sources_give_the_same_text() -> None:
    turned = dict(reversed(SOURCES.items()))
    assert pack_code(turned) == pack_code(SOURCES)


@pytest.mark.parametrize(
    "code",
    [
        "",
        "é",
        "AAAA",
        base64.b64encode(b"{}").decode(),
        base64.b64encode(zlib.compress(b"[1]")).decode(),
        base64.b64encode(zlib.compress(b'{"a.py": 5}')).decode(),
        base64.b64encode(zlib.compress(b"\xff")).decode(),
        pack_code(SOURCES)[:-8],
    ],
    ids=["nothing", "no base64", "no zlib", "not packed", "a list", "a number", "no text", "cut"],
)
def test_code_that_cannot_be_read_fails_the_module(
    code: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = list(sys.meta_path)
    arguments = patch_module_args({"code": code, "request": "x", "secrets": "y"})
    with arguments, pytest.raises(SystemExit):
        arrive(AnsibleModule)
    said = json.loads(capsys.readouterr().out)
    assert said["failed"] is True
    assert "cannot be read" in said["msg"]
    assert sys.meta_path == before
