"""The definitions of all metrics, in the order in which the metrics come out.

One module per group; :class:`omega_portfolio.MetricDefinition` is the record. What is written
here is what :meth:`omega_portfolio.Metrics.definition` shows. SPEC section 8 has the rules.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from omega_portfolio.catalogue.benchmark import BENCHMARK
from omega_portfolio.catalogue.drawdown import DRAWDOWN
from omega_portfolio.catalogue.exposure import EXPOSURE
from omega_portfolio.catalogue.returns import RETURNS, SAMPLE
from omega_portfolio.catalogue.risk import RISK
from omega_portfolio.catalogue.trades import TRADES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from omega_portfolio.metric_definitions import MetricDefinition

CATALOGUE: Final[Mapping[str, MetricDefinition]] = MappingProxyType(
    {one.name: one for one in (*SAMPLE, *RETURNS, *RISK, *DRAWDOWN, *TRADES, *BENCHMARK, *EXPOSURE)}
)
"""All definitions by name, group after group."""

UNITS: Final[Mapping[str, str]] = MappingProxyType(
    {name: definition.unit for name, definition in CATALOGUE.items()}
)
"""Unit of each metric. A fraction of 0.05 is 5 percent; a drawdown is 0 or negative."""


def unknown_metric(name: str, names: Iterable[str] = CATALOGUE) -> str:
    """Say that there is no such metric, and which names come close.

    Parameters
    ----------
    name : str
        What was asked for.
    names : iterable of str, default all metrics
        The names that there are.

    Returns
    -------
    str
        A sentence without an end.

    Examples
    --------
    >>> from omega_portfolio.catalogue import unknown_metric
    >>> unknown_metric("sharp_ratio")
    "there is no metric 'sharp_ratio'; did you mean sharpe_ratio?"
    >>> unknown_metric("sortino")
    "there is no metric 'sortino'; did you mean sortino_ratio?"
    """
    from difflib import get_close_matches

    names = list(names)
    whole = [one for one in names if name and name.lower() in one]
    near = (whole or get_close_matches(name.lower(), names, cutoff=0.75))[:3]
    hint = f"did you mean {' or '.join(near)}?" if near else f"the metrics are: {', '.join(names)}"
    return f"there is no metric {name!r}; {hint}"


__all__ = ["CATALOGUE", "UNITS", "unknown_metric"]
