"""Calls, pages and batches against a server that does as told."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging

import pytest
from aiohttp import web

from sluis.graph.batch import BatchRequest
from sluis.graph.delta import delta
from sluis.graph.errors import (
    ConnectionCutError,
    GraphError,
    LoopError,
    ResyncError,
    ThrottledError,
)
from support.graph_stage import SECRET, LeapingClock, connected, refusal, say


def run(folder, story, **more):
    async def whole():
        async with connected(folder, **more) as (stage, graph):
            return await story(stage, graph)

    return asyncio.run(whole())


def cut(request):
    request.transport.abort()
    return web.Response()


def test_a_call_carries_token_agent_and_version(tmp_path):
    async def story(stage, graph):
        stage.on("GET", "/v1.0/drives/d1", {"id": "d1"})
        stage.on("GET", "/beta/sites/s", {"id": "s"})
        assert await graph.get("/drives/d1") == {"id": "d1"}
        assert await graph.get("beta:/sites/s", {"$select": "id,name"}) == {"id": "s"}
        first, second = stage.seen
        assert first["headers"]["Authorization"] == "Bearer stage-token-1"
        assert first["headers"]["User-Agent"].startswith("NONISV|Sluis|Sluis/")
        assert second["query"] == {"$select": "id,name"}
        assert len(stage.tokens) == 1
        assert (graph.spent.requests, graph.spent.units) == (2, 2)

    run(tmp_path, story)


def test_all_pages_are_read_and_empty_ones_go_on(tmp_path):
    async def story(stage, graph):
        link = f"{stage.graph}/v1.0/next?$skiptoken=a%2Bb"
        stage.on("GET", "/v1.0/things", {"value": [{"id": "1"}], "@odata.nextLink": link})
        stage.on(
            "GET", "/v1.0/next",
            {"value": [], "@odata.nextLink": f"{stage.graph}/v1.0/last"},
        )  # fmt: skip
        stage.on("GET", "/v1.0/last", {"value": [{"id": "2"}]})
        pages = [page async for page in graph.pages("/things")]
        assert [[one["id"] for one in page.items] for page in pages] == [["1"], [], ["2"]]
        # a link is sent as it came: a re-encoded token would be another token
        assert stage.requests("GET", "/v1.0/next")[0]["query"] == {"$skiptoken": "a+b"}

    run(tmp_path, story)


def test_a_link_that_leads_back_is_an_error_not_a_forever(tmp_path):
    async def story(stage, graph):
        links = [f"{stage.graph}/v1.0/{name}" for name in ("a", "b")]
        stage.on("GET", "/v1.0/drives/d/root/delta", {"value": [], "@odata.nextLink": links[0]})
        stage.on("GET", "/v1.0/a", {"value": [], "@odata.nextLink": links[1]})
        stage.on("GET", "/v1.0/b", {"value": [], "@odata.nextLink": links[0]})
        with pytest.raises(LoopError):
            async for _ in delta(graph, "d"):
                pass
        assert len(stage.seen) < 12

    run(tmp_path, story)


def test_a_loop_that_ends_when_asked_again_is_weather(tmp_path):
    async def story(stage, graph):
        here = f"{stage.graph}/v1.0/a"
        end = f"{stage.graph}/v1.0/drives/d/root/delta?token=t"
        stage.on("GET", "/v1.0/drives/d/root/delta", {"value": [], "@odata.nextLink": here})
        stage.on(
            "GET", "/v1.0/a",
            {"value": [{"id": "1"}], "@odata.nextLink": here},
            {"value": [{"id": "1"}], "@odata.deltaLink": end},
        )  # fmt: skip
        pages = [page async for page in delta(graph, "d")]
        assert pages[-1].complete
        assert pages[-1].link == end

    run(tmp_path, story)


@pytest.mark.parametrize(
    ("status", "code", "kind", "linked"),
    [
        (410, "resyncChangesApplyDifferences", "apply-differences", True),
        (410, "resyncChangesUploadDifferences", "upload-differences", True),
        (410, "resyncRequired", "required", False),
        (400, "SyncStateNotFound", "required", False),
        (404, "SyncStateInvalid", "required", False),
    ],
)
def test_a_forgotten_delta_link_is_told_with_its_kind(tmp_path, status, code, kind, linked):
    async def story(stage, graph):
        fresh = f"{stage.graph}/v1.0/drives/d/root/delta?token=fresh"
        place = "/v1.0/drives/d/root/delta"
        answer = refusal(status, code, headers={"Location": fresh} if linked else None)
        stage.on("GET", place, answer)
        with pytest.raises(ResyncError) as told:
            async for _ in delta(graph, "d", f"{stage.graph}{place}?token=old"):
                pass
        assert (told.value.kind, told.value.link) == (kind, fresh if linked else None)

    run(tmp_path, story)


def test_a_delta_that_stops_without_a_delta_link_is_not_complete(tmp_path):
    async def story(stage, graph):
        stage.on("GET", "/v1.0/drives/d/root/delta", {"value": [{"id": "1"}]})
        with pytest.raises(GraphError, match="delta-without-end"):
            async for _ in delta(graph, "d"):
                pass

    run(tmp_path, story)


def test_the_token_goes_to_no_other_origin(tmp_path):
    async def story(stage, graph):
        stage.on("GET", "/v1.0/things", {"value": [], "@odata.nextLink": f"{stage.content}/x"})
        with pytest.raises(GraphError, match="foreign-link"):
            async for _ in graph.pages("/things"):
                pass
        for place in (f"{stage.graph.replace('https', 'http')}/v1.0/x", "drives/d", "//host/x"):
            with contextlib.suppress(GraphError):
                await graph.get(place)
        assert [one["path"] for one in stage.seen if one["path"] != "/v1.0//host/x"] == [
            "/v1.0/things"
        ]

    run(tmp_path, story)


def test_what_the_service_asks_to_wait_is_waited_by_all(tmp_path):
    clock = LeapingClock()

    async def story(stage, graph):
        stage.on(
            "GET", "/v1.0/drives/d",
            refusal(429, "activityLimitReached", headers={"Retry-After": "2.128"},
                    inner=("throttledRequest", "quota")),
            refusal(503, "serviceNotAvailable", headers={"Retry-After": "7"}),
            {"id": "d"},
        )  # fmt: skip
        assert await graph.get("/drives/d") == {"id": "d"}
        assert graph.spent.throttled == 2
        assert clock.time - 1_800_000_000 >= 2.128 + 7
        assert graph.spent.units == 3  # throttled calls count

    run(tmp_path, story, clock=clock)


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504, 509])
def test_unfriendly_03_a_wait_that_is_asked_for_is_waited_whatever_the_status(tmp_path, status):
    clock = LeapingClock()

    async def story(stage, graph):
        stage.on("GET", "/v1.0/drives/d", refusal(status, "x", headers={"Retry-After": "77"}),
                 {"id": "d"})  # fmt: skip
        assert await graph.get("/drives/d") == {"id": "d"}
        assert clock.time - 1_800_000_000 >= 77
        began = clock.time
        stage.on("GET", "/v1.0/drives/e", refusal(status, "x", headers={"Retry-After": "77"}),
                 {"id": "e"})  # fmt: skip
        stage.on("GET", "/v1.0/drives/f", {"id": "f"})
        await asyncio.gather(graph.get("/drives/e"), graph.get("/drives/f"))
        await graph.get("/drives/f")
        assert clock.time - began >= 77  # and everyone waits with it

    run(tmp_path, story, clock=clock)


def test_unfriendly_03_too_many_bytes_is_no_failure_of_the_service(tmp_path):
    """509 is Graph's word for the bandwidth cap: it was not carried out, and ends as a 429 does."""

    async def story(stage, graph):
        stage.on("POST", "/v1.0/c", refusal(509, "x"), refusal(509, "x"), {"id": "c"})
        assert await graph.post("/c", {}) == {"id": "c"}
        assert graph.spent.throttled == 2
        stage.on("GET", "/v1.0/d", refusal(509, "x"))
        with pytest.raises(ThrottledError) as told:
            await graph.get("/d")
        assert told.value.status == 509

    run(tmp_path, story)


