"""Requests without an SDK, where the bytes themselves matter."""

import http.client
import json
from dataclasses import dataclass, field

from .process import DEADLINE
from .tollgate import CLIENT_KEY

BODIES = {
    "openai": ("v1/chat/completions", {"model": "gpt-4o", "messages": [{"role": "user", "content": "count me"}]}),
    "anthropic": (
        "v1/messages",
        {"model": "claude-sonnet-4-5", "max_tokens": 99, "messages": [{"role": "user", "content": "count me"}]},
    ),
    "gemini": (
        "v1beta/models/gemini-2.5-pro:generateContent",
        {"contents": [{"role": "user", "parts": [{"text": "count me"}]}]},
    ),
}


@dataclass
class Reply:
    """An answer as far as it came."""

    status: int
    headers: dict = field(default_factory=dict)
    body: bytes = b""
    # The connection broke before the end of the answer.
    broken: bool = False

    @property
    def request_id(self) -> str:
        return self.headers["x-tollgate-request-id"]

    @property
    def truth(self) -> dict:
        return json.loads(self.headers["x-sim-usage"])


def send(port, method, target, body: bytes | None = None, headers=None, timeout: float = DEADLINE) -> Reply:
    """One request over a connection of its own; what arrived before a break is kept."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request(method, target, body=body, headers=headers or {})
        response = connection.getresponse()
        reply = Reply(response.status, {name.lower(): value for name, value in response.getheaders()})
        try:
            while piece := response.read1(65536):
                reply.body += piece
            # A body that ends before its stated length ends silently in read1.
            reply.broken = bool(response.length)
        except (http.client.IncompleteRead, ConnectionError) as error:
            reply.body += getattr(error, "partial", b"")
            reply.broken = True
        return reply
    finally:
        connection.close()


def ask(
    gateway, group: str, control: str = "", stream: bool = False, key: str = CLIENT_KEY, usage: bool = True, marks=None
) -> Reply:
    """A request in the dialect of a group; `marks` are tags by name."""
    path, body = BODIES[group]
    if stream and group == "gemini":
        path = path.replace(":generateContent", ":streamGenerateContent") + "?alt=sse"
    elif stream:
        body = {**body, "stream": True}
        if group == "openai" and usage:
            body["stream_options"] = {"include_usage": True}
    return send(
        gateway.port,
        "POST",
        f"/proxy/{group}/{path}",
        json.dumps(body).encode(),
        {"content-type": "application/json", "authorization": f"Bearer {key}", "x-sim": control}
        | {f"x-tollgate-tag-{name}": value for name, value in (marks or {}).items()},
    )
