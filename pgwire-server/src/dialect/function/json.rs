//! jsonb: changed, taken apart, stripped.

use datafusion::common::Result;
use serde_json::{Map, Value as Json};
use strata_engine::error::DataFault;
use strata_engine::jsonb::canonical::canonical;

use super::value::{Kind, Row, Value};
use super::{Function, Overload};
use crate::dialect::fault;

/// The functions.
pub(super) const ALL: &[Function] = &[
    Function {
        name: "jsonb_set",
        overloads: &[Overload::new(&[Kind::Json, Kind::Texts, Kind::Json, Kind::Bool], Kind::Json, |row| {
            let create = row.len() < 4 || row.bool(3);
            changed(row, &|place, new| match place {
                Place::Member(members, key) if create || members.contains_key(key) => {
                    members.insert(key.to_owned(), new);
                    Ok(())
                }
                Place::Element(elements, at) if (0..len(elements)).contains(&at) => {
                    elements[index(at)] = new;
                    Ok(())
                }
                Place::Element(elements, at) if create => {
                    let at = if at < 0 { 0 } else { elements.len() };
                    elements.insert(at, new);
                    Ok(())
                }
                _ => Ok(()),
            })
        })
        .optional(1)],
    },
    Function {
        name: "jsonb_insert",
        overloads: &[Overload::new(&[Kind::Json, Kind::Texts, Kind::Json, Kind::Bool], Kind::Json, |row| {
            let after = i64::from(row.len() > 3 && row.bool(3));
            changed(row, &|place, new| match place {
                Place::Member(members, key) => {
                    if members.contains_key(key) {
                        return Err(fault::data(DataFault::InvalidArgument, "cannot replace existing key"));
                    }
                    members.insert(key.to_owned(), new);
                    Ok(())
                }
                Place::Element(elements, at) => {
                    let at = (at + after).clamp(0, len(elements));
                    elements.insert(index(at), new);
                    Ok(())
                }
            })
        })
        .optional(1)],
    },
    Function {
        name: "jsonb_delete_path",
        overloads: &[Overload::new(&[Kind::Json, Kind::Texts], Kind::Json, |row| {
            let mut json = parsed(row.text(0))?;
            let path: Vec<String> = row.texts(1)?.into_iter().flatten().collect();
            remove(&mut json, &path)?;
            shown(&json)
        })],
    },
    Function {
        name: "jsonb_strip_nulls",
        overloads: &[Overload::new(&[Kind::Json], Kind::Json, |row| {
            let mut json = parsed(row.text(0))?;
            strip(&mut json);
            shown(&json)
        })],
    },
    Function {
        name: "jsonb_object",
        overloads: &[Overload::new(&[Kind::Texts], Kind::Json, |row| {
            let texts = row.texts(0)?;
            if texts.len() % 2 == 1 {
                return Err(fault::data(DataFault::ArraySubscript, "array must have even number of elements"));
            }
            let mut members = Map::new();
            for pair in texts.chunks(2) {
                let key =
                    pair[0].clone().ok_or_else(|| fault::data(DataFault::NotNull, "null value not allowed for object key"))?;
                members.insert(key, pair[1].clone().map_or(Json::Null, Json::String));
            }
            shown(&Json::Object(members))
        })],
    },
    Function {
        name: "jsonb_array_elements",
        overloads: &[Overload::new(&[Kind::Json], Kind::Jsons, |row| {
            let texts = elements(row)?.iter().map(text).collect::<Result<Vec<_>>>()?;
            Ok(Value::Array(std::sync::Arc::new(arrow::array::StringViewArray::from_iter_values(texts))))
        })],
    },
    Function {
        name: "jsonb_object_values",
        overloads: &[Overload::new(&[Kind::Json], Kind::Jsons, |row| {
            let texts = members(row)?.values().map(text).collect::<Result<Vec<_>>>()?;
            Ok(Value::Array(std::sync::Arc::new(arrow::array::StringViewArray::from_iter_values(texts))))
        })],
    },
    Function {
        name: "jsonb_object_values_text",
        overloads: &[Overload::new(&[Kind::Json], Kind::Texts, |row| {
            Ok(Value::Texts(members(row)?.into_iter().map(|(_, member)| unquoted(member)).collect::<Result<_>>()?))
        })],
    },
    Function {
        name: "jsonb_array_elements_text",
        overloads: &[Overload::new(&[Kind::Json], Kind::Texts, |row| {
            Ok(Value::Texts(elements(row)?.into_iter().map(unquoted).collect::<Result<_>>()?))
        })],
    },
];

/// Where a path ends.
enum Place<'a> {
    Member(&'a mut Map<String, Json>, &'a str),
    /// The index, counted from the front; below zero before the first.
    Element(&'a mut Vec<Json>, i64),
}

