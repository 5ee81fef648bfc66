#!/usr/bin/env python3
"""generate.py FOLDER SEED - leaking functions and their mended twins by table: every way of allocating that is drawn for
every way in which the block goes from its allocation to where it should be freed.

Writes FOLDER/near.cc and FOLDER/far.cc (one program: `all bad`, `all good`, or one case alone) and FOLDER/expected.json:
for each case the objects and bytes that its bad function loses. The shapes are those of CWE-401's test suites: a number
names the flow as they do. One process does all cases, so that a second is enough for them."""
import json
import random
import sys

# ---- how a block is made: name, type, what makes it, statement that frees it, bytes. All of it is written to: what was
# in the memory before could be pointers to another case's block.
SIZES = {"char": 1, "int": 4, "int64_t": 8, "wchar_t": 4, "two_ints": 8, "object": 16}
ALLOCATIONS = []


def allocation(name, kind, make, free, size, cookie=0):
    ALLOCATIONS.append({"name": name, "kind": kind, "make": make, "free": free, "bytes": size, "used": size - cookie})


for kind in ("char", "int", "int64_t", "wchar_t", "two_ints"):
    size = SIZES[kind]
    allocation(f"malloc_{kind}", kind, f"({kind} *)malloc(100 * sizeof({kind}))", "free(data)", 100 * size)
    allocation(f"calloc_{kind}", kind, f"({kind} *)calloc(100, sizeof({kind}))", "free(data)", 100 * size)
    allocation(f"realloc_{kind}", kind, f"({kind} *)realloc(NULL, 100 * sizeof({kind}))", "free(data)", 100 * size)
    allocation(f"regrown_{kind}", kind, f"({kind} *)realloc(malloc(3), 130 * sizeof({kind}))", "free(data)", 130 * size)
    allocation(f"new_{kind}", kind, f"new {kind}", "delete data", size)
    allocation(f"array_{kind}", kind, f"new {kind}[100]", "delete[] data", 100 * size)
allocation("strdup", "char", 'strdup("a string")', "free(data)", 9)
allocation("strndup", "char", 'strndup("a string", 4)', "free(data)", 5)
allocation("wcsdup", "wchar_t", 'wcsdup(L"a string")', "free(data)", 36)
allocation("aligned_char", "char", "(char *)aligned_alloc(64, 192)", "free(data)", 192)
allocation("new_object", "object", "new object", "delete data", 16)
allocation("array_object", "object", "new object[10]", "delete[] data", 168, cookie=8)
allocation("nothrow_object", "object", "new (std::nothrow) object", "delete data", 16)

# ---- flows. In them MAKE makes the block and USE uses it; FREE frees it, in the bad twin not at all. NAME is the case's.
# Each: number, near.cc before the function, its body, far.cc
CONDITIONS = {
    2: "1", 3: "5 == 5", 4: "STATIC_CONST_TRUE", 5: "static_true", 6: "STATIC_CONST_FIVE == 5", 7: "static_five == 5",
    8: "static_returns_true()", 9: "GLOBAL_CONST_TRUE", 10: "global_true", 11: "global_returns_true()",
    13: "GLOBAL_CONST_FIVE == 5", 14: "global_five == 5",
}
FLOWS = {1: ("", "TYPE *data = MAKE; USE; FREE;", "")}
for number, condition in CONDITIONS.items():
    FLOWS[number] = ("", f"TYPE *data = NULL; if ({condition}) {{ data = MAKE; USE; }} if ({condition}) {{ FREE; }}", "")
