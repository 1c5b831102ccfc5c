"""Downloads from a server that misbehaves as told: cut, lying, expired, redirecting."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import random
import re
from traceback import format_exception

import pytest
from aiohttp import web

from sluis.graph import part_file
from sluis.graph.download import Chunk, download, download_version
from sluis.graph.errors import GraphError
from sluis.graph.quickxor import QuickXor
from support.graph_stage import connected, refusal, say

CHUNK = 64 << 10
DATA = random.Random(7).randbytes(5 * CHUNK + 777)
PLACE = "/v1.0/drives/d/items/i/content"


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch):
    monkeypatch.setattr(part_file, "CHUNK", CHUNK)


def run(folder, story, **more):
    async def whole():
        async with connected(folder, **more) as (stage, graph):
            return await story(stage, graph)

    return asyncio.run(whole())


def serve(data=DATA, etag='"{A},1"'):
    """A content server that honours ranges."""

    def answer(request):
        asked = re.fullmatch(r"bytes=(\d+)-", request.headers.get("Range", ""))
        if not asked:
            return web.Response(body=data, headers={"ETag": etag})
        start = int(asked[1])
        if start >= len(data):
            return web.Response(status=416, headers={"Content-Range": f"bytes */{len(data)}"})
        told = f"bytes {start}-{len(data) - 1}/{len(data)}"
        return web.Response(
            status=206, body=data[start:], headers={"Content-Range": told, "ETag": etag}
        )

    return answer


def cut_after(sent, data=DATA):
    """The connection breaks after so many bytes."""

    async def answer(request):
        at = int(request.headers.get("Range", "bytes=0-")[6:-1])
        response = web.StreamResponse(status=206 if at else 200)
        response.content_length = len(data) - at
        if at:
            response.headers["Content-Range"] = f"bytes {at}-{len(data) - 1}/{len(data)}"
        await response.prepare(request)
        await response.write(data[at : at + sent])
        await asyncio.sleep(0.01)  # let it go out before the connection is torn down
        request.transport.abort()
        return response

    return answer


def ranges(stage, path="/file"):
    return [one["headers"].get("Range") for one in stage.requests("GET", path)]


def check(done, target, data=DATA):
    assert target.read_bytes() == data
    assert not target.with_name(target.name + ".part").exists()
    assert done.size == len(data)
    assert done.sha256 == hashlib.sha256(data).hexdigest()
    assert done.quickxor == QuickXor(data).base64()
    at = 0
    for chunk in done.chunks:
        end = chunk.offset + chunk.size
        assert chunk == Chunk(at, end - at, hashlib.sha256(data[:end]).hexdigest())
        at = end
    assert at == len(data)


def test_a_file_is_fetched_whole_and_the_token_stays_home(tmp_path):
    async def story(stage, graph):
        stage.on("GET", PLACE, (302, None, {"Location": f"{stage.content}/hop?tempauth=s"}))
        stage.on("GET", "/hop", (307, None, {"Location": f"{stage.graph}/file?tempauth=s"}))
        stage.on("GET", "/file", serve())
        target = tmp_path / "file.bin"
        reported = []
        done = await download(graph, "d", "i", target, size=len(DATA), on_chunk=reported.append)
        check(done, target)
        assert tuple(reported) == done.chunks
        assert done.etag == '"{A},1"'
        # also on the way back to Graph's own origin: what is pre-authenticated needs no token
        assert [("Authorization" in one["headers"]) for one in stage.seen] == [True, False, False]

    run(tmp_path, story)


@pytest.mark.parametrize("size", [0, 1, 19, CHUNK, CHUNK + 1])
def test_small_and_empty_files(tmp_path, size):
    async def story(stage, graph):
        data = DATA[:size]
        stage.on("GET", "/file", serve(data))
        target = tmp_path / "file.bin"
        done = await download(graph, "d", "i", target, size=size, url=f"{stage.content}/file")
        assert (done.size, target.read_bytes()) == (size, data)
        assert done.quickxor == QuickXor(data).base64()
        assert sum(chunk.size for chunk in done.chunks) == size
        assert len(stage.seen) == 1  # a URL from the listing costs one request a file

    run(tmp_path, story)


def test_a_cut_download_goes_on_where_it_was(tmp_path):
    async def story(stage, graph):
        stage.on("GET", "/file", cut_after(100_000), cut_after(50_000), serve())
        target = tmp_path / "file.bin"
        url = f"{stage.content}/file"
        check(await download(graph, "d", "i", target, size=len(DATA), url=url), target)
        starts = [int(one[6:-1]) if one else 0 for one in ranges(stage)]
        assert starts[0] == 0
        assert 0 < starts[1] <= 100_000
        assert starts[1] < starts[2] <= 150_000

    run(tmp_path, story)


def test_a_killed_download_goes_on_from_chunks_that_are_still_right(tmp_path):
    async def story(stage, graph):
        target = tmp_path / "file.bin"
        known = [
            Chunk(at, CHUNK, hashlib.sha256(DATA[: at + CHUNK]).hexdigest())
            for at in range(0, 3 * CHUNK, CHUNK)
        ]
        on_disk = bytearray(DATA[: 3 * CHUNK + 1234])  # 1234 bytes nobody vouched for
        on_disk[2 * CHUNK + 5] ^= 1  # and one that rotted
        target.with_name("file.bin.part").write_bytes(on_disk)
        stage.on("GET", "/file", serve())
        url = f"{stage.content}/file"
        done = await download(graph, "d", "i", target, size=len(DATA), url=url, have=known)
        check(done, target)
        assert ranges(stage) == [f"bytes={2 * CHUNK}-"]

    run(tmp_path, story)


def test_a_download_that_only_lacked_its_last_step_asks_nothing(tmp_path):
    async def story(stage, graph):
        target = tmp_path / "file.bin"
        target.with_name("file.bin.part").write_bytes(DATA[:CHUNK])
        known = [Chunk(0, CHUNK, hashlib.sha256(DATA[:CHUNK]).hexdigest())]
        done = await download(graph, "d", "i", target, size=CHUNK, have=known)
        check(done, target, DATA[:CHUNK])
        assert stage.seen == []

    run(tmp_path, story)


def test_a_200_to_a_range_request_is_taken_from_the_beginning(tmp_path):
    async def story(stage, graph):
        stage.on("GET", "/file", cut_after(150_000), lambda _: web.Response(body=DATA))
        target = tmp_path / "file.bin"
        url = f"{stage.content}/file"
        check(await download(graph, "d", "i", target, size=len(DATA), url=url), target)

    run(tmp_path, story)


def test_another_range_than_asked_is_not_written(tmp_path):
    async def story(stage, graph):
        def shifted(request):
            told = {"Content-Range": f"bytes 0-{len(DATA) - 1}/{len(DATA)}"}
            return web.Response(status=206, body=DATA, headers=told)

        stage.on("GET", "/file", cut_after(150_000), shifted, serve())
        target = tmp_path / "file.bin"
        url = f"{stage.content}/file"
        check(await download(graph, "d", "i", target, size=len(DATA), url=url), target)

        stage.on("GET", "/never", cut_after(150_000), shifted)
        with pytest.raises(GraphError, match="wrong-range"):
            await download(
                graph, "d", "i", tmp_path / "b", size=len(DATA), url=f"{stage.content}/never"
            )
        assert not (tmp_path / "b").exists()

    run(tmp_path, story)


def test_a_refusal_never_becomes_content(tmp_path):
    async def story(stage, graph):
        body = json.dumps({"error": {"code": "serviceNotAvailable"}}).encode()
        answers = [say(503, body), say(429, body, {"Retry-After": "1.5"}), say(500, body)]
        makers = [lambda _, one=one: one for one in answers]
        stage.on("GET", "/file", *makers, serve())
        target = tmp_path / "file.bin"
        url = f"{stage.content}/file"
        check(await download(graph, "d", "i", target, size=len(DATA), url=url), target)

        stage.on("GET", "/bad", refusal(400, "invalidRequest"))
        with pytest.raises(GraphError) as told:
            await download(graph, "d", "i", tmp_path / "b", size=9, url=f"{stage.content}/bad?k=v")
        assert told.value.status == 400
        assert "k=v" not in str(told.value)
        assert not (tmp_path / "b").exists()

    run(tmp_path, story)


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_a_url_whose_time_is_over_is_replaced_and_nothing_fetched_twice(tmp_path, status):
    async def story(stage, graph):
        stage.on("GET", "/old", cut_after(2 * CHUNK), refusal(status, "unauthenticated"))
        stage.on("GET", PLACE, (302, None, {"Location": f"{stage.content}/new"}))
        stage.on("GET", "/new", serve())
        target = tmp_path / "file.bin"
        url = f"{stage.content}/old"
        check(await download(graph, "d", "i", target, size=len(DATA), url=url), target)
        (start,) = (int(one[6:-1]) for one in ranges(stage, "/new"))
        assert start > CHUNK

    run(tmp_path, story)


def test_a_file_that_is_gone_or_infected_says_so(tmp_path):
    async def story(stage, graph):
        stage.on("GET", "/old", refusal(403, "x"))
        stage.on("GET", PLACE, refusal(403, "malwareDetected"))
        with pytest.raises(GraphError, match="malware"):
            await download(graph, "d", "i", tmp_path / "f", size=5, url=f"{stage.content}/old")
        stage.on("GET", PLACE, refusal(404, "itemNotFound"))
        with pytest.raises(GraphError) as told:
            await download(graph, "d", "i", tmp_path / "f", size=5)
        assert told.value.status == 404

    run(tmp_path, story)


def test_a_listing_with_a_wrong_size_is_checked_not_believed(tmp_path):
    async def story(stage, graph):
        stage.on("GET", "/file", serve())
        for listed in (len(DATA) - 100, len(DATA) + 100, 0):
            target = tmp_path / f"file{listed}"
            url = f"{stage.content}/file"
            done = await download(graph, "d", "i", target, size=listed, url=url)
            check(done, target)
        assert ranges(stage) == [None, f"bytes={len(DATA)}-"] * 3  # no byte came twice

    run(tmp_path, story)


def test_a_body_that_ends_early_without_a_sign_is_completed(tmp_path):
    async def story(stage, graph):
        stage.on("GET", "/file", lambda _: web.Response(body=DATA[:100_000]), serve())
        target = tmp_path / "file.bin"
        url = f"{stage.content}/file"
        check(await download(graph, "d", "i", target, size=len(DATA), url=url), target)
        assert ranges(stage) == [None, "bytes=100000-"]

        # a server that knows no ranges gives everything again, and that is the proof
        stage.on("GET", "/plain", lambda _: web.Response(body=DATA))
        target = tmp_path / "plain.bin"
        url = f"{stage.content}/plain"
        check(await download(graph, "d", "i", target, size=1, url=url), target)

    run(tmp_path, story)


def test_a_content_that_changed_on_the_way_is_fetched_anew(tmp_path):
    async def story(stage, graph):
        other = DATA[::-1]

        async def old(request):
            response = web.StreamResponse(headers={"ETag": '"{A},1"'})
            response.content_length = len(DATA)
            await response.prepare(request)
            await response.write(DATA[:150_000])
            await asyncio.sleep(0.01)
            request.transport.abort()
            return response

        stage.on("GET", "/file", old, serve(other, '"{A},2"'))
        target = tmp_path / "file.bin"
        url = f"{stage.content}/file"
        done = await download(graph, "d", "i", target, size=len(DATA), url=url)
        check(done, target, other)
        assert done.etag == '"{A},2"'

    run(tmp_path, story)


def test_a_full_disk_is_told(tmp_path):
    async def story(stage, graph):
        stage.on("GET", "/file", serve())
        with pytest.raises(GraphError, match="cannot-write"):
            await download(
                graph, "d", "i", tmp_path / "none" / "f", size=9, url=f"{stage.content}/file"
            )

    run(tmp_path, story)


def test_a_link_planted_in_place_of_the_part_is_not_followed(tmp_path):
    async def story(stage, graph):
        stage.on("GET", "/file", serve())
        (tmp_path / "precious").write_bytes(b"precious")
        (tmp_path / "f.part").symlink_to(tmp_path / "precious")
        for size in (len(DATA), 10):
            with pytest.raises(GraphError, match="cannot-write"):
                await download(
                    graph, "d", "i", tmp_path / "f", size=size, url=f"{stage.content}/file"
                )
        assert (tmp_path / "precious").read_bytes() == b"precious"

    run(tmp_path, story)


def test_plain_http_content_is_refused(tmp_path):
    async def story(stage, graph):
        with pytest.raises(GraphError, match="unsafe-link"):
            await download(graph, "d", "i", tmp_path / "f", size=5, url="http://127.0.0.1:1/x")

    run(tmp_path, story)


def test_an_older_version_comes_by_its_own_path(tmp_path):
    async def story(stage, graph):
        place = "/v1.0/drives/d/items/i/versions/1.0/content"
        stage.on("GET", place, (302, None, {"Location": f"{stage.content}/file"}))
        stage.on("GET", "/file", serve())
        done = await download_version(graph, "d", "i", "1.0", tmp_path / "v", size=len(DATA))
        check(done, tmp_path / "v")

    run(tmp_path, story)


def test_links_are_in_no_log_and_no_error(tmp_path, caplog, capsys):
    caplog.set_level(logging.DEBUG)

    async def story(stage, graph):
        secret = "tempauth=DOWNLOAD-SECRET"
        stage.on("GET", "/file", refusal(400, "bad", f"no {stage.content}/file?{secret} here"))
        stage.on("GET", PLACE, (302, None, {"Location": f"{stage.content}/file?{secret}"}))
        told = []
        for url in (f"{stage.content}/file?{secret}", f"https://127.0.0.1:1/file?{secret}", None):
            with pytest.raises(GraphError) as error:
                await download(graph, "d", "i", tmp_path / "f", size=9, url=url)
            told += [str(error.value), repr(error.value), "".join(format_exception(error.value))]
        return told

    told = run(tmp_path, story)
    everything = "".join(told) + caplog.text + "".join(capsys.readouterr())
    assert "DOWNLOAD-SECRET" not in everything
    assert "stage-token" not in everything


def in_chunks(data=DATA, *, cuts=0):
    """Content of untold length from a server that knows no ranges; the first are cut."""
    turns = [cuts]

    async def answer(request):
        response = web.StreamResponse()
        response.enable_chunked_encoding()
        await response.prepare(request)
        turns[0] -= 1
        for at in range(0, len(data), 30_000):
            if turns[0] >= 0 and at >= 60_000:
                await asyncio.sleep(0.01)
                request.transport.abort()
                return response
            await response.write(data[at : at + 30_000])
        await response.write_eof()
        return response

    return answer


@pytest.mark.parametrize(
    ("listed", "cuts", "asked"),
    [(len(DATA), 0, 1), (len(DATA), 2, 3), (len(DATA) - 7, 0, 2), (len(DATA) + 7, 1, 3), (0, 0, 2)],
)
def test_unfriendly_10_content_of_untold_length_is_fetched_once_or_twice(
    tmp_path, listed, cuts, asked
):
    async def story(stage, graph):
        stage.on("GET", PLACE, (302, None, {"Location": f"{stage.content}/file"}))
        stage.on("GET", "/file", in_chunks(cuts=cuts))
        target = tmp_path / "file.bin"
        check(await download(graph, "d", "i", target, size=listed), target)
        assert len(stage.requests("GET", "/file")) == asked

    run(tmp_path, story)


def test_unfriendly_10_a_body_that_only_breaks_off_is_not_taken_for_a_whole_one(tmp_path):
    """Neither a length nor chunks: where it stops says nothing."""
    turn = [0]

    async def answer(request):
        turn[0] += 1
        response = web.StreamResponse(headers={"Connection": "close"})
        response.force_close()
        response._length_check = False
        await response.prepare(request)
        await response.write(DATA[: len(DATA) // 2] if turn[0] == 1 else DATA)
        request.transport.close()
        return response

    async def story(stage, graph):
        stage.on("GET", PLACE, (302, None, {"Location": f"{stage.content}/file"}))
        stage.on("GET", "/file", answer)
        target = tmp_path / "file.bin"
        check(await download(graph, "d", "i", target, size=len(DATA) // 2), target)
        assert turn[0] == 3

    run(tmp_path, story)
