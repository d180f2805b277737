//! Numbers by a template: `999,999.00`, `FM0000`, `S999`, `9999PR`, `RN`.
//!
//! A digit position is shown as a space left of the first digit, unless the template fills it with `0`. The sign stands before the
//! first digit, where the template does not say otherwise.

use datafusion::common::Result;
use strata_engine::EngineError;

use crate::dialect::fault;
use crate::dialect::function::value::rescaled;

/// Digits of a float that are shown.
const FLOAT_DIGITS: usize = 15;
/// Most positions of a template.
const POSITIONS_MAX: usize = 1000;

/// A template taken apart.
#[derive(Default)]
struct Template {
    /// What stands in the number, in order.
    marks: Vec<Mark>,
    /// Digit positions before and behind the point.
    whole: usize,
    fraction: usize,
    /// The first position before the point that is filled with zeros, and the last behind it.
    first_zero: Option<usize>,
    last_zero: usize,
    fill: bool,
    sign: Sign,
}

#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum Sign {
    #[default]
    Floating,
    Leading,
    Trailing,
    Brackets,
}

enum Mark {
    Digit,
    Point,
    Group,
    Minus,
    Plus,
    PlusMinus,
    Text(char),
}

impl Template {
    fn read(text: &str) -> Result<Self> {
        let mut template = Self { fill: true, ..Self::default() };
        let mut behind_point = false;
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let word = |word: &str| rest.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word));
            let mut skip = first.len_utf8();
            match first {
                '"' => {
                    let inner = &rest[1..];
                    let end = inner.find('"').unwrap_or(inner.len());
                    template.marks.extend(inner[..end].chars().map(Mark::Text));
                    skip = (end + 2).min(rest.len());
                }
                _ if word("FM") => (template.fill, skip) = (false, 2),
                _ if word("PR") => (template.sign, skip) = (Sign::Brackets, 2),
                _ if word("MI") => {
                    template.marks.push(Mark::Minus);
                    template.sign = Sign::Leading;
                    skip = 2;
                }
                _ if word("PL") => {
                    template.marks.push(Mark::Plus);
                    template.sign = Sign::Leading;
                    skip = 2;
                }
                _ if word("SG") => {
                    template.marks.push(Mark::PlusMinus);
                    template.sign = Sign::Leading;
                    skip = 2;
                }
                'S' | 's' => {
                    template.sign = if template.whole + template.fraction == 0 { Sign::Leading } else { Sign::Trailing };
                    template.marks.push(Mark::PlusMinus);
                }
                '9' | '0' if behind_point => {
                    template.fraction += 1;
                    if first == '0' {
                        template.last_zero = template.fraction;
                    }
                    template.marks.push(Mark::Digit);
                }
                '9' | '0' => {
                    if first == '0' {
                        template.first_zero.get_or_insert(template.whole);
                    }
                    template.whole += 1;
                    template.marks.push(Mark::Digit);
                }
                '.' | 'D' | 'd' => {
                    if behind_point {
                        return Err(fault::carried(EngineError::Syntax {
                            message: "multiple decimal points".into(),
                            position: None,
                        }));
                    }
                    behind_point = true;
                    template.marks.push(Mark::Point);
                }
                ',' | 'G' | 'g' => template.marks.push(Mark::Group),
                other => template.marks.push(Mark::Text(other)),
            }
            rest = &rest[skip..];
        }
        if template.whole + template.fraction > POSITIONS_MAX {
            return Err(fault::data(strata_engine::error::DataFault::InvalidArgument, "the template has too many digits"));
        }
        Ok(template)
    }

    fn shown(&self, negative: bool, digits: &str) -> String {
        let (whole, fraction) = digits.split_at(digits.len() - self.fraction);
        let whole = whole.trim_start_matches('0');
        let overflow = whole.len() > self.whole;
        // Where the number begins among the positions before the point.
        let mut begin = self.whole.saturating_sub(whole.len());
        if let Some(zero) = self.first_zero {
            begin = begin.min(zero);
        }
        // A number below one begins with a zero where the template has no digits behind the point to show.
        if whole.is_empty()
            && self.first_zero.is_none()
            && (self.fraction == 0 || !self.fill && fraction.trim_end_matches('0').is_empty())
        {
            begin = begin.min(self.whole.saturating_sub(1));
        }
        let mut kept = self.fraction;
        if !self.fill {
            kept = fraction.trim_end_matches('0').len().max(self.last_zero);
        }
        let mut out = String::new();
        let (mut at, mut behind) = (0, 0);
        let mut started = false;
        let before = match self.sign {
            Sign::Floating => Some(if negative { "-" } else { " " }),
            Sign::Brackets => Some(if negative { "<" } else { " " }),
            _ => None,
        };
        let mut start = |out: &mut String| {
            let first = !std::mem::replace(&mut started, true);
            if let Some(before) = before.filter(|before| first && (self.fill || *before != " ")) {
                out.push_str(before);
            }
        };
        for mark in &self.marks {
            match mark {
                Mark::Digit if at < self.whole => {
                    if at < begin {
                        if self.fill {
                            out.push(' ');
                        }
                    } else {
                        start(&mut out);
                        let from_end = self.whole - at;
                        let digit = whole.len().checked_sub(from_end).and_then(|nth| whole.as_bytes().get(nth));
                        out.push(if overflow { '#' } else { digit.map_or('0', |digit| char::from(*digit)) });
                    }
                    at += 1;
                }
                Mark::Digit => {
                    if behind < kept {
                        out.push(if overflow { '#' } else { char::from(fraction.as_bytes()[behind]) });
                    }
                    behind += 1;
                }
                Mark::Point => {
                    start(&mut out);
                    out.push('.');
                }
                Mark::Group if at > begin => out.push(','),
                Mark::Group if self.fill => out.push(' '),
                Mark::Group => {}
                Mark::Minus => out.push_str(if negative {
                    "-"
                } else if self.fill {
                    " "
                } else {
                    ""
                }),
                Mark::Plus => out.push_str(if !negative {
                    "+"
                } else if self.fill {
                    " "
                } else {
                    ""
                }),
                // A sign at the beginning floats to the first digit.
                Mark::PlusMinus if self.sign == Sign::Leading && at == 0 && out.is_empty() => {
                    let spaces = if self.fill { begin } else { 0 };
                    let sign = if negative { '-' } else { '+' };
                    return self.with_sign(negative, digits, sign, spaces);
                }
                Mark::PlusMinus => out.push(if negative { '-' } else { '+' }),
                Mark::Text(character) => out.push(*character),
            }
        }
        if self.sign == Sign::Brackets {
            out.push_str(if negative {
                ">"
            } else if self.fill {
                " "
            } else {
                ""
            });
        }
        out
    }

    /// The number without a sign, and the sign put before its first digit.
    fn with_sign(&self, negative: bool, digits: &str, sign: char, spaces: usize) -> String {
        let plain = Self {
            marks: self.marks.iter().filter(|mark| !matches!(mark, Mark::PlusMinus)).map(copied).collect(),
            sign: Sign::Trailing,
            ..*self
        };
        let text = plain.shown(negative, digits);
        // Group marks before the first digit are spaces as well.
        let leading = text.len() - text.trim_start_matches(' ').len();
        let at = if spaces == 0 { 0 } else { leading };
        format!("{}{sign}{}", &text[..at], &text[at..])
    }
}

