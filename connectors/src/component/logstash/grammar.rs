//! The grammar of pipeline files, rule by rule as Logstash has it, by recursive descent.
//!
//! It is a grammar of ordered choice: the first alternative that fits is taken, and a text is refused only when none
//! does. Its quirks are kept, because a file that Logstash reads must be read here: a plugin may be called `if` or
//! `else`, a name may stand in quotes, hash entries need nothing between them, settings need whitespace between them.
//!
//! What it never does: judge whether a plugin or a setting exists.

use strata_catalog::etl::component::Refusal;

use super::condition;
use super::cursor::Cursor;
use super::tree::{
    Arm, Array, Block, Comment, Entry, File, Hash, Item, Name, Node, Plugin, Section, Stage, Test, Value, joined, on_own_lines,
};

/// Reads a whole file.
///
/// # Errors
/// [`Refusal`] at the furthest place that could be read, as Logstash reports it; for nesting past
/// [`super::tree::DEPTH_MAX`] levels, which Logstash would read.
pub fn parse(text: &str) -> Result<File, Refusal> {
    let mut cursor = Cursor::new(text);
    let parsed = file(&mut cursor);
    match (cursor.refusal(parsed.is_none()), parsed) {
        (None, Some(file)) => Ok(file),
        (Some(refusal), _) => Err(refusal),
        (None, None) => unreachable!("what fails has a reason"),
    }
}

fn file(cursor: &mut Cursor<'_>) -> Option<File> {
    let mut sections = Vec::new();
    while let Some(section) = cursor.attempt(section) {
        sections.push(section);
    }
    let end = cursor.space();
    cursor.end()?;
    Some(File { sections, end })
}

fn section(cursor: &mut Cursor<'_>) -> Option<Section> {
    let comments = cursor.space();
    let stage = Stage::ALL.into_iter().find(|stage| cursor.literal(stage.keyword(), shown(*stage)).is_some())?;
    let inside = cursor.space();
    let block = block(cursor, inside)?;
    Some(Section { comments, stage, block })
}

fn shown(stage: Stage) -> &'static str {
    match stage {
        Stage::Input => "\"input\"",
        Stage::Filter => "\"filter\"",
        Stage::Output => "\"output\"",
    }
}

/// `{ node* }`; `before` are comments that stood in front of the brace.
fn block(cursor: &mut Cursor<'_>, before: Vec<Comment>) -> Option<Block> {
    cursor.nested(|cursor| {
        cursor.literal("{", "\"{\"")?;
        let mut comments = joined(before, cursor.space());
        let mut nodes = Vec::new();
        while let Some(mut node) = cursor.attempt(branch).or_else(|| cursor.attempt(node_plugin)) {
            let own = match &mut node {
                Node::Plugin { comments, .. } => comments,
                Node::Branch(arms) => &mut arms[0].comments,
            };
            *own = joined(comments, std::mem::take(own));
            nodes.push(node);
            comments = cursor.space();
        }
        cursor.literal("}", "\"}\"")?;
        Some(Block { nodes, end: comments })
    })
}

fn branch(cursor: &mut Cursor<'_>) -> Option<Node> {
    cursor.literal("if", "\"if\"")?;
    let mut arms = vec![conditional_arm(cursor, Vec::new(), Test::If)?];
    while let Some(arm) = cursor.attempt(else_if) {
        arms.push(arm);
    }
    arms.extend(cursor.attempt(otherwise));
    Some(Node::Branch(arms))
}

fn else_if(cursor: &mut Cursor<'_>) -> Option<Arm> {
    let before = cursor.space();
    cursor.literal("else", "\"else\"")?;
    let between = on_own_lines(cursor.space());
    cursor.literal("if", "\"if\"")?;
    conditional_arm(cursor, joined(before, between), Test::ElseIf)
}

fn otherwise(cursor: &mut Cursor<'_>) -> Option<Arm> {
    let comments = cursor.space();
    cursor.literal("else", "\"else\"")?;
    let inside = cursor.space();
    Some(Arm { comments, test: Test::Else, block: block(cursor, inside)? })
}

fn conditional_arm(cursor: &mut Cursor<'_>, before: Vec<Comment>, test: fn(String) -> Test) -> Option<Arm> {
    let comments = joined(before, on_own_lines(cursor.space()));
    let from = cursor.at();
    condition::condition(cursor)?;
    let test = test(cursor.since(from).to_owned());
    let inside = cursor.space();
    Some(Arm { comments, test, block: block(cursor, inside)? })
}

