// node-postgres against a server: every type both ways, prepared statements, transactions, COPY, cursors, cancel.
// Argument: a connection string. Prints one line a part, and what was wrong; exits with 1 if anything was.
"use strict";

const { once } = require("node:events");
const fs = require("node:fs");
const path = require("node:path");
const { Readable } = require("node:stream");
const { pipeline } = require("node:stream/promises");
const { isDeepStrictEqual } = require("node:util");
const pg = require("pg");
const Cursor = require("pg-cursor");
const { from, to } = require("pg-copy-streams");

const TYPES = JSON.parse(fs.readFileSync(path.join(__dirname, "values.json"), "utf8"));
// Values are compared as the texts that the server sends.
const AS_TEXT = { getTypeParser: () => (value) => value };
let wrong = 0;

function note(what) {
  wrong += 1;
  console.error(what);
}

function equal(got, wanted, where) {
  if (!isDeepStrictEqual(got, wanted)) note(`${where}: got ${JSON.stringify(got)}, wanted ${JSON.stringify(wanted)}`);
}

async function refused(code, action) {
  try {
    await action();
    note(`an action was accepted, ${code} was expected`);
  } catch (error) {
    equal(error.code, code, error.message);
  }
}

async function part(run, client) {
  const before = wrong;
  try {
    await run(client);
  } catch (error) {
    note(`${run.name}: ${error.stack}`);
  }
  console.log(wrong === before ? "passed:" : "failed:", run.name);
}

