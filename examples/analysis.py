# %% [markdown]
# # From a signal to a report
#
# A moving-average rule on five US stocks, 2000 to 2013. Polars computes the signals and writes
# **one frame of events**; `omega_portfolio` turns that frame into an account in one call; the
# account's tables are Arrow, so that every further question is Polars again.
#
# The prices come with the package and nothing is downloaded. The `assert` lines check what the
# text claims. The rule is simple on purpose: it shows the tools, it is no advice.

# %%
import math
from datetime import date
from decimal import Decimal
from pathlib import Path

import polars as pl

import omega_portfolio as op
from omega_portfolio.data import load_us5_daily

pl.Config(
    tbl_rows=16,
    tbl_cols=-1,
    tbl_hide_dataframe_shape=True,
    tbl_hide_column_data_types=True,
    float_precision=4,
)

bars = load_us5_daily()
bars.group_by("symbol", maintain_order=True).agg(
    first_day=pl.col("time").first().dt.date(),
    last_day=pl.col("time").last().dt.date(),
    days=pl.len(),
    first_close=pl.col("close").first(),
    last_close=pl.col("close").last(),
)

# %% [markdown]
# ## Splits first
#
# Prices are as they were traded, so a 2-for-1 split looks like a fall by half. The adjusted close
# tells them apart: on a split day `close / adj_close` jumps, in a crash it does not. There are
# three splits, and Apple's fall by 52 % on 2000-09-29 is rightly not one of them.

# %%
ratio = pl.col("close").cast(pl.Float64) / pl.col("adj_close")
jump = (ratio.shift(1) / ratio).over("symbol")
days = bars.with_columns(
    change=pl.col("close").cast(pl.Float64).pct_change().over("symbol"),
    shares_per_share=pl.when((jump > 1.25) | (jump < 0.8)).then(jump.round()).otherwise(1.0),
)
splits = days.filter(pl.col("shares_per_share") != 1)
falls = days.filter(pl.col("change") < -0.45)
assert splits["shares_per_share"].to_list() == [2.0, 2.0, 2.0]
assert falls.height == splits.height + 1
falls.select("symbol", pl.col("time").dt.date(), "close", "change", "shares_per_share")

# %% [markdown]
# ## The signal
#
# Hold a stock while the mean of its last 20 adjusted closes is above the mean of the last 50.
# What a close decides is done at the next open, hence the `shift(1)`: a row may only know the
# rows before it. `held` means that the position is open during that day.

# %%
adjusted = pl.col("adj_close")
above = (adjusted.rolling_mean(20) > adjusted.rolling_mean(50)).fill_null(value=False)
days = days.with_columns(held=above.shift(1, fill_value=False).over("symbol"))
days = days.with_columns(
    held_before=pl.col("held").shift(1, fill_value=False).over("symbol"),
    split=pl.col("shares_per_share") != 1,
    split_next=pl.col("shares_per_share").shift(-1, fill_value=1.0).over("symbol") != 1,
)
days.group_by("symbol", maintain_order=True).agg(share_of_days_held=pl.col("held").mean())

# %% [markdown]
# ## Fills
#
# Each position is 18,000 dollars at the last close, in whole shares, and pays half a cent per
# share on each side. An account of fills knows no corporate actions, so a position leaves at the
# close before a split and comes back at the next open. The `key` (stock and number) lets a close
# name its open before anybody knows an id.

# %%
AT_OPEN, AT_CLOSE = pl.duration(hours=14, minutes=30), pl.duration(hours=21)
enters = pl.col("held") & (~pl.col("held_before") | pl.col("split"))
last_close = pl.col("close").cast(pl.Float64).shift(1).over("symbol") / pl.col("shares_per_share")
days = days.with_columns(
    size=pl.when(enters)
    .then((18_000 / last_close).floor().cast(pl.Int64))
    .forward_fill()
    .over("symbol"),
    key=pl.format("{}-{}", "symbol", enters.cum_sum().over("symbol")),
)
fee = pl.col("size").cast(pl.Decimal(38, 0)) * pl.lit(Decimal("0.005"))
fill = {"symbol": "symbol", "size": "size", "fee": fee, "key": "key"}
opens = days.filter(enters).select(
    **fill,
    action=pl.lit("open"),
    time=pl.col("time") + AT_OPEN,
    side=pl.lit("long"),
    price="open",
    tag=pl.when("held_before").then(pl.lit("back after a split")).otherwise(pl.lit("cross up")),
)
crosses = days.filter(~pl.col("held") & pl.col("held_before") & ~pl.col("split")).select(
    **fill,
    action=pl.lit("close"),
    time=pl.col("time") + AT_OPEN,
    price="open",
    reason=pl.lit("cross down"),
)
leaves = days.filter(pl.col("held") & pl.col("split_next")).select(
    **fill,
    action=pl.lit("close"),
    time=pl.col("time") + AT_CLOSE,
    price="close",
    reason=pl.lit("split"),
)
assert (opens.height, crosses.height, leaves.height) == (132, 128, 1)
opens.head(4)

