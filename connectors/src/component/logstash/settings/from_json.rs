//! JSON to entries. Forms decide how, where they fit.

use std::collections::{HashMap, VecDeque};

use serde_json::{Map, Value as Json};

use super::super::form::{FORM_KEY, Forms, Mark, Spelling, below, number_value};
use super::super::quoting::{Text, is_bareword};
use super::super::tree::{Array, Comment, DEPTH_MAX, Entry, Hash, Item, Name, Plugin, Value, on_own_lines};
use super::{NamePlace, PLUGIN_KEY, REPEAT_KEY, key_from_json};

/// Something in a rule that cannot be written as Logstash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Column of the rule, or path below `settings`.
    pub field: String,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
}

/// The plugin that a rule with this name and these settings stands for.
///
/// # Errors
/// Every [`Problem`] there is, not only the first.
pub fn plugin_from_json(name: &str, settings: &Json) -> Result<Plugin, Vec<Problem>> {
    let Json::Object(object) = settings else {
        return Err(vec![problem("settings", "settings are no JSON object", None)]);
    };
    let mut decoder = Decoder { forms: Forms::default(), depth: 0, problems: Vec::new() };
    match Forms::from_json(object.get(FORM_KEY)) {
        Ok(forms) => decoder.forms = forms,
        Err(bad) => decoder.problems.push(problem("settings", &bad.to_string(), Some(FORM_HINT))),
    }
    let plugin = decoder.plugin(name, "plugin", object, NamePlace::Node, &Place::top());
    match plugin {
        Some(plugin) if decoder.problems.is_empty() => Ok(plugin),
        _ => Err(decoder.problems),
    }
}

const FORM_HINT: &str = "Remove the key $form from the settings; it only keeps how they were written.";

fn problem(field: &str, message: &str, hint: Option<&str>) -> Problem {
    Problem { field: field.to_owned(), message: message.to_owned(), hint: hint.map(str::to_owned) }
}

/// Where a value stands.
struct Place {
    pointer: String,
    /// As people write it: `settings.match.message`.
    field: String,
}

impl Place {
    fn top() -> Place {
        Place { pointer: String::new(), field: "settings".to_owned() }
    }

    fn below(&self, part: &str) -> Place {
        Place { pointer: below(&self.pointer, part), field: format!("{}.{part}", self.field) }
    }
}

struct Decoder {
    forms: Forms,
    depth: usize,
    problems: Vec<Problem>,
}

impl Decoder {
    fn fail<T>(&mut self, field: &str, message: &str, hint: Option<&str>) -> Option<T> {
        self.problems.push(problem(field, message, hint));
        None
    }

    fn spelling(&mut self, place: &Place) -> Option<Spelling> {
        let found = self.forms.spelling(&place.pointer);
        found.unwrap_or_else(|bad| self.fail(&place.field, &bad.to_string(), Some(FORM_HINT)))
    }

    fn layout(&mut self, place: &Place) -> Vec<Mark> {
        let found = self.forms.layout(&place.pointer);
        found.unwrap_or_else(|bad| self.fail(&place.field, &bad.to_string(), Some(FORM_HINT)).unwrap_or_default())
    }

    fn plugin(&mut self, name: &str, field: &str, object: &Map<String, Json>, at: NamePlace, place: &Place) -> Option<Plugin> {
        if name.is_empty() {
            return self.fail(field, "the plugin has no name", None);
        }
        let spelling = self.layout(place).into_iter().find_map(|mark| match mark {
            Mark::Key { key, spelling } if key == PLUGIN_KEY => spelling,
            _ => None,
        });
        let name = self.name(name, at, spelling, field);
        let (entries, end) = self.entries(object, NamePlace::Setting, place);
        Some(Plugin { name: name?, entries, end })
    }

    fn name(&mut self, name: &str, at: NamePlace, spelling: Option<Spelling>, field: &str) -> Option<Name> {
        match spelling.unwrap_or_else(|| at.usual(name)) {
            Spelling::Bare if at.takes_bare(name) => Some(Name::Bare(name.to_owned())),
            spelling => self.text(name, Some(&spelling), field).map(Name::Quoted),
        }
    }

    fn text(&mut self, text: &str, spelling: Option<&Spelling>, field: &str) -> Option<Text> {
        match Text::new(text, Spelling::quote(spelling)) {
            Ok(text) => Some(text),
            Err(reason) => self.fail(field, &reason.to_string(), Some(reason.hint())),
        }
    }

    fn value(&mut self, json: &Json, place: &Place) -> Option<Value> {
        if self.depth == DEPTH_MAX {
            return self.fail(&place.field, &format!("settings are nested deeper than {DEPTH_MAX} levels"), None);
        }
        self.depth += 1;
        let value = self.value_here(json, place);
        self.depth -= 1;
        value
    }

