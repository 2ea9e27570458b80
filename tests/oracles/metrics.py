"""Reads two scrapes of one run with the Python client's OpenMetrics parser, and says what it found as JSON.

usage: metrics.py FIRST SECOND

Fails where the parser does, where a histogram does not add up, or where a counter of SECOND is below FIRST.
"""

import json
import sys

from prometheus_client.openmetrics.parser import text_string_to_metric_families


def families(path):
    with open(path, encoding="utf-8", newline="") as scrape:
        return {family.name: family for family in text_string_to_metric_families(scrape.read())}


def only_grows(family, sample):
    return family.type == "counter" or (
        family.type == "histogram" and not sample.name.endswith("_sum")
    )


def histogram_adds_up(family):
    buckets = [s for s in family.samples if s.name.endswith("_bucket")]
    counts = [s.value for s in buckets]
    total = next(s.value for s in family.samples if s.name.endswith("_count"))
    assert counts == sorted(counts), f"{family.name}: buckets are not cumulative"
    assert buckets[-1].labels["le"] == "+Inf" and counts[-1] == total, family.name


def main():
    first, second = families(sys.argv[1]), families(sys.argv[2])
    assert first.keys() == second.keys(), "the families are not the same"
    before = {
        (s.name, tuple(sorted(s.labels.items()))): s.value
        for f in first.values()
        for s in f.samples
    }
    for family in second.values():
        assert family.documentation, f"{family.name}: no help"
        if family.type == "histogram":
            histogram_adds_up(family)
        for s in family.samples:
            was = before.get((s.name, tuple(sorted(s.labels.items()))), 0)
            assert not only_grows(family, s) or s.value >= was, f"{s.name}: {was} then {s.value}"
    answered = second["smppbench_submit_sm_answered"].samples
    json.dump(
        {
            "families": len(second),
            "types": sorted({f.type for f in second.values()}),
            "answered": {s.labels["command_status"]: s.value for s in answered},
            "info": second["smppbench"].samples[0].labels,
        },
        sys.stdout,
    )


main()