# %% [markdown]
# ## One frame
#
# The closing prices of a day are one event with a row for each stock: rows of `update` with the
# same number in `event` belong together. Closes stand before opens, so that their money is free.
# After a stable sort by time this is the whole backtest, 12,415 rows. Below are the two days
# around Apple's second split: out at the close, and for 18,000 dollars back in at the next open.

# %%
quotes = days.select(
    action=pl.lit("update"),
    time=pl.col("time") + AT_CLOSE,
    symbol="symbol",
    price="close",
    event=pl.col("time").dt.epoch("d"),
)
frame = pl.concat([crosses, leaves, opens, quotes], how="diagonal").sort(
    "time", maintain_order=True
)
assert frame.height == 12_415
frame.filter(
    pl.col("time").dt.date().is_in([date(2005, 2, 25), date(2005, 2, 28)]),
    pl.col("symbol").is_in(["AAPL", "IBM"]),
).select("action", "time", "symbol", "side", "size", "price", "fee", "key", "event")

# %% [markdown]
# ## The account
#
# One call applies all rows or none. The account has 100,000 dollars and a leverage of 2. A
# receipt comes back for every row, with what it realized and the balance after it.

# %%
pf = op.Portfolio("100000", leverage=2)
receipts = pf.apply(frame)
assert len(receipts) == frame.height
assert pf.balance + pf.unrealized_pnl == pf.equity
pf

# %% [markdown]
# ## State
#
# `get_state()` is a frozen snapshot: numbers are exact `Decimal`, the open positions are a table.
# `pl.DataFrame(table)` takes it over without a copy. Three positions are still open.

# %%
state = pf.get_state()
assert len(state.positions) == 3
assert state.equity - state.margin_used == state.free_margin
print(f"equity {state.equity}  margin used {state.margin_used}  free {state.free_margin}")
pl.DataFrame(state.positions).select(
    "symbol", "size", "entry_time", "entry_price", "mark_price", "unrealized_pnl", "tag"
)

# %% [markdown]
# ## Equity by month
#
# The equity curve has one row for each day, 3,270 in all. `pf.scan("equity")` is a `LazyFrame`
# over the live table: only the columns of the query leave the engine. Here are the months, each
# with its close, its low and its worst day.

# %%
monthly = (
    pf.scan("equity")
    .with_columns(day_return=pl.col("equity").pct_change())
    .group_by_dynamic("time", every="1mo")
    .agg(
        close=pl.col("equity").last(),
        low=pl.col("equity").min(),
        worst_day=pl.col("day_return").min(),
        days=pl.len(),
    )
    .collect()
)
assert monthly["days"].sum() == 3_270
monthly.tail(6).with_columns(pl.col("time").dt.date())

# %% [markdown]
# ## Rolling statistics, by hand
#
# 63 trading days are a quarter. Mean and deviation of the daily returns give a rolling Sharpe
# ratio in three lines of Polars. The first weeks hold no position, so there the deviation is
# 0 and the ratio infinite or NaN, which has to be filtered out before anything is averaged.

# %%
equity = pl.DataFrame(pf.get_equity_curve())
daily = equity.select("time", "equity", day_return=pl.col("equity").pct_change()).with_columns(
    volatility=pl.col("day_return").rolling_std(63) * math.sqrt(252),
    sharpe=pl.col("day_return").rolling_mean(63)
    / pl.col("day_return").rolling_std(63)
    * math.sqrt(252),
)
daily.filter(pl.col("sharpe").is_finite()).group_by_dynamic("time", every="1y").agg(
    volatility=pl.col("volatility").mean(),
    worst_sharpe=pl.col("sharpe").min(),
    best_sharpe=pl.col("sharpe").max(),
).select(pl.col("time").dt.year().alias("year"), pl.exclude("time"))

