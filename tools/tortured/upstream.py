"""The upstream of the tortured gateway: it remembers which requests reached it."""

import json
import socketserver
import threading
import time
from http.server import BaseHTTPRequestHandler

USAGE = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        model = body["model"]
        with self.server.lock:
            self.server.arrived.add(model)
        try:
            if body.get("stream"):
                self.stream(model, self.headers.get("x-pace"))
            else:
                self.plain(model)
        except OSError:
            self.close_connection = True  # The gateway was killed.

    def plain(self, model):
        message = {"index": 0, "message": {"role": "assistant", "content": "x" * 40}, "finish_reason": "stop"}
        answer = {"id": f"a-{model}", "object": "chat.completion", "model": model, "choices": [message], "usage": USAGE}
        data = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def stream(self, model, pace):
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        for number in range(4):
            choice = {"index": 0, "delta": {"content": "x"}, "finish_reason": "stop" if number == 3 else None}
            chunk = {"id": f"a-{model}", "object": "chat.completion.chunk", "model": model, "choices": [choice]}
            if number == 3:
                chunk["usage"] = USAGE
            self.chunk(b"data: " + json.dumps(chunk).encode() + b"\n\n")
            if pace:
                time.sleep(float(pace))
        self.chunk(b"data: [DONE]\n\n")
        self.wfile.write(b"0\r\n\r\n")

    def chunk(self, data):
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.flush()

    def log_message(self, *_):
        pass


class Upstream(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 64

    def __init__(self):
        self.lock = threading.Lock()
        self.arrived = set()
        super().__init__(("127.0.0.1", 0), Handler)
        self.port = self.server_address[1]
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, *_):
        pass

    def take(self):
        """The requests that arrived since the last call."""
        with self.lock:
            arrived, self.arrived = self.arrived, set()
        return arrived
