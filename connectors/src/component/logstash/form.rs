//! How the settings of a plugin were written, kept beside what they mean.
//!
//! `settings` is plain JSON that SQL can read and change. What JSON cannot say stands under its key `$form`: for each
//! place, by JSON pointer, either how a single value is spelled or how a container is laid out.
//!
//! ```text
//! {"port": 5044, "codec": {"$plugin": "json"},
//!  "$form": {"":      [{"comment": "the usual one"}, "port", {"key": "codec", "as": "single"}],
//!            "/port": "5044."}}
//! ```
//!
//! A form is a preference, never a meaning: where it does not fit the value any more it is passed over, and keys that it
//! does not name come last. Only what differs from the usual way is kept, so that rules made by hand need none.

use serde_json::{Map, Value as Json, json};

use super::quoting::{Quote, Text};
use super::remark;
use super::tree::{Comment, Name, Value};

/// The key under which forms stand, in the settings of a rule.
pub const FORM_KEY: &str = "$form";

/// How a name, a string or a number is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Spelling {
    /// Without quotes.
    Bare,
    /// In quotes of that kind.
    Quoted(Quote),
    /// A number with these signs.
    Number(String),
}

impl Spelling {
    fn to_json(&self) -> Json {
        Json::String(match self {
            Spelling::Bare => "bare".to_owned(),
            Spelling::Quoted(Quote::Single) => "single".to_owned(),
            Spelling::Quoted(Quote::Double) => "double".to_owned(),
            Spelling::Number(text) => text.clone(),
        })
    }

    fn from_json(json: &Json) -> Option<Spelling> {
        match json.as_str()? {
            "bare" => Some(Spelling::Bare),
            "single" => Some(Spelling::Quoted(Quote::Single)),
            "double" => Some(Spelling::Quoted(Quote::Double)),
            text if super::quoting::is_number(text) => Some(Spelling::Number(text.to_owned())),
            _ => None,
        }
    }

    /// How a name is spelled.
    #[must_use]
    pub fn of_name(name: &Name) -> Spelling {
        match name {
            Name::Bare(_) => Spelling::Bare,
            Name::Quoted(text) => Spelling::of_text(text),
        }
    }

    /// How a string is spelled.
    #[must_use]
    pub fn of_text(text: &Text) -> Spelling {
        Spelling::Quoted(text.quote())
    }

    /// Which quotes to try first.
    #[must_use]
    pub fn quote(spelling: Option<&Spelling>) -> Quote {
        match spelling {
            Some(Spelling::Quoted(quote)) => *quote,
            Some(Spelling::Bare | Spelling::Number(_)) | None => Quote::Double,
        }
    }
}

/// One thing in the layout of a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mark {
    /// A comment.
    Comment(Comment),
    /// The next value of that key.
    Key {
        /// As JSON has it.
        key: String,
        /// If not spelled in the usual way.
        spelling: Option<Spelling>,
    },
    /// An element of an array.
    Index(usize),
}

impl Mark {
    fn to_json(&self) -> Json {
        match self {
            Mark::Comment(comment) if comment.same_line => json!({"comment": remark::to_line(comment), "same_line": true}),
            Mark::Comment(comment) => json!({"comment": remark::to_line(comment)}),
            Mark::Key { key, spelling: None } => json!(key),
            Mark::Key { key, spelling: Some(spelling) } => json!({"key": key, "as": spelling.to_json()}),
            Mark::Index(index) => json!(index),
        }
    }

