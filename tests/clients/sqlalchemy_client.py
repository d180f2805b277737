"""SQLAlchemy and pandas against a server, over three drivers: reflection of everything, queries, data frames.

Argument: a connection string. Prints one line a part, and what was wrong; exits with 1 if anything was.
"""

import datetime as dt
import sys
import uuid
from decimal import Decimal

import pandas
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from checking import UTC, equal, finish, part, refused


def main(address):
    for driver in ("psycopg", "psycopg2"):
        engine = sa.create_engine(address.replace("postgresql://", f"postgresql+{driver}://"))
        schema = f"sa_{driver}"
        print(driver)
        tables(engine, schema)
        reflection(engine, schema)
        if driver == "psycopg":
            everything_is_reflected(engine)
        queries(engine, schema)
        transactions(engine, schema)
        streaming(engine, schema)
        frames(engine, schema)
        engine.dispose()


def seen_table(schema):
    return sa.Table(
        "seen",
        sa.MetaData(schema=schema),
        sa.Column("ts", sa.DateTime(timezone=True), nullable=False, comment="when it was"),
        sa.Column("flag", sa.Boolean),
        sa.Column("small", sa.SmallInteger),
        sa.Column("n", sa.Integer),
        sa.Column("big", sa.BigInteger),
        sa.Column("ratio", sa.Double),
        sa.Column("price", sa.Numeric(12, 3)),
        sa.Column("name", sa.String),
        sa.Column("raw", sa.LargeBinary),
        sa.Column("day", sa.Date),
        sa.Column("at", sa.Time),
        sa.Column("id", sa.Uuid),
        sa.Column("doc", pg.JSONB),
        comment="all types",
    )


def row(n):
    return {
        "ts": dt.datetime(2026, 3, 1, tzinfo=UTC) + dt.timedelta(seconds=n),
        "flag": n % 2 == 0,
        "small": n,
        "n": n,
        "big": n * 10**12,
        "ratio": n / 4,
        "price": Decimal(n) / 8,
        "name": f"it's {n}",
        "raw": bytes([n, 0]),
        "day": dt.date(1969, 12, 31),
        "at": dt.time(12, 30),
        "id": uuid.UUID(int=n),
        "doc": {"n": n, "list": [None, "x"]},
    }


@part
def tables(engine, schema):
    table = seen_table(schema)
    with engine.begin() as connection:
        connection.execute(sa.schema.CreateSchema(schema))
    table.metadata.create_all(engine)
    # A second time there is nothing to create.
    table.metadata.create_all(engine)
    with engine.begin() as connection:
        connection.execute(sa.text(f"CREATE VIEW {schema}.named AS SELECT ts, name FROM {schema}.seen WHERE name IS NOT NULL"))
        connection.execute(table.insert(), [row(n) for n in range(50)])
        connection.execute(table.insert().values(**row(50)))
    with engine.connect() as connection:
        equal([dict(one._mapping) for one in connection.execute(sa.select(table).order_by(table.c.n))], [row(n) for n in range(51)])


@part
def reflection(engine, schema):
    inspector = sa.inspect(engine)
    assert schema in inspector.get_schema_names()
    equal(inspector.get_table_names(schema), ["seen"])
    equal(inspector.get_view_names(schema), ["named"])
    assert "name" in inspector.get_view_definition("named", schema)
    equal(inspector.get_table_comment("seen", schema), {"text": "all types"})
    columns = {column["name"]: column for column in inspector.get_columns("seen", schema)}
    equal(columns["ts"]["comment"], "when it was")
    equal((columns["ts"]["nullable"], columns["n"]["nullable"]), (False, True))
    wanted = ["TIMESTAMP", "BOOLEAN", "SMALLINT", "INTEGER", "BIGINT", "DOUBLE PRECISION", "NUMERIC(12, 3)", "VARCHAR"]
    wanted += ["BYTEA", "DATE", "TIME", "UUID", "JSONB"]
    declared = [str(columns[column.name]["type"]) for column in seen_table(schema).columns]
    # A string without a length is a varchar to SQLAlchemy and a text here.
    equal([name.replace("TEXT", "VARCHAR") for name in declared], wanted)
    equal(columns["ts"]["type"].timezone, True)
    equal([column["name"] for column in inspector.get_columns("named", schema)], ["ts", "name"])
    reflected = sa.Table("seen", sa.MetaData(), schema=schema, autoload_with=engine)
    assert set(seen_table(schema).columns.keys()) <= set(reflected.columns.keys())
    equal(reflected.comment, "all types")
    assert inspector.has_table("seen", schema) and not inspector.has_table("unseen", schema)


@part
def everything_is_reflected(engine):
    inspector = sa.inspect(engine)
    count = 0
    for schema in inspector.get_schema_names():
        # A few of each schema one by one, all of it at once further down.
        for name in inspector.get_table_names(schema)[:2] + inspector.get_view_names(schema)[:2]:
            columns = inspector.get_columns(name, schema)
            assert columns, (schema, name)
            inspector.get_pk_constraint(name, schema)
            inspector.get_foreign_keys(name, schema)
            inspector.get_unique_constraints(name, schema)
            inspector.get_check_constraints(name, schema)
            inspector.get_indexes(name, schema)
            inspector.get_table_options(name, schema)
            count += 1
        inspector.get_sequence_names(schema)
        inspector.get_materialized_view_names(schema)
        inspector.get_enums(schema)
        inspector.get_domains(schema)
        inspector.get_multi_columns(schema, kind=sa.engine.reflection.ObjectKind.ANY)
        inspector.get_multi_table_comment(schema, kind=sa.engine.reflection.ObjectKind.ANY)
        sa.MetaData(schema=schema).reflect(engine, views=True)
    assert count > 2, count


