"""compare.py - one program run plain, with castaway and with each peer: a row of a table.

Owns:   workloads (what is run), how their programs are built, what makes a cell.    Never: prints, or chooses.
Start:  Workload, row().
"""
import dataclasses
import os
import pathlib
import shlex
import shutil
import subprocess
import sys

import contestants
import runs

SOURCES = pathlib.Path(__file__).parent / "workloads"
ROUNDS_OF_MILLISECONDS = 40  # a start takes one or two: many of them make a median


@dataclasses.dataclass(frozen=True)
class Workload:
    """A program. In `command` {work} is a folder for its files, and {name} the program built from workloads/name.c or .cc.

    must     what castaway may cost, `aim` what it is meant to; None where nothing is demanded
    unit     "ratio": plain's time is 1; "ms": milliseconds more than plain
    prepare  shell commands that make the input in {work}, run once
    needs    programs; the question is left out where one is missing
    driver   a script of bash that starts the command as "$@", and ends it: for servers. It is not recorded itself
    """
    question: str
    command: list[str]
    must: float | None = None
    aim: float | None = None
    unit: str = "ratio"
    source: str | None = None
    environment: dict[str, str] = dataclasses.field(default_factory=dict)
    input: str | None = None
    prepare: str | None = None
    needs: tuple[str, ...] = ()
    driver: str | None = None
    same_output: bool = True  # what it prints can be compared with the plain program's

    def is_possible(self):
        return all(shutil.which(program) for program in self.needs)


def built(source, place):
    """Path of the program of workloads/`source`, built once a run."""
    path = SOURCES / source
    binary = place.work / path.stem
    if not binary.exists():
        compiler = ["g++", "-std=c++17"] if path.suffix == ".cc" else ["gcc", "-std=gnu11"]
        subprocess.run([*compiler, "-O2", "-g", "-Wall", "-Wextra", "-D_GNU_SOURCE", "-o", binary, path, "-pthread"],
                       check=True)
    return str(binary)


def prepared(workload, place):
    """The words of its command, when its program and its input are there."""
    names = {"work": str(place.work)}
    if workload.source:
        names[pathlib.Path(workload.source).stem] = built(workload.source, place)
    if workload.prepare:
        script = workload.prepare.format(**{name: shlex.quote(value) for name, value in names.items()})
        subprocess.run(["bash", "-euc", script], check=True, stdout=subprocess.DEVNULL, timeout=300)
    return [word.format(**names) for word in workload.command]


def actions(workload, command, place, chosen):
    """What to run for each contestant: its name -> a function that returns a sample."""
    def action(words, environment):
        changes = {**workload.environment, **environment}
        if workload.driver:
            script = workload.driver.format(work=shlex.quote(str(place.work)))
            assignments = [f"{key}={value}" for key, value in changes.items()]
            return lambda: runs.measure(["bash", "-uc", script, "driver", "env", *assignments, *words, *command], {},
                                        chosen.limit)
        return lambda: runs.measure([*words, *command], changes, chosen.limit, workload.input or os.devnull)
    return {name: action(*start) for name, start in contestants.present(place, chosen.contestants).items()}


def fault(workload, samples, plain):
    """Why these samples tell nothing: one failed, or lacks what the plain program printed."""
    for sample in samples:
        if sample.fault or workload.same_output and plain.output.strip() not in sample.output:
            return sample.fault or runs.WRONG
    return None


def cell(workload, samples, plain, clock):
    """{value, low, high, runs}, or {fault}."""
    wrong = fault(workload, samples, plain[0])
    if wrong:
        return {"fault": wrong}
    if workload.unit == "ratio":
        return vars(runs.ratios(samples, plain, clock))
    return vars(runs.differences(samples, plain, clock, 1000))


def row(workload, place, chosen):
    """The question with a cell for each contestant."""
    command = prepared(workload, place)
    rounds = ROUNDS_OF_MILLISECONDS if workload.unit == "ms" else chosen.rounds
    samples = runs.in_turn(actions(workload, command, place, chosen), rounds, chosen.budget)
    plain = samples["plain"]
    failed = next((sample for sample in plain if sample.fault), None)
    if failed:
        sys.exit(f"bench: {workload.question}: the plain program {failed.fault}: {shlex.join(command)}: "
                 f"{failed.errors.decode(errors='replace')}")
    return {"question": workload.question, "unit": workload.unit, "must": workload.must, "aim": workload.aim,
            "command": command, "plain": runs.figure([getattr(sample, chosen.clock) for sample in plain]).value,
            "contestants": {name: cell(workload, taken, plain, chosen.clock) for name, taken in samples.items()}}


def rows(workloads, place, chosen):
    return (row(w, place, chosen) for w in workloads if chosen.only in w.question and w.is_possible())