FLOWS.update({
    12: ("", "TYPE *data = NULL; if (global_returns_true_or_false()) { data = MAKE; USE; } else { data = MAKE; USE; }"
             " if (global_returns_true_or_false()) { FREE; } else { FREE; }", ""),
    15: ("", "TYPE *data = NULL; switch (global_five + 1) { case 6: data = MAKE; USE; break; default: break; }"
             " switch (global_five + 2) { case 6: seen(NULL); break; default: FREE; break; }", ""),
    16: ("", "TYPE *data = NULL; while (1) { data = MAKE; USE; break; } while (1) { FREE; break; }", ""),
    17: ("", "TYPE *data = NULL; for (int i = 0; i < 1; i++) { data = MAKE; USE; } for (int i = 0; i < 1; i++) { FREE; }",
         ""),
    18: ("", "TYPE *data = NULL; goto source; source: data = MAKE; USE; goto sink; sink: FREE;", ""),
    21: ("static int NAME_flag; static NOIPA void NAME_sink(TYPE *data) { if (NAME_flag) { FREE; } }",
         "TYPE *data = MAKE; USE; NAME_flag = 1; NAME_sink(data);", ""),
    22: ("extern int NAME_flag; void NAME_sink(TYPE *data);", "TYPE *data = MAKE; USE; NAME_flag = 1; NAME_sink(data);",
         "int NAME_flag; void NAME_sink(TYPE *data); void NAME_sink(TYPE *data) { if (NAME_flag) { FREE; } }"),
    31: ("", "TYPE *data = MAKE; USE; { TYPE *copy = data; TYPE *data = copy; FREE; }", ""),
    32: ("", "TYPE *data = NULL; TYPE **one = &data, **two = &data; { TYPE *data = *one; data = MAKE; USE; *one = data; }"
             " { TYPE *data = *two; FREE; }", ""),
    33: ("", "TYPE *data = MAKE; TYPE *&name = data; USE; { TYPE *data = name; FREE; }", ""),
    34: ("union NAME_union { TYPE *first, *second; };",
         "NAME_union both; TYPE *data = MAKE; USE; both.first = data; { TYPE *data = both.second; FREE; }", ""),
    41: ("static NOIPA void NAME_sink(TYPE *data) { USE; FREE; }", "TYPE *data = MAKE; NAME_sink(data);", ""),
    42: ("static NOIPA TYPE *NAME_source() { TYPE *data = MAKE; USE; return data; }", "TYPE *data = NAME_source(); FREE;", ""),
    43: ("static NOIPA void NAME_source(TYPE *&data) { data = MAKE; USE; }", "TYPE *data = NULL; NAME_source(data); FREE;", ""),
    44: ("static void NAME_sink(TYPE *data) { USE; FREE; }",
         "void (*volatile sink)(TYPE *) = NAME_sink; TYPE *data = MAKE; sink(data);", ""),
    45: ("static TYPE *NAME_data; static NOIPA void NAME_sink() { TYPE *data = NAME_data; NAME_data = NULL; USE; FREE; }",
         "NAME_data = MAKE; NAME_sink();", ""),
    51: ("void NAME_sink(TYPE *data);", "TYPE *data = MAKE; NAME_sink(data);",
         "void NAME_sink(TYPE *data); void NAME_sink(TYPE *data) { USE; FREE; }"),
    53: ("void NAME_b(TYPE *data); void NAME_c(TYPE *data); void NAME_c(TYPE *data) { USE; FREE; }",
         "TYPE *data = MAKE; NAME_b(data);",
         "void NAME_c(TYPE *data); void NAME_b(TYPE *data); void NAME_b(TYPE *data) { NAME_c(data); }"),
    54: ("void NAME_b(TYPE *data); void NAME_c(TYPE *data); void NAME_d(TYPE *data);"
         " void NAME_c(TYPE *data) { NAME_d(data); }", "TYPE *data = MAKE; NAME_b(data);",
         "void NAME_b(TYPE *data); void NAME_c(TYPE *data); void NAME_d(TYPE *data);"
         " void NAME_b(TYPE *data) { NAME_c(data); } void NAME_d(TYPE *data) { USE; FREE; }"),
    61: ("TYPE *NAME_source();", "TYPE *data = NAME_source(); FREE;",
         "TYPE *NAME_source(); TYPE *NAME_source() { TYPE *data = MAKE; USE; return data; }"),
    62: ("void NAME_source(TYPE *&data);", "TYPE *data; NAME_source(data); FREE;",
         "void NAME_source(TYPE *&data); void NAME_source(TYPE *&data) { data = MAKE; USE; }"),
    63: ("void NAME_sink(TYPE **place);", "TYPE *data = MAKE; NAME_sink(&data);",
         "void NAME_sink(TYPE **place); void NAME_sink(TYPE **place) { TYPE *data = *place; USE; FREE; }"),
    64: ("void NAME_sink(void *place);", "TYPE *data = MAKE; NAME_sink(&data);",
         "void NAME_sink(void *place); void NAME_sink(void *place) { TYPE *data = *(TYPE **)place; USE; FREE; }"),
    65: ("void NAME_sink(TYPE *data);", "void (*volatile sink)(TYPE *) = NAME_sink; TYPE *data = MAKE; sink(data);",
         "void NAME_sink(TYPE *data); void NAME_sink(TYPE *data) { USE; FREE; }"),
    66: ("void NAME_sink(TYPE *array[]);", "TYPE *data = MAKE, *array[5] = {}; array[2] = data; NAME_sink(array);",
         "void NAME_sink(TYPE *array[]); void NAME_sink(TYPE *array[]) { TYPE *data = array[2]; USE; FREE; }"),
    67: ("struct NAME_struct { int number; TYPE *data; }; void NAME_sink(NAME_struct both);",
         "NAME_struct both = {1, MAKE}; NAME_sink(both);",
         "struct NAME_struct { int number; TYPE *data; }; void NAME_sink(NAME_struct both);"
         " void NAME_sink(NAME_struct both) { TYPE *data = both.data; USE; FREE; }"),
    68: ("extern TYPE *NAME_data; void NAME_sink();", "NAME_data = MAKE; NAME_sink();",
         "TYPE *NAME_data; void NAME_sink(); void NAME_sink() { TYPE *data = NAME_data; NAME_data = NULL; USE; FREE; }"),
    72: ("void NAME_sink(std::vector<TYPE *> vector);",
         "TYPE *data = MAKE; std::vector<TYPE *> vector; vector.insert(vector.end(), 3, data); NAME_sink(vector);",
         "void NAME_sink(std::vector<TYPE *> vector);"
         " void NAME_sink(std::vector<TYPE *> vector) { TYPE *data = vector[2]; USE; FREE; }"),
    73: ("void NAME_sink(std::list<TYPE *> list);",
         "TYPE *data = MAKE; std::list<TYPE *> list; for (int i = 0; i < 3; i++) list.push_back(data); NAME_sink(list);",
         "void NAME_sink(std::list<TYPE *> list);"
         " void NAME_sink(std::list<TYPE *> list) { TYPE *data = list.back(); USE; FREE; }"),
    74: ("void NAME_sink(std::map<int, TYPE *> map);",
         "TYPE *data = MAKE; std::map<int, TYPE *> map; for (int i = 0; i < 3; i++) map[i] = data; NAME_sink(map);",
         "void NAME_sink(std::map<int, TYPE *> map);"
         " void NAME_sink(std::map<int, TYPE *> map) { TYPE *data = map[2]; USE; FREE; }"),
    81: ("struct NAME_base { virtual ~NAME_base() = default; virtual void act(TYPE *data) const = 0; };"
         " struct NAME_one : NAME_base { void act(TYPE *data) const override { USE; FREE; } };",
         "NAME_one one; const NAME_base &base = one; TYPE *data = MAKE; seen(&one); base.act(data);", ""),
    82: ("struct NAME_base { virtual ~NAME_base() = default; virtual void act(TYPE *data) = 0; };"
         " struct NAME_one : NAME_base { void act(TYPE *data) override { USE; FREE; } };",
         "NAME_base *base = (NAME_base *)seen(new NAME_one); TYPE *data = MAKE; base->act(data); delete base;", ""),
    83: ("struct NAME_class { TYPE *kept; NAME_class() { TYPE *data = MAKE; USE; kept = data; }"
         " ~NAME_class() { TYPE *data = kept; FREE; } };", "NAME_class here; seen(&here);", ""),
    84: ("struct NAME_class { TYPE *kept; NAME_class() { TYPE *data = MAKE; USE; kept = data; }"
         " ~NAME_class() { TYPE *data = kept; FREE; } };",
         "NAME_class *there = (NAME_class *)seen(new NAME_class); delete there;", ""),
})