fn copied(mark: &Mark) -> Mark {
    match mark {
        Mark::Digit => Mark::Digit,
        Mark::Point => Mark::Point,
        Mark::Group => Mark::Group,
        Mark::Minus => Mark::Minus,
        Mark::Plus => Mark::Plus,
        Mark::PlusMinus => Mark::PlusMinus,
        Mark::Text(character) => Mark::Text(*character),
    }
}

/// An unscaled number by a template.
pub(super) fn shown(value: i128, scale: i8, text: &str) -> Result<String> {
    let upper = text.to_ascii_uppercase();
    if let Some(rest) = upper.strip_prefix("FM").or(Some(upper.as_str())).filter(|rest| *rest == "RN") {
        let whole = rescaled(value, scale, 0).unwrap_or(i128::MAX);
        let roman = roman(whole);
        return Ok(if rest.len() == upper.len() { format!("{roman:>15}") } else { roman });
    }
    let template = Template::read(text)?;
    let places = i8::try_from(template.fraction).unwrap_or(i8::MAX);
    // More places than the number has are zeros.
    let (rounded, zeros) = if places > scale {
        (value, usize::from((places - scale).unsigned_abs()))
    } else {
        (rescaled(value, scale, places).unwrap_or(i128::MAX), 0)
    };
    let digits = format!("{}{}", rounded.unsigned_abs(), "0".repeat(zeros));
    let digits = format!("{digits:0>width$}", width = template.fraction);
    Ok(template.shown(value < 0, &digits))
}

