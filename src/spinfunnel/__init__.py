"""Is it a funnel or a glass? Map, draw, measure and judge energy landscapes.

>>> import spinfunnel as sf
>>> landscape = sf.systems.hopfield_memory(8, patterns=1, seed=1)
>>> sf.study(landscape, nulls=False).graph.minima  # the stored pattern and its reverse are one, up to the global flip
1
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from spinfunnel import measure, plot, systems
    from spinfunnel.atlas import Atlas
    from spinfunnel.estimate import Estimate, NoAnswer
    from spinfunnel.explore.flooding import flood
    from spinfunnel.landscape import BasinGraph, Binary, Graph, InputError, Minimum, Saddle, Smooth
    from spinfunnel.report import write_report
    from spinfunnel.study import Study, study
    from spinfunnel.sweep import Sweep, sweep
    from spinfunnel.tree import MergeTree, merge_tree
    from spinfunnel.verdict import Verdict, judge

__version__ = "0.1.0"

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
    "Saddle",
    "Smooth",
    "Study",
    "Sweep",
    "Verdict",
    "flood",
    "judge",
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
    "Estimate": "estimate",
    "Graph": "landscape",
    "InputError": "landscape",
    "MergeTree": "tree",
    "Minimum": "landscape",
    "NoAnswer": "estimate",
    "Saddle": "landscape",
    "Smooth": "landscape",
    "Study": "study",
    "Sweep": "sweep",
    "Verdict": "verdict",
    "flood": "explore.flooding",
    "judge": "verdict",
    "merge_tree": "tree",
    "write_report": "report",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used, so that importing the package stays quick."""
    if name in _HOME:
        return getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
    if name in {"measure", "plot", "systems"}:
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*__all__, "__version__"})


class _Package(ModuleType):
    """The package as a module on which `study` and `sweep` are the functions.

    The import system binds ``spinfunnel.study``, the file, to the same name as soon as anybody imports it; which of
    the two a user saw would then depend on what was imported before.
    """

    @property
    def study(self) -> Any:
        """The function `spinfunnel.study.study`."""
        return importlib.import_module(f"{__name__}.study").study

    @study.setter
    def study(self, module: ModuleType) -> None:
        """Leave the function in its place."""

    @property
    def sweep(self) -> Any:
        """The function `spinfunnel.sweep.sweep`."""
        return importlib.import_module(f"{__name__}.sweep").sweep

    @sweep.setter
    def sweep(self, module: ModuleType) -> None:
        """Leave the function in its place."""


sys.modules[__name__].__class__ = _Package
