"""When the first submit_sm of each sender came by: first.py PORT SENDERS

Listens to every device of this namespace, says `ready`, and prints `ADDRESS NANOSECONDS` (the kernel's stamp) for the
first submit_sm to PORT from each address, until so many senders were seen.
"""
import socket
import struct
import sys

SO_TIMESTAMPNS, ETH_P_IP, SUBMIT_SM = 35, 0x0800, b"\x00\x00\x00\x04"


def submit_from(packet, port):
    """The address that sends a submit_sm in this packet; None: it holds none."""
    if len(packet) < 40 or packet[0] >> 4 != 4 or packet[9] != socket.IPPROTO_TCP:
        return None
    at = (packet[0] & 15) * 4
    if struct.unpack_from("!H", packet, at + 2)[0] != port:
        return None
    octets = packet[at + (packet[at + 12] >> 4) * 4 : struct.unpack_from("!H", packet, 2)[0]]
    while len(octets) >= 16:
        if octets[4:8] == SUBMIT_SM:
            return socket.inet_ntoa(packet[12:16])
        octets = octets[max(16, struct.unpack_from("!I", octets)[0]) :]
    return None


def main():
    port, senders = int(sys.argv[1]), int(sys.argv[2])
    wire = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_IP))
    wire.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
    print("ready", flush=True)
    seen = set()
    while len(seen) < senders:
        packet, stamps, _, _ = wire.recvmsg(65536, 64)
        sender = submit_from(packet, port)
        if sender and sender not in seen:
            seen.add(sender)
            seconds, nanos = struct.unpack("qq", stamps[0][2][:16])
            print(sender, seconds * 10**9 + nanos, flush=True)


main()
