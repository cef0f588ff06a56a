"""Fill the file or terminal behind the standard descriptors, past everything that Python keeps short."""

# honest: typical
# %% extra
import os

for number in (0, 1, 2):
    try:
        for _ in range(30):
            os.write(number, b"flood " * 200_000)
    except OSError:
        pass
    if os.fstat(number).st_size:
        raise RuntimeError(f"LOOT: descriptor {number} is a file that others share")
