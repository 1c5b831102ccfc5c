from __future__ import annotations

import json
from pathlib import Path

import pytest

from sluis.cli import app as front
from sluis.errors import InputError
from sluis.scope.load import load_scope
from support.small_change import empty_project


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    places = empty_project(tmp_path / "project")
    monkeypatch.chdir(places.root)
    return places.root


def test_a_new_client_is_the_template_with_its_own_trust_folder(
    root: Path, capsys: pytest.CaptureFixture[str]
):
    assert front.run(["new", "practice", "--change", "CHG-1", "--json"]) == 0
    made = json.loads(capsys.readouterr().out)
    folder = root / "inventories" / "practice"
    assert made["made"] == [str(folder), str(root / "inventories/trust/practice")]
    assert (folder / "hosts.yml").read_bytes() == (
        root / "inventories/template/hosts.yml"
    ).read_bytes()
    document = load_scope(folder / "changes/CHG-1/scope.yml").document
    assert (document.client, document.change) == ("practice", "CHG-1")
    assert not (folder / "changes/CHG-TEMPLATE").exists()
    assert list((root / "inventories").glob(".new-*")) == []


def test_a_change_can_come_later_and_keeps_the_templates_words(root: Path):
    assert front.run(["new", "practice"]) == 0
    assert front.run(["new", "practice", "--change", "CHG-2"]) == 0
    made = (root / "inventories/practice/changes/CHG-2/scope.yml").read_text()
    template = (root / "inventories/template/changes/CHG-TEMPLATE/scope.yml").read_text()
    assert "# " in made
    assert len(made.splitlines()) == len(template.splitlines())


def test_nothing_is_ever_overwritten(root: Path):
    assert front.run(["new", "practice", "--change", "CHG-1"]) == 0
    hosts = root / "inventories/practice/hosts.yml"
    scope = root / "inventories/practice/changes/CHG-1/scope.yml"
    hosts.write_text("mine\n")
    scope.write_text("mine\n")
    assert front.run(["new", "practice"]) == 64
    assert front.run(["new", "practice", "--change", "CHG-1"]) == 64
    assert hosts.read_text() == scope.read_text() == "mine\n"


def test_a_dangling_link_in_the_way_is_not_followed(root: Path, tmp_path: Path):
    (root / "inventories/practice").symlink_to(tmp_path / "elsewhere")
    assert front.run(["new", "practice"]) == 64
    assert not (tmp_path / "elsewhere").exists()


def test_a_template_without_its_ids_leaves_nothing_half_made(root: Path):
    path = root / "inventories/template/changes/CHG-TEMPLATE/scope.yml"
    path.write_text("title: no ids here\n")
    assert front.run(["new", "practice", "--change", "CHG-1"]) == 64
    assert not (root / "inventories/practice").exists()
    assert list((root / "inventories").glob(".new-*")) == []


@pytest.mark.parametrize("client", ["trust", "template", "../x", "A", "-x", "a/b", "a\n"])
def test_an_id_that_is_no_client(root: Path, client: str):
    before = sorted(root.rglob("*"))
    assert front.run(["new", "--", client]) == 64
    assert sorted(root.rglob("*")) == before


def test_outside_a_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    assert front.run(["new", "practice"]) == 64
    with pytest.raises(InputError):
        from sluis.places import Places

        Places.around(tmp_path)
