"""Processes that the bench starts, measures and ends, and nobody else's."""

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time

TICKS = os.sysconf("SC_CLK_TCK")


class BenchError(Exception):
    """Something the bench cannot go on with, in words for a person."""


def say(text):
    print(text, file=sys.stderr, flush=True)


def free_port():
    """A TCP port of 127.0.0.1 that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _end_with_parent():
    """Makes the kernel end this process when the bench dies, however it dies."""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)


class Server:
    """A process that listens, with its children."""

    def __init__(self, name, command, port, log_path, environment=None):
        self.name, self.port, self.log_path = name, port, log_path
        with open(log_path, "wb") as log:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, **(environment or {})},
                preexec_fn=_end_with_parent,
            )

    def wait_until_ready(self, seconds=20):
        """Returns when the port accepts connections."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise BenchError(f"{self.name} ended with status {self.process.returncode}:\n{self.log_tail()}")
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return self
            except OSError:
                time.sleep(0.02)
        raise BenchError(f"{self.name} does not listen on port {self.port} after {seconds} s:\n{self.log_tail()}")

    def log_tail(self):
        with open(self.log_path, "r", errors="replace") as log:
            return log.read()[-2000:].strip() or "(it printed nothing)"

    def pids(self):
        """The process and all that descend from it."""
        found, todo = [], [self.process.pid]
        while todo:
            pid = todo.pop()
            found.append(pid)
            try:
                with open(f"/proc/{pid}/task/{pid}/children") as children:
                    todo += [int(child) for child in children.read().split()]
            except OSError:
                pass
        return found

    def cpu_seconds(self):
        """User and system time so far, of all threads of all its processes."""
        if self.process.poll() is not None:
            raise BenchError(f"{self.name} died with status {self.process.returncode}:\n{self.log_tail()}")
        total = 0
        for pid in self.pids():
            with open(f"/proc/{pid}/stat") as stat:
                fields = stat.read().rpartition(")")[2].split()
            total += int(fields[11]) + int(fields[12])
        return total / TICKS

    def resident_bytes(self, field="VmRSS"):
        """Resident memory of all its processes; `VmHWM` gives the highest so far."""
        total = 0
        for pid in self.pids():
            with open(f"/proc/{pid}/status") as status:
                for line in status:
                    if line.startswith(field + ":"):
                        total += int(line.split()[1]) * 1024
        return total

    def stop(self, seconds=15):
        """Asks it to end, and kills it when it does not; its children are nginx's and end with it."""
        if self.process.poll() is None:
            children = [pid for pid in self.pids() if pid != self.process.pid]
            self.process.terminate()
            try:
                self.process.wait(seconds)
            except subprocess.TimeoutExpired:
                for pid in [*children, self.process.pid]:
                    try:
                        os.kill(pid, signal.SIGKILL)
                    except ProcessLookupError:
                        pass
                self.process.wait()


class Servers:
    """Everything one run has started; leaving the block ends it, newest first."""

    def __init__(self):
        self.started = []

    def __enter__(self):
        return self

    def add(self, server):
        self.started.append(server)
        return server.wait_until_ready()

    def __exit__(self, *_):
        while self.started:
            self.started.pop().stop()


def run(command, seconds, **options):
    """Runs a command to its end and returns its stdout; it is killed after `seconds`."""
    try:
        result = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=seconds,
            preexec_fn=_end_with_parent,
            **options,
        )
    except subprocess.TimeoutExpired:
        raise BenchError(f"{' '.join(command)} took more than {seconds} s") from None
    except OSError as error:
        raise BenchError(f"cannot run {command[0]}: {error.strerror}") from None
    if result.returncode != 0:
        words = (result.stderr or result.stdout).strip()[-2000:]
        raise BenchError(f"{' '.join(command)} ended with status {result.returncode}:\n{words}")
    return result.stdout
