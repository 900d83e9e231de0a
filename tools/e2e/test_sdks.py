"""The official SDKs beyond text: images, audio, tools, structured output, errors. They notice nothing, and every call
is metered to the token and the picodollar."""

import base64
import json
from decimal import Decimal

import anthropic
import openai
import pytest
from google.genai import errors, types
from pydantic import BaseModel

from support.book import FIRST, Book, Row
from support.provider import ARGUMENTS, MP3, PNG, RECORD, TEXT, Provider
from support.sdk import anthropic_client, gemini_client, openai_client
from support.tollgate import CLIENT_KEY, Gateway

BOOK = Book(
    FIRST.rows
    + [
        Row("openai", "gpt-image-1", {"input": "5.000001", "input_image": "10.000003", "output_image": "40.000007"}),
        Row("openai", "gpt-4o-transcribe", {"input": "2.5", "input_audio": "6.000001", "output": "10.000003"}),
        Row("openai", "gpt-4o-mini-tts", {"input": "0.600001", "output": "12.000003", "output_audio": "12.000003"}),
    ]
)
TOOL = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
    "required": ["city", "days"],
}
# The lines of the provider's usage object for text, whatever the dialect calls them.
TEXT_LINES = ({"text": 50, "cache_read": 11}, {"text": 18, "reasoning": 7})


class Person(BaseModel):
    name: str
    age: int
    tags: list[str]


@pytest.fixture(scope="module")
def provider():
    provider = Provider()
    yield provider
    provider.close()


@pytest.fixture(scope="module")
def gateway(tmp_path_factory, provider):
    folder = tmp_path_factory.mktemp("sdks")
    gateway = Gateway(folder, provider.url, BOOK.write(folder / "prices.yaml"))
    try:
        yield gateway.start()
    finally:
        gateway.close()


@pytest.fixture
def client(gateway):
    return openai_client(f"{gateway.url}/proxy/openai", CLIENT_KEY)


@pytest.fixture
def claude(gateway):
    return anthropic_client(f"{gateway.url}/proxy/anthropic", CLIENT_KEY)


@pytest.fixture
def last(gateway):
    """The event of the one call that a test makes."""
    before = len(gateway.completed())

    def read():
        return gateway.completed(before + 1)[-1]

    return read


def check(event, operation, model, lines, stream=False):
    """The event has these lines and no others, and costs what the book says."""
    inputs, outputs = lines
    assert (event["outcome"], event["status"], event["client_name"]) == ("completed", 200, "alice")
    assert (event["operation"], event["stream"]) == (operation, stream)
    assert event["model"]["requested"] == model
    usage = event["usage"]
    assert usage["complete"] is True
    for side, expected in (("input", inputs), ("output", outputs)):
        stated = {name: count for name, count in usage[side].items() if count and name not in ("total", "tool")}
        assert stated == expected
        assert usage[side]["total"] == sum(expected.values())
    row = next(row for row in BOOK.rows if row.model == model)
    keys = {"text": "", "reasoning": "", "cache_read": "cache_read"}
    cost = Decimal(0)
    for side, expected in (("input", inputs), ("output", outputs)):
        for name, count in expected.items():
            key = keys.get(name, f"{side}_{name}") or side
            cost += count * Decimal(row.prices.get(key) or row.prices[side])
    assert event["cost"]["state"] == "priced"
    assert Decimal(event["cost"]["usd"]) == cost / 1_000_000


def test_images(client, last):
    answer = client.images.generate(model="gpt-image-1", prompt="a gate", n=2, size="1024x1024")
    assert [item.b64_json for item in answer.data] == [PNG, PNG]
    assert answer.usage.total_tokens == 557
    check(last(), "image", "gpt-image-1", ({"text": 13}, {"image": 544}))