# %% [markdown]
# ## A benchmark
#
# Equal-weight buy and hold: a fifth of the money in each stock, and what is not listed yet waits
# in cash. Prices are adjusted for splits but not for dividends, because the account does not book
# dividends either. The rule loses to it by far: holding beat timing.

# %%
held_shares = pl.col("shares_per_share").cum_prod().over("symbol")
value = pl.col("close").cast(pl.Float64) * held_shares
benchmark = (
    days.with_columns(growth=value / value.first().over("symbol"))
    .pivot("symbol", index="time", values="growth")
    .sort("time")
    .fill_null(1.0)
    .select(pl.col("time") + AT_CLOSE, value=pl.mean_horizontal(pl.exclude("time")))
)
assert benchmark["value"].last() > 2 * float(pf.equity) / 100_000
pf.plot(kind="equity", benchmark=benchmark)

# %% [markdown]
# ## All metrics at once
#
# `calculate_metrics` gives more than a hundred figures in seven groups. What is not defined is
# `None`, never 0 or NaN: no trade has a stop here, so there is no expectancy in units of risk.
# Hold the pointer over a name to see its formula.

# %%
metrics = pf.calculate_metrics(benchmark=benchmark)
assert metrics.total_return < benchmark["value"].last() - 1
assert metrics.expectancy_r is None
assert len(metrics) > 100
metrics

# %% [markdown]
# ## What a number means
#
# Two libraries seldom agree on a Sharpe ratio, because they do not mean the same. `definition`
# tells which formula was used, by which convention, and when there is no value.

# %%
metrics.definition("sharpe_ratio")

# %% [markdown]
# ## Metrics while the account runs
#
# `metric` computes one figure, and on the compiled engine it costs only the new rows. Here the
# recorded events go year by year into a second account, and a figure is read after each year.
# In the end both accounts have the same digest, so they had the same history.

# %%
live = op.Portfolio("100000", leverage=2)
seen = []
events = pl.DataFrame(pf.get_events()).with_columns(
    year=pl.col("time").dt.year().fill_null(strategy="backward")
)
for (year,), part in events.group_by("year", maintain_order=True):
    live.apply(part.drop("year"))
    names = ("total_return", "sharpe_ratio", "max_drawdown", "trade_count")
    seen.append({"year": year} | {name: live.metric(name) for name in names})
assert live.digest == pf.digest
pl.DataFrame(seen)

# %% [markdown]
# ## Drawdowns
#
# The five deepest falls from a peak, each with its valley and its recovery. `recovery_time` is
# null while a drawdown lasts.

# %%
drawdowns = pl.DataFrame(pf.drawdowns(top=5))
assert drawdowns["depth"].first() == metrics.max_drawdown
drawdowns.with_columns(pl.col("^.*_time$").dt.date(), pl.col("duration").dt.total_days())

# %% [markdown]
# ## Months as a table
#
# `monthly_returns` has one row a month, and `pivot` makes the table that everybody knows. The
# returns of the months multiply up to the return of the whole time.

# %%
months = pl.DataFrame(pf.monthly_returns())
assert math.isclose((months["return"] + 1).product(), metrics.total_return + 1)
short = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
months.with_columns(
    pl.col("month").replace_strict(range(1, 13), short), percent=(pl.col("return") * 100).round(1)
).pivot("month", index="year", values="percent").select(
    "year", pl.col(short).cast(pl.Decimal(6, 1))
)

# %% [markdown]
# ## Rolling metrics, ready made
#
# `rolling_metrics` gives the same windows as above, and where both have a value they agree to the
# ninth digit. Where nothing moved, Polars had NaN or infinity; here such a window is null.

# %%
rolling = pl.DataFrame(pf.rolling_metrics(63, ["sharpe_ratio", "volatility", "worst_return"]))
both = daily.drop_nulls().join(rolling, on="time", suffix="_ready")
moved = pl.col("sharpe").is_finite()
assert (
    both.filter(moved).select((pl.col("sharpe") - pl.col("sharpe_ratio")).abs().max()).item() < 1e-9
)
assert both.filter(~moved)["sharpe_ratio"].null_count() == both.filter(~moved).height > 0
pf.plot(kind="rolling")

# %% [markdown]
# ## Trades
#
# Every close is one row, with its costs and its best and worst moment. A few expressions give
# profit and success by stock. The exact view (`exact=True`) has Decimal128: its sums are
# exact, so that `==` is allowed.

