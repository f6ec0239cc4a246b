"""The command line: ``msmd COMMAND``, also ``python -m msmd COMMAND``.

Commands call the same functions as the app and the notebooks.  Bad input, and a file that cannot be read or
written, end with one sentence and exit status 2.
"""

from __future__ import annotations

import sys

import typer

from msmd.cli.bench import bench
from msmd.cli.calibration import calibration
from msmd.cli.data import fetch, generate, info, molecules
from msmd.cli.evaluate import evaluate
from msmd.cli.floor import floor
from msmd.cli.forecast import forecast
from msmd.cli.properties import properties
from msmd.cli.runs import runs
from msmd.cli.space_time import space_time
from msmd.cli.spectrum import spectrum
from msmd.cli.sweep import sweep
from msmd.cli.train import export, train
from msmd.errors import MsmdError

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False, help=__doc__)

COMMANDS: tuple = (
    molecules, fetch, generate, info, spectrum, space_time, train, export, runs, evaluate, calibration, properties,
    floor, forecast, bench, sweep,
)  # fmt: skip
"""Every command, a function each; its name on the command line is the function's, with hyphens."""

for command in COMMANDS:
    app.command(command.__name__.replace("_", "-"))(command)


def main() -> None:
    """Runs the command line; an error of ours becomes its sentence on standard error."""
    try:
        app()
    except MsmdError as error:
        typer.echo(f"msmd: {error}", err=True)
        sys.exit(2)
    except OSError as error:
        if error.filename is None:  # not about a file that the user named
            raise
        typer.echo(f"msmd: {error.strerror}: {error.filename}", err=True)
        sys.exit(2)
