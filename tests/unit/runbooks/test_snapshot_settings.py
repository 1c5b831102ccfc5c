"""The role's variables may come out of templates: each is checked when it is filled in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sluis.errors import SluisError
from sluis.runbook.snapshot_settings import SnapshotSettings, read_settings
from sluis.runbook.tenant_settings import read_tenant_settings

_STORE = {
    "id": "s", "kind": "local", "path": "/x", "machine": "m", "site": "a", "country": "NL",
    "provider": "p",
}  # fmt: skip
_SECRET = "hunter2"


class _AsItIs:
    def template(self, variable: Any) -> Any:
        return variable


def _read(**said: Any) -> SnapshotSettings:
    variables = {"store": _STORE, "store_secrets": {"repository_password": "x"}, **said}
    named = {f"snapshot_and_verify_{name}": value for name, value in variables.items()}
    return read_settings(named, _AsItIs())


def test_what_is_left_out_has_its_default() -> None:
    found = _read(sample="", patience=None, restic="")
    assert (found.patience, found.sample, found.restic, found.host_site) == (
        300, None, "restic", None,
    )  # fmt: skip


def test_what_a_template_gives_may_be_text() -> None:
    found = _read(
        patience="60", sample="5", restic="/opt/restic-0.18/restic", host_site="Utrecht",
        connections={"a": {"port": "5433"}},
    )  # fmt: skip
    assert (found.patience, found.sample, found.host_site) == (60, 5, "Utrecht")
    assert found.restic == "/opt/restic-0.18/restic"
    assert found.connections["a"].port == 5433


WRONG: dict[str, dict[str, Any]] = {
    **{
        f"{name} {given!r}": {name: given}
        for name in ("patience", "sample")
        for given in ("abc", [1], -1, float("nan"), float("inf"), 1.5, True, "²", "9" * 30, 10**9)
    },
    **{f"restic {given!r}": {"restic": given} for given in (["a"], "-x", "a b", "/a/../\n", 5)},
    **{f"site {given!r}": {"host_site": given} for given in ({"a": 1}, 5, "a\nb", "x" * 300)},
    "port in another script": {"connections": {"a": {"port": "٣"}}},
    "port with a power": {"connections": {"a": {"port": "²"}}},
    "port without an end": {"connections": {"a": {"port": "9" * 9000}}},
    "connection that is a text": {"connections": {"a": "x"}},
    "secrets that are a text": {"secrets": {"a": "x"}},
    "secrets without names": {"secrets": [1]},
    "identity that is a text": {"expected_identity": "x"},
    "adopt that is a list": {"adopt": [1]},
    "scratch with a null": {"scratch": "\0"},
    "certificate with a null": {"store": {**_STORE, "ca_certificate": "/\0"}},
    "certificate without an end": {"store": {**_STORE, "ca_certificate": "x" * 5000}},
    "key file that is not there": {
        "store_secrets": {"repository_password": "x", "store_key": f"/{_SECRET}"}
    },
    "key in one long line": {
        "store_secrets": {"repository_password": "x", "store_key": f"/{_SECRET}" + "x" * 5000}
    },
    "key file with a null": {
        "store_secrets": {"repository_password": "x", "store_key": f"/{_SECRET}\0"}
    },
}


@pytest.mark.parametrize("what", WRONG)
def test_what_cannot_be_used_is_said_in_one_sentence_without_a_secret(what: str) -> None:
    with pytest.raises(SluisError) as told:
        _read(**WRONG[what])
    said = str(told.value)
    assert "snapshot_and_verify_" in said or "certificate" in said
    assert _SECRET not in said
    assert told.value.what.isprintable()
    assert len(said) < 600


@pytest.mark.parametrize("given", ["abc", [1], -1, 0, 1.5, True, "²", 300], ids=repr)
def test_settings_of_a_move_are_checked_alike(given: Any) -> None:
    variables = {
        "tenant_export_accounts": {"old": {"tenant_id": "t", "client_id": "c", "licences": given}}
    }
    settings = read_tenant_settings("tenant_export", variables, _AsItIs(), {})
    if given != 300:
        with pytest.raises(SluisError, match="tenant_export_accounts: licences of old"):
            settings.budget("old")
    for name in ("tenant_export_workers", "snapshot_and_verify_exports"):
        with pytest.raises(SluisError, match=name):
            read_tenant_settings("tenant_export", {name: given}, _AsItIs(), {})


def test_a_key_is_a_text_or_a_file(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("the key")

    def key(given: str) -> str | None:
        return _read(
            store_secrets={"repository_password": "x", "store_key": given}
        ).store_secrets.store_key

    assert key(str(file)) == "the key"
    assert key("x" * 5000) == "x" * 5000


def test_the_key_of_an_existing_backup_is_a_text_or_a_file(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("the key")

    def key(given: str) -> str | None:
        secrets = {"a": {"password": "p", "backup_store_key": given}, "b": {"password": "q"}}
        found = _read(secrets=secrets)
        assert found.backup_secrets["b"].store_key is None
        return found.backup_secrets["a"].store_key

    assert key(str(file)) == "the key"
    assert key("x" * 5000) == "x" * 5000
    with pytest.raises(SluisError) as told:
        key(f"/{_SECRET}")
    assert "snapshot_and_verify_secrets.a: the file that backup_store_key gives" in told.value.what
    assert _SECRET not in str(told.value)
