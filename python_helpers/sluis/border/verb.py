"""One thing that a managed host can be asked: its request, its secrets, its answer.

Each message says its protocol version, its verb and which of the four parts it is, so that
nothing that was made for one question is taken for the answer to another.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Callable, Generic, Type, TypeVar

from ..errors import BorderError, SluisError
from . import codec
from .formats import Code, Paragraph
from .marked import Annotated
from .shapes import Form
from .strict_json import WrongError, parse

#: raised when a message of an older Sluis would be misread
PROTOCOL = 1

Q = TypeVar("Q")
S = TypeVar("S")
A = TypeVar("A")
T = TypeVar("T")

_OUR_REQUEST = 64 * 2**20


@dataclass(frozen=True)
class Failure:
    """Why a host did not do what it was asked.

    Args:
        family: name of the error's class there.
        code: its code.
        what: what happened, in the host's words.
        remedy: what to do, in the host's words.
    """

    family: Annotated[str, Form(r"[A-Z][A-Za-z]{1,40}", "the name of an error's family", 41)]
    code: Code
    what: Paragraph
    remedy: Paragraph


def failure_of(error: SluisError, without: Callable[[str], str] = lambda text: text) -> Failure:
    """One of our errors, as it goes back over the border.

    Args:
        error: what happened.
        without: takes secrets out of a text.
    """
    return Failure(
        family=type(error).__name__.lstrip("_"),
        code=error.code,
        what=without(error.what),
        remedy=without(error.remedy),
    )


@dataclass(frozen=True)
class Verb(Generic[Q, S, A]):
    """One question.

    Args:
        name: the module that answers it.
        request: what is asked.
        secrets: passwords that go along, apart so that they are never logged.
        answer: what comes back.
        most_bytes: bound of the answer.
        most_values: bound of the values in the answer.
    """

    name: str
    request: Type[Q]
    secrets: Type[S]
    answer: Type[A]
    most_bytes: int = 4 * 2**20
    most_values: int = 100_000

    def pack_request(self, request: Q, *, host: str) -> bytes:
        """The request as bytes.

        Raises:
            BorderError: ``bad-request``: a field has not its shape.
        """
        return self._pack("request", self.request, request, "bad-request", host)

    def pack_secrets(self, secrets: S, *, host: str) -> bytes:
        """The secrets as bytes.

        Raises:
            BorderError: ``bad-request``.
        """
        return self._pack("secrets", self.secrets, secrets, "bad-request", host)

    def pack_answer(self, answer: A) -> bytes:
        """The answer as bytes.

        Raises:
            BorderError: ``bad-answer``: a field has not its shape.
        """
        return self._pack("answer", self.answer, answer, "bad-answer", "this host")

    def read_request(self, data: bytes) -> Q:
        """The request that a host was sent.

        Raises:
            BorderError: ``bad-request``.
        """
        return self._read("request", self.request, data, "bad-request", "the controller")

    def read_secrets(self, data: bytes) -> S:
        """The secrets that a host was sent.

        Raises:
            BorderError: ``bad-request``.
        """
        return self._read("secrets", self.secrets, data, "bad-request", "the controller")

    def read_answer(self, data: bytes, *, host: str) -> A:
        """The answer of a host.

        Raises:
            BorderError: ``bad-answer``, naming host, module and field.
        """
        return self._read("answer", self.answer, data, "bad-answer", host)

    def read_failure(self, data: bytes, *, host: str) -> Failure:
        """The error of a host.

        Raises:
            BorderError: ``bad-answer``, naming host, module and field.
        """
        return self._read("failure", Failure, data, "bad-answer", host)

    def pack_failure(self, failure: Failure) -> bytes:
        """An error as bytes; its texts are cut to their bounds, so this cannot fail."""
        return self._pack("failure", Failure, failure, "bad-answer", "this host")

    def _pack(self, part: str, made: Type[T], message: T, code: str, host: str) -> bytes:
        try:
            body = codec.record(made).dump(message)
        except WrongError as wrong:
            raise refused(code, host, self.name, wrong) from None
        whole = {"sluis": PROTOCOL, "verb": self.name, "part": part, "body": body}
        return json.dumps(whole, sort_keys=True, separators=(",", ":")).encode("ascii")

    def _read(self, part: str, made: Type[T], data: bytes, code: str, host: str) -> T:
        ours = part in ("request", "secrets")
        most = _OUR_REQUEST if ours else self.most_bytes
        values = max(self.most_values, 1_000_000) if ours else self.most_values
        try:
            whole = parse(data, most_bytes=most, most_values=values)
            return codec.load(made, self._body(part, whole))
        except WrongError as wrong:
            raise refused(code, host, self.name, wrong) from None

    def _body(self, part: str, whole: Any) -> Any:
        if not isinstance(whole, dict) or set(whole) != {"sluis", "verb", "part", "body"}:
            raise WrongError("is not a message of Sluis")
        if whole["sluis"] != PROTOCOL or isinstance(whole["sluis"], bool):
            raise WrongError(f"is not version {PROTOCOL} of the protocol", ("sluis",))
        if whole["verb"] != self.name:
            raise WrongError("is another verb than was asked", ("verb",))
        if whole["part"] != part:
            raise WrongError(f"is not the {part}", ("part",))
        return whole["body"]


def refused(code: str, host: str, module: str, wrong: WrongError) -> BorderError:
    """The one error for whatever may not cross the border.

    Args:
        code: ``bad-answer`` or ``bad-request``.
        host: whose message it is.
        module: which module it belongs to.
        wrong: the field, and what is wrong with it.
    """
    if code == "bad-request":
        return BorderError(
            code,
            f"{module} got a request from {host} that it cannot use: {wrong.field} {wrong.why}.",
            "Use the same version of Sluis on the controller and in its roles.",
        )
    return BorderError(
        code,
        f"The answer of {module} on {host} cannot be used: {wrong.field} {wrong.why}.",
        "Nothing was done with it. Run the same version of Sluis everywhere. If you do, look at "
        "that host before anything else runs there: it does not say what Sluis would say.",
    )
