"""Call what runs on hosts with plain dictionaries, through the border's own types.

Tests write a request as the inventory would say it, and read an answer as JSON.
"""

from __future__ import annotations

import base64
import dataclasses
import importlib
from collections.abc import Mapping
from typing import Any

from sluis.border import codec
from sluis.border.parts import Secrets
from sluis.snapshot.generations import objections

#: function -> its module in ``sluis.snapshot``, and the verb that asks for it
WHERE = {
    "adopt_backup": ("adopt", "asset_copies"),
    "look_for_kept": ("kept", "asset_kept"),
    "make_snapshot": ("make", "asset_snapshot"),
    "measure_speeds": ("measure", "asset_forecast"),
    "observe_source": ("observe", "asset_observe"),
    "prepare_store": ("prepare", "asset_store"),
    "prove_snapshot": ("prove", "asset_verify"),
    "restore_beside": ("restore", "asset_restore"),
    "swap": ("restore", "asset_swap"),
}
_CONNECTION = ("host_address", "port", "user", "bin_dir", "data_directory")
_NOT_SAID = {"host_address": None, "older_snapshot_id": None, "nonce_sha256": None,
             "facts": None, "probe": None}  # fmt: skip


def verb_of(function: str) -> Any:
    """The verb that asks for a function."""
    name = WHERE[function][1]
    return getattr(importlib.import_module(f"sluis.border.verbs.{name}"), name.upper())


def typed(function: str, request: Mapping[str, Any]) -> tuple[Any, Secrets]:
    """A request and its secrets as the function takes them."""
    given = dict(request)
    secrets = {name: value for name, value in given.pop("secrets", {}).items() if value}
    secrets["nonce"] = given.pop("nonce", None)
    given.pop("client", None)
    verb = verb_of(function)
    if "asset" in given:
        given["asset"] = typed_asset(given["asset"])
    if "assets" in given:
        given["assets"] = [typed_asset(one) for one in given["assets"]]
    for field in dataclasses.fields(verb.request):
        needed = field.default is dataclasses.MISSING
        if needed and field.name in _NOT_SAID and field.name not in given:
            given[field.name] = _NOT_SAID[field.name]
    if verb.name == "asset_snapshot":
        given.setdefault("purpose", "prepare")
    if verb.name == "asset_copies":
        place = {"machine": "disk", "site": "s", "country": "NL", "provider": "p"}
        given["backup"] = {**place, **given["backup"]}
    return codec.load(verb.request, given), codec.load(Secrets, secrets)


def typed_asset(asset: Mapping[str, Any]) -> dict[str, Any]:
    """An asset with its connection apart, as the border has it."""
    own = {name: value for name, value in asset.items() if name not in _CONNECTION}
    connection = {name: asset[name] for name in _CONNECTION if asset.get(name) not in (None, "")}
    if str(connection.get("port", "")).isdigit():
        connection["port"] = int(connection["port"])
    return {**own, "exclude": list(own.get("exclude") or ()), "connection": connection}


def plain(value: Any) -> Any:
    """An answer as JSON data, with every field that it could have."""
    if dataclasses.is_dataclass(value):
        return {one.name: plain(getattr(value, one.name)) for one in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {name: plain(one) for name, one in value.items()}
    if isinstance(value, tuple):
        return [plain(one) for one in value]
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value


def answer_of(function: str, request: Any, answer: Any) -> dict[str, Any]:
    """An answer as tests read it: flat."""
    said = plain(answer)
    if function == "make_snapshot":
        made = said["result"]
        made["facts"] = codec.dump(answer.result.facts) if "facts" in made else None
        return {**made, "unchanged": made["kind"] == "unchanged"}
    if function == "adopt_backup":
        newest = said["newest"] or {}
        why = objections(answer.generations, request.source.content)
        return {**newest.pop("proof", {}), **newest, "generations": said["generations"],
                "objections": plain(tuple(why))}  # fmt: skip
    return said


def call(function: str, request: Mapping[str, Any]) -> dict[str, Any]:
    """Call a function in this process."""
    module = importlib.import_module(f"sluis.snapshot.{WHERE[function][0]}")
    asked, secrets = typed(function, request)
    # what a host gets has crossed the border
    verb = verb_of(function)
    asked = verb.read_request(verb.pack_request(asked, host="test"))
    answer = getattr(module, function)(asked, secrets)
    verb.read_answer(verb.pack_answer(answer), host="test")
    return answer_of(function, asked, answer)