// A numeric without its scale, which may be another one than PostgreSQL's.
function plain(kind, text) {
  return kind === "numeric" && text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

async function texts(client) {
  for (const [kind, listed] of Object.entries(TYPES)) {
    for (const text of listed) {
      try {
        const literal = text.replaceAll("'", "''");
        const simple = await client.query({ text: `SELECT '${literal}'::${kind} AS v`, types: AS_TEXT });
        equal(plain(kind, simple.rows[0].v), text, `${kind} literal`);
        const given = await client.query({ text: `SELECT $1::${kind} AS v`, values: [text], types: AS_TEXT });
        equal(plain(kind, given.rows[0].v), text, `${kind} parameter`);
        equal(given.fields[0].dataTypeID, simple.fields[0].dataTypeID, `${kind} oid`);
      } catch (error) {
        note(`${kind} ${text}: ${error.message}`);
      }
    }
  }
}

async function natives(client) {
  const one = async (sql, value) => (await client.query(`SELECT ${sql} AS v`, [value])).rows[0].v;
  equal(await one("$1::int", 5), 5, "int");
  equal(await one("$1::int8", 5n), "5", "int8");
  equal(await one("$1::float8", 0.1), 0.1, "float8");
  equal(Number(await one("$1::numeric", "1.50")), 1.5, "numeric");
  equal(await one("$1::bool", true), true, "bool");
  equal(await one("$1::bytea", Buffer.from([0, 255])), Buffer.from([0, 255]), "bytea");
  equal(await one("$1::timestamptz", new Date(-1)), new Date(-1), "timestamptz");
  equal(await one("$1::jsonb", { a: [null, 1.5] }), { a: [null, 1.5] }, "jsonb");
  equal(await one("$1::json", { a: [null, 1.5] }), { a: [null, 1.5] }, "json");
  equal(await one("$1::int[]", [1, null, 3]), [1, null, 3], "int[]");
  equal(await one("$1::text[]", ["a", null, 'b "c"\\', "", "NULL"]), ["a", null, 'b "c"\\', "", "NULL"], "text[]");
  equal(await one("$1::text", null), null, "null");
  equal((await one("$1::interval", "1 day 02:03:04")).days, 1, "interval");
  equal((await client.query("SELECT 1 AS a, 2 AS b; SELECT 3 AS c")).length, 2, "two statements");
}

async function tables(client) {
  await client.query("CREATE SCHEMA np");
  await client.query("CREATE TABLE np.seen (ts timestamptz, n int, name text, id uuid, doc jsonb)");
  const insert = { name: "insert", text: "INSERT INTO np.seen (ts, n, name, id, doc) VALUES ($1, $2, $3, $4, $5)" };
  for (let n = 0; n < 50; n += 1) {
    const id = `00000000-0000-0000-0000-0000000000${String(n).padStart(2, "0")}`;
    const values = [new Date(Date.UTC(2026, 2, 1, 0, 0, n)), n, `name ${n}`, id, { n }];
    equal((await client.query({ ...insert, values })).rowCount, 1, "inserted");
  }
  const select = { name: "select", text: "SELECT n, doc FROM np.seen WHERE n < $1 AND ts >= $2 ORDER BY n" };
  for (const limit of [2, 3]) {
    const { rows, rowCount, command } = await client.query({ ...select, values: [limit, new Date(0)] });
    equal([rowCount, command, rows[1]], [limit, "SELECT", { n: 1, doc: { n: 1 } }], "prepared");
  }
  const any = await client.query("SELECT count(*)::int AS c FROM np.seen WHERE n = ANY($1)", [[1, 2, 3]]);
  equal(any.rows[0].c, 3, "ANY");
  const page = await client.query({ text: "SELECT n FROM np.seen ORDER BY n LIMIT $1 OFFSET $2", values: [2, 10], rowMode: "array" });
  equal(page.rows, [[10], [11]], "LIMIT");
}

async function transactions(client) {
  await client.query("BEGIN");
  await client.query("INSERT INTO np.seen (ts, n) VALUES (now(), 1000)");
  await client.query("SAVEPOINT s");
  await refused("22012", () => client.query("SELECT 1 / 0"));
  await client.query("ROLLBACK TO s");
  await client.query("ROLLBACK");
  await client.query("BEGIN");
  await refused("42P01", () => client.query("SELECT * FROM np.nothing"));
  await refused("25P02", () => client.query("SELECT 1"));
  await client.query("ROLLBACK");
  equal((await client.query("SELECT count(*)::int AS c FROM np.seen")).rows[0].c, 50, "rolled back");
  await refused("42601", () => client.query("SELEC 1"));
  await refused("42703", () => client.query("SELECT nothing FROM np.seen"));
  await refused("22P02", () => client.query("SELECT $1::int", ["x"]));
}

async function copies(client) {
  await client.query("CREATE TABLE np.copied (ts timestamptz, n int, name text)");
  const lines = Array.from({ length: 1000 }, (_, n) => `2026-03-01 00:00:00+00\t${n}\tname \\\\ ${n}\n`);
  const into = client.query(from("COPY np.copied (ts, n, name) FROM STDIN"));
  await pipeline(Readable.from(lines), into);
  equal(into.rowCount, 1000, "copied in");
  const out = client.query(to("COPY (SELECT ts, n, name FROM np.copied ORDER BY n) TO STDOUT"));
  const chunks = [];
  out.on("data", (chunk) => chunks.push(chunk));
  await once(out, "end");
  equal(Buffer.concat(chunks).toString(), lines.join(""), "copied out");
}

async function cursors(client) {
  const cursor = client.query(new Cursor("SELECT n FROM np.copied WHERE n >= $1 ORDER BY n", [500]));
  equal((await cursor.read(10)).map((row) => row.n), [500, 501, 502, 503, 504, 505, 506, 507, 508, 509], "first");
  equal((await cursor.read(1000)).length, 490, "rest");
  equal(await cursor.read(10), [], "end");
  await cursor.close();
  // One that is not read to its end leaves the connection usable.
  const early = client.query(new Cursor("SELECT n FROM np.copied"));
  await early.read(1);
  await early.close();
  equal((await client.query("SELECT 1 AS one")).rows, [{ one: 1 }], "after a cursor");
}

async function cancel(client) {
  const other = new pg.Client(process.argv[2]);
  await other.connect();
  const sleeping = refused("57014", () => client.query("SELECT pg_sleep(30)"));
  await new Promise((resolve) => setTimeout(resolve, 300));
  await other.query("SELECT pg_cancel_backend($1)", [client.processID]);
  await sleeping;
  const heard = once(client, "notification");
  await client.query("LISTEN calls");
  await other.query("NOTIFY calls, 'here'");
  equal((await heard)[0].payload, "here", "notification");
  await other.end();
}

async function main() {
  const client = new pg.Client(process.argv[2]);
  await client.connect();
  await client.query("SET TimeZone = 'UTC'");
  for (const run of [texts, natives, tables, transactions, copies, cursors, cancel]) await part(run, client);
  await client.end();
  const pool = new pg.Pool({ connectionString: process.argv[2], max: 4 });
  const answers = await Promise.all(Array.from({ length: 40 }, (_, n) => pool.query("SELECT $1::int AS n", [n])));
  equal(answers.map(({ rows }) => rows[0].n), Array.from({ length: 40 }, (_, n) => n), "pool");
  await pool.end();
  process.exitCode = wrong === 0 ? 0 : 1;
}

main();
