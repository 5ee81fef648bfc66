"""recording.py - what does recording cost a whole program, start, search and report included?

Owns:   the programs, and the ratios that castaway must reach and aims for.    Never: starts one.
Start:  WORKLOADS, one entry each.
"""
import shutil
import sys

import compare
import contestants
from compare import SOURCES, Workload

TITLE = "recording: the whole process, by the plain program's time"
PLAIN = "s"
COLUMNS = contestants.PEERED


def python():
    """The interpreter itself: what stands first in PATH may be a script of a version manager."""
    return shutil.which("python3", path="/usr/bin:/usr/local/bin") or sys.executable


WORKLOADS = [
    Workload("churn, 1 thread", ["{churn}", "1", "3000000"], 3.0, 2.0, source="churn.c"),
    Workload("churn, 2 threads", ["{churn}", "2", "3000000"], 3.2, 2.0, source="churn.c"),
    Workload("churn, standing", ["{churn}", "1", "3000000", "standing"], 3.0, 2.0, source="churn.c"),
    Workload("churn, 3 ways in turn", ["{churn}", "1", "3000000", "alternating"], 3.0, 2.0, source="churn.c"),
    Workload("churn, 1 024 ways", ["{churn}", "1", "3000000", "wandering"], 3.0, 2.0, source="churn.c"),
    Workload("python3, 400 000 objects", [python(), str(SOURCES / "objects.py")], 1.7, 1.3,
             environment={"PYTHONMALLOC": "malloc"}),
    Workload("perl, nested hashes", ["perl", str(SOURCES / "hashes.pl")], 1.4, 1.2, needs=("perl",)),
    Workload("sqlite3 in memory", ["sqlite3", ":memory:"], 1.18, 1.08, input=str(SOURCES / "tables.sql"),
             needs=("sqlite3",)),
    Workload("C++, templates and maps", ["{containers}", "6000"], 1.6, 1.3, source="containers.cc"),
    Workload("start and exit of true", ["/bin/true"], 5, 2, unit="ms"),
]


def rows(place, chosen):
    return compare.rows(WORKLOADS, place, chosen)
