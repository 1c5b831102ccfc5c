"""What the fields of messages may be, by name. Use these as annotations.

A format bounds and checks; texts for people are cleaned as well. ``Annotated[Tuple[X, ...],
Most(n)]`` bounds a list, and ``Annotated[Mapping[K, X], Most(n)]`` a mapping; both need it.
"""

from __future__ import annotations

from typing import Tuple

from .marked import Annotated
from .shapes import Blob, Exact, Form, Moment, Most, Path, Real, SecretText, Text, Whole

#: a SHA-256 digest, a restic id, a nonce: 64 lower-case hexadecimal digits
Sha256 = Annotated[str, Form(r"[0-9a-f]{64}", "64 lower-case hexadecimal digits", 64)]
#: an id of our own making, such as an asset's
Slug = Annotated[str, Form(r"[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?", "an id", 63)]
#: the id of a change, as the ticket names it
ChangeId = Annotated[
    str, Form(r"[A-Za-z0-9](?:[A-Za-z0-9_-]|\.(?!\.)){0,127}", "a change's id", 128)
]
#: the code of an error or objection
Code = Annotated[str, Form(r"[a-z][a-z0-9]*(?:-[a-z0-9]+){0,9}", "a code", 80)]
#: a host as the inventory names it
HostName = Annotated[
    str, Form(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,251}[A-Za-z0-9])?", "a host's name")
]
#: /etc/machine-id: 32 hexadecimal digits, machine-id(5); some images put other words there
MachineId = Annotated[str, Form(r"[A-Za-z0-9-]{1,64}", "a machine id", 64)]
#: what tells one start of a machine from another, random(4)
BootId = Annotated[str, Form(r"[0-9a-f-]{36}", "a boot id", 36)]
#: the state of a source by sizes and times; empty when it cannot be told
State = Annotated[str, Form(r"(?:[0-9a-f]{64})?", "a digest or nothing", 64)]
#: SHA-256 fingerprint of a host key, as ssh-keygen -l prints it
Fingerprint = Annotated[str, Form(r"SHA256:[A-Za-z0-9+/]{43}", "a fingerprint", 50)]
#: a whole number in decimal digits, too large for JSON's numbers
Digits = Annotated[str, Form(r"-?[0-9]{1,40}", "a whole number", 41)]
#: a time with its offset, ISO 8601
Time = Annotated[str, Moment()]
AbsolutePath = Annotated[str, Path(absolute=True)]
#: stays below some folder, and does not start with a dash
RelativePath = Annotated[str, Path(absolute=False)]

#: a few words, a sentence, a paragraph: for people, cleaned, cut at their bound
Words = Annotated[str, Text(200)]
Line = Annotated[str, Text(1000)]
Paragraph = Annotated[str, Text(4000)]
#: a name that counts letter by letter
ExactName = Annotated[str, Exact(1024)]
#: a name that counts letter by letter, in characters that everybody sees
PlainName = Annotated[str, Exact(1024, plain=True)]

#: what nobody else may know; any text, because people choose passwords
Secret = Annotated[str, SecretText(2**16)]

Count = Annotated[int, Whole()]
Port = Annotated[int, Whole(1, 65535)]
Seconds = Annotated[float, Real(0, 10**9)]
#: bytes a second
Speed = Annotated[float, Real(0, 10**15)]

#: a compressed manifest: 40 bytes and more for each item
ManifestBytes = Annotated[bytes, Blob(256 * 2**20)]

#: lists of texts for people
Lines = Annotated[Tuple[Line, ...], Most(1000)]
#: of names that count letter by letter
Names = Annotated[Tuple[ExactName, ...], Most(100_000)]
