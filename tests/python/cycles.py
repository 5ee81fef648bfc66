"""Makes garbage of one shape with the collector off, then ends without the interpreter's own cleaning up.

cycles.py SHAPE collect   prints how many objects the collector finds
cycles.py SHAPE leave     leaves them to whoever looks
"""
import ctypes
import gc
import sys
import weakref

TIMES = 50


class Node:
    pass


class Finalized:
    def __del__(self):
        pass


def itself():
    node = Node()
    node.me = node


def pair():
    a, b = Node(), Node()
    a.other, b.other = b, a


def ring():
    nodes = [Node() for _ in range(5)]
    for i, node in enumerate(nodes):
        node.next = nodes[(i + 1) % 5]


def dictionary():
    table = {}
    table['me'] = table


def listing():
    items = [1, 2, 3]
    items.append(items)


def closure():
    def inner():
        return inner


def traceback():
    try:
        raise ValueError('kept')
    except ValueError as error:
        kept = error


def weak():
    a, b = Node(), Node()
    a.other, b.other = b, a
    references.append(weakref.ref(a))


def finalized():
    a, b = Finalized(), Finalized()
    a.other, b.other = b, a


def generator():
    def count():
        holder = [steps]
        yield holder
    steps = count()
    next(steps)


def none():
    a, b = Node(), Node()
    a.child = b
    b.parent = weakref.ref(a)


references = []
gc.collect()
gc.disable()
shape = globals()[sys.argv[1]]
for _ in range(TIMES):
    shape()
if sys.argv[2] == 'collect':
    print(gc.collect())
else:
    ctypes.CDLL(None).exit(0)
