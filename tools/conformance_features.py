"""Which features of an account a case of ``tests/spec`` needs, derived from its statements."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from spec_format import Case, Statement

FEATURES: Final = {
    "attribution": "where each result came from, position by position",
    "bars": "bars with open, high, low and close, which trigger levels and orders",
    "bid_ask": "a bid and an ask that differ, or a bar with a spread",
    "break_even": "a stop that moves to the entry once",
    "cash_flows": "deposits, withdrawals and fees that belong to no fill",
    "commission": "a commission model of an instrument",
    "contract": "instruments with a contract size, a tick or limits of size, or inverse ones",
    "currencies": "instruments or cash in a currency that is not the account's",
    "digest": "the hash of all events and of the state",
    "dividends": "dividends",
    "excursions": "the best and the worst result while a position was open",
    "exit_time": "positions and orders that end at a time",
    "fill_fees": "a fee that is named with the fill",
    "grids": "numbers that are rounded to their grids first",
    "hedging": "several positions of one symbol at once, each with its own id",
    "large_numbers": "numbers of more than 15 digits, which doubles cannot hold",
    "leverage": "an account or an instrument with a leverage",
    "levels": "a stop loss or a take profit of a position",
    "margin_figures": "margin that is used, free or asked for ahead",
    "margin_model": "margin models: rates, tiers, amounts a lot, hedged margin",
    "marks": "prices that value positions and trigger nothing",
    "modify": "levels of an open position that change",
    "netting": "one position a symbol, which increases, shrinks and flips",
    "orders": "orders that wait: limit, stop, market at the next price",
    "pairs": "two positions that are closed against each other",
    "partial_closes": "closes of a part of a position",
    "paths": "a stated way of a bar between its open and its close",
    "quotes": "quotes that trigger levels and orders",
    "refusals": "calls that an account has to refuse, and why",
    "rollover": "swaps that are charged as time goes by, or by hand",
    "shorts": "short positions",
    "slippage": "a slippage model of an instrument",
    "splits": "splits",
    "stop_out": "a margin call or a stop-out by the engine",
    "targets": "several take profits of one position",
    "tables": "rows of tables beside trades, positions and the equity",
    "trailing": "stops that follow the price",
}

WORDS: Final = {
    "bar": "bars", "close_by": "pairs", "deposit": "cash_flows", "withdraw": "cash_flows",
    "fee": "cash_flows", "convert": "currencies", "charge_swap": "rollover",
    "rollover": "rollover", "dividend": "dividends", "split": "splits", "margin": "margin_figures",
    "mark": "marks", "update_equity": "marks", "quotes": "quotes", "modify": "modify",
    "order": "orders", "cancel": "orders",
}  # fmt: skip
KEYS: Final = {
    "leverage": "leverage", "stop_loss": "levels", "take_profit": "levels", "trailing": "trailing",
    "break_even": "break_even", "targets": "targets", "exit_time": "exit_time",
    "expiry": "exit_time", "fee": "fill_fees", "commission": "commission", "slippage": "slippage",
    "swap": "rollover", "margin": "margin_model", "contract_size": "contract",
    "tick_size": "contract", "lot_step": "contract", "min_size": "contract",
    "max_size": "contract", "inverse": "contract", "quote_currency": "currencies",
    "base_currency": "currencies", "pivot": "currencies", "rounding": "grids", "off_grid": "grids",
    "margin_call": "stop_out", "stop_out": "stop_out", "path": "paths", "rate": "currencies",
}  # fmt: skip
FIGURES: Final = {
    "margin_used": "margin_figures", "free_margin": "margin_figures",
    "margin_level": "margin_figures", "margin": "margin_figures", "digest": "digest",
    "mae": "excursions", "mfe": "excursions", "rounded": "grids", "fx_pnl": "currencies",
}  # fmt: skip
PLAIN_TABLES: Final = {"equity", "trades", "positions"}
DOUBLE_DIGITS: Final = 15


def features_of(case: Case) -> list[str]:
    """Give the features that a case needs, sorted."""
    found: set[str] = set()
    for statement in case.statements:
        found |= set(_of_statement(statement))
        if statement.refusal is not None:
            found.add("refusals")
    found |= set(_of_positions(case))
    unknown = found - set(FEATURES)
    if unknown:
        raise ValueError(f"{case}: no text for {unknown}")
    return sorted(found)


def _of_statement(statement: Statement) -> list[str]:
    word, values = statement.word, statement.values
    found = [WORDS[word]] if word in WORDS else []
    if word in ("expect", "row"):
        found += [FIGURES[key] for key in values if key in FIGURES]
        found += ["attribution"] * (statement.table == "attribution")
        found += ["tables"] * (word == "row" and statement.table not in PLAIN_TABLES)
    elif word != "charge_swap":
        found += [KEYS[key] for key, value in values.items() if key in KEYS and value is not None]
    found += [FIGURES[key] for key in statement.result if key in FIGURES]
    if values.get("mode") == "netting":
        found.append("netting")
    if values.get("side") == "short" and word in ("open", "order"):
        found.append("shorts")
    if word == "close" and values.get("size") is not None:
        found.append("partial_closes")
    if word == "account" and values.get("currency") not in (None, "USD"):
        found.append("currencies")
    if any(_has_spread(quote.numbers) for quote in statement.quotes):
        found.append("bid_ask")
    numbers = [each for each in [*values.values(), *statement.result.values()] if each]
    if any(_is_large(str(each)) for each in numbers if not isinstance(each, dict)):
        found.append("large_numbers")
    return found


def _has_spread(numbers: tuple[str, ...]) -> bool:
    return len(numbers) == 5 or (len(numbers) == 2 and numbers[0] != numbers[1])


def _is_large(text: str) -> bool:
    digits = text.replace("-", "", 1).replace(".", "", 1)
    return digits.isdigit() and len(digits.strip("0")) > DOUBLE_DIGITS


def _of_positions(case: Case) -> list[str]:
    """Say whether two positions of a symbol are open at once in a hedging account."""
    if case.statements[0].values.get("mode") == "netting":
        return []
    opened: dict[object, set[object]] = {}
    for statement in case.statements:
        if statement.refusal is not None:
            continue
        if statement.word in ("open", "order"):
            held = opened.setdefault(statement.values["symbol"], set())
            held.add((statement.word, statement.line))
            if len(held) > 1:
                return ["hedging"]
        elif statement.word == "close" and statement.values.get("size") is None and opened:
            for held in opened.values():
                held.clear()
    return []
