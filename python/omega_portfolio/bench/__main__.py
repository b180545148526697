"""The command line of :mod:`omega_portfolio.bench`."""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING

from omega_portfolio.errors import OmegaPortfolioError

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Parameters
    ----------
    arguments : sequence of str, optional
        Arguments of the command line; those of the process when left out.

    Returns
    -------
    int
        Exit code: 0 when what the command proves holds, 1 when it does not or could not be
        looked at, 130 when it was interrupted. Wrong arguments end the process with 2.
    """
    options = _parser().parse_args(arguments)
    try:
        code: int = options.command(options)
    except OmegaPortfolioError as error:
        sys.stderr.write(f"{type(error).__name__} {error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        return 130
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m omega_portfolio.bench", description="Measurements and proofs."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    backends = ("rust", "python")

    command = commands.add_parser(
        "equivalence", help="apply random operations to both backends and compare everything"
    )
    command.add_argument("--operations", type=_positive, default=1_000_000, metavar="N")
    command.add_argument("--seed", type=int, default=1, metavar="N")
    command.add_argument(
        "--portfolio-operations",
        type=_positive,
        default=600,
        metavar="N",
        help="operations before a new portfolio with another configuration begins",
    )
    command.add_argument("--left", choices=backends, default="rust")
    command.add_argument("--right", choices=backends, default="python")
    command.set_defaults(command=_equivalence)

    batches = commands.add_parser(
        "batch-equivalence", help="make random batches on both backends and compare every column"
    )
    batches.add_argument("--runs", type=_positive, default=20_000, metavar="N")
    batches.add_argument("--seed", type=int, default=1, metavar="N")
    batches.add_argument("--left", choices=backends, default="rust")
    batches.add_argument("--right", choices=backends, default="python")
    batches.set_defaults(command=_batch_equivalence)

    other = commands.add_parser(
        "exactness", help="compare scale-in and scale-out cycles with a float average price"
    )
    other.add_argument("--cycles", type=_positive, default=2_000, metavar="N")
    other.add_argument("--seed", type=int, default=1, metavar="N")
    other.add_argument("--backend", choices=("auto", *backends), default="auto")
    other.set_defaults(command=_exactness)

    last = commands.add_parser(
        "zero-copy", help="compare buffer addresses here and in Polars, and time the hand-over"
    )
    last.add_argument("--rows", type=_positive, nargs="+", default=[1_000, 1_000_000], metavar="N")
    last.add_argument("--repeats", type=_positive, default=200, metavar="N")
    last.add_argument("--backend", choices=("auto", *backends), default="auto")
    last.set_defaults(command=_zero_copy)

    long = commands.add_parser(
        "history", help="build a long equity history from frames; its speed, memory and reading"
    )
    long.add_argument("--rows", type=_positive, default=100_000_000, metavar="N")
    long.set_defaults(command=_history)

    crash = commands.add_parser(
        "crash", help="kill processes that write a journal, and look for what they have told"
    )
    crash.add_argument("--kills", type=_positive, default=10_000, metavar="N")
    crash.add_argument("--seed", type=int, default=1, metavar="N")
    crash.add_argument("--backends", choices=backends, nargs="+", default=backends)
    crash.set_defaults(command=_crash)
    for each in (command, batches, other, last, long, crash):
        each.add_argument("--json", action="store_true", help="print one JSON object")
    return parser


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} must be at least 1")
    return value


def _print(options: argparse.Namespace, facts: dict[str, object], text: str) -> None:
    """Write the result to standard output, for a program or for a person."""
    shown = json.dumps(facts, ensure_ascii=False) if options.json else text
    sys.stdout.write(f"{shown}\n")


def _equivalence(options: argparse.Namespace) -> int:
    from tqdm import tqdm

    from omega_portfolio.bench import equivalence
    from omega_portfolio.bench.backends import backend_pair, prove_backend

    plan = equivalence.Plan(options.operations, options.seed, options.portfolio_operations)
    pair = backend_pair(options.left, options.right)
    proofs = [prove_backend(name) for name in (options.left, options.right)]
    with tqdm(total=plan.operations, unit="op", unit_scale=True, disable=None) as bar:
        result = equivalence.run(plan, pair, bar.update)
    compared = " with ".join(proofs)
    _print(options, equivalence.facts(result, proofs), equivalence.report(result, compared))
    return 0 if result.failure is None else 1


def _batch_equivalence(options: argparse.Namespace) -> int:
    from tqdm import tqdm

    from omega_portfolio.bench import batch_equivalence
    from omega_portfolio.bench.backends import prove_backend

    names = (options.left, options.right)
    compared = [prove_backend(name) for name in names]
    pair = batch_equivalence.batch_class(names[0]), batch_equivalence.batch_class(names[1])
    with tqdm(total=options.runs, unit="run", unit_scale=True, disable=None) as bar:
        result = batch_equivalence.run(options.runs, options.seed, pair, bar.update)
    facts = {"compared": compared, **batch_equivalence.facts(result)}
    report = f"compared      {' with '.join(compared)}\n{batch_equivalence.report(result)}"
    _print(options, facts, report)
    return 0 if result.failure is None else 1


def _exactness(options: argparse.Namespace) -> int:
    from omega_portfolio.bench import exactness

    result = exactness.run(options.cycles, options.seed, options.backend)
    _print(options, exactness.facts(result), exactness.report(result))
    return 0 if result.exact else 1


def _zero_copy(options: argparse.Namespace) -> int:
    from tqdm import tqdm

    from omega_portfolio.bench import zero_copy

    with tqdm(total=sum(options.rows), unit="row", unit_scale=True, disable=None) as bar:
        result = zero_copy.run(options.rows, options.repeats, options.backend, bar.update)
    _print(options, zero_copy.facts(result), zero_copy.report(result))
    return 0 if result.without_copy else 1


def _history(options: argparse.Namespace) -> int:
    from tqdm import tqdm

    from omega_portfolio.bench import history, history_report

    rows = options.rows + max(options.rows // history.GROWTH_SHARE, 1)
    with tqdm(total=rows, unit="row", unit_scale=True, disable=None) as bar:
        result = history.run(options.rows, bar.update)
    _print(options, history_report.facts(result), history_report.report(result))
    return 0 if history_report.all_kept(result) else 1


def _crash(options: argparse.Namespace) -> int:
    from tqdm import tqdm

    from omega_portfolio.bench import crash
    from omega_portfolio.bench.backends import prove_backend

    proofs = [prove_backend(name) for name in options.backends]
    with tqdm(total=options.kills, unit="kill", disable=None) as bar:
        result = crash.run(options.kills, options.seed, options.backends, bar.update)
    facts = {"backends": proofs, **crash.facts(result)}
    _print(options, facts, f"backends      {' and '.join(proofs)}\n{crash.report(result)}")
    return 1 if result.failures else 0


if __name__ == "__main__":
    sys.exit(main())
