"""What is wrong in each check of a description, by the rules that the host's own program has."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from sluis.plan.faults import Fault
from sluis.plan.written_yaml import Item
from sluis.runbook.checks import typed_checks
from sluis.runbook.written_steps import Known

_LIST = "service_checks_list"


def check_faults(file: str, item: Item, known: Known, said: Collection[int]) -> Iterator[Fault]:
    """What would keep a check from being made. What is filled in later is left to prepare.

    Args:
        file: its path, for messages.
        item: what was read.
        known: what can be filled in beforehand.
        said: lines of which something is said already.
    """
    lists = item.value if isinstance(item.value, dict) else {}
    checks = lists[_LIST].value if _LIST in lists else None
    for element in checks if isinstance(checks, list) else ():
        check = known.filled_in(element)
        if not isinstance(check.value, dict) or not check.is_known or "id" not in check.value:
            continue
        lines = {element.line, *(given.line for given in check.value.values())}
        if lines & set(said):
            continue
        name = str(check.value["id"].value)
        for why in typed_checks({name: check.plain()})[1].values():
            line = next(
                (
                    given.line
                    for field, given in check.value.items()
                    if re.search(rf"\b{field}\b", why)
                ),
                element.line,
            )
            yield Fault(
                "bad-checks", file, line, f"The check {name} cannot be made: {why}.",
                "Correct it; ansible-doc -t role -r roles service_checks describes each field.",
            )  # fmt: skip
