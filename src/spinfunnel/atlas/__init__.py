"""The atlas: what was found on which landscape, by which run, in one database.

SQLite in one file (or in memory) by default, PostgreSQL by URL. The only part of the package that knows SQL.
"""

from __future__ import annotations

from spinfunnel.atlas.store import Atlas, Description, LandscapeEntry, RunEntry

__all__ = ["Atlas", "Description", "LandscapeEntry", "RunEntry"]
