"""The simulated provider satisfies the official SDKs by itself, and its figures are those it states."""

import pytest

from support.sdk import CALLS, anthropic_client, gemini_client, openai_client, PROMPT

CONTROLS = ["", "cached=4;cache-write=2;cache-write-1h=1;reasoning=6;searches=2", "chunks=3;size=400;pace=2", "utf8-split"]



@pytest.mark.parametrize("control", CONTROLS)
@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.name)
def test_sdk_reads_the_answer(simulator, call, control):
    answer = call(simulator.url, "sk-any", control)
    if call.operation != "embedding":
        assert answer.text.startswith("The gate counts größere and smaller pieces, naïve 日本語 too;")
    if answer.totals:
        assert answer.totals == (answer.truth["input_total"], answer.truth["output_total"])


def test_sdks_count_tokens_and_list_models(simulator):
    assert openai_client(simulator.url, "sk").models.list().data[0].id == "sim-large"
    count = anthropic_client(simulator.url, "sk").messages.count_tokens(
        model="claude-sonnet-4-5", messages=[{"role": "user", "content": PROMPT}]
    )
    words = len(PROMPT.split())
    assert count.input_tokens == words + 3
    with gemini_client(simulator.url, "k") as client:
        counted = client.models.count_tokens(model="gemini-2.5-pro", contents=PROMPT)
    assert counted.total_tokens == words + 3