fn node_plugin(cursor: &mut Cursor<'_>) -> Option<Node> {
    Some(Node::Plugin { comments: Vec::new(), plugin: plugin(cursor)? })
}

/// Logstash's grammar takes `""` for a name too, and then knows no plugin of that name: here it is refused with its place.
fn plugin(cursor: &mut Cursor<'_>) -> Option<Plugin> {
    let from = cursor.at();
    let name = name(cursor)?;
    if name.text().is_empty() {
        cursor.back_to(from);
        return cursor.miss("the name of a plugin");
    }
    let before = cursor.space();
    cursor.literal("{", "\"{\"")?;
    let mut comments = joined(before, cursor.space());
    let mut entries = Vec::new();
    if let Some(first) = cursor.attempt(setting) {
        entries.push(led_by(std::mem::take(&mut comments), first));
        while let Some(entry) = cursor.attempt(further_setting) {
            entries.push(entry);
        }
        comments = cursor.space();
    }
    cursor.literal("}", "\"}\"")?;
    Some(Plugin { name, entries, end: comments })
}

fn name(cursor: &mut Cursor<'_>) -> Option<Name> {
    match cursor.plain_name() {
        Some(name) => Some(Name::Bare(name.to_owned())),
        None => cursor.string().map(Name::Quoted),
    }
}

fn setting(cursor: &mut Cursor<'_>) -> Option<Entry> {
    let name = name(cursor)?;
    entry(cursor, name)
}

fn further_setting(cursor: &mut Cursor<'_>) -> Option<Entry> {
    // Whitespace must come right after the value before, whatever follows it; it is read again to see the line's end.
    let from = cursor.at();
    cursor.whitespace()?;
    cursor.back_to(from);
    let comments = cursor.space();
    Some(led_by(comments, setting(cursor)?))
}

fn entry(cursor: &mut Cursor<'_>, name: Name) -> Option<Entry> {
    let mut comments = cursor.space();
    cursor.literal("=>", "\"=>\"")?;
    comments.extend(cursor.space());
    Some(Entry { comments: on_own_lines(comments), name, value: value(cursor)? })
}

fn led_by(comments: Vec<Comment>, mut entry: Entry) -> Entry {
    entry.comments = joined(comments, entry.comments);
    entry
}

fn value(cursor: &mut Cursor<'_>) -> Option<Value> {
    cursor.nested(|cursor| {
        cursor
            .attempt(plugin)
            .map(Value::Plugin)
            .or_else(|| cursor.attempt(Cursor::bareword).map(|word| Value::Bareword(word.to_owned())))
            .or_else(|| cursor.attempt(Cursor::string).map(Value::Text))
            .or_else(|| cursor.attempt(Cursor::number).map(|number| Value::Number(number.to_owned())))
            .or_else(|| cursor.attempt(array).map(Value::Array))
            .or_else(|| cursor.attempt(hash).map(Value::Hash))
    })
}

/// `[ value, ... ]`; conditions have them too.
pub(super) fn array(cursor: &mut Cursor<'_>) -> Option<Array> {
    cursor.literal("[", "\"[\"")?;
    let mut comments = cursor.space();
    let mut items = Vec::new();
    if let Some(value) = cursor.attempt(value) {
        items.push(Item { comments: std::mem::take(&mut comments), value });
        while let Some(item) = cursor.attempt(further_item) {
            items.push(item);
        }
        comments = cursor.space();
    }
    cursor.literal("]", "\"]\"")?;
    Some(Array { items, end: comments })
}

fn further_item(cursor: &mut Cursor<'_>) -> Option<Item> {
    let before = cursor.space();
    cursor.literal(",", "\",\"")?;
    let comments = joined(before, cursor.space());
    Some(Item { comments, value: value(cursor)? })
}

fn hash(cursor: &mut Cursor<'_>) -> Option<Hash> {
    cursor.literal("{", "\"{\"")?;
    let mut entries = Vec::new();
    while let Some(entry) = cursor.attempt(hash_entry) {
        entries.push(entry);
    }
    let end = cursor.space();
    cursor.literal("}", "\"}\"")?;
    Some(Hash { entries, end })
}

fn hash_entry(cursor: &mut Cursor<'_>) -> Option<Entry> {
    let comments = cursor.space();
    let name = cursor
        .attempt(Cursor::number)
        .or_else(|| cursor.attempt(Cursor::bareword))
        .map(|word| Name::Bare(word.to_owned()))
        .or_else(|| cursor.string().map(Name::Quoted))?;
    Some(led_by(comments, entry(cursor, name)?))
}

#[cfg(test)]
mod tests;
