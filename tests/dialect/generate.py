"""Writes the statements of the suite: always the same ones, from the grammar and a fixed seed.

    python3 tests/dialect/generate.py        one statement a line
"""

import random
import re

import grammar

SEED = 20_240_229
DEPTH_MAX = 3

# Run first, on both servers. No column has a type that only one of them can store.
SETUP = [
    "CREATE TABLE samples (id int, ok boolean, small smallint, n int, big bigint, ratio double precision, price numeric(10,2), name text,"
    " note text, raw bytea, day date, local timestamp, ts timestamptz, key uuid, doc jsonb)",
    "CREATE TABLE owners (id int, name text, boss int, since date, pay numeric(10,2))",
    "CREATE TABLE events (id int, owner int, at timestamptz, kind text, amount int)",
    'CREATE TABLE "Mixed Case" ("Id" int, "select" text, lower_case text)',
    """INSERT INTO samples (id, ok, small, n, big, ratio, price, name, note, raw, day, local, ts, key, doc) VALUES
 (1, true, 1, 10, 10000000000, 0.5, 19.99, 'alpha', 'first note', '\\x0102', '2024-01-31', '2024-01-31 10:00:00', '2024-01-31 10:00:00+00', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '{"a": 1, "b": [1, 2]}'),
 (2, false, -2, 20, -5, 1.25, 0.01, 'beta', NULL, '\\xff', '2023-12-31', '2023-12-31 23:59:59.5', '2023-12-31 23:59:59.5+00', NULL, '{"a": 2, "k": "v"}'),
 (3, NULL, 3, NULL, 0, -2.5, NULL, 'gamma', 'third', NULL, NULL, NULL, NULL, '00000000-0000-0000-0000-000000000000', NULL),
 (4, true, 100, -7, 42, 1000, 250.00, 'Delta', 'a,b,c', '\\x', '1969-07-20', '1969-07-20 20:17:40', '1969-07-20 20:17:40+00', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a12', '[1, "two", null]'),
 (5, false, NULL, 20, 9000000000, 0, 19.99, NULL, 'note', '\\xdeadbeef', '2024-02-29', '2024-02-29 00:00:00', '2024-02-29 12:30:00+02', 'b0eebc99-9c0b-4ef8-bb6d-6bb9bd380a13', '{"b": {"c": "x"}, "a": 1}'),
 (6, true, 7, 7, NULL, NULL, -3.50, 'alpha', '', '\\x00', '2000-01-01', '2000-01-01 00:00:01', '2000-01-01 00:00:01+00', NULL, '{}')""",
    """INSERT INTO owners (id, name, boss, since, pay) VALUES (1, 'Ann', NULL, '2020-01-01', 5000.00), (2, 'Bob', 1, '2021-06-15', 3000.50),
 (3, 'Cid', 1, '2022-03-01', 3000.50), (4, 'Dee', 2, NULL, NULL), (5, 'Eve', 9, '2019-11-30', 1.00)""",
    """INSERT INTO events (id, owner, at, kind, amount) VALUES (1, 1, '2024-03-01 00:05:00+00', 'open', 5), (2, 1, '2024-03-01 00:20:00+00', 'close', 3),
 (3, 2, '2024-03-01 01:00:00+00', 'open', NULL), (4, 2, '2024-03-02 10:00:00+00', 'open', 8), (5, 3, '2024-03-02 10:10:00+00', 'fail', 1),
 (6, 7, '2024-03-03 23:59:59+00', 'open', 2), (7, NULL, NULL, 'lost', NULL), (8, 3, '2024-03-02 10:15:00+00', 'close', 8)""",
    """INSERT INTO "Mixed Case" ("Id", "select", lower_case) VALUES (1, 'one', 'x'), (2, 'two', 'Y'), (3, NULL, 'z')""",
]

HOLE = re.compile(r"([{\[])((?:" + "|".join(re.escape(t) for t in sorted(grammar.LITERALS, key=len, reverse=True)) + r"))([}\]])")


