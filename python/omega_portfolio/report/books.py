"""The accounting of the report: sums that hold to the last unit of money, or say that not.

Money is added as exact decimals here and nothing is rounded; a sum that does not hold is
shown with both sides.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Context, Decimal, localcontext
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    import polars as pl

    from omega_portfolio.account import Account

# Money has at most 38 digits, so 60 keep every sum of it exact.
_EXACT: Final = Context(prec=60)

# Below this a sum of decimals by Polars cannot leave its 128 bits.
_SAFE: Final = 1e18

_KINDS: Final = {
    "deposit": "deposits",
    "withdrawal": "withdrawals",
    "fee": "fees",
    "realized_pnl": "realized profit",
}

# Postings that not every account has, and that no trade carries but the swaps.
_MORE_KINDS: Final = {
    "swap": "swaps",
    "dividend": "dividends",
    "split": "cash of splits",
    "fx": "exchanges",
}


@dataclass(frozen=True, slots=True)
class Sum:
    """Terms that should add up to a total.

    Attributes
    ----------
    terms : tuple of (str, Decimal)
        Names and amounts.
    name : str
        Name of the total.
    total : Decimal
        What the account says that the total is.
    """

    terms: tuple[tuple[str, Decimal], ...]
    name: str
    total: Decimal

    @property
    def holds(self) -> bool:
        """Whether the terms add up to the total, to the last unit."""
        return add(amount for _, amount in self.terms) == self.total


@dataclass(frozen=True, slots=True)
class Statement:
    """What an account says of itself: scalars and its exact tables.

    Attributes
    ----------
    balance, unrealized, equity : Decimal
        Scalars of the account.
    trades, positions, ledger : polars.DataFrame
        Its tables with exact numbers.
    attribution : Decimal or None
        Sum of the attribution, or None when it was not stored.
    digest : str
        Fingerprint of configuration, events and state.
    """

    balance: Decimal
    unrealized: Decimal
    equity: Decimal
    trades: pl.DataFrame
    positions: pl.DataFrame
    ledger: pl.DataFrame
    attribution: Decimal | None
    digest: str

    @property
    def holds(self) -> bool:
        """Whether every sum holds."""
        return all(one.holds for one in sums_of(self))


def add(amounts: Any) -> Decimal:  # noqa: ANN401 - any iterable of decimals.
    """Add decimals exactly."""
    with localcontext(_EXACT):
        return sum(amounts, Decimal(0))


def total(column: pl.Series) -> Decimal:
    """Add a column of exact money; by Polars where its 128 bits are enough."""
    import polars as pl

    size = column.cast(pl.Float64).abs().sum()
    if math.isfinite(size) and size < _SAFE:
        return Decimal(column.sum() or 0)
    return add(column)


def read_statement(account: Account) -> Statement:
    """Read the statement of a portfolio."""
    attribution = account.attribution(exact=True).select(["total"]).to_polars()
    return Statement(
        account.balance,
        account.unrealized_pnl,
        account.equity,
        account.get_trades(exact=True).to_polars(),
        account.get_positions(exact=True).to_polars(),
        account.get_ledger(exact=True).to_polars(),
        total(attribution["total"]),
        account.digest,
    )


def initial_balance(statement: Statement) -> Decimal:
    """Give the balance before the first posting."""
    ledger = statement.ledger
    if not ledger.height:
        return statement.balance
    return add([ledger["balance"][0], -ledger["amount"][0]])


def sums_of(statement: Statement) -> list[Sum]:
    """Write down the sums of an account.

    Parameters
    ----------
    statement : Statement
        What the account says.

    Returns
    -------
    list of Sum
        Equity from balance and profit of the open positions; balance from the postings; equity
        from the trades; equity from the attribution.
    """
    import polars as pl

    start, ledger = initial_balance(statement), statement.ledger
    kinds = {kind: total(ledger.filter(kind=kind)["amount"]) for kind in _KINDS}
    kinds |= {
        kind: total(ledger.filter(kind=kind)["amount"])
        for kind in ledger["kind"].unique().sort()
        if kind not in kinds
    }
    unrealized = ("unrealized profit", statement.unrealized)
    first = ("start balance", start)
    names = _KINDS | _MORE_KINDS
    postings = [(names.get(kind, kind), amount) for kind, amount in kinds.items()]
    account_fees = ledger.filter(pl.col("kind") == "fee", pl.col("position_id") == 0)["amount"]
    by_trades = [
        first,
        ("deposits and withdrawals", add([kinds["deposit"], kinds["withdrawal"]])),
        ("net profit of the trades", total(statement.trades["net_pnl"])),
        unrealized,
        ("fees of open positions", -total(statement.positions["entry_fee"])),
        ("fees of the account", total(account_fees)),
    ]
    others = [
        ("swaps of open positions", total(statement.positions["swap"])),
        *((names[kind], kinds[kind]) for kind in ("dividend", "split", "fx") if kind in kinds),
        ("rounding of postings", rounding_of(ledger)),
    ]
    by_trades += [(text, amount) for text, amount in others if amount]
    sums = [
        Sum((("balance", statement.balance), unrealized), "equity", statement.equity),
        Sum((first, *postings), "balance", statement.balance),
        Sum(tuple(by_trades), "equity", statement.equity),
    ]
    if statement.attribution is not None:
        terms = (first, ("sum of the attribution", statement.attribution))
        sums.append(Sum(terms, "equity", statement.equity))
    return sums


def rounding_of(ledger: pl.DataFrame) -> Decimal:
    """Give what rounding to cents has added to the postings that trades and positions have exactly.

    Parameters
    ----------
    ledger : polars.DataFrame
        The exact ledger. Each posting books its amount and the residue of before, less the
        residue of after it.

    Returns
    -------
    Decimal
        0 in an account with ``rounding="exact"``.
    """
    import polars as pl

    if not (ledger["residue"] != 0).any():
        return Decimal(0)
    before = pl.col("residue").shift(1).fill_null(0)
    carried = pl.col("kind").is_in(["realized_pnl", "swap"])
    carried |= (pl.col("kind") == "fee") & (pl.col("position_id") != 0)
    steps = ledger.select(carried=carried, step=before - pl.col("residue"))
    return add(steps.filter("carried")["step"])


def fees_of(statement: Statement) -> Decimal:
    """Give all fees of an account, as its postings have them: costs are negative."""
    return total(statement.ledger.filter(kind="fee")["amount"])


def symbol_results(trades: pl.DataFrame, positions: pl.DataFrame | None) -> list[tuple[str, float]]:
    """Give the result of each symbol: its trades, and its open positions after fees and swaps.

    Parameters
    ----------
    trades : polars.DataFrame
        Trades with ``symbol`` and ``net_pnl``.
    positions : polars.DataFrame or None
        The open positions, when they are known.
    """
    import polars as pl

    if "symbol" not in trades.columns:
        return []
    parts = [trades.select("symbol", result=pl.col("net_pnl").cast(pl.Float64))]
    if positions is not None:
        result = pl.col("unrealized_pnl") - pl.col("entry_fee") + pl.col("swap")
        parts.append(positions.select("symbol", result=result.cast(pl.Float64)))
    rows = pl.concat(parts).group_by("symbol").agg(pl.col("result").sum()).sort("symbol")
    return list(rows.iter_rows())


def trade_facts(metrics: Mapping[str, Any]) -> list[tuple[str, Decimal]]:
    """Give what a history without an account can say: its exact sums."""
    names = (
        ("total_net_pnl", "net profit of the trades"),
        ("total_commission", "fees of the trades"),
        ("net_profit", "change of the equity"),
    )
    return [(text, metrics[name]) for name, text in names if metrics[name] is not None]


__all__ = [
    "Statement",
    "Sum",
    "add",
    "fees_of",
    "initial_balance",
    "read_statement",
    "rounding_of",
    "sums_of",
    "symbol_results",
    "total",
    "trade_facts",
]
