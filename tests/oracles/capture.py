"""Compares the captures of a conformance run, as tshark reads them, with its conform.json.

    python3 capture.py FOLDER

What was exchanged is cut by command_length from the octets of conform.json; a stream is compared up to the first octets
that are not whole PDUs of commands that v3.4 has. tshark must find the same command_id, sequence_number and, in responses,
command_status in the same order, and the same fields as `decode` printed.
"""

import json
import os
import subprocess
import sys

FIELDS = ["system_id", "source_addr", "destination_addr", "message_id"]
COLUMNS = ["tcp.stream", "ip.src", "smpp.command_id", "smpp.sequence_number", "smpp.command_status"]
COLUMNS += ["smpp." + name for name in FIELDS]
LENGTH_MAX = 0x10000
# commands of SMPP v3.4, without the bit of a response; tshark dissects no others
COMMANDS = [0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0B, 0x15, 0x21, 0x102, 0x103]


def tshark(path):
    # a case that sends a request of HTTP must not make all of its connection HTTP
    command = ["tshark", "-r", path, "-d", "tcp.port==2775,smpp", "--disable-heuristic", "http_tcp"]
    command += ["-Y", "smpp", "-T", "fields"]
    command += ["-E", "separator=/t", "-E", "occurrence=a", "-E", "aggregator=;"]
    for column in COLUMNS:
        command += ["-e", column]
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    rows = {}
    for line in out.splitlines():
        stream, source, commands, numbers, statuses, *fields = line.split("\t")
        statuses = [int(s, 0) for s in statuses.split(";") if s]
        found = []
        for command, number in zip(commands.split(";"), numbers.split(";")):
            command = int(command, 0)
            status = statuses.pop(0) if command & 0x80000000 and statuses else 0
            found.append([command, int(number, 0), status, {}])
        if len(found) == 1:
            found[0][3] = dict(zip(FIELDS, fields))
        rows.setdefault((int(stream), source), []).extend(found)
    return rows


def said(case, esme_is_peer):
    """The PDUs of each direction, up to the first octets that are not whole PDUs: (found, is_cut, decoded)."""
    streams = {}
    for row in case["exchange"]:
        from_esme = (row["direction"] == "received") == esme_is_peer
        key = (row["connection"], "127.0.0.1" if from_esme else "127.0.0.2")
        stream = streams.setdefault(key, [[], False, []])
        if not stream[1]:
            found, stream[1] = cut(bytearray.fromhex(row["hex"]))
            stream[0] += found
            stream[2] += row["pdus"][: len(found)]
    return streams


def cut(octets):
    found = []
    while len(octets) >= 16:
        length = int.from_bytes(octets[:4], "big")
        if not 16 <= length <= LENGTH_MAX or length > len(octets):
            break
        command, status, number = (int.from_bytes(octets[n : n + 4], "big") for n in (4, 8, 12))
        if command & 0x7FFFFFFF not in COMMANDS:
            break
        found.append([command, number, status if command & 0x80000000 else 0])
        del octets[:length]
    return found, bool(octets)


def check(case, path, esme_is_peer):
    rows = tshark(path)
    numbers = {}
    for stream, _ in rows:
        numbers.setdefault(stream, len(numbers))
    rows = {(numbers[stream], source): found for (stream, source), found in rows.items()}
    streams = said(case, esme_is_peer)
    # connections without a whole PDU are not in what tshark shows: those that are, in their order
    shown = sorted({key[0] for key, (found, _, _) in streams.items() if found})
    fields = count = 0
    for (connection, source), (wanted, is_cut, pdus) in streams.items():
        if not wanted:
            continue
        found = rows.get((shown.index(connection), source), [])
        seen = [row[:3] for row in found]
        if seen[: len(wanted)] != wanted or (len(seen) != len(wanted) and not is_cut):
            sys.exit(f"{case['id']} {source}: tshark reads {seen}, the octets say {wanted}")
        count += len(wanted)
        if len(pdus) != len(wanted):
            continue
        for row, pdu in zip(found, pdus):
            if pdu.get("malformed") or pdu.get("anomalies") or row[2]:
                continue
            for name, value in row[3].items():
                own = (pdu.get("body") or {}).get(name)
                if value and isinstance(own, str) and own != value:
                    sys.exit(f"{case['id']} {name}: tshark reads {value!r}, decode {own!r}")
                fields += bool(value) and isinstance(own, str)
    return count, fields


def main():
    folder = sys.argv[1]
    with open(os.path.join(folder, "conform.json"), encoding="utf-8") as file:
        document = json.load(file)
    captures = pdus = fields = 0
    for case in document["cases"]:
        if case["capture"]:
            path = os.path.join(folder, case["capture"])
            count, compared = check(case, path, document["role"] == "esme")
            captures, pdus, fields = captures + 1, pdus + count, fields + compared
    if not captures or not fields:
        sys.exit("nothing was compared")
    print(f"tshark: {captures} captures, {pdus} PDUs, {fields} fields as decode prints them")


main()
