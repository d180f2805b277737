//! What does not hold together in a fold: names used twice, rules without their role or parent, circles of parents.
//!
//! Statements never leave such a fold behind, but dropping a layer, a layer that failed, and two transactions at the same
//! time can.

use std::collections::BTreeMap;
use std::fmt;

use super::{Fold, LayerId, Object, Relation, Uid};

/// What is wrong with an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum BreakKind {
    /// Another object has its name.
    SameName,
    /// Its role is not there.
    NoRole,
    /// Its parent is not there.
    NoParent,
    /// Its parent belongs to another role.
    ForeignParent,
    /// Its parents form a circle.
    Circle,
}

/// One object that does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Break {
    /// The object's relation.
    pub relation: Relation,
    /// The object.
    pub uid: Uid,
    /// What it is called.
    pub key: String,
    /// What is wrong.
    pub kind: BreakKind,
    /// The layer that set the field that is wrong.
    pub by: LayerId,
}

impl Break {
    /// The field that is wrong.
    pub fn field(&self) -> &'static str {
        match self.kind {
            BreakKind::SameName => "name",
            BreakKind::NoRole => "role",
            BreakKind::NoParent | BreakKind::ForeignParent | BreakKind::Circle => "parent",
        }
    }
}

impl fmt::Display for Break {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (noun, key) = (self.relation.noun(), &self.key);
        match self.kind {
            BreakKind::SameName => write!(f, "two {noun}s would be called \"{key}\""),
            BreakKind::NoRole => write!(f, "the role of {noun} \"{key}\" would be gone"),
            BreakKind::NoParent => write!(f, "the parent of {noun} \"{key}\" would be gone"),
            BreakKind::ForeignParent => write!(f, "the parent of {noun} \"{key}\" would belong to another role"),
            BreakKind::Circle => write!(f, "the parents of {noun} \"{key}\" would form a circle"),
        }
    }
}

/// All breaks of a fold, by uid.
pub fn all(fold: &Fold) -> Vec<Break> {
    let mut found: Vec<Break> = Vec::new();
    let mut add = |object: &Object, kind: BreakKind| {
        let key = fold.key(object.uid).unwrap_or_default();
        let mut new = Break { relation: object.relation, uid: object.uid, key, kind, by: object.made_by };
        new.by = object.set_by(new.field());
        found.push(new);
    };
    fold.same_names().for_each(|object| add(object, BreakKind::SameName));
    let parents = Parents::of(fold);
    for rule in fold.of_relation(Relation::Rules) {
        let role = rule.reference("role");
        if role.and_then(|role| fold.get(role)).is_none_or(|role| role.relation != Relation::Roles) {
            add(rule, BreakKind::NoRole);
        }
        let Some(parent) = rule.reference("parent") else { continue };
        match fold.get(parent) {
            Some(parent) if parent.relation == Relation::Rules && parent.reference("role") == role => {
                if parents.circular(rule.uid) {
                    add(rule, BreakKind::Circle);
                }
            }
            Some(parent) if parent.relation == Relation::Rules => add(rule, BreakKind::ForeignParent),
            _ => add(rule, BreakKind::NoParent),
        }
    }
    found.sort_by_key(|one| (one.uid, one.kind));
    found
}

/// Which rules reach a root when one walks up their parents.
struct Parents {
    ends: BTreeMap<Uid, bool>,
}

impl Parents {
    fn of(fold: &Fold) -> Self {
        let parent_of = |uid: Uid| fold.get(uid).and_then(|rule| rule.reference("parent"));
        let mut ends: BTreeMap<Uid, bool> = BTreeMap::new();
        for rule in fold.of_relation(Relation::Rules) {
            let mut way = Vec::new();
            let mut at = Some(rule.uid);
            // Up to a rule that is known. What is on the way counts as endless until then, so that a circle is met again.
            while let Some(uid) = at.filter(|uid| !ends.contains_key(uid)) {
                ends.insert(uid, false);
                way.push(uid);
                at = parent_of(uid);
            }
            let reached = at.is_none_or(|uid| ends[&uid]);
            ends.extend(way.into_iter().map(|uid| (uid, reached)));
        }
        Self { ends }
    }

    /// Whether the way up from a rule never ends.
    fn circular(&self, uid: Uid) -> bool {
        self.ends.get(&uid) == Some(&false)
    }
}
