"""A progress bar where somebody looks: on a terminal, or in a notebook."""

from __future__ import annotations

import html
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from spinfunnel.landscape.running import plain_text

__all__ = ["progress_bar"]

Told = Callable[[str, float], None]

EVERY = 0.2
"""Seconds between two pictures of a bar in a notebook."""


@contextmanager
def progress_bar(title: str) -> Iterator[Told]:
    """Yield a progress callback that draws a bar until the work is done; one that draws nothing where nobody looks.

    In a notebook the bar is an output of the cell. Otherwise it is drawn on standard error, if that is a terminal.

    Parameters
    ----------
    title : str
        What is worked on.

    Examples
    --------
    >>> with progress_bar("sk") as told:
    ...     told("flooding", 0.5)
    """
    if _in_notebook():
        with _notebook_bar(title) as told:
            yield told
    elif sys.stderr is not None and sys.stderr.isatty():
        with _terminal_bar(title) as told:
            yield told
    else:
        yield lambda _stage, _done: None


def _in_notebook() -> bool:
    """Whether a notebook's kernel runs this; without IPython loaded none does."""
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    return getattr(shell, "kernel", None) is not None


@contextmanager
def _terminal_bar(title: str) -> Iterator[Told]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("{task.fields[title]}", markup=False),
        TextColumn("[dim]{task.description}"),
        BarColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None, title=plain_text(title))  # a moving bar until something is told
        yield lambda stage, done: bar.update(task, description=stage, total=1.0, completed=min(max(done, 0.0), 1.0))


@contextmanager
def _notebook_bar(title: str) -> Iterator[Told]:
    from IPython.display import HTML, display

    handle: Any = display(HTML(_bar(title, "starting", None)), display_id=True)
    drawn = [time.perf_counter()]

    def told(stage: str, done: float) -> None:
        now = time.perf_counter()
        if now - drawn[0] >= EVERY:
            drawn[0] = now
            handle.update(HTML(_bar(title, stage, min(max(done, 0.0), 1.0))))

    try:
        yield told
    finally:
        handle.update(HTML(""))


def _bar(title: str, stage: str, done: float | None) -> str:
    value = "" if done is None else f' value="{done:.3f}"'
    return f"<label>{html.escape(title)}: {html.escape(stage)} <progress max=1{value}></progress></label>"
