"""The pacer: nearly all of the budget, never above it, whatever the service's windows are."""

from __future__ import annotations

import asyncio
import itertools
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sluis.errors import InputError
from sluis.graph.pacer import WINDOW, Pacer, retry_after
from support.virtual_time import Service, run_virtually


async def work(pacer, service, until, costs, workers=16):
    """Workers that always have something to do, until a moment."""

    async def one():
        while pacer.clock.now() < until:
            units = next(costs)
            await pacer.acquire(units)
            status, headers = await service.call(units)
            pacer.heed(headers, status, units)

    await asyncio.gather(*(one() for _ in range(workers)))


@pytest.mark.parametrize("sliding", [True, False])
@pytest.mark.parametrize(("minute", "seconds"), [(1_250, 600), (6_250, 190)])
def test_nearly_all_of_the_budget_and_no_429(sliding, minute, seconds):
    async def story(clock):
        chance = random.Random(3)
        service = Service(
            clock, minute, sliding=sliding, phase=17.0, delay=lambda: chance.uniform(0.005, 0.4)
        )
        pacer = Pacer(minute, None, clock)
        began = clock.now()
        await work(pacer, service, began + seconds, itertools.cycle([1]), workers=64)
        return service, service.served / (minute * (clock.now() - began) / 60)

    service, share = run_virtually(story)
    assert service.refused == 0
    assert 0.95 <= share <= 1.0


@settings(max_examples=12, deadline=None)
@given(
    sliding=st.booleans(),
    phase=st.floats(0, 60),
    costs=st.lists(st.sampled_from([1, 1, 1, 2, 5, 40, 100]), min_size=1, max_size=12),
    tell=st.sampled_from([None, 0.8]),
    seed=st.integers(0, 999),
)
def test_no_mixture_of_costs_is_refused(sliding, phase, costs, tell, seed):
    async def story(clock):
        chance = random.Random(seed)
        service = Service(
            clock, 1_250, sliding=sliding, phase=phase, tell=tell,
            delay=lambda: chance.uniform(0.005, 0.5),
        )  # fmt: skip
        pacer = Pacer(1_250, None, clock)
        began = clock.now()
        await work(pacer, service, began + 300, itertools.cycle(costs))
        return service, service.served / (1_250 * (clock.now() - began) / 60)

    service, share = run_virtually(story)
    assert service.refused == 0
    assert share > (0.9 if max(costs) < 40 else 0.75)


@settings(max_examples=60, deadline=None)
@given(
    minute=st.integers(5, 3_000),
    calls=st.lists(
        st.tuples(st.integers(1, 120), st.floats(0, 90, allow_subnormal=False)), max_size=60
    ),
)
def test_no_window_ever_holds_more_than_the_budget(minute, calls):
    async def story(clock):
        pacer = Pacer(minute, None, clock)
        sent = []
        for units, pause in calls:
            await clock.sleep(pause)
            await pacer.acquire(units)
            sent.append((clock.now(), units))
            pacer.heed({}, 200, units)
        return sent

    sent = run_virtually(story)
    for when, _ in sent:
        inside = [units for at, units in sent if when <= at < when + WINDOW - 1e-6]
        # one call dearer than the whole budget can only go alone
        assert sum(inside) <= minute or len(inside) == 1


def test_what_others_spend_is_heeded_before_it_hurts():
    """Another program of the same app takes half; the headers are all that tells."""

    async def story(clock):
        service = Service(clock, 1_200, sliding=False)
        pacer = Pacer(1_200, None, clock)
        end = clock.now() + 600

        async def other():
            refused = 0
            while clock.now() < end:
                await clock.sleep(0.1)
                status, _ = await service.call(1)
                refused += status == 429
            return refused

        refused, _ = await asyncio.gather(other(), work(pacer, service, end, itertools.cycle([1])))
        return service, refused

    service, others = run_virtually(story)
    assert service.refused - others == 0  # none of ours


