"""Sweeps as people write them: TOML files, read into ``SweepSpec``."""

from __future__ import annotations

import tomllib
import types
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

from msmd.errors import MsmdError, ProtocolError, unknown_name
from msmd.sweeps.spec import SweepSpec

PROJECT = Path(__file__).parent.parent.parent
"""Paths inside it are written relative to it, so that tables say the same wherever they were made."""


def read_spec(path: Path) -> SweepSpec:
    """The sweep in a TOML file; its name is the file's.

    Raises:
        MsmdError: when the file cannot be read, or an entry is missing, unknown, or not what it should be.
    """
    try:
        content = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ProtocolError(f"The sweep {path} cannot be read: {error}.") from error
    except tomllib.TOMLDecodeError as error:
        raise ProtocolError(f"The sweep {path} is not TOML: {error}.") from error
    own = {"name": Path(path).stem, "file": shown_path(path)}
    wrong = sorted(own.keys() & content.keys())
    if wrong:
        raise ProtocolError(f"{path}: {wrong[0]!r} follows from the file's own name; leave it out.")
    try:
        return _built(SweepSpec, content | own, "the sweep")
    except MsmdError as error:
        raise type(error)(f"{path}: {error}") from error


def shown_path(path: Path) -> str:
    """A path as tables hold it: relative to the project where it lies in it, else absolute."""
    whole = Path(path).resolve()
    return str(whole.relative_to(PROJECT)) if whole.is_relative_to(PROJECT) else str(whole)


def _built(kind: Any, table: Mapping[str, Any], place: str) -> Any:
    """A dataclass from a table of TOML, with every entry checked against its type."""
    hints = get_type_hints(kind)
    for name in table:
        if name not in hints:
            raise unknown_name(f"entry of {place}", name, [known for known in hints if known not in ("name", "file")])
    for entry in fields(kind):
        if entry.name not in table and entry.default is MISSING and entry.default_factory is MISSING:
            raise ProtocolError(f"{place} has no {entry.name!r}; expected {_said(hints[entry.name])}.")
    return kind(**{name: _value(hints[name], value, f"{place}, {name}") for name, value in table.items()})


def _value(kind: Any, value: Any, place: str) -> Any:
    """A value of TOML as its field wants it.

    Raises:
        ProtocolError: when it is of another type.
    """
    if is_dataclass(kind) and isinstance(value, dict):
        return _built(kind, value, place)
    if get_origin(kind) is tuple and isinstance(value, list):
        return tuple(_value(get_args(kind)[0], item, f"{place} {i + 1}") for i, item in enumerate(value))
    choices = get_args(kind) if get_origin(kind) is types.UnionType else (kind,)
    if float in choices and type(value) is int:
        return float(value)
    if type(value) not in choices:  # exactly: True is no number
        raise ProtocolError(f"{place} is {value!r}; expected {_said(kind)}.")
    return value


NAMES = {str: "a text", int: "a whole number", float: "a number", bool: "true or false"}


def _said(kind: Any) -> str:
    """A type in words."""
    if get_origin(kind) is tuple:
        return f"a list, each entry {_said(get_args(kind)[0])}"
    if get_origin(kind) is types.UnionType:
        return " or ".join(_said(part) for part in get_args(kind) if part is not types.NoneType)
    return NAMES.get(kind, "a table")
