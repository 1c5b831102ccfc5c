"""The simple PUT: new, over what is there, empty, too much."""

from __future__ import annotations

import io
import socket
import ssl
import zipfile
from urllib.parse import urlsplit

import pytest

from sluis.rehearsal.tenant.weather import Weather
from support.tenant_talk import Talk

OFFICE = (".docx", ".xlsx", ".pptx")
CONFLICT = "?@microsoft.graph.conflictBehavior="


def test_a_new_file_and_then_a_new_version_of_it(talk: Talk, drive: str) -> None:
    new = talk.put(drive, "a.txt", b"one")
    assert new.status == 201
    over = talk.put(drive, "A.txt", b"second")
    assert over.status == 200
    assert over.json()["id"] == new.json()["id"]
    assert over.json()["cTag"] != new.json()["cTag"]
    assert talk.fetch(drive, new.json()["id"]) == b"second"
    assert talk.good(f"/drives/{drive}/items/{new.json()['id']}")["size"] == 6
    by_id = talk.ask("PUT", f"/drives/{drive}/items/{new.json()['id']}/content", body=b"third")
    assert by_id.status == 200
    assert talk.fetch(drive, new.json()["id"]) == b"third"


def test_conflicts_are_met_as_the_query_asks(talk: Talk, drive: str) -> None:
    first = talk.put(drive, "b.txt", b"one", f"{CONFLICT}fail")
    assert first.status == 201
    refused = talk.put(drive, "b.txt", b"two", f"{CONFLICT}fail")
    assert (refused.status, refused.error) == (409, "nameAlreadyExists")
    assert talk.fetch(drive, first.json()["id"]) == b"one"
    renamed = talk.put(drive, "b.txt", b"two", f"{CONFLICT}rename")
    assert (renamed.status, renamed.json()["name"]) == (201, "b 1.txt")
    # a file never takes the place of a folder
    assert talk.put(drive, "Nasty", b"two").status == 409


def test_an_empty_file_is_fine(talk: Talk, drive: str) -> None:
    made = talk.put(drive, "empty.txt", b"")
    assert made.status == 201
    assert made.json()["size"] == 0
    assert talk.fetch(drive, made.json()["id"]) == b""


def test_a_file_goes_below_a_folder_by_its_id(talk: Talk, drive: str) -> None:
    nasty = talk.good(f"/drives/{drive}/root:/Nasty")["id"]
    made = talk.ask("PUT", f"/drives/{drive}/items/{nasty}:/below.txt:/content", body=b"x")
    assert made.status == 201
    assert made.json()["parentReference"]["id"] == nasty


def test_a_body_of_unknown_length_is_taken_as_it_comes(talk: Talk, drive: str) -> None:
    pieces = [bytes([number]) * 50_000 for number in range(30)]
    made = talk.ask("PUT", f"/drives/{drive}/root:/streamed.bin:/content", body=iter(pieces))
    assert made.status == 201
    assert talk.fetch(drive, made.json()["id"]) == b"".join(pieces)
    used = talk.good(f"/drives/{drive}")["quota"]["used"]
    talk.tenant.control.set_quota(drive, used + 1_000)
    full = talk.ask("PUT", f"/drives/{drive}/root:/more.bin:/content", body=iter(pieces))
    assert full.status == 507


def test_what_does_not_fit_gets_507_and_leaves_nothing(talk: Talk, drive: str) -> None:
    control = talk.tenant.control
    used = talk.good(f"/drives/{drive}")["quota"]["used"]
    control.set_quota(drive, used + 10)
    full = talk.put(drive, "eleven.txt", b"x" * 11)
    assert (full.status, full.error) == (507, "quotaLimitReached")
    assert talk.get(f"/drives/{drive}/root:/eleven.txt").status == 404
    assert talk.put(drive, "ten.txt", b"x" * 10).status == 201
    # new content of a file only needs the difference
    assert talk.put(drive, "ten.txt", b"y" * 10).status == 200


