"""The lane of the commit: synced records a second, and how long one of them waits."""

import json
import os
import statistics
import subprocess

from .processes import say

RATES = (0, 1_000, 10_000)


def measure(options, folder):
    """Hands records to a ledger of its own, as fast as they are taken and at fixed rates."""
    lanes = {}
    for rate in RATES:
        rounds = []
        for turn in range(min(options.rounds, 5)):
            data = os.path.join(folder, f"data-{rate}-{turn}")
            command = [options.binary, "bench-commit", "--data-dir", data, "--rate", str(rate)]
            command += ["--seconds", str(options.seconds)]
            done = subprocess.run(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, timeout=120 + options.seconds, check=True
            )
            rounds.append(json.loads(done.stdout))
            say(f"commit at {rate or 'full'} rate {turn + 1}: {speed(rounds[-1]):,.0f} records/s")
        lanes[str(rate)] = rounds
    return lanes


def speed(one):
    return one["committed"] / one["elapsed_ns"] * 1e9


def text(result):
    lines = ["commit, synced, medians of the rounds"]
    for rate, rounds in result.items():
        p50, p99, p999 = (statistics.median(one[key] for one in rounds) / 1e6 for key in ("p50_ns", "p99_ns", "p999_ns"))
        batch = statistics.median(one["committed"] / max(one["batches"], 1) for one in rounds)
        what = "as many as are taken" if rate == "0" else f"{int(rate):,} records/s offered"
        lines.append(
            f"  {what}: {statistics.median(map(speed, rounds)):,.0f} records/s of {rounds[0]['record_bytes']} bytes, "
            f"{batch:.1f} a commit; wait p50 {p50:.2f} ms, p99 {p99:.2f} ms, p99.9 {p999:.2f} ms"
        )
    return "\n".join(lines)
