"""memory.py - how much memory does it take to keep track of an object, of a stack, and does it run where there is little?

Owns:   what is asked of workloads/fill.c, and limits of address space.    Never: knows how a contestant is started.
Start:  rows().
"""
import dataclasses
import re

import compare
import contestants
import runs

TITLE = "memory: beyond the plain program's"
PLAIN = "MiB"
COLUMNS = contestants.PEERED
OBJECTS, BYTES = 1_000_000, 64
WAYS = 100_000
ROUNDS, BUDGET_SECONDS = 3, 5  # hardly anything varies
LIMIT_KIB_MAX, LIMIT_KIB_STEP = 1 << 20, 128  # of `ulimit -v`


@dataclasses.dataclass(frozen=True)
class Filling:
    """A run of fill: `line` of its output (KiB), or "peak" for that of its largest process, divided by `per`."""
    question: str
    arguments: list[int | str]
    line: str
    per: int
    must: float | None
    aim: float | None


FILLINGS = [
    Filling("an object, 1 M of 64 bytes", [OBJECTS, BYTES, 1, 1], "first", OBJECTS, 40, 24),
    Filling("the same, made for the fourth time", [OBJECTS, BYTES, 4, 1], "last", OBJECTS, 40, 24),
    Filling("the same, at the peak with the exit scan", [OBJECTS, BYTES, 1, 1, "keep"], "peak", OBJECTS, None, None),
    Filling("an object and a stack of 28 frames", [WAYS, BYTES, 1, WAYS], "first", WAYS, None, None),
    Filling("a program without objects, KiB", [1, BYTES, 1, 1], "first", 1024, None, None),
]


def held_kib(sample, line):
    if line == "peak":
        return sample.peak_kib
    return int(re.search(rb"^%s (\d+)$" % line.encode(), sample.output, re.M)[1])


def filling_cell(filling, samples, plain):
    wrong = next((sample.fault for sample in samples if sample.fault), None)
    if wrong:
        return {"fault": wrong}
    return vars(runs.figure([1024 * (held_kib(a, filling.line) - held_kib(b, filling.line)) / filling.per
                             for a, b in zip(samples, plain)]))


def filling_row(filling, place, chosen):
    command = [compare.built("fill.c", place), *map(str, filling.arguments)]
    samples = runs.in_turn(compare.actions(compare.Workload(filling.question, command), command, place, chosen), ROUNDS,
                           BUDGET_SECONDS)
    plain = samples["plain"]
    return {"question": filling.question, "unit": "bytes each" if filling.per != 1024 else "KiB", "must": filling.must,
            "aim": filling.aim, "command": command,
            "plain": runs.figure([held_kib(sample, filling.line) / 1024 for sample in plain]).value,
            "contestants": {name: filling_cell(filling, taken, plain) for name, taken in samples.items()}}


def works_within(limit_kib, words, environment, command, expected, chosen):
    """Does the program print what it prints without a limit? Its status may be another: castaway's own, when there was no
    room to judge."""
    sample = runs.measure(["sh", "-c", f'ulimit -v {limit_kib} && exec "$@"', "sh", *words, *command], environment,
                          chosen.limit)
    return expected in sample.output


def least_kib(works):
    """The least limit under which `works(limit)` holds; None when it does not even under the greatest."""
    low, high = 1 << 10, LIMIT_KIB_MAX
    if not works(high):
        return None
    while high - low > LIMIT_KIB_STEP:
        middle = (low + high) // 2
        low, high = (low, middle) if works(middle) else (middle, high)
    return high


def room_cell(least, plain):
    if least is None:
        return {"fault": "> 1 GiB"}
    room = (least - plain) / 1024
    return vars(runs.Figure(room, room, room, 1))


def room_row(place, chosen):
    """`ulimit -v` that is just enough: what is needed beyond the plain program."""
    command = [compare.built("churn.c", place), "1", "20000"]
    expected = runs.measure(command, {}, chosen.limit).output.strip()
    least = {name: least_kib(lambda limit, start=start: works_within(limit, *start, command, expected, chosen))
             for name, start in contestants.present(place, chosen.contestants).items()}
    return {"question": "address space that churn needs", "unit": "MiB", "must": None, "aim": None, "command": command,
            "plain": least["plain"] / 1024,
            "contestants": {name: room_cell(kib, least["plain"]) for name, kib in least.items()}}


def rows(place, chosen):
    for filling in FILLINGS:
        if chosen.only in filling.question:
            yield filling_row(filling, place, chosen)
    if chosen.only in "address space that churn needs":
        yield room_row(place, chosen)
