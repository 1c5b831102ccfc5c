"""(d) ``sluis verify`` of a long dossier, beside reading it and checking its signatures only."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from bench.row import Aim, Row
from bench.turns import in_turns, run
from sluis.evidence.canonical import canonical, sha256
from sluis.evidence.predicates import Body, Step
from sluis.evidence.statements import PAYLOAD_TYPE, seal, write_payload
from support.dossiers import Made, make, tell

_BARE = Path(__file__).with_name("bare_verify.py")
_HOSTS = 20


def measure(folder: Path, *, statements: int, runs: int, warm_up: int) -> Iterator[Row]:
    """One row: whole processes, the start of the interpreter included."""
    made = _long_dossier(folder / "long", statements)
    sluis = [
        str(Path(sys.executable).with_name("sluis")),
        "verify", str(made.dossier), "--trust", str(made.trust), "--json",
    ]  # fmt: skip
    bare = [
        sys.executable, str(_BARE), str(made.statements), str(made.root / "keys/operator-one.pub"),
    ]  # fmt: skip
    # everything in it happened in the past
    environment = {**os.environ, "SLUIS_KEYS": str(made.root / "keys")}
    pair = in_turns(
        lambda: run(sluis, environment=environment).took,
        lambda: run(bare).took,
        runs=runs,
        warm_up=warm_up,
    )
    objects = sum(1 for path in (made.dossier / "objects").rglob("*") if path.is_file())
    yield Row(
        id="verify",
        what=f"sluis verify, {statements:,} statements",
        a="sluis verify: signatures, chain, references, objects",
        b="read every file, check its signature, nothing else",
        pair=pair,
        aim=Aim("seconds", 2, "≤ 2 s"),
        facts={"statements": statements, "objects": objects},
    )


def _long_dossier(root: Path, statements: int) -> Made:
    """A change with very many steps. Signed as any other, but not brought to disk one by one."""
    made = make(root)
    tell(made)
    view = made.read()
    plan = next(item.body.plan_object for item in view.of(Step))
    previous, number = view.head, len(view.statements)
    for body in _steps(made, plan):
        if number >= statements:
            break
        number += 1
        made.now += timedelta(seconds=1)
        payload = write_payload(
            body, client=made.client, change=made.change, number=number, previous=previous,
            recorded_at=made.now, recorded_by=made.key.name, subjects={},
        )  # fmt: skip
        data = seal(payload, PAYLOAD_TYPE, made.key)
        made.file(number).write_bytes(data)
        previous = sha256(data)
    assert previous is not None
    made.ledger.accept_head(previous, key=made.key, now=made.now)
    return made


def _steps(made: Made, plan: str) -> Iterator[Body]:
    """Start and end of one step after another, each end with a result of its own."""
    number = 0
    while True:
        number += 1
        call = sha256(f"call {number}".encode())
        step = Step(
            step=f"step-{number // _HOSTS}", host="server1", state="started", plan_object=plan,
            run="0" * 16, call_sha256=call,
        )  # fmt: skip
        yield step
        result = canonical({"changed": True, "msg": "done", "path": f"/srv/{number}"})
        yield step.model_copy(
            update={"state": "done", "changed": True, "result_object": _put(made, result)}
        )


def _put(made: Made, data: bytes) -> str:
    digest = sha256(data)
    path = made.objects.path(digest)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return digest
