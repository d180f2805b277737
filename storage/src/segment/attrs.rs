//! `attrs` in a segment: fields that occur often lie in columns of their own, the rest stays one column of text.
//!
//! ```text
//! {"a": 1, "user": {"id": "x7", "tags": []}}
//!     └─▶ attrs.a        attrs.user.id        attrs
//!         1              x7                   {"user": {"tags": []}}
//! ```
//!
//! A field's column holds one kind of value, strings or scalars. Values of another kind, null, arrays and what is left of
//! objects stay in the rest. Nobody has to say so beforehand, and a field that changes its type is no error.
//!
//! **Invariant:** columns and rest together give back the canonical text byte for byte, and each field's text as `#>>`
//! would take it from that text.

mod census;
mod rebuild;
mod split;

use std::sync::Arc;

use arrow::array::ArrayRef;
use hashbrown::HashSet;

use super::layout::{Content, FieldKind, Layout};
use super::meta::FieldSummary;
use crate::Result;
use crate::ids::ColumnId;
use crate::json::{Kind, Path};
use rebuild::Tree;

pub use census::Census;
pub use split::split;

/// Objects inside objects that are followed; what lies deeper stays in the rest as a whole.
pub const DEPTH_MAX: usize = 16;

/// The name of a field's column: `attrs.user.id`. Keys that are not plain words are quoted as SQL quotes names.
pub fn column_name(path: &[String]) -> String {
    let mut name = "attrs".to_owned();
    for key in path {
        let plain = |(at, byte): (usize, u8)| matches!(byte, b'a'..=b'z' | b'_') || at > 0 && byte.is_ascii_digit();
        if !key.is_empty() && key.bytes().enumerate().all(plain) {
            name.extend([".", key]);
        } else {
            name.extend([".\"", &key.replace('"', "\"\""), "\""]);
        }
    }
    name
}

/// Where the parts of `attrs` lie in one segment.
#[derive(Debug)]
pub struct AttrsParts {
    /// The column of the rest, if any row has one.
    rest: Option<usize>,
    fields: Vec<StoredField>,
    /// Paths that have a value other than null.
    known: HashSet<Vec<String>>,
    /// Paths below which a value may lie that `known` does not list: arrays, and objects at [`DEPTH_MAX`].
    opaque: HashSet<Vec<String>>,
    /// Whether `known` and `opaque` are complete.
    complete: bool,
}

#[derive(Debug)]
struct StoredField {
    path: Vec<String>,
    kind: FieldKind,
    column: usize,
    elsewhere: bool,
}

/// How to make an array of `attrs`, or of a field of it, from columns of the file.
#[derive(Debug)]
pub struct Recipe {
    /// The columns it needs.
    pub columns: Vec<usize>,
    step: Step,
}

#[derive(Debug)]
enum Step {
    /// The first column is it.
    Same,
    /// All of `attrs`. The last column is the rest if `rest`.
    Whole { tree: Tree, rest: bool },
    /// The field at `path` of the text made of the columns.
    Part { tree: Tree, rest: bool, path: Path },
    /// The first column if `own`, and where it is NULL the field at `path` of the rest, the last column.
    OrRest { own: bool, path: Path },
}

impl AttrsParts {
    /// From a segment's footer.
    pub fn of(layout: &Layout, fields: &[FieldSummary]) -> Self {
        let rest = layout.columns.iter().position(|column| column.content == Content::Column(ColumnId::ATTRS));
        let stored = layout.columns.iter().enumerate().filter_map(|(column, layout)| match &layout.content {
            Content::Field { path, kind, elsewhere } => {
                Some(StoredField { path: path.clone(), kind: *kind, column, elsewhere: *elsewhere > 0 })
            }
            Content::Column(_) => None,
        });
        let (mut known, mut opaque) = (HashSet::new(), HashSet::new());
        for field in fields {
            let has = |kind: Kind| field.types.iter().any(|name| name == kind.name());
            if field.types.iter().any(|name| name != Kind::Null.name()) {
                known.insert(field.path.clone());
            }
            if has(Kind::Array) || field.path.len() >= DEPTH_MAX && has(Kind::Object) {
                opaque.insert(field.path.clone());
            }
        }
        Self { rest, fields: stored.collect(), known, opaque, complete: layout.fields_complete }
    }

    /// How to make `attrs`; `None` if it is NULL in every row.
    pub fn whole(&self) -> Option<Recipe> {
        if self.fields.is_empty() {
            return self.rest.map(|rest| Recipe { columns: vec![rest], step: Step::Same });
        }
        let (tree, columns, rest) = self.tree(|_| true);
        Some(Recipe { columns, step: Step::Whole { tree, rest } })
    }

    /// How to make the text of the field at `path`; `None` if it is NULL in every row.
    pub fn field(&self, path: &[String]) -> Option<Recipe> {
        let own = self.fields.iter().find(|field| field.path == path);
        let in_array = (0..path.len()).any(|end| self.opaque.contains(&path[..end]));
        let in_rest = match own {
            Some(own) => own.elsewhere || in_array,
            None => !self.complete || in_array || path.is_empty() || self.known.contains(path),
        };
        let in_rest = in_rest && (self.rest.is_some() || path.is_empty());
        if self.fields.iter().any(|field| field.path.len() > path.len() && field.path.starts_with(path)) {
            let (tree, columns, rest) = self.tree(|field| field.path.starts_with(path));
            return Some(Recipe { columns, step: Step::Part { tree, rest, path: Path::of(path) } });
        }
        let mut columns: Vec<usize> = own.iter().map(|own| own.column).collect();
        if !in_rest {
            return (!columns.is_empty()).then_some(Recipe { columns, step: Step::Same });
        }
        columns.push(self.rest?);
        Some(Recipe { columns, step: Step::OrRest { own: own.is_some(), path: Path::of(path) } })
    }

    fn tree(&self, wanted: impl Fn(&StoredField) -> bool) -> (Tree, Vec<usize>, bool) {
        let mut tree = Tree::default();
        let mut columns = Vec::new();
        for field in self.fields.iter().filter(|field| wanted(field)) {
            tree.add(&field.path, columns.len(), field.kind);
            columns.push(field.column);
        }
        tree.sort();
        columns.extend(self.rest);
        (tree, columns, self.rest.is_some())
    }
}

impl Recipe {
    /// Whether the first of its columns is the answer as it stands.
    pub fn is_stored(&self) -> bool {
        matches!(self.step, Step::Same)
    }

    /// Makes the array from those of [`Recipe::columns`], which have one length.
    ///
    /// # Errors
    /// Arrow's, when a column is no text.
    pub fn apply(&self, columns: &[ArrayRef]) -> Result<ArrayRef> {
        match &self.step {
            Step::Same => Ok(columns[0].clone()),
            Step::Whole { tree, rest } => Ok(Arc::new(tree.rebuild(columns, *rest, None)?)),
            Step::Part { tree, rest, path } => Ok(Arc::new(tree.rebuild(columns, *rest, Some(path))?)),
            Step::OrRest { own, path } => Ok(Arc::new(rebuild::or_rest(columns, *own, path)?)),
        }
    }
}