    fn value_here(&mut self, json: &Json, place: &Place) -> Option<Value> {
        match json {
            Json::Null => {
                self.fail(&place.field, "Logstash has no null", Some("Remove the key: - 'key' takes it out of a jsonb value."))
            }
            Json::Bool(value) => Some(Value::Bareword(value.to_string())),
            Json::Number(number) => {
                let spelling = self.spelling(place);
                Some(number_value(number, spelling.as_ref()))
            }
            Json::String(text) => match self.spelling(place) {
                Some(Spelling::Bare) if is_bareword(text) && text != "true" && text != "false" => {
                    Some(Value::Bareword(text.clone()))
                }
                Some(Spelling::Number(number)) if number == *text => Some(Value::Number(number)),
                spelling => self.text(text, spelling.as_ref(), &place.field).map(Value::Text),
            },
            Json::Array(values) => Some(Value::Array(self.array(values, place))),
            Json::Object(object) => match object.get(PLUGIN_KEY) {
                None => {
                    let (entries, end) = self.entries(object, NamePlace::Key, place);
                    Some(Value::Hash(Hash { entries, end }))
                }
                Some(Json::String(name)) => {
                    let field = format!("{}.{PLUGIN_KEY}", place.field);
                    self.plugin(name, &field, object, NamePlace::Value, place).map(Value::Plugin)
                }
                Some(_) => self.fail(&place.field, "the name of a plugin is no text", None),
            },
        }
    }

    fn array(&mut self, values: &[Json], place: &Place) -> Array {
        let mut comments: HashMap<usize, Vec<Comment>> = HashMap::new();
        let mut waiting = Vec::new();
        for mark in self.layout(place) {
            match mark {
                Mark::Comment(comment) => waiting.push(comment),
                Mark::Index(index) if index < values.len() => {
                    comments.entry(index).or_default().append(&mut waiting);
                }
                Mark::Index(_) | Mark::Key { .. } => {}
            }
        }
        let mut items = Vec::new();
        for (i, json) in values.iter().enumerate() {
            let value = self.value(json, &place.below(&i.to_string()));
            let comments = first_shares_line(comments.remove(&i).unwrap_or_default());
            items.extend(value.map(|value| Item { comments, value }));
        }
        Array { items, end: first_shares_line(waiting) }
    }

    fn entries(&mut self, object: &Map<String, Json>, at: NamePlace, place: &Place) -> (Vec<Entry>, Vec<Comment>) {
        let mut waiting_values = self.values_by_key(object, place);
        let mut entries = Vec::new();
        let mut comments = Vec::new();
        for mark in self.layout(place) {
            match mark {
                Mark::Comment(comment) => comments.push(comment),
                Mark::Key { key, spelling } => {
                    if let Some(next) = waiting_values.get_mut(&key).and_then(VecDeque::pop_front) {
                        let comments = first_shares_line(std::mem::take(&mut comments));
                        entries.extend(self.entry(&key, &next, at, spelling, comments));
                    }
                }
                Mark::Index(_) => {}
            }
        }
        let laid_out = entries.len();
        for key in object.keys() {
            for next in waiting_values.remove(key).unwrap_or_default() {
                entries.extend(self.entry(key, &next, at, None, Vec::new()));
            }
        }
        if entries.len() > laid_out {
            comments = on_own_lines(comments);
        }
        (entries, first_shares_line(comments))
    }

    /// What each key holds and where: one value, or several if the key is repeated.
    fn values_by_key<'j>(
        &mut self,
        object: &'j Map<String, Json>,
        place: &Place,
    ) -> HashMap<String, VecDeque<(&'j Json, Place)>> {
        let mut found = HashMap::new();
        for (key, json) in object {
            let here = place.below(key);
            if key_from_json(key).is_none() {
                if key != PLUGIN_KEY && !(key == FORM_KEY && place.pointer.is_empty()) {
                    let hint = "Keys that begin with $ mark something; write $$ for a name that begins so.";
                    self.fail::<()>(&here.field, "no such mark", Some(hint));
                }
                continue;
            }
            let values = match json.get(REPEAT_KEY) {
                None => VecDeque::from([(json, here)]),
                Some(Json::Array(values)) if json.as_object().is_some_and(|repeat| repeat.len() == 1) => {
                    let below = here.below(REPEAT_KEY);
                    values.iter().enumerate().map(|(i, value)| (value, below.below(&i.to_string()))).collect()
                }
                Some(_) => {
                    let hint = "Write {\"$repeat\": [first, second]}, with nothing else in the object.";
                    self.fail::<()>(&here.field, "no list of repeated values", Some(hint));
                    continue;
                }
            };
            found.insert(key.clone(), values);
        }
        found
    }

    fn entry(
        &mut self,
        key: &str,
        (json, place): &(&Json, Place),
        at: NamePlace,
        spelling: Option<Spelling>,
        comments: Vec<Comment>,
    ) -> Option<Entry> {
        let name = self.name(key_from_json(key)?, at, spelling, &place.field);
        let value = self.value(json, place);
        Some(Entry { comments, name: name?, value: value? })
    }
}

/// Comments that were apart may now follow each other; only the first of a run can share a line.
fn first_shares_line(comments: Vec<Comment>) -> Vec<Comment> {
    let mut comments = comments.into_iter();
    let first = comments.next();
    first.into_iter().chain(on_own_lines(comments.collect())).collect()
}
