"""Every refusal of the engine, as one tree of exceptions with stable codes.

A refused call changes nothing: balance, tables and digest are what they were before it.
Section 6 of ``SPEC.md`` lists the codes; both backends raise exactly these classes.

Examples
--------
>>> import omega_portfolio as op
>>> error = op.errors.InvalidPositionSize(
...     "size", "-1", "must be greater than 0",
...     "pass a positive size and choose the direction with side",
... )
>>> print(error)  # doctest: +NORMALIZE_WHITESPACE
[4003] size=-1: must be greater than 0;
pass a positive size and choose the direction with side
>>> op.errors.by_code[4003].__name__
'InvalidPositionSize'
"""

# ruff: noqa: N818 - the class names are the names of the refusals in SPEC.md.

from __future__ import annotations

from typing import TYPE_CHECKING

from omega_portfolio.base_error import OmegaPortfolioError, describe, describe_path

if TYPE_CHECKING:
    from omega_portfolio.batch.result import BatchResult


class PositionNotFound(OmegaPortfolioError):
    """No open position has this id."""

    code = 4001


class InsufficientMargin(OmegaPortfolioError):
    """The free margin after the fee does not cover the margin that the open needs."""

    code = 4002


class InvalidPositionSize(OmegaPortfolioError):
    """A size is not greater than 0, off the size grid, or more than is held."""

    code = 4003


class DuplicatePositionId(OmegaPortfolioError):
    """A given position id was already used in this portfolio."""

    code = 4004


class InvalidPrice(OmegaPortfolioError):
    """A price is not greater than 0 or off the price grid."""

    code = 4005


class InvalidTime(OmegaPortfolioError):
    """A time is no time, out of range, or before the last event."""

    code = 4006


class InvalidStopLoss(OmegaPortfolioError):
    """A stop loss is not greater than 0, off the grid, or on the wrong side of the market."""

    code = 4007


class InvalidTakeProfit(OmegaPortfolioError):
    """A take profit is not greater than 0, off the grid, or on the wrong side of the market."""

    code = 4008


class InvalidAmount(OmegaPortfolioError):
    """An amount of money has the wrong sign or is 0."""

    code = 4009


class NumberOutOfRange(OmegaPortfolioError):
    """A number or a result reaches 10^38 units of its scale."""

    code = 4010


class InvalidNumber(OmegaPortfolioError):
    """A value is no finite decimal number, or has more decimals than its scale holds."""

    code = 4011


class InvalidSymbol(OmegaPortfolioError):
    """A symbol is empty, too long, or holds characters that a symbol cannot have."""

    code = 4012


class InvalidText(OmegaPortfolioError):
    """A tag or a reason is too long, holds NUL, or is not valid Unicode."""

    code = 4013


class InvalidPositionId(OmegaPortfolioError):
    """A position id is not an integer from 1 to 2^64 - 1."""

    code = 4014


class CrossedQuote(OmegaPortfolioError):
    """The bid of a quote is above its ask."""

    code = 4015


class InsufficientFunds(OmegaPortfolioError):
    """A withdrawal is greater than the free margin."""

    code = 4016


class InvalidInstrument(OmegaPortfolioError):
    """The definition of an instrument breaks a rule of SPEC section 3."""

    code = 4017


class InstrumentExists(OmegaPortfolioError):
    """The symbol is registered with another definition."""

    code = 4018


class InvalidSide(OmegaPortfolioError):
    """A side is not ``long``, ``short``, ``buy`` or ``sell``."""

    code = 4019


class InvalidConfiguration(OmegaPortfolioError):
    """An option of the portfolio or of the environment has a value that does not exist."""

    code = 4020


class TooManyPositions(OmegaPortfolioError):
    """The portfolio holds as many open positions or symbols as it can number."""

    code = 4021


class InvalidCurrency(OmegaPortfolioError):
    """A currency is not one of the known codes."""

    code = 4022


class BackendUnavailable(OmegaPortfolioError):
    """The Rust backend was asked for and its compiled module cannot be loaded."""

    code = 4023


class InvalidArgument(OmegaPortfolioError):
    """An argument has a type, or is combined in a way, that no other rule takes."""

    code = 4024


