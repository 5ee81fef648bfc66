"""table.py - rows as a person reads them.

Start:  head(), line(); inserted().
"""
import re

QUESTION_WIDTH, CELL_WIDTH = 48, 12


def number(value):
    return f"{value:.{2 if abs(value) < 10 else 1 if abs(value) < 100 else 0}f}"


def cell(figure):
    if figure is None:
        return "-"
    if figure.get("fault"):
        return figure["fault"]
    spread = max(figure["high"] - figure["value"], figure["value"] - figure["low"])
    return number(figure["value"]) + (f" ±{number(spread)}" if spread else "")


def verdict(row):
    """Which of its marks castaway meets."""
    figure = row["contestants"].get("castaway") or {}
    if row["must"] is None or "value" not in figure:
        return "-"
    if row["aim"] is not None and figure["value"] <= row["aim"]:
        return "aim"
    return "must" if figure["value"] <= row["must"] else "misses"


def joined(question, plain, cells, must, aim, last):
    return (f"| {question:{QUESTION_WIDTH}} | {plain:>9} | " + " | ".join(f"{text:>{CELL_WIDTH}}" for text in cells) +
            f" | {must:>4} | {aim:>4} | {last} |")


def head(title, columns):
    return joined(title, "plain", columns, "must", "aim", "castaway") + "\n|" + " --- |" * (len(columns) + 5)


def line(row, columns, plain_unit):
    plain = "-" if row["plain"] is None else f"{row['plain']:.3g} {plain_unit}"
    question = row["question"] + ("" if row["unit"] == "ratio" else f" ({row['unit']})")
    marks = ["-" if mark is None else f"{mark:g}" for mark in (row["must"], row["aim"])]
    return joined(question, plain, [cell(row["contestants"].get(name)) for name in columns], *marks, verdict(row))


# ---- a page that holds a table between two comments

MARKS = re.compile(r"(<!-- bench -->\n).*?(<!-- /bench -->)", re.S)


def brief(rows, columns):
    """The rows without marks and spread, as Markdown."""
    def texts(row):
        return [number(figure["value"]) if "value" in figure else cell(figure or None)
                for figure in (row["contestants"].get(name, {}) for name in columns)]
    lines = [["whole process, by the plain program's time", *columns], ["---"] * (len(columns) + 1)]
    lines += [[row["question"] + ("" if row["unit"] == "ratio" else f", {row['unit']} more"), *texts(row)] for row in rows]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


def inserted(page, rows, columns):
    """The page with its table replaced; None when it has no place for one."""
    if not MARKS.search(page):
        return None
    return MARKS.sub(lambda found: found[1] + brief(rows, columns) + found[2], page)