    fn from_json(json: &Json) -> Option<Mark> {
        match json {
            Json::String(key) => Some(Mark::Key { key: key.clone(), spelling: None }),
            Json::Number(index) => Some(Mark::Index(usize::try_from(index.as_u64()?).ok()?)),
            Json::Object(fields) => match (fields.get("comment"), fields.get("key")) {
                (Some(Json::String(line)), None) => {
                    let same_line = fields.get("same_line").is_some_and(|same_line| same_line == &Json::Bool(true));
                    remark::from_line(line, same_line).ok().map(Mark::Comment)
                }
                (None, Some(Json::String(key))) => {
                    Some(Mark::Key { key: key.clone(), spelling: Some(Spelling::from_json(fields.get("as")?)?) })
                }
                _ => None,
            },
            Json::Null | Json::Bool(_) | Json::Array(_) => None,
        }
    }
}

/// All forms of one rule's settings.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Forms {
    forms: Map<String, Json>,
}

/// Something under [`FORM_KEY`] that is no form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place} is no form of a setting")]
pub struct BadForm {
    /// Pointer, or the key itself.
    pub place: String,
}

impl Forms {
    /// Reads what stands under [`FORM_KEY`].
    ///
    /// # Errors
    /// [`BadForm`] if that is no object. What is in it is checked when it is asked for.
    pub fn from_json(json: Option<&Json>) -> Result<Forms, BadForm> {
        match json {
            None => Ok(Forms::default()),
            Some(Json::Object(forms)) => Ok(Forms { forms: forms.clone() }),
            Some(_) => Err(BadForm { place: FORM_KEY.to_owned() }),
        }
    }

    /// What to put under [`FORM_KEY`]; `None` if everything is written in the usual way.
    #[must_use]
    pub fn into_json(self) -> Option<Json> {
        (!self.forms.is_empty()).then_some(Json::Object(self.forms))
    }

    /// Notes how the value at `pointer` is spelled.
    pub fn spell(&mut self, pointer: &str, spelling: &Spelling) {
        self.forms.insert(pointer.to_owned(), spelling.to_json());
    }

    /// Notes how the container at `pointer` is laid out.
    pub fn lay_out(&mut self, pointer: &str, marks: &[Mark]) {
        self.forms.insert(pointer.to_owned(), Json::Array(marks.iter().map(Mark::to_json).collect()));
    }

    /// How the value at `pointer` is spelled, if that was noted.
    ///
    /// # Errors
    /// [`BadForm`] for a text that names no spelling.
    pub fn spelling(&self, pointer: &str) -> Result<Option<Spelling>, BadForm> {
        match self.forms.get(pointer) {
            // A layout is left over from a container that stood here.
            None | Some(Json::Array(_)) => Ok(None),
            Some(json) => {
                Spelling::from_json(json).map(Some).ok_or_else(|| BadForm { place: format!("{FORM_KEY} at \"{pointer}\"") })
            }
        }
    }

    /// How the container at `pointer` is laid out; empty if that was not noted.
    ///
    /// # Errors
    /// [`BadForm`] for a list that holds something else than keys, indexes and comments.
    pub fn layout(&self, pointer: &str) -> Result<Vec<Mark>, BadForm> {
        let bad = || BadForm { place: format!("{FORM_KEY} at \"{pointer}\"") };
        match self.forms.get(pointer) {
            // A spelling is left over from a value that stood here.
            None | Some(Json::String(_)) => Ok(Vec::new()),
            Some(Json::Array(marks)) => marks.iter().map(|mark| Mark::from_json(mark).ok_or_else(bad)).collect(),
            Some(_) => Err(bad()),
        }
    }
}

/// The pointer of something below `pointer`.
#[must_use]
pub fn below(pointer: &str, part: &str) -> String {
    format!("{pointer}/{}", part.replace('~', "~0").replace('/', "~1"))
}

/// The JSON of a number, and its spelling if that is not what the JSON would be written as.
#[must_use]
pub fn number_to_json(text: &str) -> (Json, Option<Spelling>) {
    let integer = text.parse::<i64>().map(Json::from).or_else(|_| text.parse::<u64>().map(Json::from));
    let decimal = || text.parse::<f64>().ok().and_then(serde_json::Number::from_f64).map(Json::Number);
    // A number beyond every double stays text, spelled as a number.
    let json = integer.ok().or_else(decimal).unwrap_or_else(|| Json::String(text.to_owned()));
    let usual = match &json {
        Json::Number(number) => number_text(number),
        _ => String::new(),
    };
    let spelling = (usual != text).then(|| Spelling::Number(text.to_owned()));
    (json, spelling)
}

