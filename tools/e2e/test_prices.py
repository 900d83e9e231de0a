"""Changing prices: the difference is told before anything is written, as charged stays, restated changes."""

import json
from decimal import Decimal

from support.book import FIRST, Book, repriced
from support.compare import sums, usd
from support.process import wait_until
from support.sdk import CALLS, through


def difference(gateway, path) -> dict:
    """The money line of `prices diff`."""
    return json.loads(gateway.command("prices", "diff", path, "--json"))["history"]["total"]


def test_adopting_a_book_restates_history_and_keeps_what_was_charged(gateway, tmp_path):
    answers = [(call, "", through(gateway, call)) for call in CALLS]
    _, _, cost = sums(answers)
    charged = sum(cost.values())
    gateway.level()
    before = {row["model"]: row for row in gateway.report("model")}
    assert sum(usd(row["charged_usd"]) for row in before.values()) == charged

    book = repriced(FIRST, "3")
    path = book.write(tmp_path / "new-prices.yaml")
    restated = sum(book.cost(answer.truth) for _, _, answer in answers)
    adopted = len(gateway.events("pricebook.adopted"))

    impact = difference(gateway, path)
    assert usd(impact["charged_usd"]) == usd(impact["current_usd"]) == charged
    assert usd(impact["proposed_usd"]) == restated
    assert usd(impact["change_usd"]) == restated - charged
    assert len(gateway.events("pricebook.adopted")) == adopted, "prices diff wrote something"
    assert {row["model"]: row for row in gateway.report("model")} == before

    gateway.command("prices", "adopt", path)
    gateway.level()
    assert len(gateway.events("pricebook.adopted")) == adopted + 1
    after = {row["model"]: row for row in gateway.report("model")}
    for (_, model), amount in cost.items():
        assert usd(after[model]["charged_usd"]) == amount, "what was charged changed"
        assert usd(after[model]["restated_usd"]) == amount * 3
    metrics = gateway.metrics()
    measured = metrics.sum("tollgate_cost_usd_total")
    assert abs(measured - charged) <= charged * Decimal("1e-15"), "a counter moved with the price book"

    # From now on the new prices are charged.
    answer = through(gateway, CALLS[0])
    event = gateway.event(answer.request_id)
    assert Decimal(event["cost"]["usd"]) == book.cost(answer.truth)
    assert event["cost"]["price_book"] == 2

    # The stored events of before still say what they said.
    events = {event["id"]: event for event in gateway.completed()}
    for _, _, answer in answers:
        assert Decimal(events[answer.request_id]["cost"]["usd"]) == FIRST.cost(answer.truth)
        assert events[answer.request_id]["cost"]["price_book"] == 1


def test_the_difference_is_told_of_a_stopped_directory_too(gateway, tmp_path):
    answers = [through(gateway, call) for call in CALLS]
    gateway.level()
    book = repriced(FIRST, "2")
    path = book.write(tmp_path / "what-if.yaml")
    running = difference(gateway, path)
    assert usd(running["proposed_usd"]) == sum(book.cost(answer.truth) for answer in answers)
    assert gateway.stop() == 0
    assert difference(gateway, path) == running
    assert len(gateway.events("pricebook.adopted")) == 1


def test_a_changed_file_is_adopted_at_the_next_start(make_gateway):
    gateway = make_gateway().start()
    first = through(gateway, CALLS[0])
    assert gateway.stop() == 0
    book = repriced(FIRST, "2")
    book.write(gateway.folder / "prices.yaml")
    gateway.start()
    second = through(gateway, CALLS[0])
    assert [event["revision"] for event in gateway.events("pricebook.adopted")] == [1, 2]
    assert Decimal(gateway.event(first.request_id)["cost"]["usd"]) == FIRST.cost(first.truth)
    assert Decimal(gateway.event(second.request_id)["cost"]["usd"]) == book.cost(second.truth)
    # The same file again is no new book.
    assert gateway.stop() == 0
    gateway.start()
    assert len(gateway.events("pricebook.adopted")) == 2


def test_prices_list_and_show(gateway):
    assert "1" in gateway.command("prices", "list")
    shown = gateway.command("prices", "show")
    for row in FIRST.rows:
        assert row.model in shown


def test_a_model_without_a_price_is_unpriced_not_free(make_gateway):
    gateway = make_gateway(book=Book([FIRST.rows[1]])).start()
    answer = through(gateway, CALLS[0])
    event = gateway.event(answer.request_id)
    assert event["cost"]["state"] == "unpriced" and event["cost"]["usd"] is None
    gateway.level()
    metrics = gateway.metrics()
    assert metrics.sum("tollgate_unpriced_requests_total") == 1
    assert metrics.sum("tollgate_cost_usd_total") == 0


def test_a_running_server_adopts_a_changed_file_and_keeps_its_book_when_the_file_is_broken(make_gateway):
    gateway = make_gateway().start()
    path = gateway.folder / "prices.yaml"
    path.write_text("rows:\n  - provider: [\n")
    wait_until(lambda: "kept the price book" in gateway.process.output, "the refusal of a broken file")
    first = through(gateway, CALLS[0])
    assert Decimal(gateway.event(first.request_id)["cost"]["usd"]) == FIRST.cost(first.truth)
    book = repriced(FIRST, "2")
    book.write(path)
    wait_until(lambda: len(gateway.events("pricebook.adopted")) == 2, "the new book")
    second = through(gateway, CALLS[0])
    assert Decimal(gateway.event(second.request_id)["cost"]["usd"]) == book.cost(second.truth)
    assert Decimal(gateway.event(first.request_id)["cost"]["usd"]) == FIRST.cost(first.truth)
