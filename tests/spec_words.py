"""The words of the case files: statements, their keys, and the columns that a row may name."""

from __future__ import annotations

from dataclasses import dataclass

# Kinds of a value. A "number" is text for a call and an exact decimal in an expectation.
NUMBER, WHOLE, TIME, TEXT, HASH = "number", "whole", "time", "text", "hash"

ROW_COLUMNS: dict[str, dict[str, str]] = {
    "equity": {
        "time": TIME,
        "equity": NUMBER,
        "balance": NUMBER,
        "unrealized_pnl": NUMBER,
        "margin_used": NUMBER,
        "gross_exposure": NUMBER,
        "net_exposure": NUMBER,
    },
    "trades": {
        "trade_id": WHOLE,
        "position_id": WHOLE,
        "symbol": TEXT,
        "side": TEXT,
        "size": NUMBER,
        "entry_time": TIME,
        "entry_price": NUMBER,
        "exit_time": TIME,
        "exit_price": NUMBER,
        "gross_pnl": NUMBER,
        "entry_fee": NUMBER,
        "exit_fee": NUMBER,
        "swap": NUMBER,
        "net_pnl": NUMBER,
        "cost": NUMBER,
        "mae": NUMBER,
        "mfe": NUMBER,
        "fx_pnl": NUMBER,
        "slippage": NUMBER,
        "stop_loss": NUMBER,
        "take_profit": NUMBER,
        "tag": TEXT,
        "reason": TEXT,
    },
    "ledger": {
        "event": WHOLE,
        "time": TIME,
        "kind": TEXT,
        "symbol": TEXT,
        "position_id": WHOLE,
        "amount": NUMBER,
        "balance": NUMBER,
        "residue": NUMBER,
    },
    "positions": {
        "position_id": WHOLE,
        "symbol": TEXT,
        "side": TEXT,
        "size": NUMBER,
        "entry_time": TIME,
        "entry_price": NUMBER,
        "stop_loss": NUMBER,
        "take_profit": NUMBER,
        "mark_price": NUMBER,
        "cost": NUMBER,
        "unrealized_pnl": NUMBER,
        "margin": NUMBER,
        "entry_fee": NUMBER,
        "swap": NUMBER,
        "tag": TEXT,
    },
    "cash": {
        "currency": TEXT,
        "amount": NUMBER,
        "rate": NUMBER,
        "cost": NUMBER,
        "value": NUMBER,
        "unrealized_pnl": NUMBER,
        "path": TEXT,
    },
    "cash_ledger": {
        "event": WHOLE,
        "time": TIME,
        "kind": TEXT,
        "currency": TEXT,
        "amount": NUMBER,
        "rate": NUMBER,
        "value": NUMBER,
        "balance": NUMBER,
    },
    "margin": {
        "symbol": TEXT,
        "model": TEXT,
        "base": TEXT,
        "currency": TEXT,
        "long_size": NUMBER,
        "short_size": NUMBER,
        "hedged_size": NUMBER,
        "basis": NUMBER,
        "margin_native": NUMBER,
        "rate": NUMBER,
        "margin": NUMBER,
    },
    "orders": {
        "order_id": WHOLE,
        "position_id": WHOLE,
        "symbol": TEXT,
        "side": TEXT,
        "kind": TEXT,
        "price": NUMBER,
        "size": NUMBER,
        "time": TIME,
        "oco": TEXT,
        "tag": TEXT,
    },
    "activity": {
        "event": WHOLE,
        "time": TIME,
        "kind": TEXT,
        "order_id": WHOLE,
        "position_id": WHOLE,
        "symbol": TEXT,
        "size": NUMBER,
        "price": NUMBER,
        "detail": TEXT,
    },
    "fills": {
        "event": WHOLE,
        "time": TIME,
        "position_id": WHOLE,
        "order_id": WHOLE,
        "symbol": TEXT,
        "side": TEXT,
        "size": NUMBER,
        "price": NUMBER,
        "fee": NUMBER,
        "realized": NUMBER,
        "liquidity": TEXT,
        "reason": TEXT,
    },
    "attribution": {
        "position_id": WHOLE,
        "symbol": TEXT,
        "side": TEXT,
        "status": TEXT,
        "price_pnl": NUMBER,
        "fx": NUMBER,
        "fee": NUMBER,
        "swap": NUMBER,
        "dividend": NUMBER,
        "cash": NUMBER,
        "rounding": NUMBER,
        "total": NUMBER,
    },
}

