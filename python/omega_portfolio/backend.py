"""Which implementation is live: the compiled Rust module or the Python one, and why.

The environment variable ``USE_RUST_PORTFOLIO`` is read once, when the package is imported:
``auto`` (the default) takes Rust when its module loads and Python otherwise, ``true`` takes
Rust or fails, ``false`` takes Python. The ``backend=`` argument of
:class:`omega_portfolio.Portfolio` goes before the environment.
"""

from __future__ import annotations

import importlib
import os
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

from omega_portfolio.errors import (
    BackendUnavailable,
    InvalidArgument,
    InvalidConfiguration,
    describe,
)

if TYPE_CHECKING:
    from types import ModuleType

    from omega_portfolio.history import History
    from omega_portfolio.portfolio import Portfolio
    from omega_portfolio.types import BackendName

VARIABLE: Final = "USE_RUST_PORTFOLIO"
"""Name of the environment variable."""

CORE_MODULE: Final = "omega_portfolio._core"
"""Name of the compiled module."""

_ENVIRONMENT: Final = os.environ.get(VARIABLE)

# What each value of the environment asks for, in the words of the `backend` argument.
_CHOICES: Final = {
    "auto": "auto",
    "true": "rust",
    "1": "rust",
    "false": "python",
    "0": "python",
}


@dataclass(frozen=True, slots=True)
class BackendStatus:
    """What :func:`backend_status` found.

    Attributes
    ----------
    live : {"rust", "python"} or None
        The backend that ``Portfolio(...)`` uses when no ``backend=`` is given; None when it
        would raise, because the environment asks for something that cannot be had.
    requested : str
        The value of ``USE_RUST_PORTFOLIO`` when the package was imported; ``auto`` when it
        was not set.
    available : tuple of str
        The backends that ``backend=`` can name in this process.
    reason : str
        Why ``live`` is what it is, with the text of the error when the module does not load.
    version : str or None
        Version of the compiled module; None when it is not loaded.
    module : str or None
        File of the compiled module; None when it is not loaded.
    """

    live: BackendName | None
    requested: str
    available: tuple[BackendName, ...]
    reason: str
    version: str | None
    module: str | None

    def __repr__(self) -> str:
        lines = [
            ("live", self.live or "none"),
            ("requested", self.requested),
            ("available", ", ".join(self.available)),
            ("reason", self.reason),
            ("version", self.version or "none"),
            ("module", self.module or "none"),
        ]
        return "BackendStatus\n" + "\n".join(f"  {name:<9}  {text}" for name, text in lines)


def backend_status() -> BackendStatus:
    """Tell which backend is live and why.

    The compiled module is imported if that has not happened yet, so that the answer is what
    happened and not what should happen.

    Returns
    -------
    BackendStatus
        Frozen; it never changes within a process.

    Examples
    --------
    >>> import omega_portfolio as op
    >>> status = op.backend_status()
    >>> status.live == op.Portfolio(1000).backend
    True
    >>> "python" in status.available
    True
    """
    module, failure = _core_or_failure()
    available: tuple[BackendName, ...] = ("python",) if module is None else ("rust", "python")
    origin = f"{VARIABLE} is {'not set' if _ENVIRONMENT is None else describe(_ENVIRONMENT)}"
    finding = failure if module is None else f"{CORE_MODULE} is loaded (build {module.build})"
    live: BackendName | None
    try:
        live = select(None)
    except (BackendUnavailable, InvalidConfiguration) as error:
        live = None
        finding = str(error)
    return BackendStatus(
        live=live,
        requested="auto" if _ENVIRONMENT is None else _ENVIRONMENT,
        available=available,
        reason=f"{origin}; {finding}",
        version=None if module is None else module.__version__,
        module=None if module is None else getattr(module, "__file__", None),
    )


def select(backend: object) -> BackendName:
    """Decide the backend of one portfolio.

    Parameters
    ----------
    backend : {"auto", "rust", "python"} or None
        The argument of the constructor; None asks the environment.

    Returns
    -------
    {"rust", "python"}
        The backend to use.

    Raises
    ------
    InvalidArgument
        ``backend`` is neither text nor None.
    InvalidConfiguration
        ``backend`` or the environment has a value that does not exist.
    BackendUnavailable
        Rust is asked for and its module does not load.
    """
    wanted = _requested() if backend is None else backend
    if not isinstance(wanted, str):
        raise InvalidArgument(
            "backend", describe(backend), "must be a str or None", 'pass "auto", "rust" or "python"'
        )
    if wanted == "python":
        return "python"
    if wanted == "rust":
        core_module()
        return "rust"
    if wanted == "auto":
        module, _ = _core_or_failure()
        return "python" if module is None else "rust"
    raise InvalidConfiguration(
        "backend", describe(wanted), "is no backend", 'pass "auto", "rust" or "python"'
    )


def backend_class(name: BackendName) -> type[Portfolio]:
    """Return the class of a backend.

    Parameters
    ----------
    name : {"rust", "python"}
        A backend as :func:`select` returns it.

    Returns
    -------
    type
        ``PortfolioRust`` or ``PortfolioPython``.

    Raises
    ------
    BackendUnavailable
        Rust is asked for and its module does not load.
    """
    if name == "rust":
        core_module()
        from omega_portfolio.rust import PortfolioRust

        return PortfolioRust
    from omega_portfolio.oracle import PortfolioPython

    return PortfolioPython


def history_class(name: BackendName) -> type[History]:
    """Return the class of a backend for a user's own frames.

    Parameters
    ----------
    name : {"rust", "python"}
        A backend as :func:`select` returns it.

    Returns
    -------
    type
        ``HistoryRust`` or ``HistoryPython``.

    Raises
    ------
    BackendUnavailable
        Rust is asked for and its module does not load.
    """
    if name == "rust":
        core_module()
        from omega_portfolio.rust import HistoryRust

        return HistoryRust
    from omega_portfolio.oracle.history import HistoryPython

    return HistoryPython


def core_module() -> ModuleType:
    """Return the compiled module, imported at the first call.

    Returns
    -------
    module
        ``omega_portfolio._core``.

    Raises
    ------
    BackendUnavailable
        The module is absent or does not load; ``rule`` holds the text of the error.
    """
    module, failure = _core_or_failure()
    if module is None:
        raise BackendUnavailable(
            "backend",
            "rust",
            failure,
            f'build the package ("maturin develop --release"), or pass backend="python" '
            f"or set {VARIABLE}=false",
        )
    return module


def _requested() -> str:
    """Return what the environment asks for, in the words of the ``backend`` argument."""
    if _ENVIRONMENT is None:
        return "auto"
    choice = _CHOICES.get(_ENVIRONMENT.lower())
    if choice is None:
        raise InvalidConfiguration(
            VARIABLE,
            describe(_ENVIRONMENT),
            "must be auto, true or false (or 1 or 0)",
            "correct the environment variable and start again, or pass backend=",
        )
    return choice


@cache
def _core_or_failure() -> tuple[ModuleType | None, str]:
    """Import the compiled module once; without it, say why."""
    try:
        return importlib.import_module(CORE_MODULE), ""
    except ModuleNotFoundError as error:
        if error.name == CORE_MODULE:
            return None, f"{CORE_MODULE} is not installed"
        return None, f"{CORE_MODULE} does not load: {error}"
    except Exception as error:  # noqa: BLE001 - whatever the loader raises is the reason to tell.
        return None, f"{CORE_MODULE} does not load: {type(error).__name__}: {error}"


__all__ = [
    "BackendStatus",
    "backend_class",
    "backend_status",
    "core_module",
    "history_class",
    "select",
]
