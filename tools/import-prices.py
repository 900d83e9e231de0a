#!/usr/bin/env python3
"""Makes Sources/Accounting/BuiltInPrices.swift from the genai-prices package (MIT, https://pypi.org/project/genai-prices).

    python3 -m venv .venv && .venv/bin/pip install genai-prices==0.2.3
    .venv/bin/python tools/import-prices.py --date 2026-11-23 > Sources/Accounting/BuiltInPrices.swift

Names follow the package's match rules: equal names, prefixes (`x*`) and parts (`*x*`). A rule that only allows a date
after the name needs no row, because Tollgate takes dates off names itself. Dated prices become rows with `from`, prices
for a time of day rows with `minutes`, variants by tier and speed rows with `tier` and `speed`. The package charges
nothing for a unit without a price; where a model has a price for tokens in and none for tokens out, the row says so
with an output price of 0.
"""

import argparse
import datetime
import importlib.metadata
import re
import sys
from decimal import Decimal

from genai_prices.data import providers
from genai_prices.types import (
    ClauseAnd, ClauseContains, ClauseEndsWith, ClauseEquals, ClauseOr, ClauseRegex, ClauseStartsWith,
    StartDateConstraint, TieredPrices, TimeOfDateConstraint,
)

PROVIDERS = (
    'anthropic openai google azure aws deepseek x-ai mistral groq cohere moonshotai perplexity voyageai together '
    'fireworks cerebras meta minimax zai zhipuai arcee baseten cloudflare databricks elevenlabs novita ovhcloud avian '
    'modal doubleword cursor github-copilot quicksilverpro huggingface_together huggingface_novita openrouter'
).split()

# price key of the package -> key of the text form, divisor of the price
UNITS = {
    'input_mtok': ('i', 1), 'output_mtok': ('o', 1), 'cache_read_mtok': ('cr', 1), 'cache_write_mtok': ('cw', 1),
    'cache_write_5m_mtok': ('cw', 1), 'cache_write_1h_mtok': ('cw1h', 1),
    'input_text_mtok': ('i', 1), 'input_audio_mtok': ('ia', 1), 'input_image_mtok': ('ii', 1),
    'input_video_mtok': ('iv', 1), 'cache_audio_read_mtok': ('cra', 1), 'cache_image_read_mtok': ('cri', 1),
    'cache_video_read_mtok': ('crv', 1), 'output_text_mtok': ('o', 1), 'output_audio_mtok': ('oa', 1),
    'output_image_mtok': ('oi', 1), 'output_video_mtok': ('ov', 1), 'output_reasoning_mtok': ('or', 1),
    'output_citation_mtok': ('oc', 1), 'input_mchars': ('char', 1), 'audio_hours': ('ain', 1),
    'input_audio_hours': ('ain', 1), 'output_audio_hours': ('aout', 1), 'input_document_kpages': ('page', 1000),
    'rerank_searches_kcount': ('rerank', 1000), 'web_searches_kcount': ('web', 1000),
    'storage_searches_kcount': ('file', 1000), 'code_executions_kcount': ('code', 1000),
    'requests_kcount': ('req', 1000),
}
# Units that the counts of Tollgate do not tell apart from others.
UNCOUNTED = {'input_text_messages_kcount', 'input_annotated_document_kpages', 'social_searches_kcount', 'input_gpixels'}
MINIMUMS = {('groq', 'whisper-large-v3'): 'min:ain=10000', ('groq', 'whisper-large-v3-turbo'): 'min:ain=10000'}
DATE_RULE = re.compile(r'^\^[\w./-]*(\\\.[\w./-]*)*(\[-@\]|-)?\\d\{[48]\}(-\\d\{2\}-\\d\{2\})?\$$')


def decimal(value, divisor=1):
    # Some sources give binary fractions such as 0.18000000000000002; a price has 12 digits after the point at most.
    text = format((Decimal(value) / divisor).quantize(Decimal('1e-12')), 'f')
    return text.rstrip('0').rstrip('.') if '.' in text else text


def names(clause, notes):
    """The names a match rule stands for, in the text form."""
    if isinstance(clause, ClauseOr):
        return [name for part in clause.or_ for name in names(part, notes)]
    if isinstance(clause, ClauseAnd):
        # The package uses these for "starts with, but is no text-to-speech model", which has longer names of its own.
        return [name for part in clause.and_ if not isinstance(part, ClauseRegex) for name in names(part, notes)]
    if isinstance(clause, ClauseEquals):
        return [clause.equals]
    if isinstance(clause, ClauseStartsWith):
        return [clause.starts_with + '*']
    if isinstance(clause, ClauseEndsWith):
        return ['*' + clause.ends_with]
    if isinstance(clause, ClauseContains):
        return ['*' + clause.contains + '*']
    if isinstance(clause, ClauseRegex):
        pattern = clause.regex if isinstance(clause.regex, str) else clause.regex.pattern
        if not DATE_RULE.match(pattern):
            notes.append(pattern)
        return []
    raise SystemExit(f'unknown match rule {clause!r}')


def prices(model_price):
    return {key: value for key, value in model_price.__dict__.items() if value is not None and not key.startswith('_')}


