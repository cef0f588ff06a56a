"""Threads without end, all asleep."""

# honest: typical
# %% extra
import threading
import time

for _ in range(20_000):
    try:
        threading.Thread(target=time.sleep, args=(3600,), daemon=True).start()
    except RuntimeError:
        break
