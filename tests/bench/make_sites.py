#!/usr/bin/env python3
"""Write a C program that loses objects at many distinct stacks, through functions of its own.

usage: make_sites.py SITES OBJECTS [SHAPE] >program.c
SHAPE  paths      of a tree of calls: each of its levels has ten functions
       functions  each allocates itself
       lines      of one function, each with a variable and a struct of its own"""
import sys

FAN = 10


def write_paths(sites, times):
    levels = 1
    while FAN**levels < sites:
        levels += 1
    print("static unsigned number;")
    print("static void __attribute__((noinline)) lose(long times) {")
    print("    for (long i = 0; i < times; i++)\n        memset(malloc(24 + number % 64), 0, 24);\n    number++;\n}")
    for level in reversed(range(levels)):
        for function in range(FAN):
            print(f"static void __attribute__((noinline)) level{level}_{function}(long times) {{")
            if level == levels - 1:
                print("    lose(times);")
            else:
                for callee in range(FAN):
                    print(f"    level{level + 1}_{callee}(times);")
            print('    __asm__ volatile("");\n}')
    print("int main(void) {")
    for function in range(min(FAN, -(-sites // FAN ** (levels - 1)))):
        print(f"    level0_{function}({times});")
    print("    return 0;\n}")


def write_functions(sites, times):
    for site in range(sites):
        print(f"static void __attribute__((noinline)) lose{site}(void) {{")
        print(f"    for (long i = 0; i < {times}; i++)\n        memset(malloc(24 + {site % 64}), 0, 24);\n}}")
    print("int main(void) {")
    for site in range(sites):
        print(f"    lose{site}();")
    print("    return 0;\n}")


def write_lines(sites, times):
    for site in range(sites):
        print(f"struct kind{site} {{ struct kind{site} *next; long value[{1 + site % 64}]; }};")
    print("int main(void) {")
    for site in range(sites):
        print(f"    for (long i = 0; i < {times}; i++) {{\n        struct kind{site} *volatile lost = malloc(sizeof *lost);")
        print("        lost->next = NULL;\n        lost = NULL;\n    }")
    print("    return 0;\n}")


WRITERS = {"paths": write_paths, "functions": write_functions, "lines": write_lines}
count, objects = int(sys.argv[1]), int(sys.argv[2])
print("#include <stdlib.h>\n#include <string.h>")
WRITERS[sys.argv[3] if len(sys.argv) > 3 else "paths"](count, objects // count)
