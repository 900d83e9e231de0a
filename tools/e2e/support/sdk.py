"""Calls of the unmodified official SDKs, plain and streamed, each with its key in the SDK's own place."""

import json
from dataclasses import dataclass
from typing import Callable

import anthropic
import openai
from google import genai
from google.genai import types

from .tollgate import CLIENT_KEY

PROMPT = "Count the tokens of this größere prompt exactly, please: 日本語 too."


@dataclass
class Answer:
    """What the SDK made of an answer."""

    text: str
    headers: dict
    # Totals as the SDK reads them: (input with caches, output with reasoning); None where a stream shows none.
    totals: tuple[int, int] | None

    @property
    def truth(self) -> dict:
        """What the provider truly used."""
        return json.loads(self.headers["x-sim-usage"])

    @property
    def request_id(self) -> str:
        return self.headers["x-tollgate-request-id"]


def openai_client(url: str, key: str) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{url}/v1", api_key=key, max_retries=0, timeout=30)


def anthropic_client(url: str, key: str) -> anthropic.Anthropic:
    return anthropic.Anthropic(base_url=url, api_key=key, max_retries=0, timeout=30)


def gemini_client(url: str, key: str, control: str = "") -> genai.Client:
    options = types.HttpOptions(base_url=url, headers={"x-sim": control}, timeout=30_000)
    return genai.Client(api_key=key, http_options=options)


def chat(url, key, control, model="gpt-4o") -> Answer:
    raw = openai_client(url, key).chat.completions.with_raw_response.create(
        model=model, messages=[{"role": "user", "content": PROMPT}], extra_headers={"x-sim": control}
    )
    answer = raw.parse()
    usage = answer.usage
    return Answer(
        answer.choices[0].message.content, raw.headers, usage and (usage.prompt_tokens, usage.completion_tokens)
    )


def chat_stream(url, key, control, model="gpt-4o", include_usage=False) -> Answer:
    options = {"stream_options": {"include_usage": True}} if include_usage else {}
    raw = openai_client(url, key).chat.completions.with_raw_response.create(
        model=model,
        messages=[{"role": "user", "content": PROMPT}],
        stream=True,
        extra_headers={"x-sim": control},
        **options,
    )
    text, totals = "", None
    for chunk in raw.parse():
        for choice in chunk.choices:
            text += choice.delta.content or ""
        if include_usage:
            if chunk.usage:
                totals = (chunk.usage.prompt_tokens, chunk.usage.completion_tokens)
        else:
            # A client that did not ask must not see that the gateway did.
            assert chunk.choices, "the client got a usage chunk that it did not ask for"
            assert chunk.usage is None
    return Answer(text, raw.headers, totals)


def chat_stream_asked(url, key, control) -> Answer:
    return chat_stream(url, key, control, include_usage=True)


def completion(url, key, control) -> Answer:
    raw = openai_client(url, key).completions.with_raw_response.create(
        model="gpt-3.5-turbo-instruct", prompt=PROMPT, extra_headers={"x-sim": control}
    )
    answer = raw.parse()
    return Answer(
        answer.choices[0].text, raw.headers, (answer.usage.prompt_tokens, answer.usage.completion_tokens)
    )


def completion_stream(url, key, control) -> Answer:
    raw = openai_client(url, key).completions.with_raw_response.create(
        model="gpt-3.5-turbo-instruct", prompt=PROMPT, stream=True, extra_headers={"x-sim": control}
    )
    text = "".join(choice.text for chunk in raw.parse() for choice in chunk.choices)
    return Answer(text, raw.headers, None)


def response(url, key, control) -> Answer:
    raw = openai_client(url, key).responses.with_raw_response.create(
        model="o4-mini", input=PROMPT, extra_headers={"x-sim": control}
    )
    answer = raw.parse()
    return Answer(answer.output_text, raw.headers, (answer.usage.input_tokens, answer.usage.output_tokens))


def response_stream(url, key, control) -> Answer:
    raw = openai_client(url, key).responses.with_raw_response.create(
        model="o4-mini", input=PROMPT, stream=True, extra_headers={"x-sim": control}
    )
    text, totals = "", None
    for event in raw.parse():
        if event.type == "response.output_text.delta":
            text += event.delta
        if event.type in ("response.completed", "response.incomplete"):
            totals = (event.response.usage.input_tokens, event.response.usage.output_tokens)
    return Answer(text, raw.headers, totals)


