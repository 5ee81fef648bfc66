"""scanning.py - how long does a search take, and how long does the program stand still for it?

Owns:   running every program tests/bench/bench_* and reading what it prints; the same graph searched by castaway, LSan and
        Boehm's collector.
Never:  knows what such a program measures.
Start:  rows().

A program prints a line for each figure, as JSON - {"question": ..., "value": ..., "unit": ..., "must": ..., "aim": ...}, the
last two where something is demanded - or as `name value unit runs`.
"""
import json
import os
import pathlib
import re
import subprocess
import sys

import compare
import contestants
import runs

TITLE = "scanning"
PLAIN = ""
COLUMNS = [searcher.name for searcher in contestants.SEARCHERS]
FOLDER = pathlib.Path(__file__).parent
NODES, SEARCHES = 4_000_000, 3
GRAPHS = {"search by the program, 4 M nodes, 4 pointers": [], "search by the program, list of 4 M nodes": ["list"]}
PLAIN_LINE = re.compile(r"(\w+) (-?[\d.]+) (\S+) (\d+)")


def single(value):
    return vars(runs.Figure(value, value, value, 1))


def row_of(line):
    """The row that a program's line is; None for other lines."""
    match = PLAIN_LINE.fullmatch(line)
    if match:
        return {"question": match[1], "unit": match[3], "must": None, "aim": None, "plain": None,
                "contestants": {"castaway": single(float(match[2]))}}
    if not line.startswith("{"):
        return None
    said = json.loads(line)
    return {"question": said["question"], "unit": said["unit"], "must": said.get("must"), "aim": said.get("aim"),
            "plain": None, "contestants": {"castaway": single(said["value"])}}


def programs(build):
    """What there is to run: programs that make built, and scripts."""
    sources = sorted(FOLDER.glob("bench_*.c")) + sorted(FOLDER.glob("bench_*.sh"))
    return [build / "tests/bench" / source.stem if source.suffix == ".c" else source for source in sources]


def failed_row(program, why):
    print(f"bench: {program}: {why}", file=sys.stderr)
    return {"question": program.stem, "unit": "-", "must": None, "aim": None, "plain": None,
            "contestants": {"castaway": {"fault": runs.CRASHED}}}


def said_by(program, chosen):
    environment = {**os.environ, "BUILD": str(chosen.build), "CASTAWAY": str(chosen.build / "castaway")}
    try:
        done = subprocess.run([program], env=environment, capture_output=True, text=True, timeout=10 * chosen.limit)
    except (OSError, subprocess.TimeoutExpired) as error:
        return [failed_row(program, error)]
    found = [row for row in map(row_of, done.stdout.splitlines()) if row]
    if done.returncode:
        found.append(failed_row(program, f"status {done.returncode}: {done.stderr.strip()[-300:]}"))
    return found


def graph_cell(sample):
    try:
        return single(float(sample.output.split()[-1]))
    except (ValueError, IndexError):
        return {"fault": sample.fault or runs.WRONG}


def graph_row(question, arguments, place, chosen):
    command = [compare.built("graph.c", place), str(NODES), str(SEARCHES), *arguments]
    searchers = contestants.present(place, chosen.contestants, contestants.SEARCHERS)
    return {"question": question, "unit": "ns/node", "must": None, "aim": None, "plain": None, "command": command,
            "contestants": {name: graph_cell(runs.measure([*words, *command], environment, chosen.limit))
                            for name, (words, environment) in searchers.items()}}


def rows(place, chosen):
    for program in programs(chosen.build):
        if chosen.only in program.stem:
            yield from said_by(program, chosen)
    for question, arguments in GRAPHS.items():
        if chosen.only in question:
            yield graph_row(question, arguments, place, chosen)
