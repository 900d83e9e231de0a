#!/usr/bin/env python3
"""Makes Sources/Accounting/BuiltInPrices.swift from two lists of prices (both MIT licence, on PyPI): genai-prices,
and the list in LiteLLM's wheel for providers and models that the first does not have.

    python3 -m venv .venv && .venv/bin/pip install genai-prices==0.2.3
    .venv/bin/pip download --no-deps litellm==1.109.1 -d .venv
    .venv/bin/python tools/import-prices.py --date 2026-11-23 --litellm .venv/litellm-*.whl \\
        > Sources/Accounting/BuiltInPrices.swift

Names follow the rules of genai-prices: equal names, prefixes (`x*`) and parts (`*x*`). A rule that only allows a date
after the name needs no row, because Tollgate takes dates off names itself. Dated prices become rows with `from`, prices
for a time of day rows with `minutes`, variants by tier and speed rows with `tier` and `speed`. That package charges
nothing for a unit without a price; where a model has a price for tokens in and none for tokens out, or no price at all,
the row says so with prices of 0. From LiteLLM's list come plain and batch prices; models of one provider that cost
the same share a line.
"""

import argparse
import datetime
import importlib.metadata
import json
import re
import sys
import zipfile
from decimal import Decimal

from genai_prices.data import providers
from genai_prices.types import (
    ClauseAnd, ClauseContains, ClauseEndsWith, ClauseEquals, ClauseOr, ClauseRegex, ClauseStartsWith,
    StartDateConstraint, TieredPrices, TimeOfDateConstraint,
)

