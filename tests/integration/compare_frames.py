"""compare_frames.py STEPS REPORT - do castaway's stacks equal those that unw_step gave in the program itself?

STEPS: lines `SIZE MODULE OFFSET`, innermost first, as frames.h prints them. REPORT: castaway's JSON. The object of SIZE
bytes was made by the innermost function, by another instruction than the one that unw_step started from: that frame's
offset may differ, all others must be equal. Prints the differences; the status says whether there are any, or nothing was compared."""
import collections
import json
import os
import sys


def frames_of(stack):
    """(module, offset) of each physical frame; the inlined ones stand before the function that they are in, and those
    that called by jumping have none."""
    return [(os.path.basename(f["module"] or "?"), f["offset"])
            for f in stack if not f.get("inlined") and not f.get("put_back")]


def main(steps_path, report_path):
    steps = collections.defaultdict(list)
    for line in open(steps_path):
        size, module, offset = line.rsplit(None, 2)[0:3]
        steps[int(size)].append((os.path.basename(module), int(offset)))
    with open(report_path) as file:
        report = json.load(file)
    program = os.path.basename(report["program"]["argv"][0])
    found = {f["bytes"]: f["stack"] for f in report["findings"] if f["kind"] == "lost" and f["count"] == 1}
    wrong = not steps
    for size, wanted in sorted(steps.items()):
        wanted = [(program if module == "main" else module, offset) for module, offset in wanted]
        got = frames_of(found.get(size, []))
        if [f[0] for f in wanted[:1]] + wanted[1:] != [f[0] for f in got[:1]] + got[1:]:
            wrong = True
            print(f"object of {size} bytes:")
            for i in range(max(len(wanted), len(got))):
                a, b = (f"{x[i][0]}+{x[i][1]:#x}" if i < len(x) else "-" for x in (wanted, got))
                print(f"  {' ' if i and a == b else '?' if not i else '*'} {a:40} {b}")
    return wrong


sys.exit(main(*sys.argv[1:]))
