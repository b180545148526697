"""What it means that two portfolios are the same: answers, scalars, tables, digest.

Nothing is compared with a tolerance except the metrics that are statistics of floats; the
float columns of the tables are compared bit by bit.
"""

from __future__ import annotations

import math
import traceback
from dataclasses import dataclass, field
from hashlib import blake2b
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final

from omega_portfolio.bench.answers import Difference, Refusal, answer, differs
from omega_portfolio.errors import OmegaPortfolioError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pyarrow as pa

    from omega_portfolio.portfolio import Portfolio
    from omega_portfolio.types import State, Table

SCALARS: Final = (
    *("balance", "equity", "unrealized_pnl", "realized_pnl", "margin_used", "free_margin"),
    *("margin_level", "time", "events"),
)
"""The scalars of a portfolio and of its state."""

TABLES: Final = ("equity_curve", "trades", "ledger", "positions")
"""The tables of a portfolio, each with a getter of this name."""

ATTRIBUTION: Final = "_attribution"
"""What both backends have behind the public method of the attribution table."""

POSITION_COLUMNS: Final = (
    *("position_id", "symbol", "side", "size", "entry_time", "entry_price", "stop_loss"),
    *("take_profit", "mark_price", "cost", "unrealized_pnl", "margin", "entry_fee", "tag"),
)
"""Attributes of an open position."""

METRIC_TOLERANCE: Final = 1e-9
"""Relative tolerance of the metrics that are statistics of floats."""

_position_values: Final = attrgetter(*POSITION_COLUMNS)


@dataclass(slots=True)
class Visited:
    """How much was compared, and a hash over it.

    Attributes
    ----------
    cells : int
        Cells of tables, exact and float views counted apart.
    scalars : int
        Scalars, position attributes and metrics.
    digests : int
        Digests of portfolios.
    """

    cells: int = 0
    scalars: int = 0
    digests: int = 0
    _hash: Any = field(default_factory=lambda: blake2b(digest_size=32))

    def add(self, data: bytes | str) -> None:
        """Take compared data into the hash."""
        self._hash.update(data.encode() if isinstance(data, str) else data)

    def hexdigest(self) -> str:
        """Return the hash over everything added so far."""
        text: str = self._hash.hexdigest()
        return text


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
    found = _compare_attributes("", left, right, visited)
    if found is not None:
        yield found
    visited.digests += 1
    digests = str(read(left, "digest")), str(read(right, "digest"))
    visited.add(digests[0])
    if digests[0] != digests[1]:
        yield Difference("digest", *digests)


def _compare_attributes(
    prefix: str, left: Portfolio | State, right: Portfolio | State, visited: Visited
) -> Difference | None:
    for name in SCALARS:
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


def compare_everything(left: Portfolio, right: Portfolio, visited: Visited) -> Difference | None:
    """Compare all that can be read from two portfolios.

    Parameters
    ----------
    left, right : Portfolio
        The portfolios.
    visited : Visited
        Takes count of what was compared.

    Returns
    -------
    Difference or None
        The first difference found; a table, a view or a snapshot that cannot be had is one.
    """
    return first_difference(_differences(left, right, visited))


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


def _differences(left: Portfolio, right: Portfolio, visited: Visited) -> Iterator[Difference]:
    yield from _scalar_differences(left, right, visited)
    for name in TABLES:
        for exact in (True, False):
            label = f"{'exact' if exact else 'float'} table {name}"
            tables = [getattr(side, f"get_{name}")(exact=exact) for side in (left, right)]
            yield from compare_tables(label, tables[0], tables[1], visited)
    yield from _compare_attributions(left, right, visited)
    yield from _compare_positions(left, right, visited)
    yield from _compare_states(left, right, visited)
    yield from _compare_metrics(left, right, visited)


def _compare_attributions(
    left: Portfolio, right: Portfolio, visited: Visited
) -> Iterator[Difference]:
    """Compare where the change of equity comes from; a figure may be too great for a table."""
    for exact in (True, False):
        label = f"{'exact' if exact else 'float'} table attribution"
        tables = _attribution(left, exact=exact), _attribution(right, exact=exact)
        if not isinstance(tables[0], Refusal) and not isinstance(tables[1], Refusal):
            yield from compare_tables(label, tables[0], tables[1], visited)
            continue
        visited.scalars += 1
        if tables[0] != tables[1]:
            yield Difference(f"refusal of the {label}", *map(repr, tables))