class Generator:
    """One run of the grammar. `columns` says whether leaves may be columns of `samples`."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.columns = False

    def leaf(self, of):
        names = grammar.COLUMNS.get(of) if self.columns else None
        if names and self.random.random() < 0.7:
            return self.random.choice(names)
        return self.random.choice(grammar.LITERALS[of])

    def expression(self, of, depth):
        """An expression of a type; `depth` 0 is a leaf."""
        if depth == 0 or of not in grammar.EXPRESSIONS:
            return self.leaf(of)
        return self.fill(self.random.choice(grammar.EXPRESSIONS[of]), depth - 1)

    def fill(self, production, depth):
        """The production with an expression, at most `depth` deep, in the place of each of its types."""

        def one(found):
            opening, of, closing = found.groups()
            if (opening, closing) == ("[", "]"):
                return self.leaf(of)
            deep = depth if self.random.random() < 0.4 else 0
            inner = self.expression(of, deep)
            simple = deep == 0 or re.fullmatch(r"[\w.]+(\(.*\))?", inner)
            return inner if simple else f"({inner})"

        return HOLE.sub(one, production)


def scalars(g):
    """Every production with leaves, then nested."""
    for productions in grammar.EXPRESSIONS.values():
        for production in productions:
            for depth in (0, 0, 0, 1, 2):
                yield f"SELECT {g.fill(production, depth)}"


def over_columns(g):
    g.columns = True
    for of, productions in grammar.EXPRESSIONS.items():
        for production in g.random.sample(productions, min(len(productions), 4 + len(productions) // 3)):
            yield f"SELECT id, {g.fill(production, 1)} AS x FROM samples ORDER BY id"
    for _ in range(300):
        yield f"SELECT id FROM samples WHERE {g.expression('bool', g.random.randint(1, DEPTH_MAX))} ORDER BY id"
    for _ in range(100):
        of = g.random.choice(["int4", "text", "date", "numeric", "float8", "timestamptz"])
        direction = g.random.choice(["", " DESC", " NULLS FIRST", " DESC NULLS LAST"])
        yield f"SELECT id, {g.expression(of, 1)} AS x FROM samples ORDER BY 2{direction}, id"
    g.columns = False


def aggregates(g):
    g.columns = True
    for aggregate in grammar.AGGREGATES:
        for depth in (0, 0, 1):
            yield f"SELECT {g.fill(aggregate, depth)} FROM samples"
        yield f"SELECT ok, {g.fill(aggregate, 0)} FROM samples GROUP BY ok ORDER BY ok"
        yield f"SELECT name, {g.fill(aggregate, 0)} AS x FROM samples GROUP BY name HAVING count(*) {g.random.choice(['> 0', '= 2', '< 2'])} ORDER BY name"
        yield f"SELECT {g.fill(aggregate, 0)} FROM samples WHERE id > 100"
        yield f"SELECT {g.fill(aggregate, 0)}, count(*) FROM samples WHERE {g.fill('{bool}', 1)}"
    for grouping in ("ROLLUP (ok, name)", "CUBE (ok, n)", "GROUPING SETS ((ok), (name), ())", "GROUPING SETS ((ok, name), (n))"):
        columns = ", ".join(dict.fromkeys(re.findall(r"\b(?:ok|name|n)\b", grouping)))
        for aggregate in g.random.sample(grammar.AGGREGATES, 6):
            yield f"SELECT {columns}, {g.fill(aggregate, 0)} FROM samples GROUP BY {grouping} ORDER BY {columns}, {columns.count(',') + 2}"
    for part in ("minute", "hour", "day", "week", "month"):
        yield f"SELECT date_trunc('{part}', at) AS t, count(*), sum(amount) FROM events GROUP BY 1 ORDER BY 1"
        yield f"SELECT date_trunc('{part}', at) AS t, kind, avg(amount) FROM events GROUP BY t, kind ORDER BY t, kind"
    for width in ("5 minutes", "1 hour", "12 hours", "1 day"):
        yield f"SELECT date_bin('{width}', at, '2024-01-01'), count(*) FROM events GROUP BY 1 ORDER BY 1"
        yield f"SELECT to_char(date_bin('{width}', at, '2024-01-01'), 'HH24:MI') AS b, max(amount) FROM events GROUP BY b ORDER BY b"
    g.columns = False


def windows(g):
    g.columns = True
    frames = ["", " ROWS BETWEEN 1 PRECEDING AND CURRENT ROW", " ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING",
              " RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW", " ROWS 2 PRECEDING", " GROUPS BETWEEN 1 PRECEDING AND 1 FOLLOWING"]
    for window in grammar.WINDOWS:
        for _ in range(6):
            partition = g.random.choice(["", "PARTITION BY ok ", "PARTITION BY name "])
            order = g.random.choice(["ORDER BY id", "ORDER BY n, id", "ORDER BY day DESC, id", "ORDER BY price NULLS FIRST, id"])
            yield f"SELECT id, {g.fill(window, 0)} OVER ({partition}{order}{g.random.choice(frames)}) AS w FROM samples ORDER BY id"
        yield f"SELECT id, {g.fill(window, 0)} OVER w AS x, sum(id) OVER w FROM samples WINDOW w AS (PARTITION BY ok ORDER BY id) ORDER BY id"
    for offset in (1, 10, 100):
        yield f"SELECT id, sum(id) OVER (ORDER BY n RANGE BETWEEN {offset} PRECEDING AND CURRENT ROW) FROM samples WHERE n IS NOT NULL ORDER BY id"
    for width in ("10 minutes", "1 day", "1 month"):
        yield f"SELECT id, count(*) OVER (ORDER BY at RANGE BETWEEN '{width}' PRECEDING AND CURRENT ROW) FROM events WHERE at IS NOT NULL ORDER BY id"
    g.columns = False


def joins(g):
    on = ["o.id = e.owner", "o.id = e.owner AND e.amount > 2", "o.id > e.owner", "o.id = e.owner OR e.owner IS NULL", "e.kind = lower(o.name)",
          "o.since < e.at::date AND o.id = e.owner"]
    lists = ["o.name, e.kind", "o.id, e.id, e.amount", "o.name || '/' || e.kind", "count(*)", "coalesce(o.name, '-'), coalesce(e.kind, '-')",
             "sum(e.amount), max(o.pay)"]
    for kind in ("JOIN", "INNER JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN", "LEFT OUTER JOIN"):
        for condition in on:
            # PostgreSQL itself joins fully only on conditions that it can merge or hash.
            for what in g.random.sample(lists, 4):
                order = "" if "count(" in what or "sum(" in what else " ORDER BY o.id, e.id"
                yield f"SELECT {what} FROM owners o {kind} events e ON {condition}{order}"
    for what in lists[:3]:
        yield f"SELECT {what} FROM owners o, events e WHERE o.id = e.owner ORDER BY o.id, e.id"
        yield f"SELECT {what} FROM owners o CROSS JOIN events e ORDER BY o.id, e.id LIMIT 7"
    for sql in (
        "SELECT a.name, b.name FROM owners a JOIN owners b ON a.boss = b.id ORDER BY a.id",
        "SELECT a.name, b.name, c.name FROM owners a LEFT JOIN owners b ON a.boss = b.id LEFT JOIN owners c ON b.boss = c.id ORDER BY a.id",
        "SELECT id, o.name, s.name FROM owners o JOIN samples s USING (id) ORDER BY id",
        "SELECT id, name FROM (SELECT id, name FROM owners) a NATURAL JOIN (SELECT id, name FROM samples) b ORDER BY id",
        "SELECT id, a, b FROM (VALUES (1, 'x'), (2, 'y')) l(id, a) FULL JOIN (VALUES (2, 'z'), (3, 'w')) r(id, b) USING (id) ORDER BY id",
        "SELECT * FROM (VALUES (1, 'x'), (2, 'y')) l(id, a) NATURAL LEFT JOIN (VALUES (2, 'z'), (3, 'w')) r(id, b) ORDER BY id",
        "SELECT * FROM (VALUES (1, 'x'), (2, 'y')) l(id, a) JOIN (VALUES (2, 'z'), (1, 'w')) r(id, b) USING (id) ORDER BY id",
        "SELECT l.*, r.b FROM (VALUES (1, 'x'), (2, 'y')) l(id, a) LEFT JOIN (VALUES (2, 'z')) r(id, b) ON l.id = r.id ORDER BY 1",
    ):
        yield sql
    inner = ["SELECT max(amount) AS x FROM events e WHERE e.owner = o.id", "SELECT kind AS x FROM events e WHERE e.owner = o.id ORDER BY e.id LIMIT 1",
             "SELECT count(*) AS x FROM events e WHERE e.owner = o.id AND amount IS NOT NULL", "SELECT o.id * 2 AS x", "VALUES (o.id), (o.id + 10)",
             "SELECT x FROM generate_series(1, o.id) AS x", "SELECT at AS x FROM events e WHERE e.owner = o.id ORDER BY at DESC LIMIT 2"]
    for query in inner:
        for kind in (", LATERAL", " CROSS JOIN LATERAL", " LEFT JOIN LATERAL"):
            condition = " ON true" if "LEFT" in kind else ""
            yield f"SELECT o.id, l.x FROM owners o{kind} ({query}) l(x){condition} ORDER BY 1, 2"
        yield f"SELECT o.id, l.x FROM owners o JOIN LATERAL ({query}) AS l(x) ON o.id > 1 WHERE o.id < 4 ORDER BY 1, 2"


def subqueries(g):
    where = ["EXISTS (SELECT 1 FROM events e WHERE e.owner = o.id)", "NOT EXISTS (SELECT 1 FROM events e WHERE e.owner = o.id)",
             "id IN (SELECT owner FROM events)", "id NOT IN (SELECT owner FROM events)", "id NOT IN (SELECT owner FROM events WHERE owner IS NOT NULL)",
             "id = ANY (SELECT owner FROM events WHERE amount > 2)", "id > ALL (SELECT owner FROM events WHERE kind = 'open' AND owner < 3)",
             "pay = (SELECT max(pay) FROM owners)", "pay > (SELECT avg(pay) FROM owners)", "(id, name) IN (SELECT id, name FROM owners WHERE pay > 3000)",
             "(SELECT count(*) FROM events e WHERE e.owner = o.id) > 1", "since < (SELECT min(at)::date FROM events)",
             "id IN (SELECT boss FROM owners b WHERE b.pay < o.pay)", "boss = SOME (SELECT id FROM owners)"]
    for condition in where:
        yield f"SELECT name FROM owners o WHERE {condition} ORDER BY id"
        yield f"SELECT count(*) FROM owners o WHERE NOT ({condition})"
        yield f"SELECT name, CASE WHEN {condition} THEN 'in' ELSE 'out' END FROM owners o ORDER BY id"
    values = ["(SELECT count(*) FROM events e WHERE e.owner = o.id)", "(SELECT max(at) FROM events e WHERE e.owner = o.id)",
              "(SELECT name FROM owners b WHERE b.id = o.boss)", "array(SELECT kind FROM events e WHERE e.owner = o.id ORDER BY id)",
              "(SELECT string_agg(kind, '+' ORDER BY id) FROM events e WHERE e.owner = o.id)", "EXISTS (SELECT 1 FROM events e WHERE e.owner = o.id)",
              "(SELECT jsonb_agg(amount ORDER BY id) FROM events e WHERE e.owner = o.id)", "coalesce((SELECT sum(amount) FROM events e WHERE e.owner = o.id), -1)"]
    for value in values:
        yield f"SELECT id, {value} FROM owners o ORDER BY id"
        yield f"SELECT id FROM owners o ORDER BY {value} NULLS LAST, id"
        yield f"SELECT {value} FROM (SELECT 1 AS id, NULL::int AS boss) o"
    ctes = ["WITH a AS (SELECT id, amount FROM events WHERE amount > 1) SELECT count(*), sum(amount) FROM a",
            "WITH a AS (SELECT owner, count(*) AS c FROM events GROUP BY owner), b AS (SELECT max(c) AS m FROM a) SELECT owner FROM a, b WHERE c = m ORDER BY owner",
            "WITH a(x) AS (VALUES (1), (2), (3)) SELECT x * x FROM a ORDER BY 1", "WITH a AS MATERIALIZED (SELECT 1 AS x) SELECT x FROM a UNION ALL SELECT x + 1 FROM a ORDER BY 1",
            "WITH a AS NOT MATERIALIZED (SELECT 7 AS x) SELECT * FROM a",
            "WITH RECURSIVE t(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM t WHERE n < 10) SELECT sum(n) FROM t",
            "WITH RECURSIVE t(n, f) AS (SELECT 1, 1 UNION ALL SELECT n + 1, f * (n + 1) FROM t WHERE n < 8) SELECT n, f FROM t ORDER BY n",
            "WITH RECURSIVE up AS (SELECT id, name, boss, 0 AS depth FROM owners WHERE boss IS NULL UNION ALL SELECT o.id, o.name, o.boss, depth + 1 FROM owners o JOIN up ON o.boss = up.id) SELECT name, depth FROM up ORDER BY id",
            "WITH RECURSIVE f(a, b) AS (SELECT 0, 1 UNION ALL SELECT b, a + b FROM f WHERE b < 50) SELECT a FROM f ORDER BY a, b",
            "WITH RECURSIVE t(n) AS (SELECT 1 UNION SELECT (n * 3) % 7 FROM t) SELECT n FROM t ORDER BY n",
            "WITH RECURSIVE d(day) AS (SELECT date '2024-02-27' UNION ALL SELECT day + 1 FROM d WHERE day < '2024-03-02') SELECT day FROM d ORDER BY day",
            "WITH RECURSIVE p(s) AS (SELECT 'a'::text UNION ALL SELECT s || 'b' FROM p WHERE length(s) < 4) SELECT s FROM p ORDER BY s",
            "WITH x AS (WITH y AS (SELECT 5 AS v) SELECT v + 1 AS v FROM y) SELECT v FROM x",
            "SELECT (WITH q AS (SELECT max(id) AS m FROM events) SELECT m FROM q)",
            "WITH samples AS (SELECT 'hidden' AS name) SELECT name FROM samples"]
    yield from ctes
    sides = ["SELECT 1 AS x", "SELECT n FROM samples", "SELECT id FROM owners", "VALUES (1), (1), (20)", "SELECT amount FROM events", "SELECT NULL::int"]
    for operation in ("UNION", "UNION ALL", "INTERSECT", "INTERSECT ALL", "EXCEPT", "EXCEPT ALL"):
        for left in sides:
            for right in g.random.sample(sides, 3):
                yield f"{left} {operation} {right} ORDER BY 1"
        yield f"(SELECT id FROM owners ORDER BY id LIMIT 2) {operation} (SELECT id FROM events ORDER BY id DESC LIMIT 3) ORDER BY 1"
        yield f"SELECT 'a' {operation} SELECT 'b' ORDER BY 1"
        yield f"SELECT 1 {operation} SELECT 2.5 ORDER BY 1"
    yield "SELECT 1 UNION SELECT 2 INTERSECT SELECT 2 ORDER BY 1"
    yield "(SELECT 1 UNION SELECT 2) INTERSECT SELECT 2 ORDER BY 1"


def shapes(g):
    """DISTINCT ON, limits, series, expansion of sets, quoting and folding."""
    for order in ("ok, id", "ok, n DESC NULLS LAST, id", "ok DESC, day, id"):
        yield f"SELECT DISTINCT ON (ok) ok, id, n FROM samples ORDER BY {order}"
    for key in ("name", "n", "day", "price", "name, ok", "lower(name)", "id % 3"):
        yield f"SELECT DISTINCT ON ({key}) id FROM samples ORDER BY {key}, id DESC"
        yield f"SELECT DISTINCT {key} FROM samples ORDER BY {key}"
    yield "SELECT DISTINCT ON (owner) owner, kind, at FROM events ORDER BY owner, at DESC"
    for limit in ("LIMIT 2", "LIMIT 2 OFFSET 1", "OFFSET 4", "FETCH FIRST 3 ROWS ONLY", "OFFSET 1 ROW FETCH NEXT ROW ONLY", "LIMIT ALL", "LIMIT NULL", "LIMIT 1 + 1",
                  "FETCH FIRST 2 ROWS WITH TIES", "LIMIT 0", "OFFSET 100", "LIMIT (SELECT 3)"):
        yield f"SELECT id FROM samples ORDER BY id {limit}"
        yield f"SELECT name FROM samples ORDER BY name NULLS FIRST, id {limit}"
        yield f"SELECT id, n FROM samples ORDER BY n DESC {limit}" if "TIES" in limit else f"SELECT count(*) FROM (SELECT 1 FROM samples {limit}) s"
    series = ["1, 5", "1, 10, 3", "5, 1, -2", "3, 1", "0, 1, 1", "'2024-01-01'::timestamp, '2024-01-02'::timestamp, '6 hours'",
              "date '2024-01-30', date '2024-02-02', interval '1 day'", "'2024-01-31'::timestamp, '2024-05-31'::timestamp, '1 month'",
              "timestamptz '2024-03-01+00', timestamptz '2024-03-01 03:00+00', interval '90 minutes'", "1.5, 3.0, 0.5", "1::bigint, 3::bigint", "NULL::int, 3", "1, 3, 0"]
    for arguments in series:
        yield f"SELECT generate_series({arguments})"
        yield f"SELECT x FROM generate_series({arguments}) AS x ORDER BY x"
        yield f"SELECT g, row_number() OVER (ORDER BY g) FROM generate_series({arguments}) AS t(g) ORDER BY g"
        yield f"SELECT count(*), min(generate_series), max(generate_series) FROM generate_series({arguments})"
        yield f"SELECT array(SELECT generate_series({arguments}))"
        yield f"SELECT * FROM generate_series({arguments}) WITH ORDINALITY AS t(v, i) ORDER BY i"
    for sql in (
        "SELECT unnest(ARRAY[3, 1, 2])", "SELECT unnest('{a,NULL,b}'::text[])", "SELECT x FROM unnest(ARRAY[3, 1, 2]) AS x ORDER BY x",
        "SELECT * FROM unnest(ARRAY['a', 'b']) WITH ORDINALITY", "SELECT * FROM unnest(ARRAY[1, 2], ARRAY['x', 'y', 'z']) AS t(a, b)",
        "SELECT id, unnest(ARRAY[id, id * 10]) FROM owners WHERE id < 3 ORDER BY 1, 2", "SELECT generate_series(1, 3), 'x'",
        "SELECT id, generate_series(1, id) FROM owners WHERE id < 4 ORDER BY 1, 2", "SELECT generate_series(1, 3) AS a, generate_series(1, 2) AS b",
        "SELECT generate_series(1, 3) + 10", "SELECT count(*) FROM (SELECT generate_series(1, 100)) s", "SELECT generate_series(1, 5) LIMIT 2",
        "SELECT s.d::date FROM generate_series(date '2024-02-27', date '2024-03-01', '1 day') AS s(d)",
        "SELECT jsonb_array_elements('[1, \"a\", null]')", "SELECT jsonb_array_elements_text('[1, \"a\", null]')", "SELECT * FROM jsonb_each('{\"a\": 1, \"b\": \"x\"}') ORDER BY key",
        "SELECT key, value FROM jsonb_each_text('{\"a\": 1, \"b\": \"x\"}') ORDER BY key", "SELECT jsonb_object_keys('{\"b\": 1, \"a\": 2}')",
        "SELECT value FROM jsonb_array_elements('[1, 2, 3]') ORDER BY value", "SELECT x ->> 'a' FROM jsonb_array_elements('[{\"a\": 1}, {\"a\": 2}]') AS x",
        "SELECT id, e FROM samples, jsonb_array_elements(CASE WHEN jsonb_typeof(doc) = 'array' THEN doc ELSE '[]' END) AS e ORDER BY id, e",
        "SELECT regexp_split_to_table('a b  c', '\\s+')", "SELECT regexp_matches('foobarbequebaz', 'ba.', 'g')", "SELECT string_to_table('x,y,z', ',')",
        "SELECT * FROM (VALUES (1, 'a'), (2, NULL)) AS t(n, s) ORDER BY n", "VALUES (1, 'x'), (2, 'y')", "VALUES (3), (1), (2) ORDER BY 1 DESC LIMIT 2",
        "SELECT ROW(1, 'a', NULL)", "SELECT (1, 2) = (1, 2)", "SELECT (1, NULL) IS NULL", "SELECT ROW(NULL, NULL) IS NULL", "TABLE owners",
        "SELECT row_to_json(t) FROM (SELECT 1 AS a, 'x' AS b) t", "SELECT to_json('a\"b'::text)", "SELECT json_build_object('a', 1)",
        "SELECT jsonb_agg(t ORDER BY a) FROM (VALUES (1, 'x'), (2, 'y')) t(a, b)", "SELECT json_agg(a ORDER BY a) FROM (VALUES (1), (2)) t(a)",
    ):
        yield sql
    names = ["ID", "Id", "id", '"id"', '"ID"', "NAME", '"Name"', "samples.ID", 'SAMPLES."id"', '"samples".id', '"SAMPLES".id', "s.id"]
    for name in names:
        yield f"SELECT {name} FROM samples WHERE id = 1"
        yield f"SELECT {name} FROM Samples WHERE id = 1"
        yield f'SELECT {name} FROM "samples" WHERE Id = 1'
        yield f"SELECT count(*) FROM SAMPLES GROUP BY {name} ORDER BY {name} LIMIT 1"
        yield f"SELECT x.{name.split('.')[-1]} FROM samples AS X WHERE x.id = 2"
    for name in ('"Id"', "Id", '"id"', '"select"', "select", "lower_case", "LOWER_CASE", '"LOWER_CASE"', '"Mixed Case"."Id"', 'm."Id"'):
        yield f'SELECT {name} FROM "Mixed Case" ORDER BY 1'
        yield f'SELECT {name} FROM "mixed case" ORDER BY 1'
        yield f'SELECT max({name}) FROM "Mixed Case" AS "M" '
    for alias in ("AS total", 'AS "Total"', "total", 'AS "a b"', 'AS "with ""quote"""', "AS Total", "AS select", "AS order", "AS value", "year", "AS user"):
        yield f"SELECT id {alias} FROM owners ORDER BY 1"
        yield f"SELECT Total FROM (SELECT id {alias} FROM owners) q ORDER BY 1"
        yield f'SELECT "Total" FROM (SELECT id {alias} FROM owners) q ORDER BY 1'
    for text in ("'a' 'b'", "'a'\n'b'", "E'tab\\tend'", "E'\\u00e9'", "U&'\\00e9'", "$q$it's$q$", "N'n'", "B'101'", "X'1F'", "'a' || 'b'", "1e3", "1_000", "0x1F", ".5", "5.",
                 "1.5e-3", "-(-3)", "+5", "- -5", "TRUE", "null", "CURRENT_DATE IS NOT NULL", "'x'::TEXT", 'CAST(1 AS "int4")', "1::pg_catalog.int8", "pg_catalog.upper('a')",
                 "UPPER('a')", '"upper"(\'a\')', '"UPPER"(\'a\')', "/* c */ 1", "1 -- c", "1 /* a /* nested */ b */", "2 ^ 3", "2 ^ 3 ^ 2", "-2 ^ 2", "1 + 2 * 3", "7 / 2", "-7 / 2", "-7 % 3",
                 "5 % -3", "2 + 3 || 'x'", "NOT true = false", "1 < 2 = true", "'a' < 'b'", "'a' < 'B'", "'Z' < 'a'", "'a ' = 'a'", "'10' < '9'", "1 = 1.0", "0.1 + 0.2", "1.0 = 1.00",
                 "'1' + 1", "'2024-01-01' < date '2024-06-01'", "5 / 2.0", "2.50 * 1.1", "10 / 3", "10.0 / 3", "1 / 3.0", "1e2 / 3", "100000 * 100000", "2147483647 + 1", "9223372036854775807 + 1"):
        yield f"SELECT {text}"


