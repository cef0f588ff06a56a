"""End by signals, those without a name included, in an exercise."""


# honest: typical
# %% temperature
def with_temperature(*_):
    import os

    for number in (6, 9, 15, 31, 40, 64):
        os.kill(os.getpid(), number)


# %% thermostat
def temperature_for_entropy(*_):
    import faulthandler
    import signal

    signal.signal(signal.SIGSEGV, signal.SIG_IGN)
    import os

    os.abort()
