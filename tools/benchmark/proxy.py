"""The lane of plain answers: Tollgate with its ledger beside nginx's proxy_pass, and the upstream alone."""

import time

from . import gateway, load, nginx, report
from .processes import BenchError, Servers, say


def measure(options, folder):
    """Short alternating bursts; returns the figures of every round and what they come to."""
    with Servers() as servers:
        upstream = servers.add(nginx.upstream(folder))
        reference = servers.add(nginx.proxy(folder, upstream.port))
        if options.stand_in:
            subject = servers.add(nginx.proxy(folder, upstream.port, name="stand-in"))
        else:
            subject = servers.add(gateway.Gateway(options.binary, folder, upstream.port))
        candidates = [upstream, reference, subject]
        # What a start needs once is given back after a second.
        time.sleep(3)
        idle = {server.name: server.resident_bytes() for server in candidates}
        script = load.write_script(folder)
        sent = 0
        for server in candidates:
            load.check_answer(server)
            warm = load.measure(server, script, max(options.connections), 1)
            sent += (warm["requests"] + 1) if server is subject else 0

        lanes = {connections: {server.name: [] for server in candidates} for connections in options.connections}
        for turn in range(options.rounds):
            # The order turns, so that no candidate always has the same neighbour.
            order = candidates[turn % 3 :] + candidates[: turn % 3]
            for connections, results in lanes.items():
                for server in order:
                    figures = load.measure(server, script, connections, options.seconds)
                    results[server.name].append(figures)
                    sent += figures["requests"] if server is subject else 0
                told = ", ".join(
                    f"{s.name} {results[s.name][-1]['requests_per_second']:,.0f}/s {results[s.name][-1]['cpu_us']:.1f} µs"
                    for s in candidates
                )
                say(f"round {turn + 1}/{options.rounds}, {connections} connections: {told}")
        memory = {
            server.name: {
                "idle_bytes": idle[server.name],
                "after_bytes": server.resident_bytes(),
                "highest_bytes": server.resident_bytes("VmHWM"),
            }
            for server in candidates
        }
        result = {"subject": subject.name, "lanes": lanes, "memory": memory}
        if isinstance(subject, gateway.Gateway):
            result["ledger"] = ledger_figures(subject, sent, options)
        return result


def ledger_figures(subject, sent, options):
    """Nothing that a client saw finished is missing in the ledger; what wrk cut off at a burst's end may be on top."""
    counted = subject.counted_requests()
    cut = sum(options.connections) * options.rounds + max(options.connections)
    if not sent <= counted <= sent + cut:
        raise BenchError(f"clients saw {sent} answers (and cut at most {cut}), but the ledger counts {counted}")
    subject.stop()
    return {"requests_seen": sent, "requests_counted": counted, "disk_bytes": gateway.folder_bytes(subject.data / "ledger")}


def summary(result):
    """The medians of the figures, and of their ratios to nginx in the same round: what slows both cancels out."""
    medians = {}
    for connections, results in result["lanes"].items():
        medians[connections] = {
            name: {key: report.median(rounds, key) for key in ("requests_per_second", "cpu_us", "p50", "p99")}
            | {
                "spread": report.spread(rounds, "requests_per_second"),
                "rate_ratio": report.ratio(rounds, results["nginx"], "requests_per_second"),
                "cpu_ratio": report.ratio(rounds, results["nginx"], "cpu_us"),
            }
            for name, rounds in results.items()
        }
    return medians


def text(result):
    """The figures for a person."""
    parts, subject, memory = [], result["subject"], result["memory"]
    for connections, medians in summary(result).items():
        direct, rows = medians["upstream"], []
        for name, label in [("upstream", "no proxy"), ("nginx", "nginx proxy_pass"), (subject, subject)]:
            figures = medians[name]
            proxied = name != "upstream"
            ratio = f"{figures['rate_ratio']:.2f}" if proxied else "–"
            cpu = report.number(figures["cpu_us"], 1) if proxied else "–"
            cpu_ratio = f"{figures['cpu_ratio']:.2f}" if proxied else "–"
            added = f"{figures['p50'] - direct['p50']:+.0f}" if proxied else "–"
            rows.append(
                [label, report.number(figures["requests_per_second"]), ratio, cpu, cpu_ratio]
                + [report.number(figures["p50"]), added, report.number(figures["p99"]), f"{figures['spread']:.0%}"]
            )
        header = ["", "requests/s", "× nginx", "CPU µs/request", "× nginx", "p50 µs", "added", "p99 µs", "spread"]
        parts.append(f"{connections} connection{'s' if connections > 1 else ''}:\n\n{report.table(header, rows)}")
    rows = [
        [label] + [report.mebibytes(memory[name][key]) for key in ("idle_bytes", "after_bytes", "highest_bytes")]
        for name, label in [("nginx", "nginx proxy_pass"), (subject, subject)]
    ]
    parts.append(report.table(["resident memory", "idle", "after the load", "highest"], rows))
    if "ledger" in result:
        ledger = result["ledger"]
        parts.append(
            f"Clients saw {ledger['requests_seen']:,} answers; the ledger counts {ledger['requests_counted']:,} requests "
            f"(those that wrk cut off at the end of a burst are the difference) and takes "
            f"{ledger['disk_bytes'] / max(1, ledger['requests_counted']):.0f} bytes of disk for each."
        )
    return "\n\n".join(parts)
