"""Is it a funnel or a glass? Map, draw, measure and judge energy landscapes.

>>> import spinfunnel as sf
>>> landscape = sf.systems.hopfield_memory(8, patterns=1, seed=1)
>>> sf.study(landscape, nulls=False).graph.minima  # the stored pattern and its reverse are one, up to the global flip
1
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from spinfunnel.version import __version__

if TYPE_CHECKING:
    from spinfunnel import measure, plot, systems
    from spinfunnel.atlas import Atlas
    from spinfunnel.explore.flood.flooding import flood
    from spinfunnel.landscape import BasinGraph, Binary, Graph, InputError, Minimum, Saddle, Smooth
    from spinfunnel.landscape.estimate import Estimate, NoAnswer
    from spinfunnel.landscape.tree import MergeTree, merge_tree
    from spinfunnel.pipeline.request import Request
    from spinfunnel.pipeline.result import Study
    from spinfunnel.pipeline.study import study
    from spinfunnel.report import write_report
    from spinfunnel.sweeps import Sweep, sweep
    from spinfunnel.verdict.rules import judge_measures
    from spinfunnel.verdict.witness import Verdict

__all__ = [
    "Atlas",
    "BasinGraph",
    "Binary",
    "Estimate",
    "Graph",
    "InputError",
    "MergeTree",
    "Minimum",
    "NoAnswer",
    "Request",
    "Saddle",
    "Smooth",
    "Study",
    "Sweep",
    "Verdict",
    "__version__",
    "flood",
    "judge_measures",
    "measure",
    "merge_tree",
    "plot",
    "study",
    "sweep",
    "systems",
    "write_report",
]

_HOME = {
    "Atlas": "atlas",
    "BasinGraph": "landscape",
    "Binary": "landscape",
    "Estimate": "landscape.estimate",
    "Graph": "landscape",
    "InputError": "landscape",
    "MergeTree": "landscape.tree",
    "Minimum": "landscape",
    "NoAnswer": "landscape.estimate",
    "Saddle": "landscape",
    "Smooth": "landscape",
    "Request": "pipeline.request",
    "Study": "pipeline.result",
    "Sweep": "sweeps",
    "Verdict": "verdict.witness",
    "flood": "explore.flood.flooding",
    "judge_measures": "verdict.rules",
    "merge_tree": "landscape.tree",
    "study": "pipeline.study",
    "sweep": "sweeps",
    "write_report": "report",
}

_ROOMS = frozenset({"measure", "plot", "systems"})


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used, so that importing the package stays quick."""
    if name in _HOME:
        return getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
    if name in _ROOMS:
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
