"""Processes under test: started on free ports, awaited by polling, ended by their own pid."""

import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

DEADLINE = float(os.environ.get("TOLLGATE_E2E_DEADLINE", "30"))


def binary() -> str:
    path = os.environ.get("TOLLGATE_BIN")
    if not path:
        raise RuntimeError("set TOLLGATE_BIN to the program under test, or use tools/e2e/run")
    return path


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def wait_until(condition, what: str, deadline: float = DEADLINE, pause: float = 0.02):
    """Polls until the condition is true and returns its value; fails after the deadline."""
    end = time.monotonic() + deadline
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {deadline:g} s: {what}")
        time.sleep(pause)


def accepts(port: int) -> bool:
    with socket.socket() as sock:
        sock.settimeout(1)
        return sock.connect_ex(("127.0.0.1", port)) == 0


class Process:
    """A child process whose output goes to a file."""

    def __init__(self, arguments, log: Path, env=None):
        self.arguments = [str(argument) for argument in arguments]
        self.log = log
        self._file = open(log, "ab")
        self.popen = subprocess.Popen(
            self.arguments,
            stdin=subprocess.DEVNULL,
            stdout=self._file,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(env or {})},
        )

    @property
    def pid(self) -> int:
        return self.popen.pid

    @property
    def output(self) -> str:
        return self.log.read_text(errors="replace")

    @property
    def running(self) -> bool:
        return self.popen.poll() is None

    def ready(self, condition, what: str):
        def check():
            if not self.running:
                raise AssertionError(
                    f"{' '.join(self.arguments)} ended with {self.popen.returncode}:\n{self.output[-4000:]}"
                )
            return condition()

        wait_until(check, f"{what}; its output:\n{self.output[-2000:]}")
        return self

    def signal(self, number):
        if self.running:
            self.popen.send_signal(number)

    def wait(self, deadline: float = DEADLINE) -> int:
        return self.popen.wait(deadline)

    def terminate(self, deadline: float = DEADLINE) -> int:
        self.signal(signal.SIGTERM)
        try:
            return self.wait(deadline)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"pid {self.pid} did not end within {deadline:g} s of SIGTERM:\n{self.output[-4000:]}")

    def kill(self):
        self.signal(signal.SIGKILL)
        self.popen.wait(DEADLINE)

    def close(self):
        if self.running:
            self.kill()
        self._file.close()


def http(method: str, url: str, body: bytes | None = None, headers=None, timeout: float = DEADLINE):
    """One request; returns (status, headers, body) for any status."""
    request = urllib.request.Request(url, data=body, method=method, headers=headers or {})
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=timeout) as response:
            return response.status, response.headers, response.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers, error.read()
