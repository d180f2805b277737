//! Which characters belong to Chinese, Japanese or Korean writing, where words are not set apart by spaces.

/// Whether `letter` is a Chinese character, as Japanese and Korean use them too.
pub(super) fn is_han(letter: char) -> bool {
    matches!(letter,
        '\u{3005}' | '\u{3007}' | '\u{3021}'..='\u{3029}' | '\u{3038}'..='\u{303B}'
        | '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}'
        | '\u{20000}'..='\u{2FA1F}' | '\u{30000}'..='\u{323AF}')
}

/// Whether `letter` is Han, Hiragana, Katakana or Hangul. What is no letter in these blocks (`・`) is not asked about.
pub(super) fn is_cjk(letter: char) -> bool {
    letter >= '\u{1100}'
        && (is_han(letter)
            || matches!(letter,
                // Hiragana and Katakana.
                '\u{3031}'..='\u{3035}' | '\u{3041}'..='\u{30FF}' | '\u{31F0}'..='\u{31FF}' | '\u{FF66}'..='\u{FF9F}'
                | '\u{1AFF0}'..='\u{1AFFF}' | '\u{1B000}'..='\u{1B16F}'
                // Hangul.
                | '\u{1100}'..='\u{11FF}' | '\u{3131}'..='\u{318E}' | '\u{A960}'..='\u{A97C}' | '\u{AC00}'..='\u{D7FB}'
                | '\u{FFA0}'..='\u{FFDC}'))
}