HEAD = r"""
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <cwchar>
#include <list>
#include <map>
#include <new>
#include <vector>
#define NOIPA __attribute__((noipa))
struct two_ints { int one, two; };
struct object { long a = 1; char *b = nullptr; ~object() { a = 0; } };
extern const int GLOBAL_CONST_TRUE, GLOBAL_CONST_FIVE;
extern int global_true, global_five;
int global_returns_true();
int global_returns_true_or_false();
static inline void *seen(void *pointer) { __asm__ volatile("" : "+r"(pointer) : : "memory"); return pointer; }
"""
NEAR = r"""
static const int STATIC_CONST_TRUE = 1, STATIC_CONST_FIVE = 5;
static int static_true = 1, static_five = 5;
static int static_returns_true() { return 1; }
struct pair { const char *name; void (*bad)(); void (*good)(); };
"""
FAR = r"""
extern const int GLOBAL_CONST_TRUE = 1, GLOBAL_CONST_FIVE = 5;
int global_true = 1, global_five = 5;
int global_returns_true() { return 1; }
int global_returns_true_or_false() { static int calls; return calls++ / 3 % 2; }
"""
MAIN = r"""
int main(int count, char **words) {
    int is_bad = count > 2 && strcmp(words[2], "bad") == 0, found = 0;
    for (const pair &each : pairs)
        if (count > 2 && (strcmp(words[1], "all") == 0 || strcmp(words[1], each.name) == 0)) {
            (is_bad ? each.bad : each.good)();
            found = 1;
        }
    return !found;
}
"""


