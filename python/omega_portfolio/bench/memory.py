"""The memory of this process, as the system counts it.

Linux says it in ``/proc/self``: how much is resident, and how much was at most. Elsewhere there
is no file of that name, and then there is no figure.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

PROCESS: Final = Path("/proc/self")
"""Where the system describes this process."""

RESET_PEAK: Final = "5"
"""Written to ``clear_refs`` it makes the peak what is resident at that moment."""


def resident_bytes() -> int | None:
    """Give the memory that is resident.

    Returns
    -------
    int or None
        None where the system does not say.

    Examples
    --------
    >>> from omega_portfolio.bench.memory import peak_bytes, resident_bytes
    >>> (resident_bytes() is None) == (peak_bytes() is None)
    True
    """
    return _read("VmRSS")


def peak_bytes() -> int | None:
    """Give the most memory that was resident, since the start or since the peak was forgotten.

    Returns
    -------
    int or None
        None where the system does not say.
    """
    return _read("VmHWM")


def forget_peak() -> int | None:
    """Forget the peak so far.

    Returns
    -------
    int or None
        What is resident now: the baseline of the next peak. None where the system does not say,
        or does not let the peak be forgotten.
    """
    try:
        (PROCESS / "clear_refs").write_text(RESET_PEAK, encoding="ascii")
    except OSError:
        return None
    return resident_bytes()


def above(baseline: int | None, now: int | None) -> int | None:
    """Subtract a baseline, where there are both figures."""
    return None if baseline is None or now is None else now - baseline


def _read(name: str) -> int | None:
    try:
        text = (PROCESS / "status").read_text("utf-8")
    except OSError:
        return None
    found = re.search(rf"^{name}:\s+(\d+) kB$", text, re.MULTILINE)
    return None if found is None else int(found[1]) * 1024


__all__ = ["above", "forget_peak", "peak_bytes", "resident_bytes"]
