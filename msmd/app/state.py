"""The only reader and writer of session state and of the URL.

A *choice* is something a visitor picks and may want to share: it lives as text in the URL, survives a page switch, and
is read back as a value that is legal on the page at hand.  What cannot be read falls back to the default with a note.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import TypeVar

import streamlit as st

from msmd.app.choices import CHOICES, Choice
from msmd.errors import MsmdError
from msmd.trajectory import Dataset

T = TypeVar("T")
SESSION = "msmd"
ENTERING_S = 10.0
"""So long after a page is entered its widgets are told their values at every run: a slow browser may mount a widget
only after the run that told it, and would show its first option."""


@dataclass(frozen=True, kw_only=True)
class OpenedFile:
    """A trajectory file that the visitor opened.

    Attributes:
        name: the file's name.
        digest: hash of its bytes; what caches know it by.
        dataset: what was read.
        warnings: what the reader found odd, in sentences.
        content: the bytes, for a training job, which reads the file again.
        dt_fs: time between frames that the visitor gave, because the file does not say it.
    """

    name: str
    digest: str
    dataset: Dataset
    warnings: tuple[str, ...] = ()
    content: bytes = b""
    dt_fs: float | None = None


@dataclass
class _Session:
    """What one visitor's session remembers; held in ``st.session_state``, never in a module."""

    chosen: dict[str, str] = field(default_factory=dict)
    url: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    opened: OpenedFile | None = None
    page: str | None = None
    entered: float = 0.0
    clicked: bool = False
    """True between a widget's callback and the run that it starts: the URL of that run may be older than the click."""


def begin_run(page: str) -> None:
    """To be called before a page is run: reads the URL where it has changed, writes it where a page switch emptied it.

    Args:
        page: path of the page in the URL.
    """
    session = _session()
    if session.clicked or page != session.page:
        session.notes.clear()
    if page != session.page:
        _forget_widgets()
    url = dict(st.query_params.items())
    if url and url != session.url and not session.clicked:
        session.chosen = {name: text for name, text in url.items() if name in CHOICES}
        for name in url.keys() - CHOICES.keys():
            note(f"The link holds {name!r}, which is no setting here; it was left out.")
    if page != session.page:
        session.entered = time.monotonic()
    session.clicked, session.page = False, page
    _publish()


def read(
    choice: Choice[T],
    default: T,
    legal: Collection[T] | Callable[[T], bool] | None = None,
    *,
    elsewhere: Collection[T] = (),
) -> T:
    """The value of a choice: what was chosen where that is legal, else the default, with a note.

    Args:
        choice: what is asked for.
        default: the value when nothing, or nothing legal, was chosen.
        legal: the legal values, or a test for them; None where every value that can be read is legal.
        elsewhere: values that this page cannot show and others can: they stay chosen, and there is no note.
    """
    text = _session().chosen.get(choice.name)
    if text is None:
        return default
    try:
        value = choice.parse(text)
        if legal is None or (legal(value) if callable(legal) else value in legal):
            return value
        if value in elsewhere:
            return default
    except (ValueError, KeyError, MsmdError):
        pass
    forget(choice)
    note(f"{choice.noun} {text!r} is not available here; showing {choice.show(default)} instead.")
    return default


def choose(choice: Choice[T], value: T) -> None:
    """Sets a choice from code: a click on a plot, a button."""
    session = _session()
    session.chosen[choice.name] = choice.show(value)
    session.clicked = True
    st.session_state.pop(choice.name, None)
    _publish()


def forget(*choices: Choice) -> None:
    """Back to the defaults."""
    session = _session()
    for choice in choices:
        session.chosen.pop(choice.name, None)
    _publish()


def bind(choice: Choice[T], value: T, options: Collection[T] | None = None) -> dict[str, object]:
    """Arguments that tie a widget to a choice: its key, which holds ``value``, and the callback that stores a pick.

    Args:
        choice: what the widget sets.
        value: what it shows.
        options: the picks it offers, where it offers a list.
    """
    is_entering = time.monotonic() - _session().entered < ENTERING_S
    if is_entering or choice.name not in st.session_state or st.session_state[choice.name] != value:
        st.session_state[choice.name] = value
    return {"key": choice.name, "on_change": _store, "args": (choice, options)}


def bind_text(choice: Choice[T], value: T) -> dict[str, object]:
    """As ``bind``, for a line of text that is parsed; what cannot be parsed stays in the line and changes nothing."""
    key, shown = f"{choice.name}_text", choice.show(value)
    is_entering = time.monotonic() - _session().entered < ENTERING_S
    typed = st.session_state.get(key)
    if typed is None or recall(key) != shown or (is_entering and parsed(choice, typed) == value):
        st.session_state[key] = shown
        remember(key, shown)
    return {"key": key, "on_change": _store_text, "args": (choice, key)}


def parsed(choice: Choice[T], text: str) -> T | None:
    """The value that a text says; None where it says none."""
    try:
        return choice.parse(text)
    except ValueError:
        return None


def clicked_point(plot: str) -> dict | None:
    """The point of a plot that was clicked last, as Streamlit describes it; None where the click took it back."""
    points = st.session_state.get(plot, {}).get("selection", {}).get("points", [])
    return points[0] if points else None


def note(sentence: str) -> None:
    """Tells the visitor something, at the top of the page, until the next click."""
    notes = _session().notes
    if sentence not in notes:
        notes.append(sentence)


def notes() -> tuple[str, ...]:
    """What has been noted since the last click."""
    return tuple(_session().notes)


def opened_file() -> OpenedFile | None:
    """The file that is open in this session."""
    return _session().opened


def keep_file(opened: OpenedFile | None) -> None:
    """Opens a file for this session, or closes it."""
    _session().opened = opened


def remember(key: str, value: object) -> object | None:
    """Stores a value of the session that is not worth sharing; returns what was there before."""
    before = recall(key)
    st.session_state[f"{SESSION}:{key}"] = value
    return before


def recall(key: str) -> object | None:
    """What ``remember`` stored, or None."""
    return st.session_state.get(f"{SESSION}:{key}")


def _store(choice: Choice, options: Collection | None) -> None:
    """A widget's callback: its value becomes the choice."""
    # None: a segmented control whose button was clicked again. No key: ``choose`` has taken the widget back while the
    # browser, asking for a result, still sent its old value. Both keep what was chosen.
    value = st.session_state.get(choice.name)
    if value is None:
        return
    if options is not None and value not in options:
        return  # the name of an option as it was, such as a run that has been renamed since: nobody picked it
    session = _session()
    session.chosen[choice.name] = choice.show(value)
    session.clicked = True
    _publish()


def _store_text(choice: Choice, key: str) -> None:
    """The callback of a line of text: the value it says becomes the choice, where it says one."""
    value = parsed(choice, st.session_state.get(key, ""))
    if value is None:
        return
    session = _session()
    session.chosen[choice.name] = choice.show(value)
    session.clicked = True
    _publish()


def _forget_widgets() -> None:
    """To Streamlit a key on another page is another widget, which would start from its first option."""
    for name in CHOICES:
        st.session_state.pop(name, None)


def _publish() -> None:
    """Makes the URL say what is chosen."""
    session = _session()
    if dict(st.query_params.items()) != session.chosen:
        st.query_params.from_dict(session.chosen)
    session.url = dict(session.chosen)


def _session() -> _Session:
    if SESSION not in st.session_state:
        st.session_state[SESSION] = _Session()
    return st.session_state[SESSION]