def test_T35_calls_under_way_are_taken_off_what_is_left():
    """What the service says is left does not know of the calls that have not arrived yet."""

    async def story(clock):
        pacer = Pacer(1_000, None, clock, burst=1_000)
        for _ in range(7):
            await pacer.acquire(10)
        # one of the seven is answered: 100 are left, of which 60 are on their way, and a hundredth
        # of the minute's budget is not touched
        pacer.heed(
            {"RateLimit-Limit": "1000", "RateLimit-Remaining": "100", "RateLimit-Reset": "30"},
            200, 10,
        )  # fmt: skip
        began, went = clock.now(), []
        more = [asyncio.create_task(pacer.acquire(10)) for _ in range(5)]
        for one in more:
            one.add_done_callback(lambda _: went.append(clock.now() - began))
        await clock.sleep(29)
        first = list(went)
        await asyncio.gather(*more)
        return first, went

    first, went = run_virtually(story)
    assert len(first) == 3
    assert [round(at) for at in went[3:]] == [30, 30]


@pytest.mark.parametrize("under_way", [1, 4, 16, 64])
def test_T35_however_many_are_under_way_none_is_refused(under_way):
    """Where another program spends too, only what the service says can tell what is left."""

    async def story(clock):
        service = Service(clock, 1_200, sliding=False, delay=lambda: 0.4)
        pacer = Pacer(None, None, clock)
        await service.call(0)
        service._total = 1_100  # by the other program, in this minute
        await work(pacer, service, clock.now() + 20, itertools.cycle([1]), workers=under_way)
        return service

    assert run_virtually(story).refused == 0


def test_T35_what_was_answered_is_no_longer_under_way():
    async def story(clock):
        pacer = Pacer(1_000, None, clock, burst=1_000)
        told = {"RateLimit-Limit": "1000", "RateLimit-Remaining": "50", "RateLimit-Reset": "30"}
        for _ in range(5):
            await pacer.acquire(40)
            pacer.heed({}, 0, 40)  # an answer that never came counts as one too
        await pacer.acquire(1)
        pacer.heed(told, 200, 1)
        began = clock.now()
        await pacer.acquire(40)
        return clock.now() - began

    assert run_virtually(story) == 0


def test_a_lower_limit_than_we_thought_is_taken_over():
    async def story(clock):
        service = Service(clock, 600, sliding=False)
        pacer = Pacer(1_250, None, clock)
        await work(pacer, service, clock.now() + 300, itertools.cycle([1]))
        return service

    assert run_virtually(story).refused == 0


@pytest.mark.parametrize(
    ("headers", "least"),
    [
        ({"Retry-After": "2.128"}, 2.128),
        ({"retry-after": "10", "RateLimit-Reset": "31"}, 31),
        ({"Retry-After": "31.5", "RateLimit-Reset": "10"}, 31.5),
        ({"Retry-After": "Fri, 15 Jan 2027 08:01:00 GMT"}, 60),
        ({}, 2),
    ],
)
def test_all_workers_pause_for_the_larger_of_what_is_asked(headers, least):
    async def story(clock):
        pacer = Pacer(60_000, None, clock)
        began = clock.now()
        await pacer.acquire(1)
        pacer.heed(headers, 429)
        times = []

        async def one():
            await pacer.acquire(1)
            times.append(clock.now() - began)

        await asyncio.gather(*(one() for _ in range(8)))
        return times, pacer

    times, pacer = run_virtually(story)
    assert min(times) >= least
    assert max(times) < least * 2.1 + 2
    assert pacer.throttled == 1


def test_pauses_without_a_word_of_how_long_grow_and_end():
    async def story(clock):
        pacer = Pacer(None, None, clock)
        waits = []
        for _ in range(12):
            began = clock.now()
            await pacer.acquire(1)
            waits.append(clock.now() - began)
            pacer.heed({}, 429)
        pacer.heed({}, 200)
        return waits

    waits = run_virtually(story)
    assert waits[:4] == pytest.approx([0, 4, 8, 16], abs=0.01)
    assert max(waits) == pytest.approx(300, abs=0.01)


def test_nonsense_in_headers_changes_nothing():
    async def story(clock):
        pacer = Pacer(1_200, None, clock)
        for value in ("nan", "-5", "inf", "soon", ""):
            await pacer.acquire(1)
            names = ("Retry-After", "RateLimit-Reset", "RateLimit-Remaining", "RateLimit-Limit")
            pacer.heed(dict.fromkeys(names, value), 200)
        began = clock.now()
        await pacer.acquire(1)
        return clock.now() - began

    assert run_virtually(story) < 1
    assert retry_after("never", 0.0) is None
    assert retry_after(None, 0.0) is None


