#!/usr/bin/env python3
"""Leaks with random stacks, random suppressions, and a judge of its own that says which hides what.

random_suppressions.py program SEED COUNT      writes shop.cc and other.cc: COUNT leaks, of 1000, 1001, ... bytes
random_suppressions.py blocks SEED COUNT REPORT    writes 1.blocks, ...: two blocks as Valgrind's in each of COUNT files, made
                                                   from the stacks of a JSON report
random_suppressions.py lines SEED COUNT REPORT     writes 1.lines, ...: the same as LeakSanitizer's
random_suppressions.py judge REPORT FILE...    FILE LINE LEAKS BYTES: what the suppression at LINE hides, first come
"""
import json
import random
import re
import sys

FUNCTIONS = {"a": ("alpha", "alpha"), "b": ("alphabet", "alphabet"), "c": ("shop::gamma", "_ZN4shop5gammaEPKcm"),
             "d": ("shop::box::delta", "_ZN4shop3box5deltaEPKcm"), "e": ("other", "other")}
ALLOCATORS = ("malloc", "calloc", "realloc")


def program(seed, count):
    """The path of a leak is the chain of functions that leads to it; each function calls the one that its next letter names."""
    cases = "".join(f"    case '{letter}': {name}(path + 1, size); break;\n" for letter, (name, _) in FUNCTIONS.items())
    body = "{\n    switch (*path) {\n" + cases + "    default: sink = malloc(size);\n    }\n    sink = nullptr;\n}\n"
    head = ("#include <cstdlib>\n#include <cstring>\nextern void *volatile sink;\n"
            'extern "C" void alpha(const char *path, size_t size);\nextern "C" void alphabet(const char *path, size_t size);\n'
            'extern "C" void other(const char *path, size_t size);\nnamespace shop {\nvoid gamma(const char *path, size_t size);\n'
            "struct box { static void delta(const char *path, size_t size); };\n}\n")
    draw = random.Random(seed)
    paths = ["".join(draw.choice("abcde") for _ in range(draw.randint(1, 7))) for _ in range(count)]
    main = "".join(f'    alpha("{path}", {1000 + i});\n' for i, path in enumerate(paths))
    clear = "static void clear() { char room[8192]; memset(room, 0, sizeof room); sink = room; }\n"
    with open("shop.cc", "w") as file:
        file.write(head + "void *volatile sink;\n" + clear)
        for name in ("alpha", "alphabet", "shop::gamma", "shop::box::delta"):
            file.write(f"void {name}(const char *path, size_t size)\n{body}")
        file.write(f"int main()\n{{\n{main}    clear();\n    sink = nullptr;\n}}\n")
    with open("other.cc", "w") as file:
        file.write(f"{head}void other(const char *path, size_t size)\n{body}")


def leaks(report):
    """(bytes, frames) of each leak; a frame is (names, module, file, line), from the innermost on."""
    mangled = dict(FUNCTIONS.values())
    with open(report) as file:
        findings = json.load(file)["findings"]
    for finding in sorted(findings, key=lambda finding: finding["bytes"]):
        frames, below = [], set()
        for frame in finding["stack"]:
            name = frame["function"] or "???"
            bare = name.split("(")[0]
            frames.append(({name, mangled.get(bare, bare)} | below, frame["module"] or "???", frame["file"], frame["line"]))
            if name == "main":
                below = {"(below main)"}
        yield finding["bytes"], frames


def spoil(draw, word):
    """Some way to write a pattern that most often still matches."""
    at, to = sorted((draw.randint(0, len(word)), draw.randint(0, len(word))))
    return draw.choice((word, word, word[:at] + "*", "*" + word[at:], word[:at] + "*" + word[to:], word[:at] + "?" + word[at + 1:],
                        word[:at] + "*" + word[at:to] + "*" + word[to:], word[at:to] or word, word + "x"))


def place(draw, frame):
    names, module, path, line = frame
    base = (path or "none.c").rsplit("/", 1)[-1]
    return draw.choice((f"fun:{spoil(draw, sorted(names)[0])}", f"fun:{spoil(draw, sorted(names)[0])}", f"obj:{spoil(draw, module)}",
                        "obj:*/" + module.rsplit("/", 1)[-1], f"src:{spoil(draw, base)}", f"src:{base}:{line or 1}", "fun:*"))


