//! Column definitions of `CREATE TABLE` and `ADD COLUMN`.

use datafusion::sql::sqlparser::ast::{ColumnDef, ColumnOption};
use strata_storage::ColumnId;
use strata_storage::schema::Column;

use super::check_name;
use crate::Result;
use crate::error::{EngineError, ObjectClass, Refusal};
use crate::session::insert::folded;
use crate::session::sql_type::arrow_type;

/// Columns of a topic, at most, as in PostgreSQL.
pub(super) const COLUMNS_MAX: usize = 1600;

/// A declared column.
///
/// # Errors
/// A name that every topic has already, a type or a constraint that topics do not have.
pub(super) fn column(definition: &ColumnDef, id: ColumnId) -> Result<Column> {
    let name = folded(&definition.name);
    check_name(&name)?;
    refuse_reserved(&name)?;
    let (data_type, sql_type) = arrow_type(&definition.data_type, "UTC")?;
    if data_type.is_nested() {
        return Err(EngineError::Unsupported {
            message: format!("column \"{name}\": arrays are not supported as columns of topics"),
            hint: Some("Use jsonb.".into()),
        });
    }
    let mut nullable = true;
    for option in &definition.options {
        match &option.option {
            ColumnOption::Null => nullable = true,
            ColumnOption::NotNull => nullable = false,
            ColumnOption::Comment(_) | ColumnOption::Collation(_) => {}
            ColumnOption::Generated { .. } | ColumnOption::Identity(_) => {
                return Err(EngineError::Refused {
                    reason: Refusal::GeneratedColumn,
                    message: format!("column \"{name}\": generated columns are not supported"),
                    hint: Some("Every topic has _offset, which counts its records. Compute the rest in a view.".into()),
                });
            }
            ColumnOption::Default(_) => {
                return Err(unsupported(&name, "defaults", "Let the sender fill the column, or use coalesce() in a view."));
            }
            ColumnOption::PrimaryKey(_) | ColumnOption::Unique(_) => {
                return Err(unsupported(
                    &name,
                    "unique columns",
                    "Use strata.producer and strata.sequence to store records exactly once.",
                ));
            }
            ColumnOption::ForeignKey(_) | ColumnOption::Check(_) => {
                return Err(unsupported(&name, "foreign keys and checks", "Topics keep whatever is sent."));
            }
            other => return Err(unsupported(&name, &format!("column option {other}"), "Leave it out.")),
        }
    }
    Ok(Column { id, name, data_type, nullable, sql_type: sql_type.map(str::to_owned) })
}

/// Refuses the names of the columns that every topic has.
pub(super) fn refuse_reserved(name: &str) -> Result<()> {
    if matches!(name, "attrs" | "_offset" | "_ingested_at") {
        return Err(EngineError::Refused {
            reason: Refusal::GeneratedColumn,
            message: format!("column \"{name}\" cannot be declared: every topic has it"),
            hint: None,
        });
    }
    Ok(())
}

/// Refuses two columns of one name.
pub(super) fn refuse_doubles(columns: &[Column]) -> Result<()> {
    for (i, column) in columns.iter().enumerate() {
        if columns[..i].iter().any(|earlier| earlier.name == column.name) {
            return Err(EngineError::Duplicate { what: ObjectClass::Column, name: column.name.clone() });
        }
    }
    if columns.len() > COLUMNS_MAX {
        return Err(EngineError::Refused {
            reason: Refusal::LimitExceeded,
            message: format!("tables can have at most {COLUMNS_MAX} columns"),
            hint: Some("Fields that are not declared are kept in attrs.".into()),
        });
    }
    Ok(())
}

fn unsupported(name: &str, what: &str, hint: &str) -> EngineError {
    EngineError::Unsupported { message: format!("column \"{name}\": {what} are not supported"), hint: Some(hint.into()) }
}
