from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sluis.errors import InputError
from sluis.tenant.name_plan import plan_names
from sluis.tenant.name_rules import (
    PATH_LIMIT,
    NameRules,
    characters_in,
    complaints,
    target_key,
)

_RULES = NameRules()
_NASTY = (
    "CON|con.txt|desktop.ini|Forms|~$a.docx|a_vti_b|_VTI_vti_|.lock| a|a |a.|...|..|a:b|A|a"
    "|é|e\u0301|ß|ss|\udcff.txt|com9|LPT0"
)
_NAMES = st.one_of(
    st.text(min_size=1, max_size=12),
    st.sampled_from(_NASTY.split("|")),
    st.sampled_from(["x" * 300, "😀" * 130, "x" * 120 + ".docx"]),
)
_PATHS = st.lists(
    st.lists(_NAMES.map(lambda name: name.replace("/", "-")), min_size=1, max_size=5), max_size=25
).map(lambda found: ["/".join(parts) for parts in found])


@pytest.mark.parametrize(
    ("name", "code"),
    [(f"a{character}b", "character") for character in '"*:<>?\\|\x00\x1f']
    + [(" a", "space-at-end"), ("a ", "space-at-end"), ("a.", "dot-at-end")]
    + [(name, "reserved-name") for name in (".lock", "CON", "prn", "Aux", "nul", "desktop.ini")]
    + [(f"{device}{n}", "reserved-name") for device in ("COM", "lpt") for n in range(10)]
    + [("a_vti_b", "vti"), ("_VTI_", "vti"), ("~$letter.docx", "temporary-file")]
    + [("x" * 256, "name-too-long"), ("😀" * 128, "name-too-long"), ("", "empty")],
)
def test_each_refused_name_is_known_and_repaired(name: str, code: str) -> None:
    assert code in complaints(name)
    if name:
        plan = plan_names([f"here/{name}"], _RULES, url_length=60)
        assert not plan.refused
        assert complaints(plan.targets[f"here/{name}"].rpartition("/")[2]) == ()


@pytest.mark.parametrize(
    "name", ["a#b%.txt", "con.txt", "Forms", ".hidden", "a~b", "$x", "ünï", "x" * 255, "lock"]
)
def test_names_that_the_target_takes_are_left_alone(name: str) -> None:
    path = f"here/{name}"
    assert plan_names([path], _RULES, url_length=60).targets[path] == path
    assert not plan_names([path], _RULES, url_length=60).renamed


def test_forms_is_refused_at_the_root_only() -> None:
    plan = plan_names(["Forms/a.txt", "b/Forms/a.txt"], _RULES, url_length=60)
    assert plan.targets["Forms/a.txt"] == "Forms_/a.txt"
    assert plan.targets["b/Forms/a.txt"] == "b/Forms/a.txt"
    below = plan_names(["Forms"], _RULES, url_length=60, place="From the I-drive")
    assert below.targets["Forms"] == "Forms"


def test_names_that_clash_after_changing_are_found_beforehand() -> None:
    paths = ["f/a?b.txt", "f/a_b.txt", "f/A_B.txt", "f/a:b.txt"]
    plan = plan_names(paths, _RULES, url_length=60)
    names = [plan.targets[path] for path in paths]
    assert len({target_key(name) for name in names}) == 4
    assert plan.targets["f/A_B.txt"] == "f/A_B.txt"  # first of those that need no change
    assert {one.path: one.reasons for one in plan.renamed} == {
        "f/a?b.txt": ("character", "clash"),
        "f/a:b.txt": ("character", "clash"),
        "f/a_b.txt": ("clash",),
    }
    strict = plan_names(paths, NameRules(clash="refuse"), url_length=60)
    assert [one.code for one in strict.refused] == ["clash"] * 3


