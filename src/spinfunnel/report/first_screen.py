"""The first screen: the verdict as the heading, one sentence, the next command, the map, the tree, what decided."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from spinfunnel.report.names import landscape_title, specification
from spinfunnel.report.next_step import next_step
from spinfunnel.report.question_map import map_note, question_map
from spinfunnel.report.questions import position_of
from spinfunnel.report.reported import Reported
from spinfunnel.report.strips import strips
from spinfunnel.report.text import escape, number, slug, title

__all__ = ["MEANING", "how_sure", "opening", "overview"]

MEANING = {
    "funnel": "One state stands out, and most ways down lead to it.",
    "multi-funnel": "There are several deep funnels. A search that ends in one rarely reaches another.",
    "golf course": "One state stands out, but nothing leads there: it is found by luck.",
    "smooth": "There are hardly any barriers: every way down ends at the lowest state.",
    "glass": "Many states lie nearly as low as the lowest one, behind barriers. No state stands out.",
    "undecided": "The evidence does not suffice for a verdict. The reason below says what is missing.",
}
"""Each kind in one plain sentence of at most 25 words."""


def how_sure(study: Reported) -> str:
    """How the verdict was reached, in a few words: exact, sampled or undecided."""
    words = {
        "exact": "exact: every state was visited",
        "sampled": "sampled: minima may be missing",
        "smooth": "sampled: minima may be missing",
        "trained": "sampled: barriers are upper bounds from trained networks",
    }[study.graph.road]
    return f"undecided; {words}" if study.verdict.kind == "undecided" else words


def badge(kind: str) -> str:
    """Kind of a landscape as a coloured label."""
    return f'<span class="badge {escape(slug(kind))}">{escape(kind[:1].upper() + kind[1:])}</span>'


def copied(text: str, *, what: str) -> str:
    """Text with a button that copies it."""
    return (
        f'<span class="copied"><code>{escape(text)}</code>'
        f'<button type="button" class="copy" data-copy="{escape(text)}" aria-label="Copy {escape(what)}">copy</button>'
        "</span>"
    )


def sentence(text: str) -> str:
    """Text that begins with a capital letter and ends with a full stop."""
    text = text.strip()
    if not text:
        return ""
    return text[0].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")


def opening(study: Reported, *, place: int, alone: bool) -> str:
    """First screen of one landscape; its map only where it is the only one on the page."""
    from spinfunnel.report.small_tree import small_tree  # All pictures: a verdict in words does without them.

    level = 1 if alone else 2
    step = next_step(study)
    spec = specification(study.landscape)
    seeded = "" if "seed=" in spec else f" <small>seed {escape(study.run.seed)}</small>"
    note = map_note(study)
    middle = (
        f'<div class="map">{question_map([study], name=f"map-{place}")}'
        f"{_tools('map')}{f'<p class=note>{escape(note)}</p>' if note else ''}</div>"
        if alone
        else ""
    )
    return (
        f'<section class="opening{"" if alone else " narrow"}"><div class="verdict">'
        f'<h{level}><span class="what">{escape(landscape_title(study.landscape))}</span> '
        f"{badge(study.verdict.kind)}</h{level}>"
        f'<p class="sure">{escape(sentence(how_sure(study)))}</p>'
        f'<p class="meaning">{escape(MEANING.get(study.verdict.kind, ""))}</p>'
        f'<p class="reason"><b>Why</b> {escape(sentence(study.verdict.reason))}</p>'
        f'<div class="next"><p><b>Next</b> {escape(step.why)}</p>{copied(step.command, what="the command")}</div>'
        f'<p class="spec">{copied(spec, what="the specification")}{seeded}</p></div>'
        f'{middle}<div class="tree">{small_tree(study, place=place)}{_tools("tree")}</div></section>'
        f'<section class="decided"><h{level + 1}>What decided</h{level + 1}>'
        f"{strips(study)}</section>"
    )


def _tools(what: str) -> str:
    return (
        '<span class="tools">'
        + "".join(
            f'<button type="button" class="save still" data-as="{form}" aria-label="Save the {what} as {form.upper()}">'
            f"{form.upper()}</button>"
            for form in ("png", "svg", "csv")
        )
        + "</span>"
    )


def overview(studies: Sequence[Reported]) -> str:
    """First screen of several landscapes: their verdicts, the two answers behind each, and one map of all."""
    counts = Counter(study.verdict.kind for study in studies)
    said = ", ".join(f"{count} {_plural(kind, count)}" for kind, count in counts.most_common())
    rows = "".join(_row(study, place=place) for place, study in enumerate(studies))
    return (
        f'<section class="opening several"><div class="verdict"><h1>{len(studies)} landscapes: {escape(said)}</h1>'
        '<table class="compare"><caption>The verdicts and the two answers behind each</caption><thead><tr>'
        '<th scope="col">Landscape</th><th scope="col">Verdict</th><th scope="col">A native state stands out</th>'
        f'<th scope="col">The landscape leads there</th></tr></thead><tbody>{rows}</tbody></table></div>'
        f'<div class="map">{question_map(studies, name="map")}{_tools("map")}</div></section>'
    )


def _plural(kind: str, count: int) -> str:
    if count == 1 or kind in ("smooth", "undecided"):
        return kind
    return {"glass": "glasses"}.get(kind, f"{kind}s")


def _minima(count: int) -> str:
    return "1 minimum" if count == 1 else f"{number(count)} minima"


def _row(study: Reported, *, place: int) -> str:
    position = position_of(study)
    cells = []
    for found in (position.stands, position.leads):
        if found is None:
            cells.append('<td><span class="quiet">no number</span></td>')
            continue
        word = {"open": "undecided"}.get(found.answer, found.answer)
        cells.append(f"<td><b>{word}</b> <small>{escape(title(found.measure))}: {escape(found.said)}</small></td>")
    return (
        f'<tr><th scope="row"><span class="number">{place + 1}</span> <a href="#system-{place}">'
        f"{escape(landscape_title(study.landscape))}</a><small>{_minima(study.graph.minima)}, "
        f"{escape(how_sure(study))}</small></th><td>{badge(study.verdict.kind)}</td>{''.join(cells)}</tr>"
    )
