//! The grammar of conditions: what stands behind `if`.
//!
//! A condition is checked and kept as text. Logstash gives a meaning to its parts only when the pipeline starts.

use strata_catalog::etl::component::Refusal;

use super::cursor::Cursor;

/// Reads one condition and nothing else.
///
/// # Errors
/// [`Refusal`] with the place inside `text`.
pub fn parse(text: &str) -> Result<(), Refusal> {
    let mut cursor = Cursor::new(text);
    let parsed = condition(&mut cursor).and_then(|()| cursor.end());
    match cursor.refusal(parsed.is_none()) {
        Some(refusal) => Err(refusal),
        None => Ok(()),
    }
}

/// Expressions joined by `and`, `or`, `xor`, `nand`.
pub(super) fn condition(cursor: &mut Cursor<'_>) -> Option<()> {
    cursor.nested(|cursor| {
        expression(cursor)?;
        while cursor.attempt(further_expression).is_some() {}
        Some(())
    })
}

fn further_expression(cursor: &mut Cursor<'_>) -> Option<()> {
    cursor.space();
    cursor
        .literal("and", "\"and\"")
        .or_else(|| cursor.literal("or", "\"or\""))
        .or_else(|| cursor.literal("xor", "\"xor\""))
        .or_else(|| cursor.literal("nand", "\"nand\""))?;
    cursor.space();
    expression(cursor)
}

fn expression(cursor: &mut Cursor<'_>) -> Option<()> {
    if cursor.attempt(parenthesis).is_some() || cursor.attempt(negation).is_some() {
        return Some(());
    }
    // In the grammar every kind of comparison begins with the same value: it is read once, and then one of the operators.
    rvalue(cursor)?;
    let _ = cursor.attempt(membership).or_else(|| cursor.attempt(comparison)).or_else(|| cursor.attempt(matching));
    Some(())
}

fn parenthesis(cursor: &mut Cursor<'_>) -> Option<()> {
    cursor.literal("(", "\"(\"")?;
    cursor.space();
    condition(cursor)?;
    cursor.space();
    cursor.literal(")", "\")\"")
}

fn negation(cursor: &mut Cursor<'_>) -> Option<()> {
    cursor.literal("!", "\"!\"")?;
    cursor.space();
    cursor.attempt(parenthesis).or_else(|| cursor.selector())
}

/// `in` and `not in`. The latter has one blank right behind `not`.
fn membership(cursor: &mut Cursor<'_>) -> Option<()> {
    cursor.space();
    if cursor.literal("in", "\"in\"").is_none() {
        cursor.literal("not ", "\"not in\"")?;
        cursor.space();
        cursor.literal("in", "\"in\"")?;
    }
    cursor.space();
    rvalue(cursor)
}

fn comparison(cursor: &mut Cursor<'_>) -> Option<()> {
    cursor.space();
    ["==", "!=", "<=", ">=", "<", ">"].into_iter().find_map(|operator| cursor.literal(operator, "a comparison"))?;
    cursor.space();
    rvalue(cursor)
}

fn matching(cursor: &mut Cursor<'_>) -> Option<()> {
    cursor.space();
    ["=~", "!~"].into_iter().find_map(|operator| cursor.literal(operator, "a comparison"))?;
    cursor.space();
    cursor.string().map(|_| ()).or_else(|| cursor.attempt(Cursor::regexp))
}

fn rvalue(cursor: &mut Cursor<'_>) -> Option<()> {
    cursor.nested(|cursor| {
        cursor
            .attempt(Cursor::string)
            .map(|_| ())
            .or_else(|| cursor.attempt(Cursor::number).map(|_| ()))
            .or_else(|| cursor.attempt(Cursor::selector))
            .or_else(|| cursor.attempt(super::grammar::array).map(|_| ()))
            .or_else(|| cursor.attempt(method_call))
            .or_else(|| cursor.attempt(Cursor::regexp))
    })
}

/// `name(value, value)`
fn method_call(cursor: &mut Cursor<'_>) -> Option<()> {
    cursor.bareword()?;
    cursor.space();
    cursor.literal("(", "\"(\"")?;
    cursor.space();
    if cursor.attempt(rvalue).is_some() {
        while cursor.attempt(further_argument).is_some() {}
    }
    cursor.space();
    cursor.literal(")", "\")\"")
}

fn further_argument(cursor: &mut Cursor<'_>) -> Option<()> {
    cursor.space();
    cursor.literal(",", "\",\"")?;
    cursor.space();
    rvalue(cursor)
}
