"""Apache Superset over a topic: it is set up, started and asked through its API as its own pages do, and draws a chart.

Arguments: a connection string of a server with topic `logs.events`, an empty folder, and where the picture of the chart goes. Prints one
line a part, and what was wrong; exits with 1 if anything was.
"""

import contextlib
import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import playwright.sync_api
import psycopg2

from checking import equal, finish, part

CONFIGURATION = """
SECRET_KEY = "a key of nothing that matters, and long enough"
SQLALCHEMY_DATABASE_URI = "sqlite:///{folder}/superset.db"
WTF_CSRF_ENABLED = False
TALISMAN_ENABLED = False
"""
READY_WITHIN_SECONDS = 180
PAGE_WITHIN_MS = 120_000
# What the chart shows: for each minute and service how many records there are, and the sum of a column.
SERVICES = ["service-1", "service-2", "service-3"]
MINUTE = {"columnType": "BASE_AXIS", "expressionType": "SQL", "label": "ts", "sqlExpression": "ts", "timeGrain": "PT1M"}
SUM = {"expressionType": "SIMPLE", "column": {"column_name": "n"}, "aggregate": "SUM", "label": "sum of n"}
FILTERS = [
    {"col": "service", "op": "IN", "val": SERVICES},
    {"col": "ts", "op": "TEMPORAL_RANGE", "val": "2026-03-01T00:00:00 : 2026-03-01T00:10:00"},
]


class Superset:
    """A running server, and requests to it."""

    def __init__(self, folder):
        folder.mkdir(parents=True, exist_ok=True)
        configuration = folder / "superset_config.py"
        configuration.write_text(CONFIGURATION.format(folder=folder), encoding="utf-8")
        self.environment = os.environ | {"SUPERSET_CONFIG_PATH": str(configuration), "SUPERSET_HOME": str(folder), "FLASK_APP": "superset"}
        self.log = open(folder / "superset.log", "ab")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.token = None

    def command(self, *arguments):
        superset = str(pathlib.Path(sys.executable).parent / "superset")
        return {"args": [superset, *arguments], "env": self.environment, "stdout": self.log, "stderr": self.log}

    @contextlib.contextmanager
    def running(self):
        for step in ("db upgrade", "fab create-admin --username admin --firstname a --lastname b --email a@example.org --password admin", "init"):
            subprocess.run(check=True, **self.command(*step.split()))
        server = subprocess.Popen(**self.command("run", "-h", "127.0.0.1", "-p", str(self.port), "--with-threads"))
        try:
            self.wait(server)
            yield
        finally:
            server.terminate()
            server.wait(30)

    def wait(self, server):
        deadline = time.monotonic() + READY_WITHIN_SECONDS
        while time.monotonic() < deadline and server.poll() is None:
            with contextlib.suppress(OSError):
                urllib.request.urlopen(self.url("/health"), timeout=5).read()
                return
            time.sleep(0.5)
        raise RuntimeError(f"Superset does not answer; see {self.log.name}")

    def url(self, path):
        return f"http://127.0.0.1:{self.port}{path}"

    def ask(self, path, body=None):
        """The answer as JSON; a refusal is an error that says why."""
        headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {self.token}"} if self.token else {})
        request = urllib.request.Request(self.url(path), json.dumps(body).encode() if body is not None else None, headers)
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise RuntimeError(f"{path}: {error.code} {error.read().decode(errors='replace')[:2000]}") from None


def main(address, folder, picture):
    superset = Superset(pathlib.Path(folder).resolve())
    connection = psycopg2.connect(address)
    with superset.running(), connection.cursor() as cursor:
        cursor.execute("SET TimeZone = 'UTC'")
        login = {"username": "admin", "password": "admin", "provider": "db"}
        superset.token = superset.ask("/api/v1/security/login", login)["access_token"]
        made = {"database_name": "strata", "sqlalchemy_uri": address.replace("postgresql://", "postgresql+psycopg2://"), "expose_in_sqllab": True}
        database = superset.ask("/api/v1/database/", made)["id"]
        dataset = superset.ask("/api/v1/dataset/", {"database": database, "schema": "logs", "table_name": "events"})["id"]
        connects(superset, made)
        browses(superset, database)
        reads_the_columns(superset, dataset)
        runs_sql(superset, database, cursor)
        asks_for_a_chart(superset, dataset, cursor)
        draws_the_chart(superset, dataset, pathlib.Path(picture))
    connection.close()


@part
def connects(superset, made):
    address = {name: made[name] for name in ("database_name", "sqlalchemy_uri")}
    equal(superset.ask("/api/v1/database/test_connection/", address), {"message": "OK"})


