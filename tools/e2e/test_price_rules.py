"""What a usage costs, through the program: worked cases, and each rule of pricing by cases worked by hand."""

import json
import subprocess
from pathlib import Path

import pytest

from support.process import binary

CASES = Path(__file__).resolve().parents[3] / "shared" / "pricing" / "cases.jsonl"


def answers(*questions: dict) -> list[dict]:
    """The answers of `prices cost` to lines of JSON."""
    lines = "".join(json.dumps(question) + "\n" for question in questions)
    done = subprocess.run([binary(), "prices", "cost"], input=lines, capture_output=True, text=True, timeout=30)
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.skipif(not CASES.exists(), reason="../shared/pricing/cases.jsonl is absent")
def test_worked_cases_are_exact_to_the_last_digit():
    cases = [json.loads(line) for line in CASES.read_text().splitlines()]
    got = {answer["id"]: answer["usd"] for answer in answers(*cases)}
    assert cases and got == {case["id"]: case["expected_cost_usd"] for case in cases}


STEPS = {"input": "1", "output": "2", "tiers": [
    {"above": 1000, "input": "2", "output": "4"}, {"above": 5000, "inclusive": True, "input": "3", "output": "6"}]}
AUDIO = {"input": "1", "input_audio": "10", "cache_read": "0.1", "cache_read_audio": "0.5", "output": "2",
         "output_audio": "20", "reasoning": "3"}
CACHE = {"input": "4", "cache_read": "0.4", "cache_write_5m": "5", "cache_write_1h": "8", "output": "0"}
USES = {"input": "1", "output": "1", "per_use": {"web_search": "0.01", "file_search": "0.0025", "request": "0.005"}}


@pytest.mark.parametrize("row, usage, usd", [
    # A step holds above its threshold; an inclusive one from it on. Output follows the input's step.
    (STEPS, {"input_total": 1000, "output_total": 10}, "0.00102"),
    (STEPS, {"input_total": 1001, "output_total": 10}, "0.002042"),
    (STEPS, {"input_total": 4999, "output_total": 10}, "0.010038"),
    (STEPS, {"input_total": 5000, "output_total": 10}, "0.01506"),
    # What was read from a cache counts toward the step, and without a price of its own costs as input.
    (STEPS, {"input_total": 1001, "cache_read": 1000, "output_total": 0}, "0.002002"),
    # Audio, cached audio, cached text and text are four prices; reasoning and audio leave the output the rest.
    (AUDIO, {"input_total": 100, "input_audio": 30, "cache_read": 50, "cache_read_audio": 20, "output_total": 0},
     "0.000153"),
    (AUDIO, {"input_total": 0, "output_total": 10, "output_audio": 2, "reasoning": 5}, "0.000061"),
    (CACHE, {"input_total": 100, "cache_read": 10, "cache_write": 50, "cache_write_1h": 20, "output_total": 5},
     "0.000474"),
    (USES, {"input_total": 1, "output_total": 1, "web_searches": 3, "file_searches": 2}, "0.040002"),
    # A price of zero is free, which is an answer.
    ({"input": "0", "output": "0"}, {"input_total": 5, "output_total": 5}, "0"),
    # Less than a picodollar is not lost before the sum.
    ({"input": "0.000001", "output": "0"}, {"input_total": 1, "output_total": 0}, "0.000000000001"),
])
def test_rules_of_a_row(row, usage, usd):
    question = {"provider": "p", "model": "m", "usage": usage, "row": {"provider": "p", "model": "m", **row}}
    (answer,) = answers(question)
    assert (answer["state"], answer["usd"]) == ("free" if usd == "0" else "priced", usd), answer


BOOK = {"rows": [
    {"provider": "p", "model": "m", "input": "10", "output": "10"},
    {"provider": "p", "model": "m", "input": "20", "output": "20", "effective_from": "2026-11-20T12:00:00Z"},
    {"provider": "p", "model": "m", "input": "5", "output": "5", "when": {"batch": True}},
    {"provider": "p", "model": "m", "input": "11", "output": "11", "when": {"region": "us"}},
    {"provider": "p", "model": "m", "input": "6", "output": "6", "when": {"batch": True, "region": "us"}},
    {"provider": "p", "model": "night", "input": "8", "output": "8"},
    {"provider": "p", "model": "night", "input": "4", "output": "4",
     "when": {"from": "22:30", "until": "06:00", "days": ["fri"]}},
], "multipliers": {"clients": {"c": "1.1"}, "groups": {"g": "0.5"}}}


# 2026-11-20 is a Friday.
@pytest.mark.parametrize("question, usd", [
    ({"at": "2026-11-20T11:59:59Z"}, "0.00001"),
    ({"at": "2026-11-20T12:00:00Z"}, "0.00002"),
    ({"at": "2026-11-20T12:59:59+01:00"}, "0.00001"),
    ({"context": {"service_tier": "batch"}, "at": "2026-11-20T11:00:00Z"}, "0.000005"),
    ({"context": {"processing": "batch"}, "at": "2026-11-20T11:00:00Z"}, "0.000005"),
    ({"context": {"region": "us"}, "at": "2026-11-20T11:00:00Z"}, "0.000011"),
    ({"context": {"region": "us", "service_tier": "batch"}, "at": "2026-11-20T11:00:00Z"}, "0.000006"),
    ({"client": "c", "at": "2026-11-20T11:00:00Z"}, "0.000011"),
    ({"client": "c", "group": "g", "at": "2026-11-20T11:00:00Z"}, "0.0000055"),
    ({"model": "night", "at": "2026-11-20T22:29:59Z"}, "0.000008"),
    ({"model": "night", "at": "2026-11-20T22:30:00Z"}, "0.000004"),
    ({"model": "night", "at": "2026-11-19T23:00:00Z"}, "0.000008"),
])
def test_rules_of_a_book(question, usd):
    usage = {"input_total": 1, "output_total": 0}
    (answer,) = answers({"provider": "p", "model": "m", "usage": usage, "book": BOOK, **question})
    assert answer["usd"] == usd, answer


@pytest.mark.parametrize("usage", [
    {"input_total": -1}, {"input_total": 1.5}, {"input_total": 1, "cache_read": 2}, {"inputs": 1},
    {"input_total": 10**30}, {"input_total": "one"},
])
def test_absurd_usage_is_answered_by_an_error_and_the_next_line_still_counts(usage):
    row = {"provider": "p", "model": "m", "input": "1", "output": "1"}
    good = {"provider": "p", "model": "m", "usage": {"input_total": 1}, "row": row}
    first, second = answers({**good, "usage": usage}, good)
    assert first.get("usd") is None and first["error"]
    assert second["usd"] == "0.000001"


def test_a_sum_beyond_all_bounds_is_unpriced():
    row = {"provider": "p", "model": "m", "input": "1000000", "output": "1000000"}
    usage = {"input_total": 2**62, "output_total": 2**62}
    (answer,) = answers({"provider": "p", "model": "m", "usage": usage, "row": row})
    assert answer.get("usd") is None
