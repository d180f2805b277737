//! Literals with a type, operators before their operand, and functions with a grammar of their own.

use datafusion::sql::sqlparser::ast::{
    BinaryOperator, CastKind, DataType, ExactNumberInfo, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentList,
    FunctionArguments, TypedString, UnaryOperator, Value, ValueWithSpan,
};

use super::{FunctionName, parsed, quoted, text_of};
use crate::types::numeric;

/// Digits behind the point that a literal may have to keep its own scale.
const SCALE_MAX: usize = 37;

/// A text literal in the place of a condition is a truth value.
pub(super) fn as_condition(expr: &mut Expr) {
    if text_of(expr).is_some() {
        let text = std::mem::replace(expr, Expr::Value(Value::Null.into()));
        *expr =
            Expr::Cast { kind: CastKind::Cast, expr: Box::new(text), data_type: DataType::Boolean, array: false, format: None };
    }
}

/// A sign binds closer than a power: `-2 ^ 2` is 4.
pub(super) fn bind_sign(expr: &mut Expr) {
    let Expr::UnaryOp { op: UnaryOperator::Minus, expr: operand } = expr else { return };
    if !matches!(operand.as_ref(), Expr::BinaryOp { op: BinaryOperator::PGExp, .. }) {
        return;
    }
    let mut power = std::mem::replace(operand.as_mut(), Expr::Value(Value::Null.into()));
    let mut base = &mut power;
    while let Expr::BinaryOp { left, op: BinaryOperator::PGExp, .. } = base {
        base = left;
    }
    let positive = std::mem::replace(base, Expr::Value(Value::Null.into()));
    *base = Expr::UnaryOp { op: UnaryOperator::Minus, expr: Box::new(positive) };
    *expr = power;
}

/// The other words for an expression; `None` if it stays.
pub(super) fn reword(expr: &mut Expr) -> Option<Expr> {
    match expr {
        Expr::UnaryOp { op: UnaryOperator::Not, expr: operand }
        | Expr::IsTrue(operand)
        | Expr::IsNotTrue(operand)
        | Expr::IsFalse(operand)
        | Expr::IsNotFalse(operand)
            if text_of(operand).is_some() =>
        {
            as_condition(operand);
            None
        }
        // Both bounds are compared as by their operators.
        Expr::Between { expr: operand, negated, low, high } => {
            let take = |place: &mut Box<Expr>| std::mem::replace(place.as_mut(), Expr::Value(Value::Null.into()));
            let (operand, low, high) = (take(operand), take(low), take(high));
            let compare = |op: BinaryOperator, bound: Expr| Expr::BinaryOp {
                left: Box::new(Expr::Nested(Box::new(operand.clone()))),
                op,
                right: Box::new(Expr::Nested(Box::new(bound))),
            };
            let (first, op, second) = match *negated {
                false => (BinaryOperator::GtEq, BinaryOperator::And, BinaryOperator::LtEq),
                true => (BinaryOperator::Lt, BinaryOperator::Or, BinaryOperator::Gt),
            };
            let both = Expr::BinaryOp { left: Box::new(compare(first, low)), op, right: Box::new(compare(second, high)) };
            Some(Expr::Nested(Box::new(both)))
        }
        Expr::AnyOp { left, right, .. } | Expr::AllOp { left, right, .. }
            if text_of(left).is_some()
                && matches!(right.as_ref(), Expr::Array(array) if array.elem.first().is_some_and(is_whole)) =>
        {
            **left = parsed(&format!("CAST({left} AS bigint)"))?;
            None
        }
        Expr::Interval(interval) => {
            let text = text_of(&interval.value)?;
            let unit = match (&interval.leading_field, &interval.last_field) {
                (None, None) => String::new(),
                // `interval '1-2' year to month` says nothing that the text does not.
                (Some(_), Some(_)) => String::new(),
                (Some(field), None) => format!(" {field}"),
                (None, Some(_)) => return None,
            };
            let number = text.trim().parse::<f64>().is_ok();
            let text = if number { format!("{text}{unit}") } else { text.to_owned() };
            parsed(&format!("CAST({} AS interval)", quoted(&text)))
        }
        // A float is read from its text, not from a decimal that may not hold it.
        Expr::Cast {
            expr: inner,
            data_type: DataType::Float8 | DataType::DoublePrecision | DataType::Real | DataType::Float4,
            ..
        } if matches!(inner.as_ref(), Expr::Value(ValueWithSpan { value: Value::Number(..), .. })) => {
            let text = number_text(inner)?;
            **inner = parsed(&quoted(&text))?;
            None
        }
        Expr::Value(ValueWithSpan { value: Value::Number(text, _), .. }) if text.contains(['e', 'E']) => parsed(&plain(text)?),
        Expr::Value(ValueWithSpan { value: Value::NationalStringLiteral(text) | Value::UnicodeStringLiteral(text), .. }) => {
            parsed(&quoted(text))
        }
        Expr::IsNull(inner) | Expr::IsNotNull(inner) if matches!(inner.as_ref(), Expr::Tuple(_)) => {
            let is = if matches!(expr, Expr::IsNull(_)) { "IS NULL" } else { "IS NOT NULL" };
            let (Expr::IsNull(inner) | Expr::IsNotNull(inner)) = expr else { return None };
            let Expr::Tuple(parts) = inner.as_ref() else { return None };
            let each: Vec<String> = parts.iter().map(|part| format!("({part}) {is}")).collect();
            parsed(&format!("({})", each.join(" AND ")))
        }
        Expr::BinaryOp { left, op: BinaryOperator::PGOverlap, right } => parsed(&format!("array_has_any({left}, {right})")),
        Expr::BinaryOp { left, op: BinaryOperator::HashMinus, right } => parsed(&format!("jsonb_delete_path({left}, {right})")),
        Expr::Substring { expr: operand, substring_from, substring_for, .. } => {
            let from = substring_from.as_ref().map_or_else(|| "1".to_owned(), ToString::to_string);
            let length = substring_for.as_ref().map(|length| format!(", {length}")).unwrap_or_default();
            parsed(&format!("substring_of({operand}, {from}{length})"))
        }
        Expr::Cast { kind: CastKind::Cast | CastKind::DoubleColon, expr: inner, data_type, .. } => {
            let info = numeric_info(data_type)?;
            *info = own_scale(number_text(inner)?)?;
            None
        }
        Expr::TypedString(TypedString { data_type, value, .. }) => {
            let info = numeric_info(data_type)?;
            let text = value.clone().into_string()?;
            *info = own_scale(text)?;
            None
        }
        Expr::UnaryOp { op, expr: operand } => {
            let function = match op {
                UnaryOperator::PGAbs => "abs",
                UnaryOperator::PGSquareRoot => "sqrt",
                UnaryOperator::PGCubeRoot => "cbrt",
                UnaryOperator::BitwiseNot => "bit_not",
                _ => return None,
            };
            parsed(&format!("{function}({operand})"))
        }
        Expr::BinaryOp { left, op: BinaryOperator::PGExp, right } => parsed(&format!("power({left}, {right})")),
        Expr::Function(function) => called(function),
        Expr::Extract { field, expr: operand, .. } => {
            let field = field.to_string().to_lowercase();
            parsed(&format!("extract_field({}, {operand})", quoted(field.trim_matches(['\'', '"']))))
        }
        Expr::AtTimeZone { timestamp, time_zone } => parsed(&format!("timezone({time_zone}, {timestamp})")),
        _ => None,
    }
}

