"""Nulls: ensembles made from the landscape itself, without its topography or without its design.

`NULLS` is the one list of them. A null is a file with a row and a line here.
"""

from spinfunnel.landscape.plugins import Registry
from spinfunnel.null.energies import SHUFFLED_ENERGIES
from spinfunnel.null.interactions import SHUFFLED_INTERACTIONS
from spinfunnel.null.labels import SHUFFLED_LABELS
from spinfunnel.null.row import Asked, Found, Null

__all__ = ["NULLS", "Asked", "Found", "Null"]

NULLS: Registry[Null] = Registry("spinfunnel.nulls", Null, (SHUFFLED_ENERGIES, SHUFFLED_INTERACTIONS, SHUFFLED_LABELS))
