"""/metrics: valid in both formats, guarded by its token, compatible by name, and read by a real Prometheus."""

import json
import shutil
import subprocess
import urllib.parse
from decimal import Decimal

import pytest

from support.process import Process, free_port, http, wait_until
from support.sdk import CALLS, through

METRICS_TOKEN = "e2e-metrics-token-0123456789"


def promtool(*arguments, text: str = "") -> subprocess.CompletedProcess:
    if not shutil.which("promtool"):
        pytest.skip("promtool is not installed (Debian package prometheus)")
    return subprocess.run(["promtool", *arguments], input=text, text=True, capture_output=True, timeout=60)


def busy(gateway):
    answers = [through(gateway, call) for call in CALLS]
    with pytest.raises(Exception):
        through(gateway, CALLS[0], "status=500")
    gateway.level()
    return answers


def test_promtool_accepts_the_text(gateway):
    busy(gateway)
    checked = promtool("check", "metrics", text=gateway.metrics().text)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    names = {name for name, _, _ in gateway.metrics().samples}
    for name in (
        "tollgate_requests_total",
        "tollgate_tokens_total",
        "tollgate_cost_usd_total",
        "tollgate_request_duration_seconds_bucket",
        "tollgate_first_byte_seconds_bucket",
        "tollgate_overhead_seconds_bucket",
        "tollgate_attempts_total",
        "tollgate_requests_in_flight",
        "tollgate_upstream_keys",
        "tollgate_view_lag_events",
        "process_resident_memory_bytes",
    ):
        assert name in names, f"{name} is missing"
    assert any(name.startswith("tollgate_ledger_") for name in names)


def test_open_metrics_by_accept(gateway):
    busy(gateway)
    headers, body = gateway.management("/metrics", {"accept": "application/openmetrics-text; version=1.0.0"})
    assert headers["content-type"].startswith("application/openmetrics-text; version=1.0.0")
    assert body.endswith(b"# EOF\n")
    headers, body = gateway.management("/metrics")
    assert headers["content-type"].startswith("text/plain; version=0.0.4")
    assert b"# EOF" not in body


@pytest.mark.parametrize("source", ["configuration", "environment"])
def test_a_token_guards_the_scrape(make_gateway, source):
    settings = {"metrics": {"token": METRICS_TOKEN}} if source == "configuration" else {}
    env = {"METRICS_TOKEN": METRICS_TOKEN} if source == "environment" else None
    gateway = make_gateway(**settings).start(env=env)
    url = f"{gateway.admin}/metrics"
    assert http("GET", url)[0] == 401
    assert http("GET", url, headers={"authorization": "Bearer wrong"})[0] == 401
    assert http("GET", url, headers={"authorization": f"Bearer {METRICS_TOKEN}"})[0] == 200


def test_gpt_load_names(make_gateway):
    gateway = make_gateway(metrics={"compat": ["gpt-load"]}).start()
    answers = busy(gateway)
    metrics = gateway.metrics()
    assert promtool("check", "metrics", text=metrics.text).returncode == 0
    own = {name for name, _, _ in metrics.samples if name.startswith("gpt_load_")}
    assert own == {"gpt_load_requests_total", "gpt_load_tokens_total", "gpt_load_cost_total"}
    groups = {}
    for call, answer in zip(CALLS, answers):
        truth = answer.truth
        sums = groups.setdefault((call.group, truth["model"]), [0, 0, 0])
        sums[0] += 1
        sums[1] += truth["input_total"]
        sums[2] += truth["output_total"]
    for (group, model), (requests, prompt, completion) in groups.items():
        labels = {"group": group, "model": model}
        assert metrics.sum("gpt_load_requests_total", **labels) == requests
        assert metrics.sum("gpt_load_tokens_total", type="prompt", **labels) == prompt
        assert metrics.sum("gpt_load_tokens_total", type="completion", **labels) == completion
        assert metrics.sum("gpt_load_tokens_total", type="total", **labels) == prompt + completion
        cost = metrics.sum("tollgate_cost_usd_total", **labels)
        assert metrics.sum("gpt_load_cost_total", **labels) == cost
    for name in own:
        for labels, _ in metrics.select(name):
            expected = {"group", "model", "type"} if name == "gpt_load_tokens_total" else {"group", "model"}
            assert set(labels) == expected


def test_without_compat_there_are_no_foreign_names(gateway):
    busy(gateway)
    assert not [name for name, _, _ in gateway.metrics().samples if name.startswith(("gpt_load_", "gen_ai_"))]


def test_a_real_prometheus_scrapes_it(make_gateway, tmp_path):
    if not shutil.which("prometheus"):
        pytest.skip("prometheus is not installed (Debian package prometheus)")
    gateway = make_gateway(metrics={"token": METRICS_TOKEN, "compat": ["gpt-load", "gen-ai"]}).start()
    answers = busy(gateway)
    port = free_port()
    config = tmp_path / "prometheus.yml"
    config.write_text(
        "global: {scrape_interval: 1s, scrape_timeout: 1s}\n"
        "scrape_configs:\n"
        "  - job_name: tollgate\n"
        f"    authorization: {{credentials: {METRICS_TOKEN}}}\n"
        f"    static_configs: [{{targets: ['127.0.0.1:{gateway.admin_port}']}}]\n"
    )
    server = Process(
        [
            "prometheus",
            f"--config.file={config}",
            f"--storage.tsdb.path={tmp_path / 'tsdb'}",
            f"--web.listen-address=127.0.0.1:{port}",
        ],
        tmp_path / "prometheus.log",
    )
    try:

        def query(expression: str) -> list:
            url = f"http://127.0.0.1:{port}/api/v1/query?query={urllib.parse.quote(expression)}"
            try:
                status, _, body = http("GET", url, timeout=5)
            except OSError:
                return []
            return json.loads(body)["data"]["result"] if status == 200 else []

        server.ready(lambda: query('up{job="tollgate"} == 1'), "Prometheus scraped the gateway")
        tokens = sum(answer.truth["input_total"] + answer.truth["output_total"] for answer in answers)

        def value(expression: str) -> Decimal:
            result = query(expression)
            return Decimal(result[0]["value"][1]) if result else Decimal(-1)

        wait_until(lambda: value("sum(tollgate_tokens_total)") == tokens, "Prometheus holds every token")
        assert value("sum(tollgate_requests_total)") == len(answers) + 1
        assert value('sum(tollgate_requests_total{outcome="completed"})') == len(answers)
        assert value('sum(gpt_load_requests_total)') == len(answers)
        buckets = {
            Decimal(item["metric"]["le"].replace("+Inf", "Infinity")): Decimal(item["value"][1])
            for item in query("sum by (le) (tollgate_request_duration_seconds_bucket)")
        }
        ordered = [buckets[bound] for bound in sorted(buckets)]
        assert ordered == sorted(ordered), "buckets must be cumulative"
        assert value("sum(tollgate_request_duration_seconds_count)") == ordered[-1]
    finally:
        server.terminate()
        server.close()
