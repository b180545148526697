"""The events of random accounts, as frames: the same account again, whole or in parts (E10)."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import Any

import polars as pl
import pytest

import omega_portfolio as op
from event_frames import whole_picture
from event_lives import draw_options, live
from omega_portfolio.oracle.frame_columns import ACTIONS

SEEDS = range(30)
CALLS = 130


def lived(seed: int) -> tuple[op.PortfolioPython, dict[str, Any]]:
    random = Random(seed)
    options = draw_options(random)
    return live(random, options, CALLS), options


@pytest.mark.parametrize("seed", SEEDS)
def test_the_events_of_an_account_make_it_again(seed: int) -> None:
    portfolio, options = lived(seed)
    frame = portfolio.get_events()
    again = op.PortfolioPython(3000, **options)
    receipts = again.apply(frame, exact=True).to_polars()
    assert again.digest == portfolio.digest
    assert whole_picture(again) == whole_picture(portfolio)
    again.verify()

    # One receipt of each event says what the tables say.
    events = receipts.with_columns(frame.to_polars()["event"], frame.to_polars()["action"])
    single = events.unique("event", maintain_order=True)
    trades = portfolio.get_trades(exact=True).to_polars()
    assert single["realized"].sum() == sum(trades["gross_pnl"])
    fills = portfolio.get_fills(exact=True).to_polars()
    charged = single.filter(pl.col("action") != "fee")["fee"].sum()
    assert charged == sum(fills["fee"])
    assert receipts["balance"][-1] == portfolio.balance


@pytest.mark.parametrize("seed", SEEDS[:10])
def test_a_history_can_be_cut_anywhere(seed: int) -> None:
    portfolio, options = lived(seed)
    frame = portfolio.get_events().to_polars()
    again = op.PortfolioPython(3000, **options)
    cuts = sorted(Random(seed).sample(range(portfolio.events), 4))
    for begin, end in zip([0, *cuts], [*cuts, portfolio.events], strict=True):
        again.apply(frame.filter(pl.col("event").is_between(begin + 1, end)))
    assert again.digest == portfolio.digest


@pytest.mark.parametrize("seed", SEEDS[:12])
def test_a_refusal_anywhere_leaves_nothing_or_itself_only(seed: int) -> None:
    """A third of the prices are doubled; what is refused of that is as if it had not been there."""
    portfolio, options = lived(seed)
    random = Random(seed)
    frame = portfolio.get_events().to_polars()
    doubled = pl.Series([random.random() < 0.3 for _ in range(len(frame))])
    frame = frame.with_columns(
        pl.when(doubled).then(pl.col(name) * 2).otherwise(pl.col(name)).cast(frame.schema[name])
        for name in ("price", "bid", "stop_loss", "open", "amount")
    )
    recorded = op.PortfolioPython(3000, **options)
    receipts = recorded.apply(frame, on_error="record")
    assert len(receipts) + len(receipts.refused) == len(frame)
    recorded.verify()

    refused = set(receipts.refused.to_polars()["row"])
    kept = frame.filter(pl.Series([number not in refused for number in range(len(frame))]))
    plain = op.PortfolioPython(3000, **options)
    plain.apply(kept)
    assert plain.digest == recorded.digest
    assert plain.rounded_count == recorded.rounded_count

    begun = op.PortfolioPython(3000, **options)
    begun.apply(kept[:20])
    before = whole_picture(begun)
    with pytest.raises(op.OmegaPortfolioError) as caught:
        begun.apply(frame[20:])
    assert caught.value.argument == "events"
    assert whole_picture(begun) == before


def test_the_lives_have_every_action() -> None:
    actions: Counter[str] = Counter()
    told: Counter[str] = Counter()
    for seed in SEEDS:
        frame = lived(seed)[0].get_events().to_polars()
        actions.update(frame["action"])
        told.update({name: len(frame) - frame[name].null_count() for name in frame.columns})
    assert set(actions) == set(ACTIONS)
    assert min(actions.values()) > 5, actions
    assert min(told.values()) > 5, told
