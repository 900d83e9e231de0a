"""Tollgate as the bench starts it."""

import http.client
import pathlib
import re

from .processes import BenchError, Server, free_port, run

CONFIGURATION = """\
listen: 127.0.0.1:{port}
admin: {{listen: 127.0.0.1:{admin}}}
data_dir: {data}
threads: 1
groups:
  bench:
    dialect: openai
    upstreams: [{{url: http://127.0.0.1:{upstream}}}]
    keys: [sk-bench]
"""


class Gateway(Server):
    """A Tollgate with one event loop, its ledger on, in front of one upstream."""

    def __init__(self, binary, folder, upstream_port, data=None):
        folder = pathlib.Path(folder, "tollgate")
        folder.mkdir()
        self.admin_port, self.data = free_port(), pathlib.Path(data) if data else folder / "data"
        port = free_port()
        configuration = folder / "tollgate.yaml"
        configuration.write_text(
            CONFIGURATION.format(port=port, admin=self.admin_port, data=self.data, upstream=upstream_port)
        )
        super().__init__("tollgate", [binary, "serve", "--config", str(configuration)], port, folder / "output.log")

    def counted_requests(self):
        """The requests in the ledger, as /metrics tells."""
        connection = http.client.HTTPConnection("127.0.0.1", self.admin_port, timeout=30)
        try:
            connection.request("GET", "/metrics")
            response = connection.getresponse()
            text = response.read().decode("utf-8", "replace")
        except OSError as error:
            raise BenchError(f"the management listener on port {self.admin_port} does not answer: {error}") from None
        connection.close()
        if response.status != 200:
            raise BenchError(f"/metrics answered {response.status}")
        return sum(int(float(value)) for value in re.findall(r"(?m)^tollgate_requests_total(?:\{.*\})? (\S+)", text))


def folder_bytes(folder):
    """The bytes that the files of a folder take on the disk."""
    return sum(path.stat().st_blocks * 512 for path in pathlib.Path(folder).rglob("*") if path.is_file())


def version(binary):
    return run([binary, "--version"], 20).strip()
