"""Every public call of the package: how it is made, and what kind of thing each argument is.

A call that reflection finds and this table has not fails `test_bad_input_matrix.py`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import polars as pl

import omega_portfolio as op
from bad_bar_frames import base as bar_base
from bad_event_frames import BASE as EVENTS
from bad_input_accounts import BARS, ORDER, account
from bad_input_slots_cash import ARGUMENTS
from bad_inputs import LATER
from bad_matrix_values import IMAGE
from bad_metric_frames import plain, some_trades
from batches import bars_of, opened, orders_of

Make = Callable[[str, str], Any]

BARS_OF_TWO = bars_of((100, 100), (200, 101), (300, 99))
ORDERS_OF_ONE = orders_of(opened(100))
PARAMS_OF_TWO = pl.DataFrame({"size": [1, 2]})


@dataclass(frozen=True)
class Call:
    """One public call: what it is made on, with what, and what kinds its arguments are.

    `further` are the kinds of keywords that the signature does not name, and of places inside of
    an argument (`targets.0`), each with what makes the argument of a value.
    """

    name: str
    make: Make
    run: Callable[[Any, dict[str, Any]], Any]
    good: dict[str, Any]
    kinds: dict[str, str]
    further: dict[str, tuple[str, Callable[[Any], dict[str, Any]]]] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.name

    def slots(self) -> Iterator[tuple[str, str, Callable[[Any], dict[str, Any]]]]:
        """Give each argument, its kind and what makes keywords of a value."""
        for name, kind in self.kinds.items():
            if kind:
                yield name, kind, lambda value, name=name: {name: value}
        for name, (kind, shape) in self.further.items():
            yield name, kind, shape


KIND_OF_NAME = {
    **dict.fromkeys(("position_id", "other_id", "order_id"), "id"),
    **dict.fromkeys(("numerator", "denominator", "multiplier", "seed", "day_count"), "whole"),
    **dict.fromkeys(("price_decimals", "size_decimals"), "decimals"),
    **dict.fromkeys(("periods_per_year", "risk_free_rate", "mar"), "rate"),
    **dict.fromkeys(("exact", "interactive", "verify", "inverse", "salvage", "read_only"), "flag"),
    **dict.fromkeys(("margin", "commission", "slippage", "swap"), "model"),
    **dict.fromkeys(("prices", "quotes"), "prices+frame prices"),
    **dict.fromkeys(("equity", "trades", "benchmark", "events"), "frame {}"),
    **dict.fromkeys(("capacity", "sync_interval_ms", "snapshot_every"), "count"),
    "confidence": "share", "trials": "trials", "window": "window",
    "top": "top", "names": "names", "columns": "columns", "path": "path", "folder": "path",
    "instrument": "definition", "targets": "sequence", "tiers": "sequence",
    "break_even": "number+pair", "multipliers": "sequence", "rollover": "word",
}  # fmt: skip
KIND_OF_TYPE = {
    "NumberLike": "number", "PriceLike": "number", "TimeLike": "time", "str": "text",
    "Mode": "word", "FloatPolicy": "word", "Rounding": "word", "OffGrid": "word",
    "PathName": "word", "Resample": "word", "Grouping": "word", "OrderType": "word",
    "LotMethod": "word", "SyncMode": "word",
}  # fmt: skip


def kind_of(name: str, annotation: str) -> str:
    """Say of which kind an argument is; an unknown one is an error of this table."""
    optional = "?" if "None" in annotation else ""
    if name in KIND_OF_NAME:
        return KIND_OF_NAME[name].format(name) + optional
    plain_type = annotation.replace(" | Unset", "").replace(" | None", "")
    if plain_type.startswith("Literal["):
        return f"word{optional}"
    return KIND_OF_TYPE[plain_type] + optional


def kinds_of(function: Callable[..., Any], **other: str) -> dict[str, str]:
    """Give the kinds of the arguments of a function; `other` goes before what is known."""
    parameters = inspect.signature(function).parameters.values()
    named = [one for one in parameters if one.kind is not one.VAR_KEYWORD and one.name != "self"]
    return {
        one.name: other[one.name] if one.name in other else kind_of(one.name, str(one.annotation))
        for one in named
    }


GOOD: dict[str, dict[str, Any]] = {
    "open_position": {"symbol": "B", "side": "long", "size": 1, "price": 100, "time": LATER},
    "close_position": {"position_id": 1, "price": 100, "time": LATER},
    "modify_position": {"position_id": 1, "time": LATER, "stop_loss": 95},
    "place_order": {**ORDER, "time": LATER},
    "cancel_order": {"order_id": 1, "time": LATER},
    "close_by": {"position_id": 1, "other_id": 2, "time": LATER},
    "charge_fee": {"amount": 1, "time": LATER},
    "mark": {"prices": {"A": (99, 101)}},
    "update_equity": {"time": LATER},
    "process_bar": {"time": LATER, "bars": BARS},
    "process_bars": {"bars": bar_base("process_bars")},
    "process_quotes": {"time": LATER, "quotes": {"A": (99, 101)}},
    "register_instrument": {"instrument": op.Instrument("NEW")},
    "apply": {"events": EVENTS.slice(8, 1)},
    "metric": {"name": "sharpe_ratio"},
    "rolling_metrics": {"window": 2},
    "scan": {"table": "trades"},
    "report": {"path": "/dev/null/none.html"},
    "state_at": {"seq": 1},
    "asof_states": {"times": [LATER]},
    "explain": {"trade": 1},
    "from_bytes": {"data": IMAGE},
    **ARGUMENTS,
}
"""Arguments that a call is accepted with; others are left out. The report has no folder."""

SHAPES: dict[str, dict[str, tuple[str, Callable[[Any], dict[str, Any]]]]] = {
    name: {
        "targets.price": ("number", lambda value: {"targets": [(value, 1)]}),
        "targets.size": ("number", lambda value: {"targets": [(110, value)]}),
        "break_even.offset": ("number", lambda value: {"break_even": (5, value)}),
    }
    for name in ("open_position", "modify_position", "place_order")
} | {
    name: {
        "price of B": ("number", lambda value, key=key: {key: {"A": 100, "B": value}}),
        "bid of B": ("number", lambda value, key=key: {key: {"A": 100, "B": (value, 100)}}),
        "ask of B": ("number", lambda value, key=key: {key: {"A": 100, "B": (1, value)}}),
    }
    for name, key in (("mark", "prices"), ("update_equity", "prices"), ("process_quotes", "quotes"))
}
SHAPES["state_at"] = {"time": ("moment?", lambda value: {"time": value, "seq": None})}
SHAPES["asof_states"] = {"times.0": ("moment", lambda value: {"times": [value]})}
PEM = b"-----BEGIN NOTHING-----"
SHAPES["serve_flight"] = {
    "cert_chain": ("path?", lambda value: {"cert_chain": value, "private_key": PEM}),
    "private_key": ("path?", lambda value: {"private_key": value, "cert_chain": PEM}),
}
SHAPES["process_bar"] = {
    f"{name} of B": (
        "number",
        lambda value, place=place: {
            "bars": {"B": tuple(value if at == place else 50 for at in range(5))}
        },
    )
    for place, name in enumerate(("open", "high", "low", "close", "spread"))
}
OF_ACCOUNT: dict[str, dict[str, str]] = {
    "process_bar": {"bars": "prices+frame one bar", "path": "word"},
    "process_bars": {"bars": "frame bars", "path": "word"},
    "get_lots": {"method": "word"},
    "scan": {"table": "word", "exact": "flag?"},
    "report": {"title": ""},
    "open_position": {"options": ""},
    "state_at": {"time": "", "seq": "count?"},
    "asof_states": {"times": "no times"},
    "explain": {"trade": "id"},
    "serve_flight": {
        "host": "word",
        "port": "port",
        "token": "text?",
        "tables": "sequence?",
        "cert_chain": "",
        "private_key": "",
        "insecure": "flag",
    },
    "from_bytes": {"data": "octets", "backend": ""},
}
"""Kinds that the name and the type do not tell. A title may be any text; `exact` of a scan too."""


def method(name: str) -> Callable[[Any, dict[str, Any]], Any]:
    return lambda source, keywords: getattr(source, name)(**keywords)


def methods(prefix: str, kind: type, make: Make) -> Iterator[Call]:
    """Give the methods of a class that take the arguments of a portfolio's."""
    for name in public_methods(kind):
        if f"{prefix}.{name}" in ALIASES:
            continue
        function = getattr(kind, name)
        kinds = kinds_of(function, **OF_ACCOUNT.get(name, {}))
        yield Call(
            f"{prefix}.{name}", make, method(name), GOOD.get(name, {}), kinds, SHAPES.get(name, {})
        )


