"""Links with a delay, for kernels without netem: delay.py MILLISECONDS [A B]...

Makes the TUN devices A and B of each pair, says `ready`, and carries each packet from one to the other so much
later, in order. The devices may then be moved into namespaces; they go when this ends.
"""
import collections
import fcntl
import os
import select
import struct
import sys
import time

TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 0x1, 0x1000


def tun(name):
    fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH14x", name.encode(), IFF_TUN | IFF_NO_PI))
    return fd


def take(fd, into, due):
    while True:
        try:
            into.append((due, os.read(fd, 65536)))
        except BlockingIOError:
            return


def give(fd, queue, now):
    while queue and queue[0][0] <= now:
        try:
            os.write(fd, queue.popleft()[1])
        except OSError:
            pass  # the device is not up: a packet is lost, as on any link


def main():
    delay = float(sys.argv[1]) / 1000
    names = sys.argv[2:]
    fds = [tun(name) for name in names]
    # what is read from a device goes to the other one of its pair
    peer = {fds[i]: fds[i ^ 1] for i in range(len(fds))}
    queues = {fd: collections.deque() for fd in fds}
    print("ready", flush=True)
    while True:
        now = time.monotonic()
        due = min((q[0][0] for q in queues.values() if q), default=now + 1)
        # select's timeout is finer than the milliseconds of epoll
        ready, _, _ = select.select(fds, [], [], max(0, due - now))
        now = time.monotonic()
        for fd in ready:
            take(fd, queues[peer[fd]], now + delay)
        now = time.monotonic()
        for fd, queue in queues.items():
            give(fd, queue, now)


main()
