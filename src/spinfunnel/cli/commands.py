"""The commands, one function each; what they share is in `terminal`, what they print in `show`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from spinfunnel.cli import listing, repairing, terminal, work
from spinfunnel.cli.file_options import FileFormat, Form, Penalty, Vartype, read_as
from spinfunnel.cli.options import (
    All,
    AsJson,
    AtlasArgument,
    AtlasOption,
    Budget,
    ExplorerName,
    Nulls,
    NullSamples,
    NullSeed,
    OneSystem,
    Quick,
    Quiet,
    Report,
    Samples,
    Seed,
    Systems,
    Temperature,
    Tolerance,
    Which,
    Workers,
)

__all__ = ["app"]


def _lines(*lines: str) -> str:
    """Join lines that help must not wrap."""
    return "\b\n" + "\n".join(lines)


app = typer.Typer(
    name="spinfunnel",
    help=(
        "Is it a funnel or a glass? Map, measure and judge an energy landscape: of a QUBO or Ising file, a network, a "
        "cluster, a protein, or a function of your own.\n\n\b\n"
        "Begin with:  spinfunnel demo\n"
        "then:        spinfunnel judge problem.qubo --report problem.html\n"
        "and:         spinfunnel systems"
    ),
    epilog=_lines("Exit status: 0 an answer (undecided included), 2 bad input, 130 interrupted."),
    rich_markup_mode=None,  # plain help keeps the examples on lines of their own and starts faster
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        from spinfunnel.version import __version__

        typer.echo(f"spinfunnel {__version__}")
        raise typer.Exit


@app.callback()
def _common(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and end.")
    ] = False,
) -> None:
    pass


DEMO = (
    "dfm:shape=4x4",
    "ea:shape=4x4",
    "hopfield:n=16,patterns=2",
    "committee:inputs=6,hidden=2,labels=digits",
)
"""Four small landscapes of different kinds: a funnel, a glass, two funnels, and a network without traps."""


@app.command(epilog=_lines("Example:", "  spinfunnel demo --report demo.html"))
def demo(
    report: Annotated[Path, typer.Option("--report", metavar="PAGE.html", help="File of the page.")] = Path(
        "spinfunnel-demo.html"
    ),
    seed: Seed = 1,
    workers: Workers = None,
    json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Judge four small landscapes and write a page.

    They are a ferromagnet, a spin glass, a memory of two patterns, and a network of binary weights that reads
    handwritten digits. The demo takes about a minute.
    """
    with terminal.answering(kept="nothing was written; the same command starts again"):
        work.demonstrate(DEMO, seed=seed, workers=workers, report=report, json=json, quiet=quiet)


