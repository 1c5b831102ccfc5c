from __future__ import annotations

import pytest

from sluis.errors import InputError
from sluis.manifest.exclude import for_restic, matcher


@pytest.mark.parametrize(
    ("pattern", "path", "left_out"),
    [
        ("*.tmp", "a.tmp", True),
        ("*.tmp", "deep/er/a.tmp", True),
        ("*.tmp", "a.tmp/b", False),
        ("/a.tmp", "deep/a.tmp", False),
        ("/cache", "cache", True),
        ("cache/", "deep/cache", True),
        ("a/*/c", "a/b/c", True),
        ("a/*/c", "a/b/b/c", False),
        ("a/**/c", "a/c", True),
        ("a/**/c", "a/b/b/c", True),
        ("?.txt", "ab.txt", False),
        ("a.b", "axb", False),
        ("new\u00e9", "new\u00e9", True),
    ],
)
def test_patterns(pattern: str, path: str, left_out: bool) -> None:
    assert matcher([pattern])(path) is left_out


@pytest.mark.parametrize("pattern", ["", "/", "a/../b", "./a", "[ab]", "a\\b", "a\nb", " a"])
def test_patterns_that_mean_something_else_elsewhere_are_refused(pattern: str) -> None:
    with pytest.raises(InputError) as raised:
        matcher([pattern])
    assert raised.value.code == "bad-exclude"


def test_for_restic_they_are_anchored_at_the_asset() -> None:
    assert for_restic(["cache", "/a/*.b"], "/srv/cache/[x]") == [
        "/srv/cache/\\[x\\]/**/cache", "/srv/cache/\\[x\\]/a/*.b",
    ]  # fmt: skip
