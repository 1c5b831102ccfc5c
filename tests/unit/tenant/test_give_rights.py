"""A4: a right for somebody whom the new tenant does not know is told with the name."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from sluis.graph.errors import GraphError
from sluis.tenant.give_rights import give_rights
from sluis.tenant.user_map import Invite


class _Refuses:
    def __init__(self, *codes: str) -> None:
        self.codes = codes

    async def post(self, *_: Any, **__: Any) -> None:
        raise GraphError("graph-bad-request", "Graph answered 400.", "?", codes=self.codes)


def refused(*codes: str, many: int = 1) -> GraphError:
    invites = [Invite(f"x{number}@new.example", "write") for number in range(many)]
    with pytest.raises(GraphError) as caught:
        asyncio.run(give_rights(_Refuses(*codes), "d", "i", invites))  # type: ignore[arg-type]
    return caught.value


def test_A4_the_person_and_the_field_of_the_scope_are_named() -> None:
    error = refused("invalidRequest", "noResolvedUsers")
    assert error.code == "person-missing"
    assert "knows nobody called x0@new.example, so" in error.what
    assert "correct 'becomes' under 'people' in scope.yml" in error.remedy
    assert ", and 2 more" in refused("noResolvedUsers", many=7).what


def test_A4_another_refusal_stays_what_it_is() -> None:
    assert refused("invalidRequest").code == "graph-bad-request"
