//! Which fields there are in `attrs`, of which kinds, how often; and which deserve a column.

use std::cmp::Reverse;

use hashbrown::{HashMap, HashSet};

use super::super::layout::FieldKind;
use super::super::meta::{FIELDS_MAX, FieldSummary};
use super::super::text::TextPart;
use super::DEPTH_MAX;
use crate::json::{self, Kind};

/// Columns that are taken out of `attrs`, at most.
const COLUMNS_MAX: usize = 200;
/// Rows that a field must occur in to have a column, at least ...
const COLUMN_ROWS_MIN: usize = 64;
/// ... and at least one row in this many.
const COLUMN_ONE_ROW_IN: usize = 100;
/// Bytes of all keys of a column's path, at most.
const PATH_BYTES_MAX: usize = 256;

/// All paths that were seen, as a tree. The first node is the root.
#[derive(Debug)]
pub struct Census {
    nodes: Vec<Node>,
    /// Whether a path was left out because there were too many.
    complete: bool,
    /// Rows whose text is no canonical object; they are never taken apart.
    unsound: HashSet<usize>,
    /// Rows that are NULL.
    pub nulls: u64,
}

#[derive(Debug, Default)]
struct Node {
    key: String,
    parent: usize,
    depth: usize,
    /// Rows by kind of value.
    rows: [u64; Kind::ALL.len()],
    /// By key as it stands in the text.
    children: HashMap<String, usize>,
    /// What followed this key the last time: most records have the same keys in the same order.
    next: usize,
    /// What its object began with the last time.
    first: usize,
    /// Its column, if it is given one.
    column: Option<(usize, FieldKind)>,
    /// Whether a node below has a column.
    has_columns_below: bool,
}

/// A field that gets a column.
#[derive(Debug)]
pub struct Chosen {
    /// Keys from the outside in.
    pub path: Vec<String>,
    /// The kind of values it takes.
    pub kind: FieldKind,
    /// Rows in which the path has a value other than null.
    pub rows: u64,
}

impl Census {
    /// Counts the fields of all rows of `parts`, one after the other.
    pub fn of(parts: &[TextPart]) -> Self {
        let mut census = Self { nodes: vec![Node::default()], complete: true, unsound: HashSet::new(), nulls: 0 };
        let mut buffer = String::new();
        let mut row = 0;
        for part in parts {
            for at in 0..part.len() {
                match part.value(at, &mut buffer) {
                    None => census.nulls += 1,
                    Some(text) if text.starts_with('{') => {
                        if !census.count(0, text) {
                            census.unsound.insert(row);
                        }
                    }
                    Some(_) => {
                        census.unsound.insert(row);
                    }
                }
                row += 1;
            }
        }
        census
    }

    /// Counts the members of an object; whether it is sound.
    fn count(&mut self, parent: usize, object: &str) -> bool {
        let mut members = json::members(object);
        let mut before = parent;
        let mut sound = true;
        for (key, value) in members.by_ref() {
            let Some(kind) = Kind::of(value) else { return false };
            let node = self.child(parent, before, key);
            if let Some(node) = node {
                self.nodes[node].rows[kind as usize] += 1;
                before = node;
            }
            if kind == Kind::Object {
                match node.filter(|node| self.nodes[*node].depth < DEPTH_MAX) {
                    Some(node) => sound &= self.count(node, value),
                    None => self.complete &= node.is_some(),
                }
            }
        }
        sound && members.is_canonical()
    }

    /// The node of `key` below `parent`; `before` is the node of the key before it.
    fn child(&mut self, parent: usize, before: usize, escaped: &str) -> Option<usize> {
        let guess = if before == parent { self.nodes[parent].first } else { self.nodes[before].next };
        let is_it = |node: &Node| node.parent == parent && node.key == escaped;
        // A key with escapes never equals its text, and is looked up.
        if guess != 0 && is_it(&self.nodes[guess]) && !json::needs_escape(escaped) {
            return Some(guess);
        }
        let found = match self.nodes[parent].children.get(escaped) {
            Some(found) => *found,
            None if self.nodes.len() > FIELDS_MAX => {
                self.complete = false;
                return None;
            }
            None => {
                let depth = self.nodes[parent].depth + 1;
                let key = json::unescape(escaped).into_owned();
                self.nodes.push(Node { key, parent, depth, ..Node::default() });
                let node = self.nodes.len() - 1;
                self.nodes[parent].children.insert(escaped.to_owned(), node);
                node
            }
        };
        if before == parent {
            self.nodes[parent].first = found;
        } else {
            self.nodes[before].next = found;
        }
        Some(found)
    }

