"""The Python front: errors, sentinel, instrument, the package and the public class."""

from __future__ import annotations

import copy
import inspect
import pickle
import re
from decimal import Decimal
from pathlib import Path

import pytest

import omega_portfolio as op
from interpreter import ABSENT, pickled, run_python
from omega_portfolio.account import Account
from omega_portfolio.account_tables import AccountTables
from omega_portfolio.analysis import Analysis
from omega_portfolio.analysis_tables import AnalysisTables
from omega_portfolio.backend import history_class
from omega_portfolio.bars import MarketEvents
from omega_portfolio.cash_events import CashEvents
from omega_portfolio.catalogue import CATALOGUE
from omega_portfolio.events import Events
from omega_portfolio.frames import Frames
from omega_portfolio.history import History
from omega_portfolio.tables import Tables

SPECIFICATION = Path(__file__).parents[1] / "SPEC.md"

ERROR_CLASSES = list(op.errors.by_code.values())


def test_the_error_classes_are_the_refusals_of_the_specification():
    rows = re.findall(r"^\| (\d{4}) \| (\w+) \|", SPECIFICATION.read_text("utf-8"), re.MULTILINE)
    assert len(rows) > 20
    assert {int(code): name for code, name in rows} == {
        code: error.__name__ for code, error in op.errors.by_code.items()
    }


@pytest.mark.parametrize("error_class", ERROR_CLASSES)
def test_each_error_is_public_documented_and_formats_its_message(error_class):
    error = error_class("size", "-1", "must be greater than 0", "pass a positive size")
    assert getattr(op, error_class.__name__) is error_class
    assert error_class.__name__ in op.__all__
    assert error_class.__name__ in op.errors.__all__
    assert error_class.__doc__
    assert error_class.__bases__ == (op.OmegaPortfolioError,)
    assert (error.argument, error.value) == ("size", "-1")
    assert (error.rule, error.remedy) == ("must be greater than 0", "pass a positive size")
    assert str(error) == (
        f"[{error_class.code}] size=-1: must be greater than 0; pass a positive size"
    )


def test_each_error_has_a_code_of_its_own():
    assert len(ERROR_CLASSES) == len(op.OmegaPortfolioError.__subclasses__())
    assert all(op.errors.by_code[error.code] is error for error in ERROR_CLASSES)


@pytest.mark.parametrize("clone", [copy.copy, copy.deepcopy, pickled])
def test_an_error_can_be_copied_and_pickled(clone):
    error = op.InvalidPrice("price", "x" * 200, "rule", "remedy")
    twin = clone(error)
    assert type(twin) is op.InvalidPrice
    assert str(twin) == str(error)
    assert vars(twin) == vars(error)


def test_a_long_value_is_cut_and_a_value_of_80_characters_is_not():
    assert op.InvalidText("tag", "x" * 80, "rule", "remedy").value == "x" * 80
    assert op.InvalidText("tag", "x" * 81, "rule", "remedy").value == "x" * 79 + "…"


def test_a_message_can_always_be_encoded():
    error = op.InvalidSymbol("symbol", "A\ud800B", "rule", "remedy")
    assert error.value == "A\\ud800B"
    assert str(error).encode("utf-8")


def test_describe_survives_objects_without_a_text():
    class Silent:
        def __repr__(self) -> str:
            raise RuntimeError

    assert op.errors.describe(Silent()) == "<Silent without a text form>"
    assert op.errors.describe(10**5000) == "<int without a text form>"
    assert op.errors.describe("long") == "'long'"


def test_unset_is_one_object_through_copies_and_pickles():
    assert repr(op.UNSET) == "UNSET"
    assert op.Unset() is op.UNSET
    assert copy.copy(op.UNSET) is op.UNSET
    assert copy.deepcopy([op.UNSET])[0] is op.UNSET
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        assert pickle.loads(pickle.dumps(op.UNSET, protocol)) is op.UNSET  # noqa: S301


