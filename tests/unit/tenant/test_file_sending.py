from __future__ import annotations

from datetime import UTC, datetime

import pytest

from sluis.errors import EvidenceError, SluisError
from sluis.graph.errors import GraphError, ThrottledError
from sluis.tenant.file_sending import moment, stops_all


@pytest.mark.parametrize(
    ("error", "stops"),
    [
        (ThrottledError("throttled-without-end", "x", "y", status=429), True),
        (GraphError("quota", "x", "y", status=403), True),
        (GraphError("graph-refused", "x", "y", status=507), True),
        (GraphError("sign-in-refused", "x", "y"), True),
        (GraphError("graph-unauthorized", "x", "y", status=401), True),
        (GraphError("name-taken", "x", "y", status=409), False),
        (GraphError("malware", "x", "y", status=403), False),
        (GraphError("connection-cut", "x", "y"), False),
        (SluisError("not-a-folder", "x", "y"), False),
        (EvidenceError("nowhere-to-send", "x", "y"), False),
    ],
)
def test_what_would_meet_the_next_file_too_stops_all(error: SluisError, stops: bool) -> None:
    assert stops_all(error) is stops


def test_a_date_of_the_manifest_has_a_time_zone_or_is_none() -> None:
    assert moment("2019-06-30T12:00:00Z") == datetime(2019, 6, 30, 12, tzinfo=UTC)
    assert moment("2019-06-30T12:00:00") == datetime(2019, 6, 30, 12, tzinfo=UTC)
    assert moment("yesterday") is None
    assert moment(None) is None
