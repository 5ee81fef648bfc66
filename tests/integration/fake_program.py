#!/usr/bin/env python3
"""A program that plays libcastaway's side of the control protocol, with answers written by hand.

fake_program.py FOLDER [MODE]: FOLDER holds the answers in files status, scan, top, why; requests are noted in FOLDER/requests.
MODE: answer (default), silent (keeps the descriptor, writes nothing), close (writes nothing), trickle (a byte a second),
late, later (its socket comes after 0.3, 2.5 seconds), busy (twice), engaged (busy for good), endless, ends (when it is
asked), deaf (no socket).
"""
import array
import os
import signal
import socket
import sys
import time

folder, mode = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "answer"
place = os.environ.get("FAKE_PLACE", "/tmp/castaway-%d" % os.getuid())
path = "%s/%d.sock" % (place, os.getpid())
kept = []
BUSY = '{"record":"header","format":"castaway","version":1,"pid":1,"argv":["x"],"exit_status":-1}\n' \
       '{"record":"note","code":"busy","count":1}\n{"record":"end"}\n'


def answer(request, out):
    words = request.split()
    name = words[2] if len(words) > 2 else "none"
    if mode == "silent":
        kept.append(os.dup(out))
    elif mode == "ends":
        sys.exit(0)
    elif mode == "trickle":
        for _ in range(30):
            os.write(out, b"{")
            time.sleep(1)
    elif mode == "endless":
        while True:
            os.write(out, b"[" * 65536)
    elif mode == "engaged" or mode == "busy" and answer.busy:
        answer.busy -= 1
        os.write(out, BUSY.encode())
    elif mode != "close":
        with open(os.path.join(folder, name), "rb") as file:
            data = file.read()
        while data:
            data = data[os.write(out, data):]


answer.busy = 2
signal.signal(signal.SIGPIPE, signal.SIG_IGN)
if mode in ("late", "later"):
    time.sleep(0.3 if mode == "late" else 2.5)
os.makedirs(place, 0o700, exist_ok=True)
server = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
if mode != "deaf":
    if os.path.exists(path):  # left by a process that had the number before
        os.unlink(path)
    os.umask(0o177)
    server.bind(path)
with open(os.path.join(folder, "ready"), "w") as file:
    file.write(str(os.getpid()))
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
try:
    while True:
        text, ancillary, _, _ = server.recvmsg(256, 256) if mode != "deaf" else time.sleep(60)
        fds = array.array("i")
        for _, _, data in ancillary:
            fds.frombytes(data[:len(data) - len(data) % fds.itemsize])
        with open(os.path.join(folder, "requests"), "a") as file:
            file.write(text.decode() + "\n")
        try:
            answer(text.decode(), fds[0])
        except OSError:
            pass
        for fd in fds:
            os.close(fd)
finally:
    if mode != "deaf":
        os.unlink(path)
