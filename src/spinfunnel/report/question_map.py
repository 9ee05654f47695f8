"""The map of the two questions as an SVG picture: one point for each landscape, clouds for nulls, areas for kinds."""

from __future__ import annotations

from collections.abc import Sequence

from spinfunnel.report.names import landscape_title
from spinfunnel.report.questions import NO, YES, Cloud, Position, Scale, position_of
from spinfunnel.report.reported import Reported
from spinfunnel.report.text import escape, number, slug, title

__all__ = ["map_note", "question_map"]

LEFT, TOP, SIDE, WIDTH, HEIGHT = 58.0, 12.0, 320.0, 392.0, 386.0
"""Of the picture: margins of the square, its side, the whole."""

AREAS = (
    ("funnel", YES, YES, ("funnel", "several, if a rival")),
    ("golf-course", 0.0, YES, ("golf course",)),
    ("glass", 0.0, 0.0, ("glass",)),
    ("smooth", YES, 0.0, ("smooth,", "or glass if traps")),
)
"""Corners of the plane: colour, corner at the low end (leads, stands), words."""
BOUND = (NO, YES)

STYLE = (
    "--map-ink:var(--ink,currentColor);--map-quiet:var(--quiet,#7b828d);--map-line:var(--line,#c9cdd3);"
    "--map-ground:var(--card,#fff);font-family:system-ui,sans-serif"
)


def question_map(studies: Sequence[Reported], *, name: str = "map") -> str:
    """SVG of the map.

    Parameters
    ----------
    studies : sequence of Reported
        One point each; clouds of nulls are drawn of a single one, or of the first that has any.
    name : str
        Prefix of the identities in the page.
    """
    positions = [position_of(study) for study in studies]
    spoken = escape(" ".join(_spoken(study, place) for study, place in zip(studies, positions, strict=True)))
    clouds = "".join(_cloud(cloud) for cloud in _clouds(positions))
    points = "".join(
        _point(study, place, number_of=k, several=len(studies) > 1)
        for k, (study, place) in enumerate(zip(studies, positions, strict=True))
    )
    # Several points are links, and an image has none.
    role = "group" if len(studies) > 1 else "img"
    return (
        f'<svg class="question-map" id="{escape(name)}" viewBox="0 0 {WIDTH:g} {HEIGHT:g}" role="{role}" '
        f'style="{STYLE}" data-csv="{escape(_table(studies, positions))}" '
        f'aria-label="Map of the two questions. {spoken}">'
        f'<defs><pattern id="{escape(name)}-open" width="7" height="7" patternUnits="userSpaceOnUse" '
        'patternTransform="rotate(45)"><line x1="0" y1="0" x2="0" y2="7" stroke="var(--map-line)" stroke-width="1.4"/>'
        f"</pattern></defs>{_areas(name)}{clouds}{_axes(positions)}{points}</svg>"
    )


def _table(studies: Sequence[Reported], positions: Sequence[Position]) -> str:
    """Points and clouds as comma-separated text."""
    rows = ["name,kind,question,measure,value,place,low,high"]
    for study, position in zip(studies, positions, strict=True):
        name = landscape_title(study.landscape).replace('"', "'")
        for question, found in (("leads there", position.leads), ("stands out", position.stands)):
            if found is not None:
                said = f'"{found.said}"'
                rows.append(
                    f'"{name}",{study.verdict.kind},{question},{found.measure},{said},'
                    f"{found.value:.4f},{found.low:.4f},{found.high:.4f}"
                )
        for cloud in position.clouds:
            for question, reach in (("leads there", cloud.leads), ("stands out", cloud.stands)):
                if reach is not None:
                    rows.append(f'"{cloud.name}",null,{question},,,,{reach[0]:.4f},{reach[1]:.4f}')
    return "\n".join(rows)


def _x(place: float) -> float:
    return LEFT + SIDE * place


def _y(place: float) -> float:
    return TOP + SIDE * (1.0 - place)


