"""The program under test: a running gateway, its management interface, and its commands."""

import json
import os
import pty
import re
import signal
import subprocess
from decimal import Decimal
from pathlib import Path

import yaml

from .process import DEADLINE, Process, accepts, binary, free_port, http, wait_until

ADMIN_TOKEN = "e2e-admin-token-0123456789"
CLIENT_KEY = "tg-client-key-alice-0123456789"
DIALECTS = {"openai": "openai", "anthropic": "anthropic", "gemini": "gemini"}


class Simulator:
    """`tollgate simulate`: the provider whose true usage is known."""

    def __init__(self, folder: Path):
        self.port = free_port()
        self.process = Process(
            [binary(), "simulate", "--listen", f"127.0.0.1:{self.port}"], folder / f"simulator-{self.port}.log"
        )
        self.process.ready(lambda: accepts(self.port), "the simulator accepts connections")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def close(self):
        self.process.close()


def run(*arguments, env=None, deadline: float = DEADLINE, check: bool = True) -> subprocess.CompletedProcess:
    """Runs one command to its end."""
    result = subprocess.run(
        [binary(), *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=deadline,
        env=env,
    )
    if check and result.returncode != 0:
        raise AssertionError(
            f"tollgate {' '.join(map(str, arguments))} ended with {result.returncode}:\n{result.stderr.decode()[-4000:]}"
        )
    return result


class Gateway:
    """`tollgate serve` in a folder of its own; can be killed and started again on the same data."""

    def __init__(self, folder: Path, upstreams, book: Path | None = None, **settings):
        self.folder = folder
        self.port = free_port()
        self.admin_port = free_port()
        self.data = folder / "data"
        self.config = folder / "tollgate.yaml"
        self.process: Process | None = None
        self.names: dict[str, str] = {}
        self.settings = {
            "listen": f"127.0.0.1:{self.port}",
            "admin": {"listen": f"127.0.0.1:{self.admin_port}", "token": ADMIN_TOKEN},
            "data_dir": str(self.data),
            "clients": [{"name": "alice", "key": CLIENT_KEY}],
            "groups": {},
        }
        if book:
            self.settings["price_book"] = str(book)
        for name, dialect in DIALECTS.items():
            self.settings["groups"][name] = {
                "dialect": dialect,
                "upstreams": [{"url": url} for url in ([upstreams] if isinstance(upstreams, str) else upstreams)],
                "keys": [f"sk-upstream-{name}-0123456789"],
                "retries": 0,
            }
        for key, value in settings.items():
            if key == "group":
                for group in self.settings["groups"].values():
                    group.update(value)
            elif isinstance(value, dict) and isinstance(self.settings.get(key), dict):
                self.settings[key].update(value)
            else:
                self.settings[key] = value
        self.write()

    def write(self):
        self.config.write_text(yaml.safe_dump(self.settings, sort_keys=False))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def admin(self) -> str:
        return f"http://127.0.0.1:{self.admin_port}"

    def start(self, env=None, arguments=()) -> "Gateway":
        command = [binary(), "serve", "--config", self.config, *arguments]
        self.process = Process(command, self.folder / "serve.log", env=env)
        self.process.ready(self.ready, "GET /readyz answers 200")
        return self

    def ready(self) -> bool:
        try:
            return http("GET", f"{self.admin}/readyz", timeout=2)[0] == 200
        except OSError:
            return False

    def stop(self, deadline: float = 60) -> int:
        return self.process.terminate(deadline)

    def kill(self):
        self.process.signal(signal.SIGKILL)
        self.process.wait()

    def close(self):
        if self.process:
            self.process.close()

    def management(self, path: str, headers=None):
        status, answer_headers, body = http(
            "GET", self.admin + path, headers={"authorization": f"Bearer {ADMIN_TOKEN}", **(headers or {})}
        )
        assert status == 200, f"GET {path} answered {status}: {body[:500]!r}"
        return answer_headers, body

    def command(self, *arguments, check: bool = True) -> str:
        return run(*arguments, "--data-dir", self.data, check=check).stdout.decode()

    def on_terminal(self, *arguments) -> tuple[str, str]:
        """What a command prints while its standard error is a terminal, and what it draws there."""
        ours, theirs = pty.openpty()
        command = [binary(), *map(str, arguments), "--data-dir", str(self.data)]
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=theirs) as process:
            os.close(theirs)
            drawn = b""
            while True:
                try:
                    piece = os.read(ours, 4096)
                except OSError:
                    break
                if not piece:
                    break
                drawn += piece
            printed, _ = process.communicate(timeout=DEADLINE)
        os.close(ours)
        assert process.returncode == 0, drawn
        return printed.decode(), drawn.decode()

    def events(self, kind: str | None = None) -> list[dict]:
        """The exported events, in order; optionally of one type."""
        lines = self.command("export", "--format", "ndjson").splitlines()
        events = [json.loads(line) for line in lines if not line.startswith('{"type":"export.')]
        for event in events:
            if event.get("client"):
                event["client_name"] = self.client_name(event["client"])
        return [event for event in events if kind is None or event["type"] == kind]

    def client_name(self, identity: str) -> str | None:
        """The name behind a client's id."""
        if identity not in self.names:
            clients = json.loads(self.command("clients", "--json"))["clients"]
            self.names = {client["id"]: client["name"] for client in clients}
        return self.names.get(identity)

    def completed(self, count: int | None = None) -> list[dict]:
        """The completed requests; waits until there are `count` of them."""
        if count is None:
            return self.events("request.completed")
        found: list[dict] = []

        def enough():
            found[:] = self.events("request.completed")
            return len(found) >= count

        wait_until(enough, f"{count} completed requests in the export")
        assert len(found) == count, f"{len(found)} completed requests instead of {count}"
        return found

    def event(self, request_id: str) -> dict:
        """The completed request of an id."""
        found: list[dict] = []

        def present():
            found[:] = [event for event in self.completed() if event["id"] == request_id]
            return found

        wait_until(present, f"the event of request {request_id}")
        assert len(found) == 1
        return found[0]

    def report(self, by: str = "model", *more) -> list[dict]:
        """The rows of a report."""
        return json.loads(self.command("report", "--by", by, "--format", "json", *more))["rows"]

    def metrics(self) -> "Metrics":
        return Metrics(self.management("/metrics")[1].decode())

    def level(self):
        """Waits until the views have seen every event."""
        wait_until(lambda: self.metrics().sum("tollgate_view_lag_events") == 0, "the views are level with the ledger")


