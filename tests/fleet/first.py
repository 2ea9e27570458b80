"""When the first submit_sm of each sender came by: first.py PORT SENDERS EACH

Listens to every device of this namespace, says `ready`, and prints `ADDRESS NANOSECONDS` (the kernel's stamp) for the
first EACH submit_sm to PORT from each address, until so many senders have sent so many.
"""
import socket
import struct
import sys

SO_TIMESTAMPNS, ETH_P_IP, SUBMIT_SM = 35, 0x0800, b"\x00\x00\x00\x04"


def submits(packet, port):
    """Who sends how many submit_sm in this packet."""
    if len(packet) < 40 or packet[0] >> 4 != 4 or packet[9] != socket.IPPROTO_TCP:
        return None, 0
    at = (packet[0] & 15) * 4
    if struct.unpack_from("!H", packet, at + 2)[0] != port:
        return None, 0
    octets = packet[at + (packet[at + 12] >> 4) * 4 : struct.unpack_from("!H", packet, 2)[0]]
    count = 0
    while len(octets) >= 16:
        count += octets[4:8] == SUBMIT_SM
        octets = octets[max(16, struct.unpack_from("!I", octets)[0]) :]
    return socket.inet_ntoa(packet[12:16]), count


def main():
    port, senders, each = (int(argument) for argument in sys.argv[1:])
    wire = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_IP))
    wire.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
    print("ready", flush=True)
    seen = {}
    while len(seen) < senders or min(seen.values()) < each:
        packet, stamps, _, _ = wire.recvmsg(65536, 64)
        sender, count = submits(packet, port)
        for _ in range(min(count, each - seen.get(sender, 0))):
            seconds, nanos = struct.unpack("qq", stamps[0][2][:16])
            print(sender, seconds * 10**9 + nanos, flush=True)
            seen[sender] = seen.get(sender, 0) + 1


main()
