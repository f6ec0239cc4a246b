"""What the server keeps between reruns: bounded, shared by all visitors, and never changed after it is made.

Everything cached is frozen (read-only arrays in frozen dataclasses), so that ``cache_resource`` can hand out the object
itself where ``cache_data`` would copy it.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from threading import Thread

import streamlit as st


@dataclass(frozen=True)
class TorchImport:
    """The background import of torch; ``done`` once forecasts can be made without waiting for it."""

    thread: Thread

    @property
    def done(self) -> bool:
        """True when torch is there."""
        return not self.thread.is_alive()


@st.cache_resource(show_spinner=False, max_entries=1)
def start_importing_torch() -> TorchImport:
    """Starts to import torch in the background, once per server.

    It takes 2 to 4 s, which the first page does not wait for: it shows the reference meanwhile.
    """
    thread = Thread(target=import_module, args=("torch",), name="import-torch", daemon=True)
    thread.start()
    return TorchImport(thread)
