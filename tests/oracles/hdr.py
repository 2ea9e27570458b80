"""Reads a run folder with HdrHistogram_py and holds it against result.json.

    python3 hdr.py FOLDER        the run must have no warm-up: the log is of the whole run, result.json of the
                                 measured messages

latency.hlog: every line decodes; by metric, counts are those of result.json, and percentiles too, within the
log's two digits. response.hgrm: row by row what HdrHistogram_py says of the histogram in result.json. Prints what it compared; the first difference ends it.
"""
import json
import sys
from datetime import datetime

from hdrh.histogram import HdrHistogram
from hdrh.log import HistogramLogReader

PERCENTILES = {"p50": 50.0, "p90": 90.0, "p95": 95.0, "p99": 99.0, "p99_9": 99.9, "p99_99": 99.99}


def same(what, found, wanted, share):
    if abs(found - wanted) > share * abs(wanted) + 1:
        sys.exit(f"{what}: {found} instead of {wanted}")


def read_log(path, started_at):
    """Histograms of the whole run by metric."""
    reader = HistogramLogReader(path, None)
    merged, lines = {}, 0
    while (one := reader.get_next_interval_histogram()) is not None:
        lines += 1
        metric = one.get_tag()
        start = datetime.fromisoformat(started_at.replace("Z", "+00:00")).timestamp()
        same("BaseTime", reader.base_time_sec, start, 1e-12)
        if one.get_start_time_stamp() < start * 1000.0 - 1.0:
            sys.exit(f"an interval before the start: {one.get_start_time_stamp()}")
        if metric in merged:
            merged[metric].add(one)
        else:
            merged[metric] = one
    written = sum(line.startswith("Tag=") for line in open(path, encoding="utf-8"))
    same("lines", lines, written, 0.0)
    return merged, lines


def check_log(folder, result):
    merged, lines = read_log(folder + "/latency.hlog", result["run"]["started_at"])
    compared = 0
    for metric, histogram in merged.items():
        row = result["latency"][metric]
        if row["censored"]:
            sys.exit(f"{metric}: censored values have no place in a log; make a run without")
        if histogram.get_total_count() != row["count"]:
            sys.exit(f"{metric}: {histogram.get_total_count()} values instead of {row['count']}")
        # beside the log's two digits there are three of the result, and values below 1 µs are told apart to half of it
        if row["max"] >= 1_000:
            same(f"{metric} max", histogram.get_max_value(), row["max"], 0.01)
        elif histogram.get_max_value() >= 1_000:
            sys.exit(f"{metric} max: {histogram.get_max_value()} instead of {row['max']}")
        for name, percent in PERCENTILES.items():
            if row[name] is not None and row[name] > 50_000:
                same(f"{metric} {name}", histogram.get_value_at_percentile(percent), row[name], 0.02)
                compared += 1
    if not {"response", "service", "receipt"} <= set(merged) or not compared:
        sys.exit(f"too little to compare: {sorted(merged)}")
    print(f"latency.hlog: {lines} lines, {len(merged)} metrics, {compared} percentiles")


def rows(text):
    """(value, percentile, total) of a percentile distribution."""
    found = []
    for line in text.splitlines():
        cells = line.split()
        if len(cells) >= 3 and cells[0][0].isdigit():
            found.append((float(cells[0]), float(cells[1]), int(cells[2])))
    return found


def check_hgrm(folder, result):
    row = result["latency"]["response"]
    histogram = HdrHistogram.decode(row["hdr"])
    if histogram.get_total_count() != row["count"]:
        sys.exit(f"response: {histogram.get_total_count()} values packed, {row['count']} counted")
    for name, percent in PERCENTILES.items():
        if row[name] is not None:
            same(f"packed {name}", histogram.get_value_at_percentile(percent), row[name], 0.001)
    # its own table steps otherwise than Java's, which ours follows; so row by row: the value at that percentile, and
    # how many values lie at or below it
    recorded = [
        (item.value_iterated_to, item.total_count_to_this_value)
        for item in histogram.get_recorded_iterator()
    ]
    ours = rows(open(folder + "/response.hgrm", encoding="utf-8").read())
    for value, percentile, total in ours:
        # steps are sums of binary fractions: 0.3 may be a hair above itself, and then a value further
        least, most = (
            histogram.get_value_at_percentile(min(100.0 * (percentile + more), 100.0)) / 1e6
            for more in (0.0, 1.0 / row["count"])
        )
        if not least - 0.0011 <= value * 1.001 or not value <= 1.001 * most + 0.0011:
            sys.exit(f"response.hgrm at {percentile}: {value} ms instead of {least} to {most} ms")
        # three decimals of a millisecond: the bucket is one of those that are written like this. A wider look finds the
        # next bucket too, which below 2 ms is 1.024 µs away or nearer
        below = [count for at, count in recorded if abs(at / 1e6 - value) <= 0.0005 + 1e-9]
        if total not in below:
            sys.exit(f"response.hgrm at {value} ms: {total} values instead of {below}")
    if ours[-1][1:] != (1.0, row["count"]) or len(ours) < 20:
        sys.exit(f"response.hgrm ends with {ours[-1]}")
    print(f"response.hgrm: {len(ours)} rows")


def main():
    folder = sys.argv[1]
    with open(folder + "/result.json", encoding="utf-8") as file:
        result = json.load(file)
    check_log(folder, result)
    check_hgrm(folder, result)


main()