    /// Gives columns to the fields that occur most, of `rows` rows; none is named as `taken`.
    pub fn choose(&mut self, rows: usize, taken: impl Fn(&[String]) -> bool) -> Vec<Chosen> {
        let least = COLUMN_ROWS_MIN.max(rows / COLUMN_ONE_ROW_IN) as u64;
        let mut candidates: Vec<(u64, Vec<String>, usize, FieldKind)> = Vec::new();
        for (at, node) in self.nodes.iter().enumerate().skip(1) {
            let (count, kind) = node.commonest();
            if count >= least {
                let path = self.path(at);
                let bytes: usize = path.iter().map(String::len).sum();
                if bytes <= PATH_BYTES_MAX && !taken(&path) {
                    candidates.push((count, path, at, kind));
                }
            }
        }
        candidates.sort_by(|a, b| (Reverse(a.0), &a.1).cmp(&(Reverse(b.0), &b.1)));
        candidates.truncate(COLUMNS_MAX);
        let mut chosen = Vec::with_capacity(candidates.len());
        for (_, path, node, kind) in candidates {
            self.nodes[node].column = Some((chosen.len(), kind));
            chosen.push(Chosen { path, kind, rows: self.nodes[node].values() });
            let mut above = self.nodes[node].parent;
            while !std::mem::replace(&mut self.nodes[above].has_columns_below, true) {
                above = self.nodes[above].parent;
            }
        }
        chosen
    }

    /// The node of a member of the object at `parent`, if it was counted.
    pub fn member(&self, parent: usize, escaped: &str) -> Option<usize> {
        self.nodes[parent].children.get(escaped).copied()
    }

    /// The column of a node.
    pub fn column(&self, node: usize) -> Option<(usize, FieldKind)> {
        self.nodes[node].column
    }

    /// Whether a node below has a column.
    pub fn has_columns_below(&self, node: usize) -> bool {
        self.nodes[node].has_columns_below
    }

    /// Whether a row may be taken apart.
    pub fn is_sound(&self, row: usize) -> bool {
        !self.unsound.contains(&row)
    }

    /// Rows that are never taken apart.
    pub fn unsound_rows(&self) -> u64 {
        self.unsound.len() as u64
    }

    /// Whether every path is in [`Census::summaries`].
    pub fn is_complete(&self) -> bool {
        self.complete && self.unsound.is_empty()
    }

    /// All paths, most frequent first.
    pub fn summaries(&self) -> Vec<FieldSummary> {
        let summary = |(at, node): (usize, &Node)| FieldSummary {
            path: self.path(at),
            types: Kind::ALL.iter().filter(|kind| node.rows[**kind as usize] > 0).map(|kind| kind.name().to_owned()).collect(),
            rows: node.rows.iter().sum(),
            stored_as_column: node.column.is_some(),
        };
        let mut summaries: Vec<FieldSummary> = self.nodes.iter().enumerate().skip(1).map(summary).collect();
        summaries.sort_by(|a, b| (Reverse(a.rows), &a.path).cmp(&(Reverse(b.rows), &b.path)));
        summaries
    }

    fn path(&self, mut node: usize) -> Vec<String> {
        let mut path = Vec::with_capacity(self.nodes[node].depth);
        while node != 0 {
            path.push(self.nodes[node].key.clone());
            node = self.nodes[node].parent;
        }
        path.reverse();
        path
    }
}

impl Node {
    fn commonest(&self) -> (u64, FieldKind) {
        let text = self.rows[Kind::String as usize];
        let scalar = self.rows[Kind::Number as usize] + self.rows[Kind::Boolean as usize];
        if text >= scalar { (text, FieldKind::Text) } else { (scalar, FieldKind::Scalar) }
    }

    /// Rows with a value other than null.
    fn values(&self) -> u64 {
        self.rows.iter().sum::<u64>() - self.rows[Kind::Null as usize]
    }
}
