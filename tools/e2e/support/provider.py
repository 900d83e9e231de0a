"""A provider for what the simulated one does not offer: images, audio, moderation, tools, structured output."""

import base64
import gzip
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40).decode()
MP3 = bytes(range(256)) * 300
TEXT = "The gate counts größere pieces too."
ARGUMENTS = {"city": "Köln", "days": 3}
RECORD = {"name": "Ada", "age": 36, "tags": ["日本語", '"quoted"']}


def image_usage(images: int, pictures: int) -> dict:
    return {
        "input_tokens": 13 + 323 * pictures,
        "input_tokens_details": {"text_tokens": 13, "image_tokens": 323 * pictures},
        "output_tokens": 272 * images,
        "output_tokens_details": {"image_tokens": 272 * images, "text_tokens": 0},
        "total_tokens": 13 + 323 * pictures + 272 * images,
    }


CHAT_USAGE = {
    "prompt_tokens": 61,
    "completion_tokens": 25,
    "total_tokens": 86,
    "prompt_tokens_details": {"cached_tokens": 11, "audio_tokens": 0},
    "completion_tokens_details": {"reasoning_tokens": 7, "audio_tokens": 0},
}
RESPONSE_USAGE = {
    "input_tokens": 61,
    "input_tokens_details": {"cached_tokens": 11},
    "output_tokens": 25,
    "output_tokens_details": {"reasoning_tokens": 7},
    "total_tokens": 86,
}
MESSAGE_USAGE = {
    "input_tokens": 50,
    "cache_read_input_tokens": 11,
    "cache_creation_input_tokens": 0,
    "output_tokens": 25,
}
GEMINI_USAGE = {
    "promptTokenCount": 61,
    "cachedContentTokenCount": 11,
    "candidatesTokenCount": 18,
    "thoughtsTokenCount": 7,
    "totalTokenCount": 86,
}
TRANSCRIPTION_USAGE = {
    "type": "tokens",
    "input_tokens": 49,
    "input_token_details": {"text_tokens": 9, "audio_tokens": 40},
    "output_tokens": 8,
    "total_tokens": 57,
}
SPEECH_USAGE = {"input_tokens": 9, "output_tokens": 60, "total_tokens": 69}


