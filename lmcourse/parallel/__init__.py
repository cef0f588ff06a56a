"""Training on many machines, with real processes that send one another numbers.

Read in this order:

    cluster.py      so many processes, a group that sends and counts the bytes, a job that all of them do
    ring.py         sums and copies over all processes, passed around in a ring
    data.py         each process has the whole network and some of the texts
    tensor.py       each has some of the heads, and some of the inside of each feed-forward layer
    pipeline.py     each has some of the blocks, and passes small batches on
    sharding.py     each has all of the work and a part of the weights, gradients and optimizer (ZeRO)
    plan.py         what each of these weighs, sends and waits, by formulas

Every one gives the gradients of a single process. Left out: several of them at once, experts spread over
processes, sends that go on during the work.
"""
