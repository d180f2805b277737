//! A role or a rule as the fold makes it.

use serde_json::Value;

use super::{FieldPath, LayerId, Node, Position, Relation, Row, Uid};

/// An object. It is the same one as long as its uid is, whatever its fields say.
#[derive(Debug, Clone, PartialEq)]
pub struct Object {
    /// Its relation.
    pub relation: Relation,
    /// Its identity.
    pub uid: Uid,
    /// The layer that made it.
    pub made_by: LayerId,
    /// Its fields; a branch.
    fields: Node,
}

impl Object {
    /// A new object, all fields set by the layer that makes it.
    pub fn new(relation: Relation, uid: Uid, fields: Row, made_by: LayerId) -> Self {
        Self { relation, uid, made_by, fields: Node::new(Value::Object(fields), made_by) }
    }

    /// What lies at a path.
    pub fn get(&self, path: &FieldPath) -> Option<&Node> {
        self.fields.get(&path.0)
    }

    /// Sets a field or a key.
    pub fn set(&mut self, path: &FieldPath, value: Value, by: LayerId) {
        self.fields.set(&path.0, value, by);
    }

    /// Removes a key.
    pub fn unset(&mut self, path: &FieldPath) {
        self.fields.unset(&path.0);
    }

    /// All its fields, with uids in references.
    pub fn fields(&self) -> Row {
        match self.fields.value() {
            Value::Object(row) => row,
            other => unreachable!("the fields of an object are {other}"),
        }
    }

    /// All fields with the layers that set them.
    pub fn node(&self) -> &Node {
        &self.fields
    }

    /// A column that is no object.
    fn leaf(&self, field: &str) -> Option<&Value> {
        match &self.fields {
            Node::Branch { children, .. } => match children.get(field)? {
                Node::Leaf { value, .. } => Some(value),
                Node::Branch { .. } => None,
            },
            Node::Leaf { .. } => None,
        }
    }

    /// A text field, such as `stage`; `None` when it is null or not there.
    pub fn text(&self, field: &str) -> Option<&str> {
        self.leaf(field)?.as_str()
    }

    /// Its name.
    pub fn name(&self) -> &str {
        self.text("name").unwrap_or_default()
    }

    /// The object that a field refers to.
    pub fn reference(&self, field: &str) -> Option<Uid> {
        self.leaf(field)?.as_i64().map(Uid)
    }

    /// The layer that set a column.
    pub fn set_by(&self, field: &str) -> LayerId {
        self.get(&FieldPath::of(field)).map_or(self.made_by, Node::by)
    }

    /// Where a rule stands among its siblings.
    pub fn position(&self) -> Option<Position> {
        self.text("position")?.parse().ok()
    }
}
