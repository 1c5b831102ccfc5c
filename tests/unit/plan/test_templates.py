"""Which templates read what no signature covers (L4)."""

from __future__ import annotations

import json

import pytest

from sluis.plan.templates import LOOKUPS, outside, outside_of_yaml, reaches_outside

REACHES = {
    "{{ lookup('pipe', 'id') }}": "lookup('pipe')",
    "{{ lookup('ansible.builtin.file', '/x') }}": "lookup('ansible.builtin.file')",
    "{{ query('template', 'x') }}": "query('template')",
    "{{ q('env', 'HOME') }}": "q('env')",
    "{{ lookup('vars', 'a') }}": "lookup('vars')",
    "{{ lookup(name, 'a') }}": "lookup('…')",
    "{{ lookup('pi' ~ 'pe', 'a') }}": "lookup('…')",
    "{{ lookup(*['pipe', 'id']) }}": "lookup",
    "{% set l = lookup %}{{ l('pipe', 'id') }}": "lookup",
    "{{ [lookup] | map('id') }}": "lookup",
    "{{ lookup('my.own.items', 'x') }}": "lookup('my.own.items')",
    "{% if a %}{{ b | default(lookup('password', '/x')) }}{% endif %}": "lookup('password')",
    "{% include '/x' %}": "{% include %}",
    "{% import '/x' as y %}": "{% import %}",
    "{% from '/x' import y %}": "{% from %}",
    "{% extends '/x' %}": "{% extends %}",
    "{{ '/x/*' | fileglob }}": "the filter fileglob",
    "{{ '/x/*' | ansible.builtin.fileglob }}": "the filter ansible.builtin.fileglob",
    "{{ '$X' | expandvars }}": "the filter expandvars",
    "{{ ['/x'] | map('ansible.builtin.fileglob') }}": "map('ansible.builtin.fileglob')",
    "{{ ['/x'] | map(name) }}": "map with a name that is not written out",
    "{{ ['/x'] | map(*['fileglob']) }}": "map with a name that is not written out",
    "{{ ['/x'] | select(*['exists']) }}": "select with a name that is not written out",
    "{{ a | selectattr('a', *['exists']) }}": "selectattr with a name that is not written out",
    "{{ a | rejectattr(*['a', 'exists']) }}": "rejectattr with a name that is not written out",
    "{{ a | map(**{'attribute': 'b'}) }}": "map with a name that is not written out",
    "{{ a | ansible.builtin.map(*b) }}": "ansible.builtin.map with a name that is not written out",
    "{{ [['/x']] | map('map', 'fileglob') }}": "map('fileglob')",
    "{{ [['/x']] | map('select', 'exists') }}": "select('exists')",
    "{{ [['/x']] | map('map', *['fileglob']) }}": "map with a name that is not written out",
    "{{ a | map('selectattr', 'a', 'vaulted_file') }}": "selectattr('vaulted_file')",
    "{{ lookup('items', \"{{ lookup('pipe', 'id') }}\") }}": "lookup('pipe')",
    "{{ '\\x7b\\x7b lookup(\"pipe\", 1) }}' }}": "lookup('pipe')",
    "{{ '/x' is vaulted_file }}": "the test vaulted_file",
    "{{ '/x' is not ansible.builtin.link_exists }}": "the test ansible.builtin.link_exists",
    "{{ '~/x' | expanduser }}": "the filter expanduser",
    "{{ 'x' | realpath }}": "the filter realpath",
    "{{ '/x' | relpath }}": "the filter relpath",
    "{% filter fileglob %}/x{% endfilter %}": "the filter fileglob",
    "{{ 'x' | some.collection.reads }}": "the filter some.collection.reads",
    "{{ 'x' is some.collection.known }}": "the test some.collection.known",
    "{{ broken": "a template that is not valid Jinja",
    "{{ ['/x'] | select('exists') }}": "select('exists')",
    "{{ [{'a': '/x'}] | selectattr('a', 'file') }}": "selectattr('file')",
    "{{ 1 if '/x' is exists else 2 }}": "the test exists",
    "{{ 1 if '/x' is ansible.builtin.directory else 2 }}": "the test ansible.builtin.directory",
    "#jinja2: variable_start_string:'[%'\n[% lookup('pipe', 'id') %]": (
        "other marks for templates (#jinja2:)"
    ),
}


@pytest.mark.parametrize("text", REACHES)
def test_L4_what_a_template_reads_elsewhere_is_found(text: str) -> None:
    assert REACHES[text] in outside(text)


