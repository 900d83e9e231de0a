"""Load by wrk: the same small chat request over kept-alive connections."""

import http.client
import json
import pathlib

from .nginx import ANSWER
from .processes import BenchError, run

PATH = "/proxy/bench/v1/chat/completions"
HEADERS = {"Content-Type": "application/json", "Authorization": "Bearer sk-client"}
BODY = json.dumps(
    {
        "model": "gpt-4o",
        "messages": [
            {"role": "system", "content": "You are a terse assistant."},
            {"role": "user", "content": "Say something about gold."},
        ],
        "temperature": 0.2,
    }
)

# wrk's own summary rounds; this prints what it knows as JSON.
SCRIPT = """
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Authorization"] = "Bearer sk-client"
wrk.body = [==[%s]==]
function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format(
    'BENCH {"requests":%%d,"microseconds":%%d,"errors":%%d,"p50":%%d,"p99":%%d,"max":%%d}\\n',
    summary.requests, summary.duration, e.connect + e.read + e.write + e.status + e.timeout,
    latency:percentile(50), latency:percentile(99), latency.max))
end
""" % BODY


def write_script(folder):
    path = pathlib.Path(folder, "post.lua")
    path.write_text(SCRIPT)
    return path


def check_answer(server):
    """One request, whose answer must be the upstream's, byte for byte."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    connection.request("POST", PATH, BODY, HEADERS)
    response = connection.getresponse()
    body = response.read()
    connection.close()
    if response.status != 200 or body != ANSWER.encode():
        raise BenchError(f"{server.name} answered {response.status}, not the upstream's bytes: {body[:300]!r}")


def measure(server, script, connections, seconds):
    """One burst: requests per second, latency in µs, CPU µs of the server per request."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s", "--latency"]
    command += ["-s", str(script), f"http://127.0.0.1:{server.port}{PATH}"]
    before = server.cpu_seconds()
    output = run(command, seconds + 30)
    cpu = server.cpu_seconds() - before
    lines = [line for line in output.splitlines() if line.startswith("BENCH ")]
    if len(lines) != 1:
        raise BenchError(f"wrk printed no figures:\n{output[-2000:]}")
    figures = json.loads(lines[0][6:])
    if figures["errors"] or not figures["requests"]:
        raise BenchError(f"{server.name}: {figures['errors']} errors in {figures['requests']} requests")
    figures["requests_per_second"] = figures["requests"] / (figures["microseconds"] / 1e6)
    figures["cpu_us"] = cpu * 1e6 / figures["requests"]
    return figures
