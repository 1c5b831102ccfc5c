"""Which templates read what no signature covers (L4)."""

from __future__ import annotations

import json
from collections.abc import Mapping

import jinja2.filters
import jinja2.tests
import pytest
from ansible._internal._templating._jinja_bits import AnsibleEnvironment
from ansible.plugins.loader import PluginLoader, filter_loader, lookup_loader, test_loader

from sluis.plan import templates
from sluis.plan.settled import named_texts
from sluis.plan.template_words import (
    CALLS,
    FILTERS,
    LOOKUPS,
    NAMES,
    NO_FILTERS,
    NO_LOOKUPS,
    NO_NAMES,
    NO_TESTS,
    TESTS,
)
from sluis.plan.templates import is_sealed, outside, outside_of_yaml, reaches_outside


def _leaves(loader: PluginLoader, **how: bool) -> set[str]:
    names = {str(one.ansible_name) for one in loader.all(**how)}
    return {name.removeprefix("ansible.builtin.") for name in names if "ansible.builtin" in name}


PIPE = "lookup('pipe') (it runs a program)"

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
    "{{ now() }}": "now (it depends on the moment; write the moment down)",
    "{{ now(utc=true).timestamp() }}": "now",
    "{% set n = now %}{{ n() }}": "now",
    "{{ lipsum() }}": "lipsum",
    "{{ cycler(1) | string }}": "cycler",
    "{{ joiner() | string }}": "joiner",
    "{{ (a | to_datetime).now() }}": "the call .now()",
    "{{ a.today() }}": "the call .today()",
    "{{ a['today']() }}": "a call of something that has no name",
    "{{ (a | attr('today'))() }}": "a call of something that has no name",
    "{{ {'x': a['to' ~ 'day']}.x() }}": "the call .x()",
    "{% set range = a.today %}{{ range() }}": "the call range()",
    "{% for range in [a.today] %}{{ range() }}{% endfor %}": "the call range()",
    "{% macro f(range) %}{{ range() }}{% endmacro %}{{ f(a.today) }}": "the call range()",
    "{% macro f() %}{% endmacro %}{% set f = a.today %}{{ f() }}": "the call f()",
    "{% call a.today() %}{% endcall %}": "the call .today()",
    "{{ random_mac() }}": "the call random_mac()",
    "{{ 'a' | community.general.random_mac }}": "the filter community.general.random_mac",
    "{{ a | random }}": "the filter random (another value each time)",
    "{{ a | ansible.builtin.random(seed=b) }}": "the filter ansible.builtin.random",
    "{{ a | map('random') }}": "map('random')",
    "{{ a | shuffle }}": "the filter shuffle",
    "{{ '%s' | strftime }}": "the filter strftime",
    "{{ a | union(b) | first }}": "the filter union (its order differs from run to run",
    "{{ a | difference(b) }}": "the filter difference",
    "{{ a | intersect(b) }}": "the filter intersect",
    "{{ a | symmetric_difference(b) }}": "the filter symmetric_difference",
    "{{ a | password_hash }}": "the filter password_hash",
    "{{ a | password_hash('sha512', none) }}": "the filter password_hash",
    "{{ a | password_hash('sha512', '') }}": "the filter password_hash",
    "{{ a | password_hash('sha512', salt=b) }}": "the filter password_hash",
    "{{ a | password_hash(*['sha512', none]) }}": "the filter password_hash",
    "{{ a | map('password_hash', 'sha512', 'salt') }}": "map('password_hash')",
    "{{ lookup('random_choice', a) }}": "lookup('random_choice') (another value each time)",
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
    assert [one for one in outside(text) if one.startswith(REACHES[text])]


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
        "{{ range(3) | list }} {{ dict(a=1) }} {{ undef('say what') }} {{ omit }}",
        "{% macro f(a) %}{{ a }}{% endmacro %}{{ f('x') }}",
        "{% set ns = namespace(a=1) %}{% set ns.a = 2 %}{{ ns.a }}",
        "{{ a | password_hash('sha512', 'written0out') }}",
        "{{ a | password_hash('sha512', salt='written0out') }}",
        "{{ a | to_uuid }} {{ a | hash('sha256') }} {{ (a + b) | unique }}",
        "{{ a | select('in', b) | unique }} {{ (a | to_datetime - b | to_datetime).days }}",
    ],
)
def test_what_works_on_variables_is_let_through(text: str) -> None:
    assert outside(text) == ()


