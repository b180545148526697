"""What it means that two portfolios are the same: answers, scalars, tables, digest.

Nothing is compared with a tolerance except the metrics that are statistics of floats; the
float columns of the tables are compared bit by bit.
"""

from __future__ import annotations

import math
import traceback
from operator import attrgetter
from typing import TYPE_CHECKING, Final

from omega_portfolio.bench.answers import Difference, Refusal, answer, differs
from omega_portfolio.bench.table_comparison import Visited, compare_tables
from omega_portfolio.errors import OmegaPortfolioError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from omega_portfolio.portfolio import Portfolio
    from omega_portfolio.types import State, Table

SCALARS: Final = (
    *("balance", "equity", "unrealized_pnl", "realized_pnl", "margin_used", "free_margin"),
    *("margin_level", "time", "events"),
)
"""The scalars of a portfolio and of its state."""

PORTFOLIO_SCALARS: Final = ("ambiguous_count", "rounded_count", "residue")
"""Scalars that a state does not have."""

FIGURES: Final = ("equity", "balance", "margin_used", "events")
"""Scalars that are cheap enough to be compared after every operation."""

TABLES: Final = (
    *("equity_curve", "trades", "ledger", "positions", "cash", "cash_ledger", "margin"),
    *("orders", "activity", "fills"),
)
"""The tables of a portfolio, each with a getter of this name."""

ATTRIBUTION: Final = "_attribution"
"""What both backends have behind the public method of the attribution table."""

POSITION_COLUMNS: Final = (
    *("position_id", "symbol", "side", "size", "entry_time", "entry_price", "stop_loss"),
    *("take_profit", "mark_price", "cost", "unrealized_pnl", "margin", "entry_fee", "swap"),
    "tag",
)
"""Attributes of an open position."""

METRIC_TOLERANCE: Final = 1e-9
"""Relative tolerance of the metrics that are statistics of floats."""

TRACK_RECORD: Final = "minimum_track_record_length"
ENDLESS: Final = 1e18
"""A track record of so many periods is as good as none: it is null when the mean is 0, and the
backends need not agree on what rounding has left of a mean of 0."""

_position_values: Final = attrgetter(*POSITION_COLUMNS)
_figures_of: Final = attrgetter(*FIGURES)


def compare_figures(left: Portfolio, right: Portfolio, visited: Visited) -> Difference | None:
    """Compare the few scalars that show nearly every difference.

    Parameters
    ----------
    left, right : Portfolio
        The portfolios.
    visited : Visited
        Takes count of what was compared.

    Returns
    -------
    Difference or None
    """
    try:
        same = _figures_of(left) == _figures_of(right)
    except OmegaPortfolioError:
        same = False
    if same:
        # How they are written is compared with all scalars.
        visited.scalars += len(FIGURES)
        return None
    return _compare_attributes("", left, right, FIGURES, visited)


def compare_scalars(left: Portfolio, right: Portfolio, visited: Visited) -> Difference | None:
    """Compare the scalars and the digest.

    Parameters
    ----------
    left, right : Portfolio
        The portfolios.
    visited : Visited
        Takes count of what was compared.

    Returns
    -------
    Difference or None
    """
    return first_difference(_scalar_differences(left, right, visited))


def _scalar_differences(
    left: Portfolio, right: Portfolio, visited: Visited
) -> Iterator[Difference]:
    for names in (SCALARS, PORTFOLIO_SCALARS):
        found = _compare_attributes("", left, right, names, visited)
        if found is not None:
            yield found
    visited.digests += 1
    digests = str(read(left, "digest")), str(read(right, "digest"))
    visited.add(digests[0])
    if digests[0] != digests[1]:
        yield Difference("digest", *digests)


def _compare_attributes(
    prefix: str,
    left: Portfolio | State,
    right: Portfolio | State,
    names: tuple[str, ...],
    visited: Visited,
) -> Difference | None:
    for name in names:
        left_value, right_value = read(left, name), read(right, name)
        visited.scalars += 1
        if differs(left_value, right_value):
            return Difference(f"{prefix}{name}", repr(left_value), repr(right_value))
    return None


