"""Ask other libraries for the metrics of the same curves, and file what they answer.

Usage, in an environment of its own::

    pip install empyrical-reloaded quantstats ffn vectorbt scipy pandas backtesting
    pip install polars pyarrow tqdm
    PYTHONPATH=python python tools/compare_libraries.py

A library that is not installed is left out and named. The facts go into
``tests/compare/results.json``, and the tables of ``COMPARE.md`` are written again from them and
from the golden values in ``tests/golden/metrics.json``.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import importlib.util
import json
import math
import platform
import sys
import warnings
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

import omega_portfolio as op
from document_tables import markdown, replace_tables
from library_calls import ASKED_OF_DEGENERATE, CALLS, MODULES, Call, Curve

ROOT: Final = Path(__file__).resolve().parent.parent
RESULTS: Final = ROOT / "tests" / "compare" / "results.json"
GOLDEN: Final = ROOT / "tests" / "golden" / "metrics.json"
DOCUMENT: Final = ROOT / "COMPARE.md"

SAME: Final = 1e-9
"""Two values are the same when they differ by less than this, relatively."""

START: Final = datetime(2024, 1, 1, tzinfo=timezone.utc)

# What the golden values note in short, in words for the reader of the table.
WORDS: Final = {
    "Gaussian": "quantile and tail of a normal distribution",
    "n-1": "denominator n - 1",
    "denominator n-1": "denominator n - 1",
    "as empyrical": "mean of the int((n-1)*0.05)+1 lowest",
    "annualised SR with n observations: unit error": "annualised ratio beside a count of periods",
    "skew and kurtosis drop out: variance taken at SR*=0": "variance at a ratio of 0, so that "
    "skewness and kurtosis drop out",
    "the classic bug: std of losses only": "deviation of the losses from their own mean",
    "compounded, SSRN 3054517": "compounded volatility (SSRN 3054517)",
    "n, E_0 not in the running peak": "E_0 not in the running peak",
    "annualised by periods": "growth by periods, not by the calendar",
    "arithmetic, rf ignored": "annualised by multiplication, rf ignored",
    "daily sums": "sums of days, not of months",
    "geometric annual return numerator": "geometric annual return above the line",
    "gross of commission": "before commission",
    "mean trade return": "mean return of a trade, not money",
}

# Equity values a day apart.
DEGENERATE: Final = {
    "empty": [100.0],
    "one gain": [100.0, 101.0],
    "doublings": [2.0**number for number in range(21)],
    "gains of 0.1 %": [100.0 * 1.001**number for number in range(21)],
    "no change": [100.0] * 21,
    "only gains": [100.0 + number**1.1 for number in range(21)],
    "first loss": [100.0, 50.0, 55.0, 52.0, 60.0, 58.0],
}


def degenerate_curve(case: str) -> Curve:
    """Give a degenerate curve."""
    values = DEGENERATE[case]
    stamps = [START.replace(tzinfo=None) + timedelta(days=day) for day in range(len(values))]
    return Curve(pd.Series(values, index=pd.DatetimeIndex(stamps), dtype="float64"))


def real_curves() -> dict[str, Curve]:
    """Give the curves of real bars that the golden values stand on."""
    from backtesting.test import GOOG

    close = GOOG["Close"]
    return {
        "GOOG": Curve(close, rate=0.02),
        "GOOG_FROM_PEAK": Curve(close.iloc[810:1100], rate=0.02),
    }


def ours(curve: Curve) -> op.Metrics:
    """Give our metrics of a curve."""
    frame = pd.DataFrame({"time": curve.close.index, "equity": curve.close.to_numpy()})
    frame["time"] = frame["time"].astype("datetime64[us]")
    return op.metrics(frame, periods_per_year=curve.periods, risk_free_rate=curve.rate)


def answer(call: Call, curve: Curve) -> float | str:
    """Make a call; what is no finite number comes back as a word."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            value = call.answer(curve)
        except Exception as error:  # noqa: BLE001 - whatever a library raises is its answer.
            return type(error).__name__
    return value if math.isfinite(value) else str(value)


def installed() -> dict[str, str]:
    """Give the versions of the libraries that are there."""
    return {
        name: importlib.metadata.version(name)
        for name, module in MODULES.items()
        if importlib.util.find_spec(module)
    }


def row(call: Call, label: str, curve: Curve, value: object) -> dict[str, Any]:
    """Make the record of one call."""
    found = answer(call, curve)
    both = isinstance(found, float) and isinstance(value, float) and value != 0
    return {
        "data": label,
        "metric": call.metric,
        "library": call.library,
        "call": call.text,
        "value": found,
        "ours": value,
        "ratio": found / value if both else None,
        "differs": call.differs,
    }


