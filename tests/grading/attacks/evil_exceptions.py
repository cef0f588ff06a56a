"""Exceptions named like the grader's own, with methods that raise, exit or lie."""

# %% extra
from lmcourse.grading.checks import CheckFailed as TheirFailure
from lmcourse.grading.checks import StudentError as TheirError


class Gone(BaseException):
    pass


class OutOfTime(BaseException):
    pass


class CheckFailed(Exception):
    pass


class Evil(Exception):
    def __str__(self):
        raise SystemExit

    __repr__ = __str__


class Named(type):
    __name__ = property(lambda cls: 1 / 0)
    __mro__ = property(lambda cls: 1 / 0)


class Odd(Exception, metaclass=Named):
    pass


def raiser(make):
    def function(*_, **__):
        raise make()

    return function


sequence_log_prob = raiser(Evil)
with_temperature = raiser(lambda: TheirFailure(""))
temperature_for_entropy = raiser(lambda: TheirError([], ""))
fill_blank = raiser(lambda: Gone("stopped after"))
typical_filter = raiser(OutOfTime)
most_probable = raiser(Odd)
annealed_next = raiser(KeyboardInterrupt)