def fields(table):
    base, tiers = {}, {}
    for key, value in table.items():
        if key in UNCOUNTED:
            continue
        short, divisor = UNITS[key]
        if isinstance(value, TieredPrices):
            base[short] = decimal(value.base, divisor)
            for tier in value.tiers:
                tiers.setdefault(tier.start, {})[short] = decimal(tier.price, divisor)
        else:
            base.setdefault(short, decimal(value, divisor))
    if not base:
        return None
    if 'i' in base and 'o' not in base:
        base['o'] = '0'
    text = [f'{key}={value}' for key, value in base.items()]
    for start in sorted(tiers):
        text.append(f'>{start}')
        text += [f'{key}={value}' for key, value in tiers[start].items()]
    return ' '.join(text)


def seconds(day):
    return int(datetime.datetime(day.year, day.month, day.day, tzinfo=datetime.UTC).timestamp())


def minutes(constraint):
    ends = []
    for time in (constraint.start_time, constraint.end_time):
        moment = datetime.datetime.combine(datetime.date(2026, 1, 5), time)
        moment = moment.replace(tzinfo=moment.tzinfo or datetime.UTC).astimezone(datetime.UTC)
        ends.append(moment.hour * 60 + moment.minute)
    return f'minutes={ends[0]}-{ends[1]}'


def rows(model):
    """(start, condition, price table) of a model, oldest first."""
    dated, windows = [], []
    if isinstance(model.prices, list):
        start = 0
        for number, conditional in enumerate(model.prices):
            constraint = conditional.constraint
            if isinstance(constraint, TimeOfDateConstraint):
                # The window came with the price that stands before it.
                windows.append((start, minutes(constraint), prices(conditional.prices)))
                continue
            start = 0 if constraint is None or number == 0 else seconds(constraint.start_date)
            dated.append((start, prices(conditional.prices)))
    else:
        dated.append((0, prices(model.prices)))
    result = [(start, '', table) for start, table in dated] + windows
    variants = {}
    for variant in model.price_variants or ():
        if isinstance(variant.constraint, TimeOfDateConstraint) or len(variant.when) != 1:
            continue
        (key, value), = variant.when.items()
        condition = {'service_tier': f'tier={value}', 'speed': f'speed={value}', 'processing': f'tier={value}'}.get(key)
        if condition is not None:
            begin = 0 if variant.constraint is None else seconds(variant.constraint.start_date)
            variants.setdefault(condition, []).append((begin, prices(variant.prices)))
    for condition, steps in variants.items():
        # Each price key is taken from the first variant that has begun, so a change of either side is a row.
        for start in sorted({begin for begin, _ in steps} | {begin for begin, _ in dated}):
            active = [table for begin, table in steps if begin <= start]
            if not active:
                continue
            merged = dict([table for begin, table in dated if begin <= start][-1])
            override = {}
            for table in active:
                for key, value in table.items():
                    override.setdefault(key, value)
            if override:
                result.append((start, condition, merged | override))
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--date', required=True, help='the day of the import, YYYY-MM-DD')
    parser.add_argument('--limit', type=int, default=155_000, help='the most bytes of the text')
    arguments = parser.parse_args()
    lines, size, skipped = [], 0, []
    for wanted in PROVIDERS:
        provider = next(p for p in providers if p.id == wanted)
        section = [' '.join([f'={provider.id}', *(provider.fallback_model_providers or [])])]
        taken = set()
        for model in provider.models:
            notes = []
            found = []
            # A model goes by its id too, unless the package finds another model by it.
            owner = provider.find_model(model.id)
            for name in [model.id, *names(model.match, notes)] if owner in (model, None) else names(model.match, notes):
                name = name.lower()
                # The package takes the first model that matches; a later one with the same name is never reached.
                if name not in taken and not re.search(r'[\s|]', name):
                    taken.add(name)
                    found.append(name)
            for note in notes:
                print(f'{provider.id} {model.id}: rule not imported: {note}', file=sys.stderr)
            lead = '|'.join(found)
            for start, condition, table in rows(model):
                text = fields(table)
                if not found or text is None:
                    continue
                parts = [lead, f'from={start}' if start else '', condition, text, MINIMUMS.get((provider.id, model.id), '')]
                section.append(' '.join([parts[0], *(part for part in parts[1:] if part)]))
                lead = ''
        length = sum(len(line) + 1 for line in section)
        if size + length > arguments.limit:
            skipped.append(provider.id)
            continue
        size += length
        lines += section
    print(f'{size} bytes; left out for size: {", ".join(skipped) or "none"}', file=sys.stderr)
    version = importlib.metadata.version('genai-prices')
    print('// Generated by tools/import-prices.py; do not edit.')
    print('enum BuiltInPrices {')
    print(f'    /// The package that the prices come from (MIT licence).\n    static let origin = "genai-prices {version}"')
    print(f'    /// The day of the import.\n    static let date = "{arguments.date}"')
    print('    /// The rows in the form of ``PriceText``.\n    static let text = #"""')
    for line in lines:
        print(f'        {line}')
    print('        """#\n}')


main()
