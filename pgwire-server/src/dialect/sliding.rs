//! Aggregates over a frame of a window that moves on: rows that leave it are given back, which DataFusion's own cannot.
//!
//! `words/aggregate.rs` puts their names in the place of `bool_or`, `bool_and`, `string_agg` and `array_agg` where a frame begins
//! elsewhere than at the first row. Rows leave a frame in the order in which they came into it.

use std::collections::VecDeque;
use std::mem::size_of_val;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{Result, ScalarValue, not_impl_err};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{Accumulator, AggregateUDF, AggregateUDFImpl, Signature, Volatility};

/// What is made of the rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum What {
    /// Whether one is true.
    Any,
    /// Whether all are true.
    All,
    /// The texts, parted by a text.
    Texts,
    /// The values.
    Values,
}

/// The aggregates and what they do, by the names that they stand for.
const NAMES: [(&str, &str, What); 4] = [
    ("bool_or", "bool_or_of_frame", What::Any),
    ("bool_and", "bool_and_of_frame", What::All),
    ("string_agg", "string_agg_of_frame", What::Texts),
    ("array_agg", "array_agg_of_frame", What::Values),
];

/// The name of an aggregate over a frame that moves; `None` if it needs no other.
pub(super) fn name_of(aggregate: &str) -> Option<&'static str> {
    NAMES.iter().find(|(plain, ..)| *plain == aggregate).map(|(_, sliding, _)| *sliding)
}

/// All of them.
pub(super) fn all() -> impl Iterator<Item = AggregateUDF> {
    NAMES.into_iter().map(|(_, name, what)| {
        let types = match what {
            What::Any | What::All => Signature::exact(vec![DataType::Boolean], Volatility::Immutable),
            What::Texts => Signature::exact(vec![DataType::Utf8View; 2], Volatility::Immutable),
            What::Values => Signature::any(1, Volatility::Immutable),
        };
        AggregateUDF::new_from_impl(Sliding { name, what, signature: types })
    })
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Sliding {
    name: &'static str,
    what: What,
    signature: Signature,
}

impl AggregateUDFImpl for Sliding {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        Ok(match self.what {
            What::Any | What::All => DataType::Boolean,
            What::Texts => DataType::Utf8View,
            What::Values => DataType::new_list(types[0].clone(), true),
        })
    }

    fn return_field(&self, fields: &[FieldRef]) -> Result<FieldRef> {
        let types: Vec<DataType> = fields.iter().map(|field| field.data_type().clone()).collect();
        let data_type = match self.what {
            What::Values => {
                let element = fields[0].as_ref().clone().with_name(Field::LIST_FIELD_DEFAULT_NAME).with_nullable(true);
                DataType::List(element.into())
            }
            _ => self.return_type(&types)?,
        };
        Ok(Field::new(self.name, data_type, true).into())
    }

    fn accumulator(&self, arguments: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        let element = match arguments.return_field.data_type() {
            DataType::List(element) => element.clone(),
            _ => Field::new("", DataType::Null, true).into(),
        };
        Ok(match self.what {
            What::Any | What::All => Box::new(Truths { all: self.what == What::All, trues: 0, falses: 0 }),
            What::Texts => Box::new(Texts { texts: VecDeque::new(), bytes: 0 }),
            What::Values => Box::new(Values { values: VecDeque::new(), element }),
        })
    }

    fn state_fields(&self, arguments: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        Ok(vec![arguments.return_field.clone()])
    }
}

fn no_parts<T>() -> Result<T> {
    not_impl_err!("an aggregate over a frame is not computed in parts")
}

#[derive(Debug)]
struct Truths {
    all: bool,
    trues: usize,
    falses: usize,
}

impl Truths {
    fn counted(values: &[ArrayRef]) -> (usize, usize) {
        let values = values[0].as_boolean();
        (values.true_count(), values.len() - values.null_count() - values.true_count())
    }
}

impl Accumulator for Truths {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let (trues, falses) = Self::counted(values);
        self.trues += trues;
        self.falses += falses;
        Ok(())
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let (trues, falses) = Self::counted(values);
        self.trues -= trues;
        self.falses -= falses;
        Ok(())
    }

    fn supports_retract_batch(&self) -> bool {
        true
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let known = self.trues + self.falses > 0;
        let value = if self.all { self.falses == 0 } else { self.trues > 0 };
        Ok(ScalarValue::Boolean(known.then_some(value)))
    }

    fn size(&self) -> usize {
        size_of_val(self)
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        no_parts()
    }

    fn merge_batch(&mut self, _states: &[ArrayRef]) -> Result<()> {
        no_parts()
    }
}

