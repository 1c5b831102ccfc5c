"""What a move needs, looked at on the worker: real tenants, a real SFTP server, nothing written."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from sluis.border.tenant import AccountSecret, Server, TenantAccount
from sluis.border.verbs.tenant_check import (
    TENANT_CHECK,
    Answer,
    CheckSecrets,
    OfServer,
    OfTenant,
    Request,
)
from sluis.rehearsal.sshd import new_ssh_key
from sluis.rehearsal.tenant.rights import AppSettings
from sluis.rehearsal.tenant.settings import Population, Settings
from sluis.rehearsal.tenant.start import Tenant, start_tenant
from sluis.tenant.look_move import look_at_move
from support.graph_stage import certificates
from support.sftp_places import Place, old_supplier

GONE = "b!00000000000000000000000000000000000000000000000000000000000000ab"
SMALL = Population(users=1, sites=1, items_per_drive=3)


@dataclass(frozen=True)
class Ground:
    """Two tenants and a server."""

    old: Tenant
    new: Tenant
    place: Place

    @property
    def server(self) -> Server:
        host = self.place.supplier.host
        return Server(
            host.address, host.user, host.port, str(self.place.known_hosts), None,
            str(self.place.key),
        )  # fmt: skip


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    folder = tmp_path_factory.mktemp("look")
    apps = (AppSettings(), AppSettings("Files alone", ("Files.Read.All",)))
    old = Settings(seed=7, tenant_name="old", population=SMALL, apps=apps)
    new = Settings(
        seed=8, tenant_name="new", population=SMALL,
        address="127.0.10.22", content_address="127.0.10.23",
    )  # fmt: skip
    with (
        old_supplier() as place,
        start_tenant(folder / "old", old) as before,
        start_tenant(folder / "new", new) as after,
    ):
        yield Ground(before, after, place)


def account(tenant: Tenant, app: int = 0, **more: Any) -> TenantAccount:
    made = TenantAccount(
        tenant.tenant_id, tenant.apps[app].client_id, tenant.graph, tenant.graph, str(tenant.ca)
    )
    return replace(made, **more)


def drives(tenant: Tenant) -> tuple[str, ...]:
    return tuple(one["id"] for one in tenant.control.drives())


def look(request: Request, **secrets: Any) -> Answer:
    """As the door does: what it says has to fit through the border, and holds no secret."""
    given = CheckSecrets(
        sources={name: AccountSecret(one) for name, one in secrets.get("sources", {}).items()},
        targets={name: AccountSecret(one) for name, one in secrets.get("targets", {}).items()},
    )
    answer = look_at_move(request, given)
    told = TENANT_CHECK.pack_answer(answer)
    for held in (*given.sources.values(), *given.targets.values()):
        assert (held.secret or "").encode() not in told
    return TENANT_CHECK.read_answer(told, host="worker")


def test_what_is_there_is_seen_and_nothing_is_written(ground: Ground) -> None:
    old, new = ground.old, ground.new
    before = old.control.counters()["requests"], new.control.items(drives(new)[0])
    request = Request(
        (
            OfTenant("old", "from", account(old), drives(old), (), ("sites", "users")),
            OfTenant("new", "into", account(new), drives(new), ("user01@new.example",)),
        ),
        (OfServer("files", ground.server, (str(ground.place.supplier.i_drive),)),),
        ("/etc",),
        20.0,
    )
    answer = look(request, sources={"old": old.app.secret}, targets={"new": new.app.secret})
    sides = {one.tenant: one for one in answer.tenants}
    for one in sides.values():
        assert one.refused is None
        assert {place.state for place in (*one.drives, *one.people, *one.listings)} == {"there"}
        assert one.roles is not None and "Sites.FullControl.All" in one.roles
    assert (sides["old"].tenant_id, sides["new"].tenant_id) == (old.tenant_id, new.tenant_id)
    assert [one.name for one in sides["old"].listings] == ["sites", "users"]
    assert [(one.failure, [f.failure for f in one.folders]) for one in answer.servers] == [
        (None, [None])
    ]
    assert [(one.folder, one.failure) for one in answer.folders] == [("/etc", None)]
    assert new.control.items(drives(new)[0]) == before[1]


def test_what_is_wrong_in_a_tenant_is_told_by_its_kind(ground: Ground) -> None:
    old, new = ground.old, ground.new
    request = Request(
        (
            OfTenant("old", "from", account(old, 1), (*drives(old), GONE, drives(new)[0]), (),
                     ("sites", "users")),
            OfTenant("new", "into", account(new), (), ("nobody@new.example",)),
            OfTenant("bad", "into", account(new)),
            OfTenant("typo", "into", account(new, tenant_id=old.tenant_id)),
            OfTenant("other", "into", account(new, client_id=old.app.client_id)),
            OfTenant("file", "into", account(new, ca="/no/such/file")),
        ),
        (), (), 20.0,
    )  # fmt: skip
    answer = look(
        request,
        sources={"old": old.apps[1].secret},
        targets={"new": new.app.secret, "bad": "not the one", "typo": "x-y-z", "other": "x-y-z",
                 "file": "x-y-z"},
    )  # fmt: skip
    sides = {one.tenant: one for one in answer.tenants}
    assert sides["old"].roles == ("Files.Read.All",)
    assert {one.name: one.state for one in sides["old"].listings} == {
        "sites": "refused", "users": "refused",
    }  # fmt: skip
    states = {one.name: one.state for one in sides["old"].drives}
    expected = dict.fromkeys(drives(old), "there") | {GONE: "gone", drives(new)[0]: "gone"}
    assert states == expected
    assert sides["new"].elsewhere == (drives(new)[0],), "it lies in the other tenant"
    assert [one.state for one in sides["new"].people] == ["gone"]
    why = {name: one.refused.why for name, one in sides.items() if one.refused}
    assert why == {
        "bad": "secret wrong", "typo": "no such tenant", "other": "no such app",
        "file": "cannot be used",
    }  # fmt: skip


def test_what_is_wrong_with_a_server_is_told_with_the_key_that_it_shows(
    ground: Ground, tmp_path: Path
) -> None:
    host = ground.place.supplier.host
    right = " ".join(host.host_key.split()[:2])
    other = " ".join(new_ssh_key(tmp_path / "other", "another").split()[:2])
    unread = ground.place.new_folder("unread")
    parts = {
        "changed": (replace(ground.server, known_hosts=None, host_key=other), ()),
        "unknown": (replace(ground.server, known_hosts="/dev/null"), ()),
        "stranger": (replace(ground.server, key=str(tmp_path / "other")), ()),
        "folders": (ground.server, ("/srv/moved-away", str(ground.place.key), str(unread))),
    }
    request = Request((), tuple(OfServer(n, s, f) for n, (s, f) in parts.items()), (), 20.0)
    answer = {one.server: one for one in look(request).servers}
    codes = {name: one.failure.code for name, one in answer.items() if one.failure}
    assert codes == {
        "changed": "host-key-wrong", "unknown": "host-key-unknown",
        "stranger": "source-login-refused",
    }  # fmt: skip
    assert (answer["changed"].shown, answer["unknown"].shown) == (right, right)
    assert answer["stranger"].shown is None
    at = [one.failure.code if one.failure else None for one in answer["folders"].folders]
    assert at == ["source-missing", "source-not-a-folder", None]


def test_who_does_not_answer_is_told_in_time_and_keeps_nobody_else(ground: Ground) -> None:
    new = ground.new
    with socket.create_server(("127.0.10.24", 0)) as silent:
        port = silent.getsockname()[1]
        address = f"https://127.0.10.24:{port}"
        host_key = " ".join(ground.place.supplier.host.host_key.split()[:2])
        server = replace(
            ground.server, address="127.0.10.24", port=port, known_hosts=None, host_key=host_key
        )
        request = Request(
            (
                OfTenant("quiet", "from", account(new, authority=address, graph=address)),
                OfTenant("new", "into", account(new), drives(new)),
            ),
            (OfServer("quiet", server),),
            (),
            20.0,
        )
        began = time.monotonic()
        answer = look(request, sources={"quiet": "x-y-z"}, targets={"new": new.app.secret})
        took = time.monotonic() - began
    sides = {one.tenant: one for one in answer.tenants}
    assert sides["quiet"].refused is not None and sides["quiet"].refused.why == "no answer"
    assert {one.state for one in sides["new"].drives} == {"there"}
    (server,) = answer.servers
    assert server.failure is not None and server.failure.code == "source-unreachable"
    assert took < request.patience


def test_what_is_not_answered_in_time_is_not_in_the_answer(ground: Ground) -> None:
    request = Request((OfTenant("new", "into", account(ground.new)),), (), ("/etc",), 0.0)
    answer = look(request, targets={"new": ground.new.app.secret})
    assert answer.tenants == ()


#: it ends when its look does: the limit is kept by the process as well as by its answer
LOOK = """
import json, sys
from sluis.border.tenant import AccountSecret, Server, TenantAccount
from sluis.border.verbs.tenant_check import CheckSecrets, OfServer, OfTenant, Request
from sluis.tenant.look_move import look_at_move
https, ca, ssh, host_key, key = sys.argv[1:]
account = TenantAccount("0" * 8 + "-1111-2222-3333-" + "4" * 12, "5" * 8 + "-1111-2222-3333-"
                        + "4" * 12, https, https, ca)