def test_the_day_is_kept_and_survives_the_run(tmp_path):
    state = tmp_path / "pacer.json"

    async def spend(clock, units, day=5_000):
        pacer = Pacer(None, day, clock, state=state)
        for _ in range(units // 10):
            await pacer.acquire(10)
            pacer.heed({}, 200, 10)
        return pacer

    async def story(clock):
        pacer = await spend(clock, 3_000)
        with pytest.raises(InputError, match="pacer-state-in-use"):
            Pacer(None, 5_000, clock, state=state)
        pacer.close()
        began = clock.now()
        pacer = await spend(clock, 2_000)
        assert clock.now() - began < 1
        assert pacer.spent_today == 5_000
        await pacer.acquire(10)  # the day is used up: this one waits for the first units to expire
        assert 86_400 <= clock.now() - began <= 86_400 + 1_800
        pacer.close()

    run_virtually(story)


def test_a_killed_run_is_never_counted_too_low(tmp_path):
    state = tmp_path / "pacer.json"

    async def story(clock):
        for spent in (0, 7, 13, 5_000):
            state.unlink(missing_ok=True)
            pacer = Pacer(None, 100_000, clock, state=state)
            for _ in range(spent):
                await pacer.acquire(1)
            saved = state.read_bytes() if spent else None
            pacer.close()
            if saved is not None:
                state.write_bytes(saved)  # what a killed run leaves
                after = Pacer(None, 100_000, clock, state=state)
                assert spent <= after.spent_today <= spent + 200
                after.close()

    run_virtually(story)


def test_a_day_with_a_limit_gets_all_of_it_and_no_429():
    async def story(clock):
        service = Service(clock, 600, sliding=True, day=3_000, tell=None)
        pacer = Pacer(600, 3_000, clock)
        await work(pacer, service, clock.now() + 3_600, itertools.cycle([20]), workers=2)
        return service

    service = run_virtually(story)
    first = service._day_log[0][0]
    assert service.refused == 0
    # all of it within the day, and what was waiting went only when the first units had expired
    assert sum(units for when, units in service._day_log if when < first + 86_400) == 3_000


def test_what_costs_nothing_waits_for_a_pause_but_for_nobodys_turn():
    async def story(clock):
        pacer = Pacer(60, None, clock)
        began = clock.now()
        waiting = [asyncio.create_task(pacer.acquire(1)) for _ in range(50)]
        await asyncio.sleep(0)
        await pacer.acquire(0)  # a chunk of an upload, while fifty calls stand in line
        first = clock.now() - began
        pacer.pause(7.5)
        await pacer.acquire(0)
        second = clock.now() - began
        await asyncio.gather(*waiting)
        return first, second

    first, second = run_virtually(story)
    assert first == 0
    assert 7.5 <= second < 8


def test_bytes_of_an_hour_are_kept_under_their_cap():
    async def story(clock):
        pacer = Pacer(None, None, clock, hour_bytes=1_000)
        began = clock.now()
        went = []
        for _ in range(12):
            await pacer.acquire(1)
            went.append(clock.now() - began)
            pacer.carried(250)
            await clock.sleep(1)
        return went

    went = run_virtually(story)
    assert went[3] < 10  # a thousand bytes at once, and no more for an hour
    assert 3_600 <= went[4] <= 3_670
    assert 7_200 <= went[8] <= 7_340


@pytest.mark.parametrize("content", ["{}", "[]", "not json", '{"slices": [["x", 1]]}'])
def test_a_state_that_says_nothing_is_not_taken_for_zero(tmp_path, content):
    state = tmp_path / "pacer.json"
    state.write_text(content)
    with pytest.raises(InputError, match="pacer-state-unreadable"):
        Pacer(None, 100, state=state)


def test_a_clock_that_was_set_back_forgets_nothing(tmp_path):
    state = tmp_path / "pacer.json"

    async def story(clock):
        pacer = Pacer(None, 100, clock, state=state)
        await pacer.acquire(60)
        pacer.close()

    run_virtually(story)

    async def earlier(clock):
        clock._epoch -= 7_200
        pacer = Pacer(None, 100, clock, state=state)
        assert pacer.spent_today == 60
        pacer.close()

    run_virtually(earlier)
