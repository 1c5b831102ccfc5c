from __future__ import annotations

from datetime import UTC, datetime

from sluis.tenant.file_sending import moment


def test_a_date_of_the_manifest_has_a_time_zone_or_is_none() -> None:
    assert moment("2019-06-30T12:00:00Z") == datetime(2019, 6, 30, 12, tzinfo=UTC)
    assert moment("2019-06-30T12:00:00") == datetime(2019, 6, 30, 12, tzinfo=UTC)
    assert moment("yesterday") is None
    assert moment(None) is None
