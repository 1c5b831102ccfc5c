"""Texts that an attacker chose, in the places that read them: each is read to its end.

They are those of which the expressions that stood in these places would try each division, or
begin again at each sign. ``ends`` counts the work, not the time.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.cpu import ends

from sluis.checks.sql_mariadb import _DENIED, _ERROR, _words, ask_mariadb
from sluis.checks.sql_words import calls_a_quoted_name, words_of
from sluis.cli.plainly import without_secrets
from sluis.errors import InputError, RefusedError
from sluis.graph.cost import units
from sluis.manifest.exclude import matcher
from sluis.places import Places
from sluis.plan.templates import is_sealed, outside_of_yaml
from sluis.plan.written_yaml import Item
from sluis.runbook.call_secrets import _is_executable
from sluis.runbook.connections import _check_setting
from sluis.runbook.secret_words import carries_a_secret
from sluis.runbook.written_checks import check_faults
from sluis.runbook.written_steps import Known
from sluis.snapshot.database_proof import without_data
from sluis.snapshot.mariadb_back_rights import definers_in
from sluis.snapshot.mariadb_code_look import _database_in
from sluis.snapshot.mariadb_dump_file import inspect_mariadb_dump
from sluis.snapshot.mariadb_programs import series_of
from sluis.snapshot.mariadb_rights import _covers
from sluis.snapshot.postgresql_dump_file import inspect_dump
from sluis.snapshot.restic import _without_login
from sluis.tenant.file_forms import form_of
from sluis.tenant.ooxml_own import _FUNCTION
from sluis.tenant.promoted_text import html_says_same, pdf_says_same


@pytest.fixture(autouse=True)
def _to_its_end() -> Iterator[None]:
    with ends():
        yield


# a tenant: whoever may write a file there


@pytest.mark.parametrize("start", [b"<!---->", b" ", b"<?xml?>", b"<!-- -->\n", b"<?xml", b"<!--"])
def test_a_file_that_begins_with_many_comments_and_no_page(start: bytes) -> None:
    text = start * (4096 // len(start))
    assert form_of(io.BytesIO(text[:4095] + b"x"), "notes.txt").kind == "unknown"


@pytest.mark.parametrize("start", [b"<!-- - -- > -->", b" \n\t", b'<?XML version="1.0"?>', b""])
def test_a_page_behind_what_may_stand_before_it(start: bytes) -> None:
    assert form_of(io.BytesIO(start * 3 + b"<HTML>"), "notes.txt").kind == "page"


@pytest.mark.parametrize(
    ("start", "found"), [(b"<!-- > -", "unknown"), (b"<?xml >", "unknown"), (b"<?xml?", "unknown")]
)
def test_what_is_not_ended_is_no_comment(start: bytes, found: str) -> None:
    assert form_of(io.BytesIO(start + b"<html>"), "notes.txt").kind == found


@pytest.mark.parametrize("tail", [b"\n%\n", b"\n%%%%", b"\n \r", b"\n%"])
def test_many_comments_behind_a_pdf_and_something_else(tail: bytes) -> None:
    pdf = b"%PDF-1.7\nx"
    many = (tail * 4096)[:4000]
    assert pdf_says_same(io.BytesIO(pdf), io.BytesIO(pdf + many))
    assert not pdf_says_same(io.BytesIO(pdf), io.BytesIO(pdf + many + b"\nx"))


BEGIN = b"<!--[if gte mso 9]><xml>\n<mso:CustomDocumentProperties>"
END = b"</mso:CustomDocumentProperties>\n</xml><![endif]-->"


@pytest.mark.parametrize("inside", [BEGIN, BEGIN[:24], END[:31], b"-", b"- "])
def test_properties_in_a_page_that_have_no_end(inside: bytes) -> None:
    page = BEGIN + inside * 40_000
    assert not html_says_same(io.BytesIO(b""), io.BytesIO(page))
    assert html_says_same(io.BytesIO(page), io.BytesIO(page))


@pytest.mark.parametrize(
    ("page", "rest"),
    [
        (b"a" + BEGIN + b"<x/>" + END + b"\r\nb" + BEGIN + END + b"\nc", b"abc"),
        (b"a" + BEGIN + b"--" + END + b"b", None),
        (b"a" + BEGIN + END[:31] + b"x" + END + b"b", None),
        (b"a" + BEGIN + BEGIN + END + b"b", b"a" + BEGIN + b"b"),
    ],
    ids=["two", "a comment's end within", "an end within", "a beginning within"],
)
def test_properties_in_a_page(page: bytes, rest: bytes | None) -> None:
    assert html_says_same(io.BytesIO(page if rest is None else rest), io.BytesIO(page))
    if rest is None:
        assert not html_says_same(io.BytesIO(b"ab"), io.BytesIO(page))


@pytest.mark.parametrize("path", ["/delta(", "/search(", "/delta((", "/search()"])
def test_the_cost_of_a_long_path(path: str) -> None:
    assert units("GET", path * 20_000) in (1, 2)


def test_a_formula_of_one_long_word() -> None:
    assert _FUNCTION.findall("A" * 200_000) == []
    assert _FUNCTION.findall("1+SUM(A1;DOCPROPERTY(X)") == ["SUM", "DOCPROPERTY"]


# a host: a dump, a server that answers, a name of a file


@pytest.mark.parametrize("line", ["\n", "--\n", " ", "-- x", "\\unrestrict a\n", "\n\n \n"])
def test_many_lines_behind_a_dump_and_something_else(tmp_path: Path, line: str) -> None:
    dump = tmp_path / "it.sql"
    whole = "--\n-- PostgreSQL database dump\n--\n\n-- PostgreSQL database dump complete\n"
    dump.write_text(whole + "--\n" + line * (7000 // len(line)) + "\n")
    assert inspect_dump(str(dump)).whole is True
    dump.write_text(whole + "--\n" + line * (7000 // len(line)) + "\nx")
    assert inspect_dump(str(dump)).whole is False


def test_a_dump_of_a_cluster_says_complete_more_than_once(tmp_path: Path) -> None:
    dump = tmp_path / "it.sql"
    whole = "-- PostgreSQL database dump complete\n--\n"
    one = f"--\n-- PostgreSQL database dump\n--\nselect 1;\n\n{whole}"
    start = "--\n-- PostgreSQL database cluster dump\n--\n\n"
    dump.write_text(start + one * 2 + "-- PostgreSQL database cluster dump complete\n--\n\n")
    assert inspect_dump(str(dump)).whole is True
    dump.write_text(start + one * 2 + "select 2;\n")
    assert inspect_dump(str(dump)).whole is False


@pytest.mark.parametrize(
    ("end", "whole"),
    [
        (" on 2026-11-30 16:15:00\n", True), ("\n", True), (" on" + " " * 7000 + "x\n", False),
        (" on " + "0 " * 3500 + "x\n", False), (" on 1" + " " * 7000, True),
    ],
    ids=["dated", "plain", "spaces", "digits", "spaces to the end"],
)  # fmt: skip
def test_the_last_line_of_a_mariadb_dump(tmp_path: Path, end: str, whole: bool) -> None:
    dump = tmp_path / "it.sql"
    dump.write_text("-- MariaDB dump 10.19\n\n-- Dump completed" + end)
    assert inspect_mariadb_dump(str(dump)).whole is whole


def test_a_version_of_many_digits() -> None:
    assert series_of("1" * 100_000) is None
    assert series_of("1." * 50_000) is None
    assert series_of("5.5.5-10.11.19-MariaDB-0+deb12u1") == "10.11"


def test_what_a_tool_says_with_many_quotes() -> None:
    assert without_data(': "' * 100_000 + "x").endswith(': "x')
    assert without_data("near '" * 100_000) == "near '…'"
    assert without_data(': "' + '"' * 200_000) == ': "…"'


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("ERROR: Duplicate entry 'A. 'Client''", "ERROR: Duplicate entry '…'"),
        ('COPY patient, line 3: "A. "Client"".', 'COPY patient, line 3: "…".'),
        ('COPY patient: "A" of 3', 'COPY patient: "A" of 3'),
        ("near: 'x' at line 3", "near: '…' at line 3"),
        ('a: ""', 'a: "…"'), ('a: "', 'a: "'), ("near 'x", "near 'x"), ("nothing", "nothing"),
    ],
)  # fmt: skip
def test_what_a_tool_says_without_the_data_in_it(said: str, kept: str) -> None:
    assert without_data(said) == kept


def test_a_servers_error_of_many_errors() -> None:
    assert _words("ERROR 1" * 100_000, _ERROR) == ""
    assert _words("ERROR " + "1" * 400_000, _ERROR) == ""
    assert _words("ERROR 1044 " * 60_000, _DENIED) == ""
    said = "--------------\nERROR 1044 (42000) at line 3: Access denied: 'a'\nERROR 2 (x): b"
    assert _words(said, _DENIED) == _words(said, _ERROR) == "Access denied: 'a'"


def test_a_routine_in_an_error_of_many_quotes() -> None:
    assert _database_in("'" * 200_000, "x") == "x"
    denied = "execute command denied to user 'a'@'b' for routine 'pr''ac.f'"
    assert _database_in(denied, "x") == "pr''ac"


def test_definers_with_many_backticks(tmp_path: Path) -> None:
    file = tmp_path / "code.sql"
    file.write_bytes(b"DEFINER=`a``b`@`c` x DEFINER=`role` DEFINER=`" + b"``" * 500_000)
    assert {"a`b@c", "role"} < definers_in(str(file))


@pytest.mark.parametrize(
    ("pattern", "covered"),
    [
        ("%a" * 30 + "%b", False), ("%" * 1000, True), ("%a" * 30, True), ("_" * 64, True),
        ("_" * 63, False), ("a" * 63 + "\\%", False), ("a" * 63 + "_%", True), ("b%", False),
    ],
)  # fmt: skip
def test_a_grant_on_a_pattern(pattern: str, covered: bool) -> None:
    assert _covers(f"`{pattern}`", "a" * 64) is covered


@pytest.mark.parametrize(
    ("pattern", "covered"),
    [
        ("a\\_b", True),
        ("a_b", True),
        ("a\\%", False),
        ("A%", False),
        ("a``%", False),
        ("%_%", True),
    ],
)
def test_a_grant_on_a_name(pattern: str, covered: bool) -> None:
    assert _covers(f"`{pattern}`", "a_b") is covered


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("*a" * 20 + "*b", "a" * 255),
        ("**/a/" * 12 + "b", "a/" * 1000 + "c"),
        ("**/*a*a*/" * 6 + "*b", "aaaaaaaa/" * 400 + "c"),
        ("?*" * 30 + "b", "a" * 255),
    ],
    ids=["a name", "folders", "both", "signs"],
)
def test_a_path_made_for_a_pattern_with_many_stars(pattern: str, path: str) -> None:
    left_out = matcher([pattern, pattern])
    assert not left_out(path)
    assert left_out(path.rstrip("c").rstrip("/") + ("/b" if "/" in path else "b"))


def test_an_address_with_many_colons() -> None:
    assert _without_login(["//" + "a:" * 200_000]) == ["//" + "a:" * 200_000]
    assert _without_login(["x //me:se:cret@host //::a@b //a:@b"]) == ["x //***@host //***@b //a:@b"]
    assert without_secrets("://" + "a:" * 200_000).endswith("a:")


# who writes settings, a query, a step


@pytest.mark.parametrize(
    "query", ['"' + "/**/" * 50_000 + "x", '"' * 200_000, '"' + " " * 200_000, '" ' * 100_000]
)
def test_a_query_with_quotes_and_comments(query: str) -> None:
    assert calls_a_quoted_name(query) is ("/*" in query)


@pytest.mark.parametrize("sign", ["a", "\u00a0", "a ", "\u00a0 "], ids=ascii)
def test_a_query_of_one_long_name(sign: str) -> None:
    query = "select 1 from ." + sign * 100_000
    assert not words_of(query).called
    with pytest.raises(InputError, match="does more than read"):
        ask_mariadb({"id": "it", "query": query}, query + " for update", 1, None)


@pytest.mark.parametrize(
    "call", ["a.\u00a0(1)", "a . b (1)", 'a."b"(1)', "a.\n`b` (1)", "\u00a0(1)"], ids=ascii
)
def test_a_query_with_a_call(call: str) -> None:
    query = f"select {call} from x"
    with pytest.raises(InputError, match="calls"):
        ask_mariadb({"id": "it", "query": query}, query, 1, None)


@pytest.mark.parametrize(
    "text",
    ["a" + " " * 100_000 + '"' + " " * 100_000 + "\nx", "a" * 200_000, " " * 200_000 + "=",
     "a" + "= " * 100_000],
    ids=["spaces", "a name", "before", "signs"],
)  # fmt: skip
def test_a_setting_of_ssh_of_many_spaces(text: str) -> None:
    with pytest.raises(RefusedError):
        _check_setting("ansible_ssh_common_args", text)


@pytest.mark.parametrize(
    "text",
    ["ForwardAgent=no", ' ForwardAgent  =  "no"  ', "ForwardAgent no", 'ForwardAgent="no',
     "ForwardAgent no\t"],
)  # fmt: skip
def test_a_setting_of_ssh_however_it_is_written(text: str) -> None:
    _check_setting("ansible_ssh_common_args", text)


@pytest.mark.parametrize(
    "text", ['ForwardAgent="no" "', "ForwardAgent no x", "ForwardAgent = = no"]
)
def test_a_setting_of_ssh_with_more_in_it(text: str) -> None:
    with pytest.raises(RefusedError):
        _check_setting("ansible_ssh_common_args", text)


def test_a_vault_of_empty_lines() -> None:
    start = b"$ANSIBLE_VAULT;1.1;AES256"
    assert is_sealed(start + b"\n" * 100_000 + b"3a\n")
    assert is_sealed(start + b"\r\n3a 4b\n")
    assert not is_sealed(start + b"\n" * 100_000 + b"x: 1\n")
    outside_of_yaml(start + b"\n" * 100_000 + b"x: 1\n")


@pytest.mark.parametrize(
    ("mode", "executable"),
    [("=" * 100_000, False), ("+" * 100_000 + "x", True), ("u=rw,g=x", True), ("u=rw", False),
     ("u=rw-x", False), ("u+r=s", True), ("a+rX", True), ("u=g", True)],
    ids=["long", "long, and so", "x", "none", "taken away", "second", "X", "copied"],
)  # fmt: skip
def test_a_mode_in_words(mode: str, executable: bool) -> None:
    assert _is_executable(mode) is executable


@pytest.mark.parametrize("text", ["curl ", "mysql ", "curl -u ", "/curl\t-u", "mariadb-x /mysql\t"])
def test_a_step_that_names_a_program_many_times(text: str) -> None:
    assert not carries_a_secret(text * (200_000 // len(text)))
    assert carries_a_secret(text * 2 + " curl x -u me:abc")
    assert carries_a_secret(text * 2 + " mysql x -pabc")


def test_a_file_to_send_with_a_long_name(tmp_path: Path) -> None:
    known = Known(Places(tmp_path), tmp_path)
    assert known.file_meant("There is no file '" * 100_000, "no") == "no"


@pytest.mark.parametrize("field", ["(", "(a+)+$", "."])
def test_a_field_of_a_check_is_a_word_and_no_expression(tmp_path: Path, field: str) -> None:
    check = Item({field: Item("y", 4), "id": Item("x", 2), "kind": Item("file", 3)}, 2)
    written = Item({"service_checks_list": Item([check], 1)}, 1)
    (fault,) = check_faults("checks.yml", written, Known(Places(tmp_path), tmp_path), ())
    assert (fault.code, fault.line) == ("bad-checks", 4)
