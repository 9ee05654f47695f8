"""What came of one landscape, and the same as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from spinfunnel.atlas import LandscapeEntry
from spinfunnel.landscape import BasinGraph, InputError, Run
from spinfunnel.landscape.estimate import Estimate, Measurement, NoAnswer
from spinfunnel.measure.answers import data_frame
from spinfunnel.verdict.witness import Evidence, Verdict

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["SCHEMA", "Study", "map_to_json", "studies_to_json"]

SCHEMA = 1
"""Version of the JSON object (docs/result.schema.json); it rises when something moves or changes its meaning."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Study:
    """What came of one landscape.

    Attributes
    ----------
    landscape : LandscapeEntry
        Name, parameters, kind, size, states, symmetry and identity.
    run : Run
        Who explored it, from which seed, for how long.
    graph : BasinGraph
        The map.
    measures : mapping from name to Estimate or NoAnswer
    nulls : mapping from null to (mapping from name to Estimate or NoAnswer)
        Mean of the null ensemble with its central 95 %.
    null_samples : mapping from null to int
        Size of each ensemble.
    verdict : Verdict
    details : mapping
        What else is known, as plain numbers under names of their own; part of the JSON object.
    views : mapping
        What was computed to be drawn, by name: "network", "pathway", "hessian_rows", "coordinates", "variables".
    """

    landscape: LandscapeEntry
    run: Run
    graph: BasinGraph
    measures: Mapping[str, Measurement]
    nulls: Mapping[str, Mapping[str, Measurement]]
    null_samples: Mapping[str, int]
    verdict: Verdict
    details: Mapping[str, Any] = field(default_factory=dict)
    views: Mapping[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        from spinfunnel.pipeline.summary import in_brief

        return in_brief(self)

    def summary(self) -> str:
        """Return the answer in at most a dozen lines: verdict, why, the measures that decided, the next command."""
        from spinfunnel.pipeline.summary import summary

        return summary(self)

    def _repr_html_(self) -> str:
        from spinfunnel.pipeline.notebook import study_html

        return study_html(self)

    def to_dataframe(self) -> pd.DataFrame:
        """Return all measures as a pandas table, one row each, with their nulls (see `measure.answers.data_frame`).

        Raises
        ------
        InputError
            Where pandas is not installed.
        """
        return data_frame(self.measures, self.nulls)

    def plot(self, picture: str = "disconnectivity", ax: Any = None) -> Any:
        """Draw a picture of the map with Matplotlib and return its axes.

        Parameters
        ----------
        picture : str
            A name in `spinfunnel.plot.PICTURES`, such as "disconnectivity", "terrain", "profile" or "density"; or one
            of this study alone, such as "loss_line" of a network.
        ax : matplotlib.axes.Axes, optional
            Where to draw; made where absent.

        Raises
        ------
        InputError
            For a name that is no picture of this study, or a map that cannot be drawn so.
        """
        from spinfunnel.plot import pictures_of

        place = self.landscape
        known = {one.name: one for one in pictures_of(place.name, place.parameters, kind=place.kind, views=self.views)}
        if picture not in known:
            raise InputError(f"there is no picture {picture!r} of this study; there are {', '.join(known)}")
        chosen = known[picture]
        obstacle = chosen.obstacle(self.graph)
        if obstacle:
            raise InputError(f"{picture} cannot be drawn of {place.name}: {obstacle}")
        return chosen.draw(self.graph, ax)

    def report(self, path: str | Path, *, command: str | None = None) -> Path:
        """Write the report, one self-contained HTML page, and return its path.

        Raises
        ------
        InputError
            When the page cannot be written there.
        """
        from spinfunnel.report import write_report

        return write_report([self], path, command=command)

    def to_json(self) -> dict[str, Any]:
        """Return the study as strictly valid JSON, without NaN and infinity: a study of docs/result.schema.json.

        All but ``run.seconds`` is the same for the same seed, on any number of workers.
        """
        answer = map_to_json(self.landscape, run=self.run, graph=self.graph)
        answer["measures"] = {
            name: _measure_json(value, {null: row[name] for null, row in self.nulls.items() if name in row})
            for name, value in self.measures.items()
        }
        answer["null_samples"] = dict(self.null_samples)
        answer["verdict"] = {
            "kind": self.verdict.kind,
            "reason": self.verdict.reason,
            "evidence": {
                name: _measure_json(item.measurement, item.nulls) for name, item in self.verdict.evidence.items()
            },
        }
        details = dict(self.details)
        note = details.pop("note", None)
        if note:
            answer["landscape"]["note"] = note
        return answer | details


def studies_to_json(found: Sequence[Study]) -> dict[str, Any]:
    """Return what ``spinfunnel judge --json`` prints: the version of its schema, and the studies in their order.

    The fields of a single study stand beside them as well, where scripts have always found them.
    """
    studies = [study.to_json() for study in found]
    return {"schema": SCHEMA, **(studies[0] if len(studies) == 1 else {}), "studies": studies}


def map_to_json(entry: LandscapeEntry, *, run: Run, graph: BasinGraph) -> dict[str, Any]:
    """Return what is known before anything is measured, as strictly valid JSON; part of `Study.to_json`."""
    answer: dict[str, Any] = {
        "landscape": {
            "name": entry.name,
            "parameters": {name: _plain(value) for name, value in entry.parameters.items()},
            "kind": entry.kind.word,
            "size": entry.size,
            "states": entry.states,
            "symmetry": list(graph.symmetry),
            "identity": entry.identity,
        },
        "run": {
            "explorer": run.explorer,
            "exact": bool(graph.exact),
            "outcome": run.outcome,
            "seconds": run.seconds,
            "evaluations": run.evaluations,
            "seed": run.seed,
            "version": run.version,
            "failures": dict(sorted(run.failures.items())),
        },
        "minima": graph.minima,
        "saddles": graph.saddles,
        "ground_energy": float(graph.energy[0]),
        "ground_state": str(graph.key[0]),
    }
    if graph.census is not None:
        answer["ground_states"] = int(graph.census.ground_states)
        answer["minima_raw"] = int(graph.census.minima_raw)
    return answer


def _measure_json(measurement: Measurement, nulls: Mapping[str, Measurement]) -> dict[str, Any]:
    answer = _plain_measure(measurement)
    if nulls:
        answer["null"] = {name: _plain_measure(value) for name, value in nulls.items()}
    position = Evidence(measurement, nulls).position
    if isinstance(position, Estimate):
        answer["position"] = _plain_measure(position)
    return answer


def _plain_measure(measurement: Measurement) -> dict[str, Any]:
    if isinstance(measurement, NoAnswer):
        return {"outcome": measurement.outcome, "reason": f"{measurement.cause}; {measurement.remedy}"}
    return {
        "value": float(measurement.value),
        "low": float(measurement.low),
        "high": float(measurement.high),
        "outcome": "ok",
    }


def _plain(value: Any) -> Any:
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    return value.item() if isinstance(value, np.generic) else value