server = Server("127.0.0.1", "we", int(ssh), None, host_key, key)
request = Request((OfTenant("slow", "from", account),), (OfServer("slow", server),), (), 16.0)
answer = look_at_move(request, CheckSecrets(sources={"slow": AccountSecret("x-y-z")}))
print(json.dumps([[one.refused.why for one in answer.tenants],
                  [one.failure.code for one in answer.servers]]))
"""


@pytest.mark.parametrize(
    "begins",
    [b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n{"],
    ids=["headers", "body"],
)
def test_who_answers_byte_by_byte_does_not_outlive_the_look(
    ground: Ground, tmp_path: Path, begins: bytes
) -> None:
    ca, own = certificates(tmp_path)
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(own)
    host_key = " ".join(ground.place.supplier.host.host_key.split()[:2])
    with dripping(begins, tls) as https, dripping(b"") as ssh:
        done = subprocess.run(
            [sys.executable, "-c", LOOK, f"https://127.0.0.1:{https}", str(ca), str(ssh),
             host_key, str(ground.place.key)],
            capture_output=True, text=True, timeout=90,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [["no answer"], ["source-unreachable"]]


@contextmanager
def dripping(begins: bytes, tls: ssl.SSLContext | None = None) -> Iterator[int]:
    """A server that begins its answer at once, and then says a byte at a time for ever."""
    over = threading.Event()

    def serve(link: socket.socket) -> None:
        with link, contextlib.suppress(OSError):
            one = tls.wrap_socket(link, server_side=True) if tls else link
            if tls:
                one.recv(65536)
            one.sendall(begins)
            while not over.wait(0.2):
                one.sendall(b"a")

    def listen(server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while not over.is_set():
                link, _ = server.accept()
                threading.Thread(target=serve, args=(link,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=listen, args=(server,), daemon=True).start()
        try:
            yield server.getsockname()[1]
        finally:
            over.set()
            server.shutdown(socket.SHUT_RDWR)
