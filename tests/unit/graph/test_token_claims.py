"""What our own token tells is told on, or nothing is: it is never guessed."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from sluis.graph.token_claims import Claims, claims_of


def token(claims: Any) -> str:
    middle = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"head.{middle}.sign"


def test_tenant_and_roles_are_told() -> None:
    said = claims_of(token({"tid": "t", "roles": ["User.Read.All", "Sites.Read.All"], "oid": "x"}))
    assert said == Claims("t", ("Sites.Read.All", "User.Read.All"))


def test_an_app_to_which_nothing_was_consented_has_no_roles() -> None:
    assert claims_of(token({"tid": "t"})) == Claims("t", ())


@pytest.mark.parametrize(
    "given",
    [
        "", "EwBgA8l6BAAU", "a.b", "a.!!!.c", "a.\u00e9.c", f"a.{'W1tb' * 5000}.c",
        token([]), token({}), token({"tid": 7}), token({"tid": "t", "roles": "all"}),
        token({"tid": "t", "roles": [1]}),
    ],
)  # fmt: skip
def test_one_that_cannot_be_read_tells_nothing(given: str) -> None:
    assert claims_of(given) is None
