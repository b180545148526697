"""A writer of SVG: elements as text, and a picture that stands alone or inside a page.

Shapes carry classes and no colours; :mod:`omega_portfolio.report.style` has the colours. So
the same picture is light or dark with the page around it.
"""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from omega_portfolio.report.style import picture_style

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    Point = tuple[float, float]

HEADING_HEIGHT: Final = 44
"""Room above a picture that stands alone, for its title and its subtitle."""


# What XML cannot hold: control characters, halves of surrogate pairs, two that are no characters.
_REFUSED: Final = (*range(9), 11, 12, *range(14, 32), *range(0xD800, 0xE000), 0xFFFE, 0xFFFF)
_CONTROL: Final = dict.fromkeys(_REFUSED, "\N{REPLACEMENT CHARACTER}")


def escape(text: str) -> str:
    """Make any text safe as text or attribute of XML and HTML.

    Examples
    --------
    >>> from omega_portfolio.report.svg import escape
    >>> escape('<b title="x">&')
    '&lt;b title=&quot;x&quot;&gt;&amp;'
    """
    return html.escape(text.translate(_CONTROL))


def number(value: float) -> str:
    """Write a coordinate: a tenth of a pixel is finer than a screen."""
    text = f"{value:.1f}"
    text = text.removesuffix(".0")
    return "0" if text == "-0" else text


def element(name: str, content: str = "", **attributes: str | float) -> str:
    """Write one element; ``content`` is markup, attributes are escaped.

    An attribute ``class_`` is written as ``class``, and ``_`` inside a name as ``-``.

    Examples
    --------
    >>> from omega_portfolio.report.svg import element
    >>> element("rect", x=1, width=2.04, class_="a<b")
    '<rect x="1" width="2" class="a&lt;b"/>'
    """
    parts = [name]
    for key, value in attributes.items():
        text = number(value) if isinstance(value, int | float) else escape(value)
        parts.append(f'{key.rstrip("_").replace("_", "-")}="{text}"')
    head = " ".join(parts)
    return f"<{head}>{content}</{name}>" if content else f"<{head}/>"


def label(x: float, y: float, text: str, class_: str = "", **attributes: str | float) -> str:
    """Write a text; its classes ``end`` and ``middle`` say where it is held."""
    named = {"class_": class_} if class_ else {}
    return element("text", escape(text), x=x, y=y, **named, **attributes)


def line(x1: float, y1: float, x2: float, y2: float, class_: str) -> str:
    """Write a straight line."""
    return element("path", d=f"M{number(x1)} {number(y1)}L{number(x2)} {number(y2)}", class_=class_)


def trail(points: Sequence[Point], base: float | None = None) -> str:
    """Write connected points as the text of a path, in whole tenths of a pixel.

    The path is drawn by :func:`fine`, which makes it ten times smaller: whole numbers are
    shorter than decimals. Each step is counted from the rounded place before it, so that
    nothing adds up.

    Parameters
    ----------
    points : sequence of (float, float)
        Places in pixels.
    base : float, optional
        Close the path along this height, for an area.

    Examples
    --------
    >>> from omega_portfolio.report.svg import trail
    >>> trail([(1, 2), (1.5, 2), (2, 1.75)])
    'M10 20h5l5-2'
    """
    tenths = [(round(10 * x), round(10 * y)) for x, y in points]
    if not tenths:
        return ""
    before = tenths[0]
    parts = [f"M{before[0]} {before[1]}"]
    for place in tenths[1:]:
        across, down = place[0] - before[0], place[1] - before[1]
        if across and down:
            parts.append(f"l{across}{'' if down < 0 else ' '}{down}")
        elif across or down:
            parts.append(f"h{across}" if across else f"v{down}")
        before = place
    if len(parts) == 1:
        # A point between two gaps has no line; its two round ends are a dot.
        parts.append("h1")
    end = "" if base is None else f"V{round(10 * base)}H{tenths[0][0]}Z"
    return "".join(parts) + end


def fine(path: str, class_: str) -> str:
    """Draw a path that is written in tenths of a pixel."""
    return element("path", d=path, transform="scale(.1)", class_=f"fine {class_}")


def dots(points: Iterable[Point], class_: str) -> str:
    """Write many round dots as one path: a line of no length has two round ends.

    Each dot is a step from the one before, in tenths of a pixel.
    """
    parts, before = [], (0, 0)
    for place in sorted((round(10 * x), round(10 * y)) for x, y in points):
        across, down = place[0] - before[0], place[1] - before[1]
        parts.append(f"m{across}{'' if down < 0 else ' '}{down}h0")
        before = place
    return fine("".join(parts), class_) if parts else ""


@dataclass(frozen=True, slots=True)
class Picture:
    """A drawing with its size and the texts that describe it.

    Attributes
    ----------
    width, height : float
        Size in pixels.
    title, text : str
        What it is, and what it shows, in a sentence.
    body : str
        The elements.
    """

    width: float
    height: float
    title: str
    text: str
    body: str

    def inline(self, identifier: str, class_: str = "") -> str:
        """Write the picture for a page that has the style; ``identifier`` is unique in it."""
        return self._svg(identifier, f"op {class_}".rstrip(), self.body, self.height)

    def standalone(self, *, dark: bool = True) -> str:
        """Write the picture as a file of its own: with its style, heading and background.

        Parameters
        ----------
        dark : bool, default True
            With dark colours for a reader who prefers them. A converter to pixels does not
            read media queries, and gets the light ones alone.
        """
        height = self.height + HEADING_HEIGHT
        body = "".join(
            [
                element("style", picture_style(dark=dark)),
                element("rect", width=self.width, height=height, class_="paper"),
                label(16, 24, self.title, "heading"),
                label(16, 41, self.text, "muted") if len(self.text) < self.width / 6 else "",
                element("g", self.body, transform=f"translate(0 {HEADING_HEIGHT})"),
            ]
        )
        return self._svg("op", "op", body, height, width=self.width)

    def _svg(
        self, identifier: str, class_: str, body: str, height: float, width: float | None = None
    ) -> str:
        size: dict[str, str | float] = {}
        if width is not None:
            # As wide as it is drawn, and narrower where the page is: a notebook has margins.
            size = {"width": width, "height": height, "style": "max-width:100%;height:auto"}
        head = element("title", escape(self.title), id=f"{identifier}-t")
        head += element("desc", escape(self.text), id=f"{identifier}-d")
        return element(
            "svg",
            head + body,
            xmlns="http://www.w3.org/2000/svg",
            viewBox=f"0 0 {number(self.width)} {number(height)}",
            **size,
            role="img",
            aria_labelledby=f"{identifier}-t {identifier}-d",
            class_=class_,
        )


def stack(pictures: Sequence[Picture], title: str, text: str) -> Picture:
    """Put pictures below each other."""
    parts, top = [], 0.0
    for picture in pictures:
        parts.append(element("g", picture.body, transform=f"translate(0 {number(top)})"))
        top += picture.height
    return Picture(max(picture.width for picture in pictures), top, title, text, "".join(parts))


__all__ = [
    "Picture",
    "dots",
    "element",
    "escape",
    "fine",
    "label",
    "line",
    "number",
    "stack",
    "trail",
]
