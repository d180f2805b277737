"""The data set `shop`: the sample records of `strata quickstart`, and what people ask a log.

Six services print about a dozen messages, so most rows repeat few patterns, as logs do, though few logs have so few; `prose` is the
other extreme. Fields that Strata was not told of go to `attrs`; ClickHouse is given a typed column for each.
"""

import datetime
import os

from dataset import HOUR, HOUR_UTC, Dataset, both, count, has, latest, phrase
from sample import Found, needle, piece, stream

STRATA_DDL = [
    """CREATE TABLE logs.bench (ts timestamptz NOT NULL, host text, service text, level text, message text, trace_id text,
        status int, latency_ms double precision) WITH (time_column = 'ts', sort_by = 'service, ts')""",
    "CREATE INDEX ON logs.bench USING inverted (message)",
    "CREATE INDEX ON logs.bench USING bloom (trace_id)",
]
CLICKHOUSE_DDL = """CREATE TABLE bench.logs (
    ts DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1)),
    host LowCardinality(String), service LowCardinality(String), level LowCardinality(String),
    message String CODEC(ZSTD(1)), trace_id String CODEC(ZSTD(1)), status UInt16, latency_ms Float64 CODEC(ZSTD(1)),
    rows UInt16, cache LowCardinality(String), method LowCardinality(String), path LowCardinality(String),
    user Tuple(id UInt32, plan LowCardinality(String)), exception LowCardinality(String), retry UInt8, order UInt32, amount String,
    attempt UInt8, queue LowCardinality(String), job UInt32, address String, sku UInt16,
    INDEX ts_bounds ts TYPE minmax GRANULARITY 1,
    INDEX words message TYPE text(tokenizer = splitByNonAlpha, preprocessor = lower(message)),
    INDEX traces trace_id TYPE bloom_filter(0.01) GRANULARITY 1
) ENGINE = MergeTree ORDER BY (service, ts)"""
STRUCTURE = """ts DateTime64(6, 'UTC'), host String, service String, level String, message String, trace_id String, status UInt16,
    latency_ms Float64, rows UInt16, cache String, method String, path String, user Tuple(id UInt32, plan String), exception String,
    retry UInt8, order UInt32, amount String, attempt UInt8, queue String, job UInt32, address String, sku UInt16"""

COLUMNS = "ts, host, service, level, message"


def tail(name, clickhouse, strata, check="latest"):
    return both(name, latest(COLUMNS, clickhouse), latest(COLUMNS, strata), check)


QUERIES = [
    count("count_hour", HOUR, HOUR_UTC),
    both(
        "group_service_level",
        "SELECT service, level, count() FROM @table GROUP BY service, level",
        "SELECT service, level, count(*) FROM @table GROUP BY service, level",
    ),
    tail("needle", has("$needle"), "message @@ '$needle'", "rows"),
    tail("order_number", has("order", "$order"), "message @@ 'order $order'", "rows"),
    tail("rare_word", has("manifest"), "message @@ 'manifest'"),
    count("common_word", has("loaded"), "message @@ 'loaded'"),
    count("absent_word", has("zkabsent$run"), "message @@ 'zkabsent$run'"),
    count("two_words", has("wrong", "password"), "message @@ 'wrong password'"),
    tail("two_words_latest", has("lock", "held"), "message @@ 'lock held'"),
    tail(
        "phrase",
        phrase("card was not charged"),
        "message @@ phraseto_tsquery('card was not charged')",
    ),
    tail("chinese", "message LIKE '%库存不足%'", "message @@ '库存不足'"),
    tail("substring", "message LIKE '%$piece%'", "message LIKE '%$piece%'", "rows"),
    count(
        "regex",
        "match(message, 'job [0-9]+$digit of inv.* done in 0\\\\.[0-9]+ s')",
        "message ~ 'job [0-9]+$digit of inv.* done in 0\\.[0-9]+ s'",
    ),
    both(
        "trace",
        "SELECT ts, host, message, trace_id FROM @table WHERE trace_id = '$trace'",
        "SELECT ts, host, message, trace_id FROM @table WHERE trace_id = '$trace'",
    ),
    both(
        "top_hosts",
        "SELECT host, count() AS n FROM @table WHERE status >= 400 GROUP BY host ORDER BY n DESC, host LIMIT 5",
        "SELECT host, count(*) AS n FROM @table WHERE status >= 400 GROUP BY host ORDER BY n DESC, host LIMIT 5",
    ),
    both(
        "error_histogram",
        "SELECT toStartOfMinute(ts) AS minute, count() FROM @table WHERE level = 'ERROR' GROUP BY minute",
        "SELECT date_trunc('minute', ts) AS minute, count(*) FROM @table WHERE level = 'ERROR' GROUP BY minute",
    ),
    both(
        "word_histogram",
        f"SELECT toStartOfMinute(ts) AS minute, count() FROM @table WHERE {HOUR} AND {has('refused')} GROUP BY minute",
        f"SELECT date_trunc('minute', ts) AS minute, count(*) FROM @table WHERE {HOUR_UTC} AND message @@ 'refused' GROUP BY minute",
    ),
    both(
        "p99_by_host",
        "SELECT host, quantile(0.99)(latency_ms) FROM @table WHERE service = 'gateway' GROUP BY host",
        "SELECT host, approx_percentile_cont(0.99) WITHIN GROUP (ORDER BY latency_ms) FROM @table WHERE service = 'gateway' GROUP BY host",
        "close",
    ),
    both(
        "group_field",
        "SELECT queue, count() FROM @table WHERE service = 'worker' GROUP BY queue",
        "SELECT attrs ->> 'queue' AS queue, count(*) FROM @table WHERE service = 'worker' GROUP BY queue",
    ),
    tail("latest", "true", "true"),
    tail("latest_filtered", "service = 'auth' AND level = 'WARN'", "service = 'auth' AND level = 'WARN'"),
]


def literals(found: Found, runs):
    """Another hour, another identifier, another word for each run."""
    for run in range(runs):
        hour = datetime.timedelta(hours=1)
        since = found.first + (2 * hour + 97 * run * datetime.timedelta(minutes=1)) % (found.last - found.first - 2 * hour)
        yield {
            "run": run,
            "since": f"{since:%Y-%m-%d %H:%M:%S.%f}",
            "until": f"{since + hour:%Y-%m-%d %H:%M:%S.%f}",
            "needle": needle(run),
            "piece": piece(run),
            "trace": found.traces[run],
            "order": found.orders[run],
            "digit": run % 10,
        }


def shop(binary, folder, rows, runs):
    """Makes the file and what is asked of it; `runs` includes the one for warming up."""
    file = os.path.join(folder, "shop.ndjson")
    with open(file, "wb") as out:
        found = stream(binary, rows, runs, out)
    return dataset(found, file, runs)


def dataset(found, file, runs):
    return Dataset("shop", file, found.rows, STRATA_DDL, CLICKHOUSE_DDL, STRUCTURE, QUERIES, list(literals(found, runs)))
