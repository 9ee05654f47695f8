"""The page on formats names what is registered, with the endings that are registered."""

import re

from repository import ROOT
from spinfunnel.formats import FORMATS_READ


def test_the_table_is_the_registry():
    page = (ROOT / "docs" / "formats.md").read_text()
    rows = re.findall(r"^\| `([a-z-]+)` \| (.*?) \|", page, re.MULTILINE)
    assert [name for name, _ in rows] == list(FORMATS_READ.own)
    for name, endings in rows:
        assert tuple(re.findall(r"`(\.\w+)`", endings)) == FORMATS_READ[name].endings