@pytest.mark.parametrize(
    ("allowed", "refused", "known"),
    [
        (FILTERS, NO_FILTERS, {*jinja2.filters.FILTERS, *_leaves(filter_loader)}),
        (TESTS, NO_TESTS, {*jinja2.tests.TESTS, *_leaves(test_loader)}),
        (LOOKUPS, NO_LOOKUPS, _leaves(lookup_loader, class_only=True)),
        (CALLS | NAMES, NO_NAMES, set(AnsibleEnvironment().globals)),
    ],
    ids=["filters", "tests", "lookups", "names"],
)
def test_every_name_of_the_installed_versions_was_decided_about(
    allowed: frozenset[str], refused: Mapping[str, str], known: set[str]
) -> None:
    """What comes with a new version of Jinja or Ansible is refused until somebody decides."""
    assert not allowed & set(refused)
    assert allowed | set(refused) == known
    assert all(refused.values())


def test_the_line_is_named_in_which_a_value_begins() -> None:
    reached = outside_of_yaml(b'a: 1\nb:\n  - c: "{{ now() }}"\n  - "{{ now() }}"\n')
    reason = reaches_outside("inventories/x/group_vars/all.yml", reached)
    assert "now (it depends on the moment; write the moment down) in line 3" in reason.sentence


def test_L4_a_file_is_looked_into_as_YAML_reads_it() -> None:
    hidden = b"a: \"\\x7b\\x7b lookup('pipe', 'id') }}\"\n"
    folded = b"a: >-\n  {{ lookup(\n  'pipe', 'id') }}\n"
    key = b"\"{{ lookup('pipe', 'id') }}\": 1\n"
    second = b"--- {}\n---\na: \"{{ lookup('pipe', 'id') }}\"\n"
    anchor = b"a: &x \"{{ lookup('pipe', 'id') }}\"\nb: *x\n"
    twice = b"a: \"{{ lookup('pipe', 'id') }}\"\na: 1\n"
    for content in (hidden, folded, key, second, anchor, twice):
        assert list(outside_of_yaml(content)) == [PIPE], content


def test_what_is_never_templated() -> None:
    unsafe = b"a: !unsafe \"{{ software_update_results.x.stdout }} {{ lookup('pipe', 'id') }}\"\n"
    assert outside_of_yaml(unsafe) == {}
    assert outside_of_yaml(b"a: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  3030\n") == {}
    assert outside_of_yaml(b"") == {}


def test_L22_what_repeats_itself_without_end_is_not_read() -> None:
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    for one in range(1, 9):
        bomb += f"a{one}: &a{one} [{', '.join([f'*a{one - 1}'] * 10)}]\n"
    for endless in ("a: &a [*a]\n", "a: &a {b: *a}\n", bomb):
        assert list(outside_of_yaml(endless.encode())) == [templates._NO_FILE]
        assert list(named_texts(endless.encode())) == []
    assert outside_of_yaml(b"a: &a [x]\nb: *a\n" + b"c: [*a, *a]\n" * 1000) == {}


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
    assert list(outside_of_yaml(content)) == [PIPE]


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
    assert list(reached) == [
        "a file that is neither JSON nor YAML in UTF-8, is nested too deeply, or repeats itself"
    ]
    reason = reaches_outside("inventories/x/group_vars/all.yml", reached)
    assert reason.about == "inventories/x/group_vars/all.yml"
    assert "neither JSON nor YAML" in reason.sentence
    assert "UTF-8" in reason.remedy


def test_L4_a_template_that_does_not_parse_is_refused() -> None:
    assert list(outside_of_yaml(b"a: '{{ broken'\n")) == ["a template that is not valid Jinja"]
    reason = reaches_outside("update.yml", outside("{% nothing_known %}"))
    assert "not valid Jinja" in reason.sentence
    assert "!unsafe" in reason.remedy


def test_L4_a_file_that_only_begins_like_a_vault_is_looked_into() -> None:
    words = f'$ANSIBLE_VAULT: "é"\na: "{LOOKUP}"\n'
    assert list(outside_of_yaml(words.encode())) == [PIPE]


def test_a_file_is_sealed_when_it_is_an_envelope_and_nothing_else() -> None:
    assert is_sealed(b"$ANSIBLE_VAULT;1.1;AES256\n3030\n")
    assert not is_sealed(f"$ANSIBLE_VAULT: '{LOOKUP}'\na: 1\n".encode())
