#!/usr/bin/env python3
"""bench.py - castaway's price beside that of its peers: `make bench`, or one question of it.

Owns:   the command line, the order of the tables, the JSON file.    Never: measures, or knows a question.
Start:  TABLES, main().
"""
import argparse
import json
import os
import pathlib
import platform
import sys
import tempfile

import contestants
import memory
import programs
import recording
import scanning
import table

TABLES = {"recording": recording, "scanning": scanning, "memory": memory, "programs": programs}
DEFAULT_TABLES = ["recording", "scanning", "memory"]


def options():
    parser = argparse.ArgumentParser(description="Castaway's price beside that of its peers, in one run.")
    parser.add_argument("build", type=pathlib.Path, help="folder with castaway and libcastaway.so")
    parser.add_argument("--table", action="append", choices=TABLES, help="may be repeated; default: all but programs")
    parser.add_argument("--only", default="", metavar="WORD", help="questions with this word in their name")
    parser.add_argument("--contestants", type=lambda text: text.split(","), metavar="NAMES",
                        help="with commas between them; default: all that are installed")
    parser.add_argument("--rounds", type=int, default=7, help="how often each is run, at most (default 7)")
    parser.add_argument("--budget", type=float, default=20, metavar="SECONDS",
                        help="after so long a contestant is not run again for a question (default 20)")
    parser.add_argument("--limit", type=float, default=180, metavar="SECONDS", help="of one run (default 180)")
    parser.add_argument("--clock", choices=["wall", "cpu"], default="wall",
                        help="cpu counts processor time: steadier while others use the machine")
    parser.add_argument("--json", type=pathlib.Path, help="default: bench.json in the build folder")
    parser.add_argument("--readme", type=pathlib.Path, metavar="FILE",
                        help="also put the table of recording into FILE, between its comments <!-- bench --> and <!-- /bench -->")
    chosen = parser.parse_args()
    chosen.build = chosen.build.resolve()
    chosen.json = chosen.json or chosen.build / "bench.json"
    return chosen


def machine():
    """What the figures were made on."""
    with open("/proc/cpuinfo", encoding="ascii", errors="replace") as file:
        model = next((line.split(":", 1)[1].strip() for line in file if line.startswith("model name")), "unknown")
    return {"processors": os.cpu_count(), "model": model, "kernel": platform.release(), "libc": " ".join(platform.libc_ver()),
            "load": os.getloadavg()[0], "valgrind": contestants.version_line(["valgrind", "--version"]),
            "heaptrack": contestants.version_line(["heaptrack", "--version"])}


def print_machine(about, clock):
    print(f"{about['model']}, {about['processors']} processors, Linux {about['kernel']}, {about['libc']}; medians, "
          f"± the farther quartile, by the {clock} clock", flush=True)
    if about["load"] > about["processors"] / 2:
        print(f"bench: others use this machine (load {about['load']:.1f}); --clock cpu is steadier", file=sys.stderr)


def write_readme(path, answers):
    page = table.inserted(path.read_text(), [row for row in answers if row["table"] == "recording"], recording.COLUMNS)
    if page is None:
        sys.exit(f"bench: {path}: no <!-- bench --> with <!-- /bench --> behind it")
    path.write_text(page)


def main():
    chosen = options()
    about = machine()
    print_machine(about, chosen.clock)
    answers = []
    with tempfile.TemporaryDirectory(prefix="castaway-bench-") as work:
        place = contestants.Place(chosen.build, pathlib.Path(work))
        for name in chosen.table or DEFAULT_TABLES:
            print("\n" + table.head(TABLES[name].TITLE, TABLES[name].COLUMNS), flush=True)
            for row in TABLES[name].rows(place, chosen):
                answers.append({"table": name, **row})
                print(table.line(row, TABLES[name].COLUMNS, TABLES[name].PLAIN), flush=True)
    chosen.json.write_text(json.dumps({"machine": about, "clock": chosen.clock, "rows": answers}, indent=1) + "\n")
    if chosen.readme:
        write_readme(chosen.readme, answers)
    if not answers:
        return f"bench: no question has '{chosen.only}' in its name"
    return int(any(row["contestants"].get("castaway", {}).get("fault") for row in answers))


if __name__ == "__main__":
    sys.exit(main())
