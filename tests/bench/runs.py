"""runs.py - one process measured, and several kinds of process measured in turn.

Owns:   the clock, time limits, medians and their spread.    Never: knows what castaway or a peer is.
Start:  measure(), in_turn().
"""
import dataclasses
import os
import signal
import statistics
import subprocess
import tempfile
import threading
import time

CRASHED, WRONG, TOO_LONG = "crashes", "wrong", "too long"


@dataclasses.dataclass(frozen=True)
class Sample:
    """One run. Seconds by the clock on the wall and of all processors, KiB at the peak of its largest process; `fault` is
    None, or why the figures mean nothing."""
    wall: float
    cpu: float
    peak_kib: int
    output: bytes
    errors: bytes  # the last of them
    fault: str | None


def measure(argv, environment, limit_seconds, input_path=os.devnull):
    """Run `argv` with `environment` (changes to this process's own, None: unset) and see what it took, children included."""
    merged = {key: value for key, value in {**os.environ, **environment}.items() if value is not None}
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors, open(input_path, "rb") as source:
        start = time.perf_counter()
        process = subprocess.Popen(argv, env=merged, stdin=source, stdout=output, stderr=errors, start_new_session=True)
        timer = threading.Timer(limit_seconds, os.killpg, (process.pid, signal.SIGKILL))
        timer.start()
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        timer.cancel()
        process.returncode = status
        output.seek(0)
        errors.seek(max(0, errors.tell() - 300))
        fault = None if status == 0 else TOO_LONG if wall >= limit_seconds else CRASHED
        return Sample(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss, output.read(), errors.read(), fault)


def in_turn(actions, rounds, budget_seconds):
    """Samples of each action (name -> function that returns one), taken in turn, so that a busy machine slows all alike.

    An action that fails, or that had its budget, is not asked again; the first, the measure of all others, is asked as long
    as another one is.
    returns  name -> samples, as many as there were rounds for the fast ones
    """
    samples = {name: [] for name in actions}
    first, *others = actions
    asked = set(others)
    for _ in range(rounds):
        if samples[first] and not asked:
            break
        for name in [first, *(other for other in others if other in asked)]:
            samples[name].append(actions[name]())
            if samples[name][-1].fault or sum(sample.wall for sample in samples[name]) > budget_seconds:
                asked.discard(name)
    return samples


@dataclasses.dataclass(frozen=True)
class Figure:
    """The median of `runs` values, and the quartiles around it (least and greatest below four values)."""
    value: float
    low: float
    high: float
    runs: int


def figure(values):
    values = sorted(values)
    low, high = values[0], values[-1]
    if len(values) >= 4:
        low, _, high = statistics.quantiles(values, n=4)
    return Figure(statistics.median(values), low, high, len(values))


def ratios(samples, plain, clock):
    """Each sample by the plain one of its round."""
    return figure([getattr(a, clock) / max(getattr(b, clock), 1e-6) for a, b in zip(samples, plain)])


def differences(samples, plain, clock, scale):
    return figure([scale * (getattr(a, clock) - getattr(b, clock)) for a, b in zip(samples, plain)])
