//! `avg` of integers and `numeric`, which is a `numeric`; of floats it is DataFusion's.
//!
//! Sums are exact, in 128 bits; the quotient has 20 digits behind the point, of which as many are shown as PostgreSQL shows.

use std::mem::size_of_val;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Decimal128Array, Int64Array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Decimal128Type, Field, FieldRef, Int64Type, i256};
use datafusion::common::{Result, ScalarValue};
use datafusion::functions_aggregate::average::avg_udaf;
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{Accumulator, AggregateUDF, AggregateUDFImpl, EmitTo, GroupsAccumulator, Signature, Volatility};
use strata_engine::EngineError;
use strata_engine::error::{DataFault, ObjectClass};
use strata_engine::session::sql_type::data_type_name;

use super::fault;
use super::numeric_type::{QUOTIENT, QUOTIENT_SCALE};

/// The type of sums: the scale is that of the values.
const PRECISION: u8 = 38;

/// The aggregate.
pub(super) fn average() -> AggregateUDF {
    AggregateUDF::new_from_impl(Average { signature: Signature::user_defined(Volatility::Immutable) })
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Average {
    signature: Signature,
}

fn exact(data_type: &DataType) -> bool {
    data_type.is_integer() || matches!(data_type, DataType::Decimal128(..))
}

fn scale(data_type: &DataType) -> i8 {
    match data_type {
        DataType::Decimal128(_, scale) => *scale,
        _ => 0,
    }
}

impl AggregateUDFImpl for Average {
    fn name(&self) -> &str {
        "avg"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        match types {
            [given] if given.is_integer() => Ok(vec![DataType::Int64]),
            [given] if exact(given) => Ok(vec![given.clone()]),
            [given] if given.is_floating() || matches!(given, DataType::Null | DataType::Utf8) => Ok(vec![DataType::Float64]),
            _ => Err(fault::carried(EngineError::Undefined {
                what: ObjectClass::Function,
                name: format!("avg({})", types.iter().map(data_type_name).collect::<Vec<_>>().join(", ")),
                hint: Some(
                    "No function matches the given name and argument types. You might need to add explicit type casts.".into(),
                ),
            })),
        }
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        match types {
            [given] if exact(given) => Ok(QUOTIENT),
            _ => avg_udaf().return_type(types),
        }
    }

    fn accumulator(&self, arguments: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        let given = arguments.expr_fields[0].data_type().clone();
        if !exact(&given) {
            return avg_udaf().accumulator(arguments);
        }
        if arguments.is_distinct {
            return Ok(Box::new(Distinct { values: std::collections::BTreeSet::new(), scale: scale(&given) }));
        }
        Ok(Box::new(Sum { sum: 0, count: 0, scale: scale(&given) }))
    }

    fn state_fields(&self, arguments: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        let given = arguments.input_fields[0].data_type().clone();
        if !exact(&given) {
            return avg_udaf().state_fields(arguments);
        }
        let sum = DataType::Decimal128(PRECISION, scale(&given));
        if arguments.is_distinct {
            return Ok(vec![Arc::new(Field::new_list("values", Field::new_list_field(sum, true), true))]);
        }
        Ok(vec![Arc::new(Field::new("sum", sum, true)), Arc::new(Field::new("count", DataType::Int64, true))])
    }

    fn groups_accumulator_supported(&self, arguments: AccumulatorArgs) -> bool {
        let given = arguments.expr_fields[0].data_type().clone();
        if exact(&given) { !arguments.is_distinct } else { avg_udaf().groups_accumulator_supported(arguments) }
    }

    fn create_groups_accumulator(&self, arguments: AccumulatorArgs) -> Result<Box<dyn GroupsAccumulator>> {
        let given = arguments.expr_fields[0].data_type().clone();
        if !exact(&given) {
            return avg_udaf().create_groups_accumulator(arguments);
        }
        Ok(Box::new(Sums { sums: Vec::new(), counts: Vec::new(), scale: scale(&given) }))
    }

    fn create_sliding_accumulator(&self, arguments: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        let given = arguments.expr_fields[0].data_type().clone();
        if !exact(&given) {
            return avg_udaf().create_sliding_accumulator(arguments);
        }
        Ok(Box::new(Sum { sum: 0, count: 0, scale: scale(&given) }))
    }
}

fn overflow() -> datafusion::error::DataFusionError {
    fault::data(DataFault::NumericOutOfRange, "value overflows numeric format")
}

/// The quotient with [`QUOTIENT_SCALE`] digits, rounded away from zero; `None` for no values.
fn quotient(sum: i128, count: i64, scale: i8) -> Result<Option<i128>> {
    if count == 0 {
        return Ok(None);
    }
    let power = u32::try_from(QUOTIENT_SCALE + 1 - scale).unwrap_or_default();
    let shifted =
        i256::from_i128(10).checked_pow(power).and_then(|one| i256::from_i128(sum).checked_mul(one)).ok_or_else(overflow)?;
    let tenths = shifted.checked_div(i256::from_i128(count.into())).and_then(i256::to_i128).ok_or_else(overflow)?;
    let rounded = (tenths + tenths.signum() * 5) / 10;
    if rounded.unsigned_abs() >= 10_u128.pow(PRECISION.into()) {
        return Err(overflow());
    }
    Ok(Some(rounded))
}

/// The values as unscaled integers.
fn unscaled(values: &ArrayRef, scale: i8) -> Result<Decimal128Array> {
    let wanted = DataType::Decimal128(PRECISION, scale);
    Ok(cast(values, &wanted)?.as_primitive::<Decimal128Type>().clone())
}

#[derive(Debug)]
struct Sum {
    sum: i128,
    count: i64,
    scale: i8,
}

impl Accumulator for Sum {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        for value in unscaled(&values[0], self.scale)?.iter().flatten() {
            self.sum = self.sum.checked_add(value).ok_or_else(overflow)?;
            self.count += 1;
        }
        Ok(())
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        for value in unscaled(&values[0], self.scale)?.iter().flatten() {
            self.sum = self.sum.checked_sub(value).ok_or_else(overflow)?;
            self.count -= 1;
        }
        Ok(())
    }

    fn supports_retract_batch(&self) -> bool {
        true
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        Ok(ScalarValue::Decimal128(quotient(self.sum, self.count, self.scale)?, PRECISION, QUOTIENT_SCALE))
    }

    fn size(&self) -> usize {
        size_of_val(self)
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Ok(vec![ScalarValue::Decimal128(Some(self.sum), PRECISION, self.scale), ScalarValue::Int64(Some(self.count))])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        for sum in states[0].as_primitive::<Decimal128Type>().iter().flatten() {
            self.sum = self.sum.checked_add(sum).ok_or_else(overflow)?;
        }
        self.count += states[1].as_primitive::<Int64Type>().iter().flatten().sum::<i64>();
        Ok(())
    }
}

