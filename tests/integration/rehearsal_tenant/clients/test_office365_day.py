"""The day of Office365-REST-Python-Client: list, copy twice, rename, share, versions, clean up."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sluis.rehearsal.tenant.start import Tenant


@pytest.mark.slow
def test_tenant_14_office365_does_a_days_work(
    tenant: Tenant, drive: str, work: Callable[[str], str]
) -> None:
    root = [one["name"] for one in tenant.control.items(drive) if "/" not in one["path"]]
    said = work("office365_day.py").splitlines()
    assert said == [
        "users 2",
        "sites 5",
        f"root {sorted(root)}",
        "day ['a.txt', 'large.bin']",
        "delta True",
        "link True",
        "permissions ['owner', 'read']",
        "versions 2",
        "copied copied.txt",
        "there copied.txt",
        "left []",
    ]