/// A JSON number as Logstash's grammar takes it: digits and perhaps a point, no exponent.
#[must_use]
pub fn number_text(number: &serde_json::Number) -> String {
    match number.as_f64() {
        Some(decimal) if number.is_f64() => format!("{decimal}"),
        _ => number.to_string(),
    }
}

/// A JSON number as a value, with the signs of `spelling` if they mean the same.
#[must_use]
pub fn number_value(number: &serde_json::Number, spelling: Option<&Spelling>) -> Value {
    if let Some(Spelling::Number(text)) = spelling
        && number_to_json(text).0.as_number().is_some_and(|spelled| same_number(spelled, number))
    {
        return Value::Number(text.clone());
    }
    Value::Number(number_text(number))
}

fn same_number(one: &serde_json::Number, other: &serde_json::Number) -> bool {
    one == other || ((one.is_f64() || other.is_f64()) && one.as_f64() == other.as_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_their_signs_while_they_mean_the_same() {
        for text in
            ["0", "-1", "007", "1.", "1.0", "1.10", "-0", "18446744073709551615", "123456789012345678901234567890", "-1.5"]
        {
            let (json, spelling) = number_to_json(text);
            let number = json.as_number().unwrap();
            assert_eq!(number_value(number, spelling.as_ref()), Value::Number(text.to_owned()));
            assert_eq!(number_value(&5.into(), spelling.as_ref()), Value::Number("5".to_owned()), "{text} is not 5");
        }
        let endless = "9".repeat(400);
        assert_eq!(number_to_json(&endless).0, Json::String(endless.clone()));
    }

    #[test]
    fn a_number_without_form_has_no_exponent() {
        for (json, expected) in [("1e21", "1000000000000000000000"), ("1e-7", "0.0000001"), ("2.0", "2"), ("-3.25", "-3.25")] {
            let number: serde_json::Number = serde_json::from_str(json).unwrap();
            assert_eq!(number_text(&number), expected);
        }
    }

    #[test]
    fn marks_survive_json() {
        let comment = |same_line| Mark::Comment(Comment { text: " why".to_owned(), same_line });
        let marks = vec![
            comment(true),
            comment(false),
            Mark::Key { key: "a".to_owned(), spelling: None },
            Mark::Key { key: "b".to_owned(), spelling: Some(Spelling::Quoted(Quote::Single)) },
            Mark::Index(3),
        ];
        let mut forms = Forms::default();
        forms.lay_out("/x", &marks);
        forms.spell("/y", &Spelling::Number("1.".to_owned()));
        let forms = Forms::from_json(forms.into_json().as_ref()).unwrap();
        assert_eq!(forms.layout("/x").unwrap(), marks);
        assert_eq!(forms.spelling("/y").unwrap(), Some(Spelling::Number("1.".to_owned())));
        assert_eq!(
            (forms.spelling("/x").unwrap(), forms.layout("/y").unwrap()),
            (None, Vec::new()),
            "left over from another kind"
        );
    }

    #[test]
    fn what_is_no_form_is_an_error() {
        for bad in
            [json!({"": [null]}), json!({"": [{"comment": "a\nb"}]}), json!({"": [{"key": "a", "as": "loud"}]}), json!({"": 1})]
        {
            assert!(Forms::from_json(Some(&bad)).unwrap().layout("").is_err(), "{bad}");
        }
        assert!(Forms::from_json(Some(&json!({"/a": "loud"}))).unwrap().spelling("/a").is_err());
        assert!(Forms::from_json(Some(&json!([]))).is_err());
    }
}
