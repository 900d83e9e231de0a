"""Exports: complete, in order, resumable, and valid by the published schemas."""

import csv
import io
import json
from decimal import Decimal
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from jsonschema.validators import validator_for
from referencing import Registry, Resource

from support.sdk import CALLS, by_name, through

SCHEMAS = Path(__file__).resolve().parents[2] / "schemas"


def schemas() -> dict[str, dict]:
    found = {path.name: json.loads(path.read_text()) for path in sorted(SCHEMAS.rglob("*.schema.json"))}
    assert found, f"there is no schema in {SCHEMAS}"
    return found


def event_validators() -> dict[tuple[str, int], Draft202012Validator]:
    """A validator for each event type and schema version that a schema pins down by constants."""
    registry = Registry().with_resources(
        [(schema.get("$id", name), Resource.from_contents(schema)) for name, schema in schemas().items()]
        + [(name, Resource.from_contents(schema)) for name, schema in schemas().items()]
    )
    validators = {}
    for schema in schemas().values():
        validator_for(schema).check_schema(schema)
        kind = schema.get("properties", {}).get("type", {}).get("const")
        version = schema.get("properties", {}).get("schema", {})
        for number in version.get("enum", [version.get("const")]) if kind else ():
            validators[kind, number] = Draft202012Validator(schema, registry=registry)
    return validators


def test_every_schema_is_a_valid_schema_of_2020_12():
    for name, schema in schemas().items():
        assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema", name
        Draft202012Validator.check_schema(schema)


@pytest.fixture
def busy(gateway):
    """A gateway with every kind of outcome in its ledger, an interrupted request included."""
    for call in CALLS:
        through(gateway, call, "cached=2;reasoning=3")
    for control in ("status=500", "status=429;retry-after=1", "cut", "malformed", "error-event", "usage=none"):
        for name in ("openai-chat", "openai-chat-stream", "anthropic-message-stream", "gemini-generate-stream"):
            try:
                through(gateway, by_name[name], control)
            except Exception:
                pass  # The SDK's error is the subject of other tests.
    for key in ("wrong-key-0123456789",):
        with pytest.raises(Exception):
            through(gateway, CALLS[0], key=key)
    gateway.level()
    return gateway


def test_exported_events_are_valid(busy):
    validators = event_validators()
    events = busy.events()
    kinds = {event["type"] for event in events}
    assert {"schema.adopted", "pricebook.adopted", "node.started", "request.completed"} <= kinds
    for event in events:
        described = event["type"], event["schema"]
        assert described in validators, f"no schema describes {described}"
        errors = sorted(validators[described].iter_errors(event), key=str)
        assert not errors, f"{event['type']} {event['seq']}: {errors[0].message} at {list(errors[0].path)}"
    outcomes = {event["outcome"] for event in events if event["type"] == "request.completed"}
    assert {"completed", "upstream_error", "upstream_cut"} <= outcomes


def test_export_resumes_where_it_is_told(busy):
    lines = busy.command("export", "--format", "ndjson").splitlines()
    middle = len(lines) // 2
    first = json.loads(lines[middle])["seq"]
    assert busy.command("export", "--from", first, "--format", "ndjson").splitlines() == lines[middle:]
    headers, body = busy.management(f"/api/export?from={first}&format=ndjson")
    assert "ndjson" in headers["content-type"]
    assert body.decode().splitlines() == lines[middle:]


def test_csv_says_the_same(busy):
    text = busy.command("export", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    events = busy.completed()
    assert len(rows) == len(events)
    for row, event in zip(rows, events):
        assert int(row["seq"]) == event["seq"] and row["id"] == event["id"]
        assert row["outcome"] == event["outcome"] and int(row["status"]) == event["status"]
        assert (row["input_total"] or None) == (
            None if event["usage"]["input"]["total"] is None else str(event["usage"]["input"]["total"])
        )
        if event["cost"]["usd"] is None:
            assert row["cost_usd"] == ""
        else:
            assert Decimal(row["cost_usd"]) == Decimal(event["cost"]["usd"])


def test_a_stopped_directory_exports_the_same(busy):
    before = busy.command("export", "--format", "ndjson")
    assert busy.stop() == 0
    after = busy.command("export", "--format", "ndjson")
    assert after.startswith(before)
    assert json.loads(after.splitlines()[-1])["type"] == "node.stopped"
