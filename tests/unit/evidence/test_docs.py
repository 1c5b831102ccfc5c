"""Every code that evidence can give is explained in the docs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import sluis.evidence

ROOM = Path(sluis.evidence.__file__).parent
PAGE = (Path(__file__).parents[3] / "docs" / "evidence.md").read_text()
_GIVEN = re.compile(r'(?:Problem|_problem|Finding|finding)\(\s*"([a-z-]+)"')


def _codes() -> list[str]:
    text = "".join(path.read_text() for path in sorted(ROOM.glob("*.py")))
    found = set(_GIVEN.findall(text))
    # an EvidenceError while reading becomes a problem of the same name
    for name in ("statements.py", "canonical.py", "pages.py", "witness.py"):
        found |= set(re.findall(r'EvidenceError\(\s*"([a-z-]+)"', (ROOM / name).read_text()))
    return sorted(found)


def test_there_are_codes() -> None:
    assert {"gap", "signature-bad", "tail-removed", "trusted-time"} <= set(_codes())


@pytest.mark.parametrize("code", _codes())
def test_every_code_is_explained(code: str) -> None:
    assert f"`{code}`" in PAGE
