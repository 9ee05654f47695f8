"""What stands below the first screen: pictures by theme, all measures, provenance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from spinfunnel.landscape.estimate import Estimate, Measurement, NoAnswer
from spinfunnel.measure import MEASURES
from spinfunnel.plot import Picture, pictures_of
from spinfunnel.report.payload import picture_box
from spinfunnel.report.reported import Reported
from spinfunnel.report.strips import strip_picture
from spinfunnel.report.text import escape, number, parameters, title, value

__all__ = ["drawable", "measures_table", "provenance", "tabs"]

THEMES = (("shape", "Shape"), ("thermodynamics", "Thermodynamics"), ("dynamics", "Dynamics"))
SHUFFLED = "shuffled_energies"


def drawable(study: Reported) -> tuple[dict[str, Picture], dict[str, tuple[Picture, str]]]:
    """Pictures of a landscape that can be drawn, and those that cannot with the reason, by name."""
    entry = study.landscape
    drawn: dict[str, Picture] = {}
    absent: dict[str, tuple[Picture, str]] = {}
    for picture in pictures_of(entry.name, entry.parameters, kind=entry.kind, views=study.views):
        obstacle = picture.obstacle(study.graph)
        if obstacle:
            absent[picture.name] = (picture, obstacle)
        else:
            drawn[picture.name] = picture
    return drawn, absent


def tabs(study: Reported, *, place: int, level: int) -> str:
    """Tabs of one landscape."""
    drawn, absent = drawable(study)
    panels: list[tuple[str, str, str]] = []
    for theme, words in THEMES:
        boxes = "".join(
            picture_box(picture, study, place=place, null=study.nulls.get(SHUFFLED))
            for picture in drawn.values()
            if _theme(picture) == theme
        )
        missing = [(picture, why) for picture, why in absent.values() if _theme(picture) == theme]
        controls = _slider(place) if theme == "shape" and study.graph.minima else ""
        if boxes or missing:
            panels.append((theme, words, f'{controls}<div class="pictures">{boxes}</div>{_absent(missing)}'))
    panels.append(("measures", "All measures", measures_table(study, place=place)))
    panels.append(("provenance", "Provenance", provenance(study)))
    buttons = "".join(
        f'<button type="button" role="tab" id="tab-{name}-{place}" aria-controls="panel-{name}-{place}" '
        f'aria-selected="{"true" if first else "false"}" tabindex="{0 if first else -1}">{words}</button>'
        for first, (name, words, _) in zip([True] + [False] * len(panels), panels, strict=False)
    )
    bodies = "".join(
        f'<div role="tabpanel" id="panel-{name}-{place}" class="panel {name}" aria-labelledby="tab-{name}-{place}" '
        f'tabindex="0"><h{level} class="panel-title">{words}</h{level}>{body}</div>'
        for name, words, body in panels
    )
    heads = f'<div role="tablist" aria-label="More about this landscape">{buttons}</div>'
    return f'<section class="tabs">{heads}{bodies}</section>'


def _theme(picture: Picture) -> str:
    """Tab of a picture; that of shapes for one of another package that names none of ours."""
    return picture.tab if picture.tab in dict(THEMES) else THEMES[0][0]


def _slider(place: int) -> str:
    return (
        f'<div class="cutter"><label for="level-{place}">Energy level</label><input type="range" id="level-{place}" '
        f'class="level" data-system="{place}" min="0" max="399" value="399" aria-describedby="count-{place}">'
        f'<output id="count-{place}" for="level-{place}" aria-live="polite">Move the slider to cut the tree and flood '
        "the terrain.</output></div>"
    )


def _absent(missing: Sequence[tuple[Picture, str]]) -> str:
    if not missing:
        return ""
    rows = "".join(f"<li><b>{escape(picture.title)}</b>: {escape(why)}.</li>" for picture, why in missing)
    names = ", ".join(escape(picture.title.lower()) for picture, _ in missing)
    return f'<details class="absent"><summary>Not drawn: {names}</summary><ul>{rows}</ul></details>'


def measures_table(study: Reported, *, place: int) -> str:
    """All measures, those with a value first; the page's script sorts and filters them."""
    nulls = list(study.nulls)
    head = ["Measure", "Value", *(_null_head(study, null) for null in nulls), "Beside each other"]
    rows: list[str] = []
    lacking: list[str] = []
    for name, answer in study.measures.items():
        beside = [study.nulls[null][name] for null in nulls if name in study.nulls[null]]
        cells = [value(answer), *(_null(study.nulls[null].get(name)) for null in nulls), strip_picture(answer, beside)]
        order = [_order(answer), *(_order(study.nulls[null].get(name)) for null in nulls), ""]
        tds = "".join(f'<td data-order="{key}">{cell}</td>' for key, cell in zip(order, cells, strict=True))
        row = (
            f'<tr data-name="{escape(name)}" class="{"lacking" if isinstance(answer, NoAnswer) else "known"}">'
            f'<th scope="row" data-order="{escape(title(name))}">{_about(name)}</th>{tds}</tr>'
        )
        (lacking if isinstance(answer, NoAnswer) else rows).append(row)
    top = "".join(
        f'<th scope="col" aria-sort="none"><button type="button" class="sort">{cell}</button></th>'
        if k < len(head) - 1
        else f'<th scope="col">{cell}</th>'
        for k, cell in enumerate(head)
    )
    return (
        f'<div class="filter"><label for="find-{place}">Find</label><input type="search" id="find-{place}" '
        f'class="find" placeholder="name or word"><label><input type="checkbox" class="all" checked> with a value only '
        f"({len(rows)} of {len(rows) + len(lacking)})</label></div>"
        f'<div class="scroll" tabindex="0" role="region" aria-label="All measures"><table class="values">'
        f"<thead><tr>{top}</tr></thead><tbody>{''.join(rows)}{''.join(lacking)}</tbody></table></div>"
    )


