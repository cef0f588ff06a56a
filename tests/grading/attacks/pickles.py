"""Objects that run code when they are unpickled, copied or shown."""

# %% extra
import os


class Mark:
    def __reduce__(self):
        return open, ("@MARKS@/unpickled", "w")

    __deepcopy__ = __copy__ = __repr__ = __str__ = __format__ = lambda self, *_: (
        open("@MARKS@/copied", "w").name
    )
    __del__ = lambda self: open("@MARKS@/deleted", "w").close()


sequence_log_prob = with_temperature = lambda *_: Mark()
typical_filter = lambda *_: np.array([Mark()], dtype=object)


def most_probable(*_):
    import pickle

    return pickle.dumps(Mark())
