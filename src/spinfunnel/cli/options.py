"""Arguments and options that several commands share, with their help."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = [
    "All",
    "AsJson",
    "AtlasArgument",
    "AtlasOption",
    "Budget",
    "ExplorerName",
    "NullSamples",
    "NullSeed",
    "Nulls",
    "OneSystem",
    "Quick",
    "Quiet",
    "Report",
    "Samples",
    "Seed",
    "Systems",
    "Temperature",
    "Tolerance",
    "Which",
    "Workers",
]

Systems = Annotated[
    list[str],
    typer.Argument(
        metavar="SYSTEM", help="name:key=value,..., a problem file, or file.py:function.", show_default=False
    ),
]
OneSystem = Annotated[
    str,
    typer.Argument(
        metavar="SYSTEM", help="name:key=value,..., a problem file, or file.py:function.", show_default=False
    ),
]
AtlasArgument = Annotated[
    str, typer.Argument(metavar="ATLAS", help="File or SQLAlchemy URL of an existing atlas.", show_default=False)
]
Which = Annotated[
    str | None,
    typer.Option("--landscape", metavar="NAME", help="Only landscapes of this name or identity; all by default."),
]
ExplorerName = Annotated[
    str,
    typer.Option(
        "--explorer", metavar="NAME", help="How to map: auto, or NAME:OPTION=VALUE,... (spinfunnel explorers)."
    ),
]
Samples = Annotated[
    str | None,
    typer.Option(
        "--samples",
        metavar="FILE",
        help="Map from the samples of another solver: a dimod SampleSet as JSON, or rows of 0 and 1 (text or .npy).",
    ),
]
Seed = Annotated[
    int,
    typer.Option(
        "--seed",
        min=0,
        metavar="N",
        help="Seed of the run, and of each system without seed=... in its name.",
    ),
]
NullSeed = Annotated[
    int | None,
    typer.Option("--seed", min=0, metavar="N", help="Seed of the nulls; that of the run by default."),
]
Workers = Annotated[
    int | None,
    typer.Option(
        "--workers",
        min=1,
        metavar="N",
        help="Number of threads; all cores by default. The result does not depend on it.",
    ),
]
AtlasOption = Annotated[
    str | None,
    typer.Option(
        "--atlas", metavar="PATH-or-URL", help="Keep the map here; what is here already is not computed again."
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object (docs/result.schema.json), nothing else.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print only the verdict; no progress bar.")]
All = Annotated[bool, typer.Option("--all", help="Print a table of all measures with their nulls.")]
Nulls = Annotated[
    bool,
    typer.Option(
        "--nulls/--no-nulls",
        help="Compare with null models: shuffled energies and shuffled interactions.",
    ),
]
NullSamples = Annotated[
    int | None,
    typer.Option(
        "--null-samples",
        min=2,
        metavar="N",
        help="Samples of each null; by default chosen by the number of states.",
    ),
]
Budget = Annotated[
    str | None,
    typer.Option(
        "--budget",
        metavar="LIMIT",
        help="Limit for sampled maps: a time (60s, 5m; for judge the whole command) or energy evaluations (1e6).",
    ),
]
Quick = Annotated[
    bool, typer.Option("--quick", help="Fewer and shorter trainings of a network: under a minute for a small one.")
]
Report = Annotated[
    Path | None,
    typer.Option("--report", metavar="PAGE.html", help="Write one self-contained page about all systems."),
]
Temperature = Annotated[
    float | None,
    typer.Option(
        "--temperature", "-T", metavar="T", help="Temperature for the measures that need one, in units of the energy."
    ),
]
Tolerance = Annotated[
    float | None,
    typer.Option(
        "--native-tolerance",
        min=0.0,
        metavar="E",
        help="Minima this close to the ground energy count as native; default 0, for networks 2 % of the energy scale.",
        show_default=False,
    ),
]