def test_a_stream_of_images(client, last):
    kinds, usage = [], None
    for event in client.images.generate(model="gpt-image-1", prompt="a gate", stream=True, partial_images=1):
        assert event.b64_json == PNG
        kinds.append(event.type)
        usage = getattr(event, "usage", usage)
    assert kinds == ["image_generation.partial_image", "image_generation.completed"]
    assert usage.output_tokens == 272
    check(last(), "image", "gpt-image-1", ({"text": 13}, {"image": 272}), stream=True)


def test_an_edit_of_images(client, last, provider):
    picture = base64.b64decode(PNG)
    answer = client.images.edit(
        model="gpt-image-1", prompt="a größere gate", image=[("a.png", picture), ("b.png", picture)]
    )
    assert answer.data[0].b64_json == PNG
    # The form passed byte for byte.
    assert provider.requests[-1][2].count(picture) == 2
    check(last(), "image", "gpt-image-1", ({"text": 13, "image": 646}, {"image": 272}))


def test_speech(client, last):
    with client.audio.speech.with_streaming_response.create(
        model="gpt-4o-mini-tts", voice="alloy", input="one two three"
    ) as answer:
        assert b"".join(answer.iter_bytes(1000)) == MP3
    event = last()
    assert (event["outcome"], event["operation"], event["bytes"]["response"]) == ("completed", "speech", len(MP3))
    # The provider states no usage for bare audio: unknown, not zero.
    assert event["usage"]["source"] == "none"
    assert event["cost"]["state"] == "unpriced"


def test_a_stream_of_speech(client, last):
    with client.audio.speech.with_streaming_response.create(
        model="gpt-4o-mini-tts", voice="alloy", input="one two three", stream_format="sse"
    ) as answer:
        text = b"".join(answer.iter_bytes()).decode()
    assert base64.b64encode(MP3).decode() in text
    event = last()
    assert (event["outcome"], event["operation"], event["stream"]) == ("completed", "speech", True)
    assert event["usage"]["input"]["total"] == 9
    assert event["usage"]["output"]["total"] == 60
    expected = 9 * Decimal("0.600001") + 60 * Decimal("12.000003")
    assert Decimal(event["cost"]["usd"]) == expected / 1_000_000


def test_transcription(client, last, provider):
    answer = client.audio.transcriptions.create(model="gpt-4o-transcribe", file=("a.mp3", MP3))
    assert answer.text == TEXT
    assert answer.usage.total_tokens == 57
    assert MP3 in provider.requests[-1][2]
    check(last(), "transcription", "gpt-4o-transcribe", ({"text": 9, "audio": 40}, {"text": 8}))


def test_a_stream_of_transcription(client, last):
    text = ""
    for event in client.audio.transcriptions.create(model="gpt-4o-transcribe", file=("a.mp3", MP3), stream=True):
        text += getattr(event, "delta", "")
    assert text.split() == TEXT.split()
    check(last(), "transcription", "gpt-4o-transcribe", ({"text": 9, "audio": 40}, {"text": 8}), stream=True)


def test_transcription_by_the_second(client, last):
    answer = client.audio.transcriptions.create(model="whisper-1", file=("a.mp3", MP3))
    assert answer.usage.seconds == 6
    event = last()
    assert event["usage"]["units"] == {"audio_input_ms": 6000}
    # The book of the test has no price for it.
    assert event["cost"]["state"] == "unpriced"


def test_a_redirect_in_a_form(make_gateway, provider):
    gateway = make_gateway(
        provider.url, book=BOOK, group={"model_redirects": {"old-transcribe": "gpt-4o-transcribe"}}
    ).start()
    client = openai_client(f"{gateway.url}/proxy/openai", CLIENT_KEY)
    answer = client.audio.transcriptions.create(model="old-transcribe", file=("a.mp3", MP3), language="de")
    assert answer.usage.total_tokens == 57
    body = provider.requests[-1][2]
    assert MP3 in body and b"gpt-4o-transcribe\r\n" in body and b"old-transcribe" not in body
    event = gateway.completed(1)[0]
    assert (event["model"]["requested"], event["model"]["sent"]) == ("old-transcribe", "gpt-4o-transcribe")
    assert event["cost"]["state"] == "priced"