# %%
trades = pl.DataFrame(pf.get_trades())
exact = pl.DataFrame(pf.get_trades(exact=True))
assert exact["net_pnl"].sum() == metrics.total_net_pnl
trades.group_by("symbol", maintain_order=True).agg(
    trades=pl.len(),
    net_pnl=pl.col("net_pnl").sum(),
    win_rate=(pl.col("net_pnl") > 0).mean(),
    best=pl.col("net_pnl").max(),
    worst=pl.col("net_pnl").min(),
).sort("net_pnl", descending=True)

# %% [markdown]
# ## Trades and their market
#
# A plain join with the bars proves that every entry is the open of its day. Then `join_asof`
# finds the benchmark's level before entry and at exit, so that each trade gets the market's
# return over its own holding period. On average only those with Apple and Facebook beat it.

# %%
day = pl.col("entry_time").dt.truncate("1d").alias("time")
checked = exact.with_columns(day).join(bars, on=["symbol", "time"], how="left")
assert (checked["entry_price"] == checked["open"]).all()

level = benchmark.rename({"value": "level"})
compared = (
    trades.sort("entry_time")
    .join_asof(level, left_on="entry_time", right_on="time", coalesce=True)
    .sort("exit_time")
    .join_asof(level, left_on="exit_time", right_on="time", suffix="_exit")
    .with_columns(
        trade_return=pl.col("net_pnl") / pl.col("cost"),
        market_return=pl.col("level_exit") / pl.col("level") - 1,
    )
)
against = (
    compared.group_by("symbol")
    .agg(
        pl.col("trade_return", "market_return").mean(),
        beat_market=(pl.col("trade_return") > pl.col("market_return")).mean(),
    )
    .sort("symbol")
)
better = against.filter(pl.col("trade_return") > pl.col("market_return"))
assert better["symbol"].to_list() == ["AAPL", "FB"]
against

# %% [markdown]
# ## Trades and their symbol
#
# `join_asof` with `by` finds what was known of the same stock before the entry: here the
# volatility of its last 20 days. Do entries in calm times end better than those in rough ones?
# Here the rough third wins least often and still earns the most: its few winners are larger.

# %%
stock = days.select(
    "symbol",
    pl.col("time") + AT_CLOSE,
    volatility=pl.col("adj_close").pct_change().rolling_std(20).over("symbol") * math.sqrt(252),
).drop_nulls()
known = trades.sort("entry_time").join_asof(
    stock.sort("time"), left_on="entry_time", right_on="time", by="symbol", check_sortedness=False
)
third = (pl.col("volatility").rank("ordinal").cast(pl.Int64) - 1) * 3 // pl.len()
thirds = (
    known.group_by(times=third.replace_strict([0, 1, 2], ["calm", "middle", "rough"]))
    .agg(
        trades=pl.len(),
        volatility=pl.col("volatility").mean(),
        win_rate=(pl.col("net_pnl") > 0).mean(),
        average_win=pl.col("net_pnl").filter(pl.col("net_pnl") > 0).mean(),
        net_pnl=pl.col("net_pnl").sum(),
    )
    .sort("volatility")
)
assert thirds["win_rate"].arg_min() == 2
assert thirds["net_pnl"].arg_max() == thirds["average_win"].arg_max() == 2
thirds

# %% [markdown]
# ## Groups of trades, ready made
#
# `trade_analysis` groups by symbol, side, tag, reason, hour, weekday, month or year. The
# sums agree with those of the metrics to the last digit. Apple carries the result; the rule lost
# money with IBM and Microsoft (a `profit_factor` below 1).

# %%
by_symbol = pl.DataFrame(pf.trade_analysis("symbol", exact=True))
assert by_symbol["net_pnl"].sum() == metrics.total_net_pnl
assert by_symbol.filter(pl.col("profit_factor") < 1)["symbol"].to_list() == ["IBM", "MSFT"]
by_symbol.select(
    "symbol",
    "trade_count",
    "win_rate",
    pl.col("net_pnl", "fees").cast(pl.Float64),
    "profit_factor",
    "expectancy",
    average_days=pl.col("average_duration").dt.total_days(),
)

# %% [markdown]
# The same by the weekday of the entry, 1 for Monday. With some two dozen trades in each group
# the differences are mostly chance, and a rule built upon them would be a story about the past.

# %%
by_weekday = pl.DataFrame(pf.trade_analysis("weekday"))
assert by_weekday["trade_count"].sum() == len(trades) == 129
by_weekday.select("weekday", "trade_count", "win_rate", "net_pnl", "average_win", "average_loss")

