"""Sources divided over workers: none lost, none twice, and no worker learns another's secret."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluis.errors import EvidenceError, InputError
from sluis.tenant.workers import gather, kept, share_out

SIZES = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 10**12), st.integers(0, 10**6)), max_size=12
)


def request(sizes):
    return {
        "sources": [
            {"kind": "sftp", "id": f"s{n}", "name": f"S{n}", "server": f"server{server}",
             "location": f"/S{n}", "bytes": size, "items": items}
            for n, (server, size, items) in enumerate(sizes)
        ],
        "servers": {
            f"server{n}": {"address": f"a{n}", "user": "u", "host_key": "k",
                           "password": f"secret-{n}"}
            for n in range(3)
        },
        "folder": "/var/lib/export",
    }  # fmt: skip


def answer(share, failed=()):
    ids = [one["id"] for one in share["sources"]]
    return {
        "drives": [{"source": {"id": one}} for one in ids if one not in failed],
        "failed": [{"source": one, "error": {}} for one in ids if one in failed],
    }


@given(SIZES, st.integers(1, 4))
def test_every_source_is_one_workers_and_secrets_go_only_where_they_are_needed(sizes, count):
    whole = request(sizes)
    shares = share_out(whole, [f"w{n}" for n in range(count)])
    ids = [one["id"] for share in shares.values() for one in share["sources"]]
    assert sorted(ids) == sorted(one["id"] for one in whole["sources"])
    for share in shares.values():
        needed = {one["server"] for one in share["sources"]}
        assert set(share["servers"]) == needed
        for n in range(3):
            assert (f"secret-{n}" in json.dumps(share)) == (f"server{n}" in needed)
    together = gather(whole, shares, {worker: answer(share) for worker, share in shares.items()})
    assert together.complete and len(together.drives) == len(sizes)


@given(SIZES.filter(bool), st.integers(1, 4))
def test_a_worker_keeps_its_sources_when_others_come(sizes, more):
    whole = request(sizes)
    before = kept(share_out(whole, ["w0", "w1"]))
    after = kept(share_out(whole, ["w0", "w1", *(f"n{n}" for n in range(more))], before))
    assert after == before


def test_a_lost_worker_leaves_its_sources_missing_and_not_done():
    whole = request([(0, 10, 1), (1, 9, 1), (2, 8, 1)])
    shares = share_out(whole, ["w0", "w1"])
    together = gather(whole, shares, {"w0": answer(shares["w0"])})
    lost = sorted(one["id"] for one in shares["w1"]["sources"])
    assert sorted(together.missing) == lost and not together.complete
    assert together.as_data()["complete"] is False
    refused = {w: answer(s, failed=[s["sources"][0]["id"]]) for w, s in shares.items()}
    assert len(gather(whole, shares, refused).failed) == 2


def test_a_worker_that_answers_for_anothers_source_is_not_believed():
    whole = request([(0, 10, 1), (1, 9, 1)])
    shares = share_out(whole, ["w0", "w1"])
    twice = {"drives": answer(shares["w0"])["drives"] * 2}
    for answers in (
        {"w0": answer(shares["w1"])},
        {"w2": answer(shares["w1"])},
        {"w0": {"drives": [{"source": {"id": "unknown"}}]}},
        {"w0": twice},
    ):
        with pytest.raises(EvidenceError) as told:
            gather(whole, shares, answers)
        assert told.value.code == "worker-answer-wrong"


def test_without_workers_or_with_a_bad_request_nothing_is_shared_out():
    with pytest.raises(InputError) as told:
        share_out(request([(0, 1, 1)]), [])
    assert told.value.code == "no-workers"
    with pytest.raises(InputError) as told:
        share_out({**request([]), "extra": 1}, ["w"])
    assert told.value.code == "source-request"