def test_an_instrument_is_a_frozen_value():
    first = op.Instrument("EURUSD", price_decimals=5, contract_size="100000")
    same = op.Instrument("EURUSD", price_decimals=5, contract_size="100000")
    assert first == same
    assert hash(first) == hash(same)
    assert first != op.Instrument("EURUSD", price_decimals=4, contract_size="100000")
    assert pickled(first) == first
    with pytest.raises(AttributeError):
        first.price_decimals = 3
    with pytest.raises(TypeError):
        op.Instrument("EURUSD", 5)
    assert not hasattr(first, "__dict__")


def test_an_instrument_shows_what_it_was_given_and_holds_it_unchecked():
    assert repr(op.Instrument("A")) == (
        "Instrument('A', price_decimals=9, size_decimals=9, contract_size=1)"
    )
    full = op.Instrument(
        "A", price_decimals=2, size_decimals=0, contract_size=Decimal("0.5"),
        quote_currency="EUR", leverage=30,
    )  # fmt: skip
    assert eval(repr(full), {"Instrument": op.Instrument, "Decimal": Decimal}) == full  # noqa: S307
    assert op.Instrument(None, price_decimals=-7).price_decimals == -7


def test_importing_the_package_loads_no_heavy_module():
    code = """
import sys
import omega_portfolio as op
op.backend_status, op.errors, op.UNSET, op.Instrument, op.Portfolio, op.Metrics, op.Table
op.Analysis, op.History, op.MetricDefinition, op.metrics, op.Metrics.definition("beta")
print(",".join(sorted(set(sys.modules) & {"polars", "pyarrow", "numpy", "tqdm", "pandas"})))
print("omega_portfolio._core" in sys.modules, "omega_portfolio.oracle" in sys.modules)
"""
    assert run_python(code) == ["", "False False"]


def test_every_public_name_is_there_also_without_the_compiled_module():
    code = """
from omega_portfolio import *
import omega_portfolio as op
names = [name for name in op.__all__ if getattr(op, name) is not None]
print(len(names) == len(op.__all__), set(op.__all__) <= set(dir(op)))
print("PortfolioRust" in dir(op), "__version__" in dir(op), Portfolio is op.Portfolio)
"""
    assert run_python(ABSENT + code) == ["True True", "True True True"]


def test_metrics_is_a_function_whatever_is_loaded_before():
    code = """
import importlib, pkgutil
import omega_portfolio
for found in pkgutil.iter_modules(omega_portfolio.__path__):
    if not found.name.startswith("_"):
        importlib.import_module(f"omega_portfolio.{found.name}")
from omega_portfolio import metrics
print(callable(metrics), metrics is omega_portfolio.metrics, metrics.__module__)
"""
    # The module of the compiled classes does not load without them.
    code = code.replace('startswith("_")', 'startswith(("_", "rust"))')
    assert run_python(code, "false") == ["True True omega_portfolio.history"]


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="has no attribute 'Portfolo'"):
        _ = op.Portfolo


def test_the_version_comes_from_the_installed_distribution(monkeypatch):
    monkeypatch.setattr("importlib.metadata.version", lambda name: f"1.2.3 of {name}")
    monkeypatch.delitem(vars(op), "__version__", raising=False)
    try:
        assert op.__version__ == "1.2.3 of omega-portfolio"
    finally:
        vars(op).pop("__version__", None)


EXAMPLES = """
import doctest, importlib, sys
attempted = 0
for name in sys.argv[1:] or {modules!r}:
    module = importlib.import_module(name)
    result = doctest.testmod(module, optionflags=doctest.ELLIPSIS)
    attempted += result.attempted
    assert not result.failed, name
print(attempted)
"""
MODULES = [
    "omega_portfolio", *(
        f"omega_portfolio.{name}"
        for name in (
            "base_error", "errors", "sentinel", "terms", "instrument", "types", "rows", "catalogue",
            "metric_definitions", "metric_values", "display", "backend", "analysis_tables",
            "analysis", "account_tables", "tables", "scan", "account", "frames", "cash_events",
            "bars", "events", "portfolio", "lot_matching", "lots", "envelope", "history",
        )
    ),
]  # fmt: skip