def casts(g):
    texts = {
        "bool": ["t", "FALSE", " yes ", "1", "0", "maybe", "", "tr", "on", "2"],
        "smallint": ["1", " 2 ", "-32768", "32768", "1.5", "", "0x10", "+7"],
        "integer": ["12", "-1", " 3", "2147483648", "1e3", "abc", "", "1_0", "007"],
        "bigint": ["99999999999", "-9223372036854775808", "9223372036854775808", "x1", "1 2"],
        "real": ["1.1", "1e-50", "1e39", "NaN", "-inf", "abc", "0x1p3"],
        "float8": ["1.5", "1e308", "1e309", "Infinity", "-Infinity", "nan", "", "1e", ".5", "5."],
        "numeric": ["1.10", "-0.00", "1e3", "NaN", "1,000", "", "00012.5", ".5", "1e-3", "12345678901234567890.123"],
        "numeric(5,2)": ["1.005", "999.994", "999.995", "-1.555", "1000", "abc"],
        "date": ["2024-02-29", "2023-02-29", "Feb 3 2024", "2024/03/05", "20240305", "03/05/2024", "infinity", "-infinity", "epoch", "0044-03-15 BC", "2024-13-01", "", "someday",
                 "5 May 2024", "2024-1-2", "1999-Jan-08", "J2451187"],
        "time": ["12:34", "12:34:56.789", "24:00", "25:00", "04:05 PM", "040506", "12:60", "noon", "allballs", "1:2:3"],
        "timestamp": ["2024-02-29 12:34:56", "2024-02-29T12:34:56.789", "2024-02-29", "2024-02-30", "Feb 29 2024 1:02 pm", "epoch", "infinity", "-infinity", "2024-02-29 25:00", "x",
                      "2024-02-29 12:34:56+05", "2024-06-01 12:00:00.1234567", "1500-01-01 00:00:00", "0001-01-01 00:00:00 BC"],
        "timestamptz": ["2024-02-29 12:34:56+02", "2024-02-29 12:34:56Z", "2024-02-29 12:34 America/New_York", "2024-07-01 00:00 EST", "2024-02-29 12:34:56-03:30", "infinity",
                        "2024-02-29 12:34 PST", "2024-02-29", "not a time", "2024-02-29 12:00 Nowhere/City"],
        "interval": ["1 day", "1 day ago", "2 weeks", "1 year 2 months 3 days 04:05:06", "P1Y2M3DT4H5M6S", "-1 hour", "1.5 hours", "1 mon -1 day", "00:00:30", "1:30", "3 fortnights",
                     "", "1-2", "4 5:6", "100 ms", "1 decade", "1.5 months", "0.5 years", "5", "1 hour 2 minutes 3.25 seconds", "-1 day +02:03:00"],
        "uuid": ["A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11", "{a0eebc999c0b4ef8bb6d6bb9bd380a11}", "a0ee-bc99", "", "a0eebc999c0b4ef8bb6d6bb9bd380a1"],
        "bytea": ["\\xDEADbeef", "abc", "\\x1", "a\\\\b", "\\001\\377", "\\x0 1"],
        "jsonb": ["{\"b\": 1, \"a\": 2, \"b\": 3}", "[1, 2.50, 1e2]", "tru", "\"\\u00e9\"", "{", "", " null ", "{\"a\": {\"z\": [], \"y\": {}}}", "[1,]", "1e400", "\"a\nb\""],
        "json": ["{\"b\": 1,  \"a\": 2}", "[1,2 ]", "nope"],
        "int[]": ["{1,2,3}", "{}", "{1,NULL}", "1,2", "{1,x}", "{{1,2},{3,4}}", "{1,2", "{ 1 , 2 }", "[0:1]={1,2}"],
        "text[]": ["{a,b}", "{\"a b\",\"c\\\"d\"}", "{NULL,\"NULL\"}", "{a,\"\"}", "{a", "{a,{b}}"],
        "date[]": ["{2024-01-01,NULL}", "{x}"],
        "bool[]": ["{t,f,true}"],
        "float8[]": ["{1.5,NaN}"],
        "varchar(3)": ["ab", "abcd", "日本語文"],
        "char(4)": ["ab", "abcdef"],
        "\"char\"": ["abc"],
        "name": ["abc"],
        "nosuchtype": ["x"],
    }
    for of, values in texts.items():
        for value in values:
            quoted = "'" + value.replace("'", "''") + "'"
            if "\n" in value:
                quoted = "E'" + value.replace("\n", "\\n").replace("'", "''") + "'"
            yield f"SELECT {quoted}::{of}"
            if g.random.random() < 0.35:
                yield f"SELECT CAST({quoted} AS {of})::text"
            if g.random.random() < 0.2 and re.fullmatch(r"[a-z0-9]+", of):
                yield f"SELECT {of} {quoted}"
    froms = {"int4": "42", "negative": "(-7)", "int8": "5000000000", "float8": "2.5::float8", "half": "3.5::float8", "big": "1e20::float8", "numeric": "2.5", "rounded": "(-3.5)",
             "text": "'17'", "bool": "true", "date": "date '2024-02-29'", "timestamp": "timestamp '2024-02-29 23:59:59.9'", "timestamptz": "timestamptz '2024-02-29 23:00+00'",
             "time": "time '13:14:15'", "interval": "interval '25 hours'", "jsonb": "'3.7'::jsonb", "array": "ARRAY[1, 2]", "uuid": "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid",
             "bytea": "'\\x31'::bytea", "null": "NULL", "jsonbool": "'true'::jsonb"}
    for source in froms.values():
        for target in ("bool", "smallint", "int", "bigint", "real", "float8", "numeric", "numeric(6,1)", "text", "varchar(4)", "date", "time", "timestamp", "timestamptz", "interval",
                       "jsonb", "text[]", "uuid", "bytea"):
            yield f"SELECT {source}::{target}"


