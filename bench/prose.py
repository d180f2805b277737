"""The data set `prose`: sentences whose words are drawn from a Zipf vocabulary, so that no two rows are alike.

Made from a seed: the same row count gives the same bytes. What `shop` has too much of, rows that repeat a pattern, is missing
here entirely; an index has to live from the words alone.
"""

import datetime
import os

import numpy

from dataset import HOUR, HOUR_UTC, Dataset, both, count, has, latest, phrase

SEED = 5
VOCABULARY = 50_000
SENTENCE_WORDS = (6, 20)
BLOCK_ROWS = 50_000
START = datetime.datetime(2026, 3, 1, tzinfo=datetime.timezone.utc)
SPAN_MS = 86_400_000
SERVICES = ("letters", "minutes", "news", "notes", "reviews")
# Words of a phrase that only planted rows have; decoys have them in another order.
PHRASE, PHRASE_ROWS = ("zinc", "prices", "doubled"), 1_000

STRATA_DDL = [
    """CREATE TABLE logs.bench (ts timestamptz NOT NULL, host text, service text, level text, message text)
        WITH (time_column = 'ts', sort_by = 'service, ts')""",
    "CREATE INDEX ON logs.bench USING inverted (message)",
]
CLICKHOUSE_DDL = """CREATE TABLE bench.logs (
    ts DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1)),
    host LowCardinality(String), service LowCardinality(String), level LowCardinality(String), message String CODEC(ZSTD(1)),
    INDEX ts_bounds ts TYPE minmax GRANULARITY 1,
    INDEX words message TYPE text(tokenizer = splitByNonAlpha, preprocessor = lower(message))
) ENGINE = MergeTree ORDER BY (service, ts)"""
STRUCTURE = "ts DateTime64(6, 'UTC'), host String, service String, level String, message String"


def vocabulary(random):
    """Words of two to five syllables, the most frequent first, and these tend to be short."""
    onsets = "b br c ch d dr f fl g gr h j k l m n p pl pr qu r s sh st t tr v w".split()
    ends = "a al an ar e en er es i in ing is o on or ous u un ur y".split()
    syllables = numpy.array([onset + end for onset in onsets for end in ends])
    words = {}
    while len(words) < VOCABULARY:
        word = "".join(random.choice(syllables, random.choice([2, 2, 3, 3, 3, 4, 5])))
        words[word] = len(word) + random.normal(0, 3)
    return sorted(words, key=words.get)


def prose(folder, rows, runs):
    """Makes the file and what is asked of it; `runs` includes the one for warming up."""
    random = numpy.random.default_rng(SEED)
    words = vocabulary(random)
    shares = numpy.cumsum(1 / numpy.arange(1, VOCABULARY + 1))
    shares /= shares[-1]
    special = dict.fromkeys(random.choice(rows, 2 * PHRASE_ROWS, replace=False).tolist())
    for at, row in enumerate(special):
        special[row] = " ".join(PHRASE if at % 2 else reversed(PHRASE))
    file = os.path.join(folder, "prose.ndjson")
    with open(file, "w", encoding="ascii") as out:
        for first in range(0, rows, BLOCK_ROWS):
            out.write(block(random, words, shares, special, first, min(BLOCK_ROWS, rows - first), rows))
    of_runs = [dict(literals(words, run)) for run in range(runs)]
    return Dataset("prose", file, rows, STRATA_DDL, CLICKHOUSE_DDL, STRUCTURE, QUERIES, of_runs)


def block(random, words, shares, special, first, rows, rows_of_all):
    """Lines of `rows` records from row `first` on."""
    lengths = random.integers(*SENTENCE_WORDS, rows)
    drawn = [words[at] for at in numpy.searchsorted(shares, random.random(int(lengths.sum()))).tolist()]
    hosts, errors = random.integers(0, 50, rows).tolist(), (random.random(rows) < 0.02).tolist()
    lines, at = [], 0
    for row, length in enumerate(lengths.tolist()):
        text = " ".join(drawn[at : at + length])
        at += length
        if first + row in special:
            text += ", " + special[first + row]
        time = START + datetime.timedelta(milliseconds=SPAN_MS * (first + row) // rows_of_all)
        lines.append(
            f'{{"ts":"{time:%Y-%m-%dT%H:%M:%S}.{time.microsecond:06}Z","host":"desk-{hosts[row]}","service":"{SERVICES[row % 5]}",'
            f'"level":"{"ERROR" if errors[row] else "INFO"}","message":"{text.capitalize()}."}}\n'
        )
    return "".join(lines)


def literals(words, run):
    """Words by their rank: of each kind another one a run."""
    since = START + datetime.timedelta(minutes=97 * run)
    yield "run", run
    yield "since", f"{since:%Y-%m-%d %H:%M:%S}"
    yield "until", f"{since + datetime.timedelta(hours=1):%Y-%m-%d %H:%M:%S}"
    for name, rank in (("first", 0), ("tenth", 10), ("hundredth", 100), ("thousandth", 1_000), ("rare", 45_000)):
        yield name, words[rank + run]
    yield "piece", words[2_000 + run][:5]


def tail(name, clickhouse, strata):
    return both(name, latest("ts, host, service, message", clickhouse), latest("ts, host, service, message", strata), "latest")


QUERIES = [
    count("first_word", has("$first"), "message @@ '$first'"),
    count("hundredth_word", has("$hundredth"), "message @@ '$hundredth'"),
    count("rare_word", has("$rare"), "message @@ '$rare'"),
    count("absent_word", has("zkabsent$run"), "message @@ 'zkabsent$run'"),
    count("two_words", has("$tenth", "$hundredth"), "message @@ '$tenth $hundredth'"),
    count("either_word", "hasAnyTokens(message, ['$tenth', '$thousandth'])", "message @@ to_tsquery('$tenth | $thousandth')"),
    count("word_without_word", has("$tenth") + " AND NOT " + has("$first"), "message @@ to_tsquery('$tenth & !$first')"),
    tail("thousandth_word_latest", has("$thousandth"), "message @@ '$thousandth'"),
    tail("rare_word_latest", has("$rare"), "message @@ '$rare'"),
    tail("two_words_latest", has("$tenth", "$thousandth"), "message @@ '$tenth $thousandth'"),
    count(
        "phrase_of_common_words",
        phrase("$first $tenth"),
        "message @@ phraseto_tsquery('$first $tenth')",
    ),
    tail("phrase_latest", phrase(" ".join(PHRASE)), f"message @@ phraseto_tsquery('{' '.join(PHRASE)}')"),
    both(
        "word_histogram",
        f"SELECT toStartOfMinute(ts) AS minute, count() FROM @table WHERE {HOUR} AND {has('$tenth')} GROUP BY minute",
        f"SELECT date_trunc('minute', ts) AS minute, count(*) FROM @table WHERE {HOUR_UTC} AND message @@ '$tenth' GROUP BY minute",
    ),
    both(
        "word_by_service",
        f"SELECT service, count() FROM @table WHERE {has('$hundredth')} GROUP BY service",
        "SELECT service, count(*) FROM @table WHERE message @@ '$hundredth' GROUP BY service",
    ),
    tail("substring", "message LIKE '%$piece%'", "message LIKE '%$piece%'"),
]
