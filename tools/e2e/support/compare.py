"""Compares what the gateway recorded with what the provider truly used."""

from collections import defaultdict
from decimal import Decimal

from .book import FIRST, Book

INPUT = {
    "text": "input_text",
    "cache_read": "cache_read",
    "cache_write_5m": "cache_write_5m",
    "cache_write_1h": "cache_write_1h",
    "cache_write_other": "cache_write_other",
}
OUTPUT = {"text": "output_text", "reasoning": "reasoning"}


def assert_usage(event: dict, truth: dict):
    """Every line of the event's usage equals the truth; a line left out is zero there."""
    usage = event["usage"]
    recorded = {line: usage["input"].get(name) or 0 for name, line in INPUT.items()}
    recorded |= {line: usage["output"].get(name) or 0 for name, line in OUTPUT.items()}
    recorded["web_searches"] = usage["units"].get("web_searches") or 0
    assert recorded == {line: truth[line] for line in recorded}
    assert usage["input"]["total"] == truth["input_total"]
    assert (usage["output"]["total"] or 0) == truth["output_total"]
    assert usage["complete"] is True


def assert_cost(event: dict, truth: dict, book: Book):
    """The event's cost is the exact decimal that the book makes of the truth."""
    expected = book.cost(truth)
    if expected is None:
        assert event["cost"]["state"] == "unpriced" and event["cost"]["usd"] is None
    else:
        assert event["cost"]["state"] == "priced"
        assert Decimal(event["cost"]["usd"]) == expected


def usd(value) -> Decimal:
    """Money of a report, which is a string of exact decimal dollars."""
    assert isinstance(value, str), f"money must be an exact decimal string, not {value!r}"
    return Decimal(value)


def sums(answers):
    """Requests, tokens and money by group and model of (call, control, answer) triples, under the first book."""
    requests, tokens, cost = defaultdict(int), defaultdict(int), defaultdict(Decimal)
    for call, _, answer in answers:
        label = (call.group, answer.truth["model"])
        requests[label] += 1
        tokens[label] += answer.truth["input_total"] + answer.truth["output_total"]
        cost[label] += FIRST.cost(answer.truth)
    return requests, tokens, cost
