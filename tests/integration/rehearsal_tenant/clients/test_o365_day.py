"""O365's day: list, copy twice, rename, share, versions, clean up."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sluis.rehearsal.tenant.start import Tenant


@pytest.mark.slow
def test_tenant_14_o365_does_a_days_work(
    tenant: Tenant, drive: str, work: Callable[[str], str]
) -> None:
    root = [one["name"] for one in tenant.control.items(drive) if "/" not in one["path"]]
    said = work("o365_day.py").splitlines()
    assert said == [
        f"root {sorted(root)}",
        "users 2",
        "day ['a.txt', 'large.bin']",
        "link True",
        "permissions 3",
        "versions 2",
        "copy completed copied.txt",
        "permissions 2",
        "left []",
    ]
