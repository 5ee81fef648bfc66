#!/usr/bin/env python3
"""make_recordings.py FOLDER PROCESSES FINDINGS FRAMES - recordings of many processes of one program, as its test suite
leaves them: the same findings in all, each at addresses of its own, in one of several orders."""
import json
import random
import sys

ORDERS = 16
folder, processes, findings, frames = sys.argv[1], *map(int, sys.argv[2:5])
chance = random.Random(1)
stacks = [[[chance.randrange(2), 160000 + chance.randrange(400) * 512] for _ in range(frames)] for _ in range(findings)]
zero = {"objects": 0, "bytes": 0, "findings": 0}


def lines(records):
    return "".join(json.dumps(record, separators=(",", ":")) + "\n" for record in records)


def header(pid):
    return lines([
        {"record": "header", "format": "castaway", "version": 1, "tool": "0.1.0", "pid": pid, "ppid": 1,
         "argv": ["./test", str(pid)], "executable": "/usr/bin/perl", "exit_status": 0, "start": 1e9 + pid, "end": 2e9},
        {"record": "module", "id": 0, "path": "/usr/bin/perl", "build_id": "", "bias": chance.randrange(1 << 46)},
        {"record": "module", "id": 1, "path": "/lib/x86_64-linux-gnu/libc.so.6", "build_id": "", "bias": 4096}])


def body():
    order = list(range(findings))
    chance.shuffle(order)
    age = {"generation": 2, "born_us": 100, "lost_between": {"scan_a": 0, "scan_b": 1, "us_a": 100, "us_b": 200}}
    return (lines({"record": "site", "id": i + 1, "frames": stacks[s]} for i, s in enumerate(order)) +
            lines([{"record": "scan", "generation": 2, "number": 1,
                    "lost": {"objects": findings, "bytes": 24 * findings, "findings": findings},
                    "lost_indirect": zero, "cycle": zero, "possible": zero, "reachable": zero}]) +
            lines({"record": "finding", "kind": "lost", "site": i + 1, "count": 1, "objects": 1, "bytes": 24,
                   "indirect_objects": 0, "indirect_bytes": 0, **age} for i in range(findings)) +
            lines([{"record": "end"}]))


bodies = [body() for _ in range(ORDERS)]
for pid in range(1000, 1000 + processes):
    with open(f"{folder}/{pid}.cast", "w") as file:
        file.write(header(pid) + bodies[pid % ORDERS])
