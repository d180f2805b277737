"""Spark 4 reads topics over JDBC, in partitions and with what it pushes down, and their segments straight from the data folder.

Arguments: a connection string of a server on this machine whose topic `logs.events` has many rows, the address as JDBC takes it, the
driver's JAR. Prints one line a part, and what was wrong; exits with 1 if anything was.
"""

import functools
import os
import sys

import psycopg
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from checking import equal, finish, part
from varied import PORTIONS, manifest, paths

PARTITIONS = 8
SUMS = (
    "count(*), sum(n)::bigint, sum(status)::bigint, sum(ratio), sum(price), sum(length(service))::bigint,"
    " count(DISTINCT left(trace, 3)), min(trace), max(trace), count(attrs)"
)


def sums(frame):
    """What SUMS asks, by Spark."""
    asked = [F.count("*"), F.sum("n"), F.sum("status"), F.sum("ratio"), F.sum("price"), F.sum(F.length("service"))]
    asked += [F.countDistinct(F.substring("trace", 1, 3)), F.min("trace"), F.max("trace"), F.count("attrs")]
    return tuple(frame.agg(*asked).first())


def main(address, jdbc, driver):
    os.environ["PYSPARK_PYTHON"] = sys.executable
    spark = (
        SparkSession.builder.master("local[2]")
        .config("spark.jars", driver)
        .config("spark.driver.memory", "2g")
        .config("spark.ui.enabled", "false")
        .config("spark.ui.showConsoleProgress", "false")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.sql.shuffle.partitions", "4")
        # Times in predicates are written in the session's zone and read by the server in that of the driver.
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.driver.extraJavaOptions", "-Duser.timezone=UTC")
        .config("spark.sql.catalog.strata", "org.apache.spark.sql.execution.datasources.v2.jdbc.JDBCTableCatalog")
        .config("spark.sql.catalog.strata.url", jdbc)
        .config("spark.sql.catalog.strata.driver", "org.postgresql.Driver")
        .config("spark.sql.catalog.strata.pushDownAggregate", "true")
        .getOrCreate()
    )
    spark.sparkContext.setLogLevel("ERROR")
    options = {"url": jdbc, "driver": "org.postgresql.Driver", "fetchsize": 10_000}
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        types(spark, options)
        partitions_by_offset(spark, connection, options)
        partitions_by_time(spark, connection, options)
        predicates_reach_the_server(spark, connection, options, address)
        browsing(spark, connection)
        writing(spark, connection, options)
        segments(spark, connection)
        segments_of_every_kind(spark, connection)
    spark.stop()


def topic(spark, options, **more):
    return spark.read.format("jdbc").options(**options, dbtable="logs.events", **more).load()


def bounds(connection, column):
    """Of the values, as options; Spark cuts what lies between them and leaves nothing out that lies beyond."""
    low, high = connection.execute(f"SELECT min({column})::text, max({column})::text FROM logs.events").fetchone()
    return {"partitionColumn": column, "lowerBound": low, "upperBound": high, "numPartitions": PARTITIONS}


@part
def types(spark, options):
    seen = {name: kind for name, kind in topic(spark, options).dtypes}
    wanted = {"ts": "timestamp", "n": "bigint", "status": "int", "ratio": "double", "price": "decimal(12,3)", "service": "string"}
    wanted |= {"trace": "string", "attrs": "string", "_offset": "bigint", "_ingested_at": "timestamp"}
    equal(seen, wanted)


@part
def partitions_by_offset(spark, connection, options):
    frame = topic(spark, options, **bounds(connection, "_offset"))
    equal(frame.rdd.getNumPartitions(), PARTITIONS)
    equal(sums(frame), connection.execute(f"SELECT {SUMS} FROM logs.events").fetchone())
    rows = [row["count"] for row in frame.groupBy(F.spark_partition_id()).count().collect()]
    equal(len(rows), PARTITIONS)
    equal(max(rows) - min(rows) <= PARTITIONS, True, rows)


@part
def partitions_by_time(spark, connection, options):
    frame = topic(spark, options, **bounds(connection, "ts"))
    equal(frame.rdd.getNumPartitions(), PARTITIONS)
    equal(sums(frame), connection.execute(f"SELECT {SUMS} FROM logs.events").fetchone())


@part
def predicates_reach_the_server(spark, connection, options, address):
    frame = topic(spark, options | {"fetchsize": 10}, **bounds(connection, "_offset"))
    chosen = frame.where((F.col("status") == 500) & (F.col("ts") >= F.lit("2026-03-01 00:00:10").cast("timestamp"))).select("n", "service")
    where = "status = 500 AND ts >= '2026-03-01 00:00:10+00'"
    equal(chosen.count(), connection.execute(f"SELECT count(*) FROM logs.events WHERE {where}").fetchone()[0])

    def running(rows):
        """What the server runs for Spark while the rows of a partition still come."""
        next(rows)
        with psycopg.connect(address) as beside:
            seen = beside.execute("SELECT query FROM pg_stat_activity WHERE application_name = 'PostgreSQL JDBC Driver'").fetchall()
        sum(1 for _ in rows)
        return [query for (query,) in seen]

    queries = [query for query in chosen.rdd.mapPartitions(running).distinct().collect() if "logs.events" in query]
    equal(queries != [], True, "nothing was seen to run")
    for query in queries:
        equal(query.startswith('SELECT "n","service" FROM logs.events'), True, query)
        for piece in ('"status" = 500', "\"ts\" >= '2026-03-01 00:00:10", '"_offset"'):
            equal(piece in query, True, piece, query)


