"""The sums by which a run and a report prove an account, with everything that postings can be."""

from collections.abc import Callable
from decimal import Decimal

import pytest

import omega_portfolio as op
from omega_portfolio.jobs import new_portfolio, prove
from omega_portfolio.report.books import read_statement, sums_of


@pytest.fixture
def account(make_portfolio: Callable[..., op.Portfolio]) -> op.Portfolio:
    """Fees, swaps, a dividend paid and one accrued, a split, an exchange, cents."""
    portfolio = make_portfolio(100_000, leverage=10, rounding="cents")
    pair = op.Instrument("EURUSD", base_currency="EUR", quote_currency="USD", contract_size=1000)
    portfolio.register_instrument(pair)
    portfolio.register_instrument(op.Instrument("ACME", price_decimals=2, size_decimals=0))
    portfolio.mark({"EURUSD": ("1.1", "1.1002"), "ACME": "90.01"}, time="2024-01-02")
    portfolio.deposit("100.33", "2024-01-02", currency="EUR")
    portfolio.convert_cash("50.11", "EUR", "USD", "2024-01-02", rate="1.0733")
    portfolio.convert_cash("50.22", "EUR", "USD", "2024-01-02")
    held = portfolio.open_position("EURUSD", "long", "1.23", "1.1002", "2024-01-03", fee="0.337")
    portfolio.charge_swap("EURUSD", "2024-01-04", long="-0.000077")
    portfolio.open_position("ACME", "long", 7, "90.01", "2024-01-04", fee="0.501")
    portfolio.dividend("ACME", "0.1117", "2024-01-05")
    portfolio.mark({"ACME": "99.01"}, time="2024-01-08")
    portfolio.split("ACME", 3, 2, "2024-01-08")
    portfolio.dividend("ACME", "0.0333", "2024-01-09", pay_time="2024-02-01")
    portfolio.close_position(held, "1.1077", "2024-01-09", size="0.5", fee="0.1133")
    portfolio.charge_fee("3.333", "2024-01-09")
    portfolio.update_equity("2024-01-10", {"ACME": "61.07", "EURUSD": ("1.1055", "1.1056")})
    return portfolio


def test_the_proof_counts_everything(account: op.Portfolio):
    proof = prove(account, account.calculate_metrics().net_profit)
    assert proof["profit_identity"] is True
    # The dividend that is not paid yet belongs to no position.
    assert proof["equity_identity"] is False
    account.update_equity("2024-02-01")
    proof = prove(account, account.calculate_metrics().net_profit)
    assert proof["holds"] is True
    names = ("open_swaps", "dividends", "splits", "exchanges", "rounding", "account_fees")
    assert all(Decimal(proof[name]) for name in names)


def test_the_sums_of_the_report_hold(account: op.Portfolio):
    sums = sums_of(read_statement(account))
    assert [one.total for one in sums if not one.holds] == []
    words = {text for one in sums for text, _ in one.terms}
    assert words >= {
        "swaps",
        "dividends",
        "cash of splits",
        "exchanges",
        "swaps of open positions",
        "rounding of postings",
    }


def test_a_configuration_makes_the_account(backend: str):
    given = {"initial_balance": "10.5", "currency": "EUR", "mode": "netting", "stop_out": "50"}
    portfolio = new_portfolio({**given, "unknown": "is left out"}, backend=backend)
    other = op.Portfolio("10.5", currency="EUR", mode="netting", stop_out=50, backend=backend)
    assert portfolio.digest == other.digest