/// A float by a template, of its first 15 digits.
pub(super) fn of_float(value: f64, text: &str) -> Result<String> {
    let template = Template::read(text)?;
    if !value.is_finite() {
        let name = if value.is_nan() {
            "NaN".to_owned()
        } else {
            template.shown(value < 0.0, &format!("{:1>width$}", "", width = template.whole + 1 + template.fraction))
        };
        return Ok(if value.is_nan() && template.fill { format!("{name:>width$}", width = template.whole + 1) } else { name });
    }
    let magnitude = if value == 0.0 { 0.0 } else { value.abs().log10().floor() };
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a float has at most 309 digits before the point")]
    let before = magnitude.max(0.0) as usize + 1;
    let places = template.fraction.min(FLOAT_DIGITS.saturating_sub(before));
    let shown = format!("{:.places$}", value.abs());
    let (whole, fraction) = shown.split_once('.').unwrap_or((&shown, ""));
    let digits = format!("{whole}{fraction:0<width$}", width = template.fraction);
    let digits = if whole == "0" { digits[1..].to_owned() } else { digits };
    let digits = format!("{digits:0>width$}", width = template.fraction);
    Ok(template.shown(value < 0.0, &digits))
}

/// A number from 1 to 3999 in Roman digits.
fn roman(value: i128) -> String {
    const PARTS: [(i128, &str); 13] = [
        (1000, "M"),
        (900, "CM"),
        (500, "D"),
        (400, "CD"),
        (100, "C"),
        (90, "XC"),
        (50, "L"),
        (40, "XL"),
        (10, "X"),
        (9, "IX"),
        (5, "V"),
        (4, "IV"),
        (1, "I"),
    ];
    if !(1..4000).contains(&value) {
        return "#".repeat(15);
    }
    let mut left = value;
    let mut out = String::new();
    for (part, letters) in PARTS {
        while left >= part {
            out.push_str(letters);
            left -= part;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_shown() {
        let check = |value: i128, scale: i8, template: &str, expected: &str| {
            assert_eq!(shown(value, scale, template).unwrap(), expected, "{value} {template}");
        };
        check(1234, 0, "999,999", "   1,234");
        check(-7, 0, "999,999", "      -7");
        check(42, 0, "FM000000", "000042");
        check(5, 2, "9990.99", "    0.05");
        check(9999, 2, "FM999990.00", "99.99");
        check(-275, 2, "S999.9", "  -2.8");
        check(42, 0, "9999PR", "   42 ");
        check(-42, 0, "9999PR", "  <42>");
        check(12, 0, "RN", "            XII");
        check(1_000_000, 0, "999,999", " ###,###");
        check(0, 0, "999", "   0");
    }
}
