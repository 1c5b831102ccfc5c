"""The words of steps and checks that the client reads: one text, or the same in two languages."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from sluis.counted import counted
from sluis.errors import InputError
from sluis.plan.faults import Fault
from sluis.plan.written_yaml import Item
from sluis.scope.model import ScopeDocument
from sluis.scope.words import Both, said_in

#: lists of a description, the id of an element, and the fields that the client reads
_READ: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "software_update_quiesce": ("step", ("words", "stays")),
    "software_update_steps": ("step", ("words", "stays")),
    "software_update_way_back": ("step", ("words",)),
    "service_checks_list": ("id", ("what",)),
}
_NAMED = 6


def words_faults(file: str, item: Item) -> Iterator[Fault]:
    """What is no text, and no text in two languages.

    Args:
        file: its path, for messages.
        item: the description.
    """
    for about, field, given in _words(item):
        if isinstance(given.value, list):
            yield Fault(
                "not-text", file, given.line, f"{about}: {field} cannot be a list.",
                "Write one text here, in quotes.",
            )  # fmt: skip
        elif isinstance(given.value, dict) and given.is_known:
            try:
                said_in(given.plain())
            except InputError as error:
                yield Fault(error.code, file, given.line, f"{about}: {field}: {error.what}",
                            error.remedy)  # fmt: skip


def one_language_only(file: str, item: Item, scope: ScopeDocument) -> Iterator[str]:
    """What the client reads in one language, while the scope speaks two.

    Args:
        file: its path, for messages.
        item: the description.
        scope: of the same change.
    """
    if not _speaks_two(scope):
        return
    found = [
        (f"{field} of {about} (line {given.line})", given.value)
        for about, field, given in _words(item)
        if isinstance(given.value, str) and not given.is_template
    ]
    if not found:
        return
    named = ", ".join(told for told, _ in found[:_NAMED])
    more = f" and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
    texts = counted(len(found), "text is", "texts are")
    yield (
        f"{file}: the scope speaks Dutch and English, and {texts} in one language only; the "
        f"client reads them as they are, whichever language they chose: {named}{more}. Write "
        'both: {nl: "Zo.", en: "Like this."}'
    )


def _words(item: Item) -> Iterator[tuple[str, str, Item]]:
    lists = item.value if isinstance(item.value, dict) else {}
    for variable, (key, fields) in _READ.items():
        given = lists.get(variable)
        for element in given.value if given is not None and isinstance(given.value, list) else ():
            if not isinstance(element.value, dict):
                continue
            name = element.value.get(key)
            about = f"the {'check' if key == 'id' else 'step'} {name.value if name else '?'}"
            for field in fields:
                if field in element.value and element.value[field].value is not None:
                    yield about, field, element.value[field]


def _speaks_two(part: object) -> bool:
    """Whether any words of a scope are in two languages."""
    if isinstance(part, Both):
        return True
    if isinstance(part, Mapping):
        return any(map(_speaks_two, part.values()))
    if isinstance(part, Collection) and not isinstance(part, str | bytes):
        return any(map(_speaks_two, part))
    fields = getattr(type(part), "model_fields", ())
    return any(_speaks_two(getattr(part, name)) for name in fields)
