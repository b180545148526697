"""Random batches: bars of several symbols, orders, overrides and settings."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from omega_portfolio.bench.account_settings import SHAPES, draw_account_setting
from omega_portfolio.bench.batch_cases import BARS, ORDERS, PARAMS, Case, Kind, Rows, kind_of
from omega_portfolio.bench.batch_rows import Market, RowSource
from omega_portfolio.bench.drawn_terms import draw_commission, draw_slippage, draw_swap
from omega_portfolio.bench.shapes import EXTREME

if TYPE_CHECKING:
    from random import Random

    from omega_portfolio.bench.shapes import Setting, Shape

SYMBOLS_MAX: Final = 4
"""A batch has no more: with the pairs that convert their money."""

PLAIN: Final = 0.2
"""Share of batches of the plainest kind, which an engine may have a shorter way for."""

_STEPS: Final = (60_000_000, 3_600_000_000, 3_600_000_001, 86_400_000_000)
_ORDER_COLUMNS: Final = (
    *("run_id", "time", "symbol", "action", "side", "size", "size_rule", "type", "price"),
    *("stop_loss", "take_profit", "stop_loss_distance", "take_profit_distance"),
    *("stop_loss_rate", "take_profit_rate", "trailing", "break_even", "break_even_offset"),
    *("trailing_rate", "targets", "exit_time", "expiry", "oco", "tag", "if_flat"),
)


@dataclass(frozen=True)
class Scale:
    """How large batches are.

    Attributes
    ----------
    moments, rows, runs : int
        Most of each.
    """

    moments: int = 24
    rows: int = 24
    runs: int = 4


def draw_case(random: Random, scale: Scale) -> Case:
    """Draw a batch that nothing is wrong with as a whole.

    Parameters
    ----------
    random : random.Random
        Source of all choices.
    scale : Scale
        How large it may be.

    Returns
    -------
    Case
    """
    setting = draw_account_setting(random)
    while len(setting.shapes) > SYMBOLS_MAX:
        setting = draw_account_setting(random)
    if random.random() < PLAIN:
        setting = _plain(random, setting)
    shapes = list(setting.shapes)
    moments = random.randint(1 if random.random() < 0.1 else scale.moments // 2, scale.moments)
    bars, markets = _draw_bars(random, shapes, setting.time, moments)
    netting = setting.options.get("mode") == "netting"
    source = RowSource(random, markets, netting=netting)
    ids = [random.randrange(1_000) for _ in range(random.randint(1, scale.runs))]
    run_ids = sorted(set(ids)) if random.random() < 0.4 else None
    rows = [source.row(run_ids) for _ in range(random.randint(0, scale.rows))]
    frames = {BARS: bars, ORDERS: _order_frame(rows, by_run=run_ids is not None)}
    has_params = random.random() < 0.55
    if has_params:
        present = sorted({row["run_id"] for row in rows}) if run_ids is not None else None
        frames[PARAMS] = _draw_params(random, markets, present, scale.runs)
    options = _draw_options(random, setting, shapes)
    if PARAMS in frames and "note" in frames[PARAMS].columns:
        options["labels"] = ["note"]
    casts = _draw_casts(random, frames) if random.random() < 0.4 else {}
    return Case(
        frames,
        options,
        _draw_keep(random),
        floats=random.random() < 0.3 and all(_fits_floats(shape) for shape in shapes),
        # A cast of integers would take them for other units.
        stamps="us" if casts else random.choice(("int64", "us")),
        casts=casts,
        cut=random.choice((0, 0, 0, 1, 3)),
        extreme=any(shape.symbol in _EXTREME for shape in shapes),
    )


_EXTREME: Final = frozenset(shape.symbol for shape in EXTREME)

_CASTS: Final = {
    Kind.TEXT: ("large_string", "string_view", "dictionary"),
    Kind.TIME: ("s, UTC", "ms", "ns, UTC", "us, Asia/Tokyo", "int32"),
    Kind.WHOLE: ("int8", "uint8", "int16", "int32", "uint32", "uint64"),
    Kind.NUMBER: ("float", "double", "int64", "uint8", "decimal20_12", "decimal18_2"),
    Kind.FLAG: (),
}


def _plain(random: Random, setting: Setting) -> Setting:
    """Give an account of one symbol in its own currency, without terms that cost anything."""
    shape = random.choice([shape for shape in SHAPES if not shape.terms])
    options: dict[str, object] = {"currency": "USD", "leverage": random.choice((1, 30))}
    if random.random() < 0.3:
        kept = [name for name in ("mode", "path") if name in setting.options]
        options |= {name: setting.options[name] for name in kept}
    return replace(setting, initial_balance=1_000_000, options=options, shapes=(shape,))


def _draw_casts(random: Random, frames: dict[str, Rows]) -> dict[tuple[str, str], str]:
    """Draw other types for columns; those that do not fit the cells change nothing."""
    casts: dict[tuple[str, str], str] = {}
    for name, rows in frames.items():
        for column in rows.columns:
            types = _CASTS[kind_of(column)]
            if types and random.random() < 0.5:
                casts[name, column] = random.choice(types)
    return casts


def _fits_floats(shape: Shape) -> bool:
    return shape.price < 10**12 and shape.size_max < 10**12


def _draw_bars(
    random: Random, shapes: list[Shape], start: int, moments: int
) -> tuple[Rows, list[Market]]:
    """Draw bars; each symbol has one in most of the moments, and in one at least."""
    step, time = random.choice(_STEPS), start
    wild = random.random() < 0.3
    markets = [Market(shape, [], []) for shape in shapes]
    last = {shape.symbol: shape.price for shape in shapes}
    rows: list[dict[str, Any]] = []
    for number in range(moments):
        chosen = [market for market in markets if number == 0 or random.random() < 0.8]
        if random.random() < 0.3:
            random.shuffle(chosen)
        for market in chosen:
            row = _draw_bar(random, market.shape, last, wild=wild and random.random() < 0.2)
            rows.append({"time": time, "symbol": market.shape.symbol, **row})
            market.times.append(time)
            market.closes.append(last[market.shape.symbol])
        time += step if random.random() < 0.8 else random.randrange(1, 3 * step)
    columns = ["time", "symbol", "open", "high", "low", "close"]
    kind = random.random()
    if kind < 0.5:
        columns.append("spread")
    elif kind < 0.65:
        columns += ["bid", "ask"]
    if len(shapes) == 1 and shapes[0].registered and random.random() < 0.3:
        columns.remove("symbol")
    if random.random() < 0.1:
        columns.append("volume")
    random.shuffle(columns)
    return Rows(tuple(columns), tuple(rows)), markets


def _draw_bar(
    random: Random, shape: Shape, last: dict[str, int], *, wild: bool
) -> dict[str, Decimal]:
    """Draw what a symbol does from its last close on, in all of the columns there are."""
    tick, close = shape.tick, last[shape.symbol]
    reach = max(close // (8 if wild else random.choice((100, 300))), 3 * tick) // tick

    def moved(price: int, share: int = 1) -> int:
        return max(price + random.randint(-reach // share, reach // share) * tick, tick)

    opened = moved(close, 2) if random.random() < 0.3 else max(close, tick)
    end = moved(opened)
    high = max(opened, end) + random.randint(0, reach) * tick
    lowest = min(opened, end)
    low = min(max(lowest - random.randint(0, reach) * tick, tick), lowest)
    last[shape.symbol] = end
    spread = random.choice((0, 0, 1, 2, max(reach // 4, 1))) * tick
    units = {"open": opened, "high": high, "low": low, "close": end, "spread": spread}
    if shape.tick > 1 and random.random() < 0.004:
        units["high"] += 1
    units["bid"] = close
    units["ask"] = close + spread
    units["volume"] = random.randrange(1_000)
    return {name: Decimal(number).scaleb(-shape.price_decimals) for name, number in units.items()}


def _order_frame(rows: list[dict[str, Any]], *, by_run: bool) -> Rows:
    """Give rows the columns that they need, and the row number of nothing else."""
    used = {name for row in rows for name, cell in row.items() if cell is not None}
    used |= {"time", "action", "symbol"} | ({"run_id"} if by_run else set())
    return Rows(tuple(name for name in _ORDER_COLUMNS if name in used), tuple(rows))


def _draw_params(
    random: Random, markets: list[Market], present: list[int] | None, runs: int
) -> Rows:
    """Draw a row for each run, and the columns that override."""
    market = random.choice(markets)
    names = [name for name in _PARAMS if random.random() < 0.2]
    if "break_even" not in names and random.random() < 0.9:
        names = [name for name in names if name != "break_even_offset"]
    if present is None:
        count = random.randint(1, runs)
        ids = random.sample(range(10_000), count)
    else:
        ids = random.sample(present, len(present))
    rows = []
    for run_id in ids:
        row: dict[str, Any] = {"run_id": run_id, "note": "x"}
        taken: set[str] = set()
        for name in names:
            if name == "break_even_offset" and not row.get("break_even"):
                continue
            group = next((group for group in _GROUPED if name.startswith(group)), name)
            if random.random() < 0.3 or group in taken:
                continue
            taken.add(group)
            row[name] = _param(random, name, market)
        rows.append(row)
    columns = [*names, "note"] if random.random() < 0.3 else list(names)
    if present is not None or random.random() < 0.7:
        columns.insert(random.randint(0, len(columns)), "run_id")
    if not columns:
        columns.append("run_id")
    return Rows(tuple(columns), tuple(rows))


_GROUPED: Final = ("stop_loss", "take_profit", "trailing", "commission", "slippage")
_PARAMS: Final = (
    *("size", "size_rule", "side", "stop_loss", "stop_loss_distance", "stop_loss_rate"),
    *("take_profit", "take_profit_distance", "take_profit_rate", "trailing", "trailing_rate"),
    *("break_even", "break_even_offset", "initial_balance", "leverage", "mode", "path", "fill"),
    *("margin_call", "stop_out", "commission_rate", "commission_per_lot", "commission_per_unit"),
    *("commission_per_trade", "slippage_points", "slippage_rate"),
)


_CHOICES: Final[dict[str, tuple[Any, ...]]] = {
    "size_rule": ("units", "value", "equity", "risk"),
    "side": ("long", "sell"),
    "mode": ("hedging", "netting"),
    "path": ("pessimistic", "optimistic", "ohlc", "olhc"),
    "fill": ("next_open", "close"),
    "margin_call": (Decimal(300), Decimal(500)),
    "stop_out": (Decimal(50), Decimal(100)),
    "leverage": (Decimal(1), Decimal(30), Decimal(200)),
    "initial_balance": (Decimal(0), Decimal(1_000), Decimal(100_000), Decimal(12_345_678)),
}


def _param(random: Random, name: str, market: Market) -> Any:  # noqa: ANN401 - a cell.
    """Draw a cell of params."""
    shape = market.shape
    if name in _CHOICES:
        return random.choice(_CHOICES[name])
    if name == "size":
        units = random.randint(1, max(shape.size_max // shape.step // 4, 1)) * shape.step
        return random.choice((Decimal(units).scaleb(-shape.size_decimals), Decimal("0.1")))
    if name.endswith("_rate"):
        return Decimal(random.randrange(0, 3_000)).scaleb(-5)
    if name.startswith("commission"):
        return Decimal(random.randrange(-50, 900)).scaleb(-2)
    share = 100 if name in {"stop_loss", "take_profit"} else random.randrange(1, 6)
    units = shape.price * share // 100 // shape.tick * shape.tick
    return market.price(units if random.random() < 0.9 else 0)


def _draw_options(random: Random, setting: Setting, shapes: list[Shape]) -> dict[str, Any]:
    """Draw the arguments of the constructor."""
    options: dict[str, Any] = {"initial_balance": setting.initial_balance, **setting.options}
    single = len(shapes) == 1
    options["instruments"] = [
        shape.definition()
        for shape in shapes
        if shape.registered and (single or random.random() < 0.95)
    ]
    if random.random() < 0.4:
        options["fill"] = random.choice(("next_open", "close", "close"))
    first = shapes[0]
    if random.random() < 0.15:
        options["commission"] = draw_commission(random)
    if random.random() < 0.15:
        options["slippage"] = draw_slippage(random, first.price, first.price_decimals)
    if random.random() < 0.15:
        options["swap"] = draw_swap(random, first.price, first.price_decimals)
    if random.random() < 0.3:
        options["periods_per_year"] = random.choice((252, 52, 365.25))
        options["risk_free_rate"] = random.choice((0, 0.02))
    if random.random() < 0.2:
        options["mar"] = 0.05
        options["confidence"] = 0.1
    if random.random() < 0.2:
        options["resample"] = random.choice(("1h", "1d", "1w", "1mo"))
    return options


def _draw_keep(random: Random) -> dict[str, Any]:
    """Draw the arguments of ``run``."""
    return {
        "record": random.choice(("bar", "bar", "1d", "none")),
        "equity_columns": random.choice(("all", "all", "equity")),
        "trades": random.random() < 0.95,
        "metrics": random.random() < 0.9,
        "exact": random.random() < 0.6,
        "digest": random.random() < 0.5,
        "on_error": "raise" if random.random() < 0.1 else "record",
    }


__all__ = ["Scale", "draw_case"]
