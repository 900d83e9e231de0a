"""Changing prices: the difference is told before anything is written, as charged stays, restated changes."""

import json
from decimal import Decimal
from random import Random

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
    running = json.loads(gateway.command("prices", "missing", "--json"))
    [row] = running["models"]
    assert (row["model"], row["unpriced"], row["requests"]) == (event["model"]["sent"], 1, 1)
    assert row["tokens"]["output"] == event["usage"]["output"]["total"]
    assert event["model"]["sent"] in gateway.command("prices", "missing")
    assert gateway.stop() == 0
    assert json.loads(gateway.command("prices", "missing", "--json")) == running


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
    # The new rows are dated, so they are others than those without a date.
    count = len(FIRST.rows)
    told = f"{count} rows added, {count} removed, 0 changed: + {FIRST.rows[0].provider} {FIRST.rows[0].model}"
    wait_until(lambda: told in gateway.process.output, "what the new book changes")
    second = through(gateway, CALLS[0])
    assert Decimal(gateway.event(second.request_id)["cost"]["usd"]) == book.cost(second.truth)
    assert Decimal(gateway.event(first.request_id)["cost"]["usd"]) == FIRST.cost(first.truth)


def test_an_own_book_is_laid_over_the_built_in_one_row_by_row(make_gateway, tmp_path):
    path = tmp_path / "own.yaml"
    path.write_text("extends: built-in\nrows:\n  - {provider: openai, model: gpt-4o, input: 7, output: 7}\n")
    gateway = make_gateway(book=None, price_book=str(path)).start()
    shown = gateway.command("prices", "show")
    assert "extends" not in shown and shown.count("provider:") > 1000, "the merged whole is what is adopted"
    answers = [through(gateway, call) for call in CALLS]
    gateway.level()
    own = [event for event in gateway.completed(len(CALLS)) if (event["model"]["sent"] or "").startswith("gpt-4o")]
    assert own and all(event["cost"]["state"] == "priced" for event in own)
    for event in own:
        if event["model"]["sent"] == "gpt-4o":
            tokens = event["usage"]["input"]["total"] + event["usage"]["output"]["total"]
            assert Decimal(event["cost"]["usd"]) == Decimal(tokens) * 7 / 1_000_000
    others = [event for event in gateway.completed(len(CALLS)) if event["provider"] == "anthropic"]
    assert len(answers) > len(own) and any(event["cost"]["state"] == "priced" for event in others)


def test_what_if_stands_beside_charged_and_restated(gateway, tmp_path):
    answers = [through(gateway, call) for call in CALLS]
    gateway.level()
    path = repriced(FIRST, "2").write(tmp_path / "what-if.yaml")
    total = json.loads(gateway.command("report", "--prices", path, "--json"))["total"]
    charged = sum(FIRST.cost(answer.truth) for answer in answers)
    assert usd(total["charged_usd"]) == usd(total["restated_usd"]) == charged
    assert usd(total["what_if_usd"]) == charged * 2
    assert len(gateway.events("pricebook.adopted")) == 1


def test_no_charged_figure_changes_whatever_is_adopted_restarted_and_rebuilt(make_gateway, tmp_path):
    """A random walk of adoptions, restarts, crashes and rebuilds, with requests between."""
    random = Random(11)
    gateway = make_gateway().start()
    charged: dict[str, Decimal] = {}
    book = FIRST
    for step in range(12):
        answer = through(gateway, random.choice(CALLS))
        charged[answer.request_id] = Decimal(gateway.event(answer.request_id)["cost"]["usd"])
        assert charged[answer.request_id] == book.cost(answer.truth)
        match random.choice(["adopt", "adopt", "restart", "kill", "rebuild"]):
            case "adopt":
                book = repriced(FIRST, str(random.randint(1, 9)))
                gateway.command("prices", "adopt", book.write(gateway.folder / "prices.yaml"))
            case "restart":
                assert gateway.stop() == 0
                gateway.start()
            case "kill":
                gateway.kill()
                gateway.start()
            case "rebuild":
                gateway.command("rebuild")
        gateway.level()
        events = {event["id"]: event for event in gateway.completed(len(charged))}
        assert {id: Decimal(events[id]["cost"]["usd"]) for id in charged} == charged, f"step {step}"
        total = json.loads(gateway.command("report", "--json"))["total"]
        assert usd(total["charged_usd"]) == sum(charged.values()), f"step {step}"
        restated = sum(usd(row["restated_usd"]) for row in gateway.report("model"))
        assert restated == usd(total["restated_usd"])
