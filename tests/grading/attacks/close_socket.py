"""Close the channel, give it away, put another in its place; in a cell and in an exercise."""

# with: _channel
# %% extra
import socket

channel.shutdown(socket.SHUT_RD)


# %% chain_rule
def sequence_log_prob(*_):
    os.closerange(3, 300)
    while True:
        pass


# %% temperature
def with_temperature(*_):
    a, b = socket.socketpair()
    os.dup2(a.fileno(), channel.fileno())
    return [0.5, 0.5]


# %% thermostat
def temperature_for_entropy(*_):
    for _ in range(200):
        socket.send_fds(channel, [b"x"], [0, 1, 2])
