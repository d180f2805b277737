//! Where programs stand, and what is said about them.

use serde_json::{Value, json};
use strata_catalog::etl::component::Rule;

use super::{findings, programs};

fn transform(plugin: &str, settings: Value) -> Rule {
    Rule { plugin: Some(plugin.to_owned()), settings, ..Rule::new("edge", "transform", plugin) }
}

fn remap(program: &str) -> Rule {
    Rule { body: Some(program.to_owned()), ..transform("remap", json!({})) }
}

#[test]
fn programs_stand_in_many_places() {
    let rules = [
        remap(".a = 1"),
        Rule { condition: Some("true".to_owned()), ..transform("filter", json!({})) },
        transform("route", json!({"route": {"x": "a", "y": {"type": "vrl", "source": "b"}, "z": {"type": "is_log"}}})),
        transform(
            "exclusive_route",
            json!({"routes": [{"name": "n", "condition": "c"}, {"name": "m", "condition": {"type": "vrl", "source": "d"}}]}),
        ),
        transform("reduce", json!({"ends_when": "e"})),
        Rule { body: Some("lua".to_owned()), ..transform("lua", json!({})) },
    ];
    let found: Vec<String> = programs(&rules).into_iter().map(|one| format!("{} {} {}", one.rule, one.field, one.text)).collect();
    assert_eq!(
        found,
        [
            "exclusive_route settings.routes c",
            "exclusive_route settings.routes.source d",
            "filter condition true",
            "reduce settings.ends_when e",
            "remap body .a = 1",
            "route settings.route.x a",
            "route settings.route.y.source b",
        ]
    );
}

#[cfg(not(feature = "vrl"))]
#[test]
fn a_build_without_the_compiler_says_so() {
    let found = findings(&programs(&[remap("broken (")]));
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].message, "this build does not check VRL: 1 programs were not looked at");
    assert_eq!(findings(&[]), []);
}

#[cfg(feature = "vrl")]
mod compiled {
    use super::*;

    #[track_caller]
    fn check(rule: Rule, expected: &[&str]) {
        let rules = [rule];
        let found: Vec<String> = findings(&programs(&rules))
            .into_iter()
            .map(|one| format!("{} {}: {}", one.severity, one.field.unwrap_or_default(), one.message))
            .collect();
        assert_eq!(found, expected);
    }

    fn filter(condition: &str) -> Rule {
        Rule { condition: Some(condition.to_owned()), ..transform("filter", json!({})) }
    }

    #[test]
    fn errors_say_line_and_column() {
        check(remap(".a = upcase(string!(.b))\n.c = parse_json!(.d)\n"), &[]);
        check(
            remap(".x = 1\n\n  .b = fooo(.c)"),
            &["error body: line 3, column 8: call to undefined function: undefined function (E105)"],
        );
        check(remap("if .a == \"é\" {\n"), &["error body: line 2, column 1: syntax error: unexpected end of program (E204)"]);
        check(
            remap(".\"é\" = upcase(.b)"),
            &[
                "error body: line 1, column 8: unhandled fallible assignment: this expression is fallible because at least one argument's type cannot be verified to be valid (E103)",
            ],
        );
    }

    #[test]
    fn conditions_are_true_or_false() {
        check(filter(".status == 200 && exists(.a)"), &[]);
        check(filter(".status"), &["error condition: line 1, column 1: a condition must be true or false"]);
    }

    #[test]
    fn functions_that_only_vector_has_are_known() {
        check(
            remap(".s = get_secret(\"k\")\n.r = get_enrichment_table_record!(\"t\", {\"a\": .b})\n.h = sha2(string!(.x))"),
            &[],
        );
        check(
            remap(".n = dns_lookup(\"x\")"),
            &[
                "error body: line 1, column 6: unhandled fallible assignment: this expression is fallible because at least one argument's type cannot be verified to be valid (E103)",
            ],
        );
    }

    #[test]
    fn what_the_environment_decides_is_a_warning() {
        check(
            remap(".a = ${LEVEL}"),
            &[
                "warning body: line 1, column 6: syntax error: unexpected syntax token: \"InvalidToken\" (E203) (as it stands, before references are replaced)",
            ],
        );
        check(remap(".a = \"${LEVEL:-info}\""), &[]);
    }

    #[test]
    fn a_program_cannot_bring_the_server_down() {
        for (deep, end) in [("!", "true"), ("(", ""), ("[", ""), ("{", ""), ("1+", "1"), ("if true {", ""), (".a ?? ", "1")] {
            let program = format!("{}{end}", deep.repeat(60_000 / deep.len()));
            let found = findings(&programs(&[remap(&program)]));
            assert!(found[0].message.contains("not checked"), "{deep}: {found:?}");
        }
        let long = ".a = 1\n".repeat(10_000);
        assert!(findings(&programs(&[remap(&long)]))[0].message.contains("70000 bytes"));
    }

    #[test]
    fn the_deepest_program_that_is_compiled_has_a_stack() {
        for (deep, end) in [("!", "true"), ("1+", "1"), ("if true {", ""), ("[", ""), (".a ?? ", "1")] {
            let found = findings(&programs(&[remap(&format!(".a = {}{end}", deep.repeat(200)))]));
            assert!(found.iter().all(|one| !one.message.contains("not checked")), "{deep}: {found:?}");
        }
    }
}