@app.command(
    epilog=_lines(
        "Examples:",
        "  spinfunnel judge sk:n=20 --report sk.html",
        "  spinfunnel judge problem.qubo",
        "  spinfunnel judge problem.txt --vartype SPIN",
        "  spinfunnel judge problem.qubo --samples reads.json",
        "  spinfunnel judge mine.py:energy --json",
        "  spinfunnel judge train.py:network --quick --report network.html",
        "  spinfunnel judge dfm:shape=4x5 ea:shape=4x5 --seed 3",
    )
)
def judge(
    systems: Systems,
    explorer: ExplorerName = "auto",
    seed: Seed = 0,
    workers: Workers = None,
    atlas: AtlasOption = None,
    nulls: Nulls = True,
    null_samples: NullSamples = None,
    temperature: Temperature = None,
    native_tolerance: Tolerance = None,
    budget: Budget = None,
    report: Report = None,
    quick: Quick = False,
    samples: Samples = None,
    checkpoints: Annotated[
        str | None,
        typer.Option("--checkpoints", metavar="PATTERN", help="Compare a network's checkpoints instead: 'runs/*.pt'."),
    ] = None,
    vartype: Vartype = None,
    form: Form = None,
    penalty: Penalty = None,
    file_format: FileFormat = None,
    every: All = False,
    json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Map, measure and judge landscapes.

    Prints the verdict, the reason, the measures that decided and the next command. Several systems are compared.
    """
    with terminal.answering(kept=work.kept(atlas)):
        systems = read_as(systems, vartype=vartype, form=form, penalty=penalty, format=file_format)
        studies = work.studies(
            systems,
            explorer=work.explorer_of(explorer, samples, checkpoints),
            seed=seed,
            workers=workers,
            atlas=atlas,
            nulls=work.null_choice(nulls, null_samples),
            temperature=temperature,
            native_tolerance=native_tolerance,
            budget=budget,
            report=report,
            quick=quick,
            quiet=quiet or json,
        )
        work.answer(studies, json=json, quiet=quiet, report=report, every=every)


@app.command(
    epilog=_lines("Examples:", "  spinfunnel explore labs:n=20 --atlas labs.db", "  spinfunnel measure labs.db")
)
def explore(
    system: OneSystem,
    atlas: Annotated[
        str, typer.Option("--atlas", metavar="PATH-or-URL", help="Atlas that keeps the map.", show_default=False)
    ],
    explorer: ExplorerName = "auto",
    seed: Seed = 0,
    workers: Workers = None,
    budget: Budget = None,
    samples: Samples = None,
    vartype: Vartype = None,
    form: Form = None,
    penalty: Penalty = None,
    file_format: FileFormat = None,
    json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Map a landscape into an atlas.

    The same command resumes an interrupted map, and skips one that is finished.
    """
    with terminal.answering(kept=work.kept(atlas)):
        (system,) = read_as([system], vartype=vartype, form=form, penalty=penalty, format=file_format)
        made = work.explored(
            system,
            explorer=work.explorer_of(explorer, samples),
            seed=seed,
            workers=workers,
            atlas=atlas,
            budget=budget,
            quiet=quiet or json,
        )
        if json:
            terminal.put_json(made)
        elif not quiet:
            from spinfunnel.cli import show

            show.explored(made, atlas=atlas)


@app.command(epilog=_lines("Example:", "  spinfunnel advise problem.qubo --budget 30s"))
def advise(
    system: OneSystem,
    seed: Seed = 0,
    workers: Workers = None,
    budget: Budget = "10s",
    vartype: Vartype = None,
    form: Form = None,
    penalty: Penalty = None,
    file_format: FileFormat = None,
    json: AsJson = False,
) -> None:
    """Say which solver suits a problem.

    Tries greedy descent, annealing and tempering, and compares the time that each takes to the lowest energy.
    """
    with terminal.answering(kept="nothing was written; the same command starts again"):
        (system,) = read_as([system], vartype=vartype, form=form, penalty=penalty, format=file_format)
        made = work.advised(system, seed=seed, workers=workers, budget=budget)
        if json:
            terminal.put_json(made)
        else:
            typer.echo(made["advice"]["reason"])


@app.command(epilog=_lines("Example:", "  spinfunnel measure labs.db --json"))
def measure(
    atlas: AtlasArgument,
    landscape: Which = None,
    seed: NullSeed = None,
    workers: Workers = None,
    nulls: Nulls = True,
    null_samples: NullSamples = None,
    temperature: Temperature = None,
    native_tolerance: Tolerance = None,
    every: All = False,
    json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Judge what an atlas holds, without exploring."""
    with terminal.answering(kept="the atlas is as it was; repeat the command"):
        studies = work.recalled(
            atlas,
            which=landscape,
            seed=seed,
            workers=workers,
            nulls=work.null_choice(nulls, null_samples),
            temperature=temperature,
            native_tolerance=native_tolerance,
            quiet=quiet or json,
        )
        work.answer(studies, json=json, quiet=quiet, report=None, every=every)


@app.command(epilog=_lines("Example:", "  spinfunnel report labs.db --output labs.html"))
def report(
    atlas: AtlasArgument,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="PAGE.html", help="File of the page.")] = Path(
        "spinfunnel.html"
    ),
    landscape: Which = None,
    seed: NullSeed = None,
    workers: Workers = None,
    nulls: Nulls = True,
    null_samples: NullSamples = None,
    temperature: Temperature = None,
    native_tolerance: Tolerance = None,
    json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Write the page of what an atlas holds."""
    with terminal.answering(kept="the atlas is as it was; repeat the command"):
        terminal.check_report(output)
        studies = work.recalled(
            atlas,
            which=landscape,
            seed=seed,
            workers=workers,
            nulls=work.null_choice(nulls, null_samples),
            temperature=temperature,
            native_tolerance=native_tolerance,
            quiet=quiet or json,
            report=output,
        )
        work.answer(studies, json=json, quiet=quiet, report=output)


@app.command(
    epilog=_lines(
        "Examples:",
        "  spinfunnel export labs.db --format graphml --output labs.graphml",
        "  spinfunnel export labs.db --format cambridge --output labs/",
        "  spinfunnel export lj13.db --format pathway --between 1,5 --output path.xyz",
    )
)
def export(
    atlas: AtlasArgument,
    form: Annotated[
        str,
        typer.Option(
            "--format",
            "-f",
            metavar="FORM",
            help="graphml, csv, parquet, cambridge, barriers or dimod; for atoms also xyz, points or pathway.",
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="PATH",
            help="File, or folder for formats of several files; named after the landscape by default.",
        ),
    ] = None,
    landscape: Which = None,
    between: Annotated[
        str | None,
        typer.Option(
            "--between",
            metavar="A,B",
            help="Minima at the ends of a pathway, numbered from 1; the two lowest by default.",
        ),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace files that exist.")] = False,
    json: AsJson = False,
) -> None:
    """Write a map in the format of another program."""
    with terminal.answering(kept="the atlas is as it was; repeat the command"):
        written = work.exported(atlas, form=form, output=output, which=landscape, overwrite=overwrite, between=between)
        if json:
            terminal.put_json({"written": [str(path) for path in written]})
        else:
            for path in written:
                typer.echo(path)


@app.command(
    epilog=_lines(
        "Examples:",
        "  spinfunnel sweep sk --over n=12,16,20 --samples 50",
        "  spinfunnel sweep dfm ea --over shape=3x4,4x4,4x5,5x5 --samples 50 --atlas lattices.db",
        "  spinfunnel sweep dfm sk --over shape=3x4,4x4 --over n=12,16 --figure sharpening.png",
        "  spinfunnel sweep dfm sk --over shape=4x4,4x5 --over n=16,20 --dask tcp://host:8786",
    )
)
def sweep(
    systems: Systems,
    over: Annotated[
        list[str] | None,
        typer.Option(
            "--over",
            metavar="NAME=VALUE,...",
            help="Sizes to compare: n=12,16,20 or shape=3x4,4x4. Give it once for each parameter.",
        ),
    ] = None,
    samples: Annotated[
        int, typer.Option("--samples", min=2, metavar="N", help="Samples of the disorder for each system and size.")
    ] = 20,
    explorer: ExplorerName = "auto",
    seed: Annotated[
        int, typer.Option("--seed", min=0, metavar="N", help="Seed from which the seeds of all samples are derived.")
    ] = 0,
    workers: Annotated[
        int | None,
        typer.Option(
            "--workers",
            min=1,
            metavar="N",
            help="Number of processes; all cores by default. The result does not depend on it.",
        ),
    ] = None,
    dask: Annotated[
        str | None,
        typer.Option("--dask", metavar="ADDRESS", help="A Dask scheduler whose workers do the work: tcp://host:8786."),
    ] = None,
    atlas: Annotated[
        str | None,
        typer.Option(
            "--atlas", metavar="PATH-or-URL", help="Keep maps and answers here; the same command resumes the sweep."
        ),
    ] = None,
    measures: Annotated[
        str | None,
        typer.Option(
            "--measures",
            metavar="NAME,...",
            help="Measure only these, or all. By default measures that walk over the states stop at 2^18 states.",
        ),
    ] = None,
    nulls: Annotated[
        bool, typer.Option("--nulls/--no-nulls", help="Compare every landscape with its nulls: many times the work.")
    ] = False,
    null_samples: NullSamples = None,
    temperature: Temperature = None,
    native_tolerance: Tolerance = None,
    budget: Budget = None,
    figure: Annotated[
        Path | None,
        typer.Option(
            "--figure",
            metavar="FILE",
            help="Draw profile area, funnel weight and Levinthal efficiency against size: .png, .pdf or .svg.",
        ),
    ] = None,
    json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Judge systems over several sizes.

    Studies samples of the disorder at each size, and says how the funnel scales.
    """
    from spinfunnel.cli import sweeping

    with terminal.answering(kept=sweeping.kept(atlas)):
        terminal.check_figure(figure)
        found = sweeping.swept(
            systems,
            over=over or [],
            samples=samples,
            seed=seed,
            workers=workers,
            dask=dask,
            atlas=atlas,
            explorer=explorer,
            measures=measures,
            nulls=work.null_choice(nulls, null_samples),
            temperature=temperature,
            native_tolerance=native_tolerance or 0.0,
            budget=budget,
            quiet=quiet,
        )
        sweeping.answer(found, json=json, quiet=quiet)
        sweeping.draw(found, figure)


@app.command(
    epilog=_lines(
        "Examples:",
        "  spinfunnel reproduce",
        "  spinfunnel reproduce klemm --output figures",
        "  spinfunnel reproduce labs --quick",
    )
)
def reproduce(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="One of those listed without it.", show_default=False)
    ] = None,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FOLDER", help="Where NAME.png and NAME.csv go.")
    ] = Path(),
    samples: Annotated[
        int | None,
        typer.Option(
            "--samples", min=2, metavar="N", help="Disorder samples for each ensemble; as many as usual when not given."
        ),
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Fewer samples and smaller sizes: seconds.")] = False,
    images: Annotated[
        Path | None,
        typer.Option("--images", metavar="FOLDER", help="MNIST (IDX) or CIFAR-10 (binary) files, for networks."),
    ] = None,
    seed: Seed = 0,
    workers: Workers = None,
    json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Make a published result again.

    Prints the known values beside ours, and draws the figure.
    """
    with terminal.answering(kept="nothing was written; the same command starts again"):
        from spinfunnel.cli import reproducing

        if name is None:
            reproducing.listed(json=json)
        else:
            reproducing.reproduced(
                name,
                output=output,
                samples=samples,
                quick=quick,
                seed=seed,
                workers=workers,
                json=json,
                quiet=quiet,
                images=images,
            )


@app.command(epilog=_lines("Examples:", "  spinfunnel fold 1ubq.pdb", "  spinfunnel fold 1ubq.pdb --residues 1-17"))
def fold(
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="PDB, mmCIF or C-alpha trace; hairpin is one shipped here.")
    ] = "hairpin",
    chain: Annotated[str, typer.Option("--chain", help="Which, where the file has several.")] = "",
    residues: Annotated[str, typer.Option("--residues", metavar="FIRST-LAST", help="A part of the chain.")] = "",
    contacts: Annotated[str, typer.Option("--contacts", help="auto, heavy or calpha.")] = "auto",
    steps: Annotated[int, typer.Option("--steps", min=1, metavar="N", help="Of each of ten replicas.")] = 400_000,
    engine: Annotated[str, typer.Option("--engine", help="own, or openmm where that is installed.")] = "own",
    figure: Annotated[
        Path | None, typer.Option("--figure", metavar="FILE", help="Draw Q(t), Q(T), F(Q): .png, .pdf or .svg.")
    ] = None,
    seed: Seed = 0,
    workers: Workers = None,
    json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Fold the structure-based model of a protein.

    Starts from a stretched chain; prints the folding temperature, Q(T) and F(Q).
    """
    with terminal.answering(kept="nothing was written; the same command starts again"):
        from spinfunnel.cli import fold_command as folding
        from spinfunnel.pipeline.plan import threads

        folding.folded(
            file, chain=chain, residues=residues, contacts=contacts, steps=steps, engine=engine, figure=figure,
            seed=seed, workers=threads(workers), json=json, quiet=quiet,
        )  # fmt: skip


app.command(epilog=_lines("Example:", "  spinfunnel repair broken.db --to saved.db"))(repairing.repair)
app.command(epilog=_lines("Examples:", "  spinfunnel systems", "  spinfunnel systems committee"))(listing.systems)
app.command(epilog=_lines("Examples:", "  spinfunnel formats", "  spinfunnel formats coo"))(listing.formats)
app.command()(listing.explorers)
app.command()(listing.measures)
