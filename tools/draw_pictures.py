"""Draw the pictures of the texts: accounts are run, and their numbers are drawn.

Those of docs/guide/account.md are drawn here, those of docs/tutorial.md by what its code makes.

    python tools/draw_pictures.py            draw them into docs/guide/pictures
    python tools/draw_pictures.py --check    exit 1 when one there is not what would be drawn

They have light paper whatever the page around them has, because a picture in a page cannot ask.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import re
import sys
import tempfile
from collections.abc import Callable
from decimal import Decimal
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import omega_portfolio as op
from omega_portfolio.report.plane import Scale
from omega_portfolio.report.svg import Picture, element, label, line, number

DOCS = Path(__file__).resolve().parent.parent / "docs"
FOLDER = DOCS / "guide" / "pictures"
WIDTH = 960
CODE = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)

FILLS = (("long", 10, "100.00"), ("long", 20, "100.01"), ("short", 40, "100.50"))
QUOTES = ("1.09800", "1.09100", "1.08300", "1.07000", "1.06600", "1.06100", "1.06400")
BAR = ("401.00", "408.00", "394.00", "404.00")
LEVELS = {"long": ("396.00", "406.00"), "short": ("406.00", "396.00")}
WORDS = {
    "pessimistic": {"long": "olhc", "short": "ohlc"},
    "optimistic": {"long": "ohlc", "short": "olhc"},
    "ohlc": {"long": "ohlc", "short": "ohlc"},
    "olhc": {"long": "olhc", "short": "olhc"},
}


def path_of(points: list[tuple[float, float]], class_: str) -> str:
    """Draw a line through points."""
    text = "L".join(f"{number(x)} {number(y)}" for x, y in points)
    return element("path", d=f"M{text}", class_=class_)


def held_after_each(mode: str) -> list[list[tuple[int, str, Decimal]]]:
    """Give the open positions after each fill: id, side, size."""
    account = op.Portfolio(10_000, mode=mode)
    held = []
    for day, (side, size, price) in enumerate(FILLS, start=2):
        account.open_position("ACME", side, size, price, f"2024-01-0{day}")
        held.append([(key, one.side, one.size) for key, one in account.positions.items()])
    return held


def positions() -> Picture:
    """Draw what three fills become in hedging and in netting mode."""
    body = [held_panel(mode, left) for mode, left in (("hedging", 0), ("netting", WIDTH / 2))]
    text = "Buy 10, buy 20, sell 40: what is held after each fill"
    return Picture(WIDTH, 240, "Hedging and netting", text, "".join(body))


def held_panel(mode: str, left: float) -> str:
    """Draw the positions of one mode as blocks over the fills, longs above the axis."""
    x = Scale(0, len(FILLS), left + 24, left + WIDTH / 2 - 24)
    y = Scale(0, 40, 116, 36)
    body = [label(left + 24, 18, mode, "ink"), line(x.start, y(0), x.end, y(0), "axis")]
    for place, held in enumerate(held_after_each(mode)):
        side, size, price = FILLS[place]
        word = "buy" if side == "long" else "sell"
        middle = x(place + 0.5)
        body.append(label(middle, 232, f"{word} {size} at {price}", "middle"))
        tops = {"long": 0.0, "short": 0.0}
        for key, kind, amount in held:
            height = y(0) - y(float(amount))
            sign = -1 if kind == "long" else 1
            edge = y(0) + sign * tops[kind]
            top = edge - height if kind == "long" else edge
            tops[kind] += height
            colour = "accent" if kind == "long" else "loss"
            box = {"x": x(place) + 6, "y": top + 1, "width": x(1) - x(0) - 12, "height": height - 2}
            body.append(element("rect", **box, rx=3, class_=f"area {colour}"))
            text = f"#{key} {kind} {amount}"
            body.append(label(middle, top + height / 2 + 4, text, f"middle {colour}"))
    return "".join(body)


def margin() -> Picture:
    """Draw an account that loses until positions are closed for it."""
    account = op.Portfolio(5_000, leverage=30, margin_call=100, stop_out=50)
    account.register_instrument(
        op.Instrument("EURUSD", price_decimals=5, size_decimals=2, contract_size=100_000)
    )
    for size in ("0.60", "0.30"):
        account.open_position("EURUSD", "long", size, "1.10000", "2024-03-04T09:00")
    levels = []
    for hour, bid in enumerate(QUOTES, start=10):
        account.process_quotes(f"2024-03-04T{hour}:00", {"EURUSD": (bid, bid)})
        levels.append(account.margin_level)
    curve = account.get_equity_curve().to_polars()
    done = account.get_activity().to_polars().select("time", "kind").rows()
    rows = curve.select("time", "equity", "margin_used").rows()

    x = Scale(0, len(rows) - 1, 136, WIDTH - 90)
    y = Scale(0, 5_000, 204, 24)
    body = []
    for mark in range(0, 5_001, 1_000):
        body.append(line(x.start, y(mark), x.end, y(mark), "axis" if mark == 0 else "grid"))
        body.append(label(x.start - 8, y(mark) + 4, f"{mark:,}", "end"))
    for share, name, class_ in ((1, "margin", "third"), (0.5, "half of it", "loss dashed")):
        points = [(x(place), y(share * used)) for place, (_, _, used) in enumerate(rows)]
        # Margin changes at the moment of the stop-out and not on the way to it.
        steps = [points[0]]
        for before, after in pairwise(points):
            steps += [(after[0], before[1]), after]
        body.append(path_of(steps, f"line {class_}"))
        body.append(label(x.end + 8, points[-1][1] + 4, name, "loss" if share < 1 else ""))
    points = [(x(place), y(equity)) for place, (_, equity, _) in enumerate(rows)]
    body.append(path_of(points, "line accent"))
    body.append(label(x.end + 8, points[-1][1] - 4, "equity", "accent"))
    for place, (time, equity, _) in enumerate(rows):
        body.append(label(x(place), 226, f"{QUOTES[place]}", "middle"))
        body.append(label(x(place), 242, f"{levels[place]:.0f} %", "middle ink"))
        for kind in (kind for at, kind in done if at == time):
            body.append(element("circle", cx=x(place), cy=y(equity), r=4, class_="spot"))
            text = kind.replace("_", " ")
            body.append(label(x(place) + 8, y(equity) - 8, text, "ink halo"))
    body.append(label(16, 226, "bid"))
    body.append(label(16, 242, "margin level"))
    text = "A long account that falls: the call below 100 %, the stop-out below 50 %"
    return Picture(WIDTH, 254, "Margin call and stop-out", text, "".join(body))


def exit_of(path: str, side: str) -> tuple[str, float, Decimal]:
    """Run a position over the bar: why and where it is closed, and its result."""
    account = op.Portfolio(10_000, path=path)
    account.register_instrument(op.Instrument("SPY", price_decimals=2, size_decimals=0))
    stop, target = LEVELS[side]
    levels = {"stop_loss": stop, "take_profit": target}
    account.open_position("SPY", side, 10, "400.00", "2024-01-02", **levels)
    (trade,) = account.process_bar("2024-01-03", {"SPY": BAR})
    return trade.reason, float(trade.exit_price), trade.net_pnl


def bar_paths() -> Picture:
    """Draw the way of the price within a bar for each word, of a long and of a short position."""
    body = [
        path_panel(path, side, WIDTH / 4 * column, 176 * row)
        for row, side in enumerate(LEVELS)
        for column, path in enumerate(WORDS)
    ]
    text = f"Open {BAR[0]}, high {BAR[1]}, low {BAR[2]}, close {BAR[3]}; entered at 400.00"
    return Picture(WIDTH, 356, "The path within a bar", text, "".join(body))


def path_panel(path: str, side: str, left: float, top: float) -> str:
    """Draw one way with the levels of the position, up to where it is closed and on from there."""
    x = Scale(0, 3, left + 60, left + WIDTH / 4 - 16)
    y = Scale(392, 410, top + 150, top + 30)
    reason, price, result = exit_of(path, side)
    body = [label(left + 16, top + 18, f"{path}, {side}", "ink")]
    for level, name, class_ in zip(LEVELS[side], ("stop", "target"), ("loss", "gain"), strict=True):
        at = y(float(level))
        body.append(line(x.start, at, x.end, at, f"line {class_} dashed"))
        body.append(label(x.start - 6, at + 4, name, f"end {class_}"))
    prices = dict(zip("ohlc", map(float, BAR), strict=True))
    points = [(x(place), y(prices[word])) for place, word in enumerate(WORDS[path][side])]
    first = next(
        place
        for place in range(3)
        if min(points[place][1], points[place + 1][1])
        <= y(price)
        <= max(points[place][1], points[place + 1][1])
    )
    (x0, y0), (x1, y1) = points[first : first + 2]
    met = (x0 + (y(price) - y0) / (y1 - y0) * (x1 - x0), y(price))
    body.append(path_of([met, *points[first + 1 :]], "axis dashed"))
    body.append(path_of([*points[: first + 1], met], "line accent"))
    body.append(element("circle", cx=met[0], cy=met[1], r=4, class_="spot"))
    class_ = "gain" if result > 0 else "loss"
    text = f"{reason.replace('_', ' ')} {result:+.2f}".replace("-", "\N{MINUS SIGN}")
    body.append(label((x.start + x.end) / 2, top + 166, text, f"middle {class_}"))
    return "".join(body)


@cache
def tutorial() -> dict[str, Any]:
    """Run the code of the tutorial in an empty folder, and give the names that it makes."""
    text = (DOCS / "tutorial.md").read_text(encoding="utf-8")
    names: dict[str, Any] = {}
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                for code in CODE.findall(text):
                    exec(code, names)  # noqa: S102 - it is the text that a reader types in.
        finally:
            os.chdir(before)
    return names


def alone(picture: Picture) -> str:
    """Give a picture as a file, light only."""
    return picture.standalone(dark=False)


PICTURES: dict[str, Callable[[], str]] = {
    "positions.svg": lambda: alone(positions()),
    "margin.svg": lambda: alone(margin()),
    "bar_paths.svg": lambda: alone(bar_paths()),
    "tutorial_equity.svg": lambda: tutorial()["pf"].plot()._plain,
    "tutorial_exits.svg": lambda: tutorial()["picture"]._plain,
}


def drawn(name: str) -> str:
    """Give a picture as a file."""
    return PICTURES[name]() + "\n"


def main() -> int:
    """Draw all pictures, or check those that are there."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="only compare")
    check = parser.parse_args().check
    other = []
    for name in PICTURES:
        file, text = FOLDER / name, drawn(name)
        if check:
            known = file.is_file() and file.read_text(encoding="utf-8") == text
            other += [] if known else [name]
        else:
            file.write_text(text, encoding="utf-8")
    if other:
        print(f"not what would be drawn: {', '.join(other)}")
    return 1 if other else 0


if __name__ == "__main__":
    sys.exit(main())