# %% [markdown]
# ## The best and the worst moment of a trade
#
# `mae` and `mfe` are the worst and the best result that a trade had at any mark. As fractions of
# the cost they make the usual scatter data. Of the 29 trades that were once more than 10 %
# under water, one came back; the winners kept 64 % of their best moment.

# %%
moments = trades.select(
    "symbol",
    worst=pl.col("mae") / pl.col("cost"),
    best=pl.col("mfe") / pl.col("cost"),
    result=pl.col("net_pnl") / pl.col("cost"),
)
assert (moments["worst"] <= 0).all()
assert (moments["best"] >= 0).all()
deep, winners = moments.filter(pl.col("worst") < -0.1), moments.filter(pl.col("result") > 0)
kept = winners["result"].sum() / winners["best"].sum()
assert (deep.height, (deep["result"] > 0).sum()) == (29, 1)
assert round(kept, 2) == 0.64
depth = (
    pl.when(pl.col("worst") < -0.1)
    .then(pl.lit("more than 10 %"))
    .when(pl.col("worst") < -0.05)
    .then(pl.lit("5 to 10 %"))
    .otherwise(pl.lit("less than 5 %"))
)
moments.group_by(under_water=depth).agg(
    pl.len().alias("trades"),
    pl.col("worst", "best", "result").mean(),
    came_back=(pl.col("result") > 0).mean(),
).sort("worst")

# %% [markdown]
# Every trade as a dot, by its exit and its net profit. A rule that follows trends looks like this:
# many small losses, and a few large gains that pay for them. The best five of the 129 trades
# earned about as much as all of them together.

# %%
best_five = trades["net_pnl"].top_k(5).sum()
assert 0.8 < best_five / trades["net_pnl"].sum() < 1.2
pf.plot(kind="trades")

# %% [markdown]
# ## Exposure and margin
#
# The curve has what is invested (`gross_exposure`) and what the broker holds (`margin_used`),
# which is half of the cost at a leverage of 2. Positions have a fixed size while the account
# changes, so the share that is invested drifts: in 2004 and 2005 the smaller account was at times
# invested by more than its equity, on margin.

# %%
exposure = equity.group_by_dynamic("time", every="1y").agg(
    invested=(pl.col("gross_exposure") / pl.col("equity")).mean(),
    most_invested=(pl.col("gross_exposure") / pl.col("equity")).max(),
    margin=(pl.col("margin_used") / pl.col("equity")).max(),
    days_without=(pl.col("gross_exposure") == 0).mean(),
)
exposure = exposure.select(pl.col("time").dt.year().alias("year"), pl.exclude("time"))
assert exposure.filter(pl.col("most_invested") > 1)["year"].to_list() == [2004, 2005]
exposure

# %% [markdown]
# ## Where the money came from
#
# `attribution` splits the change of equity by position into price, fees and cash. The parts add
# up to the whole with `==`, because they are decimals and not floats. One last row belongs to the
# account itself.

# %%
attribution = pl.DataFrame(pf.attribution(exact=True))
assert attribution["total"].sum() == pf.equity - Decimal(100_000)
assert attribution["status"].value_counts().sort("status")["count"].to_list() == [1, 129, 3]
attribution.group_by("symbol").agg(
    positions=pl.len(),
    price=pl.col("price_pnl").sum(),
    fees=pl.col("fee").sum(),
    total=pl.col("total").sum(),
).sort("total", descending=True).with_columns(
    pl.col("price", "fees", "total").cast(pl.Decimal(12, 4))
)

# %% [markdown]
# ## Proof
#
# `verify()` replays all events, compares every column and checks every invariant; it says nothing
# when all is well. The digest is a fingerprint of configuration, events and state. The backend in
# plain Python, which shares no code with the compiled one, comes to the same.

# %%
pf.verify()
second = op.Portfolio("100000", leverage=2, backend="python")
second.apply(frame)
assert second.digest == pf.digest
print(pf.digest)

# %% [markdown]
# ## The report
#
# One call writes all of this on one page: a single HTML file that loads nothing from elsewhere
# and can be mailed. It carries the digest above, so that two people can see whether they talk
# about the same account.

# %%
Path("out").mkdir(exist_ok=True)
page = pf.report("out/analysis.html", title="Moving averages, five stocks", benchmark=benchmark)
assert pf.digest in page.read_text(encoding="utf-8")
assert page.stat().st_size < 400_000
print(page)