def test_the_examples_of_the_docstrings_run(backend):
    rust = backend == "rust"
    modules = [*MODULES, "omega_portfolio.rust"] if rust else MODULES
    code = EXAMPLES.format(modules=modules)
    (attempted,) = run_python(code, "true" if rust else "false")
    assert int(attempted) > 100


def methods_of(*classes: type) -> list[str]:
    return sorted(
        {
            name
            for one in classes
            for name, value in vars(one).items()
            if inspect.isfunction(value) and not name.startswith("_")
        }
    )


ANALYSIS = (AnalysisTables, Analysis)
PUBLIC_METHODS = methods_of(
    *ANALYSIS, AccountTables, Tables, Account, Frames, CashEvents, MarketEvents, Events
)
HISTORY_METHODS = methods_of(*ANALYSIS, History)

# Written once for both backends, on top of their methods and hooks.
SHARED = {*methods_of(*ANALYSIS), "attribution", "scan", "get_lots", "serve_flight"} - {
    "get_equity_curve", "get_trades",
}  # fmt: skip
HOOKS = [
    "_metrics", "_metric", "_rolling_metrics", "_drawdowns", "_monthly_returns",
    "_yearly_returns", "_trade_analysis",
]  # fmt: skip


def test_calling_portfolio_gives_an_object_of_the_backend(backend, make_portfolio):
    portfolio = make_portfolio()
    expected = op.PortfolioRust if backend == "rust" else op.PortfolioPython
    assert type(portfolio) is expected
    assert isinstance(portfolio, op.Portfolio)
    assert issubclass(expected, op.Portfolio)
    assert type(expected(initial_balance=100000.0)) is expected
    with pytest.raises(TypeError):
        expected(1, backend=backend)


def test_every_call_of_the_rust_backend_goes_straight_to_compiled_code(backend):
    implementation = op.PortfolioRust if backend == "rust" else op.PortfolioPython
    names = [name for name in PUBLIC_METHODS if name not in SHARED]
    names += [*HOOKS, "_attribution"]
    written_in_python = [
        name for name in names if inspect.isfunction(getattr(implementation, name))
    ]
    assert written_in_python == ([] if backend == "rust" else names)


def test_a_portfolio_without_a_backend_cannot_be_made():
    class Incomplete(op.Portfolio):
        __slots__ = ()

    with pytest.raises(TypeError, match="abstract"):
        Incomplete(1)


def test_options_reach_the_backend(make_portfolio):
    options = {
        "currency": "EUR", "leverage": 30, "mode": "netting", "floats": "strict", "capacity": 10,
        "rounding": "cents", "off_grid": "round", "margin_call": 100, "stop_out": "50.5",
        "path": "ohlc", "pivot": "GBP",
    }  # fmt: skip
    portfolio = make_portfolio(1000, **options)
    assert portfolio.currency == "EUR"
    assert portfolio.calculate_margin("A", size=3, price=10) == 1
    with pytest.raises(op.InvalidNumber):
        portfolio.deposit(1e-30, 0)


def implementation_of(documented: type, backend: str) -> type:
    if documented is op.History:
        return history_class(backend)
    return op.PortfolioRust if backend == "rust" else op.PortfolioPython


@pytest.mark.parametrize(
    ("documented", "name"),
    [
        *((op.Portfolio, name) for name in (*PUBLIC_METHODS, *HOOKS)),
        *((op.History, name) for name in (*HISTORY_METHODS, *HOOKS)),
    ],
)
def test_the_backend_has_the_documented_signature(backend, documented, name):
    found = getattr(implementation_of(documented, backend), name)
    assert parameters_of(found, name) == parameters_of(getattr(documented, name), name)


def parameters_of(call: object, name: str) -> list[object]:
    """Give names and kinds; a hook is called by position, so that its kinds do not matter."""
    parameters = [one for one in inspect.signature(call).parameters.values() if one.name != "self"]
    return [one.name if name in HOOKS else (one.name, one.kind) for one in parameters]