def block(draw, stack):
    frames = [({"malloc"}, "*vgpreload*", None, 0)] + stack
    places = [draw.choice(("fun:malloc", "fun:*alloc", "fun:m?lloc", "fun:*", "..."))] + [place(draw, f) for f in frames[1:]]
    for _ in range(draw.randint(0, 3)):
        at = draw.randint(1, len(places))
        to = draw.randint(at, len(places))
        places[at:to] = draw.choice(([], ["..."], ["..."], ["...", "..."], places[at:to] * 2))
    places = places[:draw.randint(1, len(places) + 3)]
    if all(word == "..." for word in places):
        places.append("fun:main")
    kinds = draw.choice(([],) * 6 + (["match-leak-kinds: definite"], ["match-leak-kinds: all"], ["match-leak-kinds: reachable"]))
    blank, end = draw.choice(("", "   ", "\t")), draw.choice(("\n", "\n", " \n", "\r\n", "\n\n# a comment\n"))
    return end.join(["{"] + [blank + word for word in ["a name", "Memcheck:Leak"] + kinds + places] + ["}", ""])


def line(draw, stack):
    names, module, path, _ = draw.choice(stack)
    word = spoil(draw, draw.choice((sorted(names)[0], module, path or module))).replace("?", "")
    return draw.choice(("", " ", "# a comment\n")) + "leak:" + draw.choice(("", "", "^")) + (word or "x") + draw.choice(
        ("", "", "$")) + draw.choice(("\n", " \r\n"))


def write(seed, count, report, kind, written):
    draw = random.Random(seed)
    stacks = [frames for _, frames in leaks(report)]
    for number in range(1, count + 1):
        with open(f"{number}.{kind}", "w") as file:
            file.write(written(draw, draw.choice(stacks)) + written(draw, draw.choice(stacks)))


def whole(pattern, text):
    return re.fullmatch("".join({"*": ".*", "?": "."}.get(c, re.escape(c)) for c in pattern), text, re.S) is not None


def part(pattern, text):
    start, pattern = ("^" if pattern.startswith("^") else ""), pattern.removeprefix("^")
    pattern, dollar, _ = pattern.partition("$")
    inner = "".join(".*" if c == "*" else re.escape(c) for c in pattern)
    return re.search(f"{start}{inner}{r'$' if dollar else ''}", text, re.S) is not None


def place_matches(word, frame):
    names, module, path, line = frame
    what, pattern = word.split(":", 1)
    if what == "fun":
        return any(whole(pattern, name) for name in names)
    if what == "obj":
        return whole(pattern, module)
    if not path:
        return False
    pattern, colon, number = pattern.rpartition(":") if re.search(r":\d+$", pattern) else (pattern, "", "")
    return (not colon or int(number) == line) and (whole(pattern, path.rsplit("/", 1)[-1]) or whole(pattern, path))


def places_match(places, frames):
    """As the manual says it: place by place from the innermost frame on, `...` is any number of frames, none too."""
    if not places:
        return True
    if places[0] == "...":
        return any(places_match(places[1:], frames[skipped:]) for skipped in range(len(frames) + 1))
    return bool(frames) and place_matches(places[0], frames[0]) and places_match(places[1:], frames[1:])


def suppressions(file):
    """(line, test of a stack) of each."""
    with open(file, newline="") as stream:
        rows = [row.strip() for row in stream.read().split("\n")]
    number = 0
    while number < len(rows):
        if rows[number] == "{":
            end = rows.index("}", number)
            rest = [row for row in rows[number + 1:end] if row and not row.startswith("#")]
            places = rest[2:]
            hides = not places[0].startswith("match-leak-kinds:") or "reachable" not in places[0]
            places = places[places[0].startswith("match-leak-kinds:"):]
            yield number + 1, lambda frames, places=places, hides=hides: hides and any(
                places_match(places, [({name}, "/vgpreload", None, 0)] + frames) for name in ALLOCATORS)
            number = end
        elif rows[number].startswith("leak:"):
            pattern = rows[number][5:]
            yield number + 1, lambda frames, pattern=pattern: any(
                part(pattern, text) for names, module, path, _ in frames for text in (*names, module, path)
                if text and not text.startswith(("_Z", "(below main)")))
        number += 1


def judge(report, *files):
    found = list(leaks(report))
    for file in files:
        left = found
        for number, hides in suppressions(file):
            hidden = [size for size, frames in left if hides(frames)]
            left = [leak for leak in left if leak[0] not in hidden]
            print(file, number, len(hidden), sum(hidden))


if __name__ == "__main__":
    {"program": lambda seed, count: program(int(seed), int(count)),
     "blocks": lambda seed, count, report: write(seed, int(count), report, "blocks", block),
     "lines": lambda seed, count, report: write(seed, int(count), report, "lines", line),
     "judge": judge}[sys.argv[1]](*sys.argv[2:])