SAMPLE = re.compile(r"^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? ([^ ]+)(?: [0-9.-]+)?$")
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"')


class Metrics:
    """A scrape in the text format."""

    def __init__(self, text: str):
        self.text = text
        self.samples: list[tuple[str, dict[str, str], Decimal]] = []
        for line in text.splitlines():
            if not line or line.startswith("#"):
                continue
            match = SAMPLE.match(line)
            assert match, f"not a sample: {line!r}"
            value = match[3].replace("+Inf", "Infinity")
            self.samples.append((match[1], dict(LABEL.findall(match[2] or "")), Decimal(value)))

    def select(self, name: str, **labels):
        return [
            (found, value)
            for sample, found, value in self.samples
            if sample == name and all(found.get(key) == wanted for key, wanted in labels.items())
        ]

    def sum(self, name: str, **labels) -> Decimal:
        return sum((value for _, value in self.select(name, **labels)), Decimal(0))

    def counters(self) -> dict:
        """All counters of requests, tokens and money, by name and labels."""
        names = ("tollgate_requests_total", "tollgate_tokens_total", "tollgate_cost_usd_total")
        names += ("tollgate_unpriced_requests_total", "tollgate_attempts_total")
        return {
            (name, tuple(sorted(labels.items()))): value for name, labels, value in self.samples if name in names
        }