def embedding(url, key, control) -> Answer:
    raw = openai_client(url, key).embeddings.with_raw_response.create(
        model="text-embedding-3-small", input=[PROMPT, PROMPT], extra_headers={"x-sim": control}
    )
    answer = raw.parse()
    assert [len(item.embedding) for item in answer.data] == [8, 8]
    assert answer.data[1].embedding[0] == 0.125
    return Answer("", raw.headers, (answer.usage.prompt_tokens, 0))


def anthropic_totals(usage) -> tuple[int, int]:
    parts = (usage.input_tokens, usage.cache_creation_input_tokens, usage.cache_read_input_tokens)
    return sum(part or 0 for part in parts), usage.output_tokens


def message(url, key, control, max_tokens=1000) -> Answer:
    raw = anthropic_client(url, key).messages.with_raw_response.create(
        model="claude-sonnet-4-5",
        max_tokens=max_tokens,
        messages=[{"role": "user", "content": PROMPT}],
        extra_headers={"x-sim": control},
    )
    answer = raw.parse()
    text = "".join(block.text for block in answer.content if block.type == "text")
    return Answer(text, raw.headers, anthropic_totals(answer.usage))


def message_stream(url, key, control) -> Answer:
    with anthropic_client(url, key).messages.stream(
        model="claude-sonnet-4-5",
        max_tokens=1000,
        messages=[{"role": "user", "content": PROMPT}],
        extra_headers={"x-sim": control},
    ) as stream:
        text = "".join(stream.text_stream)
        usage = stream.get_final_message().usage
        return Answer(text, stream.response.headers, anthropic_totals(usage))


def gemini_totals(usage) -> tuple[int, int]:
    return usage.prompt_token_count, (usage.candidates_token_count or 0) + (usage.thoughts_token_count or 0)


def generate(url, key, control) -> Answer:
    with gemini_client(url, key, control) as client:
        answer = client.models.generate_content(model="gemini-2.5-pro", contents=PROMPT)
    return Answer(answer.text, answer.sdk_http_response.headers, gemini_totals(answer.usage_metadata))


def generate_stream(url, key, control) -> Answer:
    text, last = "", None
    with gemini_client(url, key, control) as client:
        for chunk in client.models.generate_content_stream(model="gemini-2.5-pro", contents=PROMPT):
            text += chunk.text or ""
            last = chunk
    return Answer(text, last.sdk_http_response.headers, gemini_totals(last.usage_metadata))


def gemini_embedding(url, key, control) -> Answer:
    with gemini_client(url, key, control) as client:
        answer = client.models.embed_content(model="gemini-embedding-001", contents=[PROMPT, PROMPT])
    assert [len(item.values) for item in answer.embeddings] == [8, 8]
    return Answer("", answer.sdk_http_response.headers, None)


@dataclass
class Call:
    """One way to call a provider by its SDK."""

    name: str
    group: str
    run: Callable[..., Answer]
    operation: str
    stream: bool

    def __call__(self, url, key, control="") -> Answer:
        return self.run(url, key, control)


CALLS = [
    Call("openai-chat", "openai", chat, "chat", False),
    Call("openai-chat-stream", "openai", chat_stream, "chat", True),
    Call("openai-chat-stream-asked", "openai", chat_stream_asked, "chat", True),
    Call("openai-completion", "openai", completion, "completion", False),
    Call("openai-completion-stream", "openai", completion_stream, "completion", True),
    Call("openai-response", "openai", response, "response", False),
    Call("openai-response-stream", "openai", response_stream, "response", True),
    Call("openai-embedding", "openai", embedding, "embedding", False),
    Call("anthropic-message", "anthropic", message, "chat", False),
    Call("anthropic-message-stream", "anthropic", message_stream, "chat", True),
    Call("gemini-generate", "gemini", generate, "chat", False),
    Call("gemini-generate-stream", "gemini", generate_stream, "chat", True),
    Call("gemini-embedding", "gemini", gemini_embedding, "embedding", False),
]
by_name = {call.name: call for call in CALLS}


def through(gateway, call, control="", key=CLIENT_KEY):
    return call(f"{gateway.url}/proxy/{call.group}", key, control)
