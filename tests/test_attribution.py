"""Where the change of equity comes from (SPEC B3), on every backend."""

from __future__ import annotations

import random
from decimal import Decimal
from fractions import Fraction

import polars as pl
import pyarrow as pa
import pytest

import omega_portfolio as op

COLUMNS = {
    "position_id": pa.uint64(),
    "symbol": pa.string_view(),
    "side": pa.string_view(),
    "status": pa.string_view(),
    **dict.fromkeys(
        ("price_pnl", "fx", "fee", "swap", "dividend", "cash", "rounding", "total"), None
    ),
}
ACCOUNT = (0, "", "", "account")


def rows_of(portfolio: op.Portfolio) -> list[tuple[object, ...]]:
    return portfolio._attribution(True).to_polars().rows()


def row(names: tuple[object, ...], price_pnl: str, fee: str, cash: str, total: str) -> tuple:
    zero = Decimal(0)
    middle = (zero, Decimal(fee), zero, zero, Decimal(cash), zero)
    return (*names, Decimal(price_pnl), *middle, Decimal(total))


def test_without_an_event_there_is_the_row_of_the_account(make_portfolio):
    portfolio = make_portfolio(1000)
    assert rows_of(portfolio) == [row(ACCOUNT, "0", "0", "0", "0")]


def test_an_account_worked_out_by_hand(make_portfolio):
    portfolio = make_portfolio(1000, leverage=10)
    portfolio.register_instrument(op.Instrument("FX", contract_size=10, size_decimals=2))
    portfolio.open_position("FX", "short", 2, 5, 0, fee="0.3", position_id=9)
    portfolio.open_position("A", "long", 4, 100, 0, fee="0.5")
    portfolio.open_position("A", "long", 1, 100, 0)
    portfolio.mark({"A": (98, 99), "FX": ("5.5", 6)})
    portfolio.close_position(1, 103, 1, size=1, fee="0.25")
    portfolio.close_position(2, 97, 1, fee="-0.125")
    portfolio.charge_fee("0.75", 2, position_id=1)
    portfolio.charge_fee(2, 2)
    portfolio.charge_fee(-5, 2)
    portfolio.deposit(50, 3)
    portfolio.withdraw("20.5", 3)
    # 3 + 3 * (98 - 100) with fees of 0.5, 0.25 and 0.75; -3 with a rebate; 20 * (5 - 6)
    assert rows_of(portfolio) == [
        row((1, "A", "long", "open"), "-3", "-1.5", "0", "-4.5"),
        row((2, "A", "long", "closed"), "-3", "0.125", "0", "-2.875"),
        row((9, "FX", "short", "open"), "-20", "-0.3", "0", "-20.3"),
        row(ACCOUNT, "0", "3", "29.5", "32.5"),
    ]
    # -4.5 - 2.875 - 20.3 + 32.5
    assert portfolio.equity == Decimal("1004.825")


def test_a_position_stays_when_it_is_closed(make_portfolio):
    portfolio = make_portfolio(1000)
    position_id = portfolio.open_position("A", "short", 3, 10, 0)
    portfolio.close_position(position_id, 9, 1, size=1)
    names = (1, "A", "short")
    # the mark of the fill is still 10
    assert rows_of(portfolio)[0] == row((*names, "open"), "1", "0", "0", "1")
    portfolio.close_position(position_id, 12, 2, fee=1)
    assert rows_of(portfolio)[0] == row((*names, "closed"), "-3", "-1", "0", "-4")


def test_its_columns_are_those_of_the_specification(make_portfolio):
    portfolio = make_portfolio(1000)
    portfolio.open_position("A", "long", 1, 10, 0)
    for exact, number in ((True, pa.decimal128(38, 18)), (False, pa.float64())):
        table = portfolio._attribution(exact)
        assert table.columns == list(COLUMNS)
        fields = {name: kind or number for name, kind in COLUMNS.items()}
        assert {field.name: field.type for field in table.schema} == fields
        assert not any(field.nullable for field in table.schema)
        assert pa.table(table).equals(pa.ipc.open_stream(table.to_ipc()).read_all())
        assert len(table) == 2


def test_it_is_a_snapshot(make_portfolio):
    portfolio = make_portfolio(1000)
    portfolio.open_position("A", "long", 1, 10, 0)
    table = portfolio._attribution(True)
    before = pl.DataFrame(table)
    portfolio.update_equity(1, {"A": 20})
    portfolio.open_position("B", "long", 1, 10, 2, fee=1)
    assert pl.DataFrame(table).equals(before)
    assert len(portfolio._attribution(True)) == 3


def test_a_figure_beyond_38_digits_is_refused(make_portfolio):
    """The account pays all it has, and one position after the other brings it back."""
    balance = 10**20 - 1
    portfolio = make_portfolio(balance)
    for symbol in "AB":
        portfolio.open_position(symbol, "long", 1, 1, 0)
    portfolio.charge_fee(balance, 1)
    portfolio.charge_fee(-balance, 1, position_id=1)
    first, second, account = rows_of(portfolio)
    assert first == row((1, "A", "long", "open"), "0", str(balance), "0", str(balance))
    assert second == row((2, "B", "long", "open"), "0", "0", "0", "0")
    assert account == row(ACCOUNT, "0", str(-balance), "0", str(-balance))
    portfolio.charge_fee(balance, 1)
    portfolio.charge_fee(-balance, 1, position_id=2)
    for exact in (True, False):
        with pytest.raises(op.NumberOutOfRange) as caught:
            portfolio._attribution(exact)
        assert caught.value.argument == "attribution"
    portfolio.verify()
    assert portfolio.balance == balance


def test_a_total_beyond_38_digits_is_refused(make_portfolio):
    """Each of its parts is in range."""
    portfolio = make_portfolio(0)
    portfolio.charge_fee(-6 * 10**19, 0)
    portfolio.open_position("A", "long", 1, 1, 0)
    portfolio.withdraw(5 * 10**19, 0)
    portfolio.charge_fee(6 * 10**19, 0, position_id=1)
    portfolio.deposit(5 * 10**19, 0)
    assert len(rows_of(portfolio)) == 2
    portfolio.deposit(5 * 10**19, 0)
    with pytest.raises(op.NumberOutOfRange, match="attribution"):
        portfolio._attribution(True)


def test_the_totals_are_the_change_of_equity_to_the_last_unit(make_portfolio):
    portfolio = make_portfolio("1000000.000000000000000007", leverage=100)
    source = random.Random(5)
    for step in range(300):
        price = Decimal(source.randint(1, 10**9)).scaleb(-7)
        symbol = source.choice("ABC")
        side = source.choice(("long", "short"))
        fee = Decimal(source.randint(-(10**18), 10**18)).scaleb(-18)
        portfolio.open_position(symbol, side, source.randint(1, 9), price, step, fee=fee)
        if step % 3 == 0:
            portfolio.mark({symbol: (price, price + Decimal("0.000000001"))}, time=step)
        if step % 2:
            portfolio.close_position(source.choice([*portfolio.positions]), price, step, size=1)
        portfolio.charge_fee(Decimal(step + 1).scaleb(-18), step)
    rows = rows_of(portfolio)
    assert [names[0] for names in rows] == [*range(1, 301), 0]
    assert {names[3] for names in rows} == {"open", "closed", "account"}
    change = Fraction(portfolio.equity) - Fraction("1000000.000000000000000007")
    assert sum(Fraction(cells[-1]) for cells in rows) == change
