//! Fields that change their type, are too many, or have names nobody expects. What was sent is what is read back, from the buffer
//! and from the segment alike.

use crate::Fixture;

#[test]
fn a_field_may_change_its_type_from_row_to_row() {
    let fixture = Fixture::start();
    let values = ["1.10", "\"text\"", "true", "null", "{\"a\": 1}", "[1, 2]", "12345678901234567890123", "1e400"];
    let lines: String = values.iter().enumerate().map(|(i, value)| format!("{{\"status\":{i},\"x\":{value}}}\n")).collect();
    assert_eq!(fixture.send(lines)["accepted"].as_u64(), Some(8));
    let expected = ["1.10", "text", "true", "NULL", "{\"a\": 1}", "[1, 2]", "12345678901234567890123", "1e400"];
    for state in ["buffer", "segment"] {
        let found = fixture.rows("SELECT attrs ->> 'x' FROM logs.bad ORDER BY status");
        assert_eq!(found.concat()[..7], expected[..7], "{state}");
        // A number past what floating point holds stays a number with its digits, however they are written.
        assert!(found[7][0] == "1e400" || found[7][0].starts_with("1000000"), "{state}: {found:?}");
        assert_eq!(fixture.value("SELECT count(*) FROM logs.bad WHERE attrs ->> 'x' = 'text'"), "1", "{state}");
        fixture.optimize();
    }
}

#[test]
fn a_value_that_its_column_cannot_hold_stays_in_attrs() {
    let fixture = Fixture::start();
    fixture.send("{\"message\":\"a\",\"status\":\"many\"}\n{\"message\":\"b\",\"status\":99999999999}\n{\"message\":\"c\",\"status\":\"204\"}\n");
    let expected = [["a", "NULL", "many"], ["b", "NULL", "99999999999"], ["c", "204", "NULL"]];
    for state in ["buffer", "segment"] {
        let found = fixture.rows("SELECT message, status, attrs ->> 'status' FROM logs.bad ORDER BY message");
        assert_eq!(found, expected, "{state}");
        fixture.optimize();
    }
}

#[test]
fn five_thousand_distinct_fields_are_kept() {
    let fixture = Fixture::start();
    let lines: String = (0..5_000).map(|i| format!("{{\"status\":{i},\"field_{i}\":\"value {i}\"}}\n")).collect();
    assert_eq!(fixture.send(lines)["accepted"].as_u64(), Some(5_000));
    for state in ["buffer", "segment"] {
        for i in [0, 1, 2_500, 4_999] {
            let found = fixture.rows(&format!("SELECT status, attrs ->> 'field_{i}' FROM logs.bad WHERE attrs ? 'field_{i}'"));
            assert_eq!(found, [[i.to_string(), format!("value {i}")]], "{state}");
        }
        fixture.optimize();
    }
}

#[test]
fn one_record_may_have_five_thousand_fields() {
    let fixture = Fixture::start();
    let fields: Vec<String> = (0..5_000).map(|i| format!("\"field_{i}\":{i}")).collect();
    assert_eq!(fixture.send(format!("{{{}}}\n", fields.join(",")))["accepted"].as_u64(), Some(1));
    for state in ["buffer", "segment"] {
        assert_eq!(fixture.value("SELECT attrs ->> 'field_4999' FROM logs.bad"), "4999", "{state}");
        fixture.optimize();
    }
}

#[test]
fn keys_may_be_anything() {
    let keys =
        ["a.b", "a\"b", "a'b", "Status", "STATUS", "键", "", " ", "a b", "_offset", "_mine", "attrs.x", "\\", "1", "ключ", "🔑"];
    let fixture = Fixture::start();
    let record: serde_json::Map<_, _> = keys.iter().enumerate().map(|(i, key)| ((*key).to_owned(), i.into())).collect();
    assert_eq!(fixture.send(format!("{}\n", serde_json::Value::Object(record)))["accepted"].as_u64(), Some(1));
    for state in ["buffer", "segment"] {
        for (i, key) in keys.iter().enumerate() {
            let quoted = key.replace('\'', "''");
            assert_eq!(fixture.value(&format!("SELECT attrs ->> '{quoted}' FROM logs.bad")), i.to_string(), "{state}: {key:?}");
        }
        // Neither a column nor an offset was touched by a field of that name.
        assert_eq!(fixture.rows("SELECT status, _offset FROM logs.bad"), [["NULL", "0"]], "{state}");
        fixture.optimize();
    }
}

#[test]
fn an_attrs_object_is_merged() {
    let fixture = Fixture::start();
    fixture.send("{\"message\":\"m\",\"attrs\":{\"a\":1,\"b\":{\"c\":2}},\"d\":3}\n");
    assert_eq!(fixture.rows("SELECT attrs ->> 'a', attrs #>> '{b,c}', attrs ->> 'd' FROM logs.bad"), [["1", "2", "3"]]);
}

#[test]
fn the_last_of_equal_keys_wins() {
    let fixture = Fixture::start();
    fixture.send("{\"x\":1,\"x\":2,\"message\":\"a\",\"message\":\"b\"}\n");
    assert_eq!(fixture.rows("SELECT attrs ->> 'x', message FROM logs.bad"), [["2", "b"]]);
}

#[test]
fn deep_nesting_is_stored_or_rejected_but_never_kills() {
    let fixture = Fixture::start();
    for depth in [10, 100, 1_000, 100_000, 1_000_000] {
        let line = format!("{{\"message\":\"{depth}\",\"x\":{}{}}}\n", "[".repeat(depth), "]".repeat(depth));
        let answer = fixture.send(line);
        let rejected = answer["rejected"].as_array().unwrap().len() as u64;
        assert_eq!(answer["accepted"].as_u64().unwrap() + rejected, 1, "{depth}: {answer}");
        assert!(depth > 100 || rejected == 0, "{depth} levels are usual: {answer}");
    }
    fixture.optimize();
    assert_eq!(fixture.value("SELECT attrs ->> 'x' FROM logs.bad WHERE message = '10'"), "[[[[[[[[[[]]]]]]]]]]");
    fixture.is_well();
}

#[test]
fn numbers_that_are_none_reject_their_line() {
    let fixture = Fixture::start();
    for value in ["NaN", "Infinity", "-Infinity", "01", "1.", ".5", "+1", "0x10", "1e", "--1"] {
        let answer = fixture.send(format!("{{\"x\":{value}}}\n{{\"message\":\"good\"}}\n"));
        assert_eq!(answer["accepted"].as_u64(), Some(1), "{value}: {answer}");
        assert_eq!(answer["rejected"][0]["line"].as_u64(), Some(1), "{value}: {answer}");
    }
}
