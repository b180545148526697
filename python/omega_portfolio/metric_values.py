"""The figures of a portfolio's history, as a frozen mapping."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NoReturn, TypeAlias

if TYPE_CHECKING:
    import polars as pl

MetricValue: TypeAlias = float | int | Decimal | None
"""A metric; None where it is not defined (SPEC section 8 says when)."""

UNITS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "net_profit": "account currency",
        "total_return": "fraction",
        "cagr": "fraction per year",
        "max_drawdown": "fraction",
        "sharpe_ratio": "ratio, annualised",
        "trade_count": "trades",
        "win_rate": "fraction",
        "profit_factor": "ratio",
    }
)
"""Unit of each metric. A fraction of 0.05 is 5 percent; a drawdown is 0 or negative."""


class Metrics(Mapping[str, MetricValue]):
    """Figures of a portfolio's history, by name: ``metrics["cagr"]`` or ``metrics.cagr``.

    The definitions are in SPEC section 8. What is not defined, such as the Sharpe ratio of one
    day, is None and never 0, NaN or infinite.

    Parameters
    ----------
    values : mapping of str to float, int, Decimal or None
        The metrics; each name is one of :data:`UNITS`.
    periods_per_year : float
        Equity rows per year that the annualised figures assume.
    risk_free_rate : float
        Annual risk-free rate as a fraction.

    Attributes
    ----------
    net_profit : Decimal or None
        Change of equity without deposits and withdrawals; exact, in the account's currency.
    total_return : float or None
        Last equity / first equity - 1.
    cagr : float or None
        Growth per year of 365.25 days, as a fraction.
    max_drawdown : float or None
        Deepest fall below an earlier peak, as a fraction <= 0.
    sharpe_ratio : float or None
        Mean excess return / sample standard deviation * sqrt(periods_per_year).
    trade_count : int
        Number of trades.
    win_rate : float or None
        Trades with a net profit above 0 / number of trades.
    profit_factor : float or None
        Sum of net profits / sum of net losses.
    periods_per_year, risk_free_rate : float
        As given.

    Raises
    ------
    ValueError
        A name in ``values`` has no unit.

    Examples
    --------
    >>> import omega_portfolio as op
    >>> portfolio = op.Portfolio(1000)
    >>> portfolio.update_equity("2024-01-02")
    >>> portfolio.deposit(500, "2024-01-03")
    >>> portfolio.update_equity("2024-01-03")
    >>> metrics = portfolio.calculate_metrics()
    >>> metrics.net_profit == 0, metrics["trade_count"], metrics.win_rate
    (True, 0, None)
    """

    __slots__ = ("_values", "periods_per_year", "risk_free_rate")

    _values: Mapping[str, MetricValue]
    periods_per_year: float
    risk_free_rate: float

    if TYPE_CHECKING:
        net_profit: Decimal | None
        total_return: float | None
        cagr: float | None
        max_drawdown: float | None
        sharpe_ratio: float | None
        trade_count: int
        win_rate: float | None
        profit_factor: float | None

    def __init__(
        self, values: Mapping[str, MetricValue], periods_per_year: float, risk_free_rate: float
    ) -> None:
        unknown = sorted(set(values) - set(UNITS))
        if unknown:
            raise ValueError(f"metrics without a unit: {', '.join(unknown)}")
        object.__setattr__(self, "_values", MappingProxyType(dict(values)))
        object.__setattr__(self, "periods_per_year", periods_per_year)
        object.__setattr__(self, "risk_free_rate", risk_free_rate)

    def __getitem__(self, name: str) -> MetricValue:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __getattr__(self, name: str) -> MetricValue:
        # Names with an underscore are asked for by protocols, also before __init__ has run.
        if name.startswith("_") or name not in self._values:
            raise AttributeError(self._unknown(name))
        return self._values[name]

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"cannot set {name!r}: metrics are frozen")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"cannot delete {name!r}: metrics are frozen")

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *self._values})

    def __reduce__(self) -> tuple[type[Metrics], tuple[dict[str, MetricValue], float, float]]:
        return Metrics, (dict(self._values), self.periods_per_year, self.risk_free_rate)

    def to_polars(self) -> pl.DataFrame:
        """Give the metrics as a frame with one row per metric.

        Returns
        -------
        polars.DataFrame
            Columns ``name`` (text), ``value`` (Float64, null where not defined), ``exact``
            (text; the digits of metrics that are exact, null for the others) and ``unit``
            (text).

        Examples
        --------
        >>> import omega_portfolio as op
        >>> frame = op.Portfolio(1000).calculate_metrics().to_polars()
        >>> frame.columns
        ['name', 'value', 'exact', 'unit']
        """
        import polars as pl

        values = self._values.items()
        return pl.DataFrame(
            {
                "name": list(self._values),
                "value": [None if value is None else float(value) for _, value in values],
                "exact": [
                    _text(value) if isinstance(value, int | Decimal) else None
                    for _, value in values
                ],
                "unit": [UNITS[name] for name in self._values],
            },
            schema={
                "name": pl.String,
                "value": pl.Float64,
                "exact": pl.String,
                "unit": pl.String,
            },
        )

    def __repr__(self) -> str:
        rows = [(name, _text(value), UNITS[name]) for name, value in self._values.items()]
        name_width = max((len(name) for name, _, _ in rows), default=0)
        value_width = max((len(text) for _, text, _ in rows), default=0)
        lines = [
            f"  {name:<{name_width}}  {text:>{value_width}}  {unit}" for name, text, unit in rows
        ]
        return "\n".join([self._title(), *lines])

    def _repr_html_(self) -> str:
        from omega_portfolio.display import rows_html

        rows = [(name, _text(value), UNITS[name]) for name, value in self._values.items()]
        return rows_html(self._title(), [("metric", ""), ("value", ""), ("unit", "")], rows)

    def _title(self) -> str:
        return (
            f"Metrics: periods_per_year={self.periods_per_year}, "
            f"risk_free_rate={self.risk_free_rate}"
        )

    def _unknown(self, name: str) -> str:
        """Say that there is no such metric, and which names come close."""
        if name.startswith("_"):
            return f"Metrics has no attribute {name!r}"
        from difflib import get_close_matches

        near = get_close_matches(name, self._values)
        hint = f"did you mean {' or '.join(near)}? " if near else ""
        return f"there is no metric {name!r}; {hint}the metrics are: {', '.join(self._values)}"


def _text(value: MetricValue) -> str:
    """Give a metric for reading: exact ones in full, floats with six significant digits."""
    if isinstance(value, float):
        return f"{value:.6g}"
    return format(value, "f") if isinstance(value, Decimal) else str(value)


__all__ = ["UNITS", "MetricValue", "Metrics"]
