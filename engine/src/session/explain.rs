//! `EXPLAIN` and `EXPLAIN ANALYZE`: the physical plan as lines of text, with metrics when it was run.

use std::sync::Arc;

use arrow::array::{RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::display::DisplayableExecutionPlan;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::sql::sqlparser::ast::{AnalyzeFormat, AnalyzeFormatKind, Expr, Statement, UtilityOption, Value};
use futures::{StreamExt, TryStreamExt};

use super::execution::Running;
use super::outcome::{Outcome, Parameters, Prepared};
use super::physical::physical_plan;
use super::{Session, setting};
use crate::Result;
use crate::error::{EngineError, Refusal};

/// The one column of the answer.
pub(super) fn columns() -> SchemaRef {
    Arc::new(Schema::new(vec![Field::new("QUERY PLAN", DataType::Utf8, true)]))
}

/// `EXPLAIN (ANALYZE, VERBOSE, ...)`.
#[derive(Debug, Clone, Copy, Default)]
struct Options {
    analyze: bool,
    verbose: bool,
}

impl Session {
    pub(super) async fn explain(
        &self,
        statement: &Statement,
        prepared: &Prepared,
        parameters: Parameters,
        running: Running,
    ) -> Result<Outcome> {
        let Statement::Explain { analyze, verbose, statement: inner, format, options, .. } = statement else {
            return Err(EngineError::Unsupported {
                message: "DESCRIBE is not supported".into(),
                hint: Some("Use \\d in psql, or information_schema.columns.".into()),
            });
        };
        let wanted = wanted(Options { analyze: *analyze, verbose: *verbose }, format.as_ref(), options.as_deref())?;
        if !matches!(inner.as_ref(), Statement::Query(_)) {
            return Err(EngineError::Refused {
                reason: Refusal::InvalidStatementKind,
                message: "only queries can be explained".into(),
                hint: None,
            });
        }
        let state = self.state();
        let began = tokio::time::Instant::now();
        let plan = self.plan_query(&state, inner.as_ref().clone(), &prepared.parameters, parameters);
        let plan = running.unless_stopped(plan).await?;
        let lines = if wanted.analyze {
            let started = running.start(&state, &plan).await?;
            let planned = began.elapsed();
            let mut rows = 0;
            let mut stream = started.stream;
            while let Some(batch) = running.unless_stopped(async { Ok(stream.try_next().await?) }).await? {
                rows += batch.num_rows();
            }
            let ran = began.elapsed().saturating_sub(planned);
            let display = DisplayableExecutionPlan::with_metrics(started.physical.as_ref());
            let mut lines = text_lines(&display.indent(wanted.verbose).to_string());
            lines.push(format!("Planning Time: {:.3} ms", planned.as_secs_f64() * 1e3));
            lines.push(format!("Execution Time: {:.3} ms, {rows} rows", ran.as_secs_f64() * 1e3));
            lines
        } else {
            let physical = running.unless_stopped(async { Ok(physical_plan(&state, &plan).await?) }).await?;
            text_lines(&DisplayableExecutionPlan::new(physical.as_ref()).indent(wanted.verbose).to_string())
        };
        let stream = running.into_stream(rows_of_text(columns(), vec![lines])?);
        Ok(Outcome::Rows { columns: columns(), stream, verb: "EXPLAIN" })
    }
}

fn text_lines(text: &str) -> Vec<String> {
    text.lines().map(str::to_owned).collect()
}

fn wanted(mut wanted: Options, format: Option<&AnalyzeFormatKind>, options: Option<&[UtilityOption]>) -> Result<Options> {
    let text_only = |name: &str| EngineError::Unsupported {
        message: format!("EXPLAIN format {name} is not supported"),
        hint: Some("Use FORMAT TEXT.".into()),
    };
    if let Some(AnalyzeFormatKind::Keyword(format) | AnalyzeFormatKind::Assignment(format)) = format
        && *format != AnalyzeFormat::TEXT
    {
        return Err(text_only(&format.to_string()));
    }
    for option in options.unwrap_or_default() {
        let value = option.arg.as_ref().map(option_text);
        let on = value.as_deref().is_none_or(|value| setting::boolean(value).unwrap_or(false));
        match option.name.value.to_ascii_lowercase().as_str() {
            "analyze" => wanted.analyze = on,
            "verbose" => wanted.verbose = on,
            "costs" | "buffers" | "timing" | "summary" | "settings" | "wal" | "generic_plan" => {}
            "format" => match value.as_deref() {
                Some(format) if format.eq_ignore_ascii_case("text") => {}
                other => return Err(text_only(other.unwrap_or_default())),
            },
            other => {
                return Err(EngineError::Syntax { message: format!("unrecognized EXPLAIN option \"{other}\""), position: None });
            }
        }
    }
    Ok(wanted)
}

fn option_text(value: &Expr) -> String {
    match value {
        Expr::Identifier(ident) => ident.value.clone(),
        Expr::Value(value) => match &value.value {
            Value::SingleQuotedString(text) | Value::Number(text, _) => text.clone(),
            other => other.to_string(),
        },
        other => other.to_string(),
    }
}

/// Text columns as rows for the client.
pub(super) fn rows_of_text(columns: SchemaRef, values: Vec<Vec<String>>) -> Result<SendableRecordBatchStream> {
    let arrays = values.into_iter().map(|values| Arc::new(StringArray::from(values)) as _).collect();
    let batch = RecordBatch::try_new(columns.clone(), arrays)?;
    Ok(Box::pin(RecordBatchStreamAdapter::new(columns, futures::stream::iter([Ok(batch)]).boxed())))
}