class MissingRate(OmegaPortfolioError):
    """A currency has no exchange rate into the account's currency."""

    code = 4025


class InvalidProtection(OmegaPortfolioError):
    """A trailing stop, a break-even or targets break a rule of SPEC section 17."""

    code = 4026


class OrderNotFound(OmegaPortfolioError):
    """No resting order has this id."""

    code = 4027


class OffSessionRollover(OmegaPortfolioError):
    """A time is no rollover of the instrument, or one that was charged already."""

    code = 4028


class InvalidBar(OmegaPortfolioError):
    """The high or the low of a bar does not hold its other prices."""

    code = 4029


class InvalidFrame(OmegaPortfolioError):
    """A file or frame has a missing, extra or duplicate column, a wrong type or a null."""

    code = 4030


class DurabilityError(OmegaPortfolioError):
    """The journal could not be written, or not by this process; the portfolio is read-only."""

    code = 4050
    _value_is_path = True


class JournalLocked(OmegaPortfolioError):
    """Another portfolio writes this journal."""

    code = 4051
    _value_is_path = True


class JournalCorrupt(OmegaPortfolioError):
    """A journal is damaged, or is no journal; nothing was touched."""

    code = 4052
    _value_is_path = True


class JournalVersion(OmegaPortfolioError):
    """A journal was written by a later version of this package."""

    code = 4053
    _value_is_path = True


class JournalExists(OmegaPortfolioError):
    """A new journal would take the place of a file, or of the snapshots of an older one."""

    code = 4054
    _value_is_path = True


class JournalNotFound(OmegaPortfolioError):
    """There is no journal at this path."""

    code = 4055
    _value_is_path = True


class PortfolioClosed(OmegaPortfolioError):
    """The portfolio was closed; it can still be read."""

    code = 4056


class InvalidImage(OmegaPortfolioError):
    """Bytes or a pickle are no portfolio, are damaged, or are of a later version."""

    code = 4057


class OutOfMemory(OmegaPortfolioError):
    """An allocation failed before the event was committed."""

    code = 4090


class RunCancelled(OmegaPortfolioError):
    """A batch was cancelled; the runs that were whole by then are in ``result``.

    Attributes
    ----------
    result : BatchResult or None
        What there is, with ``complete`` False.
    """

    code = 4091
    result: BatchResult | None = None


class WorkerLost(OmegaPortfolioError):
    """A batch lost three workers over the same runs; the runs before these are in ``result``.

    Attributes
    ----------
    result : BatchResult or None
        What there is, with ``complete`` False.
    """

    code = 4092
    result: BatchResult | None = None


class InvariantViolation(OmegaPortfolioError):
    """An invariant is broken; the portfolio refuses further use."""

    code = 5001


by_code: dict[int, type[OmegaPortfolioError]] = {
    error.code: error for error in OmegaPortfolioError.__subclasses__()
}
"""The class of each code, such as ``by_code[4001] is PositionNotFound``."""


__all__ = [
    "BackendUnavailable",
    "CrossedQuote",
    "DuplicatePositionId",
    "DurabilityError",
    "InstrumentExists",
    "InsufficientFunds",
    "InsufficientMargin",
    "InvalidAmount",
    "InvalidArgument",
    "InvalidBar",
    "InvalidConfiguration",
    "InvalidCurrency",
    "InvalidFrame",
    "InvalidImage",
    "InvalidInstrument",
    "InvalidNumber",
    "InvalidPositionId",
    "InvalidPositionSize",
    "InvalidPrice",
    "InvalidProtection",
    "InvalidSide",
    "InvalidStopLoss",
    "InvalidSymbol",
    "InvalidTakeProfit",
    "InvalidText",
    "InvalidTime",
    "InvariantViolation",
    "JournalCorrupt",
    "JournalExists",
    "JournalLocked",
    "JournalNotFound",
    "JournalVersion",
    "MissingRate",
    "NumberOutOfRange",
    "OffSessionRollover",
    "OmegaPortfolioError",
    "OrderNotFound",
    "OutOfMemory",
    "PortfolioClosed",
    "PositionNotFound",
    "RunCancelled",
    "TooManyPositions",
    "WorkerLost",
    "by_code",
    "describe",
    "describe_path",
]
