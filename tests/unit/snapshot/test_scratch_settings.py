"""L1: what a source says of its server becomes a setting of the scratch server, never an option.

``mariadb-install-db`` is a shell script that splits its arguments into words again.
"""

from __future__ import annotations

from typing import Any

import pytest

from sluis.errors import SnapshotError
from sluis.snapshot.children import Children
from sluis.snapshot.mariadb_scratch import ScratchMariadb, like_source
from sluis.snapshot.postgresql_programs import Programs
from sluis.snapshot.postgresql_scratch import ScratchServer

SAID: dict[str, Any] = {
    "lower_case_table_names": 2, "innodb_page_size": 4096, "innodb_strict_mode": 1,
    "innodb_default_row_format": "compact", "name": "letters",
}  # fmt: skip


def test_settings_are_the_sources_own_or_the_usual_ones() -> None:
    assert list(like_source(SAID).values()) == [2, 4096, 1, "compact"]
    assert list(like_source({}).values()) == [0, 16384, 0, "dynamic"]


@pytest.mark.parametrize("name", [name for name in SAID if name != "name"])
@pytest.mark.parametrize(
    "said",
    [
        "16384 --init-file=/tmp/x --plugin-load=x",
        "dynamic\n--x",
        "$(id)",
        -1,
        True,
        None,
        "",
    ],
)
def test_L1_figures_of_a_host_become_no_option_of_a_server(name: str, said: Any) -> None:
    with pytest.raises(SnapshotError, match="bad-facts") as raised:
        like_source({**SAID, name: said})
    assert raised.value.what.isprintable()


def test_L1_the_scratch_server_takes_them_from_there(tmp_path) -> None:
    with Children(str(tmp_path)) as children, pytest.raises(SnapshotError, match="bad-facts"):
        ScratchMariadb(children, None, None, {**SAID, "innodb_page_size": "4096 --x"})


@pytest.mark.parametrize("name", ["", "a\nb", "x" * 64, "\x1b[2J", "\ud800"])
def test_L1_a_superusers_name_that_postgresql_refuses_is_refused(tmp_path, name: str) -> None:
    with Children(str(tmp_path)) as children, pytest.raises(SnapshotError, match="bad-facts"):
        ScratchServer(children, Programs("/usr/bin", 15), None, name)