PROVIDERS = (
    'anthropic openai google azure aws deepseek x-ai mistral groq cohere moonshotai perplexity voyageai together '
    'fireworks cerebras meta minimax zai zhipuai arcee baseten cloudflare databricks elevenlabs novita ovhcloud avian '
    'modal doubleword cursor github-copilot quicksilverpro huggingface_together huggingface_novita openrouter '
    'huggingface_nebius huggingface_nscale huggingface_publicai huggingface_hyperbolic huggingface_ovhcloud '
    'huggingface_sambanova huggingface_fireworks-ai huggingface_groq huggingface_cerebras typesafe openai-decisions'
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
    if not base and not table:
        base = {'i': '0'}
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


# provider of LiteLLM's list -> provider of the book
LITELLM_PROVIDERS = {
    'bedrock': 'aws', 'bedrock_converse': 'aws', 'gemini': 'google', 'xai': 'x-ai', 'fireworks_ai': 'fireworks',
    'together_ai': 'together', 'moonshot': 'moonshotai', 'voyage': 'voyageai', 'azure_ai': 'azure',
    'cohere_chat': 'cohere', 'azure': 'azure', 'openai': 'openai', 'mistral': 'mistral', 'groq': 'groq',
    'deepinfra': 'deepinfra', 'dashscope': 'dashscope', 'nebius': 'nebius', 'sambanova': 'sambanova',
    'hyperbolic': 'hyperbolic', 'nscale': 'nscale', 'lambda_ai': 'lambda', 'wandb': 'wandb', 'watsonx': 'watsonx',
    'ai21': 'ai21', 'oci': 'oci', 'snowflake': 'snowflake', 'deepgram': 'deepgram', 'friendliai': 'friendliai',
    'gradient_ai': 'gradient_ai', 'scaleway': 'scaleway', 'crusoe': 'crusoe', 'morph': 'morph', 'v0': 'v0',
    'vercel_ai_gateway': 'vercel', 'volcengine': 'volcengine', 'stability': 'stability', 'anyscale': 'anyscale',
    'black_forest_labs': 'black-forest-labs', 'replicate': 'replicate', 'perplexity': 'perplexity',
    'databricks': 'databricks', 'cerebras': 'cerebras', 'deepseek': 'deepseek', 'elevenlabs': 'elevenlabs',
    'nvidia_nim': 'nvidia', 'tencent': 'tencent', 'aihubmix': 'aihubmix', 'novita': 'novita', 'minimax': 'minimax',
}
# key of LiteLLM's list -> key of the text form, factor of the price
LITELLM_UNITS = {
    'input_cost_per_token': ('i', 10**6), 'output_cost_per_token': ('o', 10**6),
    'cache_read_input_token_cost': ('cr', 10**6), 'cache_creation_input_token_cost': ('cw', 10**6),
    'cache_creation_input_token_cost_above_1hr': ('cw1h', 10**6), 'input_cost_per_audio_token': ('ia', 10**6),
    'output_cost_per_audio_token': ('oa', 10**6), 'input_cost_per_image_token': ('ii', 10**6),
    'output_cost_per_image_token': ('oi', 10**6), 'output_cost_per_reasoning_token': ('or', 10**6),
    'input_cost_per_character': ('char', 10**6), 'input_cost_per_second': ('ain', 3600),
    'ocr_cost_per_page': ('page', 1), 'output_cost_per_image': ('img', 1),
}
ABOVE = re.compile(r'^(.+)_above_(\d+)k_tokens$')


def litellm_price(entry, suffix):
    """The prices of an entry in the text form; those of a service tier stand under keys with a suffix."""
    base, tiers = {}, {}
    for key, value in entry.items():
        if suffix and not key.endswith(suffix) or isinstance(value, (dict, list, str, bool)) or value is None:
            continue
        name = key[: len(key) - len(suffix)]
        above = ABOVE.match(name)
        unit = LITELLM_UNITS.get(above.group(1) if above else name)
        if unit is None or Decimal(value) < 0:
            continue
        text = decimal(Decimal(value) * unit[1])
        (tiers.setdefault(int(above.group(2)) * 1000, {}) if above else base)[unit[0]] = text
    for step in entry.get('tiered_pricing') or ():
        start = int(Decimal(step.get('range', [0])[0])) if step.get('range') else 0
        for key, value in step.items():
            if key in LITELLM_UNITS and not suffix:
                unit, factor = LITELLM_UNITS[key]
                (tiers.setdefault(start, {}) if start else base)[unit] = decimal(Decimal(value) * factor)
    return base, tiers


def litellm_rows(entry):
    base, tiers = litellm_price(entry, '')
    if entry.get('mode') == 'rerank' and entry.get('input_cost_per_query'):
        base['rerank'] = decimal(Decimal(entry['input_cost_per_query']))
        base = {key: value for key, value in base.items() if key == 'rerank' or value != '0'}
    if not base:
        return []
    result = [('', base, tiers)]
    batch, batch_tiers = litellm_price(entry, '_batches')
    if batch:
        merged = {start: tiers.get(start, {}) | batch_tiers.get(start, {}) for start in {*tiers, *batch_tiers}}
        result.append(('tier=batch', base | batch, merged))
    return result


def litellm_section(path, wanted, known):
    """Lines for the models of one provider that `known` does not find, those of one price together."""
    groups = {}
    for name, entry in litellm_entries(path).items():
        origin = entry.get('litellm_provider', '')
        family = 'gemini' if origin.startswith('vertex_ai') else origin
        if LITELLM_PROVIDERS.get(family) != wanted:
            continue
        short = name.lower()
        for prefix in (origin + '/', 'vertex_ai/', family + '/'):
            short = short.removeprefix(prefix)
        # Names of regions and picture sizes before the model are no names that a provider reports.
        if re.search(r'[\s|*=]', short) or known(short) or re.match(r'(\d+-x-\d+|[a-z]+-[a-z]+-\d)/', short):
            continue
        lines = []
        for condition, base, tiers in litellm_rows(entry):
            text = [condition] if condition else []
            text += [f'{key}={value}' for key, value in base.items()]
            for start in sorted(tiers):
                text += [f'>{start}'] + [f'{key}={value}' for key, value in tiers[start].items()]
            lines.append(' '.join(text))
        if lines:
            groups.setdefault(tuple(lines), []).append(short)
    result = []
    taken = set()
    for lines, found in sorted(groups.items(), key=lambda item: item[1]):
        found = [name for name in dict.fromkeys(found) if not (name in taken or taken.add(name))]
        for start in range(0, len(found), 200):
            result.append('|'.join(found[start:start + 200]) + ' ' + lines[0])
            result += [' ' + line for line in lines[1:]]
    return result


ENTRIES = {}


def litellm_entries(path):
    if not ENTRIES:
        with zipfile.ZipFile(path) as wheel:
            text = wheel.read('litellm/model_prices_and_context_window_backup.json')
        ENTRIES.update(json.loads(text, parse_float=Decimal, parse_int=Decimal))
        del ENTRIES['sample_spec']
    return ENTRIES


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--date', required=True, help='the day of the import, YYYY-MM-DD')
    parser.add_argument('--limit', type=int, default=300_000, help='the most bytes of the text')
    parser.add_argument('--litellm', required=True, help="LiteLLM's wheel")
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
        def known(name, provider=provider, taken=taken):
            others = [p for p in providers if p.id in (provider.fallback_model_providers or ())]
            return name in taken or any(p.find_model(name) is not None for p in [provider, *others])

        section += litellm_section(arguments.litellm, wanted, known)
        length = sum(len(line) + 1 for line in section)
        if size + length > arguments.limit:
            skipped.append(provider.id)
            continue
        size += length
        lines += section
    for wanted in sorted(set(LITELLM_PROVIDERS.values()) - set(PROVIDERS)):
        section = ['=' + wanted, *litellm_section(arguments.litellm, wanted, lambda name: False)]
        length = sum(len(line) + 1 for line in section)
        if len(section) == 1 or size + length > arguments.limit:
            skipped.append(wanted)
            continue
        size += length
        lines += section
    print(f'{size} bytes; left out for size: {", ".join(skipped) or "none"}', file=sys.stderr)
    version = importlib.metadata.version('genai-prices')
    other = re.search(r'litellm-([\d.]+)-', arguments.litellm).group(1)
    print('// Generated by tools/import-prices.py; do not edit.')
    print('enum BuiltInPrices {')
    print(f'    /// The packages that the prices come from (MIT licence).\n    static let origin = "genai-prices {version}, litellm {other}"')
    print(f'    /// The day of the import.\n    static let date = "{arguments.date}"')
    print('    /// The rows in the form of ``PriceText``.\n    static let text = #"""')
    for line in lines:
        print(f'        {line}')
    print('        """#\n}')


main()