/// Functions that have another name here for some of their arguments.
fn called(function: &Function) -> Option<Expr> {
    let FunctionArguments::List(FunctionArgumentList { args, .. }) = &function.args else { return None };
    let name = FunctionName::of(&function.name)?;
    let name = name.as_str();
    match (name, args.as_slice()) {
        ("coalesce", args) => {
            let array = args.iter().find_map(array_type)?;
            let one = |arg: &FunctionArg| match arg {
                FunctionArg::Unnamed(FunctionArgExpr::Expr(literal)) if text_of(literal).is_some() => {
                    format!("CAST({literal} AS {array})")
                }
                other => other.to_string(),
            };
            if !args
                .iter()
                .any(|arg| matches!(arg, FunctionArg::Unnamed(FunctionArgExpr::Expr(literal)) if text_of(literal).is_some()))
            {
                return None;
            }
            parsed(&format!("coalesce({})", args.iter().map(one).collect::<Vec<_>>().join(", ")))
        }
        ("date_trunc", [unit, time, zone]) => parsed(&format!("date_trunc_in({unit}, {time}, {zone})")),
        ("date_trunc", [unit, time]) if is_long(&unit.to_string()) => parsed(&format!("date_trunc_in({unit}, {time})")),
        (
            "date_trunc",
            [unit, FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Cast { data_type: DataType::Interval { .. }, expr, .. }))],
        ) => parsed(&format!("date_trunc_interval({unit}, CAST({expr} AS interval))")),
        ("to_hex" | "lcm" | "abs", args) if args.iter().any(is_small) => {
            let one = |arg: &FunctionArg| if is_small(arg) { format!("CAST({arg} AS int)") } else { arg.to_string() };
            parsed(&format!("{name}({})", args.iter().map(one).collect::<Vec<_>>().join(", ")))
        }
        ("array_position", _) => Some(Expr::Cast {
            kind: CastKind::Cast,
            expr: Box::new(Expr::Function(function.clone())),
            data_type: DataType::Integer(None),
            array: false,
            format: None,
        }),
        ("array_append", [array, FunctionArg::Unnamed(FunctionArgExpr::Expr(element))]) if text_of(element).is_some() => {
            parsed(&format!("array_cat({array}, ARRAY[{element}])"))
        }
        // A number with a type is as constant as one without.
        (
            "sqrt" | "ln" | "log" | "log10" | "exp",
            [FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Cast { expr: value, data_type, .. }))],
        ) => {
            let scale = match data_type {
                DataType::Numeric(ExactNumberInfo::PrecisionAndScale(_, scale)) => usize::try_from(*scale).ok()?,
                _ => return None,
            };
            let text = number_text(value)?;
            let (_, own) = numeric::width(&text)?;
            let positive = !text.contains('-') && !matches!(value.as_ref(), Expr::UnaryOp { .. });
            let point = if text.contains('.') { "" } else { "." };
            (own == scale && positive && !text.contains(['e', 'E'])).then(|| parsed(&format!("{name}({text}{point})")))?
        }
        (
            "pg_typeof",
            [FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Value(ValueWithSpan { value: Value::Number(text, _), .. })))],
        ) if text.parse::<i32>().is_ok() => parsed(&format!("pg_typeof(CAST({text} AS int))")),
        ("make_interval", args) if args.iter().any(|arg| !matches!(arg, FunctionArg::Unnamed(_))) => {
            const NAMES: [&str; 7] = ["years", "months", "weeks", "days", "hours", "mins", "secs"];
            let mut parts: Vec<String> = NAMES.iter().map(|_| "0".to_owned()).collect();
            for (nth, arg) in args.iter().enumerate() {
                match arg {
                    FunctionArg::Named { name, arg, .. } => {
                        parts[NAMES.iter().position(|known| name.value.eq_ignore_ascii_case(known))?] = arg.to_string();
                    }
                    FunctionArg::ExprNamed { name, arg, .. } => {
                        let name = name.to_string();
                        parts[NAMES.iter().position(|known| name.eq_ignore_ascii_case(known))?] = arg.to_string();
                    }
                    other => *parts.get_mut(nth)? = other.to_string(),
                }
            }
            parsed(&format!("make_interval({})", parts.join(", ")))
        }
        _ => None,
    }
}

