"""Recorded traffic: an upstream that sends recorded answers byte for byte, re-chunked at random by a seed."""

import base64
import gzip
import json
import random
import socket
import threading
from pathlib import Path

SAMPLE = Path(__file__).resolve().parents[4] / "shared" / "traffic" / "sample.jsonl.gz"


def load() -> list[dict]:
    with gzip.open(SAMPLE) as file:
        return [json.loads(line) for line in file]


def dialect(line: dict) -> str:
    """The dialect by the path, as far as it is one of the three; else `other`."""
    path = line["path"]
    if path.rsplit(":", 1)[-1] in ("generateContent", "streamGenerateContent", "embedContent", "batchEmbedContents"):
        return "gemini"
    if path.endswith("/messages"):
        return "anthropic"
    return "openai" if path.endswith(("/completions", "/responses", "/embeddings")) else "other"


class Recorded:
    """The bytes of one recorded answer."""

    def __init__(self, line: dict, seed: int):
        self.random = random.Random(seed)
        self.status = line["response_status"]
        self.headers = {name: value for name, value in line["response_headers"].items()}
        self.chunked = self.headers.pop("transfer-encoding", None) is not None or line["streaming"]
        encoding = self.headers.get("content-encoding")
        if "response_body_wire_b64" in line:
            self.body = base64.b64decode(line["response_body_wire_b64"])
        else:
            if "response_body_b64" in line:
                self.body = base64.b64decode(line["response_body_b64"])
            else:
                self.body = line["response_body"].encode()
            # The recording was decoded: compress anew where it had been gzip, else drop the coding.
            self.headers.pop("content-encoding", None)
            if encoding == "gzip":
                self.body = gzip.compress(self.body, mtime=0)
                self.headers["content-encoding"] = "gzip"

    def pieces(self) -> list[bytes]:
        style = self.random.randrange(3)
        if style == 0:
            return [self.body] if self.body else []
        largest = 7 if style == 1 and len(self.body) < 4000 else max(8, len(self.body) // 5)
        pieces, index = [], 0
        while index < len(self.body):
            size = self.random.randint(1, largest)
            pieces.append(self.body[index : index + size])
            index += size
        return pieces

    def write(self, sock: socket.socket):
        head = f"HTTP/1.1 {self.status} Recorded\r\n"
        head += "".join(f"{name}: {value}\r\n" for name, value in self.headers.items())
        pieces = self.pieces()
        if self.chunked:
            sock.sendall((head + "transfer-encoding: chunked\r\n\r\n").encode("latin-1"))
            for piece in pieces:
                sock.sendall(b"%x\r\n%s\r\n" % (len(piece), piece))
            sock.sendall(b"0\r\n\r\n")
        else:
            sock.sendall((head + f"content-length: {len(self.body)}\r\n\r\n").encode("latin-1"))
            for piece in pieces:
                sock.sendall(piece)


class ReplayUpstream:
    """Answers a request that carries `x-replay: N` with recorded answer N."""

    def __init__(self, answers: list[Recorded]):
        self.answers = answers
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock: socket.socket):
        try:
            with sock, sock.makefile("rb") as reader:
                while True:
                    headers = self._request(reader)
                    if headers is None:
                        return
                    self.answers[int(headers["x-replay"])].write(sock)
        except OSError:
            pass  # The gateway closed the connection.

    @staticmethod
    def _request(reader):
        if not reader.readline():
            return None
        headers = {}
        while line := reader.readline().strip():
            name, _, value = line.decode("latin-1").partition(":")
            headers[name.lower()] = value.strip()
        if headers.get("transfer-encoding", "").lower() == "chunked":
            while size := int(reader.readline().split(b";")[0], 16):
                reader.read(size + 2)
            while reader.readline().strip():
                pass
        else:
            reader.read(int(headers.get("content-length", 0)))
        return headers

    def close(self):
        self.listener.close()
