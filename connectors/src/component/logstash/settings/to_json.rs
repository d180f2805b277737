//! Entries to JSON, with a form for whatever JSON cannot say.

use std::collections::HashMap;

use serde_json::{Map, Value as Json};

use super::super::form::{FORM_KEY, Forms, Mark, Spelling, below, number_to_json};
use super::super::quoting::{Quote, Text};
use super::super::tree::{Array, Comment, Entry, Name, Plugin, Value};
use super::{NamePlace, PLUGIN_KEY, REPEAT_KEY, key_to_json};

/// The settings of a plugin that stands in a block. Its name is not in them.
#[must_use]
pub fn plugin_to_json(plugin: &Plugin) -> Json {
    let mut encoder = Encoder { forms: Forms::default() };
    let layout = name_mark(&plugin.name, NamePlace::Node);
    let mut settings = encoder.object(Map::new(), layout, &plugin.entries, &plugin.end, NamePlace::Setting, "");
    if let Some(forms) = encoder.forms.into_json() {
        settings.insert(FORM_KEY.to_owned(), forms);
    }
    Json::Object(settings)
}

/// The mark of a plugin's own name, if it is not spelled in the usual way.
fn name_mark(name: &Name, place: NamePlace) -> Vec<Mark> {
    let spelling = Spelling::of_name(name);
    if spelling == place.usual(name.text()) {
        return Vec::new();
    }
    vec![Mark::Key { key: PLUGIN_KEY.to_owned(), spelling: Some(spelling) }]
}

struct Encoder {
    forms: Forms,
}

impl Encoder {
    fn value(&mut self, value: &Value, pointer: &str) -> Json {
        match value {
            Value::Plugin(plugin) => {
                let marked = Map::from_iter([(PLUGIN_KEY.to_owned(), Json::String(plugin.name.text().to_owned()))]);
                let layout = name_mark(&plugin.name, NamePlace::Value);
                Json::Object(self.object(marked, layout, &plugin.entries, &plugin.end, NamePlace::Setting, pointer))
            }
            Value::Hash(hash) => {
                Json::Object(self.object(Map::new(), Vec::new(), &hash.entries, &hash.end, NamePlace::Key, pointer))
            }
            Value::Array(array) => self.array(array, pointer),
            Value::Bareword(word) if word == "true" => Json::Bool(true),
            Value::Bareword(word) if word == "false" => Json::Bool(false),
            Value::Bareword(word) => {
                self.forms.spell(pointer, &Spelling::Bare);
                Json::String(word.clone())
            }
            Value::Number(text) => {
                let (json, spelling) = number_to_json(text);
                if let Some(spelling) = spelling {
                    self.forms.spell(pointer, &spelling);
                }
                json
            }
            Value::Text(text) => {
                let usual = Text::new(text.as_str(), Quote::Double);
                if usual.as_ref() != Ok(text) {
                    self.forms.spell(pointer, &Spelling::of_text(text));
                }
                Json::String(text.as_str().to_owned())
            }
        }
    }

    fn array(&mut self, array: &Array, pointer: &str) -> Json {
        let mut marks = Vec::new();
        let mut values = Vec::new();
        for (i, item) in array.items.iter().enumerate() {
            marks.extend(comment_marks(&item.comments));
            marks.push(Mark::Index(i));
            values.push(self.value(&item.value, &below(pointer, &i.to_string())));
        }
        marks.extend(comment_marks(&array.end));
        if marks.len() > array.items.len() {
            self.forms.lay_out(pointer, &marks);
        }
        Json::Array(values)
    }

    fn object(
        &mut self,
        mut object: Map<String, Json>,
        mut marks: Vec<Mark>,
        entries: &[Entry],
        end: &[Comment],
        place: NamePlace,
        pointer: &str,
    ) -> Map<String, Json> {
        let mut uses: HashMap<&str, usize> = HashMap::new();
        for entry in entries {
            *uses.entry(entry.name.text()).or_default() += 1;
        }
        for entry in entries {
            let key = key_to_json(entry.name.text());
            let spelling = Spelling::of_name(&entry.name);
            let usual = usual_spelling(place, entry.name.text());
            marks.extend(comment_marks(&entry.comments));
            marks.push(Mark::Key { key: key.clone(), spelling: (usual != spelling).then_some(spelling) });
            let here = below(pointer, &key);
            if uses[entry.name.text()] == 1 {
                object.insert(key, self.value(&entry.value, &here));
                continue;
            }
            let repeat = object
                .entry(key)
                .or_insert_with(|| Json::Object(Map::from_iter([(REPEAT_KEY.to_owned(), Json::Array(Vec::new()))])));
            let values = repeat[REPEAT_KEY].as_array_mut().unwrap_or_else(|| unreachable!("an array was put there"));
            let value = self.value(&entry.value, &below(&below(&here, REPEAT_KEY), &values.len().to_string()));
            values.push(value);
        }
        marks.extend(comment_marks(end));
        if !speaks_for_itself(&marks) {
            self.forms.lay_out(pointer, &marks);
        }
        object
    }
}

/// What a name is read back as when no form says otherwise.
fn usual_spelling(place: NamePlace, name: &str) -> Spelling {
    match place.usual(name) {
        Spelling::Quoted(quote) => match Text::new(name, quote) {
            Ok(text) => Spelling::of_text(&text),
            Err(_) => unreachable!("a name of the tree can be quoted"),
        },
        spelling => spelling,
    }
}

fn comment_marks(comments: &[Comment]) -> impl Iterator<Item = Mark> {
    comments.iter().cloned().map(Mark::Comment)
}

/// Nothing but keys in the order that JSON keys are kept in by `jsonb`: by length, then by bytes.
fn speaks_for_itself(marks: &[Mark]) -> bool {
    let mut last: Option<&str> = None;
    marks.iter().all(|mark| match mark {
        Mark::Key { key, spelling: None } => {
            let in_order = last.is_none_or(|last| (last.len(), last) <= (key.len(), key.as_str()));
            last = Some(key);
            in_order
        }
        Mark::Key { .. } | Mark::Comment(_) | Mark::Index(_) => false,
    })
}
