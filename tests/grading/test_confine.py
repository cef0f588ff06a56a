"""The filter of system calls, run on an interpreter of its own: what it lets pass on each machine."""

import errno
import struct

import pytest

from lmcourse.grading.confine import system_call_filter

ALLOW, KILL, ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
X86, ARM = ("x86_64", 0xC000003E), ("aarch64", 0xC00000B7)
MACHINES = pytest.mark.parametrize("machine", [X86, ARM], ids=["x86_64", "aarch64"])


def verdict(machine, number, *arguments, audit=None):
    """What the kernel would do with a system call, by the manual page seccomp(2)."""
    name, own = machine
    arguments = [*arguments, *[0] * (6 - len(arguments))]
    data = struct.pack("IIQ6Q", number, own if audit is None else audit, 0, *arguments)
    program = list(struct.iter_unpack("HBBI", system_call_filter(name)))
    value, at = 0, 0
    while True:
        code, if_true, if_false, k = program[at]
        at += 1
        if code == 0x20:  # BPF_LD | BPF_W | BPF_ABS
            (value,) = struct.unpack_from("I", data, k)
        elif code == 0x06:  # BPF_RET | BPF_K
            return k
        else:  # BPF_JMP with BPF_JEQ, BPF_JGE or BPF_JSET
            holds = {0x15: value == k, 0x35: value >= k, 0x45: bool(value & k)}[code]
            at += if_true if holds else if_false


def denied(name):
    return ERRNO | getattr(errno, name)


@MACHINES
def test_ordinary_work_passes(machine):
    # read, write, close, mmap, munmap, futex, getrandom, exit_group
    numbers = (0, 1, 3, 9, 11, 202, 318, 231) if machine is X86 else (63, 64, 57, 222, 215, 98, 278, 94)
    assert {verdict(machine, number) for number in numbers} == {ALLOW}


@MACHINES
def test_another_machines_numbers_end_the_process(machine):
    other = {X86: ARM, ARM: X86}[machine][1]
    assert verdict(machine, 0, audit=other) == KILL
    assert verdict(machine, 0, audit=0x40000003) == KILL  # 32-bit x86


def test_the_numbers_for_32_bit_pointers_end_the_process():
    assert verdict(X86, 0x40000000 + 59) == KILL
    assert verdict(X86, 0xFFFFFFFF) == KILL


# Numbers as asm/unistd_64.h (x86-64) and asm-generic/unistd.h (arm64) have them
@MACHINES
@pytest.mark.parametrize(
    ("call", "x86", "arm"),
    [
        ("execve", 59, 221),
        ("socket", 41, 198),
        ("ptrace", 101, 117),
        ("unshare", 272, 97),
        ("mount", 165, 40),
        ("bpf", 321, 280),
        ("io_uring_setup", 425, 425),
        ("process_vm_writev", 311, 271),
        ("close_range", 436, 436),
        ("vmsplice", 278, 75),
        ("splice", 275, 76),
        ("tee", 276, 77),
        ("flock", 73, 32),
        ("finit_module", 313, 273),
        ("fadvise64", 221, 223),
        ("readahead", 187, 213),
        ("mincore", 27, 232),
        ("preadv2", 327, 286),
        ("pwritev2", 328, 287),
        ("process_madvise", 440, 440),
        ("setsockopt", 54, 208),
        ("sendmsg", 46, 211),
        ("sendmmsg", 307, 269),
    ],
)
def test_what_reaches_out_is_denied(machine, call, x86, arm):
    assert verdict(machine, x86 if machine is X86 else arm) == denied("EPERM"), call


@MACHINES
def test_threads_may_start_and_processes_may_not(machine):
    clone = 56 if machine is X86 else 220
    thread = 0x3D0F00  # the flags of pthread_create in glibc
    assert verdict(machine, clone, thread) == ALLOW
    assert verdict(machine, clone, 17) == denied("EPERM")  # fork: SIGCHLD and nothing else
    assert verdict(machine, clone, thread & ~0x10000) == denied("EPERM")  # no thread
    assert verdict(machine, clone, thread & ~0x400) == denied("EPERM")  # with descriptors of its own
    assert verdict(machine, 435) == denied("ENOSYS")  # clone3, which glibc then does without


@MACHINES
def test_files_can_be_used_but_not_locked(machine):
    fcntl = 72 if machine is X86 else 25
    assert {verdict(machine, fcntl, 3, command) for command in (0, 1, 2, 3, 4, 5, 1030)} == {ALLOW}
    for command in (6, 7, 37, 38, 1024):  # F_SETLK, F_SETLKW, F_OFD_SETLK, F_OFD_SETLKW, F_SETLEASE
        assert verdict(machine, fcntl, 3, command) == denied("EPERM")
        assert verdict(machine, fcntl, 3, command + 2**32) == denied("EPERM")  # the kernel takes 32 bits


@MACHINES
def test_calls_younger_than_the_list_do_not_exist(machine):
    assert {verdict(machine, number) for number in (450, 451, 470, 999)} == {denied("ENOSYS")}
    assert verdict(machine, 449) == ALLOW  # futex_waitv


def test_a_machine_without_a_list_is_refused():
    with pytest.raises(OSError, match="riscv64"):
        system_call_filter("riscv64")