def _areas(name: str) -> str:
    pieces = [
        f'<rect x="{_x(0):.1f}" y="{_y(1):.1f}" width="{SIDE:g}" height="{SIDE:g}" fill="url(#{escape(name)}-open)"/>'
    ]
    for kind, left, low, words in AREAS:
        colour = f"var(--{kind},{COLOURS[kind]})"
        side = SIDE * NO
        x, y = _x(left), _y(low + NO)
        pieces.append(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{side:.1f}" height="{side:.1f}" fill="var(--map-ground)"/>'
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{side:.1f}" height="{side:.1f}" fill="{colour}" opacity=".16"/>'
        )
        for line, word in enumerate(words):
            size, weight = (13, 600) if line == 0 else (10.5, 400)
            # At the inner edge: what is clear lies further out.
            down = y + side - 8 - 13 * (len(words) - 1 - line) if low > 0 else y + 17 + 13 * line
            pieces.append(
                f'<text x="{x + side / 2:.1f}" y="{down:.1f}" text-anchor="middle" font-size="{size}" '
                f'font-weight="{weight}" fill="{colour}">{word}</text>'
            )
    pieces.append(
        f'<rect x="{_x(0.5) - 33:.1f}" y="{_y(0.5) - 9:.1f}" width="66" height="17" rx="3" fill="var(--map-ground)" '
        f'opacity=".85"/><text x="{_x(0.5):.1f}" y="{_y(0.5) + 4:.1f}" text-anchor="middle" font-size="12" '
        'fill="var(--map-quiet)">undecided</text>'
    )
    return "".join(pieces)


COLOURS = {
    "funnel": "#00704f",
    "multi-funnel": "#0072b2",
    "golf-course": "#8a5a00",
    "smooth": "#3d6b99",
    "glass": "#a8385d",
    "undecided": "#5b616b",
}
"""Of the kinds, where the page's style sheet is absent, as in a notebook."""


def _axes(positions: Sequence[Position]) -> str:
    leads, stands = _shared(positions, 0), _shared(positions, 1)
    quiet = 'fill="var(--map-quiet)" font-size="11"'
    frame = f'x="{_x(0):.1f}" y="{_y(1):.1f}" width="{SIDE:g}" height="{SIDE:g}"'
    pieces = [f'<rect {frame} fill="none" stroke="var(--map-line)"/>']
    for place, middle_of, word in ((0.0, NO / 2, "no"), (NO, 0.5, ""), (YES, (1 + YES) / 2, "yes")):
        if word:
            left, up = _x(middle_of), _y(middle_of) + 4
            pieces.append(f'<text x="{left:.1f}" y="{_y(0) + 15:.1f}" text-anchor="middle" {quiet}>{word}</text>')
            pieces.append(f'<text x="{_x(0) - 7:.1f}" y="{up:.1f}" text-anchor="end" {quiet}>{word}</text>')
        if place:
            pieces.append(_tick(leads, place, across=True) + _tick(stands, place, across=False))
    middle = LEFT + SIDE / 2
    pieces.append(
        f'<text x="{middle:g}" y="{_y(0) + 33:.1f}" text-anchor="middle" font-size="13" fill="var(--map-ink)">'
        "Does the landscape lead there?</text>"
        f'<text transform="translate(13 {TOP + SIDE / 2:g}) rotate(-90)" text-anchor="middle" font-size="13" '
        'fill="var(--map-ink)">Does a native state stand out?</text>'
    )
    for scale, text in ((leads, "x"), (stands, "y")):
        if scale is not None:
            at = f"by {title(scale.measure)}"
            where = (
                f'x="{middle:g}" y="{_y(0) + 48:.1f}" text-anchor="middle"'
                if text == "x"
                else f'transform="translate(26 {TOP + SIDE / 2:g}) rotate(-90)" text-anchor="middle"'
            )
            pieces.append(f"<text {where} {quiet}>{escape(at)}</text>")
    return "".join(pieces)


def _shared(positions: Sequence[Position], axis: int) -> Scale | None:
    """Scale of an axis, where all landscapes share one."""
    scales = {position.scales[axis] for position in positions}
    return scales.pop() if len(scales) == 1 else None


def _tick(scale: Scale | None, place: float, *, across: bool) -> str:
    """Limit at an edge of a zone, as a number."""
    if scale is None:
        return ""
    limit = scale.yes if place == YES else scale.no
    if limit is None or (scale.yes == scale.no and place == NO):
        return ""
    words = escape(number(limit))
    if across:
        return (
            f'<text x="{_x(place):.1f}" y="{_y(0) + 15:.1f}" text-anchor="middle" font-size="11" '
            f'fill="var(--map-ink)">{words}</text>'
        )
    return (
        f'<text x="{_x(0) - 4:.1f}" y="{_y(place) + 4:.1f}" text-anchor="end" font-size="11" '
        f'fill="var(--map-ink)">{words}</text>'
    )


def _clouds(positions: Sequence[Position]) -> tuple[Cloud, ...]:
    return next((position.clouds for position in positions if position.clouds), ())


