"""Entries of a forecaster's config, as a user writes them: ``name=value``."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import fields, replace
from typing import Any, get_type_hints

from msmd.checkpoint import check_entry
from msmd.errors import CheckpointError, ProtocolError, unknown_name


def config_with(config: Any, options: Iterable[str]) -> Any:
    """A config with entries replaced, each given as ``name=value`` (JSON, or a bare word); dots reach nested configs.

    Raises:
        ProtocolError: for text without ``=``, a name that the config does not have, or a value of another type.
    """
    for text in options:
        name, equals, value = text.partition("=")
        if not equals:
            raise ProtocolError(f"--set {text!r} is not of the form name=value.")
        first, _, rest = name.partition(".")
        known = [entry.name for entry in fields(config)]
        if first not in known:
            raise unknown_name("config entry", first, known)
        if rest:
            config = replace(config, **{first: config_with(getattr(config, first), [f"{rest}={value}"])})
            continue
        try:
            parsed = json.loads(value)
        except json.JSONDecodeError:
            parsed = value
        entry = tuple(parsed) if isinstance(parsed, list) else parsed
        try:
            check_entry(first, entry, get_type_hints(type(config))[first])
        except CheckpointError as error:
            raise ProtocolError(f"--set {text!r}: {error}") from error
        config = replace(config, **{first: entry})
    return config
