"""Tables in Markdown, for people and for documents."""

from collections.abc import Sequence


def print_table(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table with its columns aligned."""
    widths = [max(len(str(cell)) for cell in column) for column in zip(head, *rows, strict=True)]
    print(f"\n### {title}\n")
    for index, row in enumerate([head, *rows]):
        print("| " + " | ".join(str(cell).ljust(width) for cell, width in zip(row, widths, strict=True)) + " |")
        if index == 0:
            print("|" + "|".join("-" * (width + 2) for width in widths) + "|")