def _cloud(cloud: Cloud) -> str:
    """Cloud of a null: an ellipse, or a band where one of the two was not measured."""
    left, right = cloud.leads or (0.0, 1.0)
    low, high = cloud.stands or (0.0, 1.0)
    x, y = _x(left), _y(high)
    width, height = max(SIDE * (right - left), 5.0), max(SIDE * (high - low), 5.0)
    words = f"{cloud.name}: central 95 % of its samples"
    if cloud.leads and cloud.stands:
        shape = (
            f'<ellipse cx="{x + width / 2:.1f}" cy="{y + height / 2:.1f}" rx="{width / 2:.1f}" ry="{height / 2:.1f}"'
        )
    else:
        shape = f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" rx="2"'
    at = (
        f'x="{_x(0.5) - 50:.1f}" y="{max(y + 12, TOP + 12):.1f}"'
        if not cloud.leads
        else f'transform="translate({min(x + width + 11, _x(1) - 4):.1f} {_y(0.5) + 40:.1f}) rotate(-90)"'
        if not cloud.stands
        else f'x="{min(max(x + width / 2, LEFT + 52), LEFT + SIDE - 52):.1f}" y="{y + height + 11:.1f}" '
        'text-anchor="middle"'
    )
    return (
        f'<g class="cloud"><title>{escape(words)}</title>{shape} fill="var(--map-quiet)" opacity=".2"/>'
        f'<text {at} font-size="10.5" fill="var(--map-quiet)">{escape(cloud.name)}</text></g>'
    )


def _point(study: Reported, position: Position, *, number_of: int, several: bool) -> str:
    """One landscape: a point with its error bars, or a bar across the picture where one answer is missing."""
    leads, stands = position.leads, position.stands
    if leads is None and stands is None:
        return ""
    colour = f"var(--{slug(study.verdict.kind)},{COLOURS.get(slug(study.verdict.kind), '#5b616b')})"
    across = (0.0, 1.0) if leads is None else (leads.low, leads.high)
    up = (0.0, 1.0) if stands is None else (stands.low, stands.high)
    x, y = _x(0.5 if leads is None else leads.value), _y(0.5 if stands is None else stands.value)
    dash = ' stroke-dasharray="2 5"'
    bars = (
        f'<line x1="{_x(across[0]):.1f}" x2="{_x(across[1]):.1f}" y1="{y:.1f}" y2="{y:.1f}"'
        f"{dash if not leads else ''}/>"
        f'<line y1="{_y(up[0]):.1f}" y2="{_y(up[1]):.1f}" x1="{x:.1f}" x2="{x:.1f}"{dash if not stands else ""}/>'
    )
    label = str(number_of + 1) if several else ""
    spot = (
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{9 if several else 7}" fill="{colour}" stroke="var(--map-ground)" '
        f'stroke-width="2"/><text x="{x:.1f}" y="{y + 4:.1f}" text-anchor="middle" font-size="11" font-weight="700" '
        f'fill="#fff">{label}</text>'
    )
    words = escape(_spoken(study, position))
    body = f'<title>{words}</title><g stroke="{colour}" stroke-width="2.4">{bars}</g>{spot}'
    return f'<a href="#system-{number_of}" aria-label="{words}">{body}</a>' if several else f"<g>{body}</g>"


def _spoken(study: Reported, position: Position) -> str:
    """The point in words."""
    leads = "unknown" if position.leads is None else f"{position.leads.answer} ({_by(position.leads.measure)})"
    stands = "unknown" if position.stands is None else f"{position.stands.answer} ({_by(position.stands.measure)})"
    return (
        f"{landscape_title(study.landscape)}: {study.verdict.kind}; leads there: {leads}; stands out: {stands}."
    ).replace("open", "undecided")


def _by(measure: str) -> str:
    return f"by {title(measure)}"


def map_note(study: Reported) -> str:
    """What else decided, where the two questions alone do not give the verdict; empty where they do."""
    position, kind = position_of(study), study.verdict.kind
    if position.leads is None and position.stands is None:
        return "The two questions have no numbers here; the verdict rests on the measures below."
    if position.leads is None or position.stands is None:
        which = "Whether the landscape leads there" if position.leads is None else "Whether a native state stands out"
        return f"{which} has no number here, so the point is drawn as a dotted line."
    corner = {
        ("yes", "yes"): {"funnel", "multi-funnel"},
        ("no", "yes"): {"golf course"},
        ("no", "no"): {"glass"},
        ("yes", "no"): {"smooth", "glass"},
    }.get((position.leads.answer, position.stands.answer), {"undecided"})
    if kind in corner:
        return ""
    if "open" in (position.leads.answer, position.stands.answer) and kind != "undecided":
        return "One of these two answers is open; other measures, below, decided."
    return "These two numbers alone would say otherwise; the measures below decided."