/// `avg(DISTINCT x)`.
#[derive(Debug)]
struct Distinct {
    values: std::collections::BTreeSet<i128>,
    scale: i8,
}

impl Accumulator for Distinct {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.values.extend(unscaled(&values[0], self.scale)?.iter().flatten());
        Ok(())
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let sum = self.values.iter().try_fold(0_i128, |sum, value| sum.checked_add(*value)).ok_or_else(overflow)?;
        let count = i64::try_from(self.values.len()).map_err(|_| overflow())?;
        Ok(ScalarValue::Decimal128(quotient(sum, count, self.scale)?, PRECISION, QUOTIENT_SCALE))
    }

    fn size(&self) -> usize {
        // A node of a tree holds eleven values and is two thirds full.
        size_of_val(self) + self.values.len() * size_of::<i128>() * 3 / 2
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let values: Decimal128Array = self.values.iter().map(|value| Some(*value)).collect();
        let values = values.with_precision_and_scale(PRECISION, self.scale)?;
        Ok(vec![ScalarValue::List(Arc::new(
            datafusion::common::utils::SingleRowListArrayBuilder::new(Arc::new(values)).build_list_array(),
        ))])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        for list in states[0].as_list::<i32>().iter().flatten() {
            self.values.extend(list.as_primitive::<Decimal128Type>().iter().flatten());
        }
        Ok(())
    }
}

