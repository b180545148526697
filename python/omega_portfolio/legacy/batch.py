"""A list of operations in one call; those that fail are listed, and the others are done."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from omega_portfolio.legacy.portfolio import Portfolio


@dataclass(repr=False)
class BatchResult:
    """What :func:`process_batch` did.

    Attributes
    ----------
    operations_processed : int
        Operations that were done as a whole.
    entries_registered, exits_registered, updates_performed : int
        How many of each there were.
    fees_registered : int
        Fees of entries and exits, and all operations ``"fee"``, those of 0 included.
    total_fees : float
        Sum of the fees of this batch.
    final_equity, final_cash : float
        What the portfolio holds afterwards.
    errors : list of (int, str)
        Place and reason of each operation that failed.
    """

    operations_processed: int = 0
    entries_registered: int = 0
    exits_registered: int = 0
    updates_performed: int = 0
    fees_registered: int = 0
    total_fees: float = 0.0
    final_equity: float = 0.0
    final_cash: float = 0.0
    errors: list[tuple[int, str]] = field(default_factory=list)

    def __repr__(self) -> str:
        return (
            f"BatchResult(ops={self.operations_processed}, entries={self.entries_registered}, "
            f"exits={self.exits_registered}, updates={self.updates_performed}, "
            f"fees={self.fees_registered}, errors={len(self.errors)})"
        )


def process_batch(portfolio: Portfolio, operations: Iterable[Mapping[str, Any]]) -> BatchResult:
    """Run operations on a portfolio, one after the other.

    It is a method of the portfolio as well. Each operation is a mapping with a ``type``:

    ``entry``
        ``position``; optional ``fee`` (only if greater than 0), ``fee_kind`` (``"entry"``) and
        ``fee_time`` (that of the entry).
    ``exit``
        ``position_idx``, the place in the list of open positions at that moment, from the end
        when negative; ``price``; optional ``time`` (None), ``reason`` (``"signal"``), ``fee``.
    ``update``
        ``time``.
    ``fee``
        ``amount``; optional ``time`` (None) and ``kind`` (``"other"``). It has no position.

    Parameters
    ----------
    portfolio : Portfolio
        What they change.
    operations : iterable of mapping
        What to do. The fee of an entry is booked after it, that of an exit before it.

    Returns
    -------
    BatchResult
        With the operations that failed. What such a one did before it failed stays done.

    Examples
    --------
    >>> from omega_portfolio.legacy import Portfolio, process_batch
    >>> operations = [{"type": "fee", "amount": 2.5}, {"type": "exit", "position_idx": 7}]
    >>> result = process_batch(Portfolio(100.0), operations)
    >>> result, result.final_cash
    (BatchResult(ops=1, entries=0, exits=0, updates=0, fees=1, errors=1), 97.5)
    >>> result.errors
    [(1, 'Position index 7 out of bounds: 0 positions are open')]
    """
    result = BatchResult()
    for index, operation in enumerate(operations):
        try:
            _run(portfolio, operation, result)
        except Exception as error:  # noqa: BLE001, PERF203 - each failure is listed.
            result.errors.append((index, _text(error)))
        else:
            result.operations_processed += 1
    result.final_equity = portfolio.equity
    result.final_cash = portfolio.cash
    return result


def _text(error: Exception) -> str:
    if isinstance(error, KeyError):
        return f"Missing key: {error}"
    return str(error) or type(error).__name__


def _run(portfolio: Portfolio, operation: Mapping[str, Any], result: BatchResult) -> None:
    kind = operation.get("type")
    if kind == "entry":
        _enter(portfolio, operation, result)
    elif kind == "exit":
        _leave(portfolio, operation, result)
    elif kind == "update":
        portfolio.update(operation["time"])
        result.updates_performed += 1
    elif kind == "fee":
        amount = operation["amount"]
        portfolio.register_fee(amount, operation.get("time"), operation.get("kind", "other"))
        _count_fee(result, amount)
    else:
        raise ValueError(f"Unknown operation type: {kind!r}")


def _enter(portfolio: Portfolio, operation: Mapping[str, Any], result: BatchResult) -> None:
    position = operation["position"]
    portfolio.register_entry(position)
    result.entries_registered += 1
    fee = operation.get("fee") or 0.0
    if fee > 0:
        time = operation.get("fee_time")
        moment = position.entry_time if time is None else time
        portfolio.register_fee(fee, moment, operation.get("fee_kind", "entry"), position)
        _count_fee(result, fee)


def _leave(portfolio: Portfolio, operation: Mapping[str, Any], result: BatchResult) -> None:
    place, positions = operation["position_idx"], portfolio.open_positions
    if not -len(positions) <= place < len(positions):
        count = len(positions)
        raise IndexError(f"Position index {place} out of bounds: {count} positions are open")
    position, time = positions[place], operation.get("time")
    position.close(time, operation["price"], operation.get("reason", "signal"))
    fee = operation.get("fee") or 0.0
    if fee:
        portfolio.register_fee(fee, time, "exit", position)
        _count_fee(result, fee)
    portfolio.register_exit(position)
    result.exits_registered += 1


def _count_fee(result: BatchResult, fee: float | None) -> None:
    result.fees_registered += 1
    result.total_fees += float(fee or 0)


__all__ = ["BatchResult", "process_batch"]