def sse(*events, named=True) -> bytes:
    lines = []
    for event in events:
        if event == "[DONE]":
            lines.append("data: [DONE]\n\n")
        elif named:
            lines.append(f"event: {event['type']}\ndata: {json.dumps(event, ensure_ascii=False)}\n\n")
        else:
            lines.append(f"data: {json.dumps(event, ensure_ascii=False)}\n\n")
    return "".join(lines).encode()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        pass

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        kind = self.headers.get("content-type", "")
        plain = gzip.decompress(body) if self.headers.get("content-encoding") == "gzip" else body
        request = self.form(body, kind) if kind.startswith("multipart/") else json.loads(plain)
        path = self.path.split("?")[0]
        self.server.requests.append((path, dict(self.headers), body))
        for end, answer in self.ANSWERS.items():
            if path.endswith(end):
                answer(self, request)
                return
        self.answer({"error": {"message": f"no {path}", "type": "invalid_request_error", "code": None}}, 404)

    @staticmethod
    def form(body: bytes, kind: str) -> dict:
        fields: dict = {"pictures": 0}
        for part in body.split(b"--" + kind.partition("boundary=")[2].encode()):
            head, _, value = part.partition(b"\r\n\r\n")
            name = head.partition(b'name="')[2].partition(b'"')[0].decode()
            if b"filename=" in head:
                fields["pictures"] += 1
            elif name:
                fields[name] = value.rstrip(b"\r\n").decode()
        return fields

    def answer(self, value, status=200, kind="application/json"):
        data = value if isinstance(value, bytes) else json.dumps(value, ensure_ascii=False).encode()
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("x-request-id", "req_provider")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def events(self, data: bytes):
        """A stream in chunks that cut its lines and characters anywhere."""
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        for start in range(0, len(data), 97):
            piece = data[start : start + 97]
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            self.wfile.flush()
        self.wfile.write(b"0\r\n\r\n")

    def images(self, request):
        count = int(request.get("n", 1))
        usage = image_usage(count, request.get("pictures", 0))
        kind = "image_edit" if "edits" in self.path else "image_generation"
        if str(request.get("stream", "false")).lower() == "true":
            partial = {"type": f"{kind}.partial_image", "b64_json": PNG, "partial_image_index": 0, "created_at": 1}
            done = {"type": f"{kind}.completed", "b64_json": PNG, "created_at": 1, "usage": usage}
            self.events(sse(partial, done))
        else:
            self.answer({"created": 1, "data": [{"b64_json": PNG}] * count, "usage": usage})

    def speech(self, request):
        if request.get("stream_format") == "sse":
            audio = base64.b64encode(MP3).decode()
            self.events(
                sse(
                    {"type": "speech.audio.delta", "audio": audio},
                    {"type": "speech.audio.done", "usage": SPEECH_USAGE},
                )
            )
        else:
            self.answer(MP3, kind="audio/mpeg")

    def transcription(self, request):
        if request["model"] == "whisper-1":
            self.answer({"text": TEXT, "usage": {"type": "duration", "seconds": 6}})
        elif request.get("stream", "").lower() == "true":
            words = [{"type": "transcript.text.delta", "delta": word + " "} for word in TEXT.split()]
            self.events(sse(*words, {"type": "transcript.text.done", "text": TEXT, "usage": TRANSCRIPTION_USAGE}))
        else:
            self.answer({"text": TEXT, "usage": TRANSCRIPTION_USAGE})

    def moderation(self, request):
        names = ["hate", "violence", "sexual", "harassment"]
        result = {
            "flagged": False,
            "categories": dict.fromkeys(names, False),
            "category_scores": dict.fromkeys(names, 0.01),
            "category_applied_input_types": {name: ["text"] for name in names},
        }
        self.answer({"id": "modr-1", "model": request["model"], "results": [result]})

    def chat(self, request):
        head = {"id": "chatcmpl-1", "created": 1, "model": request["model"]}
        if request.get("tools"):
            arguments = json.dumps(ARGUMENTS, ensure_ascii=False)
            call = {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": arguments}}
            message, reason = {"role": "assistant", "content": None, "tool_calls": [call]}, "tool_calls"
        else:
            message, reason = {"role": "assistant", "content": json.dumps(RECORD, ensure_ascii=False)}, "stop"
        if not request.get("stream"):
            choice = {"index": 0, "message": message, "finish_reason": reason}
            self.answer({**head, "object": "chat.completion", "choices": [choice], "usage": CHAT_USAGE})
            return
        head["object"] = "chat.completion.chunk"

        def chunk(delta, reason=None):
            return {**head, "choices": [{"index": 0, "delta": delta, "finish_reason": reason}]}

        chunks = [chunk({"role": "assistant", "content": ""})]
        if request.get("tools"):
            function = {"name": "weather", "arguments": ""}
            chunks.append(chunk({"tool_calls": [{"index": 0, "id": "call_1", "type": "function", "function": function}]}))
            for index in range(0, len(arguments), 5):
                piece = {"index": 0, "function": {"arguments": arguments[index : index + 5]}}
                chunks.append(chunk({"tool_calls": [piece]}))
        else:
            chunks += [chunk({"content": character}) for character in message["content"]]
        chunks.append(chunk({}, reason))
        if (request.get("stream_options") or {}).get("include_usage"):
            chunks.append({**head, "choices": [], "usage": CHAT_USAGE})
        self.events(sse(*chunks, "[DONE]", named=False))

    def response(self, request):
        if request.get("tools"):
            item = {
                "type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "weather", "status": "completed",
                "arguments": json.dumps(ARGUMENTS, ensure_ascii=False),
            }
        else:
            text = json.dumps(RECORD, ensure_ascii=False)
            item = {
                "type": "message", "id": "msg_1", "role": "assistant", "status": "completed",
                "content": [{"type": "output_text", "text": text, "annotations": []}],
            }
        self.answer(
            {
                "id": "resp_1", "object": "response", "created_at": 1, "status": "completed", "model": request["model"],
                "output": [item], "parallel_tool_calls": True, "tool_choice": "auto", "tools": [],
                "usage": RESPONSE_USAGE,
            }
        )

    def message(self, request):
        head = {"id": "msg_1", "type": "message", "role": "assistant", "model": request["model"], "stop_sequence": None}
        tool = {"type": "tool_use", "id": "toolu_1", "name": "weather"}
        if not request.get("stream"):
            content = [{"type": "text", "text": TEXT}, {**tool, "input": ARGUMENTS}]
            self.answer({**head, "content": content, "stop_reason": "tool_use", "usage": MESSAGE_USAGE})
            return
        arguments = json.dumps(ARGUMENTS, ensure_ascii=False)
        pieces = [arguments[index : index + 4] for index in range(0, len(arguments), 4)]
        started = {**head, "content": [], "stop_reason": None, "usage": {**MESSAGE_USAGE, "output_tokens": 1}}
        self.events(
            sse(
                {"type": "message_start", "message": started},
                {"type": "content_block_start", "index": 0, "content_block": {**tool, "input": {}}},
                {"type": "ping"},
                *(
                    {
                        "type": "content_block_delta",
                        "index": 0,
                        "delta": {"type": "input_json_delta", "partial_json": piece},
                    }
                    for piece in pieces
                ),
                {"type": "content_block_stop", "index": 0},
                {
                    "type": "message_delta",
                    "delta": {"stop_reason": "tool_use", "stop_sequence": None},
                    "usage": {"output_tokens": 25},
                },
                {"type": "message_stop"},
            )
        )

    def generate(self, request):
        if request.get("tools"):
            part = {"functionCall": {"name": "weather", "args": ARGUMENTS}}
        else:
            part = {"text": json.dumps(RECORD, ensure_ascii=False)}
        candidate = {"content": {"role": "model", "parts": [part]}, "finishReason": "STOP", "index": 0}
        self.answer({"candidates": [candidate], "usageMetadata": GEMINI_USAGE, "modelVersion": "gemini-2.5-pro"})

    ANSWERS = {
        "/images/generations": images,
        "/images/edits": images,
        "/audio/speech": speech,
        "/audio/transcriptions": transcription,
        "/moderations": moderation,
        "/chat/completions": chat,
        "/responses": response,
        "/messages": message,
        ":generateContent": generate,
    }


class Provider:
    """The provider on a free port of the loopback interface."""

    def __init__(self):
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.requests = []
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    @property
    def requests(self) -> list:
        return self.server.requests

    def close(self):
        self.server.shutdown()
        self.server.server_close()
