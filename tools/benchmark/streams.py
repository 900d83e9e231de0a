"""The lane of server-sent events: many concurrent streams of a simulated provider, and how late their chunks are."""

import json
import pathlib
import selectors
import socket
import time

from . import gateway, load, nginx, report
from .processes import BenchError, Server, Servers, free_port, say

# A chunk is counted where its event begins.
MARK = b"data:"
END = b"data: [DONE]"


def request(options):
    body = json.dumps({**json.loads(load.BODY), "stream": True}).encode()
    head = f"POST {load.PATH} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    head += "Authorization: Bearer sk-client\r\n"
    head += f"x-sim: pace={options.pace};chunks={options.chunks}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


class Stream:
    """One connection with one streamed answer."""

    __slots__ = ("socket", "last", "gaps", "events", "tail", "finished")

    def __init__(self, connected):
        self.socket, self.last, self.gaps, self.events, self.tail, self.finished = connected, None, [], 0, b"", False

    def take(self, data, now):
        """Notes the chunks in `data`; an event cut in two counts where it is complete enough to be seen."""
        joined = self.tail + data
        fresh = joined.count(MARK) - self.tail.count(MARK)
        if fresh:
            if self.last is not None:
                self.gaps.append(now - self.last)
            self.last = now
            self.events += fresh
        self.finished = self.finished or END in joined
        self.tail = joined[-len(END) :]


def percentile(ordered, share):
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def measure_one(server, options, path):
    """All streams through one server, their starts spread over one pace."""
    payload, streams = request(options), []
    payload = payload.replace(load.PATH.encode(), path.encode(), 1)
    selector = selectors.DefaultSelector()
    cpu, started = server.cpu_seconds(), time.monotonic()
    deadline = started + options.pace * options.chunks / 1000 + 30
    opened, running = 0, 0
    try:
        while opened < options.streams or running:
            now = time.monotonic()
            if now > deadline:
                raise BenchError(f"{server.name}: {running} of {options.streams} streams have not ended in time")
            due = min(options.streams, int((now - started) * 1000 / options.pace * options.streams) + 1)
            while opened < due:
                connected = socket.create_connection(("127.0.0.1", server.port), 10)
                connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                connected.sendall(payload)
                connected.setblocking(False)
                streams.append(Stream(connected))
                selector.register(connected, selectors.EVENT_READ, streams[-1])
                opened, running = opened + 1, running + 1
            for key, _ in selector.select(0.001 if opened < options.streams else 1):
                stream = key.data
                try:
                    data = stream.socket.recv(65536)
                except BlockingIOError:
                    continue
                stream.take(data, time.monotonic())
                if stream.finished or not data:
                    selector.unregister(stream.socket)
                    stream.socket.close()
                    running -= 1
                    if not stream.finished:
                        raise BenchError(f"{server.name}: a stream ended early: {stream.tail!r}")
        wall = time.monotonic() - started
        cpu = server.cpu_seconds() - cpu
        resident = server.resident_bytes()
    finally:
        for stream in streams:
            stream.socket.close()
        selector.close()
    # Chunks that arrive together, such as the last one with the end, have no pace to be late against.
    half = options.pace / 2000
    gaps = sorted((gap * 1000 - options.pace) for stream in streams for gap in stream.gaps if gap > half)
    if len(gaps) < options.streams * options.chunks / 2:
        raise BenchError(f"{server.name}: only {len(gaps)} paced chunks arrived")
    events = sum(stream.events for stream in streams)
    return {
        "late_ms_p50": percentile(gaps, 0.5),
        "late_ms_p99": percentile(gaps, 0.99),
        "events": events,
        "seconds": wall,
        "cpu_us": cpu * 1e6 / events,
        "resident_bytes": resident,
    }


def measure(options, folder):
    """The provider alone, behind nginx and behind Tollgate, in turns."""
    lift_file_limit(options.streams * 4 + 256)
    with Servers() as servers:
        port = free_port()
        command = [options.binary, "simulate", "--listen", f"127.0.0.1:{port}"]
        provider = servers.add(Server("provider", command, port, pathlib.Path(folder, "simulate.log")))
        reference = servers.add(nginx.proxy(folder, port, buffering=False))
        subject = servers.add(gateway.Gateway(options.binary, folder, port))
        idle = subject.resident_bytes()
        direct = load.PATH.removeprefix("/proxy/bench")
        rounds = {server.name: [] for server in (provider, reference, subject)}
        for turn in range(options.rounds):
            for server, path in ((provider, direct), (reference, load.PATH), (subject, load.PATH)):
                figures = measure_one(server, options, path)
                rounds[server.name].append(figures)
                late = f"p50 {figures['late_ms_p50']:.2f} ms, p99 {figures['late_ms_p99']:.2f} ms late"
                say(f"round {turn + 1}/{options.rounds}, {options.streams} streams, {server.name}: {late}")
        return {
            "streams": options.streams,
            "pace_ms": options.pace,
            "chunks": options.chunks,
            "rounds": rounds,
            "idle_bytes": idle,
            "highest_bytes": subject.resident_bytes("VmHWM"),
        }


def lift_file_limit(wanted):
    """Every stream takes a descriptor here, and two in a proxy, which inherits the limit."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < wanted:
        if hard != resource.RLIM_INFINITY and hard < wanted:
            raise BenchError(f"{wanted} open files are needed, the limit is {hard} (ulimit -Hn)")
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def text(result):
    """The figures for a person."""
    rows = []
    direct = result["rounds"]["provider"]
    for name, label in [("provider", "no proxy"), ("nginx", "nginx, unbuffered"), ("tollgate", "tollgate")]:
        rounds = result["rounds"][name]
        late = {key: report.median(rounds, key) for key in ("late_ms_p50", "late_ms_p99", "cpu_us")}
        proxied = name != "provider"
        added = f"{late['late_ms_p99'] - report.median(direct, 'late_ms_p99'):+.2f}" if proxied else "–"
        memory = report.mebibytes(result["highest_bytes"]) if name == "tollgate" else "–"
        cpu = f"{late['cpu_us']:.1f}" if proxied else "–"
        rows.append([label, f"{late['late_ms_p50']:.2f}", f"{late['late_ms_p99']:.2f}", added, cpu, memory])
    header = ["chunk later than its pace, ms", "p50", "p99", "added p99", "CPU µs/chunk", "highest memory"]
    title = f"{result['streams']} concurrent streams, a chunk every {result['pace_ms']} ms:"
    return f"{title}\n\n{report.table(header, rows)}"
