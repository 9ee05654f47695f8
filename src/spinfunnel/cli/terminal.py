"""What every command shares: exit statuses, progress on standard error, and targets checked before the work."""

from __future__ import annotations

import errno
import json
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any, NoReturn

import typer

__all__ = [
    "BAD_INPUT",
    "Ended",
    "answering",
    "check_figure",
    "check_report",
    "check_target",
    "end_in_order",
    "one_line",
    "prints_aside",
    "progress_shown",
    "put_json",
    "say",
]

BAD_INPUT = 2
LONGEST = 300
"""Characters of one sentence on a terminal."""
INTERRUPTED = 130
PAGES = (".html", ".htm", "")
"""Of a report, by the end of its name."""
FORMATS = (".png", ".pdf", ".svg")
"""Of a figure, by the end of its name."""


def say(sentence: str) -> None:
    """Print one line on standard error, of 300 characters at most and without any control character."""
    typer.echo(f"spinfunnel: {one_line(sentence)}", err=True)


def one_line(sentence: str) -> str:
    r"""Text that a terminal shows as it is: one line, control characters written out, the middle cut where it is long.

    Examples
    --------
    >>> one_line("no file \x1b[31mred")
    'no file \\x1b[31mred'
    >>> len(one_line("a" * 999))
    300
    """
    from spinfunnel.landscape.passwords import passwords_of, without_passwords
    from spinfunnel.landscape.running import plain_text

    sentence = without_passwords(sentence)
    for typed in sys.argv[1:]:  # a part of an address may be quoted alone
        for secret in passwords_of(typed):
            sentence = sentence.replace(secret, "***")
    plain = plain_text(" ".join(sentence.split()))
    half = LONGEST // 2
    return plain if len(plain) <= LONGEST else f"{plain[: half - 3]} ... {plain[2 - half :]}"


def put_json(answer: Mapping[str, Any]) -> None:
    """Print one JSON object on standard output; NaN and infinity are a bug, not a value."""
    typer.echo(json.dumps(answer, indent=2, allow_nan=False))


@contextmanager
def prints_aside() -> Iterator[None]:
    """Send what a user's function prints to standard error, so that standard output holds the answer alone."""
    with redirect_stdout(sys.stderr):
        yield


@contextmanager
def answering(*, kept: str) -> Iterator[None]:
    """Turn bad input into exit status 2 and an interruption into 130, each with one sentence.

    Parameters
    ----------
    kept : str
        What an interruption leaves behind and how to go on, said to the user.
    """
    from spinfunnel.landscape import InputError

    try:
        yield
    except InputError as problem:
        say(str(problem))
        raise typer.Exit(BAD_INPUT) from None
    except MemoryError as problem:
        say(f"the memory of this machine does not suffice ({problem}); give a smaller system")
        raise typer.Exit(BAD_INPUT) from None
    except RecursionError:
        say("the input is nested too deeply; give a flatter one")
        raise typer.Exit(BAD_INPUT) from None
    except KeyboardInterrupt as end:
        say(f"interrupted; {kept}")
        raise typer.Exit(end.status if isinstance(end, Ended) else INTERRUPTED) from None
    except OSError as problem:
        reason = _named(problem)
        if reason is None:
            raise
        say(f"{reason}; {kept}")
        raise typer.Exit(BAD_INPUT) from None


class Ended(KeyboardInterrupt):
    """A signal that asks for an end: what was found is kept, as on Ctrl-C.

    Attributes
    ----------
    status : int
        Exit status that shells give to it, 128 and its number.
    """

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.status = 128 + number


def end_in_order(number: int, _frame: object) -> NoReturn:
    """Handle SIGTERM and SIGHUP as an interruption; a second one while that is under way is not heard."""
    signal.signal(number, signal.SIG_IGN)
    raise Ended(number)


def _named(problem: OSError) -> str | None:
    """Say what the operating system lacks, where it is not a file that cannot be written."""
    lacking = {
        errno.EMFILE: "this process has too many open files; raise the limit with: ulimit -n 4096",
        errno.ENFILE: "this machine has too many open files; close other programs",
        errno.EAGAIN: "the system allows no further processes or threads; give fewer --workers",
        errno.ENOMEM: "the memory of this machine does not suffice; give fewer --workers or a smaller system",
    }
    return lacking.get(problem.errno or 0)


def check_figure(figure: Path | None) -> None:
    """Refuse a figure that could not be written, before the work is done."""
    from spinfunnel.landscape import InputError

    if figure is None:
        return
    if figure.suffix.lower() not in FORMATS:
        raise InputError(f"the figure {figure} has no format; end its name with {' or '.join(FORMATS)}")
    check_target(figure, what="figure")


def check_report(page: Path) -> None:
    """Refuse a report that is no web page, or could not be written, before the work is done."""
    from spinfunnel.landscape import InputError

    if page.suffix.lower() not in PAGES:
        raise InputError(f"the report {page} would be a web page; end its name with .html (a browser prints it as PDF)")
    check_target(page, what="report")


def check_target(path: Path, *, what: str) -> None:
    """Refuse a file that could not be written, before the work is done.

    Raises
    ------
    InputError
        Where the path is a folder, its folder is missing, or the file system refuses to write.
    """
    from spinfunnel.landscape import InputError

    if path.is_dir():
        raise InputError(f"{path} is a folder and cannot become the {what}; give the name of a file in it")
    if not path.parent.is_dir():
        raise InputError(f"the folder {path.parent} for the {what} does not exist; create it or choose another")
    try:
        # The superuser may write everything; a place without a single write bit was still meant to be left alone.
        if not (path if path.exists() else path.parent).stat().st_mode & 0o222:
            raise PermissionError("read-only")
        if path.exists():
            path.open("r+b").close()
        else:
            tempfile.TemporaryFile(dir=path.parent).close()
    except OSError as problem:
        reason = (problem.strerror or str(problem)).lower()
        raise InputError(f"the {what} {path} cannot be written ({reason}); choose another place") from None


@contextmanager
def progress_shown(title: str, *, wanted: bool) -> Iterator[Callable[[str, float], None]]:
    """Yield a progress callback that draws a bar on standard error, if that is a terminal and a bar is wanted."""
    if not wanted:
        yield lambda _stage, _done: None
        return
    from spinfunnel.pipeline.progress_bar import progress_bar

    with progress_bar(title) as progress:
        yield progress
