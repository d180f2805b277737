"""Getting a data set into both systems, with times and sizes."""

import dataclasses
import subprocess
import time

from dataset import TOPIC


@dataclasses.dataclass
class Loaded:
    """Seconds and bytes of one load."""

    rows: int
    acknowledged_s: float
    # Until all is sealed and merged and has its indexes, the loading included.
    complete_s: float
    bytes: int
    # By `column method` or by the name of the index.
    index_bytes: dict
    resident_bytes_max: int | None = None


def load_strata(server, dataset, source=None):
    """Loads the file, or what `source` writes into the pipe that it is given."""
    for statement in dataset.strata_ddl:
        server.execute(statement)
    began = time.perf_counter()
    command = [server.binary, "load", "--topic", TOPIC, "--url", server.url, "--strict"]
    if source is None:
        subprocess.run([*command, dataset.file], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    else:
        loader = subprocess.Popen([*command, "-"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        source(loader.stdin)
        loader.stdin.close()
        if loader.wait() != 0:
            raise RuntimeError("strata load failed")
    acknowledged = time.perf_counter() - began
    server.execute(f"CALL sys.optimize('{TOPIC}')")
    complete = time.perf_counter() - began
    _, rows = server.run(f"SELECT count(*) FROM {TOPIC}")
    of_index = '"column", method, bytes, segments_total - segments_built, problem'
    _, indexes = server.run(f"SELECT {of_index} FROM sys.indexes WHERE topic = '{TOPIC}'")
    if unfinished := [index for index in indexes if index[3] or index[4]]:
        raise RuntimeError(f"indexes are not complete: {unfinished}")
    sizes = {f"{method} on {column}": size for column, method, size, *_ in indexes}
    return Loaded(rows[0][0], acknowledged, complete, server.segment_bytes(), sizes, server.resident_bytes_max())


def load_clickhouse(clickhouse, dataset):
    clickhouse.execute(dataset.clickhouse_ddl)
    structure = " ".join(dataset.structure.split()).replace("'", "\\'")
    insert = f"INSERT INTO bench.logs SELECT * FROM file('{dataset.file}', 'JSONEachRow', '{structure}')"
    threads = f"max_threads = {clickhouse.threads}, max_insert_threads = {clickhouse.threads}"
    insert += f" SETTINGS {threads}, date_time_input_format = 'best_effort'"
    inserted = clickhouse.execute(insert)
    complete = inserted + clickhouse.execute("OPTIMIZE TABLE bench.logs FINAL")
    rows = clickhouse.value("SELECT count() FROM bench.logs")
    return Loaded(rows, inserted, complete, clickhouse.data_bytes(), clickhouse.index_bytes())
