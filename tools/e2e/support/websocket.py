"""A websocket upstream that plays the provider's side of a session, and knows what it used."""

import json
import threading
from dataclasses import dataclass, field
from http import HTTPStatus

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import serve


@dataclass
class Session:
    """What one session was and used."""

    path: str
    headers: dict
    messages: list = field(default_factory=list)
    turns: int = 0
    input: int = 0
    output: int = 0
    close_code: int | None = None
    done: threading.Event = field(default_factory=threading.Event)


class WebSocketUpstream:
    """Speaks OpenAI realtime, Responses over a websocket, or Gemini Live, by the path. A text that says `cut` makes it
    vanish in the middle of the turn, `fail` makes it close with 1011, `hang` leaves the turn open."""

    def __init__(self):
        self.sessions: list[Session] = []
        self.refuse: HTTPStatus | None = None
        self.server = serve(
            self._serve,
            "127.0.0.1",
            0,
            process_request=self._check,
            select_subprotocol=lambda connection, offered: next(
                (name for name in offered if not name.startswith("openai-insecure")), None
            ),
        )
        self.port = self.server.socket.getsockname()[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def close(self):
        self.server.shutdown()

    def _check(self, connection, request):
        if "status-401" in request.headers.get("authorization", ""):
            return connection.respond(HTTPStatus.UNAUTHORIZED, '{"error":{"message":"key"}}')
        if self.refuse:
            return connection.respond(self.refuse, '{"error":{"message":"no"}}')

    def _serve(self, connection):
        request = connection.request
        session = Session(request.path, {name.lower(): value for name, value in request.headers.raw_items()})
        self.sessions.append(session)
        play = (
            self._live
            if "BidiGenerateContent" in request.path
            else self._responses
            if request.path.split("?")[0].endswith("/responses")
            else self._realtime
        )
        try:
            play(connection, session)
        except ConnectionClosed:
            pass
        finally:
            session.close_code = connection.close_code
            session.done.set()

    def _turn(self, session, text) -> tuple[int, int]:
        """The usage of a turn: words and 3 in, twice as many out, as every turn pays for its context again."""
        used = (len(text.split()) + 3 + 10 * session.turns, 2 * len(text.split()))
        session.turns += 1
        session.input += used[0]
        session.output += used[1]
        return used

    @staticmethod
    def _trouble(connection, text) -> bool:
        """Plays the trouble that a text asks for; true when the session is over with it."""
        if "cut" in text:
            connection.socket.shutdown(2)
            return True
        if "fail" in text:
            connection.close(1011, "internal error")
            return True
        return "hang" in text

    def _realtime(self, connection, session):
        model = session.path.partition("model=")[2].partition("&")[0] or "gpt-realtime"

        def send(kind, **members):
            connection.send(json.dumps({"type": kind, "event_id": "event_1", **members}))

        send("session.created", session={"type": "realtime", "id": "sess_1", "model": model})
        text = ""
        for message in connection:
            event = json.loads(message)
            session.messages.append(event)
            if event["type"] == "conversation.item.create":
                text = event["item"]["content"][0]["text"]
            elif event["type"] == "response.create":
                response = {"id": f"resp_{session.turns}", "object": "realtime.response", "output": []}
                send("response.created", response={**response, "status": "in_progress", "usage": None})
                send("response.output_text.delta", response_id=response["id"], item_id="i", output_index=0,
                     content_index=0, delta="größe " * 3000)
                if self._trouble(connection, text):
                    if "hang" in text:
                        continue
                    return
                used = self._turn(session, text)
                usage = {
                    "total_tokens": sum(used),
                    "input_tokens": used[0],
                    "output_tokens": used[1],
                    "input_token_details": {"text_tokens": used[0], "audio_tokens": 0, "cached_tokens": 0},
                    "output_token_details": {"text_tokens": used[1], "audio_tokens": 0},
                }
                send("response.done", response={**response, "status": "completed", "usage": usage})

    def _responses(self, connection, session):
        for message in connection:
            event = json.loads(message)
            session.messages.append(event)
            assert event["type"] == "response.create"
            used = self._turn(session, event["input"])
            response = {
                "id": f"resp_{session.turns}", "object": "response", "created_at": 1, "model": event["model"],
                "output": [], "parallel_tool_calls": True, "tool_choice": "auto", "tools": [],
            }
            connection.send(json.dumps(
                {"type": "response.created", "sequence_number": 0, "response": {**response, "status": "in_progress"}}
            ))
            usage = {
                "input_tokens": used[0], "input_tokens_details": {"cached_tokens": 0},
                "output_tokens": used[1], "output_tokens_details": {"reasoning_tokens": 0},
                "total_tokens": sum(used),
            }
            connection.send(json.dumps({
                "type": "response.completed", "sequence_number": 1,
                "response": {**response, "status": "completed", "usage": usage},
            }))

    def _live(self, connection, session):
        # Gemini Live sends JSON in binary messages.
        def send(message):
            connection.send(json.dumps(message).encode())

        for message in connection:
            event = json.loads(message)
            session.messages.append(event)
            if "setup" in event:
                send({"setupComplete": {}})
                continue
            # The SDK spells it either way.
            content = event.get("clientContent") or event.get("client_content")
            if not content:
                continue
            text = content["turns"][0]["parts"][0]["text"]
            send({"serverContent": {"modelTurn": {"parts": [{"text": "one "}]}}})
            used = self._turn(session, text)
            send({"serverContent": {"modelTurn": {"parts": [{"text": "two"}]}, "generationComplete": True}})
            send({
                "serverContent": {"turnComplete": True},
                "usageMetadata": {
                    "promptTokenCount": used[0], "responseTokenCount": used[1], "totalTokenCount": sum(used),
                    "promptTokensDetails": [{"modality": "TEXT", "tokenCount": used[0]}],
                    "responseTokensDetails": [{"modality": "TEXT", "tokenCount": used[1]}],
                },
            })