/// Sums and counts of many groups.
struct Sums {
    sums: Vec<i128>,
    counts: Vec<i64>,
    scale: i8,
}

impl Sums {
    fn grow(&mut self, groups: usize) {
        self.sums.resize(groups, 0);
        self.counts.resize(groups, 0);
    }

    fn add(&mut self, group: usize, sum: i128, count: i64) -> Result<()> {
        self.sums[group] = self.sums[group].checked_add(sum).ok_or_else(overflow)?;
        self.counts[group] += count;
        Ok(())
    }

    fn values(&mut self, values: &ArrayRef, groups: &[usize], filter: Option<&BooleanArray>) -> Result<()> {
        let kept = |row: usize| filter.is_none_or(|filter| filter.is_valid(row) && filter.value(row));
        if let Some(integers) = values.as_primitive_opt::<Int64Type>() {
            for (row, group) in groups.iter().enumerate() {
                if integers.is_valid(row) && kept(row) {
                    self.add(*group, integers.value(row).into(), 1)?;
                }
            }
            return Ok(());
        }
        let decimals = unscaled(values, self.scale)?;
        for (row, group) in groups.iter().enumerate() {
            if decimals.is_valid(row) && kept(row) {
                self.add(*group, decimals.value(row), 1)?;
            }
        }
        Ok(())
    }
}

impl GroupsAccumulator for Sums {
    fn update_batch(&mut self, values: &[ArrayRef], groups: &[usize], filter: Option<&BooleanArray>, total: usize) -> Result<()> {
        self.grow(total);
        self.values(&values[0], groups, filter)
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        let (sums, counts) = (emit_to.take_needed(&mut self.sums), emit_to.take_needed(&mut self.counts));
        let quotients = sums.iter().zip(&counts).map(|(sum, count)| quotient(*sum, *count, self.scale));
        let quotients: Decimal128Array = quotients.collect::<Result<_>>()?;
        Ok(Arc::new(quotients.with_precision_and_scale(PRECISION, QUOTIENT_SCALE)?))
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        let (sums, counts) = (emit_to.take_needed(&mut self.sums), emit_to.take_needed(&mut self.counts));
        let sums = Decimal128Array::from(sums).with_precision_and_scale(PRECISION, self.scale)?;
        Ok(vec![Arc::new(sums), Arc::new(Int64Array::from(counts))])
    }

    fn merge_batch(&mut self, states: &[ArrayRef], groups: &[usize], total: usize) -> Result<()> {
        self.grow(total);
        let (sums, counts) = (states[0].as_primitive::<Decimal128Type>(), states[1].as_primitive::<Int64Type>());
        for (row, group) in groups.iter().enumerate() {
            if sums.is_valid(row) && counts.is_valid(row) {
                self.add(*group, sums.value(row), counts.value(row))?;
            }
        }
        Ok(())
    }

    fn convert_to_state(&self, values: &[ArrayRef], filter: Option<&BooleanArray>) -> Result<Vec<ArrayRef>> {
        let groups: Vec<usize> = (0..values[0].len()).collect();
        let mut each = Self { sums: Vec::new(), counts: Vec::new(), scale: self.scale };
        each.update_batch(values, &groups, filter, groups.len())?;
        each.state(EmitTo::All)
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.sums.capacity() * size_of::<i128>() + self.counts.capacity() * size_of::<i64>()
    }
}