def test_only_case_makes_names_clash() -> None:
    apart = ["Straße", "Strasse", "caf\u00e9", "cafe\u0301"]
    assert not plan_names(apart, _RULES, url_length=60).renamed
    clash = plan_names(["ÉÉN.txt", "één.TXT"], _RULES, url_length=60)
    assert [one.reasons for one in clash.renamed] == [("clash",)]


def test_a_settled_name_is_kept_when_a_newcomer_clashes() -> None:
    first = plan_names(["report.txt"], _RULES, url_length=60)
    assert first.targets == {"report.txt": "report.txt"}
    later = plan_names(
        ["Report.txt", "report.txt"], _RULES, url_length=60, settled={"report.txt": "report.txt"}
    )
    assert later.targets["report.txt"] == "report.txt"
    assert later.targets["Report.txt"].startswith("Report~")


def test_a_long_path_is_shortened_with_the_site_url_counted_in() -> None:
    path = "/".join(["folder " + "y" * 70] * 4 + ["letter.docx"])
    assert len(path) < PATH_LIMIT
    free = plan_names([path], _RULES, url_length=10)
    assert not free.renamed
    plan = plan_names([path], _RULES, url_length=100)
    target = plan.targets[path]
    assert 100 + 1 + len(target) <= PATH_LIMIT
    assert target.endswith(".docx")
    assert all(one.reasons == ("path-too-long",) for one in plan.renamed)
    refused = plan_names([path], NameRules(long="refuse"), url_length=80).refused
    assert [one.code for one in refused] == ["path-too-long"]


def test_what_lies_in_a_refused_folder_is_refused_by_name() -> None:
    plan = plan_names(["a*b/c/d.txt"], NameRules(characters="refuse"), url_length=60)
    assert not plan.targets
    assert [(one.path, one.code) for one in plan.refused] == [
        ("a*b", "name-refused"),
        ("a*b/c", "below-refused-folder"),
        ("a*b/c/d.txt", "below-refused-folder"),
    ]


@pytest.mark.parametrize(
    "data",
    [
        {"replacement": "?"},
        {"replacement": " "},
        {"suffix": ""},
        {"suffix": "."},
        {"long": "cut"},
        {"more": "x"},
        {"suffix": 3},
    ],
)
def test_rules_that_would_make_refused_names_are_refused(data: dict[str, str]) -> None:
    with pytest.raises(InputError) as refusal:
        NameRules.from_data(data)
    assert refusal.value.code == "bad-name-rules"


@settings(deadline=None, max_examples=150)
@given(_PATHS, st.integers(10, 380), st.sampled_from(["_", "", "-x"]))
def test_no_path_gets_lost_and_every_target_is_one_the_service_takes(
    paths: list[str], url_length: int, replacement: str
) -> None:
    rules = NameRules(replacement=replacement)
    plan = plan_names(paths, rules, url_length=url_length)
    gone = {one.path for one in plan.refused}
    assert gone.isdisjoint(plan.targets)
    assert all(path in plan.targets or path in gone for path in paths)
    assert len({target_key(target) for target in plan.targets.values()}) == len(plan.targets)
    renamed = {one.path for one in plan.renamed}
    for path, target in plan.targets.items():
        assert url_length + 1 + characters_in(target) <= PATH_LIMIT
        assert target.count("/") == path.count("/")
        for depth, name in enumerate(target.split("/")):
            assert complaints(name, at_root=depth == 0) == ()
        same = path.rpartition("/")[2] == target.rpartition("/")[2]
        assert same == (path not in renamed)


@settings(deadline=None, max_examples=100)
@given(_PATHS, st.randoms(use_true_random=False))
def test_a_plan_depends_on_the_paths_alone_and_is_stable(paths: list[str], random) -> None:  # type: ignore[no-untyped-def]
    first = plan_names(paths, _RULES, url_length=60)
    shuffled = list(paths)
    random.shuffle(shuffled)
    assert plan_names(shuffled, _RULES, url_length=60) == first
    # what came out needs no further change
    again = plan_names(first.targets.values(), _RULES, url_length=60)
    assert not again.renamed
    assert not again.refused
