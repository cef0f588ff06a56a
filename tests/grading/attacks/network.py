"""Reach out: TCP, UDP, DNS, Unix sockets with and without a name, netlink, packets; to the host and "
"beyond."""

# honest: typical
# %% extra
import ctypes
import socket
import urllib.request

PORT = int("@PORT@")
families = [
    (socket.AF_INET, ("127.0.0.1", PORT)),
    (socket.AF_INET6, ("::1", PORT)),
    (socket.AF_UNIX, "\0lmcourse-@PORT@"),
    (socket.AF_UNIX, "/run/docker.sock"),
    (socket.AF_NETLINK, (0, 0)),
    (socket.AF_PACKET, ("lo", 3)),
]
loot = []
for family, address in families:
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW):
        try:
            with socket.socket(family, kind) as line:
                line.settimeout(0.5)
                line.connect(address)
                line.send(b"hello")
                loot.append(str(address))
        except OSError:
            pass
for attempt in (
    lambda: socket.getaddrinfo("example.org", 80),
    lambda: socket.create_connection(("127.0.0.1", PORT), 1),
    lambda: urllib.request.urlopen("http://127.0.0.1:@PORT@/", timeout=1),
):
    try:
        attempt()
        loot.append("a connection")
    except Exception:
        pass
libc = ctypes.CDLL(None)
if libc.syscall(425, 8, ctypes.create_string_buffer(200)) >= 0:  # io_uring_setup
    loot.append("io_uring")


# %% chain_rule
def sequence_log_prob(*_):
    if loot:
        raise RuntimeError(f"LOOT: {loot}")
    return 1.0
