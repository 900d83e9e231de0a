"""The lane of the rebuild: a ledger of many events, and the time in which the views are made anew from it."""

import os
import statistics
import subprocess
import time

from . import gateway, report
from .processes import BenchError, _end_with_parent, run, say


def highest_bytes(pid):
    """The most resident memory of a process so far; 0 once it has ended."""
    try:
        with open(f"/proc/{pid}/status") as status:
            return sum(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM:"))
    except OSError:
        return 0


def timed(command, seconds):
    """Wall time, CPU time and highest memory of one command."""
    started = time.monotonic()
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=_end_with_parent,
    )
    highest = 0
    try:
        while True:
            # ru_maxrss would begin with what this script itself took before the exec.
            highest = max(highest, highest_bytes(process.pid))
            pid, status, usage = os.wait4(process.pid, os.WNOHANG)
            if pid:
                break
            if time.monotonic() - started > seconds:
                raise BenchError(f"{' '.join(command)} took more than {seconds} s")
            time.sleep(0.005)
    except BaseException:
        process.kill()
        process.wait()
        raise
    wall = time.monotonic() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise BenchError(f"{' '.join(command)} ended with status {process.returncode}")
    return {"seconds": wall, "cpu_seconds": usage.ru_utime + usage.ru_stime, "highest_bytes": highest}


def measure(options, folder):
    """Fills a data directory and rebuilds its views several times."""
    data = os.path.join(folder, "history")
    say(f"writing {options.events:,} events")
    filled = time.monotonic()
    run([options.binary, "bench-fill", "--data-dir", data, "--events", str(options.events)], 600)
    filled = time.monotonic() - filled
    rounds = []
    for turn in range(options.rounds):
        rounds.append(timed([options.binary, "rebuild", "--data-dir", data], 300))
        say(f"rebuild {turn + 1}/{options.rounds}: {rounds[-1]['seconds']:.2f} s")
    return {
        "events": options.events,
        "fill_seconds": filled,
        "rounds": rounds,
        "disk_bytes": gateway.folder_bytes(os.path.join(data, "ledger")),
    }


def summary(result):
    seconds = statistics.median(one["seconds"] for one in result["rounds"])
    return {
        "seconds": seconds,
        "events_per_second": result["events"] / seconds,
        "cpu_seconds": statistics.median(one["cpu_seconds"] for one in result["rounds"]),
        "highest_bytes": max(one["highest_bytes"] for one in result["rounds"]),
        "disk_bytes_per_event": result["disk_bytes"] / result["events"],
    }


def text(result):
    """The figures for a person."""
    medians = summary(result)
    header = ["rebuild", "wall s", "events/s", "CPU s", "highest memory", "ledger bytes/event"]
    row = [
        f"{result['events']:,} events",
        f"{medians['seconds']:.2f}",
        report.number(medians["events_per_second"]),
        f"{medians['cpu_seconds']:.2f}",
        report.mebibytes(medians["highest_bytes"]),
        report.number(medians["disk_bytes_per_event"]),
    ]
    return report.table(header, [row])
