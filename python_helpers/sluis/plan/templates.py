"""What a text that Ansible would template reads beyond the variables that are bound.

The digest of the tree covers files and variables. A lookup, an include or a test on a file
brings in something else, at another moment: so in the description of a change and in the
inventory only those are allowed that work on variables alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

import jinja2
import yaml
from jinja2 import nodes

from sluis.evidence.predicates import Reason

#: lookups that work on what they are given and read nothing
LOOKUPS = frozenset(
    {
        "dict",
        "indexed_items",
        "inventory_hostnames",
        "items",
        "list",
        "nested",
        "sequence",
        "subelements",
        "together",
    }
)
_CALLS = frozenset({"lookup", "query", "q"})
#: Filters of Jinja and of ansible.builtin that work on what they are given. Left out because
#: they look at files, the environment or the working directory of this machine: expanduser,
#: expandvars, fileglob, realpath, relpath, unvault, vault. A name that is not here is refused.
_FILTERS = frozenset(
    """
    abs attr batch capitalize center count d default dictsort e escape filesizeformat first
    float forceescape format groupby indent int items join last length list lower map max min
    pprint random reject rejectattr replace reverse round safe select selectattr slice sort
    string striptags sum title tojson trim truncate unique upper urlencode urlize wordcount
    wordwrap xmlattr
    b64decode b64encode basename bool checksum combinations combine comment commonpath
    dict2items difference dirname extract flatten from_json from_yaml from_yaml_all hash
    human_readable human_to_bytes intersect items2dict log mandatory md5 normpath password_hash
    path_join permutations pow product quote regex_escape regex_findall regex_replace
    regex_search rekey_on_member root sha1 shuffle split splitext strftime subelements
    symmetric_difference ternary to_datetime to_json to_nice_json to_nice_yaml to_uuid to_yaml
    type_debug union urldecode urlsplit win_basename win_dirname win_splitdrive zip zip_longest
    """.split()  # noqa: SIM905 - one name a line is a page
)
#: The same for tests. Left out: directory, exists, file, link, link_exists, mount, same_file,
#: their forms with is_, and vaulted_file.
_TESTS = frozenset(
    """
    != < <= == > >= boolean callable defined divisibleby eq equalto escaped even false filter
    float ge greaterthan gt in integer iterable le lessthan lower lt mapping ne none number odd
    sameas sequence string test true undefined upper
    abs all any change changed contains failed failure falsy finished is_abs isnan issubset
    issuperset match nan reachable regex search skip skipped started subset succeeded success
    successful superset timedout truthy unreachable uri url urn vault_encrypted version
    version_compare
    """.split()  # noqa: SIM905 - one name a line is a page
)
#: filters that are given the name of another filter or test, and at which place
_BY_NAME = {"map": 0, "reject": 0, "rejectattr": 1, "select": 0, "selectattr": 1}
#: Nothing but the envelope: a YAML file may have a first key that begins like one.
_VAULT = re.compile(rb"\$ANSIBLE_VAULT;[^\r\n]*[\r\n]+[0-9a-fA-F\s]*")
_NO_FILE = "a file that is neither JSON nor YAML in UTF-8, or is nested too deeply"
#: libyaml's composer calls itself for each level and takes the process with it when it is deep
_DEPTH = 200
_NO_TEMPLATE = "a template that is not valid Jinja"
_UNSAFE = "!unsafe"

_JINJA = jinja2.Environment(  # noqa: S701 - nothing is rendered
    extensions=["jinja2.ext.do", "jinja2.ext.loopcontrols"]
)


def outside_of_yaml(content: bytes) -> tuple[str, ...]:
    """What the templates in a YAML or JSON file reach for, as words: ``lookup('pipe')``.

    Ansible tries JSON first and then YAML, and each reads files that the other does not. What
    neither reads is named as such: nobody can say what is in it.
    A file that ansible-vault encrypted as a whole is bound as it is and cannot be looked into.

    Args:
        content: the file.
    """
    if _VAULT.fullmatch(content):
        return ()
    try:
        text = content.decode()
        in_json = _json_texts(text)
        try:
            texts = list(_yaml_texts(text))
        except (yaml.YAMLError, UnicodeError):
            if in_json is None:
                raise
            texts = []
    except (yaml.YAMLError, UnicodeError, RecursionError):
        return (_NO_FILE,)
    found = [words for value in [*(in_json or ()), *texts] for words in outside(value)]
    return tuple(dict.fromkeys(found))


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
        return tuple(dict.fromkeys(_reaches(_JINJA.parse(text))))
    except (jinja2.TemplateError, RecursionError):
        return (_NO_TEMPLATE,)


def reaches_outside(about: str, reached: Iterable[str]) -> Reason:
    """The refusal of a text that reads something which is not bound.

    Args:
        about: which text.
        reached: what :func:`outside` found.
    """
    reached = tuple(dict.fromkeys(reached))
    told = ", ".join(reached)
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
        sentence=f"It reads what no signature covers: {told}."[:1000],
        remedy="Write the value down, or keep it in a vault file. "
        "Only lookups on variables are allowed.",
    )


def _json_texts(text: str) -> list[str] | None:
    """Every string in a JSON file, keys and repeated keys included; None: it is not JSON."""
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


def _yaml_texts(text: str) -> Iterator[str]:
    depth = 0
    for event in yaml.parse(text, yaml.CSafeLoader):
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEPTH:
            raise yaml.YAMLError
    loader = yaml.CSafeLoader(text)
    try:
        while loader.check_node():
            yield from _texts(loader.get_node())
    finally:
        loader.dispose()


def _texts(node: yaml.Node | None) -> Iterator[str]:
    """Every scalar that Ansible may template, the keys included; each node is seen once."""
    waiting, seen = [node] if node is not None else [], set[int]()
    while waiting:
        item = waiting.pop()
        if id(item) in seen or item.tag == _UNSAFE:
            continue
        seen.add(id(item))
        if isinstance(item, yaml.ScalarNode):
            yield item.value
        elif isinstance(item, yaml.SequenceNode):
            waiting += item.value
        elif isinstance(item, yaml.MappingNode):
            for key, value in item.value:
                waiting += [key, value]


def _reaches(tree: nodes.Template) -> Iterator[str]:
    allowed: set[int] = set()
    for call in tree.find_all(nodes.Call):
        if isinstance(call.node, nodes.Name) and call.node.name in _CALLS:
            name = _constant(call.args[0]) if call.args else None
            if name is not None and _leaf(name) in LOOKUPS:
                allowed.add(id(call.node))
    for name_node in tree.find_all(nodes.Name):
        if name_node.name in _CALLS and id(name_node) not in allowed:
            yield _told(tree, name_node)
    for what in tree.find_all((nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)):
        yield f"{{% {type(what).__name__.lower().replace('fromimport', 'from')} %}}"
    for used in tree.find_all(nodes.Filter):
        if _leaf(used.name) not in _FILTERS:
            yield f"the filter {used.name}"
        else:
            yield from _named(used.name, used)
    for test in tree.find_all(nodes.Test):
        if _leaf(test.name) not in _TESTS:
            yield f"the test {test.name}"
    # Ansible fills in a template that is written as a string inside a template
    for const in tree.find_all(nodes.Const):
        if isinstance(const.value, str) and const.value.strip() not in ("{{", "{%"):
            yield from outside(const.value)


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
        if _leaf(inner) not in (_FILTERS if _leaf(name) == "map" else _TESTS):
            yield f"{name}('{inner}')"
        if _leaf(name) != "map":  # a test is given no further name
            return
        name, arguments = inner, arguments[place + 1 :]


def _told(tree: nodes.Template, name_node: nodes.Name) -> str:
    for call in tree.find_all(nodes.Call):
        if call.node is name_node and call.args:
            return f"{name_node.name}({_constant(call.args[0]) or '…'!r})"
    return name_node.name


def _constant(node: nodes.Node) -> str | None:
    return node.value if isinstance(node, nodes.Const) and isinstance(node.value, str) else None


def _leaf(name: str) -> str:
    for room in ("ansible.builtin.", "ansible.legacy."):
        if name.startswith(room):
            return name[len(room) :]
    return name
