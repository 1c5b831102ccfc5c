"""The arithmetic of the bench: pairs, spreads, aims, and rows that could not be measured."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from bench import run as bench_run
from bench.cloud import Seen
from bench.data import DataSet, provide
from bench.figure import Figure
from bench.row import Aim, Pair, Row, Spread, Took
from bench.table import show
from bench.turns import RunFailedError, in_turns, run

PAIR = Pair(
    a=(Took(4.0, 2.0), Took(9.0, 3.0), Took(6.0, 2.0)),
    b=(Took(2.0, 1.0), Took(3.0, 1.0), Took(6.0, 4.0)),
)


def row(aim: Aim | None, steps: int = 1) -> Row:
    return Row("r", "what", "ours", "bare", PAIR, steps=steps, aim=aim)


def test_ratios_are_taken_pair_by_pair() -> None:
    assert PAIR.ratio == Spread(1.0, 2.0, 3.0)
    assert PAIR.processor_ratio == Spread(0.5, 2.0, 3.0)
    assert row(None, steps=10).per_step_ms == Spread(0.0, 200.0, 600.0)
    assert row(None, steps=10).per_step_processor_ms == Spread(-200.0, 100.0, 200.0)


@pytest.mark.parametrize(
    ("aim", "met"),
    [
        (Aim("ratio", 2.0, ""), True),
        (Aim("ratio", 2.0, "", strictly=True), False),
        (Aim("ratio", 1.9, ""), False),
        (Aim("seconds", 6.0, ""), True),
        (Aim("seconds", 5.9, ""), False),
        (Aim("difference", 2000.0, ""), True),
        (Aim("difference", 1999.0, ""), False),
        (None, None),
    ],
)
def test_an_aim_is_held_against_the_median(aim: Aim | None, met: bool | None) -> None:
    assert row(aim).met is met


def test_a_and_b_take_turns_and_the_warm_up_does_not_count() -> None:
    order: list[str] = []

    def one(name: str) -> Took:
        order.append(name)
        return Took(float(len(order)), 0.0)

    pair = in_turns(lambda: one("A"), lambda: one("B"), runs=2, warm_up=1)
    assert "".join(order) == "ABABAB"
    assert [took.seconds for took in pair.a] == [3.0, 5.0]


def test_a_command_that_fails_is_no_measurement() -> None:
    with pytest.raises(RunFailedError, match="broken"):
        run(["sh", "-c", "echo broken >&2; exit 3"])


def test_what_could_not_be_measured_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object, **__: object) -> list[Row]:
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(bench_run.appends, "measure", broken)
    monkeypatch.setenv("BENCH", "quick e")
    monkeypatch.setenv("BENCH_BUILD", str(tmp_path))
    assert bench_run.main() == 1
    assert "the disk is full" in capsys.readouterr().out
    assert '"measured": false' in (tmp_path / "bench.json").read_text()


def test_a_missed_aim_is_a_finding_and_no_error() -> None:
    console = Console(file=io.StringIO(), width=200)
    show([row(Aim("ratio", 0.1, "≤ 0.1"))], {"cores": 2}, console)
    printed = console.file.getvalue()  # type: ignore[attr-defined]
    assert "≤ 0.1" in printed
    assert " no " in printed


def test_parts_that_do_not_exist_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENCH", "z")
    assert bench_run.main() == 64


def test_a_data_set_is_the_same_each_time(tmp_path: Path) -> None:
    data = DataSet("small", files=40, size=200_000, folders=3)
    one, other = provide(data, tmp_path / "one"), provide(data, tmp_path / "other")
    names = sorted(path.relative_to(one) for path in one.rglob("*") if path.is_file())
    assert len(names) == 40
    assert sum((one / name).stat().st_size for name in names) == 200_000
    assert all((one / name).read_bytes() == (other / name).read_bytes() for name in names)
    assert len({(one / name).read_bytes() for name in names}) == 40


@pytest.mark.parametrize(
    ("figure", "met"),
    [
        (Figure("429s", 0, aim=0), True),
        (Figure("429s", 1, aim=0), False),
        (Figure("% used", 94.9, aim=95, at_least=True), False),
        (Figure("% used", 95, aim=95, at_least=True), True),
        (Figure("files/s", 12.0, 10.0), None),
    ],
)
def test_a_figure_is_held_against_its_own_aim(figure: Figure, met: bool | None) -> None:
    assert figure.met is met
    assert replace(row(None), figures=(figure,)).met is met


def test_one_missed_aim_of_several_is_a_missed_aim_and_the_table_says_which() -> None:
    figures = (Figure("429s", 3, 5.0, aim=0), Figure("units per file", 1.02, 2.04, aim=1.05))
    mixed = replace(row(Aim("ratio", 9.0, "≤ 9")), figures=figures)
    assert mixed.met is False
    assert mixed.as_dict()["figures"][0]["aim_met"] is False
    console = Console(file=io.StringIO(), width=240)
    show([mixed], {"cores": 2}, console)
    printed = console.file.getvalue()  # type: ignore[attr-defined]
    assert "429s ≤ 0, missed" in " ".join(printed.split())
    assert "1.05, missed" not in printed
    assert "2.04" in printed


def test_the_rate_is_from_the_first_charged_call_to_the_last() -> None:
    seen = Seen([(0.0, 7), (1.0, 7), (2.0, 10), (3.0, 30), (4.0, 50), (5.0, 50)])
    assert seen.rate() == 20.0
    assert Seen([(0.0, 7), (1.0, 9)]).rate() == 0.0