def public_methods(kind: type) -> list[str]:
    """Give the names of the calls of a class."""
    names = [name for name in dir(kind) if not name.startswith("_")]
    return [name for name in names if callable(getattr(kind, name))]


def history(backend: str, _floats: str) -> op.History:
    return op.History(plain(), some_trades(), backend=backend)


def nothing(backend: str, floats: str) -> tuple[str, str]:
    """Give what a constructor needs: the backend, and the policy for floats."""
    return backend, floats


def created(kind: type, **good: Any) -> Callable[[Any, dict[str, Any]], Any]:
    def run(source: tuple[str, str], keywords: dict[str, Any]) -> Any:
        floats = {"floats": source[1]} if "floats" in inspect.signature(kind).parameters else {}
        return kind(**{"backend": source[0], **good, **floats, **keywords})

    return run


def registered(model: type, field_name: str) -> Callable[[Any, dict[str, Any]], Any]:
    """Make a call that registers an instrument of a model; the model alone refuses nothing."""

    def run(portfolio: op.Portfolio, keywords: dict[str, Any]) -> None:
        made = model(**keywords)
        if model is not op.Instrument:
            made = op.Instrument("NEW", **{field_name: made})
        portfolio.register_instrument(made)

    return run


MODELS_OF: dict[type, tuple[str, dict[str, Any]]] = {
    op.Instrument: ("", {"symbol": "NEW"}),
    op.Margin: ("margin", {"rate": 1}),
    op.Commission: ("commission", {"kind": "rate", "taker": 1}),
    op.Slippage: ("slippage", {"kind": "points", "value": 1}),
    op.Swap: ("swap", {"kind": "points", "long": 1}),
}


