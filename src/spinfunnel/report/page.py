"""The page as a string."""

from __future__ import annotations

import datetime as dt
import importlib.resources
from collections.abc import Sequence

from spinfunnel.landscape.estimate import Estimate, NoAnswer
from spinfunnel.measure import MEASURES
from spinfunnel.plot import PICTURES, pictures_of
from spinfunnel.report.plot_box import plot_box
from spinfunnel.report.reported import Reported
from spinfunnel.report.text import escape, number, parameters, strip, table, title, value
from spinfunnel.version import __version__

__all__ = ["page"]

POLICY = (
    "default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; style-src 'unsafe-inline'; img-src data: blob:;"
    " font-src data:"
)
"""Nothing may be fetched from anywhere: the browser itself holds the page to that."""

HEADLINES = ("funnel_weight", "funnels", "profile_area", "rival_weight", "frustration", "tf_tg", "funnel_slope")
"""Measures in the table that compares several systems."""

MEANING = {
    "funnel": "a native state stands out, and the landscape leads there",
    "multi-funnel": "the landscape leads to a native state, but a rival funnel traps much of it",
    "golf course": "a native state stands out, but nothing leads there",
    "smooth": "few or no barriers: everything is near the native state",
    "glass": "nothing stands out, and nothing leads anywhere",
    "undecided": "the evidence does not suffice for a verdict",
}


def page(studies: Sequence[Reported], *, command: str | None) -> str:
    """Return the whole page."""
    from plotly.offline import get_plotlyjs

    heading = "Is it a funnel or a glass?"
    several = len(studies) > 1
    cards = "".join(_card(study, number_of=number, alone=not several) for number, study in enumerate(studies))
    written = dt.datetime.now(dt.UTC).strftime("%Y-%m-%d %H:%M UTC")
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        f"<title>{escape(_heading(studies))}</title><style>{_asset('page.css')}</style></head><body>"
        f'<header><p class="brand">spinfunnel</p><h1>{heading}</h1></header><main>'
        f"{_comparison(studies) if several else ''}"
        f'<div class="cards n{min(len(studies), 4)}">{cards}</div>{_side_by_side(studies) if several else ""}</main>'
        f"{_footer(studies, command=command, written=written)}"
        f"<script>{get_plotlyjs()}</script><script>{_asset('page.js')}</script></body></html>\n"
    )


def _asset(name: str) -> str:
    return importlib.resources.files("spinfunnel.report").joinpath(name).read_text(encoding="utf-8")


def _heading(studies: Sequence[Reported]) -> str:
    return "spinfunnel: " + ", ".join(f"{_name(study)} - {study.verdict.kind}" for study in studies)


def _name(study: Reported) -> str:
    return str(study.landscape.name)


def _badge(kind: str) -> str:
    slug = "".join(letter if letter.isalpha() else "-" for letter in kind.lower())
    return f'<span class="badge {escape(slug)}">{escape(kind)}</span>'


def _comparison(studies: Sequence[Reported]) -> str:
    shown = [name for name in HEADLINES if any(name in study.measures for study in studies)]
    head = [
        "system",
        "verdict",
        "minima",
        "ground energy",
        *(f'<span title="{escape(_summary(name))}">{escape(title(name))}</span>' for name in shown),
    ]
    rows = []
    for place, study in enumerate(studies):
        cells = [
            f'<a href="#system-{place}">{escape(_name(study))}</a>' + _settings(study),
            _badge(study.verdict.kind),
            number(study.graph.minima),
            number(float(study.graph.energy[0])) if study.graph.minima else "–",
        ]
        cells += [_short(study, name) for name in shown]
        rows.append(cells)
    return f'<section class="comparison"><h2>Compared</h2>{table(head, rows, kind="compare")}</section>'


def _settings(study: Reported) -> str:
    return f"<small>{escape(parameters(study.landscape.parameters.items()))}</small>"


def _short(study: Reported, name: str) -> str:
    return value(study.measures[name], null=True) if name in study.measures else "–"


def _summary(name: str) -> str:
    return MEASURES[name].summary if name in MEASURES else name


def _card(study: Reported, *, number_of: int, alone: bool) -> str:
    verdict = study.verdict
    measures = f'<section class="measures"><h3>Measures</h3>{_measures(study)}</section>' if alone else ""
    null = study.nulls.get("shuffled_energies")
    entry = study.landscape
    pictures = pictures_of(entry.name, entry.parameters, kind=entry.kind, views=study.views)
    boxes = "".join(plot_box(picture, study.graph, place=number_of, null=null) for picture in pictures)
    meaning = MEANING.get(verdict.kind, "")
    return (
        f'<article class="card" id="system-{number_of}"><div class="verdict"><h2>{escape(_name(study))}</h2>'
        f'<p class="what">{escape(parameters(study.landscape.parameters.items()))}</p>'
        f'<p class="kind">{_badge(verdict.kind)}<span>{escape(meaning)}</span></p>'
        f'<p class="reason">{escape(_sentence(verdict.reason))}</p>{_advice(study)}</div>'
        f'<div class="pictures{" wide" if alone else ""}">{boxes}</div>'
        f"{measures}"
        f'<section class="provenance"><h3>Where this comes from</h3>{_provenance(study)}</section></article>'
    )


