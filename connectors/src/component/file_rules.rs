//! Rules that are files: what `generic` and `rsyslog` have in common.
//!
//! ```text
//! stage   name                position  body or settings
//! file    conf.d/10-web.conf  1         the content
//! ```
//!
//! The name is the path below the sidecar's root. A path that cannot be one, or that needs a folder where another rule has a
//! file, is found by rule and column.

use std::collections::HashSet;

use strata_catalog::etl::component::{Finding, RenderedFile, Role, Rule, Severity};

/// The only stage of such rules.
pub const STAGE: &str = "file";
/// Setting of a role: the path of the file that an imported text becomes. Without it, the role's name and `.conf`.
pub const PATH_SETTING: &str = "path";

/// The enabled rules, by path.
pub fn enabled(rules: &[Rule]) -> Vec<&Rule> {
    let mut enabled: Vec<&Rule> = rules.iter().filter(|rule| rule.enabled).collect();
    enabled.sort_by(|a, b| a.name.cmp(&b.name));
    enabled
}

/// An imported text as the one rule that it becomes.
pub fn imported(role: &Role, text: &str) -> Vec<Rule> {
    let path = role.settings.get(PATH_SETTING).and_then(|path| path.as_str()).map(str::to_owned);
    let path = path.unwrap_or_else(|| format!("{}.conf", role.name));
    let mut rule = Rule::new(&role.name, STAGE, &path);
    rule.position = strata_catalog::etl::Position::whole(1);
    rule.body = Some(text.to_owned());
    vec![rule]
}

/// What is wrong with the shape of the enabled rules. `used` are the columns that this kind reads beside `body` and `settings`.
pub fn misshapen(rules: &[Rule], used: &[&str]) -> Vec<Finding> {
    let rules = enabled(rules);
    let paths: HashSet<&str> = rules.iter().map(|rule| rule.name.as_str()).collect();
    let mut findings = Vec::new();
    for rule in &rules {
        let mut error = |field: &str, message: String, hint: &str| {
            findings.push(Finding::error(&rule.name, field, message).with_hint(hint));
        };
        if rule.stage != STAGE {
            error("stage", format!("stage \"{}\" is none of this kind", rule.stage), "Every rule is of stage file.");
        }
        if let Err(bad) = RenderedFile::new(&rule.name, String::new()) {
            error("name", bad.to_string(), "The name is the file's path below the sidecar's root.");
        }
        let mut above = rule.name.match_indices('/').map(|(at, _)| &rule.name[..at]);
        if let Some(file) = above.find(|folder| paths.contains(folder)) {
            error("name", format!("\"{file}\" is a file of another rule and no folder"), "Rename one of the two.");
        }
        for column in rule.given().filter(|column| !used.contains(column)) {
            error(
                column,
                format!("column \"{column}\" means nothing for a file of this kind"),
                "Set it to NULL, or inputs to {}.",
            );
        }
    }
    findings
}

/// Files of all enabled rules, by path, if nothing stands in the way.
///
/// # Errors
/// Those of `findings` that are errors.
pub fn files(
    rules: &[Rule],
    findings: Vec<Finding>,
    content: impl Fn(&Rule) -> String,
) -> Result<Vec<RenderedFile>, Vec<Finding>> {
    let errors: Vec<Finding> = findings.into_iter().filter(|finding| finding.severity == Severity::Error).collect();
    if !errors.is_empty() {
        return Err(errors);
    }
    let file = |rule: &&Rule| {
        RenderedFile::new(&rule.name, content(rule)).map_err(|bad| vec![Finding::error(&rule.name, "name", bad.to_string())])
    };
    enabled(rules).iter().map(file).collect()
}
