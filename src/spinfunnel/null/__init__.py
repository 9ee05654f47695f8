"""Nulls: ensembles made from the landscape itself, without its topography, with a perfect one, or without its design.

`NULLS` is the one list of them. A null is a file with a row and a line here.
"""

from spinfunnel.landscape.plugins import Registry
from spinfunnel.null.energies import SHUFFLED_ENERGIES
from spinfunnel.null.interactions import SHUFFLED_INTERACTIONS
from spinfunnel.null.labels import SHUFFLED_LABELS
from spinfunnel.null.row import Asked, Found, Null
from spinfunnel.null.sorted_energies import SORTED_ENERGIES

__all__ = ["NULLS", "Asked", "Found", "Null"]

NULLS: Registry[Null] = Registry(
    "spinfunnel.nulls", Null, (SHUFFLED_ENERGIES, SORTED_ENERGIES, SHUFFLED_INTERACTIONS, SHUFFLED_LABELS)
)
