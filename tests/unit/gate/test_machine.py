"""The machine that a step would change is the machine that the snapshot came from."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from sluis.gate.coverage import _machine_reasons
from support.evidence_made import step


def judged(
    came_from: str, connection: str, address: str = "192.0.2.1", port: int | None = 22
) -> list[str]:
    planned = step("a", "h1", address)
    target = planned.target.model_copy(
        update={"connection": connection, "address": address, "port": port}
    )
    asks = planned.model_copy(update={"target": target})
    asset = SimpleNamespace(id="files", host="h1", is_exported=False)
    taken = SimpleNamespace(machine=SimpleNamespace(host="h1", target=came_from))
    found = _machine_reasons(*cast("tuple[Any, Any, Any]", (asks, asset, taken)))
    return [item.code for item in found]


@pytest.mark.parametrize(
    ("came_from", "connection", "address", "port"),
    [
        ("ssh://u@192.0.2.1:22", "ssh", "192.0.2.1", 22),
        ("ssh://u@192.0.2.1", "ssh", "192.0.2.1", None),
        ("ssh://u@files.example:22", "ssh", "Files.Example", None),
        ("local://", "local", "192.0.2.1", None),
    ],
)
def test_the_same_machine(came_from: str, connection: str, address: str, port: int | None) -> None:
    assert judged(came_from, connection, address, port) == []


@pytest.mark.parametrize(
    ("came_from", "connection"),
    [
        ("ssh://u@192.0.2.9:22", "ssh"),
        ("ssh://u@192.0.2.1:2222", "ssh"),
        ("ssh://u@192.0.2.9:22", "ansible.builtin.ssh"),
        ("ssh://u@192.0.2.1:22", "ansible.builtin.ssh"),
        ("ssh://u@192.0.2.1:22", "paramiko_ssh"),
        ("paramiko_ssh://u@192.0.2.1:22", "paramiko_ssh"),
        ("ssh://u@192.0.2.1:22", "local"),
        ("local://", "ssh"),
    ],
)
def test_L13_a_step_changes_the_machine_that_the_snapshot_came_from(
    came_from: str, connection: str
) -> None:
    assert judged(came_from, connection) == ["snapshot-of-another-machine"]