def _null_head(study: Reported, null: str) -> str:
    count = study.null_samples.get(null)
    note = f"<small>{number(count)} samples, central 95 %</small>" if count else ""
    return f"{escape(title(null).capitalize())}{note}"


def _null(answer: Measurement | None) -> str:
    return "–" if answer is None else value(answer, null=True)


def _order(answer: Measurement | None) -> str:
    return repr(float(answer.value)) if isinstance(answer, Estimate) else ""


def _about(name: str) -> str:
    summary = MEASURES[name].summary if name in MEASURES else name
    source = MEASURES[name].source if name in MEASURES else ""
    return f'{escape(title(name))}<small>{escape(summary)}<span class="source">{escape(source)}</span></small>'


def provenance(study: Reported) -> str:
    """Where the numbers come from."""
    landscape, run, graph = study.landscape, study.run, study.graph
    exactness = (
        "exact: every minimum, basin and needed saddle"
        if graph.exact
        else "sampled: barriers are upper bounds, minima may be missing"
    )
    failures = ", ".join(f"{reason} ({count:,})" for reason, count in sorted(run.failures.items()))
    facts: list[tuple[str, str]] = [
        ("system", f"{landscape.name} ({landscape.kind.word})"),
        ("parameters", parameters(landscape.parameters.items()) or "none"),
        ("states", number(landscape.states) if landscape.states is not None else "not finite"),
        ("symmetry divided out", ", ".join(graph.symmetry) or "none"),
        ("explorer", f"{run.explorer}{_options(run.options)}"),
        ("map", exactness),
        ("outcome", run.outcome),
        ("minima, saddles", f"{graph.minima:,}, {graph.saddles:,}"),
    ]
    if graph.census is not None:
        facts.append(("minima, all symmetric copies", f"{graph.census.minima_raw:,}"))
    if graph.minima:
        facts.append(("ground energy", number(float(graph.energy[0]))))
    facts += [
        ("energy evaluations", number(run.evaluations)),
        *((("searches that led to nothing", failures),) if failures else ()),
        ("seed", str(run.seed)),
        ("exploring took", f"{run.seconds:.3g} s"),
        ("version", run.version),
        ("identity", str(landscape.identity)),
    ]
    rows = "".join(f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in facts)
    advice = study.details.get("advice") if isinstance(study.details, Mapping) else None
    solve = f"<p><b>To solve it</b> {escape(advice['reason'])}.</p>" if advice else ""
    return f"<dl>{rows}</dl>{solve}"


def _options(options: object) -> str:
    pairs = dict(options) if hasattr(options, "items") else {}  # type: ignore[call-overload]
    return f" ({parameters(pairs.items())})" if pairs else ""
