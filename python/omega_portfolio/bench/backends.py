"""The two constructors that are compared, and the proof that each is what its name says.

A comparison of an implementation with itself finds nothing, so that nothing here is taken on
trust: not the name of a class, and not what it says about itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.machinery import EXTENSION_SUFFIXES
from typing import TYPE_CHECKING

from omega_portfolio.backend import backend_class, backend_status, core_module

if TYPE_CHECKING:
    from collections.abc import Callable

    from omega_portfolio.bench.shapes import Setting
    from omega_portfolio.portfolio import Portfolio
    from omega_portfolio.types import BackendName


@dataclass(frozen=True, slots=True)
class Pair:
    """The two constructors that are compared.

    Attributes
    ----------
    left, right : callable
        Take what ``Portfolio`` takes and return a portfolio.
    """

    left: Callable[..., Portfolio]
    right: Callable[..., Portfolio]

    def build(self, setting: Setting) -> tuple[Portfolio, Portfolio]:
        """Construct both portfolios with one configuration.

        Parameters
        ----------
        setting : Setting
            The configuration.

        Returns
        -------
        tuple of Portfolio
        """
        balance, options = setting.initial_balance, setting.options
        return self.left(balance, **options), self.right(balance, **options)


def backend_pair(left: BackendName, right: BackendName) -> Pair:
    """Take two backends by name and make sure that each is what its name says.

    Parameters
    ----------
    left, right : {"rust", "python"}
        The backends.

    Returns
    -------
    Pair

    Raises
    ------
    BackendUnavailable
        Rust is asked for and its compiled module does not load.
    """
    for name in (left, right):
        prove_backend(name)
    return Pair(backend_class(left), backend_class(right))


def prove_backend(name: BackendName) -> str:
    """Prove that a backend is what its name says, and say what was seen.

    Parameters
    ----------
    name : {"rust", "python"}
        The backend.

    Returns
    -------
    str
        The class and the file that its methods come from.

    Raises
    ------
    BackendUnavailable
        Rust is asked for and its compiled module does not load.
    AssertionError
        The class does not do its work where its name says.
    """
    chosen = backend_class(name)
    portfolio = chosen(0)
    method = chosen.open_position
    checks = [type(portfolio) is chosen, portfolio.backend == name]
    if name == "python":
        code = getattr(method, "__code__", None)
        origin = "" if code is None else code.co_filename
        checks += [code is not None, origin.endswith(".py")]
    else:
        module = core_module()
        origin = str(module.__file__)
        compiled = any(origin.endswith(suffix) for suffix in EXTENSION_SUFFIXES)
        checks += [compiled, not hasattr(method, "__code__"), backend_status().module == origin]
        core = getattr(module, "PortfolioCore", None)
        checks += [core is not None and method is core.open_position]
    if not all(checks):
        raise AssertionError(f"{name}: the class {chosen} does not work where its name says")
    return f"{name} ({chosen.__name__} from {origin})"


__all__ = ["Pair", "backend_pair", "prove_backend"]
