"""A study in a notebook: the answer beside the map of the two questions."""

from __future__ import annotations

from spinfunnel.pipeline.summary import decided, next_lines, sure
from spinfunnel.report.first_screen import MEANING, sentence
from spinfunnel.report.names import landscape_title
from spinfunnel.report.question_map import map_note, question_map
from spinfunnel.report.reported import Reported
from spinfunnel.report.text import escape

__all__ = ["study_html"]


def study_html(study: Reported) -> str:
    """Return the verdict, why, what decided and the next command, with the map of the two questions at their side."""
    kind = study.verdict.kind
    lines = decided(study)
    table = f"<pre style='font-size:12px;overflow-x:auto'>{escape(chr(10).join(lines))}</pre>" if lines else ""
    note = map_note(study)
    heading = f"{landscape_title(study.landscape)}: {kind}"
    return (
        "<div style='display:flex;flex-wrap:wrap;gap:24px;align-items:flex-start'>"
        f"<div style='flex:1 1 320px;max-width:620px'><h3>{escape(heading)}</h3>"
        f"<p><i>{escape(sentence(sure(study)))}</i> {escape(MEANING[kind])}</p>"
        f"<p><b>Why</b> {escape(sentence(study.verdict.reason))}</p>{table}"
        f"<p>{'<br>'.join(escape(line.strip()) for line in next_lines([study]))}</p></div>"
        f"<figure style='flex:0 1 392px;margin:0'>{question_map([study], name=f'map-{study.landscape.identity[:8]}')}"
        f"{f'<figcaption>{escape(note)}</figcaption>' if note else ''}</figure></div>"
    )
