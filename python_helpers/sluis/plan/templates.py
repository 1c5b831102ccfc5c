"""What a text that Ansible would template reads beyond the variables that are bound.

The digest of the tree covers files and variables. A lookup, an include or a test on a file
brings in something else, at another moment, and a clock or a draw makes the same bytes mean
something else: so in the description of a change and in the inventory only what is listed in
``template_words`` is allowed, whose value follows from variables alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

import jinja2
import yaml
from jinja2 import nodes

from sluis.evidence.predicates import Reason
from sluis.plan.template_words import (
    CALLS,
    FILTERS,
    LOOKUPS,
    NO_FILTERS,
    NO_LOOKUPS,
    NO_NAMES,
    NO_SALT,
    NO_TESTS,
    TESTS,
    with_reason,
)
from sluis.plan.yaml_bounds import refuse_boundless

_LOOK_UP = frozenset({"lookup", "query", "q"})
#: filters that are given the name of another filter or test, and at which place
_BY_NAME = {"map": 0, "reject": 0, "rejectattr": 1, "select": 0, "selectattr": 1}
#: Nothing but the envelope: a YAML file may have a first key that begins like one.
_VAULT = re.compile(rb"\$ANSIBLE_VAULT;[^\r\n]*[\r\n][0-9a-fA-F\s]*")
_NO_FILE = "a file that is neither JSON nor YAML in UTF-8, is nested too deeply, or repeats itself"
_NO_TEMPLATE = "a template that is not valid Jinja"
_UNSAFE = "!unsafe"

#: how templates are parsed; nothing is rendered
JINJA = jinja2.Environment(  # noqa: S701 - nothing is rendered
    extensions=["jinja2.ext.do", "jinja2.ext.loopcontrols"]
)


def is_sealed(content: bytes) -> bool:
    """Whether ansible-vault encrypted a file as a whole.

    Args:
        content: the file.
    """
    return _VAULT.fullmatch(content) is not None


def outside_of_yaml(content: bytes) -> dict[str, int | None]:
    """What the templates in a YAML or JSON file reach for, as words: ``lookup('pipe')``.

    Ansible tries JSON first and then YAML, and each reads files that the other does not. What
    neither reads is named as such: nobody can say what is in it.

    Args:
        content: the file; one that ansible-vault encrypted is opened before, see
            :func:`is_sealed`.

    Returns:
        The words, with the line in which the value begins that has them first, where that is known.
    """
    texts: list[tuple[str, int | None]]
    try:
        text = content.decode()
        in_json = json_strings(text)
        try:
            texts = list(_yaml_strings(text))
        except (yaml.YAMLError, UnicodeError):
            if in_json is None:
                raise
            texts = []
    except (yaml.YAMLError, UnicodeError, RecursionError):
        return {_NO_FILE: None}
    texts += [(value, None) for value in in_json or ()]
    found: dict[str, int | None] = {}
    for value, line in texts:
        for words in outside(value):
            first = found.setdefault(words, line)
            if line is not None and first is not None:
                found[words] = min(line, first)
    return found


@lru_cache(maxsize=4096)
def outside(text: str) -> tuple[str, ...]:
    """What one template reaches for; nothing when the text is no template.

    Args:
        text: a value as Ansible would template it.
    """
    if text.startswith("#jinja2:"):
        return ("other marks for templates (#jinja2:)",)
    if "{{" not in text and "{%" not in text:
        return ()
    try:
        return tuple(dict.fromkeys(_reaches(JINJA.parse(text))))
    except (jinja2.TemplateError, RecursionError):
        return (_NO_TEMPLATE,)


def reaches_outside(about: str, reached: Iterable[str]) -> Reason:
    """The refusal of a text that reads something which is not bound.

    Args:
        about: which text.
        reached: what :func:`outside` or :func:`outside_of_yaml` found.
    """
    lines = reached if isinstance(reached, Mapping) else {}
    reached = tuple(dict.fromkeys(reached))
    told = ", ".join(f"{one} in line {lines[one]}" if lines.get(one) else one for one in reached)
    if {_NO_FILE, _NO_TEMPLATE} & set(reached):
        return Reason(
            code="reaches-outside",
            about=about[:300],
            sentence=f"Nobody can say what it reads: it is or has {told}."[:1000],
            remedy="Write the file as YAML or JSON in UTF-8 and mend the template. "
            "Mark a text that is no template with !unsafe.",
        )
    return Reason(
        code="reaches-outside",
        about=about[:300],
        sentence=f"It depends on what no signature covers: {told}."[:1000],
        remedy="Write the value down, or keep it in a vault file. Only lookups, filters, tests and "
        "calls whose value follows from variables are allowed.",
    )


def json_strings(text: str) -> list[str] | None:
    """Every string in a JSON file, keys and repeated keys included; None: it is not JSON.

    Args:
        text: the file.
    """
    try:
        waiting = [json.loads(text, object_pairs_hook=lambda pairs: [list(pair) for pair in pairs])]
    except ValueError:
        return None
    found = []
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            found.append(item)
        elif isinstance(item, list):
            waiting += item
    return found


def _yaml_strings(text: str) -> Iterator[tuple[str, int]]:
    refuse_boundless(text)
    loader = yaml.CSafeLoader(text)
    try:
        while loader.check_node():
            yield from texts_of(loader.get_node())
    finally:
        loader.dispose()


def texts_of(node: yaml.Node | None) -> Iterator[tuple[str, int]]:
    """Every scalar that Ansible may template, with its line; keys too, each node once.

    Args:
        node: a value, as it was composed.
    """
    waiting, seen = [node] if node is not None else [], set[int]()
    while waiting:
        item = waiting.pop()
        if id(item) in seen or item.tag == _UNSAFE:
            continue
        seen.add(id(item))
        if isinstance(item, yaml.ScalarNode):
            yield item.value, item.start_mark.line + 1
        elif isinstance(item, yaml.SequenceNode):
            waiting += item.value
        elif isinstance(item, yaml.MappingNode):
            for key, value in item.value:
                waiting += [key, value]


def _reaches(tree: nodes.Template) -> Iterator[str]:
    yield from _calls(tree)
    for what in tree.find_all((nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)):
        yield f"{{% {type(what).__name__.lower().replace('fromimport', 'from')} %}}"
    for used in tree.find_all(nodes.Filter):
        name = _leaf(used.name)
        if name not in FILTERS:
            yield with_reason(f"the filter {used.name}", NO_FILTERS.get(name))
        elif name == "password_hash" and not _salted(used):
            yield with_reason(f"the filter {used.name}", NO_SALT)
        else:
            yield from _named(used.name, used)
    for test in tree.find_all(nodes.Test):
        if _leaf(test.name) not in TESTS:
            yield with_reason(f"the test {test.name}", NO_TESTS.get(_leaf(test.name)))
    # Ansible fills in a template that is written as a string inside a template
    for const in tree.find_all(nodes.Const):
        if isinstance(const.value, str) and const.value.strip() not in ("{{", "{%"):
            yield from outside(const.value)


def _calls(tree: nodes.Template) -> Iterator[str]:
    """Calls of anything but a name of the list, and names that hand out something to call."""
    macros = {macro.name for macro in tree.find_all(nodes.Macro)}
    names = list(tree.find_all(nodes.Name))
    # a name that the template itself gives may stand for anything
    given = {one.name for one in names if one.ctx != "load"} | (macros & CALLS)
    allowed: set[int] = set()
    for call in tree.find_all(nodes.Call):
        called = call.node
        if not isinstance(called, nodes.Name):
            yield _method(called)
        elif called.name in given or called.name not in CALLS | macros:
            if called.name not in NO_NAMES:
                yield f"the call {called.name}() (it is not known what it does)"
        elif called.name not in _LOOK_UP:
            allowed.add(id(called))
        else:
            name = _constant(call.args[0]) if call.args else None
            if name is not None and _leaf(name) in LOOKUPS:
                allowed.add(id(called))
            else:
                yield with_reason(
                    f"{called.name}({name or '…'!r})" if call.args else called.name,
                    NO_LOOKUPS.get(_leaf(name or "")),
                )
                allowed.add(id(called))
    for one in names:
        if one.name in NO_NAMES:
            yield with_reason(one.name, NO_NAMES[one.name])
        elif one.name in _LOOK_UP and id(one) not in allowed:
            yield one.name


def _method(called: nodes.Node) -> str:
    if isinstance(called, nodes.Getattr):
        return (
            f"the call .{called.attr}() (what it does depends on the value; use a filter such as "
            "split, replace, dictsort or default)"
        )
    return "a call of something that has no name (it is not known what it does)"


def _salted(used: nodes.Filter) -> bool:
    """Whether ``password_hash`` has a salt that is written out; one from a variable may be none."""
    if used.dyn_args is not None or used.dyn_kwargs is not None:
        return False
    salts = [pair.value for pair in used.kwargs if pair.key == "salt"] or list(used.args[1:2])
    return bool(salts and _constant(salts[0]))


def _named(name: str, used: nodes.Filter) -> Iterator[str]:
    """``map('fileglob')``, ``map('map', 'fileglob')``: the name is an argument."""
    arguments = list(used.args)
    while (place := _BY_NAME.get(_leaf(name))) is not None:
        if used.dyn_args is not None or used.dyn_kwargs is not None:
            yield f"{name} with a name that is not written out"
            return
        if len(arguments) <= place:
            return
        inner = _constant(arguments[place])
        if inner is None:
            yield f"{name} with a name that is not written out"
            return
        if _leaf(name) != "map":  # a test is given no further name
            if _leaf(inner) not in TESTS:
                yield with_reason(f"{name}('{inner}')", NO_TESTS.get(_leaf(inner)))
            return
        if _leaf(inner) == "password_hash":
            yield with_reason(f"{name}('{inner}')", NO_SALT)
        elif _leaf(inner) not in FILTERS:
            yield with_reason(f"{name}('{inner}')", NO_FILTERS.get(_leaf(inner)))
        name, arguments = inner, arguments[place + 1 :]


def _constant(node: nodes.Node) -> str | None:
    return node.value if isinstance(node, nodes.Const) and isinstance(node.value, str) else None


def _leaf(name: str) -> str:
    for room in ("ansible.builtin.", "ansible.legacy."):
        if name.startswith(room):
            return name[len(room) :]
    return name
