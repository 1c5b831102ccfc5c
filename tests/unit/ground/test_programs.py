"""Commands are built so that no value from outside can be an option of a program."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluis.errors import InputError, SnapshotError
from sluis.programs import Command, find, fixed, option, run

HOSTILE = ("--password-command=sh -c id", "-x", "--", "-", "@file", "a b", "$(id)", "é\n-x")
values = st.one_of(st.sampled_from(HOSTILE), st.text().filter(lambda text: "\0" not in text))


@given(value=values, operands=st.lists(values, min_size=1))
def test_L1_a_value_is_never_an_option_of_its_own(value: str, operands: list[str]) -> None:
    words = Command("true", fixed("restore", "--quick"), option("--to", value), operands=operands)
    assert list(words.arguments) == ["restore", "--quick", f"--to={value}", "--", *operands]


def test_L1_a_short_option_takes_the_next_word_whatever_it_is() -> None:
    assert Command("true", option("-f", "-x")).arguments == ("-f", "-x")


def test_L1_a_command_takes_no_plain_text_as_a_word() -> None:
    with pytest.raises(TypeError):
        Command("true", "--password-command=id")  # type: ignore[arg-type]


@pytest.mark.parametrize("program", ["-x", "", "../evil", "bin/evil", "a b", "a\0b"])
def test_L1_a_program_is_a_name_or_an_absolute_path(program: str) -> None:
    with pytest.raises(InputError, match="bad-program"):
        Command(program)


def test_L1_a_zero_byte_is_refused_wherever_it_stands() -> None:
    for build in (lambda: option("--to", "a\0b"), lambda: Command("true", operands=["a\0b"])):
        with pytest.raises(InputError, match="bad-argument"):
            build()


def test_L1_one_program_starts_another_without_mixing_their_words() -> None:
    inner = Command("true", fixed("--inner"), operands=["-x"])
    outer = inner.under(Command("env", fixed("--ignore-environment")))
    assert outer.arguments == ("--ignore-environment", "--", find("true"), "--inner", "--", "-x")


def test_L23_the_callers_path_decides_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    liar = tmp_path / "true"
    liar.write_text("#!/bin/sh\nexit 9\n")
    liar.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    done = run(Command("true"), seconds=30)
    assert done.status == 0
    assert find("true") != str(liar)
    assert find("true", [str(tmp_path)]) == str(liar)


def test_a_program_that_is_not_here_is_named() -> None:
    with pytest.raises(SnapshotError, match="sluis-no-such-program"):
        run(Command("sluis-no-such-program"), seconds=1)


def test_a_child_inherits_no_environment_and_gets_its_input(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SLUIS_SECRET", "x")
    said = run(Command("env"), seconds=30, environment={"A": "1"}).output.decode()
    assert sorted(line.split("=")[0] for line in said.split()) == ["A", "LC_ALL", "PATH"]
    assert run(Command("cat"), seconds=30, given=b"abc").output == b"abc"


def test_a_child_that_takes_too_long_is_ended() -> None:
    with pytest.raises(TimeoutError):
        run(Command("sleep", operands=["60"]), seconds=0.1)


def test_an_absolute_path_must_be_a_program(tmp_path: Path) -> None:
    assert find(str(tmp_path)) is None
    assert find(os.devnull) is None
