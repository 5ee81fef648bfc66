"""Modules that the loader opens late, between objects of Python's that are freed and made anew: what the loader keeps is never
lost, whatever lay there before."""
import ctypes
import gc


class Node:
    pass


def churn():
    for _ in range(200):
        a, b = Node(), Node()
        a.other, b.other = b, a
        a.list, a.table, a.set = list(range(50)), {str(i): i for i in range(40)}, set(range(60))


gc.collect()
for module in 'sqlite3 decimal ssl zlib bz2 lzma curses hashlib readline json ctypes multiprocessing asyncio'.split():
    churn()
    gc.collect()
    try:
        __import__(module)
    except ImportError:
        pass
gc.collect()
gc.disable()
ctypes.CDLL(None).exit(0)