def written(text, name, how, is_bad):
    """The text of a flow for one way of allocating."""
    free = "seen(data)" if is_bad else how["free"]
    for word, meaning in (("MAKE", f"({how['kind']} *)seen({how['make']})"), ("USE", f"memset((void *)data, 0, {how['used']})"),
                          ("FREE", free), ("NAME", name), ("TYPE", how["kind"])):
        text = text.replace(word, meaning)
    return text


def case(number, how):
    name = f"case_{number:02}_{how['name']}"
    near, far = [], []
    before, body, other = FLOWS[number]
    for is_bad in (True, False):
        full = f"{name}_{'bad' if is_bad else 'good'}"
        near.append(written(before, full, how, is_bad))
        near.append(f"static NOIPA void {full}() {{ {written(body, full, how, is_bad)} seen(NULL); }}")
        far.append(written(other, full, how, is_bad))
    return name, near, far


def main():
    folder, seed = sys.argv[1], int(sys.argv[2])
    draw = random.Random(seed)
    near, far, pairs, expected = [HEAD, NEAR], [HEAD, FAR], [], {}
    for number in FLOWS:
        for how in draw.sample(ALLOCATIONS, 6) if number != 1 else ALLOCATIONS:
            name, near_lines, far_lines = case(number, how)
            near += near_lines
            far += far_lines
            pairs.append(f'    {{"{name}", {name}_bad, {name}_good}},')
            expected[name] = {"objects": 1, "bytes": how["bytes"]}
    near += ["static const pair pairs[] = {", *pairs, "};", MAIN]
    for file, lines in (("near.cc", near), ("far.cc", far)):
        with open(f"{folder}/{file}", "w", encoding="utf-8") as out:
            out.write("\n".join(line for line in lines if line) + "\n")
    with open(f"{folder}/expected.json", "w", encoding="utf-8") as out:
        json.dump(expected, out)


main()
