"""Tables in Markdown, on the terminal and, when asked, between the marks of docs/benchmarks/README.md.

**Invariant:** what stands outside of the marks is never touched, and a mark that is missing is an error.
"""

import os
import re

from comparison import geometric_mean
from latency import median, percentile

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "docs", "benchmarks")
PAGE = os.path.join(FOLDER, "README.md")


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    return "\n".join(lines + ["| " + " | ".join(map(str, row)) + " |" for row in rows])


def loads(ours, theirs):
    """Two loads side by side."""

    def seconds(loaded, took):
        return f"{took:.1f} s ({loaded.rows / took / 1e6:.2f} million rows/s)"

    rows = [
        ("every batch after `fdatasync`, searchable", seconds(ours, ours.acknowledged_s), "-"),
        ("inserted, no `fdatasync`", "-", seconds(theirs, theirs.acknowledged_s)),
        ("merged, all indexes complete", seconds(ours, ours.complete_s), seconds(theirs, theirs.complete_s)),
        ("bytes on disk, all indexes included", megabytes(ours.bytes), megabytes(theirs.bytes)),
        ("indexes", indexes(ours), indexes(theirs)),
        ("resident memory at most", megabytes(ours.resident_bytes_max), "-"),
    ]
    return table(["", "Strata", "ClickHouse"], rows)


def indexes(loaded):
    return ", ".join(f"{name} {megabytes(size)}" for name, size in loaded.index_bytes.items())


def megabytes(size):
    return f"{size / 1e6:.1f} MB"


def results(found):
    """Queries with their ratios, and the sum of it."""
    head = ["query", "Strata ms", "ClickHouse ms", "ratio"]
    rows = [[result.name, f"{result.ours_ms:.2f}", f"{result.theirs_ms:.2f}", f"{result.ratio:.3f}"] for result in found]
    if found[0].read_mb:
        head += ["Strata read MB", "ClickHouse read MB"]
        rows = [[*row, *(f"{read:.1f}" for read in result.read_mb)] for row, result in zip(rows, found)]
    ahead, same = sum(result.ratio < 1 for result in found), sum(not result.mismatch for result in found)
    summary = f"Ahead on {ahead} of {len(found)}, the same answers on {same} of {len(found)}, "
    return f"{table(head, rows)}\n\n{summary}geometric mean of the ratios {geometric_mean(found):.3f}."


def memory(found, limit, resident):
    rows = [[query.name, f"{query.usual_ms:.2f}", f"{query.frugal_ms:.2f}"] for query in found]
    same = sum(not query.mismatch for query in found)
    summary = f"The same answers on {same} of {len(found)}; resident memory at most {megabytes(resident)} under {limit}."
    return table(["query", "usual ms", f"{limit} ms"], rows) + "\n\n" + summary


def growth(sizes):
    """A column for each size, and by what factor the cost of the largest exceeds that of the smallest."""
    first, last = sizes[0], sizes[-1]
    head = ["", *(f"{size.rows / 1e6:g} million" for size in sizes), "factor"]
    milliseconds, seconds = "{:.2f} ms".format, "{:.1f} s".format
    costs = [(name, milliseconds, [size.queries[name] for size in sizes]) for name in first.queries]
    costs += [(name, megabytes, [size.index_bytes[name] for size in sizes]) for name in first.index_bytes]
    costs += [("bytes on disk", megabytes, [size.segment_bytes for size in sizes])]
    costs += [("loaded, merged, indexed", seconds, [size.complete_s for size in sizes])]
    rows = [[name, *map(text, values), values[-1] / values[0]] for name, text, values in costs]
    grown = last.rows / first.rows
    faster = [row[0] for row in rows if row[-1] >= grown]
    summary = f"Rows grow by a factor of {grown:g}. What grows as fast or faster: {', '.join(faster) or 'nothing'}."
    return table(head, [[*row[:-1], f"{row[-1]:.2f}"] for row in rows]) + "\n\n" + summary


def latencies(small, large):
    """Percentiles of small questions, and rows a second of large answers."""

    def pair(ours, theirs, unit):
        return f"{ours:.2f} {unit}", f"{theirs:.2f} {unit}", f"{ours / theirs:.3f}"

    rows = []
    for one in small:
        for name, share in (("p50", 0.5), ("p99", 0.99)):
            rows.append([f"`{one.name}`, {name}", *pair(percentile(one.ours, share), percentile(one.theirs, share), "ms")])
    for one in large:
        ours, theirs = median(one.ours), median(one.theirs)
        cells = [f"{one.rows / took / 1e6:.2f} million rows/s" for took in (ours, theirs)]
        rows.append([f"`{one.name}` of {one.rows:,} rows", *cells, f"{ours / theirs:.3f}"])
    return table(["", "Strata", "PostgreSQL", "time, ratio"], rows)


def crowds(found):
    head = ["clients", "queries/s", "p50 ms", "p95 ms", "p99 ms", "errors"]
    head += ["rows written/s", "sent twice", "lost or stored twice", "slowest, p50 ms"]
    rows = [
        [
            *(one.clients, f"{one.queries / one.seconds:.0f}", f"{one.p50_ms:.1f}", f"{one.p95_ms:.1f}", f"{one.p99_ms:.1f}"),
            *(len(one.errors), f"{one.written.rows / one.written.seconds:.0f}", one.written.repeated, abs(one.surplus)),
            ", ".join(f"{name} {took:.0f}" for name, took in one.slowest),
        ]
        for one in found
    ]
    return table(head, rows)


def marks(name):
    """The place of a section: its beginning, what is there, its end."""
    return re.compile(rf"(<!-- bench: {name} -->\n).*?(<!-- end -->)", re.S)


def page():
    with open(PAGE, encoding="utf-8") as file:
        return file.read()


def require(names):
    """Whether all sections have a place is better known before hours of measuring than after them."""
    text = page()
    if missing := [name for name in names if len(marks(name).findall(text)) != 1]:
        raise ValueError(f"docs/benchmarks/README.md has no place, or more than one, for {', '.join(missing)}")


def write(name, text, picture=None):
    """Puts a section between its marks, and its picture beside the page."""
    if picture is not None:
        with open(os.path.join(FOLDER, f"{name}.svg"), "w", encoding="utf-8") as file:
            file.write(picture)
        text = f"{text}\n\n![ratios, one bar a query]({name}.svg)"
    require([name])
    after = marks(name).sub(lambda match: f"{match[1]}\n{text}\n\n{match[2]}", page())
    with open(PAGE, "w", encoding="utf-8") as file:
        file.write(after)