def test_a_429_that_never_clears_ends_as_an_error(tmp_path):
    async def story(stage, graph):
        stage.on("GET", "/v1.0/d", refusal(429, "tooManyRequests", headers={"Retry-After": "1"}))
        with pytest.raises(ThrottledError) as told:
            await graph.get("/d")
        assert told.value.status == 429
        assert len(stage.seen) == 5

    run(tmp_path, story)


def test_failures_are_tried_again_but_not_forever(tmp_path):
    async def story(stage, graph):
        stage.on("GET", "/v1.0/a", refusal(504, "gatewayTimeout"), cut, {"id": "a"})
        assert await graph.get("/a") == {"id": "a"}
        stage.on("GET", "/v1.0/b", refusal(502, "badGateway"))
        with pytest.raises(GraphError) as told:
            await graph.get("/b")
        assert told.value.status == 502
        assert len(stage.requests("GET", "/v1.0/b")) == 4
        stage.on("GET", "/v1.0/c", cut)
        with pytest.raises(ConnectionCutError, match="connection-cut"):
            await graph.get("/c")

    run(tmp_path, story)


def test_a_post_whose_answer_was_lost_is_not_sent_again(tmp_path):
    async def story(stage, graph):
        stage.on("POST", "/v1.0/a", cut)
        with pytest.raises(ConnectionCutError, match="answer-lost"):
            await graph.post("/a", {"name": "x"})
        stage.on("POST", "/v1.0/b", refusal(504, "gatewayTimeout"))
        with pytest.raises(GraphError) as told:
            await graph.post("/b", {})
        assert told.value.status == 504
        assert len(stage.seen) == 2
        # what was certainly not carried out may go again, and so may what is safe twice
        stage.on("POST", "/v1.0/c", refusal(429, "x", headers={"Retry-After": "1"}), {"id": "c"})
        assert await graph.post("/c", {}) == {"id": "c"}
        stage.on("POST", "/v1.0/d", cut, {"id": "d"})
        assert await graph.post("/d", {}, repeatable=True) == {"id": "d"}

    run(tmp_path, story)


