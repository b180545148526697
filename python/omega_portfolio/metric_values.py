"""The figures of a history, as a frozen mapping with attributes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal, NoReturn, TypeAlias

from omega_portfolio.catalogue import CATALOGUE, UNITS, unknown_metric
from omega_portfolio.errors import InvalidArgument, describe
from omega_portfolio.metric_names import MetricNames

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import polars as pl
    from typing_extensions import Self

    from omega_portfolio.metric_definitions import MetricDefinition
    from omega_portfolio.types import NumberLike

MetricValue: TypeAlias = Decimal | float | int | bool | datetime | timedelta | None
"""A metric; None where it is not defined (SPEC section 8 says when)."""

Resample: TypeAlias = Literal["1h", "1d", "1w", "1mo"]
"""Periods of which the last point of equity is kept: hours, days, weeks from Monday, months."""

Trials: TypeAlias = "Sequence[NumberLike] | np.ndarray[tuple[int], np.dtype[np.floating]]"
"""Annualised Sharpe ratios of all strategies that were tried: a sequence or an array."""

# What a Metrics object knows beside its values, in the order of its constructor.
_ARGUMENTS: Final = (
    "periods_per_year",
    "risk_free_rate",
    "mar",
    "confidence",
    "resample",
    "has_benchmark",
    "trial_count",
)


def _asked(name: object) -> str:
    """Give what was asked for as text, whatever it was."""
    return name if isinstance(name, str) else describe(name)


class Metrics(MetricNames, Mapping[str, MetricValue]):
    """Figures of a history by name: ``metrics["sharpe_ratio"]`` or ``metrics.sharpe_ratio``.

    What is not defined, such as the Sharpe ratio of one day, is None and never 0, NaN or
    infinite. :meth:`definition` tells how a metric is computed, by which convention, and when
    it is None; SPEC section 8 has the same in one place. Fractions are not percent: a
    ``max_drawdown`` of -0.25 is a quarter of the peak. For reading, they are shown in percent.

    Parameters
    ----------
    values : mapping of str to Decimal, float, int, bool, datetime, timedelta or None
        The metrics; each name is one of the catalogue.
    periods_per_year : float, default 252
        Points per year that the annualised figures assume.
    risk_free_rate : float, default 0
        Annual risk-free rate as a fraction.
    mar : float, optional
        Annual minimum acceptable return; the risk-free rate when left out. (That alone does not
        tell the target of ``downside_deviation``, which is 0 when ``mar`` was left out.)
    confidence : float, default 0.05
        Share of the worst outcomes that the tail metrics look at.
    resample : {"1h", "1d", "1w", "1mo"}, optional
        Periods of which the last point was kept.
    has_benchmark : bool, default False
        There was a benchmark.
    trial_count : int, optional
        Number of trials that ``deflated_sharpe_ratio`` knows of.

    Attributes
    ----------
    periods_per_year, risk_free_rate, mar, confidence : float
        The arguments that the metrics were computed with.
    resample : str or None
        As given.
    has_benchmark : bool
        As given.
    trial_count : int or None
        As given.

    Raises
    ------
    ValueError
        A name in ``values`` is no metric.

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

    __slots__ = (*_ARGUMENTS, "_values")

    _values: Mapping[str, MetricValue]
    periods_per_year: float
    risk_free_rate: float
    mar: float
    confidence: float
    resample: Resample | None
    has_benchmark: bool
    trial_count: int | None

    def __init__(
        self,
        values: Mapping[str, MetricValue],
        periods_per_year: NumberLike = 252,
        risk_free_rate: NumberLike = 0,
        *,
        mar: NumberLike | None = None,
        confidence: NumberLike = 0.05,
        resample: Resample | None = None,
        has_benchmark: bool = False,
        trial_count: int | None = None,
    ) -> None:
        unknown = sorted(set(values) - set(UNITS))
        if unknown:
            raise ValueError(f"no metrics of the catalogue: {', '.join(unknown)}")
        target = risk_free_rate if mar is None else mar
        for name, value in (
            ("_values", MappingProxyType(dict(values))),
            ("periods_per_year", float(periods_per_year)),
            ("risk_free_rate", float(risk_free_rate)),
            ("mar", float(target)),
            ("confidence", float(confidence)),
            ("resample", resample),
            ("has_benchmark", has_benchmark),
            ("trial_count", trial_count),
        ):
            object.__setattr__(self, name, value)

    def __getitem__(self, name: str) -> MetricValue:
        if name in self:
            return self._values[name]
        raise KeyError(unknown_metric(_asked(name), self._values))

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name in self._values

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    # Hidden from type checkers: they know each name, and find one that is none.
    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> MetricValue:
            # Names with an underscore are asked for by protocols, also before __init__ has run.
            if name.startswith("_"):
                raise AttributeError(f"Metrics has no attribute {name!r}")
            if name not in self._values:
                raise AttributeError(unknown_metric(name, [*self._values, *_ARGUMENTS]))
            return self._values[name]

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"cannot set {name!r}: metrics are frozen")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"cannot delete {name!r}: metrics are frozen")

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *self._values})

    def __eq__(self, other: object) -> bool:
        """Compare the values, and with other metrics the arguments too."""
        if isinstance(other, Metrics) and self.arguments() != other.arguments():
            return False
        if isinstance(other, Mapping):
            return dict(self._values) == dict(other)
        return NotImplemented

    # A mapping with equality by value has no hash, as a dict.
    __hash__ = None  # type: ignore[assignment]

    def __reduce__(self) -> tuple[object, tuple[dict[str, MetricValue], dict[str, object]]]:
        return _restored, (dict(self._values), self.arguments())

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self

    def arguments(self) -> dict[str, object]:
        """Give the arguments that the metrics were computed with.

        Returns
        -------
        dict of str to object
            The attributes beside the metrics, by name.

        Examples
        --------
        >>> import omega_portfolio as op
        >>> op.Portfolio(1000).calculate_metrics(risk_free_rate=0.02).arguments()["mar"]
        0.02
        """
        return {name: getattr(self, name) for name in _ARGUMENTS}

    def groups(self) -> dict[str, dict[str, MetricValue]]:
        """Give the metrics by group.

        Returns
        -------
        dict of str to dict
            The groups sample, returns, risk, drawdown, trades, benchmark and exposure, as far
            as they have a metric here; in each the values by name.

        Examples
        --------
        >>> import omega_portfolio as op
        >>> groups = op.Portfolio(1000).calculate_metrics().groups()
        >>> groups["drawdown"]["max_drawdown"] is None, groups["trades"]["trade_count"]
        (True, 0)
        """
        found: dict[str, dict[str, MetricValue]] = {}
        for name, value in self._values.items():
            found.setdefault(CATALOGUE[name].group, {})[name] = value
        return found

    @staticmethod
    def definition(name: str) -> MetricDefinition:
        """Tell how a metric is computed; it can be asked without any metrics at hand.

        Parameters
        ----------
        name : str
            A metric.

        Returns
        -------
        MetricDefinition
            Formula, convention, source, and when the metric is None.

        Raises
        ------
        InvalidArgument
            There is no such metric.

        Examples
        --------
        >>> import omega_portfolio as op
        >>> op.Metrics.definition("calmar_ratio").formula
        'cagr / |max_drawdown|'
        """
        if isinstance(name, str) and name in CATALOGUE:
            return CATALOGUE[name]
        rule, _, remedy = unknown_metric(_asked(name)).partition("; ")
        raise InvalidArgument("name", describe(name), rule, remedy)

    def to_polars(self) -> pl.DataFrame:
        """Give the metrics as a frame with one row per metric.

        Returns
        -------
        polars.DataFrame
            Columns ``name`` (text), ``value`` (Float64; durations in seconds, flags as 0 or 1,
            null for times and where not defined), ``exact`` (text: the digits of money and
            counts, times in ISO 8601, durations and flags; null for the others), ``unit``,
            ``group`` and ``definition`` (text: the formula).

        Examples
        --------
        >>> import omega_portfolio as op
        >>> frame = op.Portfolio(1000).calculate_metrics().to_polars()
        >>> frame.columns
        ['name', 'value', 'exact', 'unit', 'group', 'definition']
        """
        import polars as pl

        rows = [
            (name, _number(value), _exact(value), one.unit, one.group, one.formula)
            for (name, value), one in zip(self._values.items(), self._definitions(), strict=True)
        ]
        texts = ("exact", "unit", "group", "definition")
        schema = {"name": pl.String, "value": pl.Float64, **dict.fromkeys(texts, pl.String)}
        return pl.DataFrame(rows, schema, orient="row")

    def __repr__(self) -> str:
        from omega_portfolio.display import metric_texts

        rows = {name: metric_texts(value, UNITS[name]) for name, value in self._values.items()}
        name_width = max(map(len, rows), default=0)
        value_width = max((len(text) for text, _ in rows.values()), default=0)
        lines = [self._title()]
        for group, values in self._shown().items():
            lines.append(group)
            for name in values:
                text, unit = rows[name]
                lines.append(f"  {name:<{name_width}}  {text:>{value_width}}  {unit}".rstrip())
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        from omega_portfolio.display import metrics_html

        return metrics_html(self._title(), self._shown())

    def _shown(self) -> dict[str, dict[str, MetricValue]]:
        """Leave out what nobody asked for: without a benchmark that group has no value."""
        return {
            group: values
            for group, values in self.groups().items()
            if group != "benchmark" or self.has_benchmark
        }

    def _definitions(self) -> list[MetricDefinition]:
        return [CATALOGUE[name] for name in self._values]

    def _title(self) -> str:
        """Name the arguments that say something about these metrics."""
        facts = {
            "periods_per_year": f"{self.periods_per_year:.15g}",
            "risk_free_rate": f"{self.risk_free_rate:.15g}",
            "mar": "" if self.mar == self.risk_free_rate else f"{self.mar:.15g}",
            "confidence": f"{self.confidence:.15g}",
            "resample": self.resample or "",
            "benchmark": "given" if self.has_benchmark else "",
            "trials": "" if self.trial_count is None else str(self.trial_count),
        }
        return "Metrics: " + ", ".join(f"{name}={text}" for name, text in facts.items() if text)


def _restored(values: dict[str, MetricValue], arguments: dict[str, object]) -> Metrics:
    """Make metrics again from what a pickle holds."""
    return Metrics(values, **arguments)  # type: ignore[arg-type]


def _number(value: MetricValue) -> float | None:
    """Give a metric as a double; None where there is none."""
    if value is None or isinstance(value, datetime):
        return None
    if isinstance(value, timedelta):
        return value.total_seconds()
    return float(value)


def _exact(value: MetricValue) -> str | None:
    """Give the text of a metric that is exact; None for a float."""
    if value is None or isinstance(value, float):
        return None
    if isinstance(value, datetime):
        return value.isoformat()
    return format(value, "f") if isinstance(value, Decimal) else str(value)


__all__ = ["UNITS", "MetricValue", "Metrics", "Resample", "Trials"]
