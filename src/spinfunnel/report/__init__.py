"""The report: verdict first, then what decided, pictures, measures with their nulls, provenance. One page, no network.

The first screen is plain HTML and SVG. Plotly's script and the data travel compressed and are unpacked by the browser
when a picture is scrolled to. Names, parameters, file names and the command are shown as text, never as markup.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Sequence
from pathlib import Path

from spinfunnel.landscape import InputError
from spinfunnel.report.names import landscape_title, specification
from spinfunnel.report.next_step import NextStep, next_step
from spinfunnel.report.question_map import question_map
from spinfunnel.report.reported import Reported

__all__ = ["NextStep", "landscape_title", "next_step", "question_map", "specification", "write_report"]


def write_report(studies: Sequence[Reported], path: str | os.PathLike[str], *, command: str | None = None) -> Path:
    """Write one self-contained HTML page about one or several landscapes, side by side.

    Parameters
    ----------
    studies : sequence of Reported
        At least one, in the order of the columns.
    path : str or Path
        The file. It is replaced in one step: whoever reads it sees the old page or the new one, never a part.
    command : str, optional
        The command line that made the page, for its provenance.

    Returns
    -------
    Path
        Where the page is.

    Raises
    ------
    InputError
        Without a study, where the folder is missing, or where the target cannot be written.
    """
    from spinfunnel.report.page import page  # Plotly and all pictures: a second that a verdict alone does not need.

    if not studies:
        raise InputError("a report needs at least one study, got none: judge a landscape first")
    target = Path(path)
    _refuse(target)
    text = page(studies, command=command)
    aside = target.with_name(f".{target.name[:200]}.{secrets.token_hex(4)}.part")
    try:
        # A name in the command may hold bytes that are no text.
        aside.write_text(text, encoding="utf-8", errors="replace")
        aside.replace(target)
    except OSError as problem:
        raise _unwritable(target, problem) from None
    finally:
        aside.unlink(missing_ok=True)
    return target


def _refuse(target: Path) -> None:
    if target.is_dir():
        raise InputError(f"{target} is a folder and cannot become the report; give the name of a file in it")
    if not target.parent.is_dir():
        raise InputError(f"the folder {target.parent} for the report does not exist; create it or choose another")
    try:
        # The superuser may write everything; a place without a single write bit was still meant to be left alone.
        for place in (target, target.parent) if target.exists() else (target.parent,):
            if not place.stat().st_mode & 0o222:
                raise PermissionError(13, "read-only")
        if target.exists():
            target.open("r+b").close()
    except OSError as problem:
        raise _unwritable(target, problem) from None


def _unwritable(target: Path, problem: OSError) -> InputError:
    reason = (problem.strerror or str(problem)).lower()
    return InputError(f"the report {target} cannot be written ({reason}); choose another place")
