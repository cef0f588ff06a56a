"""Leave processes behind: forked twice, in a session of their own, spawned, through a shell."""

# honest: typical
# %% extra
import multiprocessing
import os
import subprocess
import time


def stay():
    with open("@MARKS@/orphan", "w") as file:
        file.write("alive")
    time.sleep(3600)


def twice():
    if not os.fork():
        os.setsid()
        if not os.fork():
            stay()
        os._exit(0)


command = ["/bin/sh", "-c", "touch @MARKS@/spawned; nohup sleep 3600 &"]
for start in (
    twice,
    lambda: subprocess.Popen(command, start_new_session=True),
    lambda: os.posix_spawn("/bin/sh", command, {}),
    lambda: os.system(" ".join(command)),
    lambda: multiprocessing.get_context("fork").Process(target=stay).start(),
    lambda: multiprocessing.get_context("spawn").Process(target=stay).start(),
    lambda: os.execv("/bin/sh", command),
):
    try:
        start()
    except Exception:
        pass
get_ipython().system("touch @MARKS@/shell")
