"""The command line: ``msmd COMMAND``, also ``python -m msmd COMMAND``.

Commands call the same functions as the app and the notebooks.  Bad input, and a file that cannot be read or
written, end with one sentence and exit status 2.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

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
from msmd.errors import MsmdError, MsmdWarning

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False, help=__doc__)

COMMANDS: tuple = (
    molecules, fetch, generate, info, spectrum, space_time, train, export, runs, evaluate, calibration, properties,
    floor, forecast, bench, sweep,
)  # fmt: skip
"""Every command, a function each; its name on the command line is the function's, with hyphens."""

for command in COMMANDS:
    app.command(command.__name__.replace("_", "-"))(command)


@contextmanager
def _warnings_as_sentences() -> Iterator[None]:
    """What msmd warns of goes to standard error as a sentence, without the place in the source."""
    with warnings.catch_warnings():
        warnings.simplefilter("always", MsmdWarning)
        usual = warnings.showwarning

        def show(message: Warning | str, category: type[Warning], *place: Any, **more: Any) -> None:
            if issubclass(category, MsmdWarning):
                typer.echo(f"msmd: {message}", err=True)
            else:
                usual(message, category, *place, **more)

        warnings.showwarning = show
        yield


def main() -> None:
    """Runs the command line; an error of ours becomes its sentence on standard error, and so does a warning."""
    try:
        with _warnings_as_sentences():
            app()
    except MsmdError as error:
        typer.echo(f"msmd: {error}", err=True)
        sys.exit(2)
    except OSError as error:
        if error.filename is None:  # not about a file that the user named
            raise
        typer.echo(f"msmd: {error.strerror}: {error.filename}", err=True)
        sys.exit(2)