EXPECT_KEYS: dict[str, str] = {
    "balance": NUMBER,
    "equity": NUMBER,
    "unrealized_pnl": NUMBER,
    "realized_pnl": NUMBER,
    "margin_used": NUMBER,
    "free_margin": NUMBER,
    "margin_level": NUMBER,
    "residue": NUMBER,
    "time": TIME,
    "events": WHOLE,
    "ambiguous": WHOLE,
    "rounded": WHOLE,
    "digest": HASH,
    "positions": WHOLE,
    "trades": WHOLE,
    "ledger": WHOLE,
    "equity_rows": WHOLE,
    "cash": WHOLE,
    "cash_ledger": WHOLE,
    "margin_rows": WHOLE,
    "orders": WHOLE,
    "activity": WHOLE,
    "fills": WHOLE,
}

# The keys of an expectation whose value may be "-"; a text column may always be empty.
OPTIONAL_KEYS = {"margin_level", "time"}

WHOLE_KEYS = {
    "position_id",
    "other_id",
    "order_id",
    "price_decimals",
    "size_decimals",
    "multiplier",
    "numerator",
    "denominator",
}
TIME_KEYS = {"time", "exit_time", "expiry", "pay_time"}
TERM_KEYS = ("margin", "commission", "slippage", "swap")

LEVELS = ("stop_loss", "take_profit")
PROTECTION = ("trailing", "break_even", "targets", "exit_time")


@dataclass(frozen=True)
class Form:
    """What may stand on a line that starts with a given word.

    ``quotes`` is the range of how many numbers a ``SYMBOL=`` of the line has.
    """

    names: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    quotes: tuple[int, int] | None = None
    result: str = "nothing"


FORMS: dict[str, Form] = {
    "account": Form(
        required=("balance",),
        optional=(
            "currency",
            "leverage",
            "mode",
            "floats",
            "rounding",
            "off_grid",
            "margin_call",
            "stop_out",
            "path",
            "pivot",
        ),
    ),
    "instrument": Form(
        names=("symbol",),
        optional=(
            "price_decimals",
            "size_decimals",
            "contract_size",
            "quote_currency",
            "leverage",
            "tick_size",
            "lot_step",
            "min_size",
            "max_size",
            "base_currency",
            "inverse",
            *TERM_KEYS,
        ),
    ),
    "open": Form(
        names=("symbol", "side"),
        required=("size", "price", "time"),
        optional=(*LEVELS, "fee", "tag", "position_id", *PROTECTION),
        result="id",
    ),
    "close": Form(
        names=("position_id",),
        required=("price", "time"),
        optional=("size", "fee", "reason"),
        result="trade",
    ),
    "close_by": Form(
        names=("position_id", "other_id"), required=("time",), optional=("size", "fee")
    ),
    "modify": Form(names=("position_id",), required=("time",), optional=(*LEVELS, *PROTECTION)),
    "order": Form(
        names=("symbol", "side"),
        required=("size", "time"),
        optional=("type", "price", "expiry", "oco", *LEVELS, *PROTECTION, "tag"),
        result="id",
    ),
    "cancel": Form(names=("order_id",), required=("time",)),
    "mark": Form(optional=("time",), quotes=(1, 2)),
    "update_equity": Form(required=("time",), quotes=(1, 2)),
    "quotes": Form(required=("time",), quotes=(1, 2), result="count"),
    "bar": Form(required=("time",), optional=("path",), quotes=(4, 5), result="count"),
    "fee": Form(names=("amount",), required=("time",), optional=("position_id",)),
    "deposit": Form(names=("amount",), required=("time",), optional=("currency",)),
    "withdraw": Form(names=("amount",), required=("time",), optional=("currency",)),
    "convert": Form(
        names=("amount", "from_currency", "to_currency"), required=("time",), optional=("rate",)
    ),
    "charge_swap": Form(
        names=("symbol",), required=("time",), optional=("long", "short", "kind", "multiplier")
    ),
    "rollover": Form(names=("symbol",), required=("time",)),
    "dividend": Form(names=("symbol", "amount"), required=("time",), optional=("pay_time",)),
    "split": Form(names=("symbol", "numerator", "denominator"), required=("time",)),
    "margin": Form(optional=("size", "price"), result="amount"),
}
