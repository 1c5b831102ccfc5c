"""Make read-only checks on a host."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Mapping, Optional, Tuple

from ..formats import AbsolutePath, Count, ExactName, PlainName, Port, Seconds, Secret, Sha256
from ..marked import Annotated
from ..shapes import Exact, Form, Most, Real, Text, Whole
from ..verb import Verb

#: as the plan names a check
CheckId = Annotated[str, Form(r"[a-z0-9][a-z0-9._:-]{0,199}", "the id of a check", 200)]
#: Why a query gave no answer: the login failed; the user lacks the right to read; it names what
#: does not exist (yet); any other error. ``looked``: it was answered. Of a file: what has its
#: name is something else.
Why = Literal["looked", "not let in", "may not read", "not there", "not answered", "no file"]
_Query = Annotated[str, Exact(2**16)]


@dataclass(frozen=True)
class Check:
    """One check; the role ``service_checks`` says what each field means."""

    id: CheckId
    what: ExactName
    host: PlainName
    type: Literal["service", "port", "http", "sql", "file"]
    tries: Optional[Annotated[int, Whole(1, 100)]] = None
    delay: Optional[Seconds] = None
    timeout: Optional[Seconds] = None
    unit: Optional[PlainName] = None
    pid_file: Optional[AbsolutePath] = None
    program: Optional[PlainName] = None
    address: Optional[PlainName] = None
    port: Optional[Port] = None
    url: Optional[PlainName] = None
    status: Optional[Annotated[int, Whole(100, 599)]] = None
    contains: Optional[_Query] = None
    headers: Optional[Annotated[Mapping[PlainName, ExactName], Most(100)]] = None
    ca_file: Optional[AbsolutePath] = None
    engine: Optional[Literal["postgresql", "mariadb", "sqlite"]] = None
    database: Optional[PlainName] = None
    query: Optional[_Query] = None
    expect: Optional[_Query] = None
    at_least: Optional[Annotated[float, Real(-(2**53), 2**53)]] = None
    host_address: Optional[PlainName] = None
    user: Optional[PlainName] = None
    bin_dir: Optional[AbsolutePath] = None
    path: Optional[AbsolutePath] = None
    sha256: Optional[Sha256] = None
    absent: Optional[bool] = None


@dataclass(frozen=True)
class Request:
    """All checks of one host. They only read, so they are made in check mode as well."""

    checks: Annotated[Tuple[Check, ...], Most(1000)]
    check_mode: bool = False


@dataclass(frozen=True)
class Secrets:
    """Passwords by the id of the check."""

    passwords: Annotated[Mapping[CheckId, Secret], Most(1000)]


@dataclass(frozen=True)
class Result:
    """What came of one check; ``passed`` is ``None`` when it could not be made.

    ``why`` is told of a query or a file; ``to`` is the user that a right is to be given to.
    """

    id: CheckId
    passed: Optional[bool]
    detail: Annotated[str, Text(500)]
    tries: Count
    seconds: Seconds
    why: Why = "looked"
    to: Optional[ExactName] = None


@dataclass(frozen=True)
class Answer:
    """One result for each check."""

    answers: Annotated[Tuple[Result, ...], Most(1000)]


SERVICE_CHECK = Verb("service_check", Request, Secrets, Answer)
