"""Uploads to a server that behaves as the service was seen to."""

from __future__ import annotations

import asyncio
import json
import random
import re
from datetime import UTC, datetime

import pytest
from aiohttp import web

from sluis.graph import upload as upload_module
from sluis.graph.errors import ConnectionCutError, GraphError
from sluis.graph.quickxor import QuickXor
from sluis.graph.upload import upload
from support.graph_stage import connected, refusal, say

CHUNK = 32_768
DATA = random.Random(11).randbytes(3 * CHUNK + 99)
PARENT = "/v1.0/drives/d/items/p:/a b.bin:"  # as the server reads it
FILE = PARENT.removesuffix(":")
DATES = {
    "created": datetime(2019, 6, 30, 12, 0, 0, tzinfo=UTC),
    "modified": datetime(2019, 6, 30, 23, 59, 59, tzinfo=UTC),
}
TOLD = {
    "createdDateTime": "2019-06-30T12:00:00.000Z",
    "lastModifiedDateTime": "2019-06-30T23:59:59.000Z",
}


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch):
    monkeypatch.setattr(upload_module, "CHUNK", CHUNK)


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "source"
    path.write_bytes(DATA)
    return path


def run(folder, story, **more):
    async def whole():
        async with connected(folder, **more) as (stage, graph):
            return await story(stage, graph)

    return asyncio.run(whole())