JOURNAL_OF = {
    "Portfolio": dict.fromkeys(("journal", "sync", "sync_interval_ms", "snapshot_every"), ""),
}
"""Arguments that `bad_matrix_journals.py` has: each try needs a folder of its own."""


def constructors() -> Iterator[Call]:
    start = {"initial_balance": 1000}
    backend = {"backend": "word", "path": "word"}
    for kind in (op.Portfolio, op.Envelope):
        kinds = kinds_of(kind, **{**backend, "floats": ""}, **JOURNAL_OF.get(kind.__name__, {}))
        yield Call(kind.__name__, nothing, created(kind, **start), {}, kinds)
    frames = {"equity": plain(), "trades": some_trades()}
    yield Call(
        "History", nothing, created(op.History, **frames), {}, kinds_of(op.History, **backend)
    )
    kinds = kinds_of(op.metrics, **backend)
    yield Call("metrics", nothing, created(op.metrics, **frames), {}, kinds)
    for model, (name, good) in MODELS_OF.items():
        yield Call(model.__name__, account, registered(model, name), good, kinds_of(model))


def envelope(backend: str, floats: str) -> op.Envelope:
    made = op.Envelope("100000", leverage=10, floats=floats, backend=backend)
    made.open_position("A", "long", 10, 100, LATER - 10**6)
    made.open_position("A", "short", 5, 101, LATER - 10**6)
    made.mark({"A": (99, 101)})
    made.place_order("A", "long", 2, LATER - 10**6, price=95)
    return made


def of_result() -> Iterator[Call]:
    """Calls of what comes back."""

    def trades(backend: str, floats: str) -> Any:
        return account(backend, floats).get_trades(exact=True)

    def state(backend: str, floats: str) -> Any:
        return account(backend, floats).get_state()

    def metrics(backend: str, floats: str) -> Any:
        return history(backend, floats).calculate_metrics()

    for prefix, kind, make in (("Table", op.Table, trades), ("State", op.State, state)):
        for name in public_methods(kind):
            kinds = kinds_of(getattr(kind, name))
            good = {"columns": ["symbol"]} if name == "select" else {}
            yield Call(f"{prefix}.{name}", make, method(name), good, kinds)
    for name in public_methods(op.Metrics):
        kinds = kinds_of(getattr(op.Metrics, name), key="anything", default="", name="word")
        run = method(name)
        if name == "get":  # That of a mapping, whose arguments have no names.
            run = lambda source, keywords: source.get(*keywords.values())  # noqa: E731
        good = {"definition": {"name": "beta"}, "get": {"key": "beta"}}.get(name, {})
        yield Call(f"Metrics.{name}", metrics, run, good, kinds)
    definition = op.Metrics.definition("beta")
    for name in public_methods(op.MetricDefinition):
        yield Call(f"MetricDefinition.{name}", lambda _b, _f: definition, method(name), {}, {})
    yield Call("CancelToken.cancel", lambda _b, _f: op.CancelToken(), method("cancel"), {}, {})
    yield Call("CancelToken", nothing, lambda _source, _keywords: op.CancelToken(), {}, {})
    yield Call("backend_status", nothing, lambda _s, _k: op.backend_status(), {}, {})


