"""YAML that stays within bounds: not nested without end, and not repeated without end by aliases.

Some hundred bytes can stand for a billion values (``a: &a [x, x], b: &b [*a, *a], …``), and
libyaml's composer calls itself for each level. So the events are counted before anything is built.
"""

from __future__ import annotations

import yaml

#: the deepest that libyaml's composer is left to go
DEEPEST = 200
#: values in one file, each counted as often as an alias stands for it
MOST_VALUES = 200_000

_LOADER: type[yaml.SafeLoader | yaml.CSafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class BoundlessError(yaml.YAMLError):
    """What is too much, as a sentence."""


def refuse_boundless(text: str, deepest: int = DEEPEST) -> None:
    """Keep a reader from building what would take the process with it.

    Args:
        text: YAML.
        deepest: levels.

    Raises:
        BoundlessError: it is nested too deeply, or its aliases repeat too much.
        yaml.YAMLError: it is no YAML.
    """
    sizes: dict[str, int] = {}
    repeats = False
    # of each collection that is open: its anchor, and how many values it holds with all repeated
    inside: list[tuple[str | None, int]] = [(None, 0)]
    for event in yaml.parse(text, _LOADER):
        ended, size = None, 0
        if isinstance(event, yaml.CollectionStartEvent):
            inside.append((event.anchor, 1))
        elif isinstance(event, yaml.CollectionEndEvent):
            ended, size = inside.pop()
        elif isinstance(event, yaml.ScalarEvent):
            ended, size = event.anchor, 1
        elif isinstance(event, yaml.AliasEvent):
            repeats = True
            # none yet: it would hold itself
            size = sizes.get(event.anchor or "", MOST_VALUES)
        if ended is not None:
            sizes[ended] = size
        inside[-1] = inside[-1][0], inside[-1][1] + size
        if len(inside) > deepest + 1:
            raise BoundlessError("It is nested too deeply.")
        if inside[-1][1] > MOST_VALUES and repeats:
            raise BoundlessError(f"Its aliases (*name) repeat more than {MOST_VALUES:,} values.")
