"""The atlas: what was found on which landscape, by which run, in one database.

SQLite in one file (or in memory) by default, PostgreSQL by URL. The only part of the package that knows SQL.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spinfunnel.atlas.entries import Description, LandscapeEntry, RunEntry

if TYPE_CHECKING:
    from spinfunnel.atlas.store import Atlas

__all__ = ["Atlas", "Description", "LandscapeEntry", "RunEntry"]


def __getattr__(name: str) -> Any:
    # SQLAlchemy takes a sixth of a second to load, and a landscape that is judged at once needs none of it.
    if name != "Atlas":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from spinfunnel.atlas.store import Atlas

    return Atlas
