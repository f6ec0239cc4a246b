"""The command line, run in the tests' own process."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest

from msmd.cli import main


@pytest.fixture
def msmd(monkeypatch, capsys) -> Callable[..., tuple[int, str, str]]:
    """Runs a command line; returns exit status, standard output and standard error."""

    def run(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["msmd", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main()
        return (ended.value.code or 0, *capsys.readouterr())

    return run