def of_batches() -> Iterator[Call]:
    """Calls of a batch; their other arguments are tried in `test_bad_batch_calls.py`."""
    good: dict[str, Any] = {"orders": ORDERS_OF_ONE, "params": PARAMS_OF_TWO}

    def walked(source: tuple[str, str], keywords: dict[str, Any]) -> object:
        return op.walk_forward(
            **{"bars": BARS_OF_TWO, **good, "train": 1, "test": 1, "backend": source[0], **keywords}
        )

    def ran(source: tuple[str, str], keywords: dict[str, Any]) -> object:
        return op.run_batch(**{"bars": BARS_OF_TWO, **good, "backend": source[0], **keywords})

    frames = {name: f"frame batch {name}" for name in ("bars", "orders", "params")}
    yield Call("walk_forward", nothing, walked, {}, frames)
    yield Call("run_batch", nothing, ran, {}, frames)

    def result(backend: str, _floats: str) -> op.BatchResult:
        return op.run_batch(BARS_OF_TWO, ORDERS_OF_ONE, backend=backend, record="none")

    def opened_folder(_source: object, keywords: dict[str, Any]) -> object:
        return op.BatchResult.open(**{"folder": "/dev/null/none", **keywords})

    yield Call("BatchResult.open", nothing, opened_folder, {}, kinds_of(op.BatchResult.open))
    for name, good_ones, kinds in (
        ("with_optimistic", {}, {"optimistic": "model"}),
        ("report", {"run_id": 0, "path": "/dev/null/none.html"}, {"path": "path"}),
        ("to_polars", {}, {}),
        ("best", {}, {}),
        ("plot", {}, {}),
        ("portfolio", {"run_id": 0}, {}),
    ):
        yield Call(f"BatchResult.{name}", result, method(name), good_ones, kinds)
    for name in ("grid", "sample", "orders_from_signals", "orders_from_weights"):
        yield Call(name, nothing, lambda _source, _keywords: None, {}, {})


def all_calls() -> list[Call]:
    found = [*constructors(), *methods("Portfolio", op.Portfolio, account)]
    found += methods("History", op.History, history)
    found += methods("Envelope", op.Envelope, envelope)
    from bad_matrix_journals import journal_calls

    return [*found, *of_result(), *of_batches(), *journal_calls()]


ALIASES = {
    "errors": "the classes of refusals",
    "legacy": "an older interface, which takes whatever that took; test_legacy_model.py",
    "Portfolio of a journal": "Portfolio with the arguments of one",
    "Analysis": "the calls of Portfolio and History, which it is the base of",
    "PortfolioPython": "Portfolio on this backend",
    "PortfolioRust": "Portfolio on this backend",
    "Receipts": "Table with the refused rows beside",
    "Costs": "three models, which Commission, Slippage, Swap and run_batch are tried with",
    **dict.fromkeys(
        ("BackendStatus", "BatchResult", "JournalStatus", "MetricDefinition", "Metrics",
         "PositionView", "Recovery", "SnapshotFound", "State", "Table", "Trade", "Unset",
         "WalkForward", "Changed", "Comparison", "Difference", "Divergence", "Explanation",
         "FlightView", "FlightView.close"),
        "made by the package; nobody passes anything",
    ),
    **dict.fromkeys(
        ("Envelope.each", "Envelope.named", "Envelope.pair"),
        "what the other calls of an envelope are made of",
    ),
}  # fmt: skip
"""What reflection finds and is no call of its own, with the reason."""


def reflected() -> set[str]:
    """Find every public call: functions, classes that are made, and their methods."""
    found: set[str] = set()
    for name in op.__all__:
        value = getattr(op, name)
        if inspect.isclass(value) and not issubclass(value, BaseException):
            found.add(name)
            found |= {f"{name}.{one}" for one in public_methods(value)}
        elif inspect.isfunction(value) or inspect.ismodule(value):
            found.add(name)
    alike = ("Analysis.", "PortfolioPython.", "PortfolioRust.", "Receipts.")
    # What these say takes no argument, or is of every tuple.
    alike += ("Changed.", "Difference.", "Divergence.", "Explanation.")
    return {name for name in found if not name.startswith(alike)}