def test_moderation_is_free(client, last):
    assert client.moderations.create(model="omni-moderation-latest", input="hi").results[0].flagged is False
    event = last()
    assert (event["outcome"], event["operation"]) == ("completed", "moderation")
    assert event["cost"]["state"] in ("none", "free")


def chat_tools():
    return [{"type": "function", "function": {"name": "weather", "parameters": TOOL}}]


def test_tools_of_chat(client, last):
    answer = client.chat.completions.create(
        model="gpt-4o", messages=[{"role": "user", "content": "weather?"}], tools=chat_tools()
    )
    call = answer.choices[0].message.tool_calls[0]
    assert json.loads(call.function.arguments) == ARGUMENTS
    check(last(), "chat", "gpt-4o", TEXT_LINES)


def test_tools_of_a_chat_stream(client, last):
    with client.chat.completions.stream(
        model="gpt-4o", messages=[{"role": "user", "content": "weather?"}], tools=chat_tools()
    ) as stream:
        for event in stream:
            assert event.type != "chunk" or event.chunk.choices, "a usage chunk that nobody asked for"
        answer = stream.get_final_completion()
    assert json.loads(answer.choices[0].message.tool_calls[0].function.arguments) == ARGUMENTS
    check(last(), "chat", "gpt-4o", TEXT_LINES, stream=True)


def test_structured_output_of_chat(client, last):
    answer = client.chat.completions.parse(
        model="gpt-4o", messages=[{"role": "user", "content": "who?"}], response_format=Person
    )
    assert answer.choices[0].message.parsed == Person(**RECORD)
    check(last(), "chat", "gpt-4o", TEXT_LINES)


def test_structured_output_of_a_chat_stream(client, last):
    with client.chat.completions.stream(
        model="gpt-4o",
        messages=[{"role": "user", "content": "who?"}],
        response_format=Person,
        stream_options={"include_usage": True},
    ) as stream:
        answer = stream.get_final_completion()
    assert answer.choices[0].message.parsed == Person(**RECORD)
    assert answer.usage.total_tokens == 86
    check(last(), "chat", "gpt-4o", TEXT_LINES, stream=True)


def test_tools_of_responses(client, last):
    tool = {"type": "function", "name": "weather", "parameters": {**TOOL, "additionalProperties": False}, "strict": True}
    answer = client.responses.create(model="o4-mini", input="weather?", tools=[tool])
    assert json.loads(answer.output[0].arguments) == ARGUMENTS
    check(last(), "response", "o4-mini", TEXT_LINES)


def test_structured_output_of_responses(client, last):
    answer = client.responses.parse(model="o4-mini", input="who?", text_format=Person)
    assert answer.output_parsed == Person(**RECORD)
    check(last(), "response", "o4-mini", TEXT_LINES)


CLAUDE_LINES = ({"text": 50, "cache_read": 11}, {"text": 25})


def claude_request():
    return {
        "model": "claude-sonnet-4-5",
        "max_tokens": 100,
        "messages": [{"role": "user", "content": "weather?"}],
        "tools": [{"name": "weather", "input_schema": TOOL}],
    }


def test_tools_of_messages(claude, last):
    answer = claude.messages.create(**claude_request())
    assert answer.stop_reason == "tool_use"
    assert answer.content[1].input == ARGUMENTS
    check(last(), "chat", "claude-sonnet-4-5", CLAUDE_LINES)


def test_tools_of_a_message_stream(claude, last):
    with claude.messages.stream(**claude_request()) as stream:
        answer = stream.get_final_message()
    assert answer.content[0].input == ARGUMENTS
    assert answer.usage.output_tokens == 25
    check(last(), "chat", "claude-sonnet-4-5", CLAUDE_LINES, stream=True)


