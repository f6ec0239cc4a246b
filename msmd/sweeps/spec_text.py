"""A sweep written as the TOML file that ``read_spec`` reads."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from msmd.sweeps.spec import SweepSpec


def spec_text(spec: SweepSpec) -> str:
    """The sweep as TOML; its name and its file follow from where the text is put."""
    entries = {name: value for name, value in asdict(spec).items() if name not in ("name", "file")}
    return "\n".join(_lines(entries, ())) + "\n"


def _lines(table: dict[str, Any], path: tuple[str, ...]) -> Iterator[str]:
    """Plain entries before tables, as TOML wants them; what is None or empty is left out."""
    given = {name: value for name, value in table.items() if value is not None and value != ()}
    tables = {name: value for name, value in given.items() if isinstance(value, dict)}
    lists = {name: value for name, value in given.items() if isinstance(value, tuple) and isinstance(value[0], dict)}
    for name, value in given.items():
        if name not in tables and name not in lists:
            yield f"{name} = {json.dumps(value, ensure_ascii=False)}"
    for name, value in tables.items():
        yield f"\n[{'.'.join((*path, name))}]"
        yield from _lines(value, (*path, name))
    for name, values in lists.items():
        for value in values:
            yield f"\n[[{'.'.join((*path, name))}]]"
            yield from _lines(value, (*path, name))