class Session:
    """One upload session as the service keeps it; ``weather`` is a list of what goes wrong."""

    def __init__(self, stage, *weather, path="/up"):
        self.stage, self.weather, self.path = stage, list(weather), path
        self.data = b""
        self.over = False
        self.asked = []
        stage.on("PUT", path, self.put)
        stage.on("GET", path, self.status)
        stage.on("DELETE", path, self.cancel)

    @property
    def made(self):
        return (200, {"uploadUrl": f"{self.stage.content}{self.path}?tempauth=s"}, None)

    def _expects(self):
        return {"nextExpectedRanges": [f"{len(self.data)}-", "999999-1000000"]}

    async def put(self, request):
        assert "Authorization" not in request.headers
        if self.over:
            return say(*refusal(404, "itemNotFound"))
        start, end, whole = map(
            int, re.fullmatch(r"bytes (\d+)-(\d+)/(\d+)", request.headers["Content-Range"]).groups()
        )
        body = await request.read()
        assert (whole, len(body)) == (len(DATA), end - start + 1)
        assert end + 1 == whole or len(body) % CHUNK == 0 or self.data
        bad = self.weather.pop(0) if self.weather else None
        if bad == "cut before":
            request.transport.abort()
            return web.Response()
        if isinstance(bad, int):
            return say(*refusal(bad, "x"))
        if start != len(self.data):
            return say(*refusal(416, "invalidRange"))
        if bad == "half":
            self.data += body[: len(body) // 2]
            request.transport.abort()
            return web.Response()
        self.data += body
        if len(self.data) == whole:
            self.over = True
            if bad == "cut after":
                request.transport.abort()
                return web.Response()
            return say(201, {"id": "new", "size": whole, "name": "a b.bin"})
        if bad == "cut after":
            request.transport.abort()
            return web.Response()
        return say(202, self._expects() if bad != "no plan" else {})

    async def status(self, request):
        self.asked.append("status")
        return say(*refusal(404, "itemNotFound")) if self.over else say(200, self._expects())

    async def cancel(self, request):
        self.asked.append("cancel")
        self.over = True
        return web.Response(status=204)


def send(graph, source, **more):
    return upload(graph, "d", "p", "a b.bin", source, **{**DATES, "conflict": "fail", **more})


def test_a_file_goes_through_a_session_with_its_dates(tmp_path, source):
    async def story(stage, graph):
        session = Session(stage)
        stage.on("POST", f"{PARENT}/createUploadSession", session.made)
        urls = []
        item = await send(graph, source, on_session=urls.append)
        assert item["id"] == "new"
        assert session.data == DATA
        assert urls == [session.made[1]["uploadUrl"]]
        (asked,) = stage.requests("POST", f"{PARENT}/createUploadSession")
        assert json.loads(asked["body"])["item"] == {
            "@microsoft.graph.conflictBehavior": "fail", "name": "a b.bin",
            "fileSystemInfo": TOLD,
        }  # fmt: skip
        assert graph.spent.units == 2

    run(tmp_path, story)


@pytest.mark.parametrize(
    "weather",
    [
        ["cut before"],
        [None, "cut after"],
        [None, "half", "half", None],
        [None, 503, 500, None],
        ["no plan", "no plan"],
        [416],
    ],
)
def test_a_session_survives_what_happens_on_the_way(tmp_path, source, weather):
    async def story(stage, graph):
        session = Session(stage, *weather)
        stage.on("POST", f"{PARENT}/createUploadSession", session.made)
        assert (await send(graph, source))["id"] == "new"
        assert session.data == DATA
        assert len(stage.requests("POST", f"{PARENT}/createUploadSession")) == 1

    run(tmp_path, story)


def test_a_killed_upload_goes_on_in_its_session(tmp_path, source):
    async def story(stage, graph):
        session = Session(stage)
        session.data = DATA[: 2 * CHUNK]
        item = await send(graph, source, session_url=session.made[1]["uploadUrl"])
        assert item["id"] == "new"
        assert session.data == DATA
        assert session.asked == ["status"]
        assert len(stage.requests("PUT", "/up")) == 2

    run(tmp_path, story)


def test_a_forgotten_session_begins_anew(tmp_path, source):
    async def story(stage, graph):
        old = Session(stage, path="/old")
        old.over = True
        fresh = Session(stage, None, 404, path="/lost"), Session(stage, path="/up")
        stage.on("POST", f"{PARENT}/createUploadSession", fresh[0].made, fresh[1].made)
        assert (await send(graph, source, session_url=f"{stage.content}/old"))["id"] == "new"
        assert fresh[1].data == DATA

    run(tmp_path, story)


@pytest.mark.parametrize("known_by", ["dates", "hash"])
def test_a_last_answer_that_was_lost_does_not_send_the_file_twice(tmp_path, source, known_by):
    async def story(stage, graph):
        session = Session(stage, None, None, None, "cut after")
        stage.on("POST", f"{PARENT}/createUploadSession", session.made)
        there = {"id": "there", "size": len(DATA), "file": {"hashes": {}}}
        if known_by == "dates":  # the service rewrote it: another size and hash
            there |= {
                "size": 1,
                "fileSystemInfo": {**TOLD, "createdDateTime": "2019-06-30T12:00:00Z"},
            }
        else:
            there["file"]["hashes"]["quickXorHash"] = QuickXor(DATA).base64()
        stage.on("GET", FILE, there)
        assert (await send(graph, source))["id"] == "there"
        assert len(stage.requests("POST", f"{PARENT}/createUploadSession")) == 1
        # the same when the process died there, and only the session's URL is known
        assert (await send(graph, source, session_url=f"{stage.content}/up"))["id"] == "there"

    run(tmp_path, story)


@pytest.mark.parametrize("conflict", ["rename", "fail"])
def test_a_lost_last_answer_is_not_guessed(tmp_path, source, conflict):
    async def story(stage, graph):
        session = Session(stage, None, None, None, "cut after")
        stage.on("POST", f"{PARENT}/createUploadSession", session.made)
        stage.on("GET", FILE, {"id": "older", "size": 5, "file": {"hashes": {}}})
        with pytest.raises(GraphError, match="upload-outcome-unknown"):
            await send(graph, source, conflict=conflict)

    run(tmp_path, story)


OURS = QuickXor(DATA).base64()
OTHER = QuickXor(DATA[::-1]).base64()
NOT_OURS = {
    "same size, other hash": {"size": len(DATA), "file": {"hashes": {"quickXorHash": OTHER}}},
    "same size, no hash": {"size": len(DATA), "file": {"hashes": {}}},
    "same size, nothing said of it": {"size": len(DATA), "file": {}},
    "same quick hash, other SHA-256": {
        "size": len(DATA), "file": {"hashes": {"quickXorHash": OURS, "sha256Hash": "0" * 64}},
    },
    "same quick hash, other SHA-1": {
        "size": len(DATA), "file": {"hashes": {"quickXorHash": OURS, "sha1Hash": "0" * 40}},
    },
    "same hash, other size": {"size": len(DATA) + 1, "file": {"hashes": {"quickXorHash": OURS}}},
    "same hash, no size": {"file": {"hashes": {"quickXorHash": OURS}}},
    "one date of two": {
        "size": len(DATA), "file": {"hashes": {}},
        "fileSystemInfo": {**TOLD, "createdDateTime": "2019-06-30T12:00:01Z"},
    },
    "the other date of two": {
        "size": len(DATA), "file": {"hashes": {}},
        "fileSystemInfo": {**TOLD, "lastModifiedDateTime": "2019-06-29T23:59:59Z"},
    },
    "dates that are none": {
        "size": len(DATA), "file": {"hashes": {}}, "fileSystemInfo": dict.fromkeys(TOLD, "soon"),
    },
    "a folder with our dates": {"size": len(DATA), "folder": {}, "fileSystemInfo": TOLD},
}  # fmt: skip


@pytest.mark.parametrize("there", NOT_OURS.values(), ids=NOT_OURS)
def test_T33_somebody_elses_file_is_not_taken_for_ours(tmp_path, source, there):
    async def story(stage, graph):
        stage.on("GET", FILE, {"id": "theirs", **there})
        # its own session ended, and one of a killed run that is over: neither is guessed
        ended = Session(stage, None, None, None, "cut after")
        stage.on("POST", f"{PARENT}/createUploadSession", ended.made)
        for conflict in ("fail", "rename"):
            ended.data, ended.over, ended.weather = b"", False, [None, None, None, "cut after"]
            with pytest.raises(GraphError, match="upload-outcome-unknown"):
                await send(graph, source, conflict=conflict)
            with pytest.raises(GraphError, match="upload-outcome-unknown"):
                await send(graph, source, conflict=conflict, session_url=f"{stage.content}/up")
        # what may be replaced is sent again and ends as what we sent
        fresh = Session(stage, path="/fresh")
        stage.on("POST", f"{PARENT}/createUploadSession", fresh.made)
        more = {"conflict": "replace", "session_url": f"{stage.content}/up"}
        assert (await send(graph, source, **more))["id"] == "new"
        assert fresh.data == DATA

    run(tmp_path, story)


@pytest.mark.parametrize("there", ["theirs", "ours", "none"])
def test_T33_a_lost_answer_to_one_put_without_dates(tmp_path, source, there):
    """A file without dates has none that could be the same."""

    async def story(stage, graph):
        def lost(request):
            request.transport.abort()
            return web.Response()

        stage.on("PUT", f"{PARENT}/content", lost)
        hashes = {"quickXorHash": OURS if there == "ours" else OTHER}
        if there != "none":
            stage.on("GET", FILE, {"id": there, "size": len(DATA), "file": {"hashes": hashes}})
        bare = {"modified": None, "created": None}
        if there == "ours":
            assert (await send(graph, source, **bare))["id"] == "ours"
        else:
            with pytest.raises(GraphError, match="upload-outcome-unknown"):
                await send(graph, source, **bare)
        with pytest.raises(GraphError, match="upload-outcome-unknown"):
            await send(graph, source, **bare, conflict="rename")

    run(tmp_path, story)


def test_T33_who_cannot_look_does_not_guess(tmp_path, source):
    async def story(stage, graph):
        session = Session(stage, None, None, None, "cut after")
        stage.on("POST", f"{PARENT}/createUploadSession", session.made)
        stage.on("GET", FILE, refusal(403, "accessDenied"))
        with pytest.raises(GraphError) as told:
            await send(graph, source, conflict="replace")
        assert told.value.status == 403
        assert len(stage.requests("POST", f"{PARENT}/createUploadSession")) == 1

    run(tmp_path, story)


def test_a_name_that_is_taken_shows_on_the_last_chunk(tmp_path, source):
    async def story(stage, graph):
        session = Session(stage, None, None, None, 409)
        stage.on("POST", f"{PARENT}/createUploadSession", session.made)
        stage.on("GET", FILE, {"id": "theirs", "name": "a b.bin", "file": {}})
        with pytest.raises(GraphError, match="name-taken") as told:
            await send(graph, source)
        assert told.value.status == 409
        assert session.asked == ["cancel"]
        assert "tempauth" not in str(told.value)

    run(tmp_path, story)


def test_no_room_is_told_at_once(tmp_path, source):
    async def story(stage, graph):
        stage.on("POST", f"{PARENT}/createUploadSession", refusal(507, "insufficientStorage"))
        with pytest.raises(GraphError, match="quota"):
            await send(graph, source)
        session = Session(stage, None, 507)
        stage.on("POST", f"{PARENT}/createUploadSession", session.made)
        with pytest.raises(GraphError, match="quota"):
            await send(graph, source)
        assert len(stage.requests("PUT", "/up")) == 2

    run(tmp_path, story)


def test_an_empty_file_goes_by_put_and_gets_its_dates(tmp_path):
    async def story(stage, graph):
        empty = tmp_path / "empty"
        empty.touch()
        stage.on("PUT", f"{PARENT}/content", (201, {"id": "e", "size": 0}, None))
        stage.on("PATCH", "/v1.0/drives/d/items/e", {"id": "e", "fileSystemInfo": TOLD})
        assert (await send(graph, empty))["fileSystemInfo"] == TOLD
        (put,) = stage.requests("PUT", f"{PARENT}/content")
        assert put["body"] == b""
        assert put["query"] == {"@microsoft.graph.conflictBehavior": "fail"}

    run(tmp_path, story)


def test_a_small_file_without_dates_goes_in_one_put(tmp_path, source):
    async def story(stage, graph):
        stage.on("PUT", f"{PARENT}/content", (201, {"id": "s"}, None))
        bare = {"modified": None, "created": None}
        assert (await send(graph, source, **bare))["id"] == "s"
        assert stage.seen[0]["body"] == DATA
        stage.on("PUT", f"{PARENT}/content", refusal(409, "nameAlreadyExists"))
        with pytest.raises(GraphError, match="name-taken"):
            await send(graph, source, **bare)

    run(tmp_path, story)


def test_a_source_that_changes_is_not_sent_as_if_it_had_not(tmp_path, source):
    async def story(stage, graph):
        session = Session(stage)

        async def put(request):
            source.write_bytes(DATA[:-1] + b"!")
            return await session.put(request)

        stage.on("PUT", "/up", put)
        stage.on("POST", f"{PARENT}/createUploadSession", session.made)
        with pytest.raises(GraphError, match="source-changed"):
            await send(graph, source)
        assert session.asked[-1:] == ["cancel"]
        assert session.over
        with pytest.raises(GraphError, match="source-unreadable"):
            await send(graph, tmp_path / "none")

    run(tmp_path, story)


def test_failures_without_end_end(tmp_path, source):
    async def story(stage, graph):
        session = Session(stage, *["cut before"] * 99)
        stage.on("POST", f"{PARENT}/createUploadSession", session.made)
        with pytest.raises(ConnectionCutError) as told:
            await send(graph, source)
        assert "tempauth" not in str(told.value)
        assert "/up" not in str(told.value)

    run(tmp_path, story)


def test_unfriendly_05_a_refused_piece_is_told_as_what_it_is(tmp_path, source):
    async def story(stage, graph):
        session = Session(stage, 403, 403)
        stage.on("POST", f"{PARENT}/createUploadSession", session.made)
        with pytest.raises(GraphError) as told:
            await send(graph, source)
        assert (told.value.code, told.value.status) == ("graph-forbidden", 403)
        assert "forgot" not in told.value.what
        # once, and what it holds is given back
        assert len(stage.requests("POST", f"{PARENT}/createUploadSession")) == 1
        assert session.asked == ["cancel"]

    run(tmp_path, story)


@pytest.mark.parametrize("status", [401, 403])
def test_unfriendly_05_a_session_whose_time_is_over_half_way_is_begun_anew(
    tmp_path, source, status
):
    async def story(stage, graph):
        first, second = Session(stage, None, status), Session(stage, path="/again")
        stage.on("POST", f"{PARENT}/createUploadSession", first.made, second.made)
        assert (await send(graph, source))["id"] == "new"
        assert second.data == DATA
        assert first.asked == ["cancel"]
        # where no session lasts, the last word is the service's own
        for one in ("/up", "/again"):
            stage.on("PUT", one, say_in_turn(status))
        stage.on("POST", f"{PARENT}/createUploadSession", first.made)
        with pytest.raises(GraphError) as told:
            await send(graph, source)
        assert told.value.status == status

    run(tmp_path, story)


def say_in_turn(status):
    """The first piece is taken, and the next one refused."""
    turn = [0]

    def answer(request):
        turn[0] += 1
        if turn[0] % 2:
            return say(202, {"nextExpectedRanges": [f"{CHUNK}-"]})
        return say(*refusal(status, "x"))

    return answer


def test_unfriendly_06_a_name_that_only_a_session_holds_is_not_called_taken(tmp_path, source):
    async def story(stage, graph):
        stage.on("POST", f"{PARENT}/createUploadSession", refusal(409, "nameAlreadyExists"))
        with pytest.raises(GraphError, match="name-held"):
            await send(graph, source)
        stage.on("GET", FILE, {"id": "theirs", "name": "a b.bin", "file": {}})
        with pytest.raises(GraphError, match="name-taken"):
            await send(graph, source)

    run(tmp_path, story)


def test_unfriendly_15_the_size_is_not_sent_to_a_service_that_does_not_know_it(tmp_path, source):
    """``fileSize`` is for OneDrive Personal alone (driveItemUploadableProperties)."""

    async def story(stage, graph):
        stage.on("POST", f"{PARENT}/createUploadSession", Session(stage).made)
        await send(graph, source)
        (asked,) = stage.requests("POST", f"{PARENT}/createUploadSession")
        assert b"fileSize" not in asked["body"]

    run(tmp_path, story)
