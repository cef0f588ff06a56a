"""Act when nobody looks any more: at exit, in finalizers, in timers, in threads that wait."""

# honest: typical
# %% extra
import atexit
import signal
import threading
import weakref


def mark():
    with open("@MARKS@/late", "w") as file:
        file.write("late")


class Thing:
    pass


thing = Thing()
weakref.finalize(thing, mark)
atexit.register(mark)
threading.Timer(1.0, mark).start()
signal.signal(signal.SIGALRM, lambda *_: mark())
signal.setitimer(signal.ITIMER_REAL, 0.5)
