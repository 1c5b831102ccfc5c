"""Variables that decide what a run does use nothing that a run sets by itself.

What a step does is in its signed call, filled in, and a call that differs is refused. Nothing of
the kind holds the other variables: how a host is reached that is only looked at, which program
makes and proves a copy, where a tenant is. So these must follow from what was signed
alone, at prepare as at apply.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

import jinja2
import yaml
from jinja2 import nodes

from sluis.evidence.predicates import Reason
from sluis.plan.templates import JINJA, json_strings, texts_of
from sluis.plan.yaml_bounds import refuse_boundless

#: how the names of variables begin that lead to a machine, and of most that Ansible sets itself
_ANSIBLES = "ansible_"
#: of Ansible's own: the same in every run of this installation
_SAME = frozenset({"ansible_playbook_python"})
#: how the names of our roles' settings begin
OUR_ROLES = (
    "change_gate", "client_signoff", "reconcile", "restore_asset", "service_checks",
    "snapshot_and_verify", "software_update", "tenant_export", "tenant_import",
)  # fmt: skip
_SETTINGS = tuple(f"{name}_" for name in OUR_ROLES)
#: signed as they are filled in, call by call; a step may use what an earlier one found
_IN_CALLS = frozenset(
    {"software_update_quiesce", "software_update_steps", "software_update_way_back"}
)
#: connection variables may use each other, also when they are in a file that is encrypted whole
_LEADING = (
    "ansible_become", "ansible_connection", "ansible_host", "ansible_password", "ansible_port",
    "ansible_python_interpreter", "ansible_remote_tmp", "ansible_shell_", "ansible_ssh_",
    "ansible_user",
)  # fmt: skip
#: what Ansible and our own playbooks set while they run; in the inventory's name it would be lost
_RUNS = frozenset(
    """
    ansible_check_mode ansible_collection_name ansible_config_file ansible_connection_user
    ansible_date_time ansible_dependent_role_names ansible_diff_mode ansible_facts ansible_forks
    ansible_host_facts ansible_index_var ansible_inventory_sources ansible_limit ansible_local
    ansible_loop ansible_loop_var ansible_parent_role_names ansible_parent_role_paths
    ansible_play_batch ansible_play_hosts ansible_play_hosts_all ansible_play_name
    ansible_play_role_names ansible_role_name ansible_role_names ansible_run_tags
    ansible_search_path ansible_skip_tags ansible_verbosity ansible_version
    environment item phase play_hosts playbook_dir reconcile_landing role_name role_names
    role_path role_uuid software_update_results vars
    """.split()  # noqa: SIM905 - one name a line is a page
)
#: how the names begin that our roles give to what they have found
_OURS = ("__", "change_gate_")
_ANY = "hostvars without a name that is written out"


def named_texts(content: bytes) -> Iterator[tuple[str, str]]:
    """Each variable of a file with every text in its value.

    Args:
        content: the file; one that cannot be read says nothing here, and is refused elsewhere.
    """
    try:
        text = content.decode()
        refuse_boundless(text)
        root = yaml.compose(text, yaml.CSafeLoader)
    except (yaml.YAMLError, UnicodeError):
        root = None
    if isinstance(root, yaml.MappingNode):
        for key, value in root.value:
            if isinstance(key, yaml.ScalarNode):
                yield from ((key.value, one) for one, _ in texts_of(value))
        return
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        return
    for name, value in found.items() if isinstance(found, dict) else ():
        yield from ((name, one) for one in json_strings(json.dumps(value)) or ())


def unsettled(texts: Iterable[tuple[str, str, str]]) -> list[Reason]:
    """Why a connection or a setting could differ between prepare and apply.

    Args:
        texts: where each is written, of which variable it is, and the text.
    """
    used: dict[str, dict[str, str]] = {}
    starts: dict[tuple[str, str], None] = {}
    for where, name, text in texts:
        mine = used.setdefault(name, {})
        for one in names_used(text):
            mine.setdefault(one, where)
        if name.startswith((_ANSIBLES, *_SETTINGS)) and name not in _IN_CALLS:
            starts[where, name] = None
    found = []
    for where, name in starts:
        bad = sorted(_set_by_runs(name, used))
        if bad:
            found.append(_reason(where, name, bad))
    return found


def _set_by_runs(start: str, used: Mapping[str, Mapping[str, str]]) -> set[str]:
    waiting, seen, bad = [start], {start}, set[str]()
    while waiting:
        for one in used.get(waiting.pop(), {}):
            if one in seen:
                continue
            seen.add(one)
            ansibles = one.startswith(_ANSIBLES) and one not in used and one not in _SAME
            if (
                one in _RUNS
                or one == _ANY
                or one.startswith(_OURS)
                or (ansibles and not one.startswith(_LEADING))
            ):
                bad.add(one)
            else:
                waiting.append(one)
    return bad


@lru_cache(maxsize=4096)
def names_used(text: str) -> frozenset[str]:
    """Names of the variables that a template uses, of other hosts too.

    Args:
        text: a value as Ansible would template it.
    """
    if "{{" not in text and "{%" not in text:
        return frozenset()
    try:
        tree = JINJA.parse(text)
    except (jinja2.TemplateError, RecursionError):
        return frozenset()  # refused elsewhere
    found = {one.name for one in tree.find_all(nodes.Name) if one.ctx == "load"}
    hosts = 0
    subscripts: list[nodes.Getattr | nodes.Getitem] = [
        *tree.find_all(nodes.Getattr),
        *tree.find_all(nodes.Getitem),
    ]
    for one in subscripts:
        host = one.node
        if not isinstance(host, (nodes.Getattr, nodes.Getitem)) or not _is_hostvars(host.node):
            continue
        hosts += 1
        if isinstance(one, nodes.Getattr):
            found.add(one.attr)
        elif isinstance(one.arg, nodes.Const) and isinstance(one.arg.value, str):
            found.add(one.arg.value)
        else:
            found.add(_ANY)
    plain = sum(_is_hostvars(name) for name in tree.find_all(nodes.Name))
    if plain != hosts:
        found.add(_ANY)
    # Ansible fills in a template that is written as a string inside a template
    for const in tree.find_all(nodes.Const):
        if isinstance(const.value, str) and const.value.strip() not in ("{{", "{%"):
            found |= names_used(const.value)
    return frozenset(found)


def _is_hostvars(node: nodes.Node) -> bool:
    return isinstance(node, nodes.Name) and node.name == "hostvars"


def _reason(where: str, name: str, bad: list[str]) -> Reason:
    return Reason(
        code="reaches-outside",
        about=where[:300],
        sentence=f"{name} could say something else at apply than when it was signed: it uses "
        f"{', '.join(bad)}, which each run sets anew."[:1000],
        remedy="Write the value down in the inventory. It may use variables of the inventory, "
        "inventory_hostname, inventory_dir and ansible_playbook_python.",
    )
