"""One picture of an analysis, for a notebook or a file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from omega_portfolio.errors import InvalidArgument, describe, describe_path
from omega_portfolio.files import replace_file
from omega_portfolio.report import bars, curves, scatter
from omega_portfolio.report.extra import svg_to_png
from omega_portfolio.report.source import Curve, Options, kept, read_curve
from omega_portfolio.report.svg import Picture, label

if TYPE_CHECKING:
    from collections.abc import Callable

    from omega_portfolio.analysis import Analysis
    from omega_portfolio.metric_values import Resample
    from omega_portfolio.report.curves import Drawn
    from omega_portfolio.types import ArrowStream

KINDS: Final = (
    "equity",
    "drawdown",
    "monthly",
    "yearly",
    "returns",
    "rolling",
    "trades",
    "exposure",
    "symbols",
)
"""What can be drawn."""

_POINT_FACTS: Final = ("period_count", "start_time", "initial_equity")


@dataclass(frozen=True, slots=True, repr=False)
class Plot:
    """A picture: SVG for a notebook, a file on request.

    Attributes
    ----------
    svg : str
        The picture as a complete SVG file, light and dark.
    kind : str
        What it shows.
    text : str
        A sentence about it, for readers who do not see it.

    Examples
    --------
    >>> import omega_portfolio as op
    >>> from omega_portfolio.report import plot
    >>> portfolio = op.Portfolio(1000, backend="python")
    >>> for day, price in enumerate([100, 110, 105], start=2):
    ...     portfolio.update_equity(f"2024-01-0{day}", {"ACME": price})
    >>> plot(portfolio)
    <Plot equity: From 1,000 to 1,000 USD>
    """

    svg: str
    kind: str
    text: str
    _plain: str

    def save(self, path: str | Path) -> Path:
        """Write the picture to a file.

        Parameters
        ----------
        path : str or Path
            Ends in ``.svg``, or in ``.png`` (two pixels per unit; needs the extra
            ``omega-portfolio[report]``).

        Returns
        -------
        Path
            The file.

        Raises
        ------
        InvalidArgument
            Another ending, or the extra is not installed.
        OSError
            The file cannot be written.
        """
        target = Path(path)
        ending = target.suffix.lower()
        if ending == ".svg":
            return replace_file(target, self.svg.encode())
        if ending == ".png":
            return replace_file(target, svg_to_png(self._plain, "path", describe_path(target)))
        rule = "ends in neither .svg nor .png"
        raise InvalidArgument("path", describe_path(target), rule, "name a .svg or a .png file")

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        return {"image/svg+xml": self.svg, "text/plain": repr(self)}

    def __repr__(self) -> str:
        return f"<Plot {self.kind}: {self.text}>"


def plot(
    analysis: Analysis,
    *,
    kind: str = "equity",
    benchmark: ArrowStream | None = None,
    resample: Resample | None = None,
) -> Plot:
    """Draw one picture of an analysis.

    Parameters
    ----------
    analysis : Portfolio or History
        What is drawn.
    kind : str, default "equity"
        ``equity``, ``drawdown``, ``monthly``, ``yearly``, ``returns``, ``rolling``,
        ``trades``, ``exposure`` or ``symbols``.
    benchmark : Arrow table, optional
        Levels to draw beside the equity, as for the metrics.
    resample : {"1h", "1d", "1w", "1mo"}, optional
        The last point of each hour, day, week or month, as for the metrics.

    Returns
    -------
    Plot
        With a sentence instead of a chart when there is nothing to draw.

    Raises
    ------
    InvalidArgument
        There is no such kind, or an option is refused.
    InvalidFrame
        The benchmark is refused.

    Examples
    --------
    >>> import omega_portfolio as op
    >>> from omega_portfolio.report import plot
    >>> portfolio = op.Portfolio(1000, backend="python")
    >>> plot(portfolio, kind="trades")
    <Plot trades: There is no closed trade.>
    """
    if not isinstance(kind, str) or kind not in KINDS:
        remedy = f"choose one of {', '.join(KINDS)}"
        raise InvalidArgument("kind", describe(kind), "is no kind of picture", remedy)
    benchmark = kept(benchmark)
    options = Options(benchmark=benchmark, resample=resample)
    if benchmark is not None:
        # The analysis checks the benchmark; what it refuses is not drawn.
        analysis.metric("beta", benchmark=benchmark, resample=resample)
    return made(kind, _DRAW[kind](analysis, options))


def made(kind: str, drawn: Drawn) -> Plot:
    """Make a plot of a picture, or of the sentence that stands for one."""
    if isinstance(drawn, str):
        text = drawn
        body = label(16, 24, text, "ink")
        picture = Picture(680, 40, f"No picture of {kind}", "", body)
        return Plot(picture.standalone(), kind, text, picture.standalone(dark=False))
    picture = drawn[0]
    return Plot(picture.standalone(), kind, picture.text, picture.standalone(dark=False))


def curve_of(analysis: Analysis, options: Options) -> Curve:
    """Read the points with the three metrics they need, and no others."""
    resample = options.resample
    facts = {name: analysis.metric(name, resample=resample) for name in _POINT_FACTS}
    return read_curve(analysis, facts, options)


def _equity(analysis: Analysis, options: Options) -> Drawn:
    return curves.equity_chart(curve_of(analysis, options), analysis.currency)


def _drawdown(analysis: Analysis, options: Options) -> Drawn:
    return curves.drawdown_chart(curve_of(analysis, options))


def _exposure(analysis: Analysis, options: Options) -> Drawn:
    return curves.exposure_chart(curve_of(analysis, options))


def _monthly(analysis: Analysis, options: Options) -> Drawn:
    resample = options.resample
    monthly = analysis.monthly_returns(resample=resample).to_polars()
    yearly = analysis.yearly_returns(resample=resample).to_polars()
    return bars.monthly_map(monthly, yearly)


def _yearly(analysis: Analysis, options: Options) -> Drawn:
    return bars.yearly_bars(analysis.yearly_returns(resample=options.resample).to_polars())


def _returns(analysis: Analysis, options: Options) -> Drawn:
    if analysis.metric("ruined", resample=options.resample):
        return curves.RUINED
    resample = options.resample
    at_risk: Any = analysis.metric("value_at_risk", resample=resample)
    shortfall: Any = analysis.metric("expected_shortfall", resample=resample)
    return bars.histogram(curve_of(analysis, options).returns(), (at_risk, shortfall))


def _rolling(analysis: Analysis, options: Options) -> Drawn:
    from omega_portfolio.report.content import read_rolling

    periods: Any = analysis.metric("period_count", resample=options.resample)
    window = curves.window_of(periods, float(options.periods_per_year))
    rolling = None if window is None else read_rolling(analysis, window, options)
    return curves.rolling_chart(rolling, window)


def _trades(analysis: Analysis, _: Options) -> Drawn:
    return scatter.trades_chart(analysis.get_trades().to_polars(), analysis.currency)


def _symbols(analysis: Analysis, _: Options) -> Drawn:
    from omega_portfolio.account import Account
    from omega_portfolio.report.books import symbol_results

    trades = analysis.get_trades().to_polars()
    positions = None
    if isinstance(analysis, Account):
        positions = analysis.get_positions().to_polars()
    return bars.symbol_bars(symbol_results(trades, positions), analysis.currency)


_DRAW: Final[dict[str, Callable[[Analysis, Options], Drawn]]] = {
    "equity": _equity,
    "drawdown": _drawdown,
    "monthly": _monthly,
    "yearly": _yearly,
    "returns": _returns,
    "rolling": _rolling,
    "trades": _trades,
    "exposure": _exposure,
    "symbols": _symbols,
}

__all__ = ["KINDS", "Plot", "curve_of", "made", "plot"]
