"""What is no fault of one item stops an import; what may be one is looked into first."""

from __future__ import annotations

from pathlib import Path

import pytest

from sluis.errors import EvidenceError, SluisError
from sluis.graph.errors import ConnectionCutError, GraphError, ThrottledError
from sluis.tenant.file_sending import stops_all
from support.small_drive import Work, play

PUT_OFF = ThrottledError("throttled-without-end", "x", "y", status=429)
NOT_LET_IN = GraphError("graph-unauthorized", "x", "y", status=401)
NOBODY = ConnectionCutError("connection-cut", "x", "y")


@pytest.mark.parametrize("answers", [True, False])
@pytest.mark.parametrize(
    ("error", "alone", "with_all"),
    [
        (PUT_OFF, False, True),
        (NOT_LET_IN, False, True),
        (NOBODY, False, True),
        (GraphError("quota", "x", "y", status=403), True, True),
        (GraphError("graph-refused", "x", "y", status=507), True, True),
        (GraphError("sign-in-refused", "x", "y"), True, True),
        (GraphError("name-taken", "x", "y", status=409), False, False),
        (GraphError("malware", "x", "y", status=403), False, True),
        (SluisError("not-a-folder", "x", "y"), False, False),
        (EvidenceError("nowhere-to-send", "x", "y"), False, False),
    ],
)
def test_unfriendly_02_what_would_meet_the_next_file_too_stops_all(
    tmp_path: Path, error: SluisError, alone: bool, with_all: bool, answers: bool
) -> None:
    async def story(work: Work) -> None:
        if not answers:
            work.drive.bend = lambda _request, _body: (429, {}, {"Retry-After": "1"})
        assert await stops_all(work.graph, "d1", error) is (alone if answers else with_all)

    play(tmp_path, story)
