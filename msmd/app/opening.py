"""Opening a trajectory file in the browser."""

from __future__ import annotations

import hashlib
import warnings
from pathlib import Path
from tempfile import TemporaryDirectory

import streamlit as st

from msmd.app import state
from msmd.app.choices import SEGMENT, START, Choice
from msmd.data.formats import read_file
from msmd.data.identify import MOST_ATOMS
from msmd.errors import DataError, MsmdError, MsmdWarning
from msmd.trajectory import Dataset

SUFFIXES = ["npz", "xyz", "extxyz", "traj"]


def open_file_button(molecule: Choice[str], value: str) -> None:
    """A button that opens a file and makes it the chosen molecule; what cannot be read is said under it.

    Args:
        molecule: the choice to set.
        value: what it is set to.
    """
    with st.popover("Open a file", icon=":material/folder_open:", width="stretch"):
        st.caption(
            f"MD17 or rMD17 npz, xyz, extxyz, or ASE traj, up to {MOST_ATOMS} atoms. It is read on the machine that "
            "runs this app and goes nowhere else."
        )
        dt_fs = st.number_input(
            "Time between frames / fs, where the file does not say it",
            min_value=0.0,
            value=None,
            step=0.1,
            format="%.3g",
            key="dt_fs",
            placeholder="as in the file",
        )
        uploaded = st.file_uploader("Trajectory file", type=SUFFIXES, key="file", label_visibility="collapsed")
        if uploaded is None:
            return
        wanted = (uploaded.file_id, dt_fs)
        if state.remember("read", wanted) == wanted:
            _say_what_failed()
            return
        state.remember("failure", None)
        try:
            with st.spinner(f"Reading {uploaded.name} …"):
                opened = read_bytes(uploaded.name, uploaded.getvalue(), dt_fs)
        except MsmdError as error:
            state.remember("failure", str(error))
            _say_what_failed()
            return
    state.keep_file(opened)
    state.forget(SEGMENT, START)
    state.choose(molecule, value)
    st.rerun()


def read_bytes(name: str, content: bytes, dt_fs: float | None = None) -> state.OpenedFile:
    """The trajectory in a file's bytes.

    Args:
        name: the file's name; its suffix tells the format.
        content: its bytes.
        dt_fs: time between frames, for files that do not say it.

    Raises:
        DataError: for what cannot be read.
    """
    digest = hashlib.blake2b(content, digest_size=12, person=f"{dt_fs}".encode()[:16]).hexdigest()
    with TemporaryDirectory() as folder, warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", MsmdWarning)
        path = Path(folder) / Path(name).name
        path.write_bytes(content)
        dataset = _read(path, dt_fs)
    said = tuple(str(w.message).replace(f"{folder}/", "") for w in caught if issubclass(w.category, MsmdWarning))
    return state.OpenedFile(
        name=name, digest=digest, dataset=dataset, warnings=said, content=content, dt_fs=dt_fs or None
    )


def _read(path: Path, dt_fs: float | None) -> Dataset:
    """The reader's dataset; its errors without the temporary folder, of which the visitor knows nothing."""
    try:
        return read_file(path, dt_fs=dt_fs or None)
    except MsmdError as error:
        raise DataError(str(error).replace(f"{path.parent}/", "")) from error


def _say_what_failed() -> None:
    failure = state.recall("failure")
    if failure:
        st.error(str(failure), icon=":material/error:")
