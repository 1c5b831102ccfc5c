"""Weather: drawn from the seed, whatever the order of requests, and it ends."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluis.rehearsal.tenant.weather import CALM, NORMAL, PRESETS, STORM, Weather
from sluis.rehearsal.tenant.weather_maker import WeatherMaker

NAMES = [f"/v1.0/drives/{number}" for number in range(400)]


def test_a_calm_day_does_nothing() -> None:
    maker = WeatherMaker(CALM, 1)
    for name in NAMES:
        assert maker.fails(name) is None
        assert maker.page("d", name, [1, 2]).kind == "plain"
        assert maker.page("d", name, [1, 2]).entries == [1, 2]
        assert maker.between_pages("d", name) is None
        body = maker.body(name, 100, ranged=True)
        assert (body.whole, body.send) == (False, None)
        assert maker.stale(name, "tag", "a.docx") is None
    assert maker.rewrites("a.docx", b"x") == b"x"
    assert not maker.bin_is_purged(1e12)
    assert maker.quota(7) == 7


def told(maker: WeatherMaker, names: list[str]) -> dict[str, list[str]]:
    return {
        name: [
            str(maker.fails(name)),
            str(maker.page("d", name, [1, 2, 3])),
            str(maker.between_pages("d", name)),
            str(maker.body(name, 1000, ranged=True)),
            str(maker.stale(name, "t", "a.pdf")),
        ]
        for name in names
    }


@given(st.permutations(NAMES[:60]))
def test_weather_does_not_depend_on_the_order_of_requests(order: list[str]) -> None:
    first = told(WeatherMaker(STORM, 3), NAMES[:60])
    again = told(WeatherMaker(STORM, 3), order)
    assert first == again


def test_another_seed_gives_other_weather() -> None:
    assert told(WeatherMaker(STORM, 1), NAMES) != told(WeatherMaker(STORM, 2), NAMES)


def test_failures_come_as_often_as_was_said() -> None:
    maker = WeatherMaker(Weather(unavailable=0.2, gateway_timeout=0.1, retry_after_share=0.5), 5)
    errors = [error for error in map(maker.fails, map(str, range(4_000))) if error]
    statuses = [error.status for error in errors]
    assert 0.25 < len(errors) / 4_000 < 0.35
    assert 0.55 < statuses.count(503) / len(errors) < 0.78
    assert set(statuses) == {503, 504}
    waits = [error.headers.get("Retry-After") for error in errors]
    assert 0.4 < waits.count(None) / len(waits) < 0.6
    assert "0.25" in waits


def test_weather_of_one_kind_strikes_the_same_request_only_so_often() -> None:
    maker = WeatherMaker(Weather(unavailable=1.0, most_per_key=3), 1)
    assert [maker.fails("one") is not None for _ in range(6)] == [True] * 3 + [False] * 3


def test_an_empty_page_goes_on_under_another_number() -> None:
    maker = WeatherMaker(Weather(empty_pages=1.0, most_per_key=2), 1)
    pages = [maker.page("d", "here", [1]) for _ in range(3)]
    assert [page.kind for page in pages] == ["empty", "empty", "plain"]
    assert [page.entries for page in pages] == [[], [], [1]]
    assert len({page.number for page in pages}) == 3


def test_duplicates_come_last_and_lose_nothing() -> None:
    page = WeatherMaker(Weather(duplicates=0.5), 1).page("d", "p", list(range(100)))
    assert page.entries[:100] == list(range(100))
    assert 20 < len(page.entries) - 100 < 80
    assert set(page.entries) == set(range(100))


def test_a_loop_ends_or_lasts() -> None:
    ends = WeatherMaker(Weather(loops=1.0, most_per_key=2), 1)
    assert [ends.page("d", "p", []).kind for _ in range(4)] == ["loop", "loop", "plain", "plain"]
    lasts = WeatherMaker(Weather(loops=1.0, loops_last=True), 1)
    assert {lasts.page("d", "p", []).kind for _ in range(9)} == {"loop"}


def test_bodies_are_cut_honestly_or_not() -> None:
    cut = WeatherMaker(Weather(cut_bodies=1.0), 1).body("x", 1_000, ranged=False)
    assert cut.honest
    assert cut.send is not None
    assert 0 <= cut.send < 1_000
    short = WeatherMaker(Weather(truncated_bodies=1.0), 1).body("x", 1_000, ranged=False)
    assert not short.honest
    assert short.send is not None


def test_only_a_range_can_get_the_whole() -> None:
    maker = WeatherMaker(Weather(whole_for_range=1.0), 1)
    assert maker.body("x", 10, ranged=True).whole
    assert not maker.body("x", 10, ranged=False).whole


def test_stale_listings_last_until_the_file_changes_and_spare_other_kinds() -> None:
    maker = WeatherMaker(Weather(stale_size=1.0, stale_hash=1.0), 1)
    stale = maker.stale("id", "tag 1", "report.DOCX")
    assert stale is not None
    assert stale.size > 0
    assert stale.wrong_hash
    assert maker.stale("id", "tag 1", "report.DOCX") == stale
    assert maker.stale("id", "tag 2", "report.DOCX") != stale
    assert maker.stale("id", "tag 1", "photo.jpg") is None


def test_what_people_do_between_pages() -> None:
    for field, kind in (
        ("deleted_between_pages", "delete"),
        ("renamed_between_pages", "rename"),
        ("recreated_between_pages", "recreate"),
    ):
        deed = WeatherMaker(replace(CALM, **{field: 1.0}), 1).between_pages("d", "p")
        assert deed is not None
        assert deed.kind == kind
        assert 0 <= deed.pick < 1


def test_the_bin_ends_and_the_quota_is_reached() -> None:
    maker = WeatherMaker(Weather(bin_ends=100.0, quota_bytes=50), 1)
    assert [maker.bin_is_purged(now) for now in (99.9, 100.0)] == [False, True]
    assert (maker.quota(10), maker.quota(1_000)) == (10, 50)


def test_the_presets_grow_worse() -> None:
    assert list(PRESETS) == ["calm", "normal", "storm"]
    assert PRESETS["calm"] == Weather()
    assert STORM.unavailable > NORMAL.unavailable > 0


# what the service rewrites


def package(**parts: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        made.writestr(
            "[Content_Types].xml",
            '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"></Types>',
        )
        for name, text in parts.items():
            made.writestr(name.replace("__", "/") + ".xml", text)
    return out.getvalue()


def parts(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as made:
        assert made.testzip() is None
        return {name: made.read(name) for name in made.namelist()}


def test_an_office_file_comes_out_otherwise_each_time_and_says_the_same() -> None:
    maker = WeatherMaker(NORMAL, 1)
    original = package(word__document="<w>hello</w>", docProps__core="<c/>")
    made = [maker.rewrites("a.docx", original) for _ in range(3)]
    assert len({original, *made}) == 4
    for content in made:
        found = parts(content)
        assert found["word/document.xml"] == b"<w>hello</w>"
        assert found["docProps/core.xml"] == b"<c/>"
        assert "docProps/custom.xml" in found
        assert "customXml/item1.xml" in found
        assert "[trash]/0000.dat" in found
        assert b"/docProps/custom.xml" in found["[Content_Types].xml"]
        assert b"../customXml/item1.xml" in found["word/_rels/document.xml.rels"]
    assert len({len(content) for content in made}) > 1


def test_what_was_rewritten_can_be_rewritten_again() -> None:
    maker = WeatherMaker(NORMAL, 1)
    once = maker.rewrites("a.xlsx", package(xl__workbook="<x/>"))
    twice = parts(maker.rewrites("a.xlsx", once))
    assert twice["xl/workbook.xml"] == b"<x/>"
    assert "customXml/item2.xml" in twice
    assert twice["[Content_Types].xml"].count(b"/docProps/custom.xml") == 1


@pytest.mark.parametrize("name", ["a.docx", "a.pdf", "a.html"])
def test_a_file_that_is_not_what_its_name_says_is_left_alone(name: str) -> None:
    assert WeatherMaker(NORMAL, 1).rewrites(name, b"plain text") == b"plain text"


def test_pdf_and_html_are_rewritten_around_what_they_say() -> None:
    maker = WeatherMaker(NORMAL, 1)
    pdf = b"%PDF-1.7\nbody\n%%EOF\n"
    first, second = maker.rewrites("a.PDF", pdf), maker.rewrites("a.PDF", pdf)
    assert first != second != pdf
    assert first.startswith(b"%PDF-1.7\nbody\n%%EOF\n")
    html = maker.rewrites("a.html", b"<html><head></head><body>x</body></html>")
    assert html.startswith(b"<html><head>")
    assert html.endswith(b"</head><body>x</body></html>")
    assert maker.rewrites("photo.jpg", b"\xff\xd8") == b"\xff\xd8"


def test_only_the_kinds_that_are_named_are_rewritten() -> None:
    maker = WeatherMaker(Weather(rewrite=("pdf",)), 1)
    office = package(word__document="<w/>")
    assert maker.rewrites("a.docx", office) == office
    assert maker.rewrites_name("a.pdf")
    assert not maker.rewrites_name("a.docx")