def read(source: Portfolio | State, name: str) -> object:
    """Read an attribute; a refusal to give it is something to compare as well.

    Parameters
    ----------
    source : Portfolio or State
        What has the attribute.
    name : str
        Its name.

    Returns
    -------
    object
        The value or a :class:`Refusal`.
    """
    try:
        return getattr(source, name)
    except OmegaPortfolioError as error:
        return Refusal(type(error).__name__, error.code, error.argument)


def compare_everything(
    left: Portfolio, right: Portfolio, visited: Visited, *, in_full: bool = True
) -> Difference | None:
    """Compare all that can be read from two portfolios.

    Parameters
    ----------
    left, right : Portfolio
        The portfolios.
    visited : Visited
        Takes count of what was compared.
    in_full : bool, default True
        Whether metrics and the tables of floats, which are made of the exact ones, belong to it.

    Returns
    -------
    Difference or None
        The first difference found; a table, a view or a snapshot that cannot be had is one.
    """
    return first_difference(_differences(left, right, visited, in_full=in_full))


def first_difference(differences: Iterator[Difference]) -> Difference | None:
    """Give the first difference; whatever is raised while reading is one.

    Parameters
    ----------
    differences : iterator of Difference
        They are found one by one.

    Returns
    -------
    Difference or None
    """
    try:
        return next(differences, None)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # noqa: BLE001 - a panic of compiled code is no Exception.
        return Difference("a portfolio that cannot be read", repr(error), _origin(error))


def compare_verifications(left: Portfolio, right: Portfolio) -> Difference | None:
    """Verify both portfolios; neither may find anything.

    Parameters
    ----------
    left, right : Portfolio
        The portfolios.

    Returns
    -------
    Difference or None
    """
    answers = answer(left.verify, (), {}), answer(right.verify, (), {})
    if answers == (None, None):
        return None
    return Difference("the verification", str(answers[0]), str(answers[1]))


