"""Calls of the catalogue of bad inputs that only the state of the account makes wrong.

The account is `bad_inputs.scene`: its docstring says what is open and what is closed.
"""

from __future__ import annotations

from collections.abc import Callable

import omega_portfolio as op
from bad_input_slots import open_with
from bad_inputs import LATER

# Number, what is tried, the call, and the code and argument of the refusal.
STATE: list[tuple[int, str, Callable[[op.Portfolio], object], tuple[int, str]]] = [
    (
        31,
        "price off the grid",
        lambda p: open_with(p, symbol="GRID", price="1.005"),
        (4005, "price"),
    ),
    (31, "size off the grid", lambda p: open_with(p, symbol="GRID", size="0.15"), (4003, "size")),
    (31, "float off the grid", lambda p: open_with(p, symbol="GRID", price=1.005), (4005, "price")),
    (
        31,
        "stop off the grid",
        lambda p: open_with(p, symbol="GRID", stop_loss="1.005"),
        (4007, "stop_loss"),
    ),
    (31, "mark off the grid", lambda p: p.mark({"GRID": "1.005"}, time=LATER), (4005, "prices")),
    (36, "close an unknown id", lambda p: p.close_position(99, 100, LATER), (4001, "position_id")),
    (
        36,
        "modify an unknown id",
        lambda p: p.modify_position(99, LATER, stop_loss=1),
        (4001, "position_id"),
    ),
    (
        36,
        "fee of an unknown id",
        lambda p: p.charge_fee(1, LATER, position_id=99),
        (4001, "position_id"),
    ),
    (37, "close twice", lambda p: p.close_position(3, 100, LATER), (4001, "position_id")),
    (
        38,
        "close more than is held",
        lambda p: p.close_position(1, 100, LATER, size=11),
        (4003, "size"),
    ),
    (39, "close nothing", lambda p: p.close_position(1, 100, LATER, size=0), (4003, "size")),
    (40, "id of an open position", lambda p: open_with(p, position_id=1), (4004, "position_id")),
    (40, "id of a closed position", lambda p: open_with(p, position_id=3), (4004, "position_id")),
    (42, "stop of a long above", lambda p: open_with(p, stop_loss=101), (4007, "stop_loss")),
    (
        42,
        "stop of a short below",
        lambda p: open_with(p, side="short", stop_loss=99),
        (4007, "stop_loss"),
    ),
    (
        42,
        "modify a stop above the bid",
        lambda p: p.modify_position(1, LATER, stop_loss=100),
        (4007, "stop_loss"),
    ),
    (43, "stop at the entry", lambda p: open_with(p, stop_loss=100), (4007, "stop_loss")),
    (
        43,
        "stop at the bid",
        lambda p: p.modify_position(1, LATER, stop_loss=99),
        (4007, "stop_loss"),
    ),
    (
        44,
        "take profit below 0",
        lambda p: open_with(p, side="short", take_profit=-1),
        (4008, "take_profit"),
    ),
    (45, "more than the free margin", lambda p: open_with(p, size=10_000), (4002, "size")),
    (
        46,
        "modify a closed position",
        lambda p: p.modify_position(3, LATER, stop_loss=1),
        (4001, "position_id"),
    ),
    (47, "cost over 38 digits", lambda p: open_with(p, size=10**15, price=10**15), (4010, "size")),
    (47, "mark over 38 digits", lambda p: p.mark({"A": 10**28}, time=LATER), (4010, "prices")),
    (48, "balance over 38 digits", lambda p: p.deposit(10**20 - 1, LATER), (4010, "amount")),
    (48, "rebate over 38 digits", lambda p: p.charge_fee(1 - 10**20, LATER), (4010, "amount")),
]
