"""The command ``omega-portfolio``, also ``python -m omega_portfolio``.

========  ==========================================================================
command   what it does
========  ==========================================================================
demo      a moving-average rule on five real US stocks, or three rules on two currency pairs
run       the same with your own bars and orders
sweep     thousands of portfolios over the same bars
report    a page about what one of these left in its folder
recover   what is in a journal, mended when it can be
verify    a journal, a snapshot or an image, checked byte by byte and column by column
legacy    the calls of an old portfolio through it and an exact account, side by side
doctor    which backend is live, which versions are in use, and whether both agree
========  ==========================================================================

Results go to stdout, progress and errors to stderr; the progress bar appears on a terminal
only. ``--json`` prints one JSON document in place of the report.

=========  ======================================================================
exit code  meaning
=========  ======================================================================
0          done, and every check held
1          a check failed: an identity, an invariant, a difference without a cause, or the
           doctor found something
2          the command line is wrong, or a file cannot be written, or is locked
3          an input file cannot be read or is wrong; the message names row and column
4          a stored state is corrupt, or of a later version
130        interrupted with Ctrl-C
=========  ======================================================================

A subcommand is one function in this file and one line in ``COMMANDS``: it declares its
arguments on the parser it is given and returns the function that does the work.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from contextlib import contextmanager, suppress
from enum import IntEnum
from inspect import cleandoc
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

from omega_portfolio.batch.command import sweep
from omega_portfolio.demo.command import demo
from omega_portfolio.doctor import doctor
from omega_portfolio.errors import (
    BackendUnavailable,
    DurabilityError,
    InvalidConfiguration,
    InvalidFrame,
    InvalidImage,
    InvariantViolation,
    JournalCorrupt,
    JournalLocked,
    JournalVersion,
    OmegaPortfolioError,
)
from omega_portfolio.legacy.command import legacy
from omega_portfolio.recover_command import recover
from omega_portfolio.report.command import report
from omega_portfolio.verify_command import verify

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from omega_portfolio.jobs import Document, Job

    Handler: TypeAlias = Callable[[argparse.Namespace], int]

PROGRAM: Final = "omega-portfolio"
RECOVER_STATE: Final = "--recover-state"


FILL_HELP: Final = "price of an order without one (next_open)"
PERIODS_HELP: Final = "equity rows per year, for figures per year (252)"


class Exit(IntEnum):
    """Exit codes."""

    OK = 0
    CHECK_FAILED = 1
    USAGE = 2
    BAD_INPUT = 3
    CORRUPT_STATE = 4
    INTERRUPTED = 130


class UsageError(Exception):
    """The command line asks for something that cannot be done; the text says what to change."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line.

    Parameters
    ----------
    arguments : sequence of str, optional
        The words after the program's name; those of the process when left out.

    Returns
    -------
    int
        The exit code.

    Raises
    ------
    SystemExit
        The words cannot be parsed (code 2), or ask for help (code 0).

    Examples
    --------
    >>> from omega_portfolio.cli import main
    >>> main(["run", "--bars", "no-such-file", "--orders", "x", "--out", "out/x"])
    3
    """
    # A symbol that the terminal cannot show is written with escapes instead of failing.
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    options = _parser().parse_args(_with_command(arguments))
    try:
        code = int(options.handler(options))
        sys.stdout.flush()
    except KeyboardInterrupt:
        return _fail("interrupted", Exit.INTERRUPTED)
    except BrokenPipeError:
        _drop_stdout()
        return int(Exit.OK)
    except (UsageError, OSError) as error:
        return _fail(str(error), Exit.USAGE)
    except OmegaPortfolioError as error:
        return _fail(*_explain(error))
    return code


def _with_command(arguments: Sequence[str] | None) -> list[str]:
    """Give the words of a command line, with ``--recover-state`` as the command that it is."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words[:1] == [RECOVER_STATE]:
        return ["recover", *words[1:]]
    if words and words[0].startswith(f"{RECOVER_STATE}="):
        return ["recover", words[0].partition("=")[2], *words[1:]]
    return words


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=PROGRAM,
        description="Exact, Arrow-native portfolio engine.",
        epilog="Exit codes: 0 done, 1 a check failed, 2 usage, 3 bad input data, "
        "4 corrupt state, 130 interrupted.",
    )
    parser.add_argument("--version", action="store_true", help="print version and backend")
    text = "the same as the command recover; its options come after PATH"
    parser.add_argument(RECOVER_STATE, metavar="PATH", help=text)
    parser.set_defaults(handler=lambda options: _no_command(parser, options))
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    for name, (text, declare) in COMMANDS.items():
        command = commands.add_parser(
            name,
            help=text,
            description=cleandoc(declare.__doc__ or text),
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        command.set_defaults(handler=declare(command))
    return parser


def _no_command(parser: argparse.ArgumentParser, options: argparse.Namespace) -> int:
    if options.version:
        from omega_portfolio.doctor import version_line

        sys.stdout.write(version_line() + "\n")
        return Exit.OK
    parser.print_help(sys.stderr)
    return Exit.USAGE


def _explain(error: OmegaPortfolioError) -> tuple[str, Exit]:
    """Give the message and the exit code of a refusal."""
    if isinstance(error, InvalidFrame):
        text = f"{error.argument}: {error.value}: {error.rule}; {error.remedy}"
        return text, Exit.BAD_INPUT
    if isinstance(error, InvariantViolation):
        return str(error), Exit.CHECK_FAILED
    if isinstance(error, JournalCorrupt | JournalVersion | InvalidImage):
        return str(error), Exit.CORRUPT_STATE
    unusable = BackendUnavailable | InvalidConfiguration | DurabilityError | JournalLocked
    if isinstance(error, unusable):
        return str(error), Exit.USAGE
    return str(error), Exit.BAD_INPUT


def _fail(text: str, code: Exit) -> int:
    with suppress(OSError):
        sys.stderr.write(f"{PROGRAM}: {text}\n")
    return int(code)


def _drop_stdout() -> None:
    """Point stdout at nothing, so that the flush at exit does not complain about the pipe."""
    with suppress(OSError, ValueError):
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, sys.stdout.fileno())
        os.close(nothing)


