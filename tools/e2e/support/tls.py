"""A certificate authority made by openssl at test time, and an HTTPS upstream in Python."""

import json
import ssl
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

CONFIG = """
[req]
distinguished_name = dn
[dn]
[ca]
default_ca = authority
[authority]
dir = .
database = index.txt
serial = serial
new_certs_dir = .
default_md = sha256
policy = anything
copy_extensions = none
unique_subject = no
[anything]
commonName = supplied
[v3_ca]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
[server]
basicConstraints = CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = serverAuth
subjectAltName = {names}
"""


class Authority:
    """Certificates of one temporary authority."""

    def __init__(self, folder: Path):
        self.folder = folder
        folder.mkdir()
        (folder / "index.txt").touch()
        (folder / "serial").write_text("01\n")
        self._config("DNS:unused.invalid")
        self._openssl(
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "ca.key",
            "-out", "ca.pem", "-days", "2", "-subj", "/CN=Tollgate test authority", "-config", "ca.cnf",
            "-extensions", "v3_ca",
        )

    @property
    def certificate(self) -> Path:
        return self.folder / "ca.pem"

    def _config(self, names: str):
        (self.folder / "ca.cnf").write_text(CONFIG.format(names=names))

    def _openssl(self, *arguments):
        result = subprocess.run(["openssl", *arguments], cwd=self.folder, capture_output=True, text=True, timeout=60)
        assert result.returncode == 0, f"openssl {' '.join(arguments)}: {result.stderr}"

    def issue(self, name: str, names="DNS:localhost,IP:127.0.0.1", start=None, end=None, self_signed=False):
        """A certificate and its key; start and end as YYYYMMDDHHMMSSZ."""
        self._config(names)
        key, request, out = f"{name}.key", f"{name}.csr", f"{name}.pem"
        curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key]
        subject = ["-subj", f"/CN={name}", "-config", "ca.cnf"]
        if self_signed:
            self._openssl("req", "-x509", *curve, "-out", out, "-days", "2", *subject, "-extensions", "server")
        else:
            self._openssl("req", *curve, "-out", request, *subject)
            dates = ["-startdate", start, "-enddate", end] if start else ["-days", "2"]
            self._openssl(
                "ca", "-batch", "-config", "ca.cnf", "-cert", "ca.pem", "-keyfile", "ca.key", "-in", request,
                "-out", out, "-notext", "-extensions", "server", *dates,
            )
        return self.folder / out, self.folder / key


class Handler(BaseHTTPRequestHandler):
    """Answers every POST with one chat completion."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers.get("content-length", 0)))
        self.server.seen += 1
        body = json.dumps(
            {
                "id": "tls",
                "object": "chat.completion",
                "created": 1,
                "model": "gpt-4o",
                "choices": [
                    {"index": 0, "message": {"role": "assistant", "content": "over TLS"}, "finish_reason": "stop"}
                ],
                "usage": {"prompt_tokens": 11, "completion_tokens": 3, "total_tokens": 14},
            }
        ).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


class Upstream:
    """An HTTPS server on a free port."""

    def __init__(self, certificate: Path, key: Path):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.seen = 0
        # Refused handshakes are the subject of the tests, not news.
        self.server.handle_error = lambda *arguments: None
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def port(self) -> int:
        return self.server.server_address[1]

    @property
    def seen(self) -> int:
        return self.server.seen

    def close(self):
        self.server.shutdown()
        self.server.server_close()
