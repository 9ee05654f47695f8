"""Pieces of text in the page: numbers, names, tables; all escaped here and nowhere else."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from typing import Any

from spinfunnel.landscape.estimate import Estimate, Measurement

__all__ = ["escape", "number", "parameters", "slug", "table", "title", "value"]


def escape(text: object) -> str:
    """Text as text: nothing in it is markup.

    Examples
    --------
    >>> escape("<b>&")
    '&lt;b&gt;&amp;'
    """
    return html.escape(str(text), quote=True)


def number(value: float) -> str:
    """Four digits, a true minus sign, thousands kept together.

    Examples
    --------
    >>> number(-20.123456), number(1234567), number(0.000012)
    ('\u221220.12', '1,234,567', '1.2e\u22125')
    """
    if isinstance(value, int) and abs(value) >= 10**15:
        digits = str(abs(value))
        return ("\u2212" if value < 0 else "") + f"{digits[0]}.{digits[1]}e{len(digits) - 1}"
    if float(value).is_integer() and abs(value) < 1e12:
        text = f"{int(value):,}"
    elif abs(value) >= 1e3:
        text = f"{value:,.0f}" if abs(value) < 1e9 else f"{value:.3e}"
    else:
        text = f"{value:.4g}"
    mantissa, mark, exponent = text.partition("e")
    if mark:
        text = f"{mantissa}e{int(exponent)}"
    return text.replace("-", "\u2212")


def slug(kind: str) -> str:
    """Return a kind as the name of a class or a colour.

    Examples
    --------
    >>> slug("golf course")
    'golf-course'
    """
    return "".join(letter if letter.isascii() and letter.isalpha() else "-" for letter in kind.lower())


def parameters(values: Iterable[tuple[str, Any]]) -> str:
    """Parameters as they are typed: ``n=16, seed=1``, not escaped."""
    pieces = []
    for name, value in values:
        shown = "x".join(map(str, value)) if isinstance(value, tuple) else value
        shown = str(value).lower() if isinstance(value, bool) else shown
        pieces.append(f"{name}={shown}")
    return ", ".join(pieces)


def title(name: str) -> str:
    """Name of a measure in words.

    Examples
    --------
    >>> title("tf_tg"), title("funnel_weight")
    ('Tf / Tg, random-energy form', 'funnel weight')
    """
    special = {
        "tf_tg": "Tf / Tg, random-energy form",
        "tf": "Tf, random-energy form",
        "tg": "Tg, random-energy form",
        "gap_over_roughness": "gap over roughness",
        "tf_measured": "Tf, measured",
        "tg_measured": "Tg, measured",
        "tf_tg_measured": "Tf / Tg, measured",
        "tf_tg_ground_state": "Tf / Tg, random-energy form, ground states alone",
        "tf_ground_state": "Tf of the ground states",
        "tg_ground_state": "Tg beside the ground states",
        "stability_z": "stability Z",
        "native_z": "native Z",
        "levinthal": "Levinthal efficiency",
    }
    return special.get(name, name.replace("_", " "))


def value(measurement: Measurement, *, null: bool = False) -> str:
    """HTML of a measurement: the value with its interval, or why there is none."""
    if isinstance(measurement, Estimate):
        shown = f"<b>{number(measurement.value)}</b>" if not null else number(measurement.value)
        if number(measurement.low) == number(measurement.high):
            return shown
        return f'{shown} <span class="interval">{number(measurement.low)} … {number(measurement.high)}</span>'
    words = measurement.outcome.replace("_", " ")
    if null:
        return f'<span class="quiet" title="{escape(measurement.cause)}">{escape(words)}</span>'
    why = f"{escape(measurement.cause)}; {escape(measurement.remedy)}."
    return f'<span class="none">{escape(words)}</span><span class="why">{why}</span>'


def table(head: Sequence[str], rows: Iterable[Sequence[str]], *, kind: str) -> str:
    """HTML table from cells that are HTML already; the first cell of a row heads it."""
    top = "".join(f'<th scope="col">{cell}</th>' for cell in head)
    body = "".join(
        f'<tr><th scope="row">{row[0]}</th>' + "".join(f"<td>{cell}</td>" for cell in row[1:]) + "</tr>" for row in rows
    )
    return f'<div class="scroll"><table class="{kind}"><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>'