@pytest.mark.parametrize(
    "text",
    [
        "no template, only a word: lookup('pipe')",
        "{{ inventory_dir }}/changes/{{ change }}/files/x",
        "{{ ansible_remote_tmp | dirname }}",
        "{{ hostvars['db1'].ansible_host }}",
        "{{ a | map(attribute='b') | list }}",
        "{{ a | selectattr('b', 'equalto', 1) | first }}",
        "{{ a | select('match', 'x.*') }}",
        "{{ 'lookup' }} {{ x.lookup }} {{ {'query': 1}.query }}",
        *(f"{{{{ lookup('{name}', a) }}}}" for name in sorted(LOOKUPS)),
        "{{ query('ansible.builtin.inventory_hostnames', 'all') }}",
        "{{ a | map('regex_replace', 'x', 'y') | map('map', 'upper') | list }}",
        "{{ a | ansible.builtin.combine(b) if a is ansible.builtin.version('1', '>') else c }}",
        "{{ '{{' }} .Names {{ '}}' }}",
    ],
)
def test_what_works_on_variables_is_let_through(text: str) -> None:
    assert outside(text) == ()


def test_L4_a_file_is_looked_into_as_YAML_reads_it() -> None:
    hidden = b"a: \"\\x7b\\x7b lookup('pipe', 'id') }}\"\n"
    folded = b"a: >-\n  {{ lookup(\n  'pipe', 'id') }}\n"
    key = b"\"{{ lookup('pipe', 'id') }}\": 1\n"
    second = b"--- {}\n---\na: \"{{ lookup('pipe', 'id') }}\"\n"
    anchor = b"a: &x \"{{ lookup('pipe', 'id') }}\"\nb: *x\n"
    twice = b"a: \"{{ lookup('pipe', 'id') }}\"\na: 1\n"
    for content in (hidden, folded, key, second, anchor, twice):
        assert outside_of_yaml(content) == ("lookup('pipe')",), content


def test_what_is_never_templated_or_cannot_be_looked_into() -> None:
    unsafe = b"a: !unsafe \"{{ software_update_results.x.stdout }} {{ lookup('pipe', 'id') }}\"\n"
    assert outside_of_yaml(unsafe) == ()
    assert outside_of_yaml(b"$ANSIBLE_VAULT;1.1;AES256\n3030\n") == ()
    assert outside_of_yaml(b"a: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  3030\n") == ()
    assert outside_of_yaml(b"") == ()
    assert outside_of_yaml(b"a: &a [*a]\n") == ()


LOOKUP = "{{ lookup('pipe', 'id') }}"


@pytest.mark.parametrize(
    "content",
    [
        b'{"note": "\\ud83d\\ude00", "a": "%s"}' % LOOKUP.encode(),
        b'{"note": "\x7f", "a": "%s"}' % LOOKUP.encode(),
        json.dumps({"k" * 2000: 1, "a": LOOKUP}).encode(),
        json.dumps({"k" * 2000: {"b": [1, {LOOKUP: None}]}}).encode(),
        b'{"note": "\x7f", "a": "%s", "a": 1}' % LOOKUP.encode(),
        b"[\"\x7f\", \"\\u007b{ lookup('pipe', 'id') }}\"]",
    ],
)
def test_L4_JSON_that_YAML_cannot_read_is_looked_into(content: bytes) -> None:
    assert outside_of_yaml(content) == ("lookup('pipe')",)


@pytest.mark.parametrize(
    "content",
    [
        b"\xff\xfe: [",
        b'{"note": "\xff", "a": "%s"}' % LOOKUP.encode(),
        b"a: '\x7f %s'\n" % LOOKUP.encode(),
        b"a: [\n",
        b"[" * 100_000,
        b"x: " + b"[" * 100_000,
        "a: b".encode("utf-16"),
    ],
    ids=["bytes", "JSON that is not UTF-8", "delete", "open", "deep", "deep YAML", "UTF-16"],
)
def test_L4_what_cannot_be_read_is_refused_by_its_name(content: bytes) -> None:
    reached = outside_of_yaml(content)
    assert reached == ("a file that is neither JSON nor YAML in UTF-8, or is nested too deeply",)
    reason = reaches_outside("inventories/x/group_vars/all.yml", reached)
    assert reason.about == "inventories/x/group_vars/all.yml"
    assert "neither JSON nor YAML" in reason.sentence
    assert "UTF-8" in reason.remedy


def test_L4_a_template_that_does_not_parse_is_refused() -> None:
    assert outside_of_yaml(b"a: '{{ broken'\n") == ("a template that is not valid Jinja",)
    reason = reaches_outside("update.yml", outside("{% nothing_known %}"))
    assert "not valid Jinja" in reason.sentence
    assert "!unsafe" in reason.remedy


def test_L4_a_file_that_only_begins_like_a_vault_is_looked_into() -> None:
    words = f'$ANSIBLE_VAULT: "é"\na: "{LOOKUP}"\n'
    assert outside_of_yaml(words.encode()) == ("lookup('pipe')",)
