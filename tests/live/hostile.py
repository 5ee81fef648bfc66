"""hostile.py PID - what a client must not be able to do to the program: garbage, readers that are gone, that never read."""
import os
import socket
import sys

client = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
client.setblocking(False)
client.connect(f"/tmp/castaway-{os.getuid()}/{sys.argv[1]}.sock")
kept = []


def ask(text, close_reader):
    reader, writer = os.pipe()
    try:
        socket.send_fds(client, [text], [writer])
    except BlockingIOError:
        pass
    os.close(writer)
    if close_reader:
        os.close(reader)
    else:
        kept.append(reader)  # open, and never read


for _ in range(20):
    ask(b"nonsense", True)
    ask(b"castaway 1 top", True)
    ask(b"castaway 1 scan 9", False)
    ask(b"castaway 1 top", False)
    ask(b"\xff" * 400, True)
    try:
        client.send(b"castaway 1 status")  # without anything to answer to
    except BlockingIOError:
        pass
with open(os.devnull, "w") as no_stream:
    try:
        socket.send_fds(client, [b"castaway 1 status"], [no_stream.fileno()])
    except BlockingIOError:
        pass
