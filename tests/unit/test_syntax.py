"""A syntax tree is made, whatever is cleaned up meanwhile."""

import ast
import gc
import sys
from pathlib import Path

import pytest

import sluis
from sluis.syntax import parsed

_DEEP = "def f():\n    return " + "(" * 60 + "1" + ",)" * 60 + "\n"


class _Left:
    """A thing whose end builds a tree as well, as the standard library's traceback does."""

    ended = 0

    def __init__(self) -> None:
        self.itself = self

    def __del__(self) -> None:
        _Left.ended += 1
        try:
            ast.parse(_DEEP)
        except SystemError:
            pass  # the same fault of CPython, from the inside


def test_what_is_cleaned_up_meanwhile_does_not_break_a_tree() -> None:
    before = gc.get_threshold()
    gc.set_threshold(5, 1, 1)
    try:
        for _ in range(50):
            _Left()
            tree = parsed(_DEEP * 20)
            assert len(tree.body) == 20
    finally:
        gc.set_threshold(*before)
    assert _Left.ended > 0
    assert gc.isenabled()


def test_what_was_not_collecting_stays_so() -> None:
    gc.disable()
    try:
        parsed("1")
        assert not gc.isenabled()
    finally:
        gc.enable()


@pytest.mark.parametrize("text", ["def", b"\x00", "\ud800"])
def test_what_is_not_python_is_said_to_be_so(text: str | bytes) -> None:
    with pytest.raises((SyntaxError, ValueError)):
        parsed(text)
    assert gc.isenabled()


def test_the_fault_is_there_where_it_is_not_held_off() -> None:
    """So that the day it is gone from every Python we promise, this room goes as well."""
    if sys.version_info >= (3, 13):
        return
    before = gc.get_threshold()
    gc.set_threshold(5, 1, 1)
    try:
        with pytest.raises(SystemError):
            for _ in range(500):
                _Left()
                ast.parse(_DEEP * 20)
    finally:
        gc.set_threshold(*before)


def test_nothing_of_ours_makes_a_tree_another_way() -> None:
    room = Path(sluis.__file__).parent
    makers = {
        path.relative_to(room).as_posix()
        for path in room.rglob("*.py")
        if "ast.parse(" in path.read_text(encoding="utf-8")
    }
    assert makers == {"syntax.py"}