def test_more_than_250_mb_is_refused_before_it_is_sent(talk: Talk, drive: str) -> None:
    # urllib3 sends what we say, and the tenant answers on the header alone
    answer = talk.ask(
        "PUT",
        f"/drives/{drive}/root:/huge.bin:/content",
        body=b"",
        headers={"Content-Length": str(250 * 1024 * 1024 + 1), "Connection": "close"},
    )
    assert (answer.status, answer.error) == (413, "requestEntityTooLarge")


def test_office_files_are_rewritten_each_time_otherwise_when_the_weather_is_so(
    talk: Talk, drive: str
) -> None:
    file = next(one for one in talk.tenant.control.items(drive) if one["name"].endswith(OFFICE))
    suffix = file["name"].rpartition(".")[2]
    content = talk.tenant.control.bytes_of(drive, file["id"])
    talk.tenant.control.set_weather(Weather(rewrite=("office",)))
    try:
        made = [talk.put(drive, f"copy {number}.{suffix}", content).json() for number in (1, 2)]
        plain = talk.put(drive, "copy.bin", content).json()
    finally:
        talk.tenant.control.set_weather(Weather())
    bodies = [talk.fetch(drive, one["id"]) for one in made]
    assert content not in bodies and bodies[0] != bodies[1]
    assert [len(body) for body in bodies] == [one["size"] for one in made]
    assert zipfile.ZipFile(io.BytesIO(bodies[0])).testzip() is None
    assert talk.fetch(drive, plain["id"]) == content


def _begin(talk: Talk, drive: str, name: str, query: str, part: bytes, size: int) -> ssl.SSLSocket:
    """A PUT of which only a part of the body was sent."""
    target = urlsplit(talk.tenant.graph)
    assert target.hostname is not None and target.port is not None
    context = ssl.create_default_context(cafile=str(talk.tenant.ca))
    link = socket.create_connection((target.hostname, target.port), timeout=30)
    safe = context.wrap_socket(link, server_hostname=target.hostname)
    head = (
        f"PUT /v1.0/drives/{drive}/root:/{name}:/content{query} HTTP/1.1\r\n"
        f"Host: {target.netloc}\r\nAuthorization: Bearer {talk.token}\r\n"
        f"Content-Length: {size}\r\nConnection: close\r\n\r\n"
    )
    safe.sendall(head.encode() + part)
    return safe


def _end(link: ssl.SSLSocket, part: bytes) -> int:
    """Send the rest; the answer's status."""
    with link:
        link.sendall(part)
        return int(link.recv(100).split()[1])


@pytest.mark.parametrize(
    ("way", "statuses", "names"),
    [
        ("replace", [200, 201], ["race.bin"]),
        ("fail", [201, 409], ["race.bin"]),
        ("rename", [201, 201], ["race 1.bin", "race.bin"]),
    ],
)
def test_two_at_once_do_not_make_two_files_of_one_name(
    talk: Talk, drive: str, way: str, statuses: list[int], names: list[str]
) -> None:
    links = [
        _begin(talk, drive, "race.bin", f"{CONFLICT}{way}", b"x" * 1_000, 2_000_000)
        for _ in range(2)
    ]
    rest = b"x" * 1_999_000
    assert sorted(_end(link, rest) for link in links) == statuses
    live = talk.tenant.control.items(drive)
    assert sorted(one["name"] for one in live if one["name"].startswith("race")) == names


def test_a_folder_that_is_deleted_while_a_body_comes_in_is_said(talk: Talk, drive: str) -> None:
    link = _begin(talk, drive, "Nasty/late.bin", "", b"x" * 1_000, 2_000_000)
    over = _begin(talk, drive, "Nasty/CON.txt", "", b"x" * 1_000, 2_000_000)
    talk.good(f"/drives/{drive}")
    talk.tenant.control.delete(drive, "Nasty")
    assert [_end(one, b"x" * 1_999_000) for one in (link, over)] == [404, 404]
    names = {one["name"] for one in talk.tenant.control.items(drive)}
    assert not {"late.bin", "CON.txt"} & names
