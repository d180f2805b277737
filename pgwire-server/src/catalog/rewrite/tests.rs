//! What is written, and what is planned.

use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;
use datafusion::sql::sqlparser::parser::Parser;

use super::*;

fn check(sql: &str, expected: &str) {
    let mut parsed = Parser::parse_sql(&PostgreSqlDialect {}, sql).unwrap().remove(0);
    let mut rewriter = Rewriter::of(&parsed);
    let _: ControlFlow<()> = VisitMut::visit(&mut parsed, &mut rewriter);
    assert_eq!(parsed.to_string(), expected);
}

#[test]
fn a_number_alone_is_an_integer() {
    let mut parsed = Parser::parse_sql(&PostgreSqlDialect {}, "SELECT 1, -2 AS two, 3000000000, n + 1").unwrap().remove(0);
    statement(&mut parsed);
    assert_eq!(parsed.to_string(), "SELECT 1::INTEGER AS \"?column?\", -2::INTEGER AS two, 3000000000, n + 1");
}

#[test]
fn what_psql_writes() {
    check(
        "SELECT 1 FROM t WHERE a OPERATOR(pg_catalog.~) '^(x)$' COLLATE pg_catalog.default",
        "SELECT 1 FROM t WHERE a ~ '^(x)$'",
    );
    check("SELECT 'a.b'::regclass::oid", "SELECT strata_regclass_oid('a.b')::oid");
    check("SELECT c.oid::pg_catalog.regclass::pg_catalog.text", "SELECT strata_regclass_name(c.oid)::TEXT");
    check("SELECT $1::regtype::oid", "SELECT strata_regtype_oid($1)::oid");
    check("SELECT 1 WHERE t.oid = $1::regclass", "SELECT 1 WHERE t.oid = strata_regclass_oid($1)");
    check("SELECT x::pg_catalog.int2[], 'r'::\"char\"", "SELECT x::int2[], 'r'::TEXT");
    check(
        "SELECT (SELECT pg_get_expr(d.adbin, d.adrelid) FROM pg_catalog.pg_attrdef d WHERE d.adnum = a.attnum) FROM t a",
        "SELECT NULL FROM t a",
    );
    check(
        "SELECT (SELECT c.relkind = 'c' FROM pg_catalog.pg_class c WHERE c.oid = t.typrelid) FROM pg_catalog.pg_type t",
        "SELECT (SELECT first_value(c.relkind = 'c') FROM pg_catalog.pg_class c WHERE c.oid = t.typrelid) FROM pg_catalog.pg_type t",
    );
    check(
        "SELECT array_to_string(c.reloptions || array(select 'toast.' || x from pg_catalog.unnest(tc.reloptions) x), ', ') FROM c",
        "SELECT array_to_string(c.reloptions, ', ') FROM c",
    );
    check(
        "SELECT ARRAY(SELECT e.enumlabel FROM pg_catalog.pg_enum e JOIN pg_catalog.pg_type t ON (e.enumtypid = t.oid)) FROM t",
        "SELECT ARRAY[]::TEXT[] FROM t",
    );
    check("SELECT 1 WHERE 'd' = ANY('{d,e}'::text[])", "SELECT 1 WHERE 'd' = ANY(ARRAY['d'::TEXT, 'e'::TEXT])");
}

#[test]
fn what_drivers_write() {
    check(
        "SELECT EXISTS (SELECT 1 FROM t LIMIT 1), EXISTS (SELECT 1 FROM t LIMIT 0)",
        "SELECT EXISTS (SELECT 1 FROM t), EXISTS (SELECT 1 FROM t LIMIT 0)",
    );
    check("SELECT s[i] FROM string_to_array('a,b', ',') s", "SELECT s[i] FROM (SELECT string_to_array('a,b', ',') AS s) AS s");
    check("SELECT \"pg_catalog\".\"pg_get_expr\"(x)", "SELECT pg_catalog.pg_get_expr(x)");
    check("SELECT n WHERE n LIKE p || '%' ESCAPE '/'", "SELECT n WHERE n LIKE like_escape(p || '%', '/')");
    check("SELECT 'a'::regclass::text", "SELECT strata_regclass_name(strata_regclass_oid('a'))");
    check(
        "SELECT unnest(i.indkey), generate_subscripts(i.indkey, 1), (information_schema._pg_expandarray(i.indkey)).n FROM i",
        "SELECT unnest(strata_vector(i.indkey)), unnest(strata_subscripts(i.indkey, 1)), unnest(strata_numbers(i.indkey)) FROM i",
    );
    check(
        "SELECT (r.keys).x, i.indoption[n - 1], r.OPTIONS[0] FROM (SELECT indoption AS OPTIONS FROM i) r",
        "SELECT get_field(r.keys, 'x'), array_element(strata_vector(i.indoption), n - 1 + 1), \
         array_element(strata_vector(r.OPTIONS), 0 + 1) FROM (SELECT indoption AS OPTIONS FROM i) r",
    );
    check(
        "SELECT CASE WHEN t.typtype = 'd' THEN 1 ELSE t.x END, CASE WHEN t.typtype = 'c' THEN 1 WHEN a THEN 2 END FROM t",
        "SELECT t.x, CASE WHEN a THEN 2 END FROM t",
    );
}

