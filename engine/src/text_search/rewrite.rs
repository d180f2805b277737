//! Types, before anything runs: casts to `tsquery` and `tsvector` become calls that check, arguments are what a function takes, and
//! `length` of a vector counts words. DataFusion sees text in all of them and would not notice.

use arrow::datatypes::Field;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::Transformed;
use datafusion::common::{DFSchema, Result};
use datafusion::logical_expr::expr::{Cast, ScalarFunction};
use datafusion::logical_expr::expr_rewriter::FunctionRewrite;
use datafusion::logical_expr::{Expr, ExprSchemable};

use super::function::{Argument, TextSearchFunction, external};
use super::planner::{call, is_untyped};
use super::types::Kind;
use super::{input, vector_length};
use crate::error::{EngineError, ObjectClass};
use crate::session::sql_type::type_name;

/// Checks arguments and puts functions in the place of casts.
#[derive(Debug)]
pub(super) struct TextSearchTypes;

impl FunctionRewrite for TextSearchTypes {
    fn name(&self) -> &str {
        "text_search_types"
    }

    fn rewrite(&self, expr: Expr, schema: &DFSchema, _config: &ConfigOptions) -> Result<Transformed<Expr>> {
        match expr {
            Expr::Cast(Cast { expr: inner, field }) => {
                let wanted = Kind::of(&field);
                let input = match wanted {
                    Kind::Query => &input::QUERY,
                    Kind::Vector => &input::VECTOR,
                    _ => return Ok(Transformed::no(Expr::Cast(Cast { expr: inner, field }))),
                };
                match Kind::of(&inner.to_field(schema)?.1) {
                    same if same == wanted => Ok(Transformed::yes(*inner)),
                    _ => {
                        let call = call(input, vec![*inner]);
                        // Finds what is wrong with a literal, even if there will be no rows.
                        call.to_field(schema)?;
                        Ok(Transformed::yes(call))
                    }
                }
            }
            Expr::ScalarFunction(function) => {
                check(&function, schema)?;
                if let ("character_length", [vector]) = (function.name(), function.args.as_slice())
                    && Kind::of(&vector.to_field(schema)?.1) == Kind::Vector
                {
                    return Ok(Transformed::yes(call(&vector_length::DEFINITION, function.args)));
                }
                Ok(Transformed::no(Expr::ScalarFunction(function)))
            }
            expr => Ok(Transformed::no(expr)),
        }
    }
}

/// Whether the arguments of a function of ours are what it takes.
fn check(call: &ScalarFunction, schema: &DFSchema) -> Result<()> {
    let Some(function) = call.func.inner().downcast_ref::<TextSearchFunction>() else { return Ok(()) };
    let fields = call.args.iter().map(|argument| Ok(argument.to_field(schema)?.1)).collect::<Result<Vec<_>>>()?;
    let kinds: Vec<Kind> = fields.iter().map(|field| Kind::of(field)).collect();
    let first = usize::from(function.definition.is_configured(&kinds));
    let given = call.args.iter().zip(&kinds).skip(first);
    let fits = given.zip(function.definition.arguments).all(|((argument, kind), wanted)| match wanted {
        Argument::Text => *kind == Kind::Text,
        Argument::Query => *kind == Kind::Query || (*kind == Kind::Text && is_untyped(argument)),
        Argument::Vector => *kind == Kind::Vector || (*kind == Kind::Text && is_untyped(argument)),
        // Checked by DataFusion, which knows integers.
        Argument::Integer => true,
    });
    if fits {
        return Ok(());
    }
    let types: Vec<String> = fields.iter().map(|field: &std::sync::Arc<Field>| type_name(field)).collect();
    let hint = if kinds.contains(&Kind::Jsonb) {
        "Cast jsonb to text, or name a field of it with ->>."
    } else {
        "to_tsvector makes a tsvector of text, to_tsquery a tsquery."
    };
    Err(external(EngineError::Undefined {
        what: ObjectClass::Function,
        name: format!("{}({})", function.definition.name, types.join(", ")),
        hint: Some(hint.into()),
    }))
}
