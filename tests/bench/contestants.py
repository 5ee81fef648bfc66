"""contestants.py - who is measured: the plain program, castaway, and its peers as far as they are installed.

Owns:   how each is started, and how it is told to keep whole stacks.    Never: measures.
Start:  CONTESTANTS, one line each; present().
"""
import dataclasses
import pathlib
import shutil
import subprocess
import typing

FRAMES = 64
LIBRARY_FOLDERS = ("/usr/lib/x86_64-linux-gnu", "/usr/lib64", "/usr/lib", "/usr/local/lib")


@dataclasses.dataclass(frozen=True)
class Place:
    """Where castaway's own files are, and where a contestant may leave its."""
    build: pathlib.Path
    work: pathlib.Path


@dataclasses.dataclass(frozen=True)
class Contestant:
    """`start` gives (words before the command, changes to the environment); None: not installed here."""
    name: str
    start: typing.Callable[[Place], tuple[list[str], dict[str, str]] | None]
    what: str


def library(name):
    """Path of a shared library that is installed, by the start of its file's name; None without."""
    found = [path for folder in LIBRARY_FOLDERS for path in pathlib.Path(folder).glob(name)]
    return str(found[0]) if found else None


def plain(place):
    return [], {}


def castaway(place):
    return [str(place.build / "castaway"), "run", "--fail-on", "none", "--text", str(place.work / "report"), "--"], {}


def preloaded(place):
    return [], {"LD_PRELOAD": str(place.build / "libcastaway.so"), "CASTAWAY_OPTIONS": f"output={place.work}/%p.cast:fail-on=none"}


def heaptrack(place):
    program = shutil.which("heaptrack")
    return program and ([program, "-o", str(place.work / "heaptrack")], {})


def lsan(options):
    def start(place):
        path = library("liblsan.so.*")
        return path and ([], {"LD_PRELOAD": path, "LSAN_OPTIONS": "exitcode=0:" + options})
    return start


def valgrind(place):
    program = shutil.which("valgrind")
    return program and ([program, "--quiet", "--leak-check=full", f"--num-callers={FRAMES}",
                         f"--log-file={place.work}/valgrind"], {})


def boehm(place):
    path = library("libgc.so.*")
    return path and ([], {"LD_PRELOAD": path})


def gperftools(place):
    path = library("libtcmalloc.so.*")
    return path and ([], {"LD_PRELOAD": path, "HEAPCHECK": "normal", "HEAP_CHECK_AFTER_DESTRUCTORS": "false"})


CONTESTANTS = [
    Contestant("plain", plain, "the program alone; the measure of all others"),
    Contestant("castaway", castaway, "`castaway run`: recording, search, report as text"),
    Contestant("preloaded", preloaded, "the library alone: recording and search"),
    Contestant("heaptrack", heaptrack, "with its interpreter, which runs beside the program"),
    Contestant("LSan", lsan("malloc_context_size=1"), "one frame; the stack by frame pointers"),
    Contestant("LSan full", lsan(f"fast_unwind_on_malloc=0:malloc_context_size={FRAMES}"), "whole stacks"),
    Contestant("memcheck", valgrind, "valgrind --leak-check=full"),
    Contestant("gperftools", gperftools, "HEAPCHECK=normal"),
]

SEARCHERS = [
    Contestant("castaway", preloaded, "stop, clone, search and all that is written of it, seen by the program that waits"),
    Contestant("LSan", lsan("malloc_context_size=1:print_suppressions=0"), "the same of LeakSanitizer"),
    Contestant("Boehm", boehm, "GC_gcollect of a program that has its memory from it"),
]
PEERED = [contestant.name for contestant in CONTESTANTS[1:]]  # columns of a table: all but plain


def present(place, names=None, among=CONTESTANTS):
    """Those `among` them that are installed, and whose names are wanted; name -> (words, environment)."""
    started = {c.name: c.start(place) for c in among if not names or c.name in names or c.name == "plain"}
    return {name: start for name, start in started.items() if start}


def version_line(words):
    """First line that a program says of its version, for the record."""
    try:
        return subprocess.run(words, capture_output=True, text=True, timeout=20).stdout.splitlines()[0]
    except (OSError, IndexError, subprocess.SubprocessError):
        return None
