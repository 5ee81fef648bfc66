#!/usr/bin/env python3
"""bench_report.py - many leaking stacks: from the end of the program to a written text, and the memory of the tool.

usage: BUILD=build tests/bench/bench_report.py
Prints a JSON object a line. Times are processor time, the plain program's taken off, so that other programs count as little
as possible."""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).parent
RUNS = 3
SHAPES = {"paths": "stacks", "functions": "functions", "lines": "lines of a function"}
LEAKS = re.compile(r"\b(10 000|9 99\d) leaks") # a pointer may be left somewhere


def run(words):
    """The usage of resources of a command and all that it started."""
    child = os.posix_spawnp(words[0], words, os.environ,
                            file_actions=[(os.POSIX_SPAWN_OPEN, descriptor, "/dev/null", os.O_WRONLY, 0)
                                          for descriptor in (1, 2)])
    return os.wait4(child, 0)[2]


def seconds(words):
    return min(usage.ru_utime + usage.ru_stime for usage in (run(words) for _ in range(RUNS)))


def build(place, sites, objects, shape="paths"):
    source, program = place / f"{sites}{shape}.c", str(place / f"{sites}{shape}")
    source.write_bytes(subprocess.check_output([sys.executable, str(HERE / "make_sites.py"), str(sites), str(objects), shape]))
    # gcc takes longer than a minute to optimise 10 000 loops of one function
    subprocess.check_call(["gcc", "-O1" if shape == "paths" else "-O0", "-g", "-o", program, str(source)])
    return program


def put(question, value, unit, must=None, aim=None):
    print(json.dumps({"question": question, "value": round(value, 2), "unit": unit, "must": must, "aim": aim}), flush=True)


def main():
    castaway = str(pathlib.Path(os.environ.get("BUILD", "build")).resolve() / "castaway")
    with tempfile.TemporaryDirectory() as folder:
        place = pathlib.Path(folder)
        for shape, name in SHAPES.items():
            many = build(place, 10_000, 1_000_000, shape)
            recorded = [castaway, "--text", f"{place}/text", many]
            put(f"10 000 leaking {name}, 1 M lost objects: recording, scan and report",
                seconds(recorded) - seconds([many]), "s", 3, 1)
            if not LEAKS.search((place / "text").read_text()):
                sys.exit(f"bench_report.py: the report lacks leaks ({shape})")
        more = build(place, 200_000, 400_000)
        run([castaway, "--text", "/dev/null", "--output", f"{place}/more.cast", more])
        usage = run([castaway, "report", "--text", "/dev/null", "--json", "/dev/null", f"{place}/more.cast"])
        put("memory of the tool, 200 000 stacks, text and JSON", usage.ru_maxrss / 1024, "MiB")


main()
