"""The shared vocabulary: kinds of landscape, and the records that describe what was found on them.

Everything else in the package talks to everything else through this folder. An explorer needs a
landscape and yields records; an atlas keeps records; a measure reads a `BasinGraph`.
"""

from spinfunnel.landscape.basin_graph import BasinGraph
from spinfunnel.landscape.kinds import (
    Binary,
    Finite,
    Graph,
    Kind,
    Landscape,
    Polynomial,
    Recorded,
    Smooth,
    is_binary,
    is_chain,
)
from spinfunnel.landscape.records import Bound, Census, Effort, Facts, Minimum, Parameter, Record, Run, Saddle, Tally
from spinfunnel.landscape.running import Budget, Clock, InputError, Progress, no_progress
from spinfunnel.landscape.states import StateList, Symmetry, identity_hash, index_key, key_states, state_bits

__all__ = [
    "BasinGraph",
    "Binary",
    "Bound",
    "Budget",
    "Census",
    "Clock",
    "Effort",
    "Facts",
    "Finite",
    "Graph",
    "InputError",
    "Kind",
    "Landscape",
    "Minimum",
    "Parameter",
    "Polynomial",
    "Progress",
    "Record",
    "Recorded",
    "Run",
    "Saddle",
    "Smooth",
    "StateList",
    "Symmetry",
    "Tally",
    "identity_hash",
    "index_key",
    "is_binary",
    "is_chain",
    "key_states",
    "no_progress",
    "state_bits",
]
