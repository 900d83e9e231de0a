"""The gateway under torture: started on one data directory again and again."""

import json
import socket
import subprocess
import time

from .clients import KEY


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


class Gateway:
    def __init__(self, binary, folder, upstream):
        self.binary = binary
        self.data = folder / "data"
        self.port = free_port()
        self.config = folder / "tollgate.yaml"
        self.log = open(folder / "log", "ab")
        self.process = None
        settings = {
            "listen": f"127.0.0.1:{self.port}",
            "admin": {"listen": "none"},
            "data_dir": str(self.data),
            "min_free_space": "1MiB",
            "clients": [{"name": "torture", "key": KEY}],
            "groups": {
                "openai": {
                    "dialect": "openai",
                    "upstreams": [{"url": f"http://127.0.0.1:{upstream}"}],
                    "keys": ["sk-upstream-0123456789"],
                    "retries": 0,
                }
            },
        }
        # JSON is YAML.
        self.config.write_text(json.dumps(settings))

    def start(self, place=None, nth=1):
        """Starts it; with a place it will be killed there, when it comes to it for the nth time."""
        command = [self.binary, "serve", "--config", self.config]
        if place:
            command = [self.binary, "torture-serve", "--config", self.config, "--at", place, "--nth", str(nth)]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)

    def wait_ready(self, seconds=60):
        """Whether it accepts connections; False when it ended before."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.process.poll() is not None:
                return False
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                # The commands ask through the socket.
                with socket.socket(socket.AF_UNIX) as management:
                    management.connect(str(self.data / "tollgate.sock"))
                return True
            except OSError:
                time.sleep(0.01)
        raise RuntimeError(f"the gateway does not come up within {seconds} s")

    def wait_end(self, seconds):
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def kill(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
        if self.process:
            self.process.wait()

    def run(self, *arguments, data=None, seconds=120):
        command = [self.binary, *map(str, arguments), "--data-dir", str(data or self.data)]
        return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=seconds, check=False)

    def events(self, first):
        """The events from a sequence on."""
        done = self.run("export", "--format", "ndjson", "--from", first)
        if done.returncode != 0:
            raise RuntimeError(f"export ended with {done.returncode}: {done.stderr.decode()[-500:]}")
        lines = [json.loads(line) for line in done.stdout.splitlines() if line]
        return [line for line in lines if "seq" in line and not line["type"].startswith("export.")]

    def close(self):
        self.kill()
        self.log.close()
