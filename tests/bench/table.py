"""The one table that ``make bench`` prints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from bench.figure import short
from bench.row import Row, Spread, seconds_of


def show(rows: Sequence[Row], machine: Mapping[str, Any], console: Console) -> None:
    """Print what was measured, the aims, and on what machine."""
    table = Table(
        title="A beside B, in turn A B A B: median (min to max), pair by pair. The clock decides "
        "about an aim; processor time says more while the machine does other things.",
        title_justify="left",
        show_lines=True,
    )
    table.add_column("what", ratio=5)
    table.add_column("A", ratio=4)
    table.add_column("B", ratio=4)
    table.add_column("A, s", ratio=3, justify="right")
    table.add_column("B, s", ratio=3, justify="right")
    table.add_column("A/B", ratio=3, justify="right")
    table.add_column("A/B, processor", ratio=3, justify="right")
    table.add_column("A less B, per step", ratio=3, justify="right")
    table.add_column("aim", ratio=3)
    table.add_column("met", ratio=1)
    for row in rows:
        table.add_row(*_cells(row))
    console.print(table)
    console.print(
        Text(" · ".join(f"{name.replace('_', ' ')} {value}" for name, value in machine.items())),
        soft_wrap=True,
    )


def _cells(row: Row) -> list[Text]:
    if row.pair is None:
        missed = Text(f"could not be measured: {row.why_not[:500]}", style="bold red")
        return [Text(row.what), missed, *[Text("") for _ in range(8)]]
    return [
        Text(row.what),
        Text("\n".join([row.a, *[f"{one.name} {short(one.a)}" for one in row.figures]])),
        Text("\n".join([row.b, *[f"{one.name} {short(one.b)}" for one in row.figures]])),
        _spread(seconds_of(row.pair.a)),
        _spread(seconds_of(row.pair.b)),
        _spread(row.pair.ratio),
        _spread(row.pair.processor_ratio),
        _per_step(row),
        _aims(row),
        _met(row.met),
    ]


def _aims(row: Row) -> Text:
    """Every aim of the row; where there are several, each that was missed says so."""
    words = [row.aim.words] if row.aim else []
    for figure in row.figures:
        if figure.aim is not None:
            missed = "" if figure.met else ", missed"
            words.append(f"{figure.name} {figure.aim_words}{missed}")
    return Text("\n".join(words) or "none")


def _spread(figures: Spread, unit: str = "") -> Text:
    digits = 0 if abs(figures.median) >= 100 else 1 if abs(figures.median) >= 10 else 2
    low, middle, high = (
        f"{value:.{digits}f}" for value in (figures.minimum, figures.median, figures.maximum)
    )
    return Text(f"{middle}{unit}\n({low} to {high})")


def _per_step(row: Row) -> Text:
    clock, processor = row.per_step_ms, row.per_step_processor_ms
    if row.steps == 1 or clock is None or processor is None:
        return Text("")
    return Text.assemble(_spread(clock, " ms"), f"\nprocessor {processor.median:.1f} ms")


def _met(met: bool | None) -> Text:
    if met is None:
        return Text("–")
    return Text("yes", style="green") if met else Text("no", style="yellow")