def mistakes(_):
    yield from (
        "SELEC 1", "SELECT FROM WHERE", "SELECT 1 +", "SELECT (1", "SELECT 1)", "SELECT 'abc", "SELECT \"abc", "SELECT * FROM", "SELECT * FORM samples", "SELECT 1 2", "SELECT a b c",
        "SELECT id FROM samples WHERE", "SELECT id FROM samples ORDER", "SELECT id FROM samples GROUP id", "SELECT id FROM samples LIMIT x", "SELECT id,, n FROM samples", "SELECT ,1",
        "INSERT INTO", "CREATE TABLE", "DROP", "SELECT CASE WHEN true THEN 1", "SELECT CASE END", "SELECT count(*", "SELECT 1 IN ()", "SELECT id FROM samples HAVING", "SELECT @", "FROM samples",
        "SELECT * FROM samples JOIN owners", "SELECT 1 UNION", "WITH a AS SELECT 1 SELECT 2", "SELECT 1 AS", "SELECT x FROM (SELECT 1 AS x", "SELECT $1", "SELECT CAST(1 AS)", "SELECT 1::",
        "SELECT nope", "SELECT nope FROM samples", "SELECT samples.nope FROM samples", "SELECT s.nope FROM samples s", "SELECT id FROM nope", "SELECT id FROM nope.samples", "SELECT nope.id FROM samples",
        "SELECT samples.id FROM samples s", "SELECT nope(1)", "SELECT upper(1, 2)", "SELECT abs('x', 1)", "SELECT abs()", "SELECT upper()", "SELECT count()", "SELECT length(5)", "SELECT upper(5)",
        "SELECT lower(true)", "SELECT sum(name) FROM samples", "SELECT avg(day) FROM samples", "SELECT max(doc) FROM samples", "SELECT min(ok) FROM samples", "SELECT nope.upper('a')",
        "SELECT 1 + 'a'", "SELECT 1 + true", "SELECT true + true", "SELECT 'a' + 'b'", "SELECT date '2024-01-01' + date '2024-01-02'", "SELECT 1 = 'a'", "SELECT 1 = true", "SELECT 'a' = true",
        "SELECT date '2024-01-01' = 1", "SELECT ARRAY[1] = 1", "SELECT 1 LIKE 'a'", "SELECT NOT 1", "SELECT NOT 'a'", "SELECT true AND 1", "SELECT 1 AND 2", "SELECT id FROM samples WHERE id",
        "SELECT id FROM samples WHERE name", "SELECT id FROM samples WHERE 'x'", "SELECT -'a'", "SELECT -true", "SELECT ~1.5", "SELECT 1.5 & 1", "SELECT 1 || 2", "SELECT interval '1 day' + 1",
        "SELECT interval '1 day' * interval '1 day'", "SELECT now() + 1", "SELECT timestamp '2024-01-01' + timestamp '2024-01-01'", "SELECT uuid '00000000-0000-0000-0000-000000000000' + 1",
        "SELECT CASE WHEN 1 THEN 2 END", "SELECT CASE WHEN true THEN 1 ELSE 'a' END", "SELECT CASE WHEN true THEN 1 ELSE true END", "SELECT coalesce(1, 'a')", "SELECT coalesce(1, true)", "SELECT greatest(1, 'a')",
        "SELECT nullif(1, 'a')", "SELECT ARRAY[1, 'a']", "SELECT ARRAY[1, true]", "SELECT 1 IN (1, 'a')", "SELECT 1 IN (true)", "SELECT 1 UNION SELECT 'a'", "SELECT 1 UNION SELECT true",
        "SELECT 1, 2 UNION SELECT 1", "VALUES (1), ('a')", "VALUES (1, 2), (3)", "SELECT 1 BETWEEN 'a' AND 'b'", "SELECT 1 / 0", "SELECT 1 % 0", "SELECT 1.0 / 0", "SELECT 1::float8 / 0", "SELECT mod(1, 0)",
        "SELECT id / 0 FROM samples", "SELECT 1 / (id - id) FROM samples", "SELECT div(1, 0)", "SELECT 32767::int2 + 1::int2", "SELECT 2147483647 + 1", "SELECT -2147483648 - 1", "SELECT 2147483647 * 2",
        "SELECT 9223372036854775807 + 1", "SELECT 9223372036854775807::bigint * 2", "SELECT (-9223372036854775808) - 1", "SELECT abs((-2147483648)::int)", "SELECT -((-2147483648)::int)",
        "SELECT big * 9000000000 FROM samples ORDER BY id", "SELECT sum(big) * 9000000000000 FROM samples", "SELECT 40000::smallint", "SELECT 3000000000::int", "SELECT 1e10::int", "SELECT 1e40::real",
        "SELECT 1e308::float8 * 10", "SELECT exp(1000::float8)", "SELECT power(10::float8, 400)", "SELECT sqrt(-1)", "SELECT sqrt(-1::float8)", "SELECT ln(0)", "SELECT ln(-1)", "SELECT log(0)",
        "SELECT power(0, -1)", "SELECT power(-8, 0.5)", "SELECT acos(2)", "SELECT asin(2)", "SELECT 12345.678::numeric(5,2)", "SELECT 1::numeric(2,5)", "SELECT 'x'::int", "SELECT 'x'::bool",
        "SELECT name::int FROM samples", "SELECT name::date FROM samples ORDER BY id", "SELECT true::date", "SELECT 1::date", "SELECT date '2024-01-01'::int", "SELECT 1::uuid", "SELECT ARRAY[1]::int",
        "SELECT 1::int[]", "SELECT timestamp '2024-01-01'::int", "SELECT 1::interval", "SELECT interval '1 day'::int", "SELECT '{}'::jsonb::int", "SELECT '\"a\"'::jsonb::int", "SELECT true::float8",
        "SELECT 1.5::bool", "SELECT 'a'::bytea::int", "SELECT make_date(2024, 2, 30)", "SELECT make_time(25, 0, 0)", "SELECT make_timestamp(2024, 13, 1, 0, 0, 0)", "SELECT date_trunc('nope', timestamp '2024-01-01')",
        "SELECT extract(nope FROM timestamp '2024-01-01')", "SELECT date_part('hour', date '2024-01-01')", "SELECT extract(hour FROM date '2024-01-01')", "SELECT extract(day FROM time '10:00')",
        "SELECT date_bin('1 month', timestamp '2024-01-01', timestamp '2000-01-01')", "SELECT date_bin('0', timestamp '2024-01-01', timestamp '2000-01-01')", "SELECT to_date('x', 'YYYY')",
        "SELECT to_date('2024-13-01', 'YYYY-MM-DD')", "SELECT to_timestamp('25:00', 'HH24:MI')", "SELECT timestamp '2024-01-01' AT TIME ZONE 'Nowhere'", "SELECT date '2024-01-01' + 1000000000",
        "SELECT timestamp '2024-01-01' + interval '300000 years'", "SELECT '1 day'::interval * 1e300::float8", "SELECT interval '1 nope'", "SELECT date 'x'", "SELECT time '99:99'",
        "SELECT substring('abc' from 1 for -1)", "SELECT left('abc')", "SELECT repeat('a', 'b')", "SELECT chr(0)", "SELECT chr(-1)", "SELECT lpad('a')", "SELECT split_part('a', ',', 0)", "SELECT 'a' ~ '['",
        "SELECT regexp_replace('a', '(', 'x')", "SELECT 'a' LIKE 'b\\'", "SELECT 'a' SIMILAR TO '('", "SELECT decode('zz', 'hex')", "SELECT decode('a', 'nope')", "SELECT encode('a', 'nope')", "SELECT format('%d', 1)",
        "SELECT format('%s')", "SELECT to_number('x', '999')", "SELECT get_byte('\\x00', 5)", "SELECT convert_from('\\xff', 'UTF8')", "SELECT ascii(1)", "SELECT width_bucket(1, 0, 0, 5)", "SELECT factorial(-1)",
        "SELECT id, count(*) FROM samples", "SELECT id FROM samples GROUP BY name", "SELECT name FROM samples HAVING count(*) > 1", "SELECT count(*) FROM samples WHERE count(*) > 1", "SELECT sum(sum(n)) FROM samples",
        "SELECT n FROM samples GROUP BY 2", "SELECT n FROM samples ORDER BY 2", "SELECT id FROM samples ORDER BY 0", "SELECT id FROM samples ORDER BY nope", "SELECT DISTINCT id FROM samples ORDER BY name",
        "SELECT DISTINCT ON (id) id FROM samples ORDER BY name", "SELECT rank() FROM samples", "SELECT id FROM samples WHERE rank() OVER () = 1", "SELECT row_number() OVER (ORDER BY nope) FROM samples",
        "SELECT sum(n) OVER w FROM samples", "SELECT upper(name) OVER () FROM samples", "SELECT ntile(0) OVER () FROM samples", "SELECT lag() OVER () FROM samples", "SELECT upper(name) FILTER (WHERE true) FROM samples",
        "SELECT percentile_cont(2) WITHIN GROUP (ORDER BY n) FROM samples", "SELECT percentile_cont(0.5) FROM samples", "SELECT string_agg(name) FROM samples", "SELECT string_agg(n, ',') FROM samples",
        "SELECT count(DISTINCT *) FROM samples", "SELECT array_agg(DISTINCT n ORDER BY id) FROM samples", "SELECT id FROM samples, owners", "SELECT id FROM samples JOIN owners ON true",
        "SELECT name FROM samples s JOIN owners o ON s.id = o.id", "SELECT * FROM samples JOIN owners ON nope", "SELECT * FROM samples JOIN owners USING (nope)", "SELECT 1 FROM samples JOIN owners ON 1",
        "SELECT 1 FROM samples, samples", "SELECT 1 FROM samples s, owners s", "SELECT (SELECT id FROM samples)", "SELECT (SELECT id, n FROM samples)", "SELECT id FROM samples WHERE id = (SELECT id FROM owners)",
        "SELECT id FROM samples WHERE id IN (SELECT id, name FROM owners)", "SELECT (SELECT 1, 2)", "SELECT id FROM samples LIMIT -1", "SELECT id FROM samples OFFSET -1", "SELECT id FROM samples LIMIT 'a'",
        "WITH a AS (SELECT 1) SELECT x FROM a", "WITH a(x, y) AS (SELECT 1) SELECT x FROM a", "WITH a AS (SELECT 1), a AS (SELECT 2) SELECT 1", "WITH RECURSIVE t(n) AS (SELECT n + 1 FROM t) SELECT n FROM t",
        "SELECT t.x FROM (VALUES (1)) t(y)", "SELECT * FROM (VALUES (1)) t(a, b)", "SELECT generate_series(1)", "SELECT * FROM generate_series('a', 'b')", "SELECT unnest(5)", "SELECT array_length(5, 1)",
        "SELECT ARRAY[1, 2][1]", "SELECT ('{1}'::int[])['a']", "SELECT ARRAY[[1], [2, 3]]", "SELECT ARRAY[]", "SELECT ARRAY[]::int[]", "SELECT 1 = ANY (5)", "SELECT 'a' = ANY (ARRAY[1])", "SELECT ARRAY[1] || 'x'",
        "SELECT array_append(ARRAY[1], 'x')", "SELECT '{}'::jsonb -> true", "SELECT 5 -> 'a'", "SELECT 'a' -> 'b'", "SELECT jsonb_array_length('{}')", "SELECT jsonb_object_keys('[1]')", "SELECT jsonb_array_elements('{}')",
        "SELECT jsonb_build_object('a')", "SELECT jsonb_build_object(NULL, 1)", "SELECT jsonb_set('{}', '{a}')", "SELECT jsonb_path_query_first('{}', 'nope')", "SELECT jsonb '{} @> 1", "SELECT ROW(1, 2) = ROW(1)",
        "SELECT (1, 2) < (1, 'a')", "SELECT 1 IS TRUE", "SELECT 'a' IS TRUE", "SELECT 1 ISNULL", "SELECT NULL NOTNULL", "SELECT nope FROM nope", "SELECT count(nope) FROM samples", "SELECT id nope nope FROM samples",
        "SELECT pg_typeof(nope)", "SELECT 1::nope", "SELECT CAST('a' AS nope(3))", "SELECT nope '1'", "SELECT interval '1' nope", "SELECT 'a' COLLATE nope", "SELECT 'b' COLLATE \"C\" < 'a'",
        "DROP TABLE nope", "DROP TABLE IF EXISTS nope", "CREATE TABLE samples (id int)", "CREATE TABLE t (a nope)", "CREATE TABLE t (a int, a int)", "INSERT INTO nope VALUES (1)", "INSERT INTO owners (nope) VALUES (1)",
        "INSERT INTO owners (id, id) VALUES (1, 2)", "INSERT INTO owners (id) VALUES (1, 2)", "INSERT INTO owners (id, name) VALUES (1)", "INSERT INTO owners (id) VALUES ('x')", "INSERT INTO owners (since) VALUES ('2024-02-30')",
        "INSERT INTO owners (id) VALUES (3000000000)", "INSERT INTO owners (pay) VALUES (123456789.00)", "EXECUTE nope", "DEALLOCATE nope", "CLOSE nope", "FETCH 1 FROM nope", "RELEASE nope", "SHOW nope", "SET nope TO 1",
    )