def collect() -> dict[str, Any]:
    """Make all calls of the libraries that are installed."""
    versions = installed()
    found: dict[str, Any] = {
        "python": platform.python_version(),
        "libraries": versions,
        "periods_per_year": 252,
        "risk_free_rate": {"real": 0.02, "degenerate": 0.0},
        "real": [],
        "degenerate": [],
    }
    for label, curve in real_curves().items():
        values = ours(curve)
        found["real"] += [
            row(call, label, curve, values[call.metric])
            for call in CALLS
            if call.library in versions
        ]
    for label in DEGENERATE:
        curve = degenerate_curve(label)
        values = ours(curve)
        found["degenerate"] += [
            row(call, label, curve, values[call.metric])
            for call in ASKED_OF_DEGENERATE
            if call.library in versions
        ]
    return found


def short(value: object) -> str:
    """Show a value in a table."""
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def versioned(library: str, results: dict[str, Any]) -> str:
    """Name a library with the version that answered."""
    return f"{library} {results['libraries'][library]}"


def same_table(results: dict[str, Any]) -> str:
    """List who gives the same value on the bars of GOOG."""
    rows = [
        [
            found["metric"],
            versioned(found["library"], results),
            f"`{found['call']}`",
            short(found["value"]),
        ]
        for found in results["real"]
        if found["data"] == "GOOG" and not found["differs"]
    ]
    return markdown(["metric", "library", "call", "value"], sorted(rows))


def golden_variants() -> list[dict[str, Any]]:
    """Give each variant of the golden values once, on the first data where it shows."""
    golden = json.loads(GOLDEN.read_text(encoding="utf-8"))
    found: dict[tuple[str, str, str], dict[str, Any]] = {}

    def add(data: str, variants: dict[str, list[list[Any]]]) -> None:
        for metric, rows in variants.items():
            for library, version, call, value, ratio in rows:
                if ratio is None or abs(ratio - 1) <= SAME or metric not in golden["units"]:
                    continue
                text, _, noted = call.rpartition(" [")
                differs = noted.removesuffix("]")
                entry = {
                    "data": data,
                    "metric": metric,
                    "library": f"{library} {version}",
                    "call": text,
                    "differs": WORDS.get(differs, differs),
                    "ratio": ratio,
                    "value": value,
                }
                found.setdefault((metric, library, differs or text), entry)

    for name in ("GOOG", "GOOG_FROM_PEAK"):
        dataset = golden["datasets"][name]
        add(f"{name}, rf 0.02", dataset["equity"]["0.02"]["variants"])
        add(f"{name}, rf 0", dataset["equity"]["0.0"]["variants"])
    trades = golden["datasets"]["GOOG"]["trade_lists"]["close"]
    add("GOOG close trades", trades["variants"])
    add("GOOG close trades, rf 0.02", trades["benchmark"]["0.02"]["variants"])
    return sorted(found.values(), key=lambda one: (one["metric"], one["library"], one["call"]))


def variant_table() -> str:
    """List who gives another value, and why."""
    header = ["metric", "library", "call", "what differs", "data", "value", "ours", "ratio"]
    return markdown(
        header,
        [
            [
                one["metric"],
                one["library"],
                f"`{one['call']}`",
                one["differs"],
                one["data"],
                short(one["value"]),
                short(one["value"] / one["ratio"]),
                f"{one['ratio']:.9g}",
            ]
            for one in golden_variants()
        ],
    )


def degenerate_table(results: dict[str, Any]) -> str:
    """List the answers to degenerate input, a row for each input and metric."""
    libraries = list(dict.fromkeys(found["library"] for found in results["degenerate"]))
    rows: dict[tuple[str, str], dict[str, str]] = {}
    for found in results["degenerate"]:
        cells = rows.setdefault((found["data"], found["metric"]), {"ours": short(found["ours"])})
        cells[found["library"]] = short(found["value"])
    columns = [*libraries, "ours"]
    return markdown(
        ["input", "metric", *(versioned(name, results) for name in libraries), "ours"],
        [[*key, *(cells.get(name, "-") for name in columns)] for key, cells in rows.items()],
    )


def main(arguments: list[str] | None = None) -> int:
    """Run the comparison."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--dry-run", action="store_true", help="print the facts, write nothing")
    options = parser.parse_args(arguments)
    results = collect()
    for name in sorted(set(MODULES) - set(results["libraries"])):
        print(f"{name} is not installed", file=sys.stderr)
    content = json.dumps(results, indent=1) + "\n"
    if options.dry_run:
        print(content)
        return 0
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(content, encoding="utf-8")
    tables = {
        "same": same_table(results),
        "variants": variant_table(),
        "degenerate": degenerate_table(results),
    }
    text = DOCUMENT.read_text(encoding="utf-8")
    DOCUMENT.write_text(replace_tables(text, tables), encoding="utf-8")
    print(f"{len(results['real'])} answers on real bars, {len(results['degenerate'])} on others")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
