"""Lock the calling process in: what a student's process does to itself before the student's first line.

Bubblewrap has already given it a file system of its own (programs and libraries, read-only), and no network.
What is added here is for one submission alone: namespaces of users, processes and messages, an empty scratch
folder of limited size, limits on everything that can be hoarded, and a filter of system calls. Linux only.

It needs `ctypes` because Python 3.11 has no call for `unshare`, `mount`, `capset` or `prctl`.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import resource
import signal
import struct
from dataclasses import dataclass

USER = 1000  # the uid and gid that the student's process sees itself as
NEWNS, NEWUTS, NEWIPC, NEWUSER, NEWPID = 0x20000, 0x4000000, 0x8000000, 0x10000000, 0x20000000
RDONLY, NOSUID, NODEV, NOEXEC = 1, 2, 4, 8
SET_PDEATHSIG, SET_DUMPABLE, SET_SECCOMP, SET_NO_NEW_PRIVS, SECCOMP_FILTER = 1, 4, 22, 38, 2


@dataclass(frozen=True)
class Limits:
    """What one submission may use."""

    memory: int = 2_000_000_000  # bytes, beyond what the warmed process has already
    disk: int = 64_000_000  # bytes in the scratch folder, and in any one file
    files: int = 2_000  # in the scratch folder
    threads: int = 64
    open_files: int = 256
    cpu: int = 600  # seconds: a last resort, should nobody be left to keep the time


def die_with_parent() -> None:
    """Have the kernel kill this process when the one that started it ends, however that ends."""
    _call("prctl", SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def become(uid: int) -> None:
    """Give up root for a user that owns nothing; where we are not root there is nothing to do."""
    if os.getuid() == 0:
        with contextlib.suppress(OSError):  # root of a container that has no other users
            os.setgroups([])
            os.setresgid(uid, uid, uid)
            os.setresuid(uid, uid, uid)
        _call("prctl", SET_DUMPABLE, 1, 0, 0, 0)  # or /proc/self/uid_map would still belong to root


def leave() -> None:
    """Enter new namespaces as user `USER`. The next child is the first process of a process namespace."""
    uid, gid = os.getuid(), os.getgid()
    _call("unshare", NEWUSER | NEWNS | NEWPID | NEWIPC | NEWUTS)
    _write("/proc/self/setgroups", "deny")
    _write("/proc/self/uid_map", f"{USER} {uid} 1")
    _write("/proc/self/gid_map", f"{USER} {gid} 1")


def lock(limits: Limits, scratch: str) -> None:
    """An empty `scratch` folder to work in, no /proc, limits, no privileges, and a filter of system calls."""
    _write("/proc/self/oom_score_adj", "1000")
    used = int(_read("/proc/self/statm").split()[0]) * resource.getpagesize()
    _mount(scratch, f"size={limits.disk},nr_inodes={limits.files},mode=700", NOSUID | NODEV)
    _mount("/dev/shm", "size=16m,nr_inodes=100,mode=700", NOSUID | NODEV | NOEXEC)
    _mount("/proc", "size=4k,nr_inodes=1,mode=555", RDONLY | NOSUID | NODEV | NOEXEC)
    os.chdir(scratch)
    _limit(limits, used)
    _drop_capabilities()
    _call("prctl", SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    _filter_system_calls()


def _limit(limits: Limits, used: int) -> None:
    for name, value in {
        "AS": used + limits.memory,
        "FSIZE": limits.disk,
        "NPROC": limits.threads,
        "NOFILE": limits.open_files,
        "CPU": limits.cpu,
        "CORE": 0,
        "MEMLOCK": 0,
        "MSGQUEUE": 0,
        "SIGPENDING": 64,
    }.items():
        resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), (value, value))


# System calls a student's process may not make: x86-64, arm64 (None: does not exist there). No process may be
# started, so that every limit is exact; what would reach out or outlive the process (network, keyrings,
# shared memory) is closed, and so are the rooms of the kernel that held most of its past holes.
_FORBIDDEN = {
    "fork": (57, None),
    "vfork": (58, None),
    "execve": (59, 221),
    "execveat": (322, 281),
    "socket": (41, 198),
    "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
    "shmget": (29, 194),
    "msgget": (68, 186),
    "semget": (64, 190),
    "mq_open": (240, 180),
    "io_setup": (206, 0),
    "vmsplice": (278, 75),
    "splice": (275, 76),
    "tee": (276, 77),
    "close_range": (436, 436),
    "flock": (73, 32),
    "fadvise64": (
        221,
        223,
    ),  # what the page cache holds tells what others have read, and readahead tells them
    "readahead": (187, 213),
    "mincore": (27, 232),
    "preadv2": (327, 286),
    "pwritev2": (328, 287),
    "process_madvise": (440, 440),
    "setsockopt": (54, 208),  # what lies unread in a socket counts towards no limit: no larger buffers,
    "sendmsg": (46, 211),  # and no descriptors of sockets on their way in sockets
    "sendmmsg": (307, 269),
    "modify_ldt": (154, None),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "pidfd_getfd": (438, 438),
    "unshare": (272, 97),
    "setns": (308, 268),
    "chroot": (161, 51),
    "pivot_root": (155, 41),
    "mount": (165, 40),
    "umount2": (166, 39),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsmount": (432, 432),
    "mount_setattr": (442, 442),
    "open_by_handle_at": (304, 265),
    "fanotify_init": (300, 262),
    "io_uring_setup": (425, 425),
    "userfaultfd": (323, 282),
    "perf_event_open": (298, 241),
    "bpf": (321, 280),
    "personality": (135, 92),
    "syslog": (103, 116),
    "quotactl": (179, 60),
    "kexec_load": (246, 104),
    "init_module": (175, 105),
    "finit_module": (313, 273),
}
_CLONE, _CLONE3, _FCNTL = (56, 220), 435, (72, 25)
_NEWEST = 450  # system calls from here on are younger than this list
_LOCKS = (6, 7, 37, 38, 1024)  # F_SETLK, F_SETLKW, their F_OFD_ twins, F_SETLEASE: seen by other submissions
_ARCHITECTURES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
_CLONE_THREAD, _CLONE_FILES = 0x10000, 0x400  # a thread with descriptors of its own would not be counted
_ALLOW, _KILL, _EPERM, _ENOSYS = 0x7FFF0000, 0x80000000, 0x00050001, 0x00050026
_LOAD, _EQUAL, _AT_LEAST, _HAS_BITS, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06


def system_call_filter(machine: str) -> bytes:
    """The filter as a BPF program. OSError on a machine whose system calls we have no numbers of."""
    if machine not in _ARCHITECTURES:
        raise OSError(f"no system call numbers for {machine}; use x86_64 or aarch64")
    column, audit = _ARCHITECTURES[machine]
    forbidden = [numbers[column] for numbers in _FORBIDDEN.values() if numbers[column] is not None]
    program = [(_LOAD, 0, 0, 4), (_EQUAL, 1, 0, audit), (_RETURN, 0, 0, _KILL), (_LOAD, 0, 0, 0)]
    # x86-64 has a second set of numbers, for 32-bit pointers
    program += [(_AT_LEAST, 0, 1, 0x40000000), (_RETURN, 0, 0, _KILL)]
    for number in forbidden:
        program += [(_EQUAL, 0, 1, number), (_RETURN, 0, 0, _EPERM)]
    program += [(_AT_LEAST, 0, 1, _NEWEST), (_RETURN, 0, 0, _ENOSYS)]
    # clone3 passes its flags through memory, where a filter cannot look: glibc then falls back to clone
    program += [(_EQUAL, 0, 1, _CLONE3), (_RETURN, 0, 0, _ENOSYS)]
    program += [(_EQUAL, 0, 5, _CLONE[column]), (_LOAD, 0, 0, 16), (_HAS_BITS, 0, 2, _CLONE_THREAD)]
    program += [(_HAS_BITS, 0, 1, _CLONE_FILES), (_RETURN, 0, 0, _ALLOW), (_RETURN, 0, 0, _EPERM)]
    program += [(_EQUAL, 0, 2 + 2 * len(_LOCKS), _FCNTL[column]), (_LOAD, 0, 0, 24)]
    for command in _LOCKS:
        program += [(_EQUAL, 0, 1, command), (_RETURN, 0, 0, _EPERM)]
    program += [(_RETURN, 0, 0, _ALLOW), (_RETURN, 0, 0, _ALLOW)]
    return b"".join(struct.pack("HBBI", *instruction) for instruction in program)


def _filter_system_calls() -> None:
    program = system_call_filter(platform.machine())
    code = ctypes.create_string_buffer(program, len(program))
    header = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(code)))
    _call("prctl", SET_SECCOMP, SECCOMP_FILTER, ctypes.byref(header), 0, 0)


def _drop_capabilities() -> None:
    header = struct.pack("Ii", 0x20080522, 0)
    _call("capset", header, bytes(24))


def _mount(where: str, options: str, flags: int) -> None:
    _call("mount", b"none", where.encode(), b"tmpfs", ctypes.c_ulong(flags), options.encode())


def _write(path: str, text: str) -> None:
    with open(path, "w") as file:
        file.write(text)


def _read(path: str) -> str:
    with open(path) as file:
        return file.read()


def _call(name: str, *arguments: object) -> None:
    """A function of the C library; OSError, naming it, if it fails."""
    if getattr(_LIBC, name)(*arguments):
        error = ctypes.get_errno()
        raise OSError(error, f"{name}: {os.strerror(error)}")


_LIBC = ctypes.CDLL(None, use_errno=True)
