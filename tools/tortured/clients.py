"""Clients that ask as fast as they are answered and remember what they saw complete."""

import http.client
import json
import random
import threading

KEY = "tg-torture-client-0123456789"


class Clients:
    """Some threads; each asks on a connection of its own until the gateway goes or they are stopped."""

    def __init__(self, port, seed, count=6):
        self.port = port
        self.stopped = threading.Event()
        self.lock = threading.Lock()
        self.asked = 0
        self.complete = {}
        self.threads = [
            threading.Thread(target=self.work, args=(f"{seed}-{number}",), daemon=True) for number in range(count)
        ]
        for thread in self.threads:
            thread.start()

    def work(self, name):
        chosen = random.Random(name)
        connection = None
        serial = 0
        while not self.stopped.is_set():
            serial += 1
            model = f"m-{name}-{serial}"
            with self.lock:
                self.asked += 1
            try:
                connection = connection or http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
                identity = ask(connection, model, chosen)
            except (OSError, http.client.HTTPException):
                return  # Cut by the kill: nothing was promised.
            if identity:
                with self.lock:
                    self.complete[model] = identity

    def end(self):
        self.stopped.set()
        for thread in self.threads:
            thread.join(30)
        return self.complete


def ask(connection, model, chosen):
    """The id of the request if its answer is complete, None for a refusal; an error when the answer was cut."""
    body = {"model": model, "stream": chosen.random() < 0.5, "messages": [{"role": "user", "content": "x"}]}
    headers = {"content-type": "application/json", "authorization": f"Bearer {KEY}"}
    if chosen.random() < 0.1:
        # Long enough for a record of its own before its end.
        headers["x-pace"] = "0.08"
    connection.request("POST", "/proxy/openai/v1/chat/completions", json.dumps(body), headers)
    response = connection.getresponse()
    data = response.read()
    if response.status != 200:
        return None
    if body["stream"] and not data.endswith(b"data: [DONE]\n\n"):
        raise http.client.IncompleteRead(data)
    return response.getheader("x-tollgate-request-id")
