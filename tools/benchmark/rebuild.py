"""The lane of the rebuild: a ledger of many events; the time in which the views are made anew from it and where it goes,
the time of a start with a snapshot, and the time of a report from the views."""

import http.client
import json
import os
import pathlib
import statistics
import subprocess
import time

from . import gateway, report
from .processes import BenchError, Server, _end_with_parent, free_port, run, say

REPORT = "/api/report?by=model,client,day&format=json"
PARTS = ["read", "decode", "fold", "price"]


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


def ask(port, path):
    """The body of an answer of the management listener, and the seconds that it took."""
    started = time.monotonic()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", path)
    response = connection.getresponse()
    body = response.read()
    seconds = time.monotonic() - started
    connection.close()
    if response.status != 200:
        raise BenchError(f"{path} answered {response.status}: {body[:300]!r}")
    return body, seconds


def start(binary, folder, data):
    """Starts a server on a data directory; the seconds until it is ready, and those of a report from its views."""
    port, admin = free_port(), free_port()
    configuration = pathlib.Path(folder, "start.yaml")
    configuration.write_text(gateway.CONFIGURATION.format(port=port, admin=admin, data=data, upstream=1))
    started = time.monotonic()
    server = Server("tollgate", [binary, "serve", "--config", str(configuration)], port, pathlib.Path(folder, "start.log"))
    try:
        while True:
            try:
                ask(admin, "/readyz")
                break
            except (OSError, BenchError):
                if server.process.poll() is not None or time.monotonic() - started > 60:
                    raise BenchError(f"the server did not become ready:\n{server.log_tail()}") from None
                time.sleep(0.001)
        ready = time.monotonic() - started
        reports = [ask(admin, REPORT)[1] for _ in range(9)]
    finally:
        server.stop()
    return {"ready_seconds": ready, "report_seconds": statistics.median(reports)}


def measure(options, folder):
    """Fills a data directory, rebuilds its views and starts a server on it several times."""
    data = os.path.join(folder, "history")
    say(f"writing {options.events:,} events")
    filled = time.monotonic()
    run([options.binary, "bench-fill", "--data-dir", data, "--events", str(options.events)], 600)
    filled = time.monotonic() - filled
    rounds = []
    for turn in range(options.rounds):
        rounds.append(timed([options.binary, "rebuild", "--data-dir", data], 300))
        say(f"rebuild {turn + 1}/{options.rounds}: {rounds[-1]['seconds']:.2f} s")
    shares = json.loads(run([options.binary, "bench-rebuild", "--data-dir", data], 600))
    starts = [start(options.binary, folder, data) for _ in range(options.rounds)]
    say(f"start: {', '.join(str(round(one['ready_seconds'] * 1000)) for one in starts)} ms")
    command = [options.binary, "report", "--data-dir", data, "--by", "model,client,day"]
    reports = [timed(command, 60)["seconds"] for _ in range(options.rounds)]
    return {
        "shares_ns": {part: shares[part + "_ns"] for part in PARTS},
        "starts": starts,
        "report_command_seconds": reports,
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
        "shares": shares(result["shares_ns"]),
        "ready_seconds": statistics.median(one["ready_seconds"] for one in result["starts"]),
        "report_seconds": statistics.median(one["report_seconds"] for one in result["starts"]),
        "report_command_seconds": statistics.median(result["report_command_seconds"]),
    }


def shares(nanoseconds):
    """Parts of a whole, by name."""
    whole = sum(nanoseconds.values())
    return {part: value / whole if whole else 0 for part, value in nanoseconds.items()}


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
    whole = sum(result["shares_ns"].values())
    parts = ["where its processor time goes"] + PARTS + ["together"]
    part_rows = [
        ["share"] + [f"{medians['shares'][part] * 100:.0f} %" for part in PARTS] + ["100 %"],
        ["ns/event"] + [report.number(result["shares_ns"][part] / result["events"]) for part in PARTS]
        + [report.number(whole / result["events"])],
    ]
    times = ["with a snapshot", "ms"]
    time_rows = [
        ["start until ready", f"{medians['ready_seconds'] * 1000:.0f}"],
        ["report by model, client and day, in the server", f"{medians['report_seconds'] * 1000:.1f}"],
        ["the same, the whole command on a stopped server", f"{medians['report_command_seconds'] * 1000:.0f}"],
    ]
    return "\n\n".join(
        [report.table(header, [row]), report.table(parts, part_rows), report.table(times, time_rows)]
    )
