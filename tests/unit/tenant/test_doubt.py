"""Why a file is not known to be right: one word, and never one that is untrue of it."""

from __future__ import annotations

import pytest

from sluis.tenant.doubt import doubt_of
from sluis.tenant.tenant_manifest import Doubt

SHA = "11" * 32


@pytest.mark.parametrize(
    ("check", "known", "older", "listed", "doubt"),
    [
        pytest.param("not verified", None, False, (9, None), "no hash", id="size-agrees"),
        pytest.param("not verified", None, False, (None, None), "no hash", id="nothing-listed"),
        pytest.param("not verified", None, False, (8, None), "differs", id="other-size"),
        pytest.param("not verified", None, False, (9, "AAA="), "differs", id="other-hash"),
        pytest.param("not verified", None, False, (9, f"sha256:{SHA[2:]}00"), "differs",
                     id="sha256"),
        pytest.param("not verified", None, False, (9, f"BBB= sha256:{SHA[2:]}00"), "differs",
                     id="one-of-two-hashes"),
        pytest.param("not verified", None, False, (9, f"BBB= sha256:{SHA} sha1:22"), None,
                     id="those-that-are-known-agree"),
        pytest.param("not verified", None, True, (8, "AAA="), "older", id="older"),
        pytest.param("not verified", "read once", False, (9, None), "read once", id="read-once"),
        pytest.param("not verified", "edited", False, (9, None), "edited", id="busy"),
        pytest.param("not verified", "edited", True, (9, None), "older", id="older-and-busy"),
        pytest.param("equal", "read once", False, (9, None), None, id="known-before"),
        pytest.param("edited meanwhile", None, False, (8, None), "edited", id="edited"),
        # refused when it was asked for again, and what was had is as listed: it differs in nothing
        pytest.param("not verified", None, False, (9, "BBB="), None, id="as-listed"),
        pytest.param("not verified", None, False, (9, f"sha256:{SHA}"), None,
                     id="as-listed-sha256"),
        pytest.param("not verified", None, False, (9, "sha1:22"), None, id="nobody-can-tell"),
        pytest.param("equal", None, True, (9, None), None, id="equal"),
        pytest.param("corrupt", None, True, (8, None), None, id="corrupt"),
    ],
)  # fmt: skip
def test_M1_a_doubt_has_the_reason_that_the_figures_bear_out(
    check: str,
    known: Doubt | None,
    older: bool,
    listed: tuple[int | None, str | None],
    doubt: str | None,
) -> None:
    got = (9, "BBB=", SHA)
    assert doubt_of(check, known, older=older, listed=listed, got=got) == doubt
