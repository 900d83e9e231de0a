"""A provider's bill beside the ledger: a true one agrees, a wrong one is told where and by how much."""

import json
from collections import defaultdict
from decimal import Decimal

from support.sdk import CALLS, through
from support.tollgate import run

OPENAI = (
    "start_time,end_time,start_time_iso,end_time_iso,num_model_requests,model,input_tokens,output_tokens,"
    "input_cached_tokens"
)
ANTHROPIC = (
    "usage_date_utc,model_version,api_key,workspace,usage_type,context_window,usage_input_tokens_no_cache,"
    "usage_input_tokens_cache_write_5m,usage_input_tokens_cache_write_1h,usage_input_tokens_cache_read,usage_output_tokens"
)


def reconcile(gateway, path, *more):
    done = run("reconcile", path, "--data-dir", gateway.data, *more, check=False)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def used(gateway, provider: str) -> dict:
    """What the events say by day and reported model: requests, uncached, read, written, output."""
    sums = defaultdict(lambda: [0, 0, 0, 0, 0])
    for event in gateway.completed(len(CALLS)):
        if event["provider"] != provider:
            continue
        usage = event["usage"]
        parts = usage["input"]
        read = sum(count for name, count in parts.items() if name.startswith("cache_read"))
        written = sum(count for name, count in parts.items() if name.startswith("cache_write"))
        total = parts.get("total") or 0
        line = sums[event["time"][:10], event["model"]["reported"] or event["model"]["sent"]]
        for place, count in enumerate([1, total - read - written, read, written, usage["output"].get("total") or 0]):
            line[place] += count
    assert sums, f"no request to {provider}"
    return sums


def test_the_exports_of_the_consoles_agree_and_a_wrong_token_is_found(gateway, tmp_path):
    for call in CALLS:
        through(gateway, call)
    gateway.level()
    lines = used(gateway, "openai")
    rows = [
        f"0,,{day}T00:00:00+00:00,,{n}.0,{model},{fresh + read + written}.0,{out}.0,{read}.0"
        for (day, model), (n, fresh, read, written, out) in lines.items()
    ]
    bill = tmp_path / "completions_usage.csv"
    bill.write_bytes("\r\n".join([OPENAI, *rows, ""]).encode("utf-8-sig"))
    code, text, _ = reconcile(gateway, bill)
    assert code == 0 and "days and models agree." in text, text

    (day, model), counts = next(iter(lines.items()))
    wrong = tmp_path / "wrong.csv"
    true = f",{counts[4]}.0,{counts[2]}.0"
    wrong.write_text(bill.read_text("utf-8-sig").replace(true, f",{counts[4] + 7}.0,{counts[2]}.0", 1))
    code, text, _ = reconcile(gateway, wrong, "--json")
    answer = json.loads(text)
    assert code == 1 and not answer["agrees"]
    [row] = [row for row in answer["rows"] if row["status"] != "agrees"]
    assert row["date"] == day and row["differing"] == ["output"]
    assert row["output"]["difference"] == -7 and row["output"]["bill"] == row["output"]["ledger"] + 7
    assert reconcile(gateway, wrong, "--tolerance", "100%")[0] == 0

    lines = used(gateway, "anthropic")
    rows = [
        f'{day},{model},"a ""key"", quoted",Default,standard,≤ 200k,{fresh},{written},0,{read},{out}'
        for (day, model), (_, fresh, read, written, out) in lines.items()
    ]
    bill = tmp_path / "anthropic.csv"
    bill.write_text("\n".join([ANTHROPIC, *rows]))
    assert reconcile(gateway, bill)[0] == 0
    assert gateway.stop() == 0
    assert reconcile(gateway, bill)[0] == 0, "the stopped directory says something else"


def test_money_is_compared_exactly(gateway, tmp_path):
    for call in CALLS:
        through(gateway, call)
    gateway.level()
    cost = defaultdict(Decimal)
    for event in gateway.completed(len(CALLS)):
        model = event["model"]["reported"] or event["model"]["sent"]
        cost[event["time"][:10], model] += Decimal(event["cost"]["usd"] or 0)
    bill = tmp_path / "plain.csv"
    bill.write_text("date,model,cost_usd\n" + "".join(f"{day},{model},{usd:f}\n" for (day, model), usd in cost.items()))
    assert reconcile(gateway, bill)[0] == 0
    (day, model), usd = max(cost.items(), key=lambda item: item[1])
    text = bill.read_text().replace(f"{model},{usd:f}", f"{model},{usd + Decimal('1e-12'):f}", 1)
    bill.write_text(text)
    code, out, _ = reconcile(gateway, bill, "--format", "csv")
    assert code == 1 and ",cost_usd," in out and "-0.000000000001" in out


def test_what_is_no_bill_is_refused_with_its_line(gateway, tmp_path):
    bill = tmp_path / "bad.csv"
    bill.write_text('date,model,input\n2026-11-23,gpt-4o,1\n2026-11-23,"gpt-4o,1\n')
    code, out, words = reconcile(gateway, bill)
    assert code == 65 and not out and "line 3" in words and "never closed" in words
    assert reconcile(gateway, tmp_path / "none.csv")[0] == 66
    bill.write_text("date,input\n2026-11-23,1\n")
    assert reconcile(gateway, bill, "--tolerance", "lots")[0] == 64
