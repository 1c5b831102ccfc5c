"""Python text as a syntax tree."""

from __future__ import annotations

import ast
import gc
import threading

_ONE_AT_A_TIME = threading.RLock()


def parsed(text: str | bytes) -> ast.Module:
    """Python text as a syntax tree, whatever else this process has to clean up meanwhile.

    CPython 3.11 and 3.12 count the depth of all trees under way in one number. A destructor that
    runs in between and builds a tree as well (the standard library's traceback does, to underline
    a line) leaves that number wrong, and the text is said to be broken: "SystemError: AST
    constructor recursion depth mismatch" (python/cpython#106905).

    Raises:
        SyntaxError, ValueError: it is not Python.
    """
    with _ONE_AT_A_TIME:
        collecting = gc.isenabled()
        gc.disable()
        try:
            return ast.parse(text)
        finally:
            if collecting:
                gc.enable()
