"""The lane of the export: how fast a ledger is written out, and what a full export costs the requests beside it."""

import os
import statistics
import subprocess
import threading

from . import gateway, load, nginx, report
from .processes import Servers, _end_with_parent, run, say
from .rebuild import timed


def measure(options, folder):
    """Fills a data directory, exports it several times, then has requests proxied with and without an export beside."""
    data = os.path.join(folder, "data")
    say(f"writing {options.events:,} events")
    run([options.binary, "bench-fill", "--data-dir", data, "--events", str(options.events)], 600)
    command = [options.binary, "export", "--data-dir", data]
    run([options.binary, "status", "--data-dir", data], 300)  # Leaves a snapshot of the views, as a server does.
    rounds = []
    for turn in range(options.rounds):
        rounds.append(timed(command, 300))
        say(f"export {turn + 1}/{options.rounds}: {rounds[-1]['seconds']:.2f} s")
    result = {"events": options.events, "bytes": size(command), "rounds": rounds}
    with Servers() as servers:
        upstream = servers.add(nginx.upstream(folder))
        subject = servers.add(gateway.Gateway(options.binary, folder, upstream.port, data))
        script = load.write_script(folder)
        load.check_answer(subject)
        result["served"] = [timed(command, 300) for _ in range(options.rounds)]
        load.measure(subject, script, max(options.connections), 1)
        result["beside"] = {}
        for connections in options.connections:
            alone, beside = [], []
            for turn in range(options.rounds):
                alone.append(load.measure(subject, script, connections, options.seconds))
                with Exports(command):
                    beside.append(load.measure(subject, script, connections, options.seconds))
                say(
                    f"round {turn + 1}/{options.rounds}, {connections} connections: p99 {alone[-1]['p99']} µs alone, "
                    f"{beside[-1]['p99']} µs beside an export"
                )
            result["beside"][connections] = {"alone": alone, "beside": beside}
    return result


def size(command):
    """The bytes of an export."""
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, preexec_fn=_end_with_parent)
    total = 0
    while piece := process.stdout.read(1 << 20):
        total += len(piece)
    process.wait()
    return total


class Exports:
    """Full exports of the ledger, one after the other, for as long as the block runs."""

    def __init__(self, command):
        self.command = command
        self.is_over = False
        self.thread = threading.Thread(target=self.work)

    def work(self):
        while not self.is_over:
            self.process = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                preexec_fn=_end_with_parent,
            )
            self.process.wait()

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.is_over = True
        self.process.terminate()
        self.thread.join()


def text(result):
    """The figures for a person."""
    rows = []
    for name, rounds in (("stopped directory", result["rounds"]), ("running server", result["served"])):
        seconds = statistics.median(one["seconds"] for one in rounds)
        rows.append(
            [
                name,
                f"{seconds:.2f}",
                report.number(result["events"] / seconds),
                report.number(result["bytes"] / seconds / 2**20),
                report.mebibytes(max(one["highest_bytes"] for one in rounds)),
            ]
        )
    header = [f"export of {result['events']:,} events", "wall s", "events/s", "MiB/s", "highest memory"]
    lines = [report.table(header, rows), ""]
    rows = []
    for connections, both in result["beside"].items():
        for name, rounds in both.items():
            figures = [report.median(rounds, key) for key in ("requests_per_second", "p50", "p99", "max")]
            rows.append([f"{connections} connections, {NAMES[name]}", *map(report.number, figures)])
    header = ["proxied requests", "requests/s", "p50 µs", "p99 µs", "highest µs"]
    return "\n".join([*lines, report.table(header, rows)])


NAMES = {"alone": "nothing beside", "beside": "a full export beside"}
