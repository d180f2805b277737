//! The options of `ts_headline`: `StartSel=<b>, StopSel=</b>, MaxWords=35, MinWords=15, HighlightAll=false, MaxFragments=0,
//! FragmentDelimiter=" ... "`.

use crate::Result;
use crate::error::{EngineError, Refusal};

/// What a headline looks like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct HeadlineOptions {
    /// Stands before a word that was found.
    pub(super) start: String,
    /// Stands behind it.
    pub(super) stop: String,
    /// Words of a headline, or of a fragment.
    pub(super) words_max: usize,
    /// Words of a headline, if the text has so many.
    pub(super) words_min: usize,
    /// The whole text.
    pub(super) all: bool,
    /// 0 for one headline, else how many pieces of the text.
    pub(super) fragments_max: usize,
    /// Stands between fragments.
    pub(super) delimiter: String,
}

impl Default for HeadlineOptions {
    fn default() -> Self {
        Self {
            start: "<b>".into(),
            stop: "</b>".into(),
            words_max: 35,
            words_min: 15,
            all: false,
            fragments_max: 0,
            delimiter: " ... ".into(),
        }
    }
}

impl HeadlineOptions {
    /// Reads `name=value, name="value"`.
    ///
    /// # Errors
    /// Unknown names, values that are no numbers, bounds that contradict each other.
    pub(super) fn parse(text: &str) -> Result<Self> {
        let mut options = Self::default();
        let mut rest = text.trim();
        while !rest.is_empty() {
            let Some((name, after)) = rest.split_once('=') else {
                return Err(refused(format!("headline option \"{rest}\" has no value")));
            };
            let after = after.trim_start();
            let (value, after) = match after.strip_prefix('"') {
                Some(quoted) => quoted.split_once('"').ok_or_else(|| refused(format!("unterminated quote in \"{text}\"")))?,
                None => {
                    let (value, after) = after.split_at(after.find(',').unwrap_or(after.len()));
                    (value.trim_end(), after)
                }
            };
            options.set(name.trim(), value)?;
            rest = after.trim_start();
            rest = rest.strip_prefix(',').unwrap_or(rest).trim_start();
        }
        if options.words_min >= options.words_max {
            return Err(refused("MinWords must be less than MaxWords".into()));
        }
        Ok(options)
    }

    fn set(&mut self, name: &str, value: &str) -> Result<()> {
        let number = || {
            let fault = || refused(format!("headline option {name} takes a number, not \"{value}\""));
            value.trim().parse::<u16>().map(usize::from).map_err(|_| fault())
        };
        match name.to_ascii_lowercase().as_str() {
            "startsel" => value.clone_into(&mut self.start),
            "stopsel" => value.clone_into(&mut self.stop),
            "fragmentdelimiter" => value.clone_into(&mut self.delimiter),
            "maxwords" => self.words_max = number()?,
            "minwords" => self.words_min = number()?.max(1),
            "maxfragments" => self.fragments_max = number()?,
            // There are no words that are too short to end a headline.
            "shortword" => drop(number()?),
            "highlightall" => {
                self.all = match value.trim().to_ascii_lowercase().as_str() {
                    "1" | "on" | "true" | "t" | "y" | "yes" => true,
                    "0" | "off" | "false" | "f" | "n" | "no" => false,
                    _ => return Err(refused(format!("headline option {name} takes true or false, not \"{value}\""))),
                }
            }
            _ => return Err(refused(format!("unrecognized headline parameter: \"{name}\""))),
        }
        Ok(())
    }
}

fn refused(message: String) -> EngineError {
    EngineError::Refused {
        reason: Refusal::InvalidParameter,
        message,
        hint: Some("There are StartSel, StopSel, MaxWords, MinWords, HighlightAll, MaxFragments and FragmentDelimiter.".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_values() {
        let options = HeadlineOptions::parse("StartSel=[, stopsel = \"]\", MaxWords=5,MinWords=2, HighlightAll=yes").unwrap();
        let expected = HeadlineOptions {
            start: "[".into(),
            stop: "]".into(),
            words_max: 5,
            words_min: 2,
            all: true,
            ..HeadlineOptions::default()
        };
        assert_eq!(options, expected);
        assert_eq!(HeadlineOptions::parse(" ").unwrap(), HeadlineOptions::default());
        for wrong in ["MaxWords", "MaxWords=x", "Colour=red", "StartSel=\"", "MaxWords=5", "HighlightAll=perhaps"] {
            assert!(HeadlineOptions::parse(wrong).is_err(), "{wrong}");
        }
    }
}
