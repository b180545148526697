"""The packages of the extra ``omega-portfolio[report]``, or the refusal that names it."""

from __future__ import annotations

import importlib
from typing import Any

from omega_portfolio.errors import InvalidArgument


def need(module: str, argument: str, value: str) -> Any:  # noqa: ANN401 - a module.
    """Import a package of the extra.

    Parameters
    ----------
    module : str
        Name of the package.
    argument, value : str
        What asked for it.

    Raises
    ------
    InvalidArgument
        It is not installed.
    """
    try:
        return importlib.import_module(module)
    except ImportError:
        rule = f"needs the package {module}, which is not installed"
        remedy = "pip install 'omega-portfolio[report]'"
        raise InvalidArgument(argument, value, rule, remedy) from None


def svg_to_png(svg: str, argument: str, value: str) -> bytes:
    """Convert a picture to pixels, two for each unit of its size."""
    converter = need("vl_convert", argument, value)
    pixels: bytes = converter.svg_to_png(svg, scale=2)
    return pixels


__all__ = ["need", "svg_to_png"]
