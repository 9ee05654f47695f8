"""The measures of one map, as people print them, show them in a notebook and put them into a table."""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import TYPE_CHECKING

from spinfunnel.landscape import InputError
from spinfunnel.landscape.estimate import Estimate, Measurement

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Measures", "data_frame"]

SHOWN = 6
"""Measures that a repr names."""


class Measures(dict[str, Measurement]):
    """Answers by the names of their measures: a dict that prints as one line and shows as a table.

    Examples
    --------
    >>> Measures(minima=Estimate.exactly(3.0))
    <Measures: 1 of 1 have a value: minima=3>
    """

    __slots__ = ()

    def __repr__(self) -> str:
        known = {name: answer for name, answer in self.items() if isinstance(answer, Estimate)}
        told = ", ".join(f"{name}={answer}" for name, answer in list(known.items())[:SHOWN])
        more = ", ..." if len(known) > SHOWN else ""
        return f"<Measures: {len(known)} of {len(self)} have a value: {told or 'none'}{more}>"

    def _repr_html_(self) -> str:
        rows = sorted(self.items(), key=lambda row: not isinstance(row[1], Estimate))
        cells = "".join(
            f"<tr><th>{html.escape(name)}</th><td>{html.escape(str(answer))}</td></tr>" for name, answer in rows
        )
        return f"<table><thead><tr><th>measure</th><th>value [95 %]</th></tr></thead><tbody>{cells}</tbody></table>"

    def to_dataframe(self) -> pd.DataFrame:
        """Return a table with a row for each measure: value, low, high, outcome (see `data_frame`)."""
        return data_frame(self, {})


def data_frame(measures: Mapping[str, Measurement], nulls: Mapping[str, Mapping[str, Measurement]]) -> pd.DataFrame:
    """Return measures as a pandas table, one row each, indexed by name.

    Columns are value, low, high and outcome ("ok", or why there is none), and for each null the mean, low and high of
    its ensemble. A measure without a value has NaN there.

    Raises
    ------
    InputError
        Where pandas is not installed.
    """
    try:
        import pandas as pd
    except ImportError:
        raise InputError("a table needs pandas, which is not installed; run: pip install pandas") from None
    rows = {}
    for name, answer in measures.items():
        row = {**_numbers(answer), "outcome": "ok" if isinstance(answer, Estimate) else answer.outcome}
        for null, answers in nulls.items():
            row |= {f"{null}_{part}": number for part, number in _numbers(answers.get(name)).items()}
        rows[name] = row
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("measure")


def _numbers(answer: Measurement | None) -> dict[str, float]:
    if isinstance(answer, Estimate):
        return {"value": answer.value, "low": answer.low, "high": answer.high}
    return dict.fromkeys(("value", "low", "high"), float("nan"))
