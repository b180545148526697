"""The report as a file."""

from __future__ import annotations

import os
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Final

from omega_portfolio.errors import InvalidArgument, describe, describe_path
from omega_portfolio.files import replace_file
from omega_portfolio.report.source import Options, kept

if TYPE_CHECKING:
    from omega_portfolio.analysis import Analysis
    from omega_portfolio.metric_values import Resample
    from omega_portfolio.types import ArrowStream, NumberLike

ENDINGS: Final = (".html", ".svg", ".png")
TITLE: Final = "Portfolio report"


def write_report(
    analysis: Analysis,
    path: str | PathLike[str],
    *,
    title: str | None = None,
    benchmark: ArrowStream | None = None,
    periods_per_year: NumberLike = 252,
    risk_free_rate: NumberLike = 0,
    mar: NumberLike | None = None,
    confidence: NumberLike = 0.05,
    resample: Resample | None = None,
    interactive: bool = False,
) -> Path:
    """Write the report of an analysis: one file, that needs nothing else and no network.

    Parameters
    ----------
    analysis : Portfolio or History
        What is reported.
    path : str or path
        ``.html`` for the whole report; ``.svg`` or ``.png`` for one picture of equity and
        drawdown. A file of that name is replaced at once.
    title : str, optional
        Title of the page.
    benchmark, periods_per_year, risk_free_rate, mar, confidence, resample
        As for ``calculate_metrics``; the page repeats them.
    interactive : bool, default False
        Charts of the curve that can be zoomed, about 1 MB larger. Needs the extra
        ``omega-portfolio[report]``, as PNG does.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    InvalidArgument
        Another ending, an option of a wrong type, or the extra is not installed.
    OmegaPortfolioError
        An option is refused, as by ``calculate_metrics``.
    OSError
        The file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import omega_portfolio as op
    >>> from omega_portfolio.report import write_report
    >>> portfolio = op.Portfolio(1000, backend="python")
    >>> for day, price in enumerate([100, 110, 105], start=2):
    ...     portfolio.update_equity(f"2024-01-0{day}", {"ACME": price})
    >>> path = write_report(portfolio, Path(tempfile.mkdtemp()) / "report.html")
    >>> path.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    True
    """
    target = check(path, title, interactive=interactive)
    benchmark = kept(benchmark)
    options = Options(benchmark, periods_per_year, risk_free_rate, mar, confidence, resample)
    if target.suffix.lower() != ".html":
        return _write_picture(analysis, target, title, options)
    from omega_portfolio.report.content import gather
    from omega_portfolio.report.page import render_page

    if interactive:
        from omega_portfolio.report.interactive import need_all

        need_all()
    content = gather(analysis, title or TITLE, options)
    parts = ("", "")
    if interactive:
        from omega_portfolio.report.interactive import charts, metrics_table

        parts = (charts(content), metrics_table(content))
    # A title may hold half a surrogate pair, which no file in UTF-8 can.
    page = render_page(content, *parts).encode("utf-8", "replace")
    return replace_file(target, page)


def check(path: object, title: object, *, interactive: object) -> Path:
    """Check the arguments that the analysis does not check itself."""
    if not isinstance(path, str | PathLike):
        raise InvalidArgument("path", describe(path), "is no path", "pass a str or a Path")
    try:
        target = Path(os.fsdecode(path))
        unusable = b"\0" in os.fsencode(target)
    except UnicodeError:
        unusable = True
    if unusable:
        rule = "is no name that a file can have"
        raise InvalidArgument("path", describe(path), rule, "leave out NUL and lone surrogates")
    if target.suffix.lower() not in ENDINGS:
        rule = f"ends in none of {', '.join(ENDINGS)}"
        raise InvalidArgument(
            "path", describe_path(target), rule, "name a file such as report.html"
        )
    if title is not None and not isinstance(title, str):
        raise InvalidArgument("title", describe(title), "is no text", "pass a str")
    if not isinstance(interactive, bool):
        rule = "is neither True nor False"
        raise InvalidArgument("interactive", describe(interactive), rule, "pass a bool")
    if interactive and target.suffix.lower() != ".html":
        rule = f"cannot be kept in a file {target.suffix}"
        raise InvalidArgument("interactive", "True", rule, "name a .html file")
    return target


def _write_picture(analysis: Analysis, target: Path, title: str | None, options: Options) -> Path:
    from dataclasses import replace

    from omega_portfolio.report.curves import overview
    from omega_portfolio.report.pictures import curve_of, made

    # The analysis checks all options, also those that the picture does not need.
    analysis.metric("period_count", **options.for_metrics())
    drawn = overview(curve_of(analysis, options), analysis.currency)
    if not isinstance(drawn, str) and title is not None:
        drawn = [replace(picture, title=title) for picture in drawn]
    return made("equity", drawn).save(target)


__all__ = ["ENDINGS", "check", "write_report"]
