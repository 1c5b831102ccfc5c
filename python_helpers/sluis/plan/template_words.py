"""What a template in what is bound may use: names whose value follows from their arguments.

The bytes are signed, and mean something when they are filled in. What looks at a clock, draws,
or orders by chance means something else later with the same bytes. Every name of Jinja and of
ansible.builtin is in one of these lists; a name that is in none is refused until somebody decides.
"""

from __future__ import annotations

from collections.abc import Mapping

_FILES = "it looks at files, the environment or the working directory of this machine"
_CHANCE = "another value each time"
_CLOCK = "it depends on the moment"
_ORDER = "its order differs from run to run"
_MIND = "it remembers, and is shown by where it lies in memory"

#: lookups that work on what they are given and read nothing
LOOKUPS = frozenset(
    """
    dict indexed_items inventory_hostnames items list nested sequence subelements together
    """.split()  # noqa: SIM905 - one name a line is a page
)
NO_LOOKUPS: Mapping[str, str] = {
    **dict.fromkeys(
        "csvfile env file fileglob first_found ini lines template unvault url".split(),  # noqa: SIM905
        "it reads what no signature covers",
    ),
    "config": "it reads the settings of this run",
    "password": "it draws, and keeps a file",
    "pipe": "it runs a program",
    "random_choice": _CHANCE,
    "varnames": "it depends on what a run has set so far",
    "vars": "the name of the variable may differ each time; write the variable itself",
}

#: what may be called by its name. No method is called: what a method does depends on the value
#: that it is called on, and a date has one that tells the moment.
CALLS = frozenset({"dict", "lookup", "namespace", "q", "query", "range", "undef"})
#: other names that Jinja and Ansible know by themselves
NAMES = frozenset({"omit"})
NO_NAMES: Mapping[str, str] = {
    "now": f"{_CLOCK}; write the moment down",
    "lipsum": _CHANCE,
    "cycler": _MIND,
    "joiner": f"{_MIND}; use the filter join",
}

FILTERS = frozenset(
    """
    abs attr batch capitalize center count d default dictsort e escape filesizeformat first
    float forceescape format groupby indent int items join last length list lower map max min
    pprint reject rejectattr replace reverse round safe select selectattr slice sort
    string striptags sum title tojson trim truncate unique upper urlencode urlize wordcount
    wordwrap xmlattr
    b64decode b64encode basename bool checksum combinations combine comment commonpath
    dict2items dirname extract flatten from_json from_yaml from_yaml_all hash
    human_readable human_to_bytes items2dict log mandatory md5 normpath password_hash
    path_join permutations pow product quote regex_escape regex_findall regex_replace
    regex_search rekey_on_member root sha1 split splitext subelements
    ternary to_datetime to_json to_nice_json to_nice_yaml to_uuid to_yaml
    type_debug urldecode urlsplit win_basename win_dirname win_splitdrive zip zip_longest
    """.split()  # noqa: SIM905 - one name a line is a page
)
NO_FILTERS: Mapping[str, str] = {
    **dict.fromkeys(
        "expanduser expandvars fileglob realpath relpath unvault".split(),  # noqa: SIM905
        _FILES,
    ),
    "difference": f"{_ORDER}; use reject('in', other) | unique",
    "intersect": f"{_ORDER}; use select('in', other) | unique",
    "random": _CHANCE,
    "shuffle": _CHANCE,
    "strftime": f"{_CLOCK} when it is given none, and on this machine's time zone; write the "
    "date down",
    "symmetric_difference": f"{_ORDER}; join two lists that went through reject('in', other)",
    "union": f"{_ORDER}; use (one + other) | unique",
    "vault": f"{_CHANCE}; keep the value in a vault file",
}
#: filters that may be used on one condition only
ONLY_WITH: Mapping[str, str] = {"password_hash": "a salt that is written out in the template"}
#: why password_hash is refused without
NO_SALT = "it draws a salt when it is given none; write the salt out in the template"

TESTS = frozenset(
    """
    != < <= == > >= boolean callable defined divisibleby eq equalto escaped even false filter
    float ge greaterthan gt in integer iterable le lessthan lower lt mapping ne none number odd
    sameas sequence string test true undefined upper
    abs all any change changed contains failed failure falsy finished is_abs isnan issubset
    issuperset match nan reachable regex search skip skipped started subset succeeded success
    successful superset timedout truthy unreachable uri url urn vault_encrypted version
    version_compare
    """.split()  # noqa: SIM905 - one name a line is a page
)
NO_TESTS: Mapping[str, str] = dict.fromkeys(
    """
    directory exists file is_dir is_file is_link is_mount is_same_file link link_exists mount
    same_file vaulted_file
    """.split(),  # noqa: SIM905 - one name a line is a page
    _FILES,
)


def with_reason(words: str, why: str | None) -> str:
    """Words for what a template uses, with the reason where one is known.

    Args:
        words: what is used: ``the filter random``.
        why: why that is refused; ``None`` for a name that nobody has decided about.
    """
    return f"{words} ({why})" if why else words
