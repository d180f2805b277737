//! What can be wrong with a change of the configuration.

use super::position::BadPosition;
use super::{Break, BreakKind, Conflict, FieldKind, LayerId, LayerState, Relation};

/// An error of the layer model. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LayerError {
    /// There is no such layer.
    #[error("layer {layer} does not exist")]
    NoLayer {
        /// Its id.
        layer: LayerId,
    },
    /// The layer is not part of the configuration, so it cannot be taken away.
    #[error("layer {layer} cannot be dropped: it is {state}")]
    NotInFold {
        /// Its id.
        layer: LayerId,
        /// What it is instead.
        state: LayerState,
    },
    /// The layer is dropped.
    #[error("layer {layer} was dropped by layer {by}")]
    AlreadyDropped {
        /// Its id.
        layer: LayerId,
        /// The layer that dropped it.
        by: LayerId,
    },
    /// The layer is not dropped, so it cannot be restored.
    #[error("layer {layer} is not dropped: it is {state}")]
    NotDropped {
        /// Its id.
        layer: LayerId,
        /// What it is instead.
        state: LayerState,
    },
    /// Later layers edit objects that would be gone.
    #[error("{count} later changes would have no object, the first of them \"{path}\" of {key}, set by layer {by}")]
    Orphans {
        /// How many.
        count: usize,
        /// The object.
        key: String,
        /// Its field.
        path: String,
        /// Who set it.
        by: LayerId,
    },
    /// The configuration would not hold together.
    #[error("{first}{}", more(*.count))]
    Broken {
        /// The first break.
        first: Break,
        /// How many there are.
        count: usize,
    },
    /// A statement would leave a configuration that does not hold together.
    #[error("{first}{}", more(*.count))]
    Constraint {
        /// The first break.
        first: Break,
        /// How many there are.
        count: usize,
    },
    /// The configuration has changed since the plan was made.
    #[error("the configuration has changed since the plan was made")]
    PlanMoved,
    /// A transaction that was committed in the meantime touched the same thing.
    #[error("could not serialize access due to a concurrent change: {first}{}", more(*.count))]
    Conflict {
        /// The first conflict.
        first: Conflict,
        /// How many there are.
        count: usize,
    },
    /// A layer was stored or changed by somebody else in the meantime; look again.
    #[error("the layers are at revision {found}, not {expected}")]
    Revision {
        /// What the caller had seen.
        expected: i64,
        /// What is there.
        found: i64,
    },
    /// A layer does not go from one of these states to the other.
    #[error("layer {layer} is {from} and cannot become {to}")]
    Transition {
        /// Its id.
        layer: LayerId,
        /// Its state.
        from: LayerState,
        /// The state that was asked for.
        to: LayerState,
    },
    /// The relation has no such column.
    #[error("column \"{field}\" of relation \"etl.{relation}\" does not exist")]
    NoField {
        /// The relation.
        relation: Relation,
        /// The column.
        field: String,
    },
    /// A column that has no default was not given, or was set to null.
    #[error("null value in column \"{field}\" of relation \"etl.{relation}\"")]
    NullField {
        /// The relation.
        relation: Relation,
        /// The column.
        field: &'static str,
    },
    /// A value of the wrong shape.
    #[error("column \"{field}\" of relation \"etl.{relation}\" must be {expected}")]
    WrongType {
        /// The relation.
        relation: Relation,
        /// The column.
        field: &'static str,
        /// What it holds.
        expected: FieldKind,
    },
    /// A value that is too long or nested too deeply.
    #[error(
        "value of column \"{field}\" of relation \"etl.{relation}\" is longer than {bytes_max} bytes or nested deeper than {depth_max}"
    )]
    TooLarge {
        /// The relation.
        relation: Relation,
        /// The column.
        field: &'static str,
        /// Length that is allowed.
        bytes_max: usize,
        /// Depth that is allowed.
        depth_max: usize,
    },
    /// There is no role or rule of that name.
    #[error("{} \"{name}\" does not exist", .relation.noun())]
    NoObject {
        /// Its relation.
        relation: Relation,
        /// Its name.
        name: String,
    },
    /// A row that refers to a role or a parent that is not there.
    #[error("column \"{field}\" of relation \"etl.rules\" names the {} \"{name}\", which does not exist", .relation.noun())]
    NoReference {
        /// The column.
        field: &'static str,
        /// Relation that it refers to.
        relation: Relation,
        /// The name.
        name: String,
    },
    /// A text that is no position.
    #[error(transparent)]
    BadPosition(#[from] BadPosition),
    /// Stored layers that do not fit together.
    #[error("the stored layers do not fit together: {reason}")]
    Inconsistent {
        /// What does not fit.
        reason: String,
    },
}

fn more(count: usize) -> String {
    match count {
        0 | 1 => String::new(),
        _ => format!(" (and {} more)", count - 1),
    }
}

impl LayerError {
    /// What a person can do, as a sentence.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NotInFold { state: LayerState::Failed, .. } => "A failed layer changes nothing.".to_owned(),
            Self::AlreadyDropped { layer, .. } => format!("Use CALL etl.restore_layer({layer}) to bring it back."),
            Self::NotDropped { layer, state } if state.folds() => {
                format!("To undo what layer {layer} did, use CALL etl.drop_layer({layer}).")
            }
            Self::Orphans { .. } => {
                "Use orphans => 'drop' to let these changes go too, or orphans => 'keep' to keep the objects they change."
                    .to_owned()
            }
            Self::Broken { .. } => {
                "Look at etl.plan_drop or etl.plan_rollback for all of them, and change these objects first.".to_owned()
            }
            Self::Constraint { first, .. } => match first.kind {
                BreakKind::SameName => "Take another name, or change the object that is there.".to_owned(),
                BreakKind::NoRole => "Delete the rules of a role before the role, or in the same statement.".to_owned(),
                BreakKind::NoParent | BreakKind::ForeignParent | BreakKind::Circle => {
                    "The parent of a rule is another rule of the same role, and not below it.".to_owned()
                }
            },
            Self::NoReference { relation: Relation::Roles, .. } => "Insert the role first.".to_owned(),
            Self::NoReference { relation: Relation::Rules, .. } => {
                "A parent is a rule of the same role; insert it first, or in the same statement.".to_owned()
            }
            Self::PlanMoved => "Make the plan again and look at it.".to_owned(),
            Self::Conflict { .. } => "Run the transaction again.".to_owned(),
            Self::BadPosition(_) => "Use a decimal number such as 2.5.".to_owned(),
            _ => return None,
        })
    }
}
