"""Which engine the exact account would run on, in the words of the old module."""

from __future__ import annotations

from typing import Any

from omega_portfolio.backend import backend_status


def get_rust_status() -> dict[str, Any]:
    """Tell whether the compiled engine is there and in use.

    The old portfolio itself is plain Python. What runs on the compiled engine is the exact
    account beside it (``Portfolio(exact=True)``).

    Returns
    -------
    dict
        ``available`` : bool, whether the compiled module loads; ``enabled`` : bool, whether a
        portfolio uses it when nothing else is asked for; ``flag`` : str, the value of
        ``USE_RUST_PORTFOLIO``, ``"auto"`` when it is not set; ``error`` : str or None, why the
        module is not available or no backend can be had.

    See Also
    --------
    omega_portfolio.backend_status : The same and more.

    Examples
    --------
    >>> from omega_portfolio.legacy import get_rust_status
    >>> sorted(get_rust_status())
    ['available', 'enabled', 'error', 'flag']
    """
    status = backend_status()
    available = "rust" in status.available
    return {
        "available": available,
        "enabled": status.live == "rust",
        "flag": status.requested,
        "error": None if available and status.live is not None else status.reason,
    }


__all__ = ["get_rust_status"]
