"""Fill every place that can be written: big files, many files, sparse files, shared memory, pipes."""

# honest: typical
# %% extra
import os


def fill(folder):
    try:
        for n in range(100):
            with open(f"{folder}/big{n}", "wb") as file:
                for _ in range(100):
                    file.write(bytes(1_000_000))
    except OSError:
        pass


def sparse(folder):
    try:
        with open(f"{folder}/sparse", "wb") as file:
            file.truncate(1 << 45)
    except OSError:
        pass


def many(folder):
    try:
        for n in range(100_000):
            os.mkdir(f"{folder}/d{n}")
    except OSError:
        pass


for folder in ("/dev/shm", "/tmp", "@MARKS@", "/var/tmp", "/run", "/dev/mqueue", "/"):
    for flood in (sparse, many, fill):
        flood(folder)
try:
    descriptor = os.memfd_create("hoard")
    os.ftruncate(descriptor, 1 << 40)
except OSError:
    pass
kept = []
try:
    while True:
        kept.append(os.pipe())
except OSError:
    kept.clear()
# %% extra
for folder in ("/tmp", "/dev/shm"):
    import shutil

    for name in os.listdir(folder):
        shutil.rmtree(f"{folder}/{name}", ignore_errors=True)
        if os.path.isfile(f"{folder}/{name}"):
            os.unlink(f"{folder}/{name}")
