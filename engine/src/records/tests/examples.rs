//! Rules of the record format, one by one.

use arrow::array::Array;
use strata_storage::schema::{column_by_id, column_id};

use super::*;

fn check(line: &str, expected: &[(&str, &str)]) {
    let expected: Row = expected.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    assert_eq!(row(line), expected, "{line}");
}

fn time_of(line: &str) -> i64 {
    rows(parse(line).batch.as_ref())[0]["ts"].parse().unwrap()
}

fn reason(line: impl AsRef<[u8]>) -> String {
    let mut chunk = b"{\"message\":\"before\"}\n".to_vec();
    chunk.extend_from_slice(line.as_ref());
    chunk.extend_from_slice(b"\n{\"message\":\"after\"}");
    let parsed = parser(false).parse(&chunk, NOW_US);
    assert_eq!((parsed.rows, parsed.lines), (2, 3));
    assert_eq!(parsed.row_lines, Some(vec![0, 2]));
    let [rejected] = &parsed.rejected[..] else { panic!("{:?}", parsed.rejected) };
    assert_eq!(rejected.line, 2);
    rejected.reason.clone()
}

#[test]
fn declared_columns_and_the_rest() {
    check(
        r#"{"message":"m","service":"s","status":200,"latency":1.5}"#,
        &[("message", "m"), ("service", "s"), ("status", "200"), ("latency", "1.5")],
    );
    check(
        r#"{"b":[1,2],"a":{"y":1.10,"x":null},"_offset":7,"_ingested_at":"x"}"#,
        &[("attrs", r#"{"a": {"x": null, "y": 1.10}, "b": [1, 2], "_offset": 7, "_ingested_at": "x"}"#)],
    );
    check(
        r#"{"":1,"a.b":2,"c\"d":3,"Status":4,"云梦":5}"#,
        &[("attrs", r#"{"": 1, "a.b": 2, "c\"d": 3, "Status": 4, "云梦": 5}"#)],
    );
    check("{}", &[]);
    check(" { \"service\" : \"s\" , \"x\" : true } \r", &[("service", "s"), ("attrs", r#"{"x": true}"#)]);
    check(r#"{"service":"a\u00e4\n","serv\u0069ce":"b"}"#, &[("service", "b")]);
}

#[test]
fn attrs_are_merged() {
    check(r#"{"attrs":{"b":1,"a":{"c":2}},"b":3}"#, &[("attrs", r#"{"a": {"c": 2}, "b": 3}"#)]);
    check(r#"{"b":3,"attrs":{"b":1}}"#, &[("attrs", r#"{"b": 3}"#)]);
    check(r#"{"attrs":5}"#, &[("attrs", r#"{"attrs": 5}"#)]);
    check(r#"{"attrs":{},"x":1}"#, &[("attrs", r#"{"x": 1}"#)]);
    check(r#"{"attrs":null}"#, &[]);
    check(r#"{"attrs":{"status":1}}"#, &[("attrs", r#"{"status": 1}"#)]);
}

#[test]
fn what_does_not_fit_stays_in_attrs() {
    check(r#"{"status":"abc"}"#, &[("attrs", r#"{"status": "abc"}"#)]);
    check(r#"{"status":true,"latency":{"a":1}}"#, &[("attrs", r#"{"status": true, "latency": {"a": 1}}"#)]);
    check(r#"{"status":1e400,"latency":1e400}"#, &[("attrs", r#"{"status": 1e400, "latency": 1e400}"#)]);
    check(r#"{"status":3000000000}"#, &[("attrs", r#"{"status": 3000000000}"#)]);
    check(r#"{"status":200.5}"#, &[("attrs", r#"{"status": 200.5}"#)]);
    check(r#"{"ts":"not a time","status":null}"#, &[("attrs", r#"{"ts": "not a time"}"#)]);
    check(r#"{"n":123456789012345678901234567890.10}"#, &[("attrs", r#"{"n": 123456789012345678901234567890.10}"#)]);
}

#[test]
fn what_fits_is_converted() {
    check(r#"{"status":"200"}"#, &[("status", "200")]);
    check(r#"{"status":200.0}"#, &[("status", "200")]);
    check(r#"{"latency":"NaN"}"#, &[("latency", "NaN")]);
    check(r#"{"latency":"-Infinity"}"#, &[("latency", "-inf")]);
    check(r#"{"service":1.10,"message":{"b":1,"a":2}}"#, &[("service", "1.10"), ("message", r#"{"a": 2, "b": 1}"#)]);
    check(r#"{"service":true,"message":"\"\u0001"}"#, &[("service", "true"), ("message", "\"\u{1}")]);
}

#[test]
fn other_names_of_time_and_message() {
    assert_eq!(time_of("{}"), NOW_US);
    assert_eq!(time_of(r#"{"ts":null}"#), NOW_US);
    assert_eq!(time_of(r#"{"ts":"1970-01-01T00:00:01Z"}"#), 1_000_000);
    assert_eq!(time_of(r#"{"ts":"2999-01-01T00:00:00Z"}"#), 32_472_144_000_000_000);
    for name in ["@timestamp", "time", "timestamp"] {
        let line = format!(r#"{{"{name}":5}}"#);
        assert_eq!(time_of(&line), 5_000_000);
        check(&line, &[]);
    }
    let all = r#"{"time":3,"timestamp":2,"@timestamp":1,"ts":"x"}"#;
    assert_eq!(time_of(all), 1_000_000);
    check(all, &[("attrs", r#"{"ts": "x", "time": 3, "timestamp": 2}"#)]);
    check(r#"{"ts":1,"time":"noon"}"#, &[("attrs", r#"{"time": "noon"}"#)]);
    check(r#"{"msg":"a","log":"b"}"#, &[("message", "a"), ("attrs", r#"{"log": "b"}"#)]);
    check(r#"{"log":"b"}"#, &[("message", "b")]);
    check(r#"{"msg":"a","message":"c"}"#, &[("message", "c"), ("attrs", r#"{"msg": "a"}"#)]);
    check(r#"{"msg":{"a":1},"log":"b"}"#, &[("message", "b"), ("attrs", r#"{"msg": {"a": 1}}"#)]);
}

#[test]
fn bad_lines_are_rejected_alone() {
    assert!(reason("not json").contains("not JSON: expected a value at byte 1"));
    assert!(reason("{\"a\":1").contains("expected a comma or }"));
    assert!(reason("{\"a\":NaN}").contains("not JSON"));
    assert!(reason("{\"a\":1} x").contains("unexpected text"));
    assert!(reason("{\"a\":1}{\"a\":1}").contains("unexpected text"));
    assert!(reason("[1]").contains("not an object"));
    assert!(reason("\"text\"").contains("not an object"));
    assert!(reason("{\"a\":\"\\u0000\"}").contains("NUL"));
    assert!(reason("{\"\\u0000\":1}").contains("NUL"));
    assert!(reason("{\"a\":\"\0\"}").contains("NUL"));
    assert!(reason(b"{\"a\":\"\xff\"}").contains("UTF-8"));
    assert!(reason("{\"a\":\"\\ud800\"}").contains("surrogate"));
    assert!(reason(format!("{{\"a\":{}{}}}", "[".repeat(128), "]".repeat(128))).contains("nested deeper than 128 levels"));
    assert!(reason("{\"a\":1,}").contains("expected a string"));
    assert!(reason(format!("{{\"a\":\"{}\"}}", "x".repeat(1 << 20))).contains("more than the 1048576"));
    check(
        &format!("{{\"a\":{}{}}}", "[".repeat(127), "]".repeat(127)),
        &[("attrs", &format!("{{\"a\": {}{}}}", "[".repeat(127), "]".repeat(127)))],
    );
}

#[test]
fn a_line_feed_ends_a_record_everywhere() {
    let parsed = parse("{\"a\":[1,\n2]}\n{\"a\"\n:1}\n{\"a\":1\n}");
    assert_eq!((parsed.rows, parsed.lines, parsed.rejected.len()), (0, 6, 6));
}

#[test]
fn blank_lines_use_a_sequence_number_and_make_no_row() {
    let parsed = parse("\n{}\n  \r\n{}\n\n");
    assert_eq!((parsed.rows, parsed.lines), (2, 5));
    assert_eq!(parsed.row_lines, Some(vec![1, 3]));
    assert_eq!(parsed.rejected, []);
    let parsed = parse("{}\n{}");
    assert_eq!((parsed.rows, parsed.lines, parsed.row_lines), (2, 2, None));
    let parsed = parse("");
    assert_eq!((parsed.rows, parsed.lines), (0, 0));
    assert!(parsed.batch.is_none());
}

#[test]
fn many_invalid_lines_in_one_chunk() {
    let chunk = b"{}\n\xff\n\xff\xff\n{}\n\n\xc3";
    let parsed = parser(false).parse(chunk, NOW_US);
    assert_eq!((parsed.rows, parsed.lines), (2, 6));
    assert_eq!(parsed.rejected.iter().map(|rejected| rejected.line).collect::<Vec<_>>(), [2, 3, 6]);
    assert_eq!(parsed.row_lines, Some(vec![0, 3]));
}

#[test]
fn five_thousand_fields() {
    let fields: Vec<String> = (0..5_000).map(|i| format!("\"k{i}\":{i}")).collect();
    let line = format!("{{{}}}", fields.join(","));
    let parsed = parse(&format!("{line}\n{line}"));
    let rows = rows(parsed.batch.as_ref());
    assert_eq!(rows[0], rows[1]);
    let attrs: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&rows[0]["attrs"]).unwrap();
    assert_eq!(attrs.len(), 5_000);
}

#[test]
fn more_names_than_are_remembered() {
    let mut parser = parser(false);
    for start in (0..200_000).step_by(20_000) {
        let lines: Vec<String> = (start..start + 20_000)
            .map(|i| format!("{{\"k{i}\":{i},\"{}\":1}}", "y".repeat(2_000 * usize::from(i % 5_000 == 0))))
            .collect();
        let parsed = parser.parse(lines.join("\n").as_bytes(), NOW_US);
        assert_eq!((parsed.rows, parsed.rejected.len()), (20_000, 0));
        let last = rows(parsed.batch.as_ref()).pop().unwrap();
        let number = start + 19_999;
        assert_eq!(last["attrs"], format!("{{\"\": 1, \"k{number}\": {number}}}"));
    }
}

#[test]
fn columns_carry_ids_and_not_null_is_kept() {
    let parsed = parse("{}\n{\"service\":\"s\"}");
    let batch = parsed.batch.unwrap();
    let ids: Vec<i32> = batch.schema().fields().iter().map(|field| column_id(field).unwrap().0).collect();
    assert_eq!(ids, [1, 2, 3, 4, 5, -1]);
    let (field, time) = column_by_id(&batch, ColumnId(1)).unwrap();
    assert!(!field.is_nullable());
    assert_eq!(time.null_count(), 0);

    let mut strict = topic();
    strict.declared[3].nullable = false;
    let mut parser = RecordParser::new(&strict, ParseOptions { record_bytes_max: 1 << 20, raw: false });
    let parsed = parser.parse(b"{\"status\":1}\n{\"status\":\"x\"}\n{}\n{\"status\":2}", NOW_US);
    assert_eq!(parsed.rows, 2);
    assert_eq!(parsed.rejected[1].reason, "null value in column \"status\" violates not-null constraint");
    assert_eq!(parsed.row_lines, Some(vec![0, 3]));
}

#[test]
fn other_types() {
    let mut schema = topic();
    let mut uuid = column(10, "id", DataType::Utf8View, true);
    uuid.sql_type = Some("uuid".to_owned());
    let mut document = column(11, "doc", DataType::Utf8View, true);
    document.sql_type = Some("jsonb".to_owned());
    schema.declared.extend([
        column(6, "flag", DataType::Boolean, true),
        column(7, "small", DataType::Int16, true),
        column(8, "day", DataType::Date32, true),
        column(9, "price", DataType::Decimal128(10, 2), true),
        uuid,
        document,
    ]);
    let mut parser = RecordParser::new(&schema, ParseOptions { record_bytes_max: 1 << 20, raw: false });
    let line = r#"{"flag":"yes","small":70000,"day":"2026-03-01","price":"12.345","id":"A0EEBC999C0B4EF8BB6D6BB9BD380A11","doc":{"b":1,"a":2}}"#;
    let parsed = parser.parse(format!("{line}\n{{\"day\":\"x\",\"flag\":2,\"id\":\"y\"}}").as_bytes(), NOW_US);
    let rows = rows(parsed.batch.as_ref());
    assert_eq!(rows[0]["flag"], "true");
    assert_eq!(rows[0]["day"], "2026-03-01");
    assert_eq!(rows[0]["id"], "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11");
    assert_eq!(rows[0]["doc"], r#"{"a": 2, "b": 1}"#);
    assert_eq!(rows[0]["attrs"], r#"{"small": 70000}"#);
    assert!(rows[0]["price"].starts_with("12.3"));
    assert_eq!(rows[1]["attrs"], r#"{"id": "y", "day": "x", "flag": 2}"#);
}

#[test]
fn raw_lines() {
    let chunk = b"2015-10-18 18:01:47,978 INFO started\r\nno time\n\nnul \0\n\xff\n  Jun 14 15:16:01 x\r\r\n";
    let parsed = parser(true).parse(chunk, NOW_US);
    let rows = rows(parsed.batch.as_ref());
    assert_eq!((parsed.rows, parsed.lines), (3, 6));
    assert_eq!(parsed.row_lines, Some(vec![0, 1, 5]));
    assert_eq!(parsed.rejected.iter().map(|rejected| rejected.line).collect::<Vec<_>>(), [4, 5]);
    assert_eq!(rows[0]["message"], "2015-10-18 18:01:47,978 INFO started");
    assert_eq!(rows[0]["ts"], "1445191307978000");
    assert_eq!(rows[1]["ts"], NOW_US.to_string());
    assert_eq!(rows[2]["message"], "  Jun 14 15:16:01 x\r");
}