@part
def browses(superset, database):
    schemas = superset.ask(f"/api/v1/database/{database}/schemas/")["result"]
    equal({"logs", "sys", "etl"} <= set(schemas), True, schemas)
    tables = superset.ask(f"/api/v1/database/{database}/tables/?q=(schema_name:logs)")["result"]
    equal([(one["value"], one["type"]) for one in tables], [("by_service", "view"), ("events", "table")])
    columns = superset.ask(f"/api/v1/database/{database}/table_metadata/?name=events&schema=logs")
    equal({one["name"]: one["longType"] for one in columns["columns"]}["price"], "NUMERIC(12, 3)")
    equal((columns["primaryKey"].get("constrained_columns") or [], columns["foreignKeys"], columns["indexes"]), ([], [], []))


@part
def reads_the_columns(superset, dataset):
    told = superset.ask(f"/api/v1/dataset/{dataset}")["result"]
    kinds = {one["column_name"]: (one["type"], one["is_dttm"]) for one in told["columns"]}
    equal(kinds["ts"][1], True)
    equal((kinds["n"], kinds["service"]), (("BIGINT", False), ("TEXT", False)))
    equal([one["metric_name"] for one in told["metrics"]], ["count"])


@part
def runs_sql(superset, database, cursor):
    sql = "SELECT service, count(*) AS records FROM logs.events GROUP BY service ORDER BY service"
    answer = superset.ask("/api/v1/sqllab/execute/", {"database_id": database, "schema": "logs", "sql": sql, "runAsync": False})
    cursor.execute(sql)
    equal([tuple(row.values()) for row in answer["data"]], cursor.fetchall())


def query(dataset):
    asked = {"columns": [MINUTE, "service"], "metrics": ["count", SUM], "filters": FILTERS, "row_limit": 10_000, "orderby": [["count", False]]}
    asked["extras"] = {"time_grain_sqla": "PT1M"}
    return {"datasource": {"id": dataset, "type": "table"}, "force": True, "queries": [asked], "result_format": "json", "result_type": "full"}


@part
def asks_for_a_chart(superset, dataset, cursor):
    (answer,) = superset.ask("/api/v1/chart/data", query(dataset))["result"]
    got = [(row["ts"], row["service"], row["count"], int(row["sum of n"])) for row in answer["data"]]
    cursor.execute(
        "SELECT (extract(epoch FROM date_trunc('minute', ts)) * 1000)::bigint, service, count(*), sum(n)::bigint FROM logs.events"
        " WHERE service = ANY(%s) AND ts >= '2026-03-01' AND ts < '2026-03-01 00:10:00' GROUP BY 1, 2",
        [SERVICES],
    )
    equal(sorted(got), sorted(cursor.fetchall()))
    equal(len(got), 10 * len(SERVICES))
    equal('FROM logs.events' in answer["query"], True, answer["query"])


@part
def draws_the_chart(superset, dataset, picture):
    shown = {
        "datasource": f"{dataset}__table",
        "viz_type": "echarts_timeseries_bar",
        "x_axis": "ts",
        "time_grain_sqla": "PT1M",
        "metrics": ["count"],
        "groupby": ["service"],
        "adhoc_filters": [
            {"clause": "WHERE", "expressionType": "SIMPLE", "subject": one["col"], "operator": one["op"], "comparator": one["val"]} for one in FILTERS
        ],
        "row_limit": 10_000,
        "stack": "Stack",
        "show_legend": True,
    }
    chart = {"slice_name": "Records a minute", "viz_type": shown["viz_type"], "datasource_id": dataset, "datasource_type": "table"}
    made = superset.ask("/api/v1/chart/", chart | {"params": json.dumps(shown), "query_context": json.dumps(query(dataset))})["id"]
    equal(superset.ask(f"/api/v1/chart/{made}")["result"]["slice_name"], "Records a minute")
    with playwright.sync_api.sync_playwright() as tools:
        browser = tools.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1400, "height": 900})
        page.goto(superset.url("/login/"))
        page.fill("#username", "admin")
        page.fill("#password", "admin")
        page.press("#password", "Enter")
        page.wait_for_url("**/superset/welcome/", timeout=PAGE_WITHIN_MS)
        page.goto(superset.url(f"/explore/?slice_id={made}"))
        page.wait_for_selector("[data-test='slice-container'] canvas, .chart-container canvas", timeout=PAGE_WITHIN_MS)
        # The bars grow for a moment.
        page.wait_for_timeout(3000)
        shown = page.inner_text("body")
        page.screenshot(path=picture)
        browser.close()
    for word in ("Records a minute", "events"):
        equal(word in shown, True, word)
    equal(picture.read_bytes()[:4], b"\x89PNG")


if __name__ == "__main__":
    main(*sys.argv[1:])
    finish()
