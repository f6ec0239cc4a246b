"""What a number was measured on, in words short enough for a table."""

from __future__ import annotations

import os
import platform
import re
from functools import lru_cache
from pathlib import Path

CPU_INFO = Path("/proc/cpuinfo")


@lru_cache(maxsize=1)
def processor() -> str:
    """The processor's name and how many cores there are.

    >>> processor().endswith("cores")
    True
    """
    text = CPU_INFO.read_text(encoding="utf-8") if CPU_INFO.exists() else ""
    named = re.search(r"^model name\s*:\s*(.+)$", text, flags=re.MULTILINE)
    name = named.group(1).strip() if named else platform.processor() or platform.machine()
    return f"{name}, {os.cpu_count()} cores"
