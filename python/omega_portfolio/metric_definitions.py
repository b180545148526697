"""What a metric is: the record of its definition, and how that record is shown.

The definitions themselves are in :mod:`omega_portfolio.catalogue`; SPEC section 8 has the same
rules in its own words.
"""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

MetricKind: TypeAlias = Literal["money", "float", "count", "time", "duration", "flag"]
"""What a metric is in Python: ``Decimal``, ``float``, ``int``, ``datetime`` (UTC),
``timedelta`` or ``bool``."""

MetricGroup: TypeAlias = Literal[
    "sample", "returns", "risk", "drawdown", "trades", "benchmark", "exposure"
]
"""The groups of the catalogue, in its order."""

_TYPES: Final = {
    "money": "Decimal, exact",
    "float": "float",
    "count": "int",
    "time": "datetime, UTC",
    "duration": "timedelta",
    "flag": "bool",
}

SYMBOLS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "E_i": "equity at point i; E_0 is the start, E_n the last point",
        "t_i": "time of point i",
        "n": "number of returns",
        "r": "the returns r_i = E_i / E_(i-1) - 1",
        "b": "the benchmark's returns over the same periods",
        "B_i": "level of the benchmark as of t_i",
        "m": "the compounded returns of calendar months (UTC)",
        "D_i": "drawdown E_i / max(E_0..E_i) - 1",
        "P": "periods_per_year",
        "rf": "risk_free_rate, annual",
        "rf_p": "(1 + rf)^(1/P) - 1, the risk-free rate of one period",
        "mar": "minimum acceptable return, annual; rf when not given",
        "mar_p": "(1 + mar)^(1/P) - 1, the minimum acceptable return of one period",
        "c": "confidence, the share of the worst outcomes",
        "std": "sample standard deviation, ddof = 1",
        "var": "sample variance, ddof = 1",
        "cov": "sample covariance, ddof = 1",
        "s": "mean(r - rf_p) / std(r), the Sharpe ratio of one period",
        "v": "1 - g1 * s + (g2 - 1) / 4 * s^2",
        "g1": "skewness of r by population moments",
        "g2": "kurtosis of r by population moments (3 for a normal distribution)",
        "F": "distribution function of the standard normal distribution",
        "Z": "inverse of the distribution function of the standard normal distribution",
        "p": "the net profits (net_pnl) of the closed trades, after the fees of both sides",
        "q": "p / cost, the return of each trade on what its entry cost",
        "N": "number of closed trades",
        "R": "p / (cost * |entry_price - stop_loss| / entry_price), profit in units of the "
        "initial risk",
        "G_i": "gross exposure at point i: value of longs + value of shorts",
        "X_i": "net exposure at point i: value of longs - value of shorts",
    }
)
"""The symbols that formulas use, each with its meaning."""

# A symbol of a point stands for that of any point.
_INDEXED: Final = {
    form: f"{letter}_i" for letter in "EtBDGX" for form in (f"{letter}_0", f"{letter}_n")
}


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class MetricDefinition:
    """How a metric is computed, by which convention, and when it is not defined.

    Attributes
    ----------
    name : str
        Name of the metric.
    group : {"sample", "returns", "risk", "drawdown", "trades", "benchmark", "exposure"}
        Where it belongs.
    kind : {"money", "float", "count", "time", "duration", "flag"}
        What it is in Python: ``Decimal``, ``float``, ``int``, ``datetime``, ``timedelta``,
        ``bool``.
    unit : str
        Unit of the value; a unit that begins with ``fraction`` is shown in percent.
    formula : str
        The formula; :meth:`symbols` explains its letters.
    convention : str
        What libraries differ in: degrees of freedom, annualisation, sign, what is counted.
    null_rule : str
        When the metric is None; ``never`` if it always has a value.
    source : str
        Author and year of the paper or book; empty for what is elementary.
    streaming : bool
        One pass with a state of fixed size is enough. False for what needs the whole history,
        such as a quantile.

    Examples
    --------
    >>> import omega_portfolio as op
    >>> definition = op.Metrics.definition("volatility")
    >>> definition.formula, definition.null_rule
    ('std(r) * sqrt(P)', 'n < 2, or the equity was not always above 0')
    >>> definition
    volatility (risk): fraction per year, float
      formula     std(r) * sqrt(P)
      convention  Sample standard deviation (ddof = 1), annualised by the square root of time.
      None when   n < 2, or the equity was not always above 0
      where       n    number of returns
                  r    the returns r_i = E_i / E_(i-1) - 1
                  P    periods_per_year
                  std  sample standard deviation, ddof = 1
                  E_i  equity at point i; E_0 is the start, E_n the last point
    """

    name: str
    group: MetricGroup
    kind: MetricKind
    unit: str
    formula: str
    convention: str
    null_rule: str
    source: str = ""
    streaming: bool = True

    def symbols(self) -> dict[str, str]:
        """Give the symbols of the formula with their meanings.

        Returns
        -------
        dict of str to str
            In the order of :data:`SYMBOLS`, then those that the meanings use themselves.

        Examples
        --------
        >>> import omega_portfolio as op
        >>> op.Metrics.definition("best_return").symbols()["r"]
        'the returns r_i = E_i / E_(i-1) - 1'
        """
        found: dict[str, str] = {}
        texts = [f"{self.formula} {self.null_rule}"]
        while texts:
            used = _symbols_of(" ".join(texts))
            new = {name: text for name, text in SYMBOLS.items() if name in used - set(found)}
            found |= new
            texts = list(new.values())
        return found

    def facts(self) -> list[tuple[str, str]]:
        """Give what there is to say, as pairs of a label and a text.

        Returns
        -------
        list of (str, str)
            Formula, convention, null rule and source; what is empty is left out.
        """
        facts = [
            ("formula", self.formula),
            ("convention", self.convention),
            ("None when", self.null_rule),
            ("source", self.source),
            ("needs", "" if self.streaming else "the whole history, not one pass"),
        ]
        return [(label, text) for label, text in facts if text]

    def __repr__(self) -> str:
        lines = [self._title()]
        for label, text in self.facts():
            lines += _wrapped(label, textwrap.wrap(text, 76))
        symbols = self.symbols()
        width = max((len(name) for name in symbols), default=0)
        meanings = [f"{name:<{width}}  {text}" for name, text in symbols.items()]
        return "\n".join([*lines, *_wrapped("where", meanings)])

    def _repr_html_(self) -> str:
        from omega_portfolio.display import rows_html

        facts: list[tuple[str, str]] = [*self.facts(), *self.symbols().items()]
        return rows_html(self._title(), [("", ""), ("", "")], facts)

    def _title(self) -> str:
        return f"{self.name} ({self.group}): {self.unit}, {_TYPES[self.kind]}"


def _symbols_of(text: str) -> set[str]:
    """Name the symbols in a formula; an index in brackets belongs to its letter."""
    plain = text.replace("_(", "_i(")
    words = set(re.findall(r"(?<!')\b[A-Za-z][A-Za-z0-9]*(?:_[a-z0-9]+)?", plain))
    words |= {word[:-2] for word in words if word in ("r_i", "b_i")}
    return {_INDEXED.get(word, word) for word in words}


def _wrapped(label: str, lines: list[str]) -> list[str]:
    """Put a label before the first line of a text, and room before the others."""
    labels = [label, *[""] * (len(lines) - 1)]
    return [f"  {head:<10}  {line}" for head, line in zip(labels, lines, strict=False)]


__all__ = ["SYMBOLS", "MetricDefinition", "MetricGroup", "MetricKind"]
