"""The runs of a batch: what each of them overrides (SPEC R3)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple

from omega_portfolio.errors import (
    InvalidAmount,
    InvalidConfiguration,
    InvalidFrame,
    OmegaPortfolioError,
)
from omega_portfolio.oracle.batch_orders import (
    GROUPS,
    ORDERS,
    BatchOrders,
    OrderColumn,
    OrderRow,
    Read,
    columns_of,
    read_quantity,
    read_run_id,
    read_side_cell,
    read_size_rule,
    second_of_group,
)
from omega_portfolio.oracle.codec import MODES, PATHS, Configuration
from omega_portfolio.oracle.frames import Frame, Holds
from omega_portfolio.oracle.instruments import Definition
from omega_portfolio.oracle.metric_frames import read_arrow
from omega_portfolio.oracle.numbers import (
    MONEY_SCALE,
    QUANTITY_SCALE,
    FloatPolicy,
    plain_text,
    read_number,
)
from omega_portfolio.oracle.term_reading import (
    Late,
    raise_first,
    read_commission,
    read_slippage,
)
from omega_portfolio.oracle.terms import CommissionTerms, SlippageTerms, SwapTerms
from omega_portfolio.oracle.texts import read_word
from omega_portfolio.terms import Commission, Slippage

PARAMS: Final = "params"
FILLS: Final = ("next_open", "close")
NEXT_OPEN, CLOSE = FILLS


class Costs(NamedTuple):
    """What instruments cost instead of their own; None is what they have."""

    commission: CommissionTerms | None = None
    slippage: SlippageTerms | None = None
    swap: SwapTerms | None = None

    def over(self, definition: Definition) -> Definition:
        """Give an instrument with these costs."""
        given = {name: terms for name, terms in self._asdict().items() if terms is not None}
        return replace(definition, **given)

    def are_given(self) -> bool:
        """Tell whether there are any."""
        return any(terms is not None for terms in self)


@dataclass(frozen=True, slots=True)
class RunPlan:
    """What one run is made from, beside the bars and its orders."""

    run_id: int
    configuration: Configuration
    fill: str
    costs: Costs
    cells: Mapping[str, Any]
    """The cells of opens that are replaced, by column."""

    def over(self, row: OrderRow) -> OrderRow:
        """Give a row of the orders with what this run overrides."""
        if row.action == "open":
            return row._replace(**self.cells).plain()
        if row.action == "target":
            sizes = ("size", "size_rule")
            return row._replace(
                **{name: cell for name, cell in self.cells.items() if name in sizes}
            )
        return row


def _money(name: str, cell: object, policy: FloatPolicy) -> int:
    return read_number(name, cell, MONEY_SCALE, policy)


def _balance(name: str, cell: object, policy: FloatPolicy) -> int:
    balance = _money(name, cell, policy)
    if balance >= 0:
        return balance
    raise InvalidAmount(
        name, plain_text(balance, MONEY_SCALE), "must not be negative", "start with 0 or more"
    )


def _above_zero(name: str, cell: object, policy: FloatPolicy) -> int:
    number = read_quantity(name, cell, policy)
    if number > 0:
        return number
    raise InvalidConfiguration(
        name, plain_text(number, QUANTITY_SCALE), "must be greater than 0", "use null for none"
    )


def _mode(name: str, cell: str, _: FloatPolicy) -> int:
    return MODES.index(read_word(name, cell, MODES, InvalidConfiguration))


def _path(name: str, cell: str, _: FloatPolicy) -> int:
    return PATHS.index(read_word(name, cell, PATHS, InvalidConfiguration))


def read_fill(name: str, cell: str, _: FloatPolicy) -> str:
    """Take the word for when orders are carried out.

    Raises
    ------
    InvalidArgument
        It is no text, or none of the words.
    """
    return read_word(name, cell, FILLS)


def _commission(name: str, cell: float, policy: FloatPolicy) -> CommissionTerms | None:
    late: Late = {}
    terms = read_commission(Commission(_kind(name), cell), policy, late)  # type: ignore[arg-type]
    raise_first(late)
    return terms


def _slippage(name: str, cell: float, policy: FloatPolicy) -> SlippageTerms | None:
    late: Late = {}
    terms = read_slippage(Slippage(_kind(name), cell), policy, late)  # type: ignore[arg-type]
    raise_first(late)
    return terms


def _kind(name: str) -> str:
    return name.split("_", 1)[1]


def _of(holds: Holds, read: Read) -> OrderColumn:
    return OrderColumn(holds, read)


_CELLS: Final = {
    "size": _of(Holds.NUMBER, read_quantity),
    "size_rule": _of(Holds.TEXT, read_size_rule),
    "side": _of(Holds.TEXT, read_side_cell),
    **{name: _of(Holds.NUMBER, read_quantity) for group in GROUPS for name in group},
    "break_even": _of(Holds.NUMBER, read_quantity),
    "break_even_offset": _of(Holds.NUMBER, read_quantity),
}
_SETTINGS: Final = {
    "initial_balance": _of(Holds.NUMBER, _balance),
    "leverage": _of(Holds.NUMBER, _above_zero),
    "mode": _of(Holds.TEXT, _mode),
    "path": _of(Holds.TEXT, _path),
    "margin_call": _of(Holds.NUMBER, _above_zero),
    "stop_out": _of(Holds.NUMBER, _above_zero),
}
_COMMISSIONS: Final = tuple(
    f"commission_{kind}" for kind in ("rate", "per_lot", "per_unit", "per_trade")
)
_SLIPPAGES: Final = ("slippage_points", "slippage_rate")
_GROUPS: Final = (*GROUPS, _COMMISSIONS, _SLIPPAGES)

COLUMNS: Final[dict[str, OrderColumn]] = {
    "run_id": _of(Holds.WHOLE, read_run_id),
    **_CELLS,
    **_SETTINGS,
    "fill": _of(Holds.TEXT, read_fill),
    **{name: _of(Holds.NUMBER, _commission) for name in _COMMISSIONS},
    **{name: _of(Holds.NUMBER, _slippage) for name in _SLIPPAGES},
}
"""All columns that override, in the order in which the cells of a row are read."""


def runs_without_params(orders: BatchOrders, usual: RunPlan) -> list[RunPlan]:
    """Give a run for each number in the orders; one when they have none."""
    if not orders.by_run:
        return [usual]
    return [replace(usual, run_id=run_id) for run_id in orders.run_ids()]


def read_batch_params(
    producer: object,
    labels: Collection[str],
    orders: BatchOrders,
    usual: RunPlan,
    policy: FloatPolicy,
) -> list[RunPlan]:
    """Read the runs of a batch.

    Raises
    ------
    InvalidArgument
        It is no Arrow table.
    InvalidFrame
        A label is no column, a column is not known or of a wrong type, two cells of a group
        stand in one row, or the runs are not those of the orders.
    OmegaPortfolioError
        The first cell that is refused.
    """
    # A label is carried whatever it holds; other columns of type null are as if absent.
    frame = _without_labels(read_arrow(PARAMS, producer), labels).without_null_columns()
    columns = columns_of(frame, COLUMNS, ())
    plans: list[RunPlan] = []
    seen: set[int] = set()
    for row in range(frame.table.num_rows):
        try:
            plan = _plan(row, columns, usual, policy)
            if plan.run_id in seen:
                raise InvalidFrame(
                    "run_id", str(plan.run_id), "stands twice", "number each run once"
                )
        except OmegaPortfolioError as error:
            raise _placed(row, error) from None
        seen.add(plan.run_id)
        plans.append(plan)
    _check_runs(plans, orders)
    return plans


def _without_labels(frame: Frame, labels: Collection[str]) -> Frame:
    """Check the names of the columns, and leave those that mean something."""
    absent = set(frame.table.column_names) - set(frame.without_null_columns().table.column_names)
    names = frame.table.column_names
    there = [place for place, name in enumerate(names) if name not in absent or name in labels]
    frame = Frame(frame.argument, frame.table.select(there))
    frame.require_known({*COLUMNS, *labels}, f"pass {', '.join(COLUMNS)}")
    present = frame.table.column_names
    for label in labels:
        if label not in present:
            raise frame.refused(f"column {label}", "is missing", "name columns of params")
    kept = [place for place, name in enumerate(present) if name == "run_id" or name not in labels]
    # A selection of no columns keeps the number of rows.
    return Frame(frame.argument, frame.table.select(kept))


def _plan(
    row: int, columns: Mapping[str, list[Any]], usual: RunPlan, policy: FloatPolicy
) -> RunPlan:
    """Read the run of a row; errors name the column alone."""
    given: dict[str, Any] = {}
    for name, column in COLUMNS.items():
        cell = columns[name][row] if name in columns else None
        if cell is None:
            if name == "run_id" and name in columns:
                raise InvalidFrame(name, "null", "each row needs a run", "number each run")
            continue
        try:
            given[name] = column.read(name, cell, policy)
        except OmegaPortfolioError as error:
            raise type(error)(name, error.value, error.rule, error.remedy) from None
    second = second_of_group(given, _GROUPS)
    if second is not None:
        rule = "stands beside another column of the same kind"
        raise InvalidFrame(second, "a number", rule, "fill one of them")
    settings = {name: given[name] for name in _SETTINGS if name in given}
    configuration = usual.configuration._replace(**settings)
    if configuration.margin_call and configuration.stop_out > configuration.margin_call:
        raise InvalidConfiguration(
            "stop_out",
            plain_text(configuration.stop_out, QUANTITY_SCALE),
            f"is above margin_call {plain_text(configuration.margin_call, QUANTITY_SCALE)}",
            "use a lower stop_out",
        )
    costs = {"commission": _first(given, _COMMISSIONS), "slippage": _first(given, _SLIPPAGES)}
    return RunPlan(
        given.get("run_id", row),
        configuration,
        given.get("fill", usual.fill),
        usual.costs._replace(**{name: terms for name, terms in costs.items() if terms}),
        _replaced(given),
    )


def _first(given: Mapping[str, Any], names: Collection[str]) -> Any:  # noqa: ANN401 - terms.
    return next((given[name] for name in names if name in given), None)


def _replaced(given: Mapping[str, Any]) -> dict[str, Any]:
    """Give the cells of opens that are replaced; one of a group empties the others."""
    cells: dict[str, Any] = {}
    for group in GROUPS:
        if any(name in given for name in group):
            cells |= dict.fromkeys(group)
    cells |= {name: given[name] for name in _CELLS if name in given}
    if cells.get("break_even") == 0:
        # What is taken away has no offset either.
        cells.setdefault("break_even_offset", None)
    return cells


def _check_runs(plans: list[RunPlan], orders: BatchOrders) -> None:
    """Refuse runs that are not those of the orders, when these say which they are of."""
    if not orders.by_run:
        return
    ordered = orders.run_ids()
    for row, plan in enumerate(plans):
        if plan.run_id not in ordered:
            error = InvalidFrame(
                "run_id", str(plan.run_id), "has no orders", "drop the row, or add orders"
            )
            raise _placed(row, error)
    known = {plan.run_id for plan in plans}
    for run_id in ordered:
        if run_id not in known:
            row = orders.of(run_id)[0].row
            value = f"row {row}, column run_id: {run_id}"
            raise InvalidFrame(ORDERS, value, "has no row of params", "add the row")


def _placed(row: int, error: OmegaPortfolioError) -> OmegaPortfolioError:
    value = f"row {row}, column {error.argument}: {error.value}"
    return type(error)(PARAMS, value, error.rule, error.remedy)