def _origin(error: BaseException) -> str:
    """Name the place where an exception comes from."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"raised in {frames[-1].name}, line {frames[-1].lineno} of {frames[-1].filename}"


def _differences(
    left: Portfolio, right: Portfolio, visited: Visited, *, in_full: bool
) -> Iterator[Difference]:
    yield from _scalar_differences(left, right, visited)
    views = (True, False) if in_full else (True,)
    for name in TABLES:
        for exact in views:
            label = f"{'exact' if exact else 'float'} table {name}"
            tables = [getattr(side, f"get_{name}")(exact=exact) for side in (left, right)]
            yield from compare_tables(label, tables[0], tables[1], visited)
    yield from _compare_attributions(left, right, visited, views)
    yield from _compare_positions(left, right, visited)
    yield from _compare_states(left, right, visited)
    if in_full:
        yield from _compare_metrics(left, right, visited)


def _compare_attributions(
    left: Portfolio, right: Portfolio, visited: Visited, views: tuple[bool, ...]
) -> Iterator[Difference]:
    """Compare where the change of equity comes from."""
    for exact in views:
        label = f"{'exact' if exact else 'float'} table attribution"
        # A backend itself is asked, which is what the public method does.
        hooks = [getattr(side, ATTRIBUTION) for side in (left, right)]
        tables = [table_or_refusal(hook, exact) for hook in hooks]
        yield from compare_derived(label, tables, visited)


def compare_derived(
    label: str, tables: Sequence[Table | Refusal], visited: Visited
) -> Iterator[Difference]:
    """Compare a table that is made when it is asked for; a figure may be too great for it.

    Parameters
    ----------
    label : str
        What it is called in a difference.
    tables : sequence of Table or Refusal
        What the two sides gave.
    visited : Visited
        Takes count of what was compared.

    Yields
    ------
    Difference
    """
    left, right = tables
    if not isinstance(left, Refusal) and not isinstance(right, Refusal):
        yield from compare_tables(label, left, right, visited)
        return
    visited.scalars += 1
    if left != right:
        yield Difference(f"refusal of the {label}", repr(left), repr(right))


def table_or_refusal(
    getter: Callable[..., Table], *arguments: object, **keywords: object
) -> Table | Refusal:
    """Ask for a table.

    Parameters
    ----------
    getter : callable
        What makes it.
    *arguments, **keywords : object
        Its arguments.

    Returns
    -------
    Table or Refusal
    """
    try:
        return getter(*arguments, **keywords)
    except OmegaPortfolioError as error:
        return Refusal(type(error).__name__, error.code, error.argument)


def _compare_positions(left: Portfolio, right: Portfolio, visited: Visited) -> Iterator[Difference]:
    """Compare the views of the open positions, and their order."""
    views = [list(side.positions.items()) for side in (left, right)]
    if len(views[0]) != len(views[1]):
        yield Difference("number of positions", str(len(views[0])), str(len(views[1])))
    for (left_id, left_view), (right_id, right_view) in zip(*views, strict=False):
        visited.scalars += len(POSITION_COLUMNS)
        values = _position_values(left_view), _position_values(right_view)
        if left_id != right_id or differs(*values):
            yield Difference("a view of an open position", str(values[0]), str(values[1]))


def _compare_states(left: Portfolio, right: Portfolio, visited: Visited) -> Iterator[Difference]:
    """Compare the snapshots, and their Arrow IPC streams as another program reads them."""
    import pyarrow as pa

    states = left.get_state(), right.get_state()
    found = _compare_attributes("state.", *states, SCALARS, visited)
    if found is not None:
        yield found
    yield from compare_tables("float table state.positions", *_both(states, "positions"), visited)
    exact = _both(states, "positions_exact")
    yield from compare_tables("exact table state.positions_exact", *exact, visited)
    decoded = [pa.ipc.open_stream(state.to_ipc()).read_all() for state in states]
    if not decoded[0].equals(decoded[1], check_metadata=True):
        metadata = [str(table.schema.metadata) for table in decoded]
        yield Difference("state.to_ipc()", *metadata)
    symbols = set(decoded[0].column("symbol").to_pylist())
    for symbol in [None, *sorted(symbols)]:
        margins = left.calculate_margin(symbol), right.calculate_margin(symbol)
        visited.scalars += 1
        if differs(*margins):
            yield Difference(f"calculate_margin({symbol!r})", *map(str, margins))


def _both(states: tuple[State, State], name: str) -> tuple[Table, Table]:
    return getattr(states[0], name), getattr(states[1], name)


def _told_metric(name: str, value: object) -> object:
    is_endless = name == TRACK_RECORD and isinstance(value, float) and value > ENDLESS
    return None if is_endless else value


def _compare_metrics(left: Portfolio, right: Portfolio, visited: Visited) -> Iterator[Difference]:
    """Compare the metrics: counts and money exactly, statistics of floats to a tolerance."""
    metrics = left.calculate_metrics(), right.calculate_metrics()
    if list(metrics[0]) != list(metrics[1]):
        yield Difference("names of the metrics", str(list(metrics[0])), str(list(metrics[1])))
        return
    for name in metrics[0]:
        visited.scalars += 1
        left_value, right_value = (_told_metric(name, given[name]) for given in metrics)
        if isinstance(left_value, float) and isinstance(right_value, float):
            same = math.isclose(left_value, right_value, rel_tol=METRIC_TOLERANCE, abs_tol=1e-12)
        else:
            same = not differs(left_value, right_value)
        if not same:
            yield Difference(f"metric {name}", repr(left_value), repr(right_value))


__all__ = [
    "SCALARS",
    "TABLES",
    "Visited",
    "compare_derived",
    "compare_everything",
    "compare_figures",
    "compare_scalars",
    "compare_tables",
    "compare_verifications",
    "first_difference",
    "read",
    "table_or_refusal",
]
