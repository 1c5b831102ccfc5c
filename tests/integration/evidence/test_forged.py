"""A corpus of forged dossiers: ``sluis verify`` and the page of public tools say the same.

One finished change is made once, with real forms, real signatures and real tokens. Each
forgery spoils a copy of it. ``verify`` must name it with its code, the page must stop at it,
and the gate must refuse where it has to. Where the page does not look, it says so.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from sluis.evidence.predicates import Refusal, Signoff
from sluis.gate.decide import decide
from sluis.gate.demand import Demand
from sluis.runbook.judgement import read_evidence
from sluis.signoff.standing import waivers
from support.forged_answers import L15, beside_the_operator, filed
from support.forgeries import (
    LINKS,
    NOTED,
    OBJECTS,
    PLACES,
    REFERENCES,
    STATEMENTS,
    TIME,
    Forgery,
)
from support.public_page import PAGE, run_page
from support.signed_dossier import HOSTS, Ground, finished

CORPUS: dict[str, Forgery] = {
    **{f"L15 {name}": one for name, one in L15.items()},
    **{f"L16 {name}": one for name, one in LINKS.items()},
    **{f"L19 {name}": one for name, one in PLACES.items()},
    **{f"L20 {name}": one for name, one in TIME.items()},
    **STATEMENTS,
    **OBJECTS,
    **REFERENCES,
}
Grounds = tuple[Ground, Ground]


@pytest.fixture(scope="module")
def originals(tmp_path_factory: pytest.TempPathFactory) -> Grounds:
    """Two finished changes of one client."""
    root = tmp_path_factory.mktemp("forged")
    return finished(root / "one"), finished(root / "two", change="CHG-2000")


@pytest.fixture
def grounds(originals: Grounds, tmp_path: Path) -> Grounds:
    """The same, the first one as a copy to spoil."""
    ground, other = originals
    shutil.copytree(ground.made.root, tmp_path / "copy", symlinks=True)
    return ground.moved_to(tmp_path / "copy"), other


def page(ground: Ground) -> tuple[int, str, str]:
    done = run_page(ground.made.dossier, ground.made.trust)
    return done.returncode, done.stdout, done.stderr


def refusal(ground: Ground) -> set[str]:
    """The codes with which the gate refuses the whole batch."""
    made = ground.made
    dossier = SimpleNamespace(path=made.dossier, ledger=made.ledger, objects=made.objects)
    evidence = read_evidence(dossier)  # type: ignore[arg-type]
    demand = Demand(
        client=made.client,
        change=made.change,
        playbook="update.yml",
        hosts=HOSTS,
        scope_object=ground.statements["scope"].body.scope_object,
        tree_sha256="a" * 64,
    )
    answer = decide(evidence, demand, made.now)
    return {item.code for item in answer.reasons} if isinstance(answer, Refusal) else set()


def test_what_is_not_forged_holds_in_both(grounds: Grounds) -> None:
    """The control: also the answers that the forgeries of answers start from."""
    ground = grounds[0]
    for like in ("yes", "no", "waiver"):
        filed(ground, like)
    beside_the_operator(ground)
    assert ground.made.verify().holds, ground.made.failures()
    status, said, errors = page(ground)
    assert (status, errors) == (0, "")
    assert "everything that was checked holds" in said
    assert not {"answer-differs", "ssh-signature"} & refusal(ground)


@pytest.mark.parametrize("name", L15)
def test_L15_verify_and_the_gate_name_an_answer_that_is_not_what_was_signed(
    grounds: Grounds, name: str
) -> None:
    _verify_names(grounds, L15[name])


@pytest.mark.parametrize("name", LINKS)
def test_L16_no_link_is_followed_and_no_pipe_is_waited_for(grounds: Grounds, name: str) -> None:
    _verify_names(grounds, LINKS[name])


@pytest.mark.parametrize("name", PLACES)
def test_L19_dossiers_that_changed_places_are_named(grounds: Grounds, name: str) -> None:
    _verify_names(grounds, PLACES[name])


@pytest.mark.parametrize("name", {**STATEMENTS, **OBJECTS, **TIME, **REFERENCES})
def test_verify_names_the_forgery(grounds: Grounds, name: str) -> None:
    _verify_names(grounds, {**STATEMENTS, **OBJECTS, **TIME, **REFERENCES}[name])


def _verify_names(grounds: Grounds, forgery: Forgery) -> None:
    forgery.do(*grounds)
    made = grounds[0].made
    assert forgery.finding in made.failures()
    if forgery.gate:
        problems = {problem.code for problem in made.read().problems}
        assert forgery.finding in problems
        assert forgery.finding in refusal(grounds[0])


def _pages(always: bool) -> list[str]:
    return [name for name, one in CORPUS.items() if one.always is always]


@pytest.mark.parametrize("name", _pages(True))
def test_L20_the_page_stops_at_the_forgery(grounds: Grounds, name: str) -> None:
    _page_stops(grounds, name)


@pytest.mark.slow
@pytest.mark.parametrize("name", _pages(False))
def test_L20_the_page_stops_at_every_other_forgery(grounds: Grounds, name: str) -> None:
    _page_stops(grounds, name)


def _page_stops(grounds: Grounds, name: str) -> None:
    forgery = CORPUS[name]
    forgery.do(*grounds)
    status, said, errors = page(grounds[0])
    if forgery.words is None:
        assert (status, errors) == (0, ""), "the page looks there after all: say so in the table"
        return
    assert status != 0
    assert "everything that was checked holds" not in said
    assert forgery.words in errors
    assert "DOES NOT HOLD" in errors


def test_L20_the_page_lists_what_it_does_not_look_at() -> None:
    table = PAGE.read_text().split("## What this does not look at")[1].split("## ")[0]
    listed = set(re.findall(r"\| `([a-z-]+)` \|", table))
    assert {one.finding for one in CORPUS.values() if one.words is None} <= listed


def test_every_class_is_tried_on_the_page_in_every_run() -> None:
    for family in (L15, LINKS, PLACES, TIME, STATEMENTS, OBJECTS, REFERENCES):
        assert any(one.always for one in family.values())


@pytest.mark.parametrize("name", NOTED)
def test_what_proves_nothing_is_noted(grounds: Grounds, name: str) -> None:
    do, finding, _ = NOTED[name]
    made = grounds[0].made
    do(grounds[0])
    verdict = made.verify()
    assert verdict.holds, made.failures()
    if finding:
        noted = {(item.verdict, item.what) for item in verdict.findings}
        assert ("could not be checked", finding) in noted


def test_L20_what_proves_nothing_is_noted_by_the_page(grounds: Grounds) -> None:
    """All of it at once; none of it hides another."""
    for do, _, _ in NOTED.values():
        do(grounds[0])
    assert grounds[0].made.verify().holds
    status, said, errors = page(grounds[0])
    assert (status, errors) == (0, "")
    assert [words for _, _, words in NOTED.values() if words not in said] == []


# --- L15, at the gate -------------------------------------------------------------------------


def test_L15_a_yes_whose_form_is_gone_does_not_count(grounds: Grounds) -> None:
    """Unknown is not yes. The record itself is whole; verify says that it cannot compare."""
    ground = grounds[0]
    filed(ground)
    made = ground.made
    assert "signoff-unproven" not in refusal(ground)
    newest = made.read().latest(Signoff)
    assert newest is not None
    made.objects.erase(str(newest.body.request_object))
    assert "signoff-unproven" in refusal(ground)
    found = {f.verdict for f in made.verify().findings if f.what == "answer-unproven"}
    assert found == {"could not be checked"}


def test_L15_a_waiver_whose_form_is_gone_does_not_count(grounds: Grounds) -> None:
    made = grounds[0].made
    assert list(waivers(made.read(), made.now)) == ["letters"]
    made.objects.erase(grounds[0].statements["waiver"].body.request_object)
    assert waivers(made.read(), made.now) == {}


# --- whatever people read ---------------------------------------------------------------------


def _edited(path: Path) -> None:
    data = path.read_bytes()
    path.unlink()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))


def test_an_edit_of_any_readable_file_is_named(originals: Grounds, tmp_path: Path) -> None:
    """Texts, forms, requests, manifests, tokens, statements and the witness: each in turn."""
    shutil.copytree(originals[0].made.root, tmp_path / "copy")
    made = originals[0].moved_to(tmp_path / "copy").made
    files = [path for path in made.dossier.parent.rglob("*") if path.is_file()]
    files = [path for path in files if path.suffix != ".lock"]
    assert len(files) > 45
    for path in files:
        data = path.read_bytes()
        _edited(path)
        named = [f for f in made.verify().findings if f.verdict == "does not hold"]
        digest = path.parent.name + path.name
        assert any(path.name in (f.about + f.detail) or f.about == digest for f in named), path
        path.unlink()
        path.write_bytes(data)
    assert made.verify().holds