#[test]
fn tables_of_the_catalog_know_their_oid() {
    check(
        "SELECT c.oid FROM pg_catalog.pg_class c JOIN pg_description d ON d.classoid = c.tableoid AND d.x = pg_description.tableoid",
        "SELECT c.oid FROM pg_catalog.pg_class c JOIN pg_description d ON d.classoid = 1259 AND d.x = pg_description.tableoid",
    );
    check("SELECT 'sys.optimize'::regproc::oid", "SELECT strata_regproc_oid('sys.optimize')::oid");
    check("SELECT t.x::regtype <> 'int4'::regtype", "SELECT strata_regtype_oid(t.x) <> strata_regtype_oid('int4')");
    check("SELECT p.proargtypes::int[]", "SELECT strata_vector(p.proargtypes)::INT[]");
    check("SELECT t.typinput = 'array_in'::regproc", "SELECT t.typinput = 'array_in'::TEXT");
    check(
        "SELECT p.oid = t.typinput, amhandler <> oid, p.oid = 'now'::regproc, p.proname = t.typinput",
        "SELECT p.oid = strata_regproc_number(t.typinput), strata_regproc_number(amhandler) <> oid, \
         p.oid = strata_regproc_oid('now'), p.proname = t.typinput",
    );
}

#[test]
fn what_a_database_manager_writes() {
    check(
        "SELECT (SELECT count(*) FROM pg_catalog.pg_trigger t WHERE t.tgrelid = c.oid), \
         (SELECT CASE WHEN count(i.x) > 0 THEN true ELSE false END FROM pg_inherits i WHERE i.x = c.oid), \
         (SELECT pg_catalog.array_agg(l.label) FROM pg_catalog.pg_seclabels l WHERE l.objoid = c.oid) FROM c",
        "SELECT (0), (CASE WHEN 0 > 0 THEN true ELSE false END), (NULL) FROM c",
    );
    check(
        "SELECT DISTINCT ON (a.n) a.n AS number, (SELECT max(x) FROM b WHERE b.n = a.n) AS most FROM a ORDER BY a.n DESC",
        "SELECT DISTINCT ON (number) * FROM (SELECT a.n AS number, (SELECT max(x) FROM b WHERE b.n = a.n) AS most FROM a) \
         AS \"rows\" ORDER BY number DESC",
    );
    check(
        "SELECT d.grantee FROM (SELECT relacl FROM c) l, pg_catalog.aclexplode(relacl) d WHERE d.grantor > 0",
        "SELECT d.grantee FROM (SELECT relacl FROM c) l, LATERAL (SELECT get_field(one, 'grantor') AS grantor, \
         get_field(one, 'grantee') AS grantee, get_field(one, 'privilege_type') AS privilege_type, \
         get_field(one, 'is_grantable') AS is_grantable FROM (SELECT unnest(strata_aclexplode(relacl)) AS one) AS rights) AS d \
         WHERE d.grantor > 0",
    );
    check(
        "SELECT a.n, b AS \"B\" FROM a ORDER BY n IN (SELECT 1) DESC, 2 LIMIT 3",
        "SELECT \"n\", \"B\" FROM (SELECT a.n, b AS \"B\", n IN (SELECT 1) AS \"order 0\" FROM a) AS \"rows\" \
         ORDER BY \"order 0\" DESC, 2 LIMIT 3",
    );
    check(
        "SELECT -t.n AS n, t.x AS y, max(x) FROM t ORDER BY t.n, n DESC, t.x LIMIT 3",
        "SELECT \"n\", \"y\", \"max\" FROM (SELECT -t.n AS n, t.x AS y, max(x) AS \"max\", t.n AS \"order 0\", \
         t.x AS \"order 2\" FROM t) AS \"rows\" ORDER BY \"order 0\", \"n\" DESC, \"order 2\" LIMIT 3",
    );
    check(
        "SELECT n AS n, t.x AS x, -t.y AS z FROM t ORDER BY t.n, t.x, t.y",
        "SELECT n AS n, t.x AS x, -t.y AS z FROM t ORDER BY t.n, t.x, t.y",
    );
    check(
        "SELECT c.xmin, c.xmin + 1 FROM pg_class c, pg_catalog.pg_show_all_settings() s",
        "SELECT 0 AS xmin, 0 + 1 FROM pg_class c, pg_catalog.pg_settings s",
    );
    check(
        "SELECT pg_catalog.aclexplode(relacl), PG_CATALOG.CONCAT(pg_catalog.unnest(a)), 1 = ANY(i.indkey) FROM x",
        "SELECT unnest(strata_aclexplode(relacl)), pg_catalog.concat(unnest(a)), 1 = ANY(strata_vector(i.indkey)) FROM x",
    );
}

#[test]
fn topics_are_left_alone() {
    for sql in [
        "SELECT (SELECT name FROM hosts WHERE hosts.id = app.host) FROM app",
        "SELECT EXISTS (SELECT 1 FROM logs.pg_trigger)",
        "SELECT (SELECT count(*) FROM logs.pg_trigger)",
        "SELECT x::text, y::mytype FROM app",
    ] {
        let expected = Parser::parse_sql(&PostgreSqlDialect {}, sql).unwrap()[0].to_string();
        check(sql, &expected);
    }
}
