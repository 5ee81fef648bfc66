#!/usr/bin/env python3
"""bench.py - castaway's price beside that of its peers: `make bench`, or one question of it.

Owns:   the command line, the tables, the JSON file.    Never: measures, or knows a workload.
Start:  main().
"""
import argparse
import json
import os
import pathlib
import platform
import shutil
import subprocess
import sys
import tempfile

import contestants
import recording
import runs

ROUNDS_OF_MILLISECONDS = 40  # a start takes one or two: many of them make a median


def options():
    parser = argparse.ArgumentParser(description="Each figure is a median of ratios to the plain program in the same run.")
    parser.add_argument("build", type=pathlib.Path, help="folder with castaway and libcastaway.so")
    parser.add_argument("--only", default="", metavar="WORD", help="questions with this word in their name")
    parser.add_argument("--contestants", default="", metavar="NAMES",
                        help="with commas between them; default: all that are installed")
    parser.add_argument("--rounds", type=int, default=7, help="how often each is run, at most (default 7)")
    parser.add_argument("--budget", type=float, default=20, metavar="SECONDS",
                        help="after so long a contestant is not run again for a question (default 20)")
    parser.add_argument("--limit", type=float, default=180, metavar="SECONDS", help="of one run (default 180)")
    parser.add_argument("--clock", choices=["wall", "cpu"], default="wall",
                        help="cpu counts processor time: steadier while others use the machine")
    parser.add_argument("--json", type=pathlib.Path, help="default: bench.json in the build folder")
    chosen = parser.parse_args()
    chosen.build = chosen.build.resolve()
    chosen.json = chosen.json or chosen.build / "bench.json"
    return chosen


def compiled(workload, place):
    """The program of a workload's source, built anew; None when it has none."""
    if not workload.source:
        return {}
    source = recording.FOLDER / workload.source
    compiler = ["g++", "-std=c++17"] if source.suffix == ".cc" else ["gcc", "-std=gnu11"]
    binary = place.work / source.stem
    subprocess.run([*compiler, "-O2", "-g", "-D_GNU_SOURCE", "-o", binary, source, "-pthread"], check=True)
    return {source.stem: str(binary)}


def actions(workload, command, place, chosen):
    """What to run for each contestant: its name -> a function that returns a sample."""
    names = [name for name in chosen.contestants.split(",") if name]

    def action(words, environment):
        return lambda: runs.measure([*words, *command], {**workload.environment, **environment}, chosen.limit,
                                    workload.input or os.devnull)
    return {name: action(*start) for name, start in contestants.present(place, names).items()}


def judged(samples, plain):
    """Samples of which the output holds what the plain program printed; the others become faults."""
    return [s.fault or (None if plain.output.strip() in s.output else runs.WRONG) for s in samples]


def cells(workload, samples, clock):
    """Contestant -> {value, low, high, runs}, or {fault}."""
    plain = samples["plain"]
    if any(sample.fault for sample in plain):
        sys.exit(f"bench: {workload.question}: the plain program fails: {plain[0].output.decode(errors='replace')[-300:]}")
    out = {}
    for name, taken in samples.items():
        fault = next((f for f in judged(taken, plain[0]) if f), None)
        compare = runs.ratios if workload.unit == "ratio" else runs.differences
        out[name] = {"fault": fault} if fault else vars(compare(taken, plain, clock))
        if workload.unit == "ms" and not fault:
            out[name] = {key: value if key == "runs" else 1000 * value for key, value in out[name].items()}
    return out


def answer(workload, place, chosen):
    """One row: the question with a cell for each contestant."""
    command = [word.format(**compiled(workload, place)) for word in workload.command]
    rounds = ROUNDS_OF_MILLISECONDS if workload.unit == "ms" else chosen.rounds
    samples = runs.in_turn(actions(workload, command, place, chosen), rounds, chosen.budget)
    plain = runs.figure([getattr(sample, chosen.clock) for sample in samples["plain"]])
    return {"table": "recording", "question": workload.question, "unit": workload.unit, "must": workload.must,
            "aim": workload.aim, "command": command, "plain_seconds": plain.value,
            "contestants": cells(workload, samples, chosen.clock)}


def cell_text(cell):
    if cell is None:
        return "-"
    if cell.get("fault"):
        return cell["fault"]
    value, spread = cell["value"], max(cell["high"] - cell["value"], cell["value"] - cell["low"])
    places = 2 if abs(value) < 10 else 1 if abs(value) < 100 else 0
    return f"{value:.{places}f} ±{spread:.{places}f}"


def verdict(row):
    cell = row["contestants"].get("castaway") or {}
    if "value" not in cell:
        return "-"
    return "aim" if cell["value"] <= row["aim"] else "must" if cell["value"] <= row["must"] else "misses"


def print_row(row):
    names = [c.name for c in contestants.CONTESTANTS[1:]]
    question = row["question"] + (" (ms more)" if row["unit"] == "ms" else "")
    texts = [cell_text(row["contestants"].get(name)) for name in names]
    print(f"| {question:32} | {row['plain_seconds']:7.3f} s | " + " | ".join(f"{text:>12}" for text in texts) +
          f" | {row['must']:g} | {row['aim']:g} | {verdict(row)} |", flush=True)


def print_heads():
    names = [c.name for c in contestants.CONTESTANTS[1:]]
    print(f"| {'whole process, ratio to plain':32} | {'plain':>9} | " + " | ".join(f"{name:>12}" for name in names) +
          " | must | aim | castaway |")
    print("|" + " --- |" * (len(names) + 5))


def machine():
    """What the figures were made on."""
    with open("/proc/cpuinfo", encoding="ascii", errors="replace") as file:
        model = next((line.split(":", 1)[1].strip() for line in file if line.startswith("model name")), "unknown")
    return {"processors": os.cpu_count(), "model": model, "kernel": platform.release(), "libc": " ".join(platform.libc_ver()),
            "load": os.getloadavg()[0], "valgrind": contestants.version_line(["valgrind", "--version"]),
            "heaptrack": contestants.version_line(["heaptrack", "--version"])}


def main():
    chosen = options()
    about = machine()
    print(f"{about['model']}, {about['processors']} processors, Linux {about['kernel']}, {about['libc']}; medians, "
          f"± the farther quartile, by the {chosen.clock} clock\n")
    if about["load"] > about["processors"] / 2:
        print(f"bench: others use this machine (load {about['load']:.1f}); --clock cpu is steadier\n", file=sys.stderr)
    rows = []
    print_heads()
    with tempfile.TemporaryDirectory(prefix="castaway-bench-") as work:
        place = contestants.Place(chosen.build, pathlib.Path(work))
        for workload in recording.WORKLOADS:
            if chosen.only in workload.question and (not workload.needs or shutil.which(workload.needs)):
                rows.append(answer(workload, place, chosen))
                print_row(rows[-1])
    chosen.json.write_text(json.dumps({"machine": about, "clock": chosen.clock, "rows": rows}, indent=1) + "\n")
    return 0 if rows else "bench: no question has this word"


if __name__ == "__main__":
    sys.exit(main())
