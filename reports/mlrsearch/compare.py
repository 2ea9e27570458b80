#!/usr/bin/env python3
"""The reference implementation of MLRsearch (PyPI MLRsearch 1.2.1, RFC 9971) on simulated rate limiters.

    python3 -m venv v && v/bin/pip install MLRsearch==1.2.1
    v/bin/python reports/mlrsearch/compare.py > reports/mlrsearch/reference.json

`cargo test --test search mlrsearch` runs `find rate` on the same limiters (the simulator's, in memory), and holds
its brackets and its trial time against this file.
"""
import json
import sys
from MLRsearch import AbstractMeasurer, Config, MeasurementResult, MultipleLossRatioSearch, SearchGoal

# As `find rate` by default: 2 % wide, trials of 2 s, confirmations of 5 s, two of them.
GOAL = dict(loss_ratio=0.0, exceed_ratio=0.5, relative_width=0.02, initial_trial_duration=2.0,
            final_trial_duration=5.0, duration_sum=10.0, preceding_targets=2, expansion_coefficient=2,
            fail_fast=False)
# (messages a second, messages beyond one that a bucket lets through at once)
SYSTEMS = [(50, 1), (500, 2), (5000, 10), (50, 5), (500, 50), (5000, 500)]


class Limiter(AbstractMeasurer):
    """A token bucket that is full at the start of each trial, as the simulator's is."""

    def __init__(self, rate, burst):
        self.rate, self.burst, self.trials = rate, burst, []

    def measure(self, intended_duration, intended_load):
        sent = int(intended_duration * intended_load)
        interval, slack, due, passed = 1.0 / self.rate, (self.burst + 1e-9) / self.rate, 0.0, 0
        if sent > 200_000:
            passed = min(sent, int(self.rate * intended_duration) + 1 + self.burst)
        else:
            for number in range(sent):
                now = number / intended_load
                if due <= now + slack:
                    due = max(due, now) + interval
                    passed += 1
        self.trials.append((intended_duration, intended_load, sent - passed))
        return MeasurementResult(intended_duration=intended_duration, intended_load=intended_load,
                                 offered_count=sent, forwarding_count=passed)


def search(rate, burst):
    measurer = Limiter(rate, burst)
    goal = SearchGoal(**GOAL)
    config = Config()
    config.goals = [goal]
    config.max_load = 1e6
    config.min_load = 1.0
    config.search_duration_max = 1e6
    config.warmup_duration = 0.0
    found = MultipleLossRatioSearch(config=config).search(measurer)[goal]
    return {
        "rate": rate,
        "burst": burst,
        "lower": float(found.relevant_lower_bound),
        "upper": float(found.relevant_upper_bound),
        "trials": len(measurer.trials),
        "trial_time_s": sum(trial[0] for trial in measurer.trials),
    }


if __name__ == "__main__":
    json.dump({"implementation": "MLRsearch 1.2.1", "goal": GOAL, "systems": [search(*s) for s in SYSTEMS]},
              sys.stdout, indent=1)
    print()