@pytest.mark.parametrize(
    ("documented", "names", "count"),
    [(op.Portfolio, PUBLIC_METHODS, 49), (op.History, HISTORY_METHODS, 11)],
)
def test_the_public_methods_are_documented_with_examples(documented, names, count):
    assert len(names) == count
    for name in names:
        text = inspect.getdoc(getattr(documented, name)) or ""
        assert "Examples\n--------" in text, name
        check_parameters(getattr(documented, name), name, text)


@pytest.mark.parametrize("name", ["History", "Portfolio", "metrics"])
def test_the_public_calls_document_their_parameters(name):
    call = getattr(op, name)
    check_parameters(call if name == "metrics" else call.__new__, name, inspect.getdoc(call) or "")


def check_parameters(call: object, name: str, text: str) -> None:
    for parameter in set(inspect.signature(call).parameters) - {"self", "cls"}:
        found = re.search(rf"^[\w, ]*\b{parameter}\b[\w, ]* : ", text, re.MULTILINE)
        assert found, f"{name}({parameter})"


def test_a_portfolio_shows_itself(backend, make_portfolio):
    portfolio = make_portfolio("1000")
    portfolio.open_position("ACME", "long", 2, 100, "2024-01-02")
    portfolio.mark({"ACME": 101})
    text = repr(portfolio)
    for fact in (
        type(portfolio).__name__, "currency=USD", "balance=1000.00", "equity=1002.00",
        "unrealized_pnl=2.00", "open positions=1", "2024-01-02T00:00:00+00:00",
        f"backend={backend}",
    ):  # fmt: skip
        assert fact in text
    markup = portfolio._repr_html_()
    assert "1002.00" in markup
    assert type(portfolio).__name__ in markup


def test_a_portfolio_that_refuses_its_use_still_shows_itself(backend):
    class Broken(op.PortfolioRust if backend == "rust" else op.PortfolioPython):
        __slots__ = ()

        @property
        def balance(self) -> Decimal:
            raise op.InvariantViolation("balance", "1", "must be 2", "report it")

    portfolio = Broken(1)
    assert repr(portfolio) == "<Broken  unusable=[5001] balance=1: must be 2; report it>"
    assert "must be 2" in portfolio._repr_html_()


def test_results_are_what_the_protocols_say(make_portfolio):
    portfolio = make_portfolio()
    position_id = portfolio.open_position("ACME", "long", 2, 100, "2024-01-02", stop_loss=90)
    trade = portfolio.close_position(position_id, 101, "2024-01-03", size=1)
    state = portfolio.get_state()
    assert isinstance(state, op.State)
    assert isinstance(trade, op.Trade)
    assert isinstance(portfolio.positions[position_id], op.PositionView)
    for table in (
        state.positions, state.positions_exact, portfolio.get_positions(),
        portfolio.get_trades(), portfolio.get_ledger(), portfolio.get_equity_curve(),
        portfolio.get_events(), portfolio.apply(portfolio.get_events().to_polars().clear()),
        portfolio.get_cash(), portfolio.get_cash_ledger(), portfolio.get_margin(),
        portfolio.get_orders(), portfolio.get_activity(), portfolio.get_fills(),
        portfolio.get_lots(), portfolio.get_lots("average", exact=True),
    ):  # fmt: skip
        assert isinstance(table, op.Table)
        assert repr(table).startswith(f"Table: {len(table)} rows")
        assert f"{len(table)} rows x" in table._repr_html_()


def test_metrics_come_with_their_arguments(make_portfolio):
    portfolio = make_portfolio()
    metrics = portfolio.calculate_metrics(periods_per_year=365, risk_free_rate="0.01")
    assert list(metrics) == list(CATALOGUE)
    assert (metrics.periods_per_year, metrics.risk_free_rate) == (365, 0.01)
    assert (metrics.mar, metrics.has_benchmark, metrics.trial_count) == (0.01, False, None)
    assert metrics.trade_count == 0
    assert metrics.net_profit is None