fn len(elements: &[Json]) -> i64 {
    i64::try_from(elements.len()).unwrap_or(i64::MAX)
}

fn index(at: i64) -> usize {
    usize::try_from(at).unwrap_or_default()
}

fn parsed(text: &str) -> Result<Json> {
    let json = canonical(text)
        .map_err(|error| fault::data(DataFault::InvalidJson, format!("invalid input syntax for type json: {error}")))?;
    serde_json::from_str(&json)
        .map_err(|error| fault::data(DataFault::InvalidJson, format!("invalid input syntax for type json: {error}")))
}

fn text(json: &Json) -> Result<String> {
    canonical(&json.to_string()).map_err(|error| fault::data(DataFault::InvalidJson, error.to_string()))
}

fn shown(json: &Json) -> Result<Value> {
    text(json).map(Value::Text)
}

fn elements(row: &Row) -> Result<Vec<Json>> {
    match parsed(row.text(0))? {
        Json::Array(elements) => Ok(elements),
        Json::Object(_) => Err(fault::data(DataFault::InvalidArgument, "cannot extract elements from an object")),
        _ => Err(fault::data(DataFault::InvalidArgument, "cannot extract elements from a scalar")),
    }
}

fn members(row: &Row) -> Result<Map<String, Json>> {
    match parsed(row.text(0))? {
        Json::Object(members) => Ok(members),
        _ => Err(fault::data(DataFault::InvalidArgument, "cannot deconstruct a value that is no object")),
    }
}

/// A text without its quotes, anything else as its text.
fn unquoted(json: Json) -> Result<Option<String>> {
    match json {
        Json::Null => Ok(None),
        Json::String(text) => Ok(Some(text)),
        other => text(&other).map(Some),
    }
}

type Change<'a> = &'a dyn Fn(Place<'_>, Json) -> Result<()>;

fn changed(row: &Row, change: Change) -> Result<Value> {
    let mut json = parsed(row.text(0))?;
    let path: Vec<String> = row.texts(1)?.into_iter().flatten().collect();
    let new = parsed(row.text(2))?;
    if !json.is_object() && !json.is_array() {
        return Err(fault::data(DataFault::InvalidArgument, "cannot set path in scalar"));
    }
    at_end(&mut json, &path, new, change)?;
    shown(&json)
}

/// Follows a path; a step that is not there ends it without a change.
fn at_end(json: &mut Json, path: &[String], new: Json, change: Change) -> Result<()> {
    let [step, rest @ ..] = path else { return Ok(()) };
    match json {
        Json::Object(members) if rest.is_empty() => change(Place::Member(members, step), new),
        Json::Object(members) => members.get_mut(step).map_or(Ok(()), |member| at_end(member, rest, new, change)),
        Json::Array(elements) => {
            let at = element(step, elements)?;
            if rest.is_empty() {
                return change(Place::Element(elements, at), new);
            }
            match elements.get_mut(usize::try_from(at).unwrap_or(usize::MAX)) {
                Some(element) => at_end(element, rest, new, change),
                None => Ok(()),
            }
        }
        _ => Ok(()),
    }
}

/// The index that a step names; one below zero counts from the end.
fn element(step: &str, elements: &[Json]) -> Result<i64> {
    let at: i64 = step
        .trim()
        .parse()
        .map_err(|_| fault::data(DataFault::InvalidText, format!("path element at position 1 is not an integer: \"{step}\"")))?;
    Ok(if at < 0 { at + len(elements) } else { at })
}

fn remove(json: &mut Json, path: &[String]) -> Result<()> {
    let [step, rest @ ..] = path else { return Ok(()) };
    match json {
        Json::Object(members) if rest.is_empty() => {
            members.shift_remove(step);
            Ok(())
        }
        Json::Object(members) => members.get_mut(step).map_or(Ok(()), |member| remove(member, rest)),
        Json::Array(elements) => {
            let Some(at) = usize::try_from(element(step, elements)?).ok().filter(|at| *at < elements.len()) else {
                return Ok(());
            };
            if rest.is_empty() {
                elements.remove(at);
                return Ok(());
            }
            remove(&mut elements[at], rest)
        }
        _ => Err(fault::data(DataFault::InvalidArgument, "cannot delete path in scalar")),
    }
}

/// Members that are null go; elements stay.
fn strip(json: &mut Json) {
    match json {
        Json::Object(members) => {
            members.retain(|_, member| !member.is_null());
            members.values_mut().for_each(strip);
        }
        Json::Array(elements) => elements.iter_mut().for_each(strip),
        _ => {}
    }
}
