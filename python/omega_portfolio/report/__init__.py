"""Reports and pictures of an analysis: one offline HTML file, SVG and PNG.

======================  ============================================================
module                  its job
======================  ============================================================
``write``, ``pictures``  the two calls of this package, and the object of a picture
``source``, ``content``  what is read from the analysis
``books``               the sums of the account
``page``, ``tables``    the HTML
``curves``, ``bars``,   the charts
``scatter``
``plane``, ``ticks``,   scales, marks, fewer points
``thin``
``svg``, ``style``,     elements, colours, numbers as text
``text``
``interactive``         charts and tables of the extra ``omega-portfolio[report]``
``command``             the command ``omega-portfolio report``
======================  ============================================================

Everything is drawn here, without a plotting library; only PNG and ``interactive=True`` need
the extra.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from omega_portfolio.report.pictures import Plot as Plot
    from omega_portfolio.report.pictures import plot as plot
    from omega_portfolio.report.write import write_report as write_report

_LAZY = {"Plot": "pictures", "plot": "pictures", "write_report": "write"}


def __getattr__(name: str) -> object:
    """Load a public name at its first use: the command line reads this package for its words."""
    import importlib

    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_LAZY[name]}"), name)


__all__ = ["Plot", "plot", "write_report"]
