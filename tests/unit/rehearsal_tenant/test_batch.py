"""``$batch``: read strictly, served one by one, answered in any order."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from sluis.rehearsal.tenant.api_error import ApiError
from sluis.rehearsal.tenant.batch import run_batch
from sluis.rehearsal.tenant.call import Answer, Call


class Served:
    """Serves inner calls and remembers them; an address that says ``fail`` is throttled."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.bodies: list[bytes] = []

    async def __call__(self, call: Call) -> Answer:
        self.calls.append(call)
        self.bodies.append(await call.read())
        if "fail" in call.segments:
            raise ApiError(429, "activityLimitReached", "no", headers={"Retry-After": "1.5"})
        if "bytes" in call.segments:
            return Answer(200, b"\x00\xff", {"Content-Type": "application/octet-stream"})
        if "nothing" in call.segments:
            return Answer(204)
        return Answer(200, {"segments": [str(one) for one in call.segments]})


def run(requests: Any, served: Served | None = None) -> dict[str, dict[str, Any]]:
    body = json.dumps({"requests": requests}).encode()

    async def read() -> bytes:
        return body

    async def chunks() -> AsyncIterator[bytes]:
        yield body

    outer = Call(
        "POST", "v1.0", ("$batch",), {}, {"Authorization": "Bearer t"}, read, chunks, "https://g"
    )
    answer = asyncio.run(run_batch(outer, served or Served(), lambda: 0.0, seed=1))
    assert answer.status == 200
    assert isinstance(answer.body, dict)
    responses: list[dict[str, Any]] = answer.body["responses"]
    assert len({one["id"] for one in responses}) == len(responses)
    return {one["id"]: one for one in responses}


def get(name: str, url: str = "/users/a?$select=id", **more: Any) -> dict[str, Any]:
    return {"id": name, "method": "GET", "url": url, **more}


def test_each_request_is_served_with_the_callers_token() -> None:
    served = Served()
    answers = run([get(str(number), f"/users/{number}?$top=3") for number in range(20)], served)
    assert len(answers) == 20
    assert {call.headers["Authorization"] for call in served.calls} == {"Bearer t"}
    assert {call.query["$top"] for call in served.calls} == {"3"}
    assert {call.address for call in served.calls} == {f"/v1.0/users/{n}" for n in range(20)}
    assert answers["7"]["body"] == {"segments": ["users", "7"]}


def test_the_order_of_answers_is_free_and_follows_from_the_seed() -> None:
    requests = [get(str(number)) for number in range(20)]
    order = list(run(requests))
    assert order != [str(number) for number in range(20)]
    assert order == list(run(requests))


def test_one_is_throttled_and_the_others_are_not() -> None:
    answers = run([get("a"), get("b", "/fail"), get("c")])
    assert [answers[name]["status"] for name in "abc"] == [200, 429, 200]
    assert answers["b"]["headers"]["Retry-After"] == "1.5"
    assert answers["b"]["body"]["error"]["code"] == "activityLimitReached"


def test_what_depends_on_a_failure_fails_and_is_not_done() -> None:
    served = Served()
    answers = run(
        [
            get("c", "/users/c", dependsOn=["b"]),
            get("b", "/users/b", dependsOn=["a"]),
            get("a", "/fail"),
            get("d", "/users/d"),
        ],
        served,
    )
    statuses = {name: one["status"] for name, one in answers.items()}
    assert statuses == {"a": 429, "b": 424, "c": 424, "d": 200}
    assert {call.segments[-1] for call in served.calls} == {"fail", "d"}


def test_dependants_come_after_what_they_depend_on() -> None:
    served = Served()
    chain = [get(str(n), f"/n/{n}", dependsOn=[str(n - 1)] if n else []) for n in range(10)]
    run(chain[::-1], served)
    assert [call.segments[-1] for call in served.calls] == [str(n) for n in range(10)]


def test_bodies_go_in_and_come_out() -> None:
    served = Served()
    json_type = {"Content-Type": "application/json"}
    answers = run(
        [
            {"id": "1", "method": "post", "url": "x", "headers": json_type, "body": {"a": "é"}},
            {
                "id": "2",
                "method": "PUT",
                "url": "/bytes",
                "headers": {"content-type": "application/octet-stream"},
                "body": base64.b64encode(b"\x00\x01").decode(),
            },
            get("3", "/nothing"),
        ],
        served,
    )
    by_method = {call.method: body for call, body in zip(served.calls, served.bodies, strict=True)}
    assert json.loads(by_method["POST"]) == {"a": "é"}
    assert by_method["PUT"] == b"\x00\x01"
    assert answers["2"]["body"] == base64.b64encode(b"\x00\xff").decode()
    assert "body" not in answers["3"]


def test_a_batch_in_a_batch_is_refused_alone() -> None:
    answers = run([get("1", "/$batch"), get("2")])
    assert (answers["1"]["status"], answers["2"]["status"]) == (400, 200)


@pytest.mark.parametrize(
    "requests",
    [
        None,
        [],
        "x",
        ["x"],
        [get(str(number)) for number in range(21)],
        [get("1"), get("1")],
        [get("")],
        [{"id": "1", "method": "GET"}],
        [{"id": "1", "method": "TRACE", "url": "/x"}],
        [get("1", "https://elsewhere.example/v1.0/users")],
        [get("1", "//elsewhere.example/users")],
        [get("1", dependsOn=["2"])],
        [get("1", dependsOn=["1"])],
        [get("1", dependsOn="1")],
        [get("1", headers=["x"])],
        [{**get("1"), "body": {"a": 1}}],
        [{**get("1"), "headers": {"Content-Type": "text/plain"}, "body": "not base64!"}],
    ],
)
def test_a_batch_that_cannot_be_read_does_nothing(requests: Any) -> None:
    served = Served()
    with pytest.raises(ApiError) as error:
        run(requests, served)
    assert error.value.status == 400
    assert not served.calls