def test_tools_of_gemini(gateway, last):
    declaration = types.FunctionDeclaration(name="weather", parameters_json_schema=TOOL)
    config = types.GenerateContentConfig(
        tools=[types.Tool(function_declarations=[declaration])],
        automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
    )
    with gemini_client(f"{gateway.url}/proxy/gemini", CLIENT_KEY) as client:
        answer = client.models.generate_content(model="gemini-2.5-pro", contents="weather?", config=config)
    assert answer.function_calls[0].args == ARGUMENTS
    check(last(), "chat", "gemini-2.5-pro", TEXT_LINES)


def test_structured_output_of_gemini(gateway, last):
    config = types.GenerateContentConfig(response_mime_type="application/json", response_schema=Person)
    with gemini_client(f"{gateway.url}/proxy/gemini", CLIENT_KEY) as client:
        answer = client.models.generate_content(model="gemini-2.5-pro", contents="who?", config=config)
    assert answer.parsed == Person(**RECORD)
    check(last(), "chat", "gemini-2.5-pro", TEXT_LINES)


OPENAI_ERRORS = {
    400: openai.BadRequestError,
    401: openai.AuthenticationError,
    404: openai.NotFoundError,
    429: openai.RateLimitError,
    500: openai.InternalServerError,
}
ANTHROPIC_ERRORS = {
    400: anthropic.BadRequestError,
    401: anthropic.AuthenticationError,
    404: anthropic.NotFoundError,
    429: anthropic.RateLimitError,
    500: anthropic.InternalServerError,
}


@pytest.mark.parametrize("status", OPENAI_ERRORS)
@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
def test_errors_of_openai(make_gateway, status, stream):
    gateway = make_gateway().start()
    with pytest.raises(OPENAI_ERRORS[status]) as raised:
        openai_client(f"{gateway.url}/proxy/openai", CLIENT_KEY).chat.completions.create(
            model="gpt-4o", messages=[], stream=stream, extra_headers={"x-sim": f"status={status}"}
        )
    assert raised.value.status_code == status
    assert "simulator" in raised.value.message
    check_error(gateway.completed(1)[0], status)


@pytest.mark.parametrize("status", ANTHROPIC_ERRORS)
def test_errors_of_anthropic(make_gateway, status):
    gateway = make_gateway().start()
    with pytest.raises(ANTHROPIC_ERRORS[status]) as raised:
        anthropic_client(f"{gateway.url}/proxy/anthropic", CLIENT_KEY).messages.create(
            model="claude-sonnet-4-5", max_tokens=9, messages=[], extra_headers={"x-sim": f"status={status}"}
        )
    assert raised.value.status_code == status
    check_error(gateway.completed(1)[0], status)


@pytest.mark.parametrize("status", [400, 429, 503])
def test_errors_of_gemini(make_gateway, status):
    gateway = make_gateway().start()
    with gemini_client(f"{gateway.url}/proxy/gemini", CLIENT_KEY, f"status={status}") as client:
        with pytest.raises(errors.APIError) as raised:
            client.models.generate_content(model="gemini-2.5-pro", contents="hi")
    assert raised.value.code == status
    assert all(event["status"] == status for event in gateway.completed())
    check_error(gateway.completed()[0], status)


def test_an_error_of_the_gateway_itself_is_an_error_of_the_sdk(gateway):
    with pytest.raises(openai.AuthenticationError) as raised:
        openai_client(f"{gateway.url}/proxy/openai", "wrong").models.list()
    assert raised.value.response.headers["x-tollgate-error"] == "invalid_key"
    with pytest.raises(anthropic.AuthenticationError):
        anthropic_client(f"{gateway.url}/proxy/anthropic", "wrong").models.list()


def check_error(event, status):
    assert (event["outcome"], event["status"]) == ("upstream_error", status)
    assert event["usage"]["source"] == "none"
    assert event["cost"]["state"] == "none"
    assert event["attempts"][-1]["status"] == status
