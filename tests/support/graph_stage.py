"""A Graph that does exactly what a test tells it: HTTPS, two origins, tokens, scripted answers.

It is for what a rehearsal tenant will not do on demand: leak traps, wrong lengths, odd headers.
"""

from __future__ import annotations

import datetime
import ipaddress
import ssl
from contextlib import asynccontextmanager

from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from sluis.graph.account import Account, Cloud
from sluis.graph.connect import open_graph
from sluis.graph.retry import Patience

TENANT = "00000000-0000-4000-8000-000000000001"
CLIENT = "00000000-0000-4000-8000-000000000002"
SECRET = "stage-secret-that-must-not-be-seen"
GRAPH_HOST, CONTENT_HOST = "127.0.0.1", "127.0.0.2"


class LeapingClock:
    """Time that passes by being slept: waits are counted, and cost nothing."""

    def __init__(self, start=1_800_000_000.0):
        self.time = start
        self.slept = []

    def now(self):
        return self.time

    def wall(self):
        return self.time

    async def sleep(self, seconds):
        self.slept.append(seconds)
        self.time += max(0.0, seconds)


class Stage:
    """What was asked, and what is answered.

    ``on(method, path, answer…)``: answers are used in turn, the last one stays. An answer is a
    function of the request, or a ready ``web.Response`` maker ``(status, body, headers)``.
    """

    def __init__(self):
        self.seen = []
        self.tokens = []
        self.life = 3600
        self.token_answers = []
        self.token_headers = {}
        #: where tokens are to be had, if not here
        self.token_endpoint = None
        self._plays = {}
        #: who answers what nobody scripted
        self.otherwise = None

    def on(self, method, path, *answers):
        self._plays[method, path] = list(answers)

    def requests(self, method, path):
        return [one for one in self.seen if (one["method"], one["path"]) == (method, path)]

    async def answer(self, request):
        body = await request.read()
        self.seen.append({
            "method": request.method, "path": request.path, "query": dict(request.query),
            "headers": request.headers.copy(), "body": body, "host": request.host,
        })  # fmt: skip
        answers = self._plays.get((request.method, request.path))
        if answers is None and self.otherwise is not None:
            return self.otherwise(request, body)
        if answers is None:
            return web.json_response({"error": {"code": "itemNotFound"}}, status=404)
        one = answers.pop(0) if len(answers) > 1 else answers[0]
        if not callable(one):
            return say(*one) if isinstance(one, tuple) else say(200, one)
        made = one(request)
        return await made if hasattr(made, "__await__") else made

    async def discovery(self, request):
        base = f"{self.graph}/{TENANT}"
        return web.json_response({
            "token_endpoint": self.token_endpoint or f"{base}/oauth2/v2.0/token",
            "issuer": f"{base}/v2.0",
            "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
            "jwks_uri": f"{base}/discovery/v2.0/keys",
        })  # fmt: skip

    async def token(self, request):
        form = await request.post()
        self.tokens.append(dict(form))
        if self.token_answers:
            status, body = self.token_answers.pop(0)
            return web.json_response(body, status=status, headers=self.token_headers)
        return web.json_response({
            "token_type": "Bearer", "expires_in": self.life,
            "access_token": f"stage-token-{len(self.tokens)}",
        })  # fmt: skip


def say(status, body=None, headers=None):
    """An answer: JSON, or bytes as they are."""
    if isinstance(body, bytes):
        return web.Response(status=status, body=body, headers=headers)
    return web.json_response(body if body is not None else {}, status=status, headers=headers)


def refusal(status, code, message="no", headers=None, inner=()):
    """An error in the service's shape."""
    error = {"code": code, "message": message}
    part = error
    for one in inner:
        part["innerError"] = {"code": one}
        part = part["innerError"]
    return (status, {"error": error}, headers)


def certificates(folder):
    """A CA, and a certificate of it for both hosts; paths of CA and server PEM."""
    now = datetime.datetime.now(datetime.UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "stage")])

    def made(key, issuer_key, subject, is_ca):
        builder = (
            x509.CertificateBuilder().subject_name(subject).issuer_name(name)
            .public_key(key.public_key()).serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
        )  # fmt: skip
        hosts = [x509.IPAddress(ipaddress.ip_address(h)) for h in (GRAPH_HOST, CONTENT_HOST)]
        if not is_ca:
            builder = builder.add_extension(x509.SubjectAlternativeName(hosts), critical=False)
        return builder.sign(issuer_key, hashes.SHA256())

    root, leaf = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "stage server")])
    pem = serialization.Encoding.PEM
    (folder / "ca.pem").write_bytes(made(root, root, name, True).public_bytes(pem))
    (folder / "server.pem").write_bytes(
        leaf.private_bytes(
            pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ) + made(leaf, root, subject, False).public_bytes(pem)
    )  # fmt: skip
    return folder / "ca.pem", folder / "server.pem"


@asynccontextmanager
async def stage(folder):
    """A running stage; ``stage.graph`` and ``stage.content`` are its two origins."""
    one = Stage()
    one.ca, server = certificates(folder)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(server)
    application = web.Application(client_max_size=1 << 30)
    application.router.add_get(f"/{TENANT}/v2.0/.well-known/openid-configuration", one.discovery)
    application.router.add_post(f"/{TENANT}/oauth2/v2.0/token", one.token)
    application.router.add_route("*", "/{rest:.*}", one.answer)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    try:
        ports = []
        for host in (GRAPH_HOST, CONTENT_HOST):
            site = web.TCPSite(runner, host, 0, ssl_context=context)
            await site.start()
            ports.append(site._server.sockets[0].getsockname()[1])
        one.graph = f"https://{GRAPH_HOST}:{ports[0]}"
        one.content = f"https://{CONTENT_HOST}:{ports[1]}"
        yield one
    finally:
        await runner.cleanup()


@asynccontextmanager
async def connected(folder, clock=None, **more):
    """A stage and a connection to it."""
    async with stage(folder) as one:
        account = more.pop("account", None) or Account(
            TENANT, CLIENT, secret=SECRET, cloud=Cloud(one.graph, one.graph), ca=one.ca
        )
        more.setdefault("patience", Patience(tries=4, throttles=5))
        async with open_graph(account, clock=clock or LeapingClock(), **more) as graph:
            yield one, graph
