"""Reports that are read from the ledger, and what `prices diff` tells of rows."""

import json
from dataclasses import replace
from decimal import Decimal

from support.book import FIRST, Book
from support.compare import sums, usd
from support.sdk import CALLS, through


def test_a_report_that_the_views_cannot_answer_is_read_from_the_ledger(gateway):
    answers = [(call, "", through(gateway, call)) for call in CALLS]
    _, _, cost = sums(answers)
    gateway.level()
    first = min(event["time"] for event in gateway.completed())
    # Not a whole hour, so the views do not keep it.
    since = first[:17] + "00.000001Z" if first[17:] != "00.000000Z" else first
    rows = json.loads(gateway.command("report", "--since", since, "--json"))
    assert usd(rows["total"]["charged_usd"]) == sum(cost.values())


def test_the_difference_tells_what_changes_in_a_row(gateway, tmp_path):
    rows = [replace(row, prices={name: str(Decimal(price) * 3) for name, price in row.prices.items()}) for row in FIRST.rows]
    path = Book(rows).write(tmp_path / "new.yaml")
    changed = json.loads(gateway.command("prices", "diff", path, "--json"))["rows"]["changed"]
    assert changed
    for row in changed:
        prices = [(usd(one["old"]), usd(one["new"])) for one in row["changes"]]
        assert prices and all(new == old * 3 for old, new in prices)
    assert "→" in gateway.command("prices", "diff", path)


def test_a_pass_over_the_ledger_shows_how_far_it_has_come(gateway):
    for call in CALLS[:2]:
        through(gateway, call)
    gateway.level()
    words = ["report", "--by", "tag.team", "--format", "md"]
    plain = gateway.command(*words)
    table, bar = gateway.on_terminal(*words)
    assert table == plain
    assert "report [" in bar and "100 %" in bar and bar.endswith("\r\x1b[2K")
    _, body = gateway.management("/api/report?by=tag.team&format=md&progress=true")
    lines = [json.loads(line) for line in body.splitlines()]
    assert lines[-1] == {"answer": plain}
    assert all(0 < line["done"] <= line["total"] for line in lines[:-1]) and len(lines) > 1
    # A refusal that comes after the first line of the answer is told in the last.
    _, body = gateway.management("/api/report?by=tag.team&since=yesterday&progress=true")
    assert "since" in json.loads(body.splitlines()[-1])["error"]["message"]
