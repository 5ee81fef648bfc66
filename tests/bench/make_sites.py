#!/usr/bin/env python3
"""Write a C program that loses objects at many distinct stacks, through functions of its own.

usage: make_sites.py SITES OBJECTS >program.c
The stacks are the paths of a tree of calls: each of its levels has ten functions."""
import sys

FAN = 10

sites, objects = int(sys.argv[1]), int(sys.argv[2])
levels = 1
while FAN**levels < sites:
    levels += 1
print("#include <stdlib.h>\n#include <string.h>")
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
    print(f"    level0_{function}({objects // sites});")
print("    return 0;\n}")