def comparisons(g):
    """Results of functions, compared: their types must be the same in every step of a plan."""
    numbers = ["extract(hour from ts)", "extract(second from ts)", "extract(epoch from ts)", "extract(month from day)", "date_part('hour', ts)", "round(price, 1)", "round(price)",
               "trunc(price, 1)", "round(price, 1 + 0)", "abs(price)", "sqrt(abs(price))", "ln(abs(price) + 1)", "exp(1.0)", "power(price, 2)", "mod(n, 3)", "price * 2", "price / 3",
               "ceil(price)", "length(name)", "round(avg(price) OVER (), 2)", "coalesce(round(price, 1), 0.5)"]
    for number in numbers:
        over = "OVER" in number
        for op, value in ((">", "5"), ("<=", "2.5"), ("=", "20"), ("<>", "0.05"), (">=", "7::numeric"), ("<", "1e1"), (">", "3::float8")):
            if not over:
                yield f"SELECT id FROM samples WHERE {number} {op} {value} ORDER BY id"
            yield f"SELECT id, {number} {op} {value} AS x FROM samples ORDER BY id"
        yield f"SELECT id, {number} BETWEEN 1 AND 20.5 AS x FROM samples ORDER BY id"
        yield f"SELECT id, {number} IN (1, 2.5, 20) AS x FROM samples ORDER BY id"
        yield f"SELECT id, CASE WHEN {number} > 1.5 THEN 'more' ELSE 'less' END AS x FROM samples ORDER BY id"
        if not over:
            yield f"SELECT {number} > 2.5 AS x, count(*) FROM samples GROUP BY 1 ORDER BY 1"
    for text in ("to_char(ts, 'YYYY-MM')", "substring(name from 1 for 2)", "concat(name, '!')", "upper(name)", "format('%s', name)"):
        for op, value in (("=", "'2024-01'"), (">", "'B'"), ("<>", "'al'"), ("LIKE", "'%a%'")):
            yield f"SELECT id FROM samples WHERE {text} {op} {value} ORDER BY id"
            yield f"SELECT id, {text} {op} {value} AS x FROM samples ORDER BY id"


FAMILIES = {"scalars": scalars, "columns": over_columns, "aggregates": aggregates, "windows": windows, "joins": joins, "subqueries": subqueries, "shapes": shapes,
            "casts": casts, "mistakes": mistakes, "comparisons": comparisons}


def statements():
    """Families with their statements, none of them twice."""
    seen = set()
    for number, (family, generate) in enumerate(FAMILIES.items()):
        own = []
        for sql in generate(Generator(SEED + number)):
            if sql not in seen:
                seen.add(sql)
                own.append(sql)
        yield family, own


if __name__ == "__main__":
    for name, lines in statements():
        for line in lines:
            print(f"{name}\t{line}")