def test_a_refusal_says_what_why_and_which_request(tmp_path):
    async def story(stage, graph):
        body = {
            "error": {
                "code": "accessDenied",
                "message": "Denied\x1b[2J for https://x.example/a?tempauth=abc",
                "innererror": {"code": "noScope", "request-id": "r-1"},
            }
        }
        stage.on("GET", "/v1.0/sites/s", (403, body, None))
        with pytest.raises(GraphError) as told:
            await graph.get("/sites/s?token=hidden")
        error = told.value
        assert (error.code, error.status, error.request_id) == ("graph-forbidden", 403, "r-1")
        assert error.codes == ("accessDenied", "noScope")
        assert "\x1b" not in str(error)
        assert "abc" not in str(error)
        assert "hidden" not in str(error)
        assert len(stage.seen) == 1

    run(tmp_path, story)


def test_inner_requests_of_a_batch_are_repeated_alone_and_answers_keep_their_order(tmp_path):
    async def story(stage, graph):
        rounds = []

        def play(request_body):
            asked = json.loads(request_body)["requests"]
            rounds.append([one["url"] for one in asked])
            answers = [{"id": one["id"], "status": 200, "body": {"url": one["url"]}}
                       for one in reversed(asked)]  # fmt: skip
            if len(rounds) == 1:
                answers[0] = {"id": asked[-1]["id"], "status": 429, "headers": {"Retry-After": "3"}}
            return say(200, {"responses": answers})

        async def batch(request):
            return play(await request.read())

        stage.on("POST", "/v1.0/$batch", batch)
        paths = [f"/drives/d/items/{number}" for number in range(45)]
        asked = [*paths, BatchRequest("/drives/d/items/x/permissions")]
        answers = await graph.batch(asked)
        assert [one.body["url"] for one in answers] == [*paths, "/drives/d/items/x/permissions"]
        assert [len(one) for one in rounds] == [20, 20, 6, 1]
        assert rounds[-1] == [paths[19]]
        assert graph.spent.units == 45 + 5 + 1
        assert graph.spent.throttled == 1

    run(tmp_path, story)


def test_a_token_that_graph_refuses_is_replaced_once(tmp_path):
    async def story(stage, graph):
        stage.on("GET", "/v1.0/a", refusal(401, "InvalidAuthenticationToken"), {"id": "a"})
        assert await graph.get("/a") == {"id": "a"}
        used = [one["headers"]["Authorization"] for one in stage.seen]
        assert used == ["Bearer stage-token-1", "Bearer stage-token-2"]
        stage.on("GET", "/v1.0/b", refusal(401, "InvalidAuthenticationToken"))
        with pytest.raises(GraphError, match="graph-unauthorized"):
            await graph.get("/b")
        assert len(stage.requests("GET", "/v1.0/b")) == 2

    run(tmp_path, story)


def test_nothing_secret_is_shown(tmp_path, caplog, capsys):
    caplog.set_level(logging.DEBUG)

    async def story(stage, graph):
        stage.on("GET", "/v1.0/a", refusal(403, "x", "your token eyJabcdefghijk.abc.def is bad"))
        with pytest.raises(GraphError) as told:
            await graph.get("/a")
        shown = f"{told.value!r} {told.value} {graph!r} {graph.account!r} {graph._tokens!r}"
        assert "eyJabcdefghijk" not in shown
        return shown

    shown = run(tmp_path, story)
    everything = shown + caplog.text + "".join(capsys.readouterr())
    assert SECRET not in everything
    assert "stage-token" not in everything


def test_M11_a_read_is_sent_on_within_graph_and_nowhere_else(tmp_path):
    async def story(stage, graph):
        moved = (308, None, {"Location": f"{stage.graph}/v1.0/sites/new?x=1"})
        stage.on("GET", "/v1.0/sites/old", moved)
        stage.on("GET", "/v1.0/sites/new", {"id": "s"})
        assert await graph.get("/sites/old") == {"id": "s"}
        stage.on("GET", "/v1.0/sites/old", (308, None, {"Location": f"{stage.content}/sites/s"}))
        stage.on("GET", "/v1.0/sites/new", (308, None, {"Location": "/v1.0/sites/new"}))
        for place in ("/sites/old", "/sites/new"):
            with pytest.raises(GraphError, match="redirected"):
                await graph.get(place)
        assert not stage.requests("GET", "/sites/s")  # our token went nowhere else
        stage.on("GET", "/v1.0/sites/old", (302, None, None))
        with pytest.raises(GraphError, match="redirected"):
            await graph.get("/sites/old")

    run(tmp_path, story)