def _sentence(text: str) -> str:
    text = text.strip()
    if not text:
        return ""
    return text[0].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")


def _measures(study: Reported) -> str:
    nulls = [null for null, row in study.nulls.items() if any(isinstance(each, Estimate) for each in row.values())]
    head = ["measure", "value"]
    for null in nulls:
        samples = study.null_samples.get(null)
        note = f"<small>{number(samples)} samples, central 95 %</small>" if samples else ""
        head.append(f"{escape(title(null))}{note}")
    if nulls:
        head.append("beside each other")
    rows = []
    for name, measurement in study.measures.items():
        if isinstance(measurement, NoAnswer):
            continue
        beside = [study.nulls[null][name] for null in nulls if name in study.nulls[null]]
        row = [_about(name), value(measurement)]
        row += [value(study.nulls[null][name], null=True) if name in study.nulls[null] else "–" for null in nulls]
        if nulls:
            row.append(strip(measurement, beside))
        rows.append(row)
    return table(head, rows, kind="values") + _no_nulls(study, nulls) + _unanswered(study)


def _no_nulls(study: Reported, drawn: Sequence[str]) -> str:
    """Why nothing is drawn beside the measures, where an ensemble has no answer at all."""
    reasons: dict[str, list[str]] = {}
    for null, row in study.nulls.items():
        answer = next(iter(row.values()), None)
        if null not in drawn and isinstance(answer, NoAnswer):
            reasons.setdefault(answer.cause, []).append(title(null))
    return "".join(
        f'<p class="reason">{escape(f"Not beside {and_list}: {cause}.")}</p>'
        for cause, and_list in ((cause, " and ".join(names)) for cause, names in reasons.items())
    )


def _unanswered(study: Reported) -> str:
    """Why the other measures have no value, those with one reason together."""
    reasons: dict[NoAnswer, list[str]] = {}
    for name, measurement in study.measures.items():
        if isinstance(measurement, NoAnswer):
            reasons.setdefault(measurement, []).append(title(name))
    if not reasons:
        return ""
    rows = [[escape(", ".join(names)), value(reason)] for reason, names in reasons.items()]
    return f"<h4>Without an answer</h4>{table(['measures', 'why'], rows, kind='values')}"


def _side_by_side(studies: Sequence[Reported]) -> str:
    """Measures of all systems in one table, a column each, with the nulls below the values."""
    names = dict.fromkeys(name for study in studies for name in study.measures)
    head = ["measure", *(f"{escape(_name(study))}{_null_note(study)}" for study in studies)]
    rows = []
    for name in names:
        row = [_about(name)]
        for study in studies:
            if name not in study.measures:
                row.append("–")
                continue
            beside = [(null, values[name]) for null, values in study.nulls.items() if name in values]
            lines = "".join(
                f'<span class="beside">{escape(title(null))}: {value(one, null=True)}</span>' for null, one in beside
            )
            row.append(value(study.measures[name]) + lines + strip(study.measures[name], [one for _, one in beside]))
        rows.append(row)
    return f'<section class="comparison measures"><h2>Measures</h2>{table(head, rows, kind="values side")}</section>'


def _advice(study: Reported) -> str:
    """Which method suits a landscape that was sampled."""
    found = study.details.get("advice")
    return f'<p class="reason">{escape(_sentence("to solve it, " + found["reason"]))}</p>' if found else ""


def _null_note(study: Reported) -> str:
    notes = [f"{title(null)}: {number(count)} samples, central 95 %" for null, count in study.null_samples.items()]
    return f"<small>{escape('; '.join(notes))}</small>" if notes else ""


def _about(name: str) -> str:
    source = MEASURES[name].source if name in MEASURES else ""
    return f'{escape(title(name))}<small>{escape(_summary(name))}<span class="source">{escape(source)}</span></small>'


def _provenance(study: Reported) -> str:
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
    return "<dl>" + "".join(f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in facts) + "</dl>"


def _options(options: object) -> str:
    pairs = dict(options) if hasattr(options, "items") else {}  # type: ignore[call-overload]
    return f" ({parameters(pairs.items())})" if pairs else ""


def _footer(studies: Sequence[Reported], *, command: str | None, written: str) -> str:
    version = __version__
    used = dict.fromkeys(MEASURES[name].source for study in studies for name in study.measures if name in MEASURES)
    drawn = dict.fromkeys(picture.source for picture in PICTURES.values())
    sources = "".join(f"<li>{escape(source)}</li>" for source in sorted({*used, *drawn}))
    made = f"<p>Made by</p><pre><code>{escape(command)}</code></pre>" if command else ""
    return (
        f"<footer><section><h2>Reproduce</h2>{made}<p>spinfunnel {escape(version)}, page written {escape(written)}. "
        "The same seed gives the same numbers on any number of workers.</p></section>"
        "<section><h2>How to cite</h2>"
        f"<p>The spinfunnel authors, <i>spinfunnel: is it a funnel or a glass?</i>, version {escape(version)},"
        " together with the sources of what you quote:</p>"
        f"<details><summary>Sources of measures and pictures</summary><ul>{sources}</ul></details></section></footer>"
    )
