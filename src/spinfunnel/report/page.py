"""The page as a string."""

from __future__ import annotations

import datetime as dt
import importlib.resources
from collections.abc import Sequence

from spinfunnel.measure import MEASURES
from spinfunnel.plot import PICTURES
from spinfunnel.report.first_screen import copied, opening, overview
from spinfunnel.report.names import landscape_title
from spinfunnel.report.payload import compressed, library, payload
from spinfunnel.report.reported import Reported
from spinfunnel.report.tabs import SHUFFLED, drawable, tabs
from spinfunnel.report.text import escape
from spinfunnel.version import __version__

__all__ = ["page"]

POLICY = (
    "default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; style-src 'unsafe-inline'; img-src data: blob:;"
    " font-src data:"
)
"""Nothing may be fetched from anywhere: the browser itself holds the page to that."""

SCRIPTS = ("page.js", "states.js", "pictures.js")


def page(studies: Sequence[Reported], *, command: str | None) -> str:
    """Return the whole page: first screens as plain HTML and SVG, and what scripts draw behind them, compressed."""
    several = len(studies) > 1
    articles = "".join(_article(study, place=place, alone=not several) for place, study in enumerate(studies))
    written = dt.datetime.now(dt.UTC).strftime("%Y-%m-%d %H:%M UTC")
    data = "".join(_data(study, place=place) for place, study in enumerate(studies))
    scripts = "".join(f"<script>{_asset(name)}</script>" for name in SCRIPTS)
    heading = ", ".join(f"{landscape_title(study.landscape)}: {study.verdict.kind}" for study in studies)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        f"<title>{escape(heading)}</title><style>{_asset('page.css')}</style></head>"
        f'<body class="{"many" if several else "one"}"><header><p class="brand">spinfunnel</p></header><main>'
        f"{overview(studies) if several else ''}{articles}</main>{_drawer()}"
        f"{_footer(studies, command=command, written=written)}"
        f'{scripts}<script type="text/plain" id="library">{library()}</script>{data}</body></html>\n'
    )


def _asset(name: str) -> str:
    return importlib.resources.files("spinfunnel.report").joinpath(name).read_text(encoding="utf-8")


def _article(study: Reported, *, place: int, alone: bool) -> str:
    return (
        f'<article class="system" id="system-{place}" data-system="{place}">{opening(study, place=place, alone=alone)}'
        f"{tabs(study, place=place, level=2 if alone else 3)}</article>"
    )


def _data(study: Reported, *, place: int) -> str:
    drawn, _ = drawable(study)
    text = payload(study, drawn, null=study.nulls.get(SHUFFLED))
    return f'<script type="text/plain" id="data-{place}">{compressed(text)}</script>'


def _drawer() -> str:
    return (
        '<aside id="drawer" role="dialog" aria-labelledby="drawer-title" hidden><button type="button" class="close" '
        'aria-label="Close">×</button><h2 id="drawer-title">Minimum</h2><div id="drawer-body"></div></aside>'
    )


def _footer(studies: Sequence[Reported], *, command: str | None, written: str) -> str:
    used = dict.fromkeys(MEASURES[name].source for study in studies for name in study.measures if name in MEASURES)
    drawn = dict.fromkeys(picture.source for picture in PICTURES.values())
    sources = "".join(f"<li>{escape(source)}</li>" for source in sorted({*used, *drawn}))
    made = f"<p>Made by {copied(command, what='the command that made this page')}</p>" if command else ""
    return (
        f"<footer><section><h2>Reproduce</h2>{made}<p>spinfunnel {escape(__version__)}, page written "
        f"{escape(written)}. With the same seed the numbers are the same for any number of workers.</p></section>"
        "<section><h2>How to cite</h2>"
        f"<p>The spinfunnel authors, <i>spinfunnel: is it a funnel or a glass?</i>, version {escape(__version__)},"
        " together with the sources of what you quote:</p>"
        f"<details><summary>Sources of measures and pictures</summary><ul>{sources}</ul></details></section></footer>"
    )
