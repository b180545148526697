"""The catalogue of bad inputs on the calls for orders, bars, cash, terms and corporate actions."""

from __future__ import annotations

import pytest

from bad_input_accounts import account
from bad_input_runs import Tally, answers, try_slot
from bad_input_slots import Slot
from bad_input_slots_cash import cash_slots
from bad_input_slots_market import market_slots
from bad_input_slots_terms import term_slots
from bad_states_account import State, states
from bad_states_terms import contradictions

SLOTS = [*market_slots(), *cash_slots(), *term_slots()]
STATES = [*states(), *contradictions()]


@pytest.fixture(scope="module")
def tally(request: pytest.FixtureRequest) -> Tally:
    counter = Tally("bad inputs of the account")
    request.config.pluginmanager.register(counter, "bad-inputs-account-tally")
    return counter


@pytest.mark.parametrize("slot", SLOTS, ids=str)
def test_values(slot: Slot, tally: Tally) -> None:
    try_slot(account, slot, tally)


@pytest.mark.parametrize("state", STATES, ids=[state.label for state in STATES])
def test_states(state: State, tally: Tally) -> None:
    tally.add(state.number)
    assert answers(state.scene, state.act).refused == state.wanted
