"""Tables of Markdown, and their places in a document."""

from __future__ import annotations


def markdown(header: list[str], rows: list[list[str]]) -> str:
    """Make a table; a bar inside of a cell does not end it."""
    escaped = [[cell.replace("|", "\\|") for cell in cells] for cells in rows]
    lines = [header, ["---"] * len(header), *escaped]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines) + "\n"


def replace_tables(text: str, tables: dict[str, str]) -> str:
    """Put tables between the marks of the document."""
    for name, table in tables.items():
        begin, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->\n"
        before, _, rest = text.partition(begin)
        _, found, after = rest.partition(end)
        if not found:
            raise ValueError(f"the document has no place for the table {name!r}")
        text = f"{before}{begin}\n{table}\n{end}{after}"
    return text