@contextmanager
def _progress(total: int) -> Iterator[Callable[[int], object] | None]:
    """Show a bar on stderr while the body runs, when there is somebody to see it."""
    if not sys.stderr.isatty():
        yield None
        return
    from tqdm import tqdm

    with tqdm(total=total, unit=" times", file=sys.stderr, leave=False) as bar:
        yield bar.update


def make_folder(path: Path) -> Path:
    """Make the folder of ``--out``.

    Parameters
    ----------
    path : Path
        What was given.

    Returns
    -------
    Path
        The same; it is a folder.

    Raises
    ------
    UsageError
        It cannot be one.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"--out {path}: cannot be a folder: {error.strerror or error}") from None
    return path


def _configuration(options: argparse.Namespace) -> dict[str, str]:
    names = {"balance": "initial_balance", "currency": "currency", "leverage": "leverage"}
    return {name: str(getattr(options, option)) for option, name in names.items()}


def add_common_options(parser: argparse.ArgumentParser) -> None:
    """Add what every command takes that makes an account."""
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument(
        "--backend",
        choices=("auto", "rust", "python"),
        help="the engine (default: USE_RUST_PORTFOLIO, or auto)",
    )


def finish_job(job: Job, *, as_json: bool) -> int:
    """Run a job, print its report, and turn its proof into the exit code.

    Parameters
    ----------
    job : Job
        What to do.
    as_json : bool
        Print the document in place of the report.

    Returns
    -------
    int
        0, or 1 when a check failed.
    """
    from omega_portfolio.jobs import run_job
    from omega_portfolio.summary import render

    with _progress(job.scenario.times) as progress:
        document = run_job(job, progress)
    _print(document, as_json=as_json, text=None if as_json else render(document))
    return Exit.OK if document["proof"]["holds"] else Exit.CHECK_FAILED


def _print(document: Document, *, as_json: bool, text: str | None) -> None:
    sys.stdout.write(json.dumps(document, indent=2) + "\n" if as_json else text or "")


def run(parser: argparse.ArgumentParser) -> Handler:
    """Run your own orders against your own bars.

    Files are Parquet, Arrow IPC or CSV. Cells of CSV are read as text, so that
    decimals are exact.

      bars         time, symbol, open, high, low, close; other columns are ignored
      orders       time, symbol, action, side, size; optional: price, stop_loss,
                   take_profit, fee, amount, key, tag
                   action: open, close, modify, fee, deposit, withdraw
                   side: long, short, buy, sell
                   key: your name of a position, set by an open, used by the others
      instruments  symbol; optional: price_decimals, size_decimals, contract_size,
                   quote_currency, leverage

    The time of a bar is the moment it opens. An open or close without a price
    is filled by the first bar of its symbol at or after its time: an order that
    was computed from a bar's close needs a later time than that bar. Levels are
    recorded and checked, not triggered.
    All rules: python -m pydoc omega_portfolio.orders
    """
    add = parser.add_argument
    add("--bars", type=Path, required=True, metavar="FILE", help="the bars")
    add("--orders", type=Path, required=True, metavar="FILE", help="the orders")
    add("--out", type=Path, required=True, metavar="DIR", help="folder for the results")
    add("--instruments", type=Path, metavar="FILE", help="definitions of symbols")
    add("--balance", default="100000", metavar="B", help="money at the start (100000)")
    add("--currency", default="USD", metavar="C", help="currency of the account (USD)")
    add("--leverage", default="1", metavar="L", help="margin is cost / leverage (1)")
    add("--fill", choices=("next_open", "close"), default="next_open", help=FILL_HELP)
    add("--periods-per-year", type=float, default=252, metavar="P", help=PERIODS_HELP)
    add("--risk-free-rate", type=float, default=0, metavar="R", help="per year, 0.02 = 2 %% (0)")
    add_common_options(parser)

    def handle(options: argparse.Namespace) -> int:
        from omega_portfolio.files import read_source
        from omega_portfolio.jobs import Job, new_portfolio
        from omega_portfolio.market import check_market, register_instruments
        from omega_portfolio.orders import check_orders
        from omega_portfolio.runner import OrderScenario

        instruments = None if options.instruments is None else read_source(options.instruments)
        market = check_market(read_source(options.bars), instruments)
        orders = check_orders(read_source(options.orders), market, options.fill)
        try:
            portfolio = new_portfolio(
                _configuration(options), capacity=market.times, backend=options.backend
            )
        except OmegaPortfolioError as error:
            raise UsageError(str(error)) from error
        register_instruments(portfolio, market)
        about = _about_orders(options)
        figures = (options.periods_per_year, options.risk_free_rate)
        job = Job(
            *("run", about, portfolio, OrderScenario(market, orders)),
            *(make_folder(options.out), *figures),
            configuration=_configuration(options),
        )
        return finish_job(job, as_json=options.json)

    return handle


def _about_orders(options: argparse.Namespace) -> list[str]:
    fill = "the next open" if options.fill == "next_open" else "the close of their bar"
    lines = [f"bars of {options.bars.name}, orders of {options.orders.name}"]
    return [*lines, f"orders without a price are filled at {fill}"]


COMMANDS: Final[dict[str, tuple[str, Callable[[argparse.ArgumentParser], Handler]]]] = {
    "demo": ("trade five real US stocks, or two currency pairs", demo),
    "run": ("run your own bars and orders", run),
    "sweep": ("run thousands of portfolios over the same bars", sweep),
    "report": ("write a page about a run", report),
    "recover": ("say what is in a journal, and mend it", recover),
    "verify": ("check a journal, a snapshot or an image", verify),
    "legacy": ("an old portfolio and an exact account side by side", legacy),
    "doctor": ("show backend and versions", doctor),
}
"""Name, one line of help, and the function of each subcommand."""

__all__ = [
    "COMMANDS",
    "Exit",
    "UsageError",
    "add_common_options",
    "finish_job",
    "main",
    "make_folder",
]
