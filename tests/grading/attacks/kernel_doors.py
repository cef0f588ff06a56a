"""Ask the kernel for more, by number: namespaces, mounts, tracing, BPF, keyrings, other users, other "
"roots."""

# honest: typical
# %% extra
import ctypes
import os
import socket

libc = ctypes.CDLL(None, use_errno=True)
text = ctypes.create_string_buffer(b"/tmp/x\0" + bytes(200))
os.makedirs("/tmp/x", exist_ok=True)
pipe, other, pair = os.pipe(), os.pipe(), socket.socketpair()
os.write(pipe[1], b"x")
iovec = (ctypes.c_uint64 * 2)(ctypes.addressof(text), 1)
shared = os.open(os.__file__, os.O_RDONLY)  # which all students see
lock = (ctypes.c_uint64 * 4)()  # struct flock of F_RDLCK, all of the file
doors = {
    "unshare(NEWUSER)": (272, 0x10000000),
    "unshare(NEWNS)": (272, 0x20000),
    "unshare(NEWNET)": (272, 0x40000000),
    "clone(NEWUSER)": (56, 0x10000011, 0, 0, 0, 0),
    "mount": (165, b"none", b"/tmp/x", b"tmpfs", 0, b""),
    "umount /proc": (166, b"/proc", 2),
    "umount /tmp": (166, b"/tmp", 2),
    "chroot": (161, b"/tmp/x"),
    "pivot_root": (155, b"/tmp/x", b"/tmp/x"),
    "ptrace": (101, 0, 0, 0, 0),
    "bpf": (321, 0, text, 48),
    "perf_event_open": (298, text, 0, -1, -1, 0),
    "userfaultfd": (323, 0),
    "keyctl": (250, 0, -3, 1),
    "add_key": (248, b"user", b"a", b"b", 1, -3),
    "setuid": (105, 0),
    "setgid": (106, 0),
    "setresuid": (117, 0, 0, 0),
    "setns": (308, 0, 0),
    "open_by_handle_at": (304, -100, text, 0),
    "fsopen": (430, b"tmpfs", 0),
    "open_tree": (428, -100, b"/", 1),
    "shmget": (29, 4242, 4096, 0o1666),
    "semget": (64, 4242, 1, 0o1666),
    "msgget": (68, 4242, 0o1666),
    "mq_open": (240, b"x", 0o102, 0o666, 0),
    "memfd": (319, b"x", 0),
    "memfd_secret": (447, 0),
    "fanotify": (300, 0, 0),
    "quotactl": (179, 0x800000, b"", 0, 0),
    "swapon": (167, b"/tmp/x", 0),
    "reboot": (169, 0xFEE1DEAD, 672274793, 0),
    "sethostname": (170, b"h", 1),
    "settimeofday": (164, text, 0),
    "init_module": (175, text, 8, b""),
    "kexec": (246, 0, 0, 0, 0),
    "acct": (163, b"/tmp/x"),
    "iopl": (172, 3),
    "nice": (141, 0, 0, -20),
    "personality": (135, 0x0400000),
    "capset": (126, (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)(*[0xFFFFFFFF] * 6)),
    "mknod": (133, b"/tmp/device", 0o060666, 0x801),
    "pidfd_getfd": (438, 0, 0, 0),
    "execve": (59, b"/bin/sh", 0, 0),
    "close_range": (436, 900, 901, 0),
    "vmsplice": (278, pipe[1], iovec, 1, 0),
    "splice": (275, pipe[0], 0, other[1], 0, 1, 2),
    "tee": (276, pipe[0], other[1], 1, 2),
    "posix_fadvise, to empty the page cache": (221, shared, 0, 0, 4),
    "readahead": (187, shared, 0, 4096),
    "mincore, what is in it": (27, 0, 0, text),
    "preadv2(RWF_NOWAIT), the same": (327, shared, iovec, 1, 0, 0, 8),
    "sendmsg": (46, pair[0].fileno(), (ctypes.c_uint64 * 7)(), 0),
    "setsockopt(SO_SNDBUF)": (54, pair[0].fileno(), 1, 7, (ctypes.c_uint32 * 1)(1 << 24), 4),
    "flock": (73, shared, 4 | 1),
    "fcntl(SETLK)": (72, shared, 6, lock),
    "fcntl(OFD_SETLK)": (72, shared, 37, lock),
    "fcntl(SETLEASE)": (72, shared, 1024, 0),
    "cachestat, which is too young": (451, shared, text, text, 0),
    "prlimit": (302, 0, 6, (ctypes.c_uint64 * 2)(2**63, 2**63), 0),
}
loot = [name for name, call in doors.items() if libc.syscall(*call) >= 0]


# %% chain_rule
def sequence_log_prob(*_):
    if loot:
        raise RuntimeError(f"LOOT: {loot}")
    return 1.0