@part
def queries(engine, schema):
    table = seen_table(schema)
    with engine.connect() as connection:
        equal(connection.execute(sa.select(sa.func.count()).select_from(table)).scalar(), 51)
        equal(connection.execute(sa.select(table.c.n).where(table.c.n.in_([1, 2, 3])).order_by(table.c.n.desc())).scalars().all(), [3, 2, 1])
        equal(connection.execute(sa.select(table.c.n).where(table.c.id == uuid.UUID(int=7))).scalar(), 7)
        equal(connection.execute(sa.select(table.c.n).where(table.c.doc["n"].as_integer() == 9)).scalar(), 9)
        equal(connection.execute(sa.select(table.c.n).where(table.c.doc.contains({"n": 9}))).scalar(), 9)
        equal(connection.execute(sa.select(table.c.n).where(table.c.name.ilike("IT'S 4")).limit(1).offset(0)).scalar(), 4)
        hour = sa.func.date_trunc("hour", table.c.ts).label("hour")
        query = sa.select(hour, sa.func.count(), sa.func.sum(table.c.price)).group_by(hour).order_by(hour)
        equal(connection.execute(query).all(), [(dt.datetime(2026, 3, 1, tzinfo=UTC), 51, sum(Decimal(n) / 8 for n in range(51)))])
        text = sa.text("SELECT :a || '-' || :b, CAST(:n AS integer) + 1")
        equal(connection.execute(text, {"a": "x", "b": "y", "n": 1}).one(), ("x-y", 2))
        connection.rollback()
        error = refused(sa.exc.ProgrammingError, connection.execute, sa.text("SELECT * FROM nothing"))
        equal(getattr(error.orig, "sqlstate", None) or error.orig.pgcode, "42P01")
        connection.rollback()
        returned = connection.execute(table.insert().values(ts=row(60)["ts"], n=60).returning(table.c.n)).scalar()
        equal(returned, 60)
        connection.rollback()


@part
def transactions(engine, schema):
    table = seen_table(schema)
    count = sa.select(sa.func.count()).select_from(table)
    with engine.connect() as connection:
        with connection.begin() as transaction:
            connection.execute(table.insert().values(ts=row(70)["ts"]))
            transaction.rollback()
        with connection.begin():
            with connection.begin_nested() as savepoint:
                connection.execute(table.insert().values(ts=row(70)["ts"]))
                savepoint.rollback()
    with engine.connect() as connection:
        equal(connection.execute(count).scalar(), 51)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        equal(connection.execute(sa.text("SELECT 1")).scalar(), 1)
        equal(connection.get_isolation_level(), "READ COMMITTED")


@part
def streaming(engine, schema):
    table = seen_table(schema)
    with engine.connect().execution_options(stream_results=True, max_row_buffer=10) as connection:
        numbers = [one.n for one in connection.execute(sa.select(table.c.n).order_by(table.c.n))]
    equal(numbers, list(range(51)))


@part
def frames(engine, schema):
    frame = pandas.DataFrame(
        {
            "ts": pandas.to_datetime(["2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z", "1969-12-31T23:59:59Z"]),
            "name": ["a", None, "c"],
            "n": [1, 2, 3],
            "ratio": [0.5, None, 2.5],
            "flag": [True, False, True],
        }
    )
    frame.to_sql("frame", engine, schema=schema, index=False)
    frame.to_sql("frame", engine, schema=schema, index=False, if_exists="append", method="multi")
    got = pandas.read_sql(f"SELECT ts, name, n, ratio, flag FROM {schema}.frame ORDER BY n", engine)
    wanted = pandas.concat([frame, frame]).sort_values("n", kind="stable").reset_index(drop=True)
    wanted["ts"] = wanted["ts"].astype(got["ts"].dtype)
    pandas.testing.assert_frame_equal(got, wanted, check_dtype=False)
    table = pandas.read_sql_table("frame", engine, schema=schema, columns=["n", "name"])
    equal(sorted(table["n"]), [1, 1, 2, 2, 3, 3])
    chunks = list(pandas.read_sql(sa.text(f"SELECT n FROM {schema}.frame WHERE n > :least"), engine, params={"least": 1}, chunksize=3))
    equal([len(chunk) for chunk in chunks], [3, 1])
    # A topic that was there before is not dropped inside of a transaction.
    alone = engine.execution_options(isolation_level="AUTOCOMMIT")
    frame.to_sql("frame", alone, schema=schema, index=False, if_exists="replace")
    equal(list(pandas.read_sql(f"SELECT n FROM {schema}.frame ORDER BY 1", engine)["n"]), [1, 2, 3])


if __name__ == "__main__":
    main(sys.argv[1])
    finish()
