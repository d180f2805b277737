//! Comments find their places: each goes to the entry or item that it stands beside or in front of, or to the end of the
//! table or array that closes behind it.
//!
//! ```text
//! sources:
//!   in:            # beside "in"
//!     # before "type"
//!     type: stdin
//!     # at the end of "in", for it is indented like its entries
//!   # at the end of "sources"
//! sinks:
//! ```
//!
//! **Invariant:** no comment is lost, and those of one place keep their order.

use super::tree::{Origin, Place, Table, Value};

/// A comment of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// Where its sign stands.
    pub place: Place,
    /// What follows the sign.
    pub text: String,
    /// Nothing that means something stands in front of it on its line.
    pub own_line: bool,
}

/// A table or an array.
#[derive(Debug)]
struct Container {
    parent: Option<usize>,
    /// The anchor whose value it is.
    owner: Option<usize>,
    close: Option<Place>,
    column: u32,
    end: Vec<String>,
}

/// An entry or an item.
#[derive(Debug)]
struct Anchor {
    at: Place,
    container: usize,
    /// The container that is its value.
    opens: Option<usize>,
    comments: Vec<String>,
    beside: Option<String>,
}

/// Gives the comments of a text, in their order, to the tree that was read from it.
pub fn attach(root: &mut Table, remarks: Vec<Remark>) {
    if remarks.is_empty() {
        return;
    }
    let root_column = root.entries.first().map_or(0, |entry| entry.origin.at.column);
    let mut survey = Survey {
        containers: vec![Container { parent: None, owner: None, close: None, column: root_column, end: Vec::new() }],
        anchors: Vec::new(),
    };
    survey.table(root, 0);
    let mut order: Vec<usize> = (0..survey.anchors.len()).collect();
    order.sort_by_key(|anchor| survey.anchors[*anchor].at);
    let mut last: Option<(Option<usize>, Target)> = None;
    for remark in remarks {
        let next = order.partition_point(|anchor| survey.anchors[*anchor].at < remark.place);
        let previous = next.checked_sub(1).map(|at| order[at]);
        let next = order.get(next).copied();
        if !remark.own_line
            && let Some(anchor) = previous.and_then(|previous| survey.neighbour(previous, remark.place))
            && survey.anchors[anchor].beside.is_none()
        {
            survey.anchors[anchor].beside = Some(remark.text);
            continue;
        }
        // Behind a comment that was given to an outer container none goes back into an inner one.
        let from = match last {
            Some((before, target)) if before == next => Some(target),
            _ => None,
        };
        let target = survey.target(previous, next, from, &remark);
        last = Some((next, target));
        match target {
            Target::Before(anchor) => survey.anchors[anchor].comments.push(remark.text),
            Target::EndOf(container) => survey.containers[container].end.push(remark.text),
        }
    }
    let mut survey = Handing { containers: survey.containers.into_iter(), anchors: survey.anchors.into_iter() };
    let top = survey.containers.next();
    survey.table(root);
    root.end.extend(top.into_iter().flat_map(|top| top.end));
}

/// Where a comment on a line of its own goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Target {
    Before(usize),
    EndOf(usize),
}

/// All containers and anchors of a tree, numbered in its order.
struct Survey {
    containers: Vec<Container>,
    anchors: Vec<Anchor>,
}

impl Survey {
    fn table(&mut self, table: &Table, container: usize) {
        for entry in &table.entries {
            self.anchor(entry.origin, &entry.value, container);
        }
    }

    fn anchor(&mut self, origin: Origin, value: &Value, container: usize) {
        let anchor = self.anchors.len();
        self.anchors.push(Anchor { at: origin.at, container, opens: None, comments: Vec::new(), beside: None });
        let opened = self.containers.len();
        if matches!(value, Value::Table(_) | Value::Array(_)) {
            self.anchors[anchor].opens = Some(opened);
            self.containers.push(Container {
                parent: Some(container),
                owner: Some(anchor),
                close: origin.close,
                column: origin.column,
                end: Vec::new(),
            });
        }
        match value {
            Value::Table(table) => self.table(table, opened),
            Value::Array(array) => array.items.iter().for_each(|item| self.anchor(item.origin, &item.value, opened)),
            Value::Text(_) | Value::Number(_) | Value::Bool(_) | Value::Null | Value::Bare(_) => {}
        }
    }

    /// Whose line it is: the anchor before, or the owner of a container that was closed on the way.
    fn neighbour(&self, previous: usize, place: Place) -> Option<usize> {
        let is_closed = |container: usize| self.containers[container].close.is_some_and(|close| close < place);
        let mut anchor = previous;
        while is_closed(self.anchors[anchor].container) {
            anchor = self.containers[self.anchors[anchor].container].owner?;
        }
        Some(anchor)
    }

    /// Where a comment between two anchors goes; `from` is where the one before it went.
    fn target(&self, previous: Option<usize>, next: Option<usize>, from: Option<Target>, remark: &Remark) -> Target {
        let around_next = |container: usize| {
            let mut at = next.map(|next| self.anchors[next].container);
            while let Some(outer) = at {
                if outer == container {
                    return true;
                }
                at = self.containers[outer].parent;
            }
            false
        };
        let mut at = match from {
            Some(Target::Before(_)) => None,
            Some(Target::EndOf(container)) => Some(container),
            None => previous.map(|previous| self.anchors[previous].opens.unwrap_or(self.anchors[previous].container)),
        };
        while let Some(container) = at.filter(|container| !around_next(*container)) {
            let Container { parent, close, column, .. } = &self.containers[container];
            let takes = match close {
                Some(close) => *close > remark.place,
                None => *column > 0 && remark.place.column >= *column,
            };
            if takes {
                return Target::EndOf(container);
            }
            at = *parent;
        }
        next.map_or(Target::EndOf(0), Target::Before)
    }
}

/// The same walk again, with what was collected.
struct Handing {
    containers: std::vec::IntoIter<Container>,
    anchors: std::vec::IntoIter<Anchor>,
}

impl Handing {
    fn table(&mut self, table: &mut Table) {
        for entry in &mut table.entries {
            if let Some(anchor) = self.anchors.next() {
                entry.comments = anchor.comments;
                entry.beside = anchor.beside;
            }
            self.value(&mut entry.value);
        }
    }

    fn value(&mut self, value: &mut Value) {
        match value {
            Value::Table(table) => {
                let own = self.containers.next();
                self.table(table);
                table.end.extend(own.into_iter().flat_map(|own| own.end));
            }
            Value::Array(array) => {
                let own = self.containers.next();
                for item in &mut array.items {
                    if let Some(anchor) = self.anchors.next() {
                        item.comments = anchor.comments;
                        item.beside = anchor.beside;
                    }
                    self.value(&mut item.value);
                }
                array.end.extend(own.into_iter().flat_map(|own| own.end));
            }
            Value::Text(_) | Value::Number(_) | Value::Bool(_) | Value::Null | Value::Bare(_) => {}
        }
    }
}