/// Whether an expression is a number without a point.
fn is_whole(expr: &Expr) -> bool {
    matches!(expr, Expr::Value(ValueWithSpan { value: Value::Number(text, _), .. }) if text.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Whether an argument is a number that an `integer` can be.
fn is_small(argument: &FunctionArg) -> bool {
    fn value(expr: &Expr) -> Option<i64> {
        match expr {
            Expr::Nested(inner) => value(inner),
            Expr::UnaryOp { op: UnaryOperator::Minus, expr } => value(expr)?.checked_neg(),
            Expr::Value(ValueWithSpan { value: Value::Number(text, _), .. }) => text.parse().ok(),
            _ => None,
        }
    }
    let FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) = argument else { return false };
    value(expr).is_some_and(|value| i32::try_from(value).is_ok())
}

/// The type of an argument that is an array by its grammar.
fn array_type(argument: &FunctionArg) -> Option<String> {
    let FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) = argument else { return None };
    match expr {
        Expr::Cast { data_type: named @ DataType::Array(_), .. } => Some(named.to_string()),
        Expr::Cast { data_type: DataType::Bytea, .. } => Some("bytea".to_owned()),
        Expr::Array(array) => match array.elem.first()? {
            Expr::Value(ValueWithSpan { value: Value::Number(..), .. }) => Some("int[]".to_owned()),
            element => text_of(element).map(|_| "text[]".to_owned()),
        },
        _ => None,
    }
}

/// Units that are longer than DataFusion truncates to.
fn is_long(unit: &str) -> bool {
    matches!(unit.trim_matches('\'').to_ascii_lowercase().as_str(), "decade" | "century" | "millennium")
}

/// A number with an exponent as plain digits; as a float where they are too many.
fn plain(text: &str) -> Option<String> {
    let (_, scale) = numeric::width(text)?;
    let value = numeric::parse(text, 38, i8::try_from(scale).ok()?).ok();
    let Some(value) = value.filter(|_| scale <= SCALE_MAX) else { return Some(format!("CAST({} AS float8)", quoted(text))) };
    let mut out = bytes::BytesMut::new();
    numeric::write_text(&value.to_string(), i8::try_from(scale).ok()?, &mut out);
    let digits = String::from_utf8(out.to_vec()).ok()?;
    // Without a point it would be an integer.
    Some(if scale == 0 { format!("CAST({digits} AS numeric(38, 0))") } else { digits })
}

/// The place for the precision of `numeric` without one.
fn numeric_info(data_type: &mut DataType) -> Option<&mut ExactNumberInfo> {
    match data_type {
        DataType::Numeric(info) | DataType::Decimal(info) | DataType::Dec(info) if *info == ExactNumberInfo::None => Some(info),
        _ => None,
    }
}

/// The text of a number, or of a text that may be one.
fn number_text(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Nested(inner) => number_text(inner),
        Expr::UnaryOp { op: UnaryOperator::Minus, expr } => number_text(expr),
        Expr::Value(ValueWithSpan { value: Value::Number(text, _), .. }) => Some(text.clone()),
        other => text_of(other).map(str::to_owned),
    }
}

/// The widest type with the scale of a number's text.
fn own_scale(text: String) -> Option<ExactNumberInfo> {
    let (precision, scale) = numeric::width(&text)?;
    let free = scale > SCALE_MAX || scale == usize::from(super::super::numeric_type::FREE_SCALE.unsigned_abs());
    if free || precision > 38 {
        return None;
    }
    Some(ExactNumberInfo::PrecisionAndScale(u64::try_from(precision).ok()?, i64::try_from(scale).ok()?))
}
