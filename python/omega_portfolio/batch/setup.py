"""What ``omega-portfolio sweep`` is told: words of the command line, and a TOML file.

A word of the command line wins over the file. Numbers of the file are read as exact decimals;
paths in it are relative to its folder.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass, field, fields, replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

from omega_portfolio.errors import InvalidArgument, InvalidFrame, OmegaPortfolioError, describe

if TYPE_CHECKING:
    import argparse

    import polars as pl

SETTINGS: Final = (
    *("initial_balance", "currency", "leverage", "mode", "fill", "path", "floats", "rounding"),
    *("off_grid", "margin_call", "stop_out", "pivot", "record", "equity_columns", "exact"),
    *("digest", "layout", "periods_per_year", "risk_free_rate", "mar", "confidence", "resample"),
    *("sink_format", "max_memory"),
    *("executor", "workers", "threads", "shard_runs", "address", "scratch"),
)
"""Keys of the table ``[settings]``: arguments of ``run_batch``."""

FILES: Final = ("bars", "orders", "params", "instruments")
KEYS: Final = (*FILES, "out", "labels", "best", "settings", "costs", "grid", "sample")
COSTS: Final = ("commission", "slippage", "swap")
FLAGS: Final = (
    *("initial_balance", "currency", "leverage", "mode", "fill", "path", "record"),
    *("periods_per_year", "risk_free_rate"),
    *("executor", "workers", "threads", "address", "scratch"),
)
"""Settings that are words of the command line, too."""


@dataclass(slots=True)
class Setup:
    """A batch as it was asked for.

    Attributes
    ----------
    files : dict of str to Path
        Bars, orders, and, if given, params and instruments.
    params : polars.DataFrame or None
        The grid or the sample of the TOML file.
    settings : dict
        Arguments of ``run_batch``.
    out : Path or None
        The folder of the results.
    best : str
        The metric of the table.
    """

    files: dict[str, Path] = field(default_factory=dict)
    params: pl.DataFrame | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    out: Path | None = None
    best: str = "sharpe_ratio"


def read_setup(options: argparse.Namespace) -> Setup:
    """Put the command line and its TOML file together.

    Raises
    ------
    InvalidFrame
        The file cannot be read, or has a key or a value that is none.
    UsageError
        A word of the command line is wrong, or something is missing.
    """
    from omega_portfolio.cli import UsageError

    setup = Setup() if options.setup is None else _of_toml(options.setup)
    for name in FILES:
        if getattr(options, name) is not None:
            setup.files[name] = getattr(options, name)
    missing = [name for name in ("bars", "orders") if name not in setup.files]
    if missing:
        raise UsageError(f"name the {missing[0]} with --{missing[0]}, or in a TOML file")
    if setup.params is not None and "params" in setup.files:
        raise UsageError("there are params and a grid; use one of them")
    setup.out = options.out or setup.out
    setup.best = options.best or setup.best
    for name in FLAGS:
        if getattr(options, name) is not None:
            setup.settings[name] = getattr(options, name)
    if options.labels is not None:
        setup.settings["labels"] = [name for name in options.labels.split(",") if name]
    costs = {name: getattr(options, name) for name in COSTS[:2]}
    given = {name: _cost(name, text) for name, text in costs.items() if text is not None}
    if given:
        from omega_portfolio.terms import Costs

        setup.settings["costs"] = replace(setup.settings.get("costs", Costs()), **given)
    return setup


def _cost(name: str, text: str) -> object:
    """Read a cost: its kind, a colon, its figure, and the least money of a fill."""
    from omega_portfolio.cli import UsageError
    from omega_portfolio.terms import Commission, Slippage

    kind, *figures = text.split(":")
    if len(figures) == 1:
        made: type[Commission | Slippage] = Commission if name == "commission" else Slippage
        return made(kind, figures[0])  # type: ignore[arg-type]
    if len(figures) == 2 and name == "commission":
        return Commission(kind, figures[0], minimum=figures[1])  # type: ignore[arg-type]
    raise UsageError(f"--{name} {text}: write KIND:FIGURE, such as rate:0.001")


def _of_toml(path: Path) -> Setup:
    """Read the file."""
    document = _parsed(path)
    _refuse_unknown(path, "", document, KEYS)
    setup = Setup()
    for name in (*FILES, "out"):
        if name in document:
            value = document[name]
            if not isinstance(value, str):
                _refuse(path, name, value, "is no name of a file", "write it in quotes")
            # A path in the file means the same wherever the command is given.
            setup.files[name] = path.parent / value
    setup.out = setup.files.pop("out", None)
    setup.best = document.get("best", setup.best)
    labels = document.get("labels", [])
    if not isinstance(labels, list) or not all(isinstance(name, str) for name in labels):
        _refuse(path, "labels", labels, "is no list of names", 'write ["name"]')
    settings = _table(path, document, "settings")
    _refuse_unknown(path, "settings.", settings, SETTINGS)
    if isinstance(settings.get("scratch"), str) and settings["scratch"]:
        settings["scratch"] = path.parent / settings["scratch"]
    setup.settings = {**settings, "labels": labels}
    costs = _table(path, document, "costs")
    _refuse_unknown(path, "costs.", costs, COSTS)
    if costs:
        setup.settings["costs"] = _costs(path, costs)
    setup.params = _params(path, document)
    return setup


def _parsed(path: Path) -> dict[str, Any]:
    from omega_portfolio.cli import UsageError

    try:
        toml = importlib.import_module("tomllib")
    except ModuleNotFoundError:  # pragma: no cover - Python 3.10 has none.
        try:
            toml = importlib.import_module("tomli")
        except ModuleNotFoundError:
            rule = "TOML needs Python 3.11 or newer, or: pip install tomli"
            raise UsageError(f"{path}: {rule}") from None
    try:
        text = path.read_text(encoding="utf-8")
        document: dict[str, Any] = toml.loads(text, parse_float=Decimal)
    except OSError as error:
        rule = f"cannot be read: {error.strerror or error}"
        raise InvalidFrame(str(path), "(no data)", rule, "name a readable file") from None
    except ValueError as error:
        rule, remedy = f"is no TOML: {error}", "write key = value"
        raise InvalidFrame(str(path), "(text)", rule, remedy) from None
    return document


def _table(path: Path, document: dict[str, Any], name: str) -> dict[str, Any]:
    table = document.get(name, {})
    if not isinstance(table, dict):
        _refuse(path, name, table, "is no table", f"write [{name}] above its keys")
    return dict(table)


def _costs(path: Path, given: dict[str, Any]) -> object:
    from omega_portfolio.terms import Commission, Costs, Slippage, Swap

    kinds: dict[str, type[Any]] = {
        "commission": Commission,
        "slippage": Slippage,
        "swap": Swap,
    }
    made: dict[str, Any] = {}
    for name, kind in kinds.items():
        if name in given:
            table = _table(path, given, name)
            names = tuple(one.name for one in fields(kind))
            _refuse_unknown(path, f"costs.{name}.", table, names)
            if "kind" not in table:
                _refuse(path, f"costs.{name}", table, "has no kind", 'write kind = "rate", ...')
            made[name] = kind(**table)
    return Costs(**made)


def _params(path: Path, document: dict[str, Any]) -> pl.DataFrame | None:
    """Make the runs of the tables ``[grid]`` or ``[sample]``."""
    from omega_portfolio.batch.grid import grid, sample

    values, drawn = _table(path, document, "grid"), _table(path, document, "sample")
    if values and drawn:
        _refuse(path, "sample", drawn, "stands beside a grid", "use one of them")
    try:
        if values:
            return grid(**values)
        if not drawn:
            return None
        options = {name: drawn.pop(name) for name in ("method", "decimals", "log") if name in drawn}
        number, seed = drawn.pop("n", None), drawn.pop("seed", None)
        ranges = {name: _range(given) for name, given in drawn.items()}
        return sample(number, seed, **options, **ranges)
    except InvalidArgument as error:
        where = f"{path}: {'grid' if values else 'sample'}.{error.argument}"
        raise InvalidFrame(where, error.value, error.rule, error.remedy) from None


def _range(given: Any) -> Any:  # noqa: ANN401 - what stands in the file.
    """Take a table of low and high as a range, and anything else as values to draw from."""
    if isinstance(given, dict) and set(given) == {"low", "high"}:
        return given["low"], given["high"]
    return given


def _refuse_unknown(path: Path, prefix: str, table: dict[str, Any], known: tuple[str, ...]) -> None:
    for name, value in table.items():
        if name not in known:
            remedy = f"use one of {', '.join(known)}"
            _refuse(path, f"{prefix}{name}", value, "is no key of this file", remedy)


def _refuse(path: Path, key: str, value: object, rule: str, remedy: str) -> NoReturn:
    raise InvalidFrame(f"{path}: {key}", describe(value), rule, remedy)


def check_account(settings: dict[str, Any], backend: str | None) -> None:
    """Refuse settings that no portfolio can have, as a mistake of the command line.

    Raises
    ------
    UsageError
        A setting is refused.
    """
    from omega_portfolio.cli import UsageError
    from omega_portfolio.portfolio import Portfolio

    names = ("currency", "leverage", "mode", "rounding", "off_grid", "margin_call", "stop_out")
    given = {name: settings[name] for name in names if name in settings}
    try:
        Portfolio(settings.get("initial_balance", 100_000), backend=backend, **given)
    except OmegaPortfolioError as error:
        raise UsageError(str(error)) from error


__all__ = ["Setup", "check_account", "read_setup"]