/// Texts of the frame with what stands before each.
#[derive(Debug)]
struct Texts {
    texts: VecDeque<Option<(String, String)>>,
    bytes: usize,
}

impl Accumulator for Texts {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let texts = cast(&values[0], &DataType::Utf8View)?;
        let between = cast(&values[1], &DataType::Utf8View)?;
        for (text, between) in texts.as_string_view().iter().zip(between.as_string_view()) {
            let text = text.map(|text| (between.unwrap_or_default().to_owned(), text.to_owned()));
            self.bytes += text.as_ref().map_or(0, |(between, text)| between.len() + text.len());
            self.texts.push_back(text);
        }
        Ok(())
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        for (between, text) in self.texts.drain(..values[0].len().min(self.texts.len())).flatten() {
            self.bytes -= between.len() + text.len();
        }
        Ok(())
    }

    fn supports_retract_batch(&self) -> bool {
        true
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let mut joined: Option<String> = None;
        for (between, text) in self.texts.iter().flatten() {
            match &mut joined {
                Some(joined) => {
                    joined.push_str(between);
                    joined.push_str(text);
                }
                None => joined = Some(text.clone()),
            }
        }
        Ok(ScalarValue::Utf8View(joined))
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.bytes + self.texts.capacity() * size_of::<Option<(String, String)>>()
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        no_parts()
    }

    fn merge_batch(&mut self, _states: &[ArrayRef]) -> Result<()> {
        no_parts()
    }
}

#[derive(Debug)]
struct Values {
    values: VecDeque<ScalarValue>,
    element: FieldRef,
}

impl Accumulator for Values {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        for row in 0..values[0].len() {
            self.values.push_back(ScalarValue::try_from_array(&values[0], row)?);
        }
        Ok(())
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.values.drain(..values[0].len().min(self.values.len()));
        Ok(())
    }

    fn supports_retract_batch(&self) -> bool {
        true
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        if self.values.is_empty() {
            return ScalarValue::try_from(&DataType::List(self.element.clone()));
        }
        let values = ScalarValue::iter_to_array(self.values.iter().cloned())?;
        let offsets = arrow::buffer::OffsetBuffer::from_lengths([values.len()]);
        let list = arrow::array::ListArray::try_new(self.element.clone(), offsets, values, None)?;
        Ok(ScalarValue::List(std::sync::Arc::new(list)))
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.values.iter().map(ScalarValue::size).sum::<usize>()
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        no_parts()
    }

    fn merge_batch(&mut self, _states: &[ArrayRef]) -> Result<()> {
        no_parts()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{BooleanArray, StringViewArray};

    use super::*;

    #[test]
    fn rows_leave_in_their_order() {
        let mut texts = Texts { texts: VecDeque::new(), bytes: 0 };
        let rows = |texts: &[Option<&str>]| -> Vec<ArrayRef> {
            let between = StringViewArray::from(vec![","; texts.len()]);
            vec![Arc::new(texts.iter().copied().collect::<StringViewArray>()), Arc::new(between)]
        };
        texts.update_batch(&rows(&[Some("a"), None, Some("b")])).unwrap();
        assert_eq!(texts.evaluate().unwrap(), ScalarValue::Utf8View(Some("a,b".into())));
        texts.retract_batch(&rows(&[Some("a"), None])).unwrap();
        assert_eq!(texts.evaluate().unwrap(), ScalarValue::Utf8View(Some("b".into())));
        texts.retract_batch(&rows(&[Some("b")])).unwrap();
        assert_eq!(texts.evaluate().unwrap(), ScalarValue::Utf8View(None));
        assert_eq!(texts.bytes, 0);
    }

    #[test]
    fn truths_are_counted() {
        let mut any = Truths { all: false, trues: 0, falses: 0 };
        let rows = |truths: &[Option<bool>]| -> Vec<ArrayRef> { vec![Arc::new(BooleanArray::from(truths.to_vec()))] };
        assert_eq!(any.evaluate().unwrap(), ScalarValue::Boolean(None));
        any.update_batch(&rows(&[Some(true), None, Some(false)])).unwrap();
        assert_eq!(any.evaluate().unwrap(), ScalarValue::Boolean(Some(true)));
        any.retract_batch(&rows(&[Some(true)])).unwrap();
        assert_eq!(any.evaluate().unwrap(), ScalarValue::Boolean(Some(false)));
        any.retract_batch(&rows(&[None, Some(false)])).unwrap();
        assert_eq!(any.evaluate().unwrap(), ScalarValue::Boolean(None));
    }
}
