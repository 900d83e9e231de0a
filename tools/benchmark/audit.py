"""The lane of the audit: what hashing costs an event, and how long it takes to verify a ledger."""

import json
import os
import statistics
import subprocess
import time

from . import gateway
from .processes import say
from .rebuild import timed


def measure(options, folder):
    """Fills a data directory, verifies it several times, and has proofs made and checked."""
    data = os.path.join(folder, "history")
    say(f"writing {options.events:,} events")
    command = [options.binary, "bench-audit", "--data-dir", data, "--events", str(options.events)]
    filled = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, timeout=900, check=True)
    rounds = []
    for turn in range(options.rounds):
        rounds.append(timed([options.binary, "verify", "--data-dir", data], 600))
        say(f"verify {turn + 1}/{options.rounds}: {rounds[-1]['seconds']:.2f} s")
    proof, seconds = proved(options, data, str(options.events // 2), "--bare")
    return {
        "events": options.events,
        "cost": json.loads(filled.stdout),
        "rounds": rounds,
        "proof_bytes": len(proof),
        "proof_seconds": seconds,
        "disk_bytes": gateway.folder_bytes(os.path.join(data, "ledger")),
    }


def proved(options, data, *arguments):
    started = time.monotonic()
    command = [options.binary, "proof", *arguments, "--data-dir", data]
    proof = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, timeout=60, check=True).stdout
    return proof, time.monotonic() - started


def text(result):
    seconds = statistics.median(one["seconds"] for one in result["rounds"])
    cpu = statistics.median(one["cpu_seconds"] for one in result["rounds"])
    highest = max(one["highest_bytes"] for one in result["rounds"])
    cost = result["cost"]
    whole = cost["encode_ns"] + cost["number_and_hash_ns"]
    return (
        f"audit, {result['events']:,} events of {cost['record_bytes']} bytes\n"
        f"  CPU per event: encode {cost['encode_ns'] / 1000:.2f} µs, number and hash "
        f"{cost['number_and_hash_ns'] / 1000:.2f} µs, together {whole / 1000:.2f} µs\n"
        f"  verify: {seconds:.2f} s, {result['events'] / seconds / 1e6:.2f} million events/s, {cpu:.2f} s CPU, "
        f"{highest / 2**20:.0f} MiB at most\n"
        f"  export: {cost['verify_export_ns'] / 1000:.2f} µs to verify a line of {cost['export_line_bytes']} bytes\n"
        f"  proof: {result['proof_bytes']} bytes without the record, {result['proof_seconds'] * 1000:.0f} ms with the start "
        f"of the program\n"
        f"  disk: {result['disk_bytes'] / result['events']:.0f} bytes per event"
    )
