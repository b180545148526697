"""Rows that a refusal names in events of several rows of accounts with terms (SPEC E7)."""

from __future__ import annotations

import pyarrow as pa
import pytest

import omega_portfolio as op
from event_frames import opened, quoted, table, terms_of

HUGE = 10**21
BAR = dict.fromkeys(("open", "high", "low", "close"), 1)


def refused(portfolio, *rows):
    before = portfolio.digest
    with pytest.raises(op.OmegaPortfolioError) as caught:
        portfolio.apply(table(*rows))
    assert portfolio.digest == before
    name, place = type(caught.value), caught.value.value.partition(":")[0]
    recorded = portfolio.apply(table(*rows), on_error="record").refused.to_polars()
    assert set(recorded["code"]) == {name.code}
    return name, place, recorded["row"].to_list()


@pytest.mark.parametrize("action", ["quotes", "bar"])
def test_a_rate_that_an_order_lacks_is_said_of_the_first_row(make_portfolio, action):
    prices = BAR if action == "bar" else {"price": 1}
    rows = [
        {"action": "register", "symbol": "B", "quote_currency": "AUD"},
        {"action": "order", "time": 1, "symbol": "B", "side": "buy", "size": 1, "type": "market"},
        *(quoted(action, 1, symbol=name, event=1, **prices) for name in "AB"),
    ]
    found = refused(make_portfolio(1000), *rows)
    assert found == (op.MissingRate, "row 2, column symbol", [2, 3])


def test_a_symbol_that_is_out_of_range_by_itself_has_its_own_row(make_portfolio):
    rows = [
        {"action": "register", "symbol": "A", "terms": terms_of(margin=op.Margin(per_lot=1))},
        *(opened(1, side="short", symbol=name, price=1) for name in "AB"),
        *(quoted("mark", 1, symbol=name, bid=1, ask=HUGE, event=1) for name in "AB"),
    ]
    found = refused(make_portfolio(1000), *rows)
    assert found == (op.NumberOutOfRange, "row 3, column ask", [3, 4])


def test_the_rules_of_all_quotes_come_before_the_range_of_one(make_portfolio):
    rows = [
        opened(1, symbol="A", price=1),
        quoted("mark", 1, symbol="A", price=HUGE, event=1),
        quoted("mark", 1, symbol="B", price=0, event=1),
    ]
    found = refused(make_portfolio(1000), *rows)
    assert found == (op.InvalidPrice, "row 2, column price", [1, 2])


@pytest.mark.parametrize("action", ["mark", "update", "quotes"])
@pytest.mark.parametrize("event", [None, 1])
def test_the_ask_at_fault_is_that_of_the_grid(make_portfolio, action, event):
    # -0.4 is rounded to 0 before the rule is asked, so that the value at fault is not in the row.
    portfolio = make_portfolio(1000, off_grid="round")
    rows = [
        {"action": "register", "symbol": "A", "price_decimals": 0},
        quoted(action, 1, symbol="A", bid=1.0, ask=-0.4, event=event),
    ]
    assert refused(portfolio, *rows) == (op.InvalidPrice, "row 1, column ask", [1])
    rows[1] = quoted(action, 1, symbol="A", bid=0.3, ask=-0.4, event=event)
    assert refused(portfolio, *rows) == (op.InvalidPrice, "row 1, column bid", [1])


def test_a_bar_behind_a_row_without_a_symbol_has_its_own_row(make_portfolio):
    portfolio = make_portfolio(1000)
    portfolio.process_bar(1, {"A": (1, 1, 1, 1), "B": (1, 1, 1, 1)})
    rows = [quoted("bar", 2, symbol=name, spread=-1, event=1, **BAR) for name in (None, "B")]
    found = refused(portfolio, *rows)
    assert found == (op.InvalidPrice, "row 1, column spread", [0, 1])


def test_nulls_of_bars_come_before_their_cells(make_portfolio):
    frame = pa.table({"time": [2**62, 1], "symbol": ["A", "A"], **{key: [1, 1] for key in BAR}})
    with pytest.raises(op.InvalidTime, match="column time, row 0"):
        make_portfolio(1000).process_bars(frame)
    frame = frame.set_column(3, "high", [[1, None]])
    with pytest.raises(op.InvalidFrame, match="column high, row 1"):
        make_portfolio(1000).process_bars(frame)
