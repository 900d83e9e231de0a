"""Price books that the tests write, and what they make a usage cost: exact decimals, worked out here again."""

from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import yaml

# Where a line's price is looked for: its own, then that of the wider line that stands in for it.
CHAIN = {
    "input_text": ["input"],
    "cache_read": ["cache_read", "input"],
    "cache_write_5m": ["cache_write_5m", "cache_write_other", "input"],
    "cache_write_1h": ["cache_write_1h", "cache_write_5m", "cache_write_other", "input"],
    "cache_write_other": ["cache_write_other", "cache_write_5m", "input"],
    "output_text": ["output"],
    "reasoning": ["output_reasoning", "output"],
    "web_searches": ["web_search"],
}
PER_USE = {"web_searches": "web_search"}


def fields(prices: dict[str, str]) -> dict:
    """Prices as a row of a price book has them: those per use stand apart."""
    uses = {name: price for name, price in prices.items() if name in PER_USE.values()}
    tokens = {name: price for name, price in prices.items() if name not in uses}
    return {**tokens, "per_use": uses} if uses else tokens


@dataclass
class Row:
    """One row: dollars per million tokens, or per use."""

    provider: str
    model: str
    prices: dict[str, str]
    effective_from: str | None = None
    tiers: list[tuple[int, dict[str, str]]] = field(default_factory=list)

    def table(self, input_total: int) -> dict[str, Decimal]:
        table = dict(self.prices)
        for above, prices in self.tiers:
            if input_total > above:
                table.update(prices)
        return {name: Decimal(price) for name, price in table.items()}

    def yaml(self) -> dict:
        row: dict = {"provider": self.provider, "model": self.model}
        if self.effective_from:
            row["effective_from"] = self.effective_from
        row |= fields(self.prices)
        if self.tiers:
            row["tiers"] = [{"above": above, **fields(prices)} for above, prices in self.tiers]
        return row


@dataclass
class Book:
    """Rows by exact model name."""

    rows: list[Row]

    def write(self, path: Path) -> Path:
        path.write_text(yaml.safe_dump({"rows": [row.yaml() for row in self.rows]}, sort_keys=False))
        return path

    def cost(self, usage: dict) -> Decimal | None:
        """What a usage as `x-sim-usage` states it costs in dollars; None when no price is known."""
        if usage["free"]:
            return Decimal(0)
        rows = [row for row in self.rows if row.model == usage["model"]]
        if not rows:
            return None
        row = max(rows, key=lambda row: row.effective_from or "")
        table = row.table(usage["input_total"])
        total = Decimal(0)
        for line, chain in CHAIN.items():
            count = usage.get(line, 0)
            price = next((table[name] for name in chain if name in table), None)
            if not count or price is None:
                continue
            total += count * price if line in PER_USE else count * price / 1_000_000
        return total


# Odd digits on purpose: a float anywhere on the way would show in the picodollars. With at most six digits after the
# point a token costs a whole number of picodollars, so that nothing is rounded.
FIRST = Book(
    [
        Row(
            "openai",
            "gpt-4o",
            {"input": "2.500001", "output": "10.000003", "cache_read": "1.25", "cache_write_other": "3.125007"},
        ),
        Row("openai", "o4-mini", {"input": "1.1", "output": "4.4", "cache_read": "0.275"}),
        Row("openai", "gpt-3.5-turbo-instruct", {"input": "1.5", "output": "2"}),
        Row("openai", "text-embedding-3-small", {"input": "0.02"}),
        Row(
            "anthropic",
            "claude-sonnet-4-5",
            {
                "input": "3.000007",
                "output": "15.000011",
                "cache_read": "0.3",
                "cache_write_5m": "3.75",
                "cache_write_1h": "6",
                "web_search": "0.01",
            },
            tiers=[
                (
                    200_000,
                    {
                        "input": "6",
                        "output": "22.5",
                        "cache_read": "0.6",
                        "cache_write_5m": "7.5",
                        "cache_write_1h": "12",
                    },
                )
            ],
        ),
        Row(
            "google",
            "gemini-2.5-pro",
            {"input": "1.25", "output": "10.000001", "cache_read": "0.125"},
            tiers=[(200_000, {"input": "2.5", "output": "15", "cache_read": "0.25"})],
        ),
        Row("google", "gemini-embedding-001", {"input": "0.15"}),
    ]
)


def repriced(book: Book, factor: str) -> Book:
    """The same book with every price times a factor."""

    def times(prices: dict[str, str]) -> dict[str, str]:
        return {name: str(Decimal(price) * Decimal(factor)) for name, price in prices.items()}

    return Book(
        [
            Row(
                row.provider,
                row.model,
                times(row.prices),
                "2020-01-01",
                [(above, times(prices)) for above, prices in row.tiers],
            )
            for row in book.rows
        ]
    )
