"""People, groups and links in the client's words: what has no address is named by no code."""

from __future__ import annotations

from sluis.scope.voice import Voice

#: kinds of keys of a user map that are no address (``tenant.user_map``)
_KINDS = ("link", "site-group", "application", "group", "user", "id", "permission")
#: of these there is no name in front of the key, but words of ours
_NAMELESS = ("link:", "permission:")
_NOT_TOLD = "not told who"


def who(key: str, voice: Voice) -> str:
    """Somebody as a map of people names them: an address as it is, anything else in words.

    Args:
        key: what stands in the map.
        voice: speaks our own sentences.
    """
    kind, colon, name = key.partition(":")
    if not colon or kind not in _KINDS:
        return key
    if f"who.{key}" in voice.sentences:
        return voice.say(f"who.{key}")
    if kind == "link":
        return voice.say("who.link")
    if kind in ("permission", "user") or not name or name == _NOT_TOLD:
        return voice.say("who.nobody")
    return voice.say(f"who.{'site-group' if kind == 'group' else kind}", name=name)


def in_words(line: str, voice: Voice) -> tuple[str, str]:
    """A line that ends with somebody, in the client's words, and the key that it had.

    The list that is signed has the key in brackets behind the name, so that it names one and no
    other. Whoever has no name is told by what we know.

    Args:
        line: of what stays behind, about a person or about one's access to a path.
        voice: speaks our own sentences.

    Returns:
        the words, and the key that the technical details name as well; empty for an address.
    """
    begins = [at for kind in _KINDS if (at := line.find(f" ({kind}:")) >= 0]
    if begins and line.endswith(")"):
        name, key = line[: min(begins)], line[min(begins) + 2 : -1]
        if not key.startswith(_NAMELESS) and not name.endswith(_NOT_TOLD):
            return name, key
        path, colon, _ = name.rpartition(": ")
        return f"{path}{colon}{who(key, voice)}", key
    # without a name, and perhaps behind the path of what it is about
    at = max((line.rfind(f": {kind}:") + 2 for kind in _KINDS), default=0)
    path, key = (line[:at], line[at:]) if at > 1 else ("", line)
    told = who(key, voice)
    return f"{path}{told}", "" if told == key else key
