"""nginx as the upstream and as the reference proxy, with configurations of its own in a temporary folder."""

import json
import os
import pathlib

from .processes import Server, free_port

# An answer of about 1 kB in the shape of OpenAI's chat completions.
ANSWER = json.dumps(
    {
        "id": "chatcmpl-bench000000000000000000000",
        "object": "chat.completion",
        "created": 1760000000,
        "model": "gpt-4o-2024-08-06",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "All that is gold does not glitter. " * 14, "refusal": None},
                "logprobs": None,
                "finish_reason": "stop",
            }
        ],
        "usage": {
            "prompt_tokens": 1117,
            "completion_tokens": 46,
            "total_tokens": 1163,
            "prompt_tokens_details": {"cached_tokens": 1024, "audio_tokens": 0},
            "completion_tokens_details": {
                "reasoning_tokens": 0,
                "audio_tokens": 0,
                "accepted_prediction_tokens": 0,
                "rejected_prediction_tokens": 0,
            },
        },
        "service_tier": "default",
        "system_fingerprint": "fp_bench",
    },
    separators=(",", ":"),
)

FRAME = """
daemon off;
worker_processes 1;
{user}
pid {folder}/pid;
error_log {folder}/error.log warn;
events {{ worker_connections 8192; }}
http {{
    access_log off;
    keepalive_timeout 1h;
    keepalive_requests 1000000000;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    {rest}
}}
"""

UPSTREAM = """
    server {{
        listen 127.0.0.1:{port} backlog=4096;
        default_type application/json;
        location / {{ return 200 '{answer}'; }}
    }}
"""

# Buffering is nginx's default; for streams it is off, as everybody has it who proxies them.
PROXY = """
    upstream provider {{
        server 127.0.0.1:{upstream};
        keepalive 1024;
        keepalive_requests 1000000000;
        keepalive_timeout 1h;
    }}
    server {{
        listen 127.0.0.1:{port} backlog=4096;
        location /proxy/bench/ {{
            proxy_pass http://provider/;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_buffering {buffering};
        }}
    }}
"""


def start(name, folder, rest, port):
    """Starts nginx with one worker and `rest` in its http block."""
    folder = pathlib.Path(folder, name)
    folder.mkdir()
    user = "user root;" if os.geteuid() == 0 else ""
    configuration = folder / "nginx.conf"
    configuration.write_text(FRAME.format(folder=folder, user=user, rest=rest))
    command = ["nginx", "-p", str(folder), "-e", str(folder / "error.log"), "-c", str(configuration)]
    return Server(name, command, port, folder / "output.log")


def upstream(folder):
    """An upstream that answers every request with the same JSON."""
    port = free_port()
    return start("upstream", folder, UPSTREAM.format(port=port, answer=ANSWER), port)


def proxy(folder, upstream_port, name="nginx", buffering=True):
    """nginx's proxy_pass in front of an upstream, with kept-alive connections."""
    port = free_port()
    rest = PROXY.format(port=port, upstream=upstream_port, buffering="on" if buffering else "off")
    return start(name, folder, rest, port)