def _attribution(side: Portfolio, *, exact: bool) -> Table | Refusal:
    """Ask a backend itself, which is what the public method does."""
    hook: Callable[[bool], Table] = getattr(side, ATTRIBUTION)
    try:
        return hook(exact)
    except OmegaPortfolioError as error:
        return Refusal(type(error).__name__, error.code, error.argument)


def compare_tables(label: str, left: Table, right: Table, visited: Visited) -> Iterator[Difference]:
    """Compare two tables: their columns, and their cells byte by byte.

    Parameters
    ----------
    label : str
        What they are called in a difference.
    left, right : Table
        The tables.
    visited : Visited
        Takes count of what was compared.

    Yields
    ------
    Difference
    """
    if len(left) != len(right):
        yield Difference(f"rows of the {label}", str(len(left)), str(len(right)))
        return
    left_table, right_table = left.to_pyarrow(), right.to_pyarrow()
    if not left_table.schema.equals(right_table.schema, check_metadata=True):
        schemas = str(left_table.schema), str(right_table.schema)
        yield Difference(f"schema of the {label}", *schemas)
        return
    if left.columns != right.columns or left_table.num_rows != len(left):
        yield Difference(f"shape of the {label}", str(left.columns), str(right.columns))
    for name in left_table.column_names:
        nulls = left_table[name].null_count, right_table[name].null_count
        if any(nulls) and not left_table.schema.field(name).nullable:
            yield Difference(f"nulls in column {name} of the {label}", *map(str, nulls))
        left_bytes = _column_bytes(left_table[name])
        visited.cells += len(left)
        visited.add(left_bytes)
        if left_bytes != _column_bytes(right_table[name]):
            yield _first_row(f"column {name} of the {label}", left_table[name], right_table[name])


def _column_bytes(column: pa.ChunkedArray) -> bytes:
    """Give the values of a column as bytes that are equal exactly when the values are."""
    import pyarrow as pa
    import pyarrow.compute as pc

    array = column.combine_chunks()
    if len(array) == 0:
        return b""
    if pa.types.is_string_view(array.type):
        # Views may lay out the same texts in many ways; offsets and data have one layout.
        array = array.cast(pa.large_string())
    if array.null_count:
        validity = _fixed_bytes(pc.is_valid(array).cast(pa.uint8()), 1)
        return validity + _column_bytes(pa.chunked_array([array.drop_null()]))
    if not pa.types.is_large_string(array.type):
        return _fixed_bytes(array, array.type.bit_width // 8)
    _, offsets, texts = array.buffers()
    bounds = memoryview(offsets).cast("B").cast("q")
    first, last = bounds[array.offset], bounds[array.offset + len(array)]
    text_bytes = b"" if texts is None else bytes(memoryview(texts)[first:last])
    return _fixed_bytes(pc.binary_length(array), 8) + text_bytes


def _fixed_bytes(array: pa.Array, width: int) -> bytes:
    data = memoryview(array.buffers()[1])
    return bytes(data[array.offset * width : (array.offset + len(array)) * width])


def _first_row(label: str, left: pa.ChunkedArray, right: pa.ChunkedArray) -> Difference:
    """Find the first row in which two columns of one length differ."""
    for row in range(len(left)):
        left_cell, right_cell = left.slice(row, 1), right.slice(row, 1)
        if _column_bytes(left_cell) != _column_bytes(right_cell):
            cells = repr(left_cell[0].as_py()), repr(right_cell[0].as_py())
            return Difference(f"row {row} of {label}", *cells)
    raise AssertionError(f"{label}: the bytes differ and no row does")


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
    found = _compare_attributes("state.", *states, visited)
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


def _compare_metrics(left: Portfolio, right: Portfolio, visited: Visited) -> Iterator[Difference]:
    """Compare the metrics: counts and money exactly, statistics of floats to a tolerance."""
    metrics = left.calculate_metrics(), right.calculate_metrics()
    if list(metrics[0]) != list(metrics[1]):
        yield Difference("names of the metrics", str(list(metrics[0])), str(list(metrics[1])))
        return
    for name, left_value in metrics[0].items():
        right_value = metrics[1][name]
        visited.scalars += 1
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
    "compare_everything",
    "compare_scalars",
    "compare_tables",
    "compare_verifications",
    "first_difference",
    "read",
]
