"""The report in a real Chromium: each control does what it says, and nothing else happens."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from browser import chromium
from spinfunnel.landscape import Budget
from spinfunnel.pipeline.result import Study
from spinfunnel.pipeline.study import study
from spinfunnel.report import write_report
from spinfunnel.report.payload import levels
from spinfunnel.report.small_tree import LIMIT
from spinfunnel.systems import edwards_anderson, hp_protein, lennard_jones
from spinfunnel.systems.spins.polynomial import SpinPolynomial

PAIRS, WEIGHTS = [[0, 1], [1, 2], [2, 3], [3, 4]], [1.0, -0.5, 0.25, 2.0]
NAMES = ("alice", "bob", "<b>eve</b>", "x_4", "x_5")
DESK, PHONE = {"width": 1280, "height": 800}, {"width": 400, "height": 800}
AWAY = "window.scrollTo(0, 0)"


@pytest.fixture(scope="module")
def found() -> dict[str, Study]:
    return {
        "spins": study(edwards_anderson((3, 4), seed=1), workers=1, nulls=4),
        "atoms": study(lennard_jones(7), budget=Budget(evaluations=60_000), workers=1, nulls=False),
        "fold": study(hp_protein("HPPHPPH"), workers=1, nulls=False),
        "named": study(SpinPolynomial(5, [(PAIRS, WEIGHTS)], labels=NAMES), workers=1, nulls=False),
    }


@pytest.fixture(scope="module")
def pages(found: dict[str, Study], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pages")
    made = {
        name: write_report([one], folder / f"{name}.html", command="spinfunnel judge x") for name, one in found.items()
    }
    made["several"] = write_report(
        [found["spins"], found["fold"], found["atoms"], found["spins"]], folder / "several.html"
    )
    return made


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def opened(browser: Any, pages: dict[str, Path]) -> Iterator[Any]:
    """Show a page by name, opened once for all tests: its first tab at its top, without the drawer.

    At the end no page has logged an error or asked for anything but itself.
    """
    known: dict[tuple[str, int, str], Any] = {}
    errors: list[str] = []
    asked: list[str] = []

    def open_page(name: str, *, size: dict[str, int] = DESK, scheme: str = "light") -> Any:
        page = known.get((name, size["width"], scheme))
        if page is not None:
            page.keyboard.press("Escape")
            page.get_by_role("tab", name="Shape").first.click()
            page.evaluate(AWAY)
            return page
        context = browser.new_context(viewport=size, color_scheme=scheme, accept_downloads=True)
        context.grant_permissions(["clipboard-read", "clipboard-write"])
        page = known[name, size["width"], scheme] = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda line: errors.append(line.text) if line.type == "error" else None)
        page.on("request", lambda request: asked.append(request.url))
        page.goto(pages[name].as_uri())
        page.wait_for_function("document.documentElement.dataset.ready === '1'")
        return page

    yield open_page
    for page in known.values():
        page.context.close()
    assert errors == []
    assert [url for url in asked if not url.startswith(("file:", "blob:", "data:"))] == []


def drawn(page: Any, name: str) -> Any:
    """Scroll to a picture and wait until it is drawn."""
    box = page.locator(f"#plot-{name}")
    box.scroll_into_view_if_needed()
    page.wait_for_selector(f"#plot-{name}[data-drawn='1']", timeout=20_000)
    return box


# ---------------------------------------------------------------------------------------------
# The first screen


def test_the_first_screen_waits_for_no_script(browser: Any, pages: dict[str, Path]) -> None:
    """Verdicts, the map and the trees are there with scripts turned off: nothing is computed before they are drawn."""
    context = browser.new_context(viewport=DESK, java_script_enabled=False)
    page = context.new_page()
    page.goto(pages["several"].as_uri())
    assert page.locator("h1").is_visible()
    assert page.locator("svg.question-map").first.is_visible()
    assert page.locator("svg.small-tree").count() == 4
    assert page.locator("table.compare tbody tr").count() == 4
    context.close()


def test_the_first_screen_holds_the_answer(opened: Any, found: dict[str, Study]) -> None:
    page = opened("spins")
    first = "performance.getEntriesByName('first-contentful-paint')[0]"
    page.wait_for_function(f"{first} !== undefined")
    painted = page.evaluate(f"{first}.startTime")
    # Nothing is unpacked before.
    drawn(page, "disconnectivity-0")
    assert page.evaluate("performance.getEntriesByName('library')[0].startTime") > painted
    page.evaluate(AWAY)
    kind = found["spins"].verdict.kind
    assert page.locator("h1").inner_text().lower().split("\n")[-1].strip() == kind
    for what in ("h1", ".meaning", ".next code", ".question-map", ".small-tree"):
        place = page.locator(what).first.bounding_box()
        assert place is not None
        assert place["y"] + min(place["height"], 400) <= 800, what
    assert page.locator(".strip").count() in range(4, 7)
    assert page.locator(".strip").first.bounding_box()["y"] < 800


@pytest.mark.parametrize("name", ["spins", "several"])
def test_one_column_on_a_phone(opened: Any, name: str) -> None:
    page = opened(name, size=PHONE)
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
    left = {round(page.locator(what).first.bounding_box()["x"]) < 60 for what in (".verdict", ".map", ".tree")}
    assert left == {True}


@pytest.mark.parametrize("name", ["spins", "several"])
def test_one_page_in_print(opened: Any, name: str) -> None:
    page = opened(name)
    assert len(re.findall(rb"/Type /Page[^s]", page.pdf(format="A4"))) == 1


def test_the_commands_are_copied(opened: Any) -> None:
    page = opened("spins")
    for button in (page.locator(".next .copy"), page.locator(".spec .copy")):
        button.click()
        page.wait_for_function("button => button.textContent === 'copied'", arg=button.element_handle())
        assert page.evaluate("navigator.clipboard.readText()") == button.get_attribute("data-copy")


# ---------------------------------------------------------------------------------------------
# Tabs and table


def test_tabs_by_mouse_and_by_keyboard(opened: Any) -> None:
    page = opened("spins")
    names = page.locator("[role=tab]").all_inner_texts()
    assert names == ["Shape", "Thermodynamics", "Dynamics", "All measures", "Provenance"]
    page.get_by_role("tab", name="Provenance").click()
    assert page.locator("#panel-provenance-0").is_visible()
    assert not page.locator("#panel-shape-0").is_visible()
    page.keyboard.press("ArrowLeft")
    assert page.locator("#panel-measures-0").is_visible()
    page.keyboard.press("Home")
    assert page.locator("#panel-shape-0").is_visible()
    assert page.locator("[role=tab][aria-selected=true]").inner_text() == "Shape"
    assert page.locator("[role=tab][tabindex='0']").count() == 1


def test_measures_are_found_and_sorted(opened: Any, found: dict[str, Study]) -> None:
    page = opened("spins")
    page.get_by_role("tab", name="All measures").click()
    rows = page.locator(".values tbody tr:visible")
    known = [name for name, answer in found["spins"].measures.items() if hasattr(answer, "value")]
    assert rows.count() == len(known)
    page.locator(".all").uncheck()
    assert rows.count() == len(found["spins"].measures)
    page.locator(".find").fill("funnel weight")
    assert "funnel_weight" in [row.get_attribute("data-name") for row in rows.all()]
    assert rows.count() < 10
    page.locator(".find").fill("")
    page.locator(".all").check()
    page.get_by_role("button", name="Value").click()
    values = [
        float(cell.get_attribute("data-order"))
        for cell in page.locator(".values tbody tr:visible td:nth-child(2)").all()
    ]
    assert values == sorted(values)
    page.get_by_role("button", name="Value").click()
    assert page.locator("th[aria-sort=descending]").count() == 1
    first = page.locator(".values tbody tr:visible td:nth-child(2)").first
    assert float(first.get_attribute("data-order")) == max(values)


# ---------------------------------------------------------------------------------------------
# Pictures


def test_the_slider_cuts_the_tree_floods_the_terrain_and_recounts(opened: Any, found: dict[str, Study]) -> None:
    page = opened("spins")
    drawn(page, "disconnectivity-0")
    drawn(page, "terrain-0")
    slider = page.locator("#level-0")
    slider.focus()
    page.keyboard.press("Home")
    for _ in range(6):
        page.keyboard.press("PageUp")
    place = int(slider.input_value())
    assert 0 < place < 399
    table = levels(found["spins"])
    energy = table["energy"][place]
    for name in ("disconnectivity", "terrain"):
        page.wait_for_function(
            "([name, energy]) => Number(document.getElementById(`plot-${name}-0`).dataset.level) === energy",
            arg=[name, energy],
        )
    assert f"{_funnels_below(found['spins'], energy)} " in page.locator("#count-0").inner_text()
    shape = page.evaluate("document.getElementById('plot-disconnectivity-0').plotted.layout.shapes[0].y0")
    assert shape == energy
    flood = page.evaluate(
        "document.getElementById('plot-terrain-0').plotted.data.filter(t => t.meta === 'water')"
        ".map(t => [t.visible, t.z[0]])"
    )
    assert flood == [[True, energy]]
    assert float(page.locator(".small-tree .cut").get_attribute("y1")) > 0


def _funnels_below(one: Study, energy: float) -> int:
    """Connected parts of the map below an energy, counted anew by joining minima one saddle at a time."""
    graph = one.graph
    part = list(range(graph.minima))

    def root(k: int) -> int:
        while part[k] != k:
            k = part[k]
        return k

    for hub, spoke, height in zip(*(column.tolist() for column in graph.direct_edges()), strict=True):
        if height <= energy:
            part[root(hub)] = root(spoke)
    return len({root(k) for k in range(graph.minima) if graph.energy[k] <= energy})


def test_a_minimum_is_lit_everywhere_and_told_in_the_drawer(opened: Any, found: dict[str, Study]) -> None:
    page, graph = opened("spins"), found["spins"].graph
    boxes = ["disconnectivity-0", "overlap-0", "terrain-0"]
    for name in boxes:
        drawn(page, name)
    page.evaluate(AWAY)
    number = min(3, graph.minima - 1)
    page.locator(f".small-tree circle[data-m='{number}']").click()
    drawer = page.locator("#drawer")
    assert drawer.is_visible()
    assert f"Minimum {number + 1} of {graph.minima}" in drawer.inner_text()
    assert drawer.locator("svg rect").count() == 12
    assert str(graph.key[number]) in drawer.inner_text()
    for name in boxes:
        page.wait_for_selector(f"#plot-{name}[data-chosen='{number}']")
    lit = page.evaluate(
        "(() => { const d = document.getElementById('plot-overlap-0').plotted.data;"
        " return d.filter(t => t.meta === 'chosen')[0].y[0] })()"
    )
    assert lit == pytest.approx(graph.energy[number], rel=1e-6)
    drawer.locator("button.go").first.click()
    assert drawer.get_attribute("data-minimum") != str(number)
    page.keyboard.press("Escape")
    assert not drawer.is_visible()


def test_a_point_of_a_picture_is_clicked(opened: Any, found: dict[str, Study]) -> None:
    page = opened("spins")
    box = drawn(page, "overlap-0")
    place = page.evaluate(
        "(() => { const g = document.getElementById('plot-overlap-0').plotted, f = g._fullLayout,"
        " t = g.data.filter(t => t.meta === 'minima')[0], k = t.x.length - 1, r = g.getBoundingClientRect();"
        " return [r.left + f._size.l + f.xaxis.l2p(t.x[k]), r.top + f._size.t + f.yaxis.l2p(t.y[k]),"
        " t.customdata[k]] })()"
    )
    page.mouse.move(place[0], place[1])
    page.wait_for_timeout(150)
    page.mouse.click(place[0], place[1])
    page.wait_for_selector("#drawer:not([hidden])")
    graph, told = found["spins"].graph, int(page.locator("#drawer").get_attribute("data-minimum"))
    # Two minima may lie on one place of the picture.
    assert graph.energy[told] == pytest.approx(graph.energy[place[2]])
    assert box.is_visible()


@pytest.mark.parametrize(("name", "what", "count"), [("fold", "svg circle", 7), ("atoms", "canvas", 1)])
def test_the_state_of_a_minimum_is_drawn(opened: Any, name: str, what: str, count: int) -> None:
    page = opened(name, size=PHONE)
    page.locator(".pick").click()
    page.wait_for_selector("#drawer:not([hidden])")
    assert page.locator(f"#drawer {what}").count() == count
    if name == "atoms":
        ink = "document.querySelector('#drawer canvas').toDataURL()"
        before = page.evaluate(ink)
        page.locator("#drawer canvas").focus()
        page.keyboard.press("ArrowRight")
        assert page.evaluate(ink) != before
    page.locator("#drawer .close").click()
    assert not page.locator("#drawer").is_visible()


def test_variables_are_told_by_name(opened: Any, found: dict[str, Study]) -> None:
    page = opened("named", size=PHONE)
    page.locator(".pick").click()
    page.wait_for_selector("#drawer:not([hidden])")
    cells = page.locator("#drawer table tbody td").all_inner_texts()
    key = str(found["named"].graph.key[0])
    assert list(zip(cells[::2], cells[1::2], strict=True)) == list(zip(NAMES, key, strict=True))
    assert page.locator("#drawer svg rect").count() == 5


def test_every_picture_is_drawn_when_it_is_scrolled_to(opened: Any) -> None:
    page = opened("spins")
    for tab in ("Shape", "Thermodynamics", "Dynamics"):
        page.get_by_role("tab", name=tab, exact=True).click()
        for box in page.locator(".panel.open .plot").all():
            drawn(page, str(box.get_attribute("id")).removeprefix("plot-"))
    # Nothing on the page sends it anywhere.
    titles = [button.get_attribute("data-title") or "" for button in page.locator(".modebar-btn").all()]
    assert titles
    assert not [title for title in titles if "share" in title.lower() or "cloud" in title.lower()]


def test_pictures_are_saved(opened: Any, found: dict[str, Study]) -> None:
    page = opened("spins")
    drawn(page, "profile-0")
    for form, beginning in (("png", b"\x89PNG"), ("svg", b"<svg"), ("csv", b"curve,x,y,z")):
        with page.expect_download() as waiting:
            page.get_by_role("button", name=f"Save Funnel profile as {form.upper()}").click()
        assert Path(waiting.value.path()).read_bytes().startswith(beginning)
        assert waiting.value.suggested_filename == f"profile-0.{form}"
    page.evaluate(AWAY)
    for what in ("map", "tree"):
        for form, beginning in (("png", b"\x89PNG"), ("svg", b"<svg")):
            with page.expect_download() as waiting:
                page.get_by_role("button", name=f"Save the {what} as {form.upper()}").click()
            assert Path(waiting.value.path()).read_bytes().startswith(beginning)
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Save the tree as CSV").click()
    rows = Path(waiting.value.path()).read_text().splitlines()
    graph = found["spins"].graph
    assert len(rows) == 1 + graph.minima
    energies = [float(row.split(",")[2]) for row in rows[1:]]
    np.testing.assert_allclose(energies, graph.energy, rtol=1e-8)
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Save the map as CSV").click()
    assert "leads there" in Path(waiting.value.path()).read_text()


# ---------------------------------------------------------------------------------------------
# For everyone


@pytest.mark.parametrize(
    ("name", "scheme", "size", "picture"),
    [
        ("spins", "light", DESK, "disconnectivity-0"),
        ("fold", "dark", PHONE, "profile-0"),
        ("several", "light", DESK, ""),
    ],
)
def test_axe_finds_nothing_serious(opened: Any, name: str, scheme: str, size: dict[str, int], picture: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page = opened(name, scheme=scheme)
    for state in ("as it opens",) if name == "several" else ("as it opens", "all measures", "with the drawer"):
        if state == "all measures":
            page.get_by_role("tab", name="All measures").first.click()
        elif state == "with the drawer":
            page.evaluate(AWAY)
            page.locator(".pick").first.click()
            page.wait_for_selector("#drawer:not([hidden])")
        found = axe.run(page, options={"resultTypes": ["violations"]}).response["violations"]
        grave = [
            (one["id"], one["nodes"][0]["html"][:120]) for one in found if one["impact"] in ("serious", "critical")
        ]
        assert grave == [], state


def test_everything_is_reached_by_the_keyboard(opened: Any) -> None:
    page = opened("spins")
    seen = {"copy"}
    page.locator(".copy").first.focus()
    for _ in range(40):
        page.keyboard.press("Tab")
        seen.add(
            page.evaluate(
                "document.activeElement.className + ' ' + (document.activeElement.getAttribute('role') || '')"
            )
        )
    reached = " ".join(seen)
    for what in ("copy", "save", "tab", "level", "pick"):
        assert what in reached


def test_hostile_names_stay_text(browser: Any, found: dict[str, Study], tmp_path: Path) -> None:
    import dataclasses

    evil = "</script><img src=x onerror=window.hacked=1><b>"
    one = found["spins"]
    entry = dataclasses.replace(one.landscape, name=evil, parameters={"file": evil})
    keys = np.array([f"{evil}{k}" for k in range(one.graph.minima)])
    fields = {slot: getattr(one.graph, slot) for slot in one.graph.__slots__ if slot not in {"native", "key"}}
    graph = type(one.graph)(**fields, key=keys)
    verdict = dataclasses.replace(one.verdict, reason=evil)
    page = browser.new_page(viewport=DESK)
    path = write_report(
        [dataclasses.replace(one, landscape=entry, graph=graph, verdict=verdict)], tmp_path / "page.html", command=evil
    )
    page.goto(path.as_uri())
    page.wait_for_function("document.documentElement.dataset.ready === '1'")
    page.locator(".pick").click()
    page.wait_for_selector("#drawer:not([hidden])")
    assert evil in page.locator("#drawer").inner_text()
    assert page.evaluate("window.hacked") is None
    assert page.locator("img[src=x]").count() == 0
    page.close()


def test_the_tree_at_first_sight_draws_what_the_map_holds(found: dict[str, Study]) -> None:
    graph = found["spins"].graph
    assert graph.minima <= LIMIT
    assert json.dumps(levels(found["spins"]))  # Strict JSON, no infinity.
