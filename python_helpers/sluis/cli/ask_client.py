"""The terminal at which the client reads and answers, beside the operator."""

from __future__ import annotations

import sys
from dataclasses import dataclass

from rich.console import Console
from rich.text import Text

from sluis.border.characters import hostile
from sluis.errors import EvidenceError, InputError
from sluis.scope.voice import paragraph
from sluis.signoff.dialogue import Question


@dataclass(frozen=True)
class Terminal:
    """Shows texts and takes one line for each question. Keeps and decides nothing."""

    console: Console

    def tell(self, text: str) -> None:
        """Show one text, whole, exactly as it was recorded.

        Raises:
            EvidenceError: ``cannot-show``: the terminal would show something else.
        """
        if hostile(text, allowed="\n") is not None:
            raise EvidenceError(
                "cannot-show",
                "A text for the client holds a character that nobody would see for what it is.",
                "Find it in the scope or the update, take it out, and run prepare again.",
            )
        self._print(text)

    def ask(self, question: Question) -> str:
        """Put one question and return the line that was typed."""
        self.console.print()
        self._print(self._folded(question.text), "bold")
        return self.line(question.hint)

    def line(self, hint: str) -> str:
        """Return one line; the end of input ends it all."""
        self._print(self._folded(hint), "dim")
        self.console.print("> ", end="")
        typed = sys.stdin.readline()
        if not typed:
            raise EOFError
        return typed.rstrip("\r\n")

    def _folded(self, words: str) -> str:
        """A question as other text is: no terminal breaks a line between two words."""
        width = self.console.width
        return "\n".join(paragraph(line, width=width) for line in words.split("\n"))

    def _print(self, words: str, style: str = "") -> None:
        self.console.print(Text(words, style=style), soft_wrap=True)


def terminal_of(
    console: Console, otherwise: str = "for who is elsewhere use: sluis request CLIENT CHANGE"
) -> Terminal:
    """The terminal, or a refusal: a yes that nobody read is not a yes.

    Args:
        console: where is asked.
        otherwise: what to do where there is none, as the end of a sentence.

    Raises:
        InputError: ``no-terminal``.
    """
    if not sys.stdin.isatty() or not console.file.isatty():
        raise InputError(
            "no-terminal",
            "There is no terminal on which somebody could read and answer.",
            f"Run this at a terminal; {otherwise}",
        )
    return Terminal(console)
