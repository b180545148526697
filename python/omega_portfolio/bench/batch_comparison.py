"""What two backends say to one batch, and whether it is the same."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

from omega_portfolio.bench.answers import Crash, Difference
from omega_portfolio.bench.comparison import METRIC_TOLERANCE
from omega_portfolio.bench.table_comparison import Visited, compare_tables
from omega_portfolio.catalogue import UNITS
from omega_portfolio.errors import OmegaPortfolioError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pyarrow as pa

    from omega_portfolio.bench.batch_cases import Case

TABLES: Final = ("equity", "trades", "metrics", "final", "rejected")
ENDLESS: Final = 1e9
"""A statistic beyond it is divided by a deviation that is 0 but for rounding (S6)."""

LAST_DIGIT: Final = 1e-15
"""How far a double of the curve may be off, and some."""

RISK_METRICS: Final = ("expectancy_r", "sqn", "sqn_100")
RISK_TOLERANCE: Final = 1e-2
RISK_ENDLESS: Final = 1e4
"""R divides by the distance from entry to stop, and of two prices that differ in their last digits
rounding has left little (S6); one side may find several R to be one, and the figure null."""

MONEY_UNIT: Final = "account currency"

_PLACE: Final = re.compile(r"(run \d+)?(, )?(row \d+)?(, )?(column \w+)?(?=:|$)")


class Refused(NamedTuple):
    """A refusal of a batch, and the place that its value names."""

    name: str
    code: int
    argument: str
    place: str


class Made(NamedTuple):
    """The tables of a batch, and the batch."""

    batch: Any
    run_ids: list[int]
    moments: int
    done: list[int]
    tables: dict[str, list[Any]]


Answer: TypeAlias = "Made | Refused | Crash"


class Joined:
    """The tables of several calls as one, with what a comparison asks of a table."""

    def __init__(self, parts: list[Any]) -> None:
        import pyarrow as pa

        self._table: pa.Table = pa.concat_tables([part.to_pyarrow() for part in parts])
        self.columns = parts[0].columns

    def __len__(self) -> int:
        return int(self._table.num_rows)

    def to_pyarrow(self) -> pa.Table:
        """Give the rows of all of them."""
        return self._table


def make(case: Case, constructor: Callable[..., Any], cuts: list[int], threads: int) -> Answer:
    """Construct a batch and make its runs in a few calls.

    Parameters
    ----------
    case : Case
        The batch.
    constructor : callable
        The class of a backend.
    cuts : list of int
        Runs of each call, as far as there are some; one more call makes the others.
    threads : int
        Of each call.

    Returns
    -------
    Made, Refused or Crash
    """
    try:
        batch = case.build(constructor)
        done: list[int] = []
        tables: dict[str, list[Any]] = {name: [] for name in TABLES}
        first = 0
        for cut in [*cuts, len(batch)]:
            count = min(cut, len(batch) - first)
            part = batch.run(first, count, threads=threads, **case.keep)
            first += count
            done.append(part.done)
            for name in TABLES:
                tables[name].append(getattr(part, name))
        return Made(batch, list(batch.run_ids), batch.moments, done, tables)
    except OmegaPortfolioError as error:
        found = _PLACE.match(error.value)
        place = found[0] if found else ""
        return Refused(type(error).__name__, error.code, error.argument, place)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # noqa: BLE001 - a panic of compiled code is no Exception.
        return Crash(type(error).__name__, str(error)[:300])


def compare(
    left: Answer, right: Answer, visited: Visited, *, statistics: bool = True
) -> Difference | None:
    """Give the first difference of two answers.

    Parameters
    ----------
    left, right : Made, Refused or Crash
        What both backends said.
    visited : Visited
        Takes count of what was compared.
    statistics : bool, default True
        Compare metrics that are floats, too.

    Returns
    -------
    Difference or None
    """
    if not isinstance(left, Made) or not isinstance(right, Made):
        if isinstance(left, Crash) or isinstance(right, Crash):
            return Difference("an exception that is no typed refusal", str(left), str(right))
        shown = [answer if isinstance(answer, Refused) else "accepted" for answer in (left, right)]
        if shown[0] == shown[1]:
            return None
        names = (one.name if isinstance(one, Refused) else one for one in shown)
        return Difference(f"an answer, {' and '.join(names)}", *map(str, shown))
    return next(_differences(left, right, visited, statistics=statistics), None)


def _differences(
    left: Made, right: Made, visited: Visited, *, statistics: bool
) -> Iterator[Difference]:
    for name in ("run_ids", "moments", "done"):
        if getattr(left, name) != getattr(right, name):
            yield Difference(name, str(getattr(left, name)), str(getattr(right, name)))
    for name in ("final", "rejected", "trades", "equity", "metrics"):
        one, other = Joined(left.tables[name]), Joined(right.tables[name])
        if name == "metrics":
            yield from _compare_metrics(one, other, visited, statistics=statistics)
            continue
        if name == "rejected":
            # The message is in a backend's own words.
            for joined in (one, other):
                yield from _broken_messages(joined)
                joined._table = joined._table.drop_columns("message")
                joined.columns = list(joined._table.column_names)
        yield from compare_tables(name, one, other, visited)  # type: ignore[arg-type]
    visited.digests += sum(cell is not None for cell in _column(Joined(left.tables["final"])))


def _column(final: Joined) -> list[object]:
    cells: list[object] = final.to_pyarrow()["digest"].to_pylist()
    return cells


def _broken_messages(rejected: Joined) -> Iterator[Difference]:
    """Find a message that does not begin with its code and argument."""
    for row in rejected.to_pyarrow().to_pylist():
        begin = f"[{row['code']}] {row['argument']}="
        if not row["message"].startswith(begin):
            yield Difference("a message", begin, row["message"])


def _compare_metrics(
    left: Joined, right: Joined, visited: Visited, *, statistics: bool
) -> Iterator[Difference]:
    """Compare metrics: statistics to a tolerance, everything else to the last digit."""
    import pyarrow as pa

    one, other = left.to_pyarrow(), right.to_pyarrow()
    if not one.schema.equals(other.schema):
        yield Difference("schema of the metrics", str(one.schema), str(other.schema))
        return
    if one.num_rows != other.num_rows:
        yield Difference("rows of the metrics", str(one.num_rows), str(other.num_rows))
        return
    nearest = _nearest(one)
    for name in one.column_names:
        is_float = pa.types.is_floating(one.schema.field(name).type)
        if is_float and UNITS.get(name) != MONEY_UNIT and not statistics:
            continue
        columns = (one[name].to_pylist(), other[name].to_pylist())
        for least, *cells in zip(nearest, *columns, strict=True):
            visited.cells += 1
            mine, yours = (_told(name, cell) for cell in cells) if is_float else cells
            same = mine == yours or (name in RISK_METRICS and None in {mine, yours})
            if isinstance(mine, float) and isinstance(yours, float):
                near = RISK_TOLERANCE if name in RISK_METRICS else METRIC_TOLERANCE
                same = math.isclose(mine, yours, rel_tol=max(near, least), abs_tol=1e-12)
            if not same:
                yield Difference(f"column {name} of the metrics", repr(mine), repr(yours))


def _nearest(metrics: pa.Table) -> list[float]:
    """Give how near the statistics of each run can be.

    Equity is a double, so a return or a fall has an error of its last digit, which is much of a
    curve that hardly moves.
    """
    moves = ("best_return", "worst_return", "max_drawdown")
    rows = zip(*(metrics[name].to_pylist() for name in moves), strict=True)
    # The least of them counts: figures of falls are as sure as the deepest fall.
    least = [min((abs(move) for move in row if move), default=0.0) for row in rows]
    return [LAST_DIGIT / one if one else 0.0 for one in least]


def _told(name: str, cell: float | None) -> float | None:
    """Give a statistic, or None where it is divided by what rounding has left (S6)."""
    most = RISK_ENDLESS if name in RISK_METRICS else ENDLESS
    return None if cell is not None and abs(cell) > most else cell


__all__ = ["TABLES", "Answer", "Made", "Refused", "compare", "make"]
