"""Docstrings as the site shows them: an extension of griffe, which reads them for mkdocstrings.

Docstrings are written for `help()`. Some habits of theirs have no meaning in Markdown, or another
one to the reader of docstrings: a role such as ``:class:`Portfolio``` becomes plain code, an
example above the first section a block of code, because ``>>>`` begins a quotation there, and
the words of a type become a type (of words in braces the first would be taken as the default).
Parameters that share a line are written one by one, because each has a default of its own.
"""

from __future__ import annotations

import re

import griffe

ROLE = re.compile(r":(?:py:)?[a-z]+:`~?([^`]+)`")
SECTION = re.compile(r"^\w[\w ]*\n-{3,}$", re.MULTILINE)
PARAMETERS = re.compile(r"^(Parameters\n-{3,}\n)(.*?)(?=\n\n\w[\w ]*\n-{3,}$|\Z)", re.M | re.S)
EXAMPLE = re.compile(r"^>>> .*(?:\n(?!$).*)*", re.MULTILINE)
CHOICE = re.compile(r"^(\w[\w, ]* : )\{([^}\n]+)\}", re.MULTILINE)
SEVERAL = re.compile(r"^(\w+(?:, \w+)+)( : .*)?((?:\n +.*)+)", re.MULTILINE)
UNION = re.compile(
    r"^(\w[\w, ]* : )([\w.]+(?:, [\w.]+)* or [\w.]+)(?=$|, (?:default|optional))", re.MULTILINE
)


def readable(text: str) -> str:
    r"""Give a docstring as Markdown, with types that a machine can read.

    Examples
    --------
    >>> readable("Like :meth:`close`, see :class:`omega_portfolio.Trade`.")
    'Like `close`, see `Trade`.'
    >>> readable('sync : {"off", "os"}, optional')
    'sync : Literal["off", "os"], optional'
    >>> readable("size : int, str or float, default 1")
    'size : int | str | float, default 1'
    >>> readable("Parameters\n----------\nlow, high : optional\n    As there.")
    'Parameters\n----------\nlow\n    As there.\nhigh\n    As there.'
    """
    plain = ROLE.sub(lambda found: f"`{found[1].removeprefix('omega_portfolio.')}`", text)
    plain = CHOICE.sub(r"\1Literal[\2]", plain)
    plain = UNION.sub(lambda found: found[1] + re.sub(", | or ", " | ", found[2]), plain)
    plain = PARAMETERS.sub(lambda found: found[1] + SEVERAL.sub(one_by_one, found[2]), plain)
    section = SECTION.search(plain)
    end = section.start() if section else len(plain)
    head = EXAMPLE.sub(lambda found: f"```pycon\n{found[0]}\n```", plain[:end])
    return head + plain[end:]


def one_by_one(found: re.Match[str]) -> str:
    """Write what stands for several parameters once for each; `optional` alone is no type."""
    names, kind, text = found[1].split(", "), found[2] or "", found[3]
    kind = "" if kind == " : optional" else kind
    return "\n".join(f"{name}{kind}{text}" for name in names)


class DocstringText(griffe.Extension):
    """Makes every docstring readable before it is parsed."""

    def on_instance(self, *, obj: griffe.Object, **_: object) -> None:
        """Change the docstring of one object, when it has one."""
        if obj.docstring is not None:
            obj.docstring.value = readable(obj.docstring.value)

    def on_class_members(self, *, cls: griffe.Class, **_: object) -> None:
        """Tell the stable number of an error with what it means."""
        code = cls.members.get("code")
        # That of their base is 0, which stands for none.
        known = isinstance(code, griffe.Attribute) and code.value not in {None, "0"}
        if cls.docstring and known:
            first, *rest = cls.docstring.value.split("\n", 1)
            cls.docstring.value = "\n".join([f"{first} Code {code.value}.", *rest])
