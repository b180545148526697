"""Signals that no orders can be made of: the argument, the row and the column are named."""

from datetime import datetime

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import omega_portfolio as op

DAYS = [datetime(2024, 1, day) for day in range(1, 7)]
IN = np.array([[1, 0], [0, 1], [0, 0], [1, 0], [0, 0], [0, 1]], dtype=bool)
OUT = np.array([[0, 0], [0, 0], [1, 1], [1, 0], [0, 1], [0, 0]], dtype=bool)
SYMBOLS = ["B", "A"]


def wide(cells, **more):
    return pl.DataFrame({"time": DAYS, **more}).hstack(pl.DataFrame(cells, schema=SYMBOLS))


FRAME = wide(IN)
PANDAS = pd.DataFrame(IN, index=pd.DatetimeIndex(DAYS), columns=SYMBOLS)
LIST = pl.DataFrame({"time": DAYS[:2], "symbol": ["A", "B"], "entries": [True, True]})


@pytest.mark.parametrize(
    ("call", "error", "argument", "part"),
    [
        (lambda: op.orders_from_signals(None), "InvalidArgument", "entries", "no signal"),
        (lambda: op.orders_from_signals([1]), "InvalidArgument", "entries", "neither a frame"),
        (lambda: op.orders_from_signals(FRAME.lazy()), "InvalidArgument", "entries", "collect"),
        (lambda: op.orders_from_signals(FRAME.drop("time")), "InvalidFrame", "entries", "time"),
        (
            lambda: op.orders_from_signals(FRAME.with_columns(time=pl.lit("x"))),
            *("InvalidFrame", "entries", "holds no times"),
        ),
        (
            lambda: op.orders_from_signals(FRAME.select("time")),
            *("InvalidFrame", "entries", "no column beside"),
        ),
        (
            lambda: op.orders_from_signals(FRAME.with_columns(A=pl.Series([None] * 5 + [True]))),
            *("InvalidFrame", "entries", "row 0, column A: null"),
        ),
        (
            lambda: op.orders_from_signals(FRAME.with_columns(A=pl.lit(1))),
            *("InvalidFrame", "entries", "holds no truth values"),
        ),
        (
            lambda: op.orders_from_signals(FRAME, wide(OUT).head(5)),
            *("InvalidFrame", "exits", "is not as long as entries"),
        ),
        (
            lambda: op.orders_from_signals(FRAME, wide(OUT).rename({"A": "C"})),
            *("InvalidFrame", "exits", "column A"),
        ),
        (
            lambda: op.orders_from_signals(FRAME, wide(OUT).reverse()),
            *("InvalidFrame", "exits", "row 0, column time"),
        ),
        (
            lambda: op.orders_from_signals(FRAME, wide(OUT, run_id=[0] * 6)),
            *("InvalidFrame", "exits", "has other runs"),
        ),
        (
            lambda: op.orders_from_signals(pl.concat([FRAME, FRAME])),
            *("InvalidFrame", "entries", "row 0, column time"),
        ),
        (
            lambda: op.orders_from_signals(FRAME, times=DAYS),
            *("InvalidArgument", "times", "is for arrays"),
        ),
        (
            lambda: op.orders_from_signals(IN, symbols=SYMBOLS),
            *("InvalidArgument", "times", "is needed"),
        ),
        (
            lambda: op.orders_from_signals(IN, times=DAYS),
            *("InvalidArgument", "symbols", "is needed"),
        ),
        (
            lambda: op.orders_from_signals(IN, times=DAYS, symbols=["A"]),
            *("InvalidFrame", "entries", "is not as wide"),
        ),
        (
            lambda: op.orders_from_signals(IN, times=DAYS, symbols=["A", "A"]),
            *("InvalidArgument", "symbols", "are not different names"),
        ),
        (
            lambda: op.orders_from_signals(IN, times=DAYS[:5], symbols=SYMBOLS),
            *("InvalidFrame", "entries", "is not as long as times"),
        ),
        (
            lambda: op.orders_from_signals(IN, times=[*DAYS[:5], DAYS[0]], symbols=SYMBOLS),
            *("InvalidFrame", "times", "is there twice"),
        ),
        (
            lambda: op.orders_from_signals(IN, times="soon", symbols=SYMBOLS),
            *("InvalidArgument", "times", "is no sequence"),
        ),
        (
            lambda: op.orders_from_signals(IN, times=[object()] * 6, symbols=SYMBOLS),
            *("InvalidFrame", "times", "holds no times"),
        ),
        (
            lambda: op.orders_from_signals(IN[None], times=DAYS, symbols=SYMBOLS),
            *("InvalidFrame", "entries", "dimensions"),
        ),
        (
            lambda: op.orders_from_signals(IN[:, :0], times=DAYS, symbols=[]),
            *("InvalidFrame", "entries", "has no column"),
        ),
        (
            lambda: op.orders_from_signals(FRAME, sizes=2),
            *("InvalidArgument", "sizes", "is no column of an order"),
        ),
        (
            lambda: op.orders_from_signals(FRAME, size=[1, 2]),
            *("InvalidArgument", "size", "is no value of an order"),
        ),
        (
            lambda: op.orders_from_signals(FRAME, accumulate=1),
            *("InvalidArgument", "accumulate", "is no truth value"),
        ),
        (
            lambda: op.orders_from_signals(LIST, FRAME),
            *("InvalidArgument", "exits", "beside a frame"),
        ),
        (
            lambda: op.orders_from_signals(LIST.with_columns(close=pl.lit(1.0))),
            *("InvalidFrame", "entries", "column close"),
        ),
        (
            lambda: op.orders_from_signals(pl.concat([LIST, LIST])),
            *("InvalidFrame", "entries", "twice for one symbol"),
        ),
        (
            lambda: op.orders_from_signals(LIST.with_columns(size=pl.lit(1)), size=2),
            *("InvalidArgument", "size", "is a column of entries"),
        ),
        (
            lambda: op.orders_from_signals(LIST, size=FRAME),
            *("InvalidArgument", "size", "matrix beside a list"),
        ),
        (
            lambda: op.orders_from_signals(PANDAS.shift(1)),
            *("InvalidFrame", "entries", "row 0, column B: null"),
        ),
        (
            lambda: op.orders_from_signals(PANDAS.astype("boolean").shift(1)),
            *("InvalidFrame", "entries", "row 0, column B: null"),
        ),
        (
            lambda: op.orders_from_signals(PANDAS.set_axis(["A", "A"], axis=1)),
            *("InvalidFrame", "entries", "column A: is there twice"),
        ),
        (
            lambda: op.orders_from_signals(PANDAS.set_axis([("A", 1), ("A", 2)], axis=1)),
            *("InvalidFrame", "entries", "is no name of a symbol"),
        ),
        (
            lambda: op.orders_from_signals(pa.table([[1], [2]], ["time", "time"])),
            *("InvalidFrame", "entries", "cannot be read"),
        ),
        (lambda: op.orders_from_signals({}), "InvalidArgument", "entries", "has no run"),
        (
            lambda: op.orders_from_signals({0: FRAME, 1: LIST.drop("symbol")}),
            *("InvalidFrame", "entries", "is named in some runs only"),
        ),
        (
            lambda: op.orders_from_signals({0: FRAME, 1: IN[:, 0]}, times=DAYS),
            *("InvalidArgument", "times", "is for arrays"),
        ),
        (
            lambda: op.orders_from_signals(
                {0: FRAME, 1: FRAME.with_columns(pl.col("time").cast(pl.Datetime("ms")))}
            ),
            *("InvalidFrame", "entries", "run 1, columns time Datetime"),
        ),
        (
            lambda: op.orders_from_signals({"a": FRAME}),
            *("InvalidArgument", "entries", "no run_id"),
        ),
        (
            lambda: op.orders_from_signals({0: FRAME}, {1: FRAME}),
            *("InvalidArgument", "exits", "run 0"),
        ),
        (
            lambda: op.orders_from_signals({0: wide(IN, run_id=[0] * 6)}),
            *("InvalidFrame", "entries", "column run_id"),
        ),
        (
            lambda: op.orders_from_signals(wide(IN, run_id=[-1] * 6)),
            *("InvalidFrame", "entries", "column run_id: -1"),
        ),
        (
            lambda: op.orders_from_signals(wide(IN, run_id=["a"] * 6)),
            *("InvalidFrame", "entries", "holds no whole numbers"),
        ),
        (
            lambda: op.orders_from_signals(pd.DataFrame(IN, columns=SYMBOLS)),
            *("InvalidFrame", "entries", "index"),
        ),
    ],
)
def test_what_is_wrong_is_named(call, error, argument, part):
    with pytest.raises(getattr(op, error)) as caught:
        call()
    assert caught.value.argument == argument
    assert part in str(caught.value)
