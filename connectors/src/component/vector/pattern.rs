//! Names with `*` and `?` in them, as Vector's `inputs` take them.

/// Whether a name stands for several.
pub fn is_pattern(name: &str) -> bool {
    name.contains(['*', '?', '['])
}

/// Whether the pattern stands for `name`. `*` is any number of characters, `?` is one; a set in brackets is one of them.
pub fn matches(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<char>, Vec<char>) = (pattern.chars().collect(), name.chars().collect());
    let (mut at, mut of) = (0, 0);
    // Behind the last star, and how much of the name it takes.
    let mut star: Option<(usize, usize)> = None;
    while of < name.len() {
        if pattern.get(at) == Some(&'*') {
            star = Some((at + 1, of));
            at += 1;
        } else if let Some(behind) = one(&pattern, at, name[of]) {
            at = behind;
            of += 1;
        } else if let Some((behind, taken)) = star {
            star = Some((behind, taken + 1));
            (at, of) = (behind, taken + 1);
        } else {
            return false;
        }
    }
    pattern[at..].iter().all(|sign| *sign == '*')
}

/// Where the pattern goes on when its sign at `at` stands for the character.
fn one(pattern: &[char], at: usize, character: char) -> Option<usize> {
    match pattern.get(at)? {
        '?' => Some(at + 1),
        '[' => {
            let close = at + 2 + pattern.get(at + 2..)?.iter().position(|sign| *sign == ']')?;
            let set = &pattern[at + 1..close];
            let (set, is_in) = if set[0] == '!' { (&set[1..], false) } else { (set, true) };
            let mut found = false;
            let mut i = 0;
            while i < set.len() {
                if set.get(i + 1) == Some(&'-') && i + 2 < set.len() {
                    found |= (set[i]..=set[i + 2]).contains(&character);
                    i += 3;
                } else {
                    found |= set[i] == character;
                    i += 1;
                }
            }
            (found == is_in).then_some(close + 1)
        }
        sign => (*sign == character).then_some(at + 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_stand_for_names() {
        for (pattern, name, expected) in [
            ("app_*", "app_web", true),
            ("app_*", "app_", true),
            ("app_*", "my_app_web", false),
            ("*", "", true),
            ("*_*b", "a_bb_b", true),
            ("*_*b", "a_bb_c", false),
            ("in?", "in1", true),
            ("in?", "in", false),
            ("in[12]", "in2", true),
            ("in[!a-c]", "inb", false),
            ("in[!a-c]", "ind", true),
            ("in[", "in[", false),
            ("route.*", "route.errors", true),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
    }
}