@part
def browsing(spark, connection):
    """As a catalog: what there is, and aggregates and limits that the server answers."""
    equal("logs" in [row[0] for row in spark.sql("SHOW NAMESPACES IN strata").collect()], True)
    equal("events" in [row.tableName for row in spark.sql("SHOW TABLES IN strata.logs").collect()], True)
    equal([row.col_name for row in spark.sql("DESCRIBE strata.logs.events").collect()][:2], ["ts", "n"])
    frame = spark.sql("SELECT service, count(*), sum(n) FROM strata.logs.events WHERE status = 200 GROUP BY service ORDER BY service")
    plan = frame._jdf.queryExecution().executedPlan().toString()
    for piece in ("PushedAggregates: [COUNT(*), SUM(n)]", "PushedGroupByExpressions: [service]", "PushedFilters: [status IS NOT NULL, status = 200]"):
        equal(piece in plan, True, piece, plan)
    asked = "SELECT service, count(*), sum(n)::bigint FROM logs.events WHERE status = 200 GROUP BY service ORDER BY service"
    equal([tuple(row) for row in frame.collect()], connection.execute(asked).fetchall())
    newest = spark.sql("SELECT n FROM strata.logs.events ORDER BY ts DESC LIMIT 3").collect()
    equal([row.n for row in newest], [row[0] for row in connection.execute("SELECT n FROM logs.events ORDER BY ts DESC LIMIT 3").fetchall()])


@part
def writing(spark, connection, options):
    connection.execute("CREATE TABLE logs.written (ts timestamptz, n bigint, name text)")
    rows = spark.range(1000).select(F.timestamp_seconds(F.col("id")).alias("ts"), F.col("id").alias("n"), F.format_string("name %d", "id").alias("name"))
    rows.repartition(4).write.format("jdbc").options(**options, dbtable="logs.written").mode("append").save()
    asked = "SELECT count(*), sum(n)::bigint, count(DISTINCT name), max(extract(epoch FROM ts))::bigint FROM logs.written"
    equal(connection.execute(asked).fetchone(), (1000, 499_500, 1000, 999))


def read_segments(spark, told):
    """A topic as its files have it, with a column for each field that has one in them."""
    frames = []
    for at, layout in enumerate(told["layouts"]):
        files = spark.read.option("mergeSchema", "true").parquet(*paths(told, at))
        chosen = []
        for stored in layout:
            value = files[f"`{stored['file']}`"]
            if stored.get("form") == "hex":
                value = F.lower(F.hex(value))
            chosen.append(value.alias(stored["column"]))
        for name, path in told["fields"].items():
            value = F.get_json_object(files["attrs"], "$" + "".join(f"['{key}']" for key in path))
            if name in files.columns:
                value = F.coalesce(files[f"`{name}`"], value)
            chosen.append(value.alias(name))
        frames.append(files.select(*chosen))
    return functools.reduce(functools.partial(DataFrame.unionByName, allowMissingColumns=True), frames)


@part
def segments(spark, connection):
    connection.execute("CALL sys.optimize('logs.events')")
    told = manifest(connection, "logs.events")
    frame = read_segments(spark, told)
    # What is left of `attrs` in a file is not what the topic has: its fields are compared one by one.
    own = connection.execute(f"SELECT {SUMS} FROM logs.events").fetchone()
    equal(sums(frame)[:-1], own[:-1])
    equal(told["end_offset"] - told["first_offset"], own[0])
    users = frame.agg(F.count("`attrs.user`"), F.sum(F.col("`attrs.user`").cast("bigint"))).first()
    asked = "SELECT count(attrs -> 'user'), sum((attrs ->> 'user')::bigint)::bigint FROM logs.events"
    equal(tuple(users), connection.execute(asked).fetchone())


@part
def segments_of_every_kind(spark, connection):
    for statement in PORTIONS:
        connection.execute(statement)
    frame = read_segments(spark, manifest(connection, "logs.varied"))
    times = F.unix_micros("ts").alias("ts")
    names = ["flag", "little", "n", "real4", "ratio", "price", "trace", "raw", "day", "added", "doc"]
    got = frame.select("_offset", times, *names, F.col("`attrs.user.id`")).orderBy("_offset").collect()
    asked = (
        "SELECT _offset, (extract(epoch FROM ts) * 1000000)::bigint, flag, little, n, real4, ratio, price, trace, raw, day, added, doc::text,"
        " attrs #>> '{user,id}' FROM logs.varied ORDER BY _offset"
    )
    equal([tuple(row) for row in got], connection.execute(asked).fetchall())


if __name__ == "__main__":
    main(*sys.argv[1:])
    finish()
