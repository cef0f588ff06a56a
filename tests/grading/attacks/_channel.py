"""Not an attack by itself: finds the socket to the grader, and writes frames to it."""

# %% extra
import gc
import json
import os
import struct

server = next(thing for thing in gc.get_objects() if type(thing).__name__ == "Server")
channel = server._socket


def send(tree, about=(), body=b"", sizes=None):
    text = json.dumps([tree, list(about)]).encode()
    channel.sendall(struct.pack("!II", *(sizes or (len(text), len(body)))) + text + body)


def reply(kind, content, about=(), body=b""):
    send([server._ticket, kind, content, ""], about, body)
