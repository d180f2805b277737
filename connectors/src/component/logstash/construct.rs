//! What a row of a Logstash role can be: the words of `etl.rules.construct`.

use strata_catalog::etl::component::Rule;

/// One kind of row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Construct {
    /// A plugin; with a condition, the plugin inside an `if` of its own. What a row is when it does not say.
    Plugin,
    /// The first arm of a branch.
    If,
    /// A further arm; stands right behind an `if` or `else if` of the same parent.
    ElseIf,
    /// The last arm.
    Else,
    /// `input { }`, `filter { }` or `output { }`. Only needed to repeat, reorder, leave empty or comment one.
    Section,
    /// A comment among rules, for what belongs to none of them.
    Comment,
    /// A comment among sections.
    FileComment,
}

impl Construct {
    /// All of them.
    pub const ALL: [Construct; 7] = [
        Construct::Plugin,
        Construct::If,
        Construct::ElseIf,
        Construct::Else,
        Construct::Section,
        Construct::Comment,
        Construct::FileComment,
    ];

    /// As `etl.rules.construct` has it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Construct::Plugin => "plugin",
            Construct::If => "if",
            Construct::ElseIf => "else if",
            Construct::Else => "else",
            Construct::Section => "section",
            Construct::Comment => "comment",
            Construct::FileComment => "file comment",
        }
    }

    /// What a rule is; `None` for a word that is not among them.
    #[must_use]
    pub fn of(rule: &Rule) -> Option<Construct> {
        match &rule.construct {
            None => Some(Construct::Plugin),
            Some(word) => Construct::ALL.into_iter().find(|construct| construct.word() == word),
        }
    }

    /// Whether other rules can stand in it.
    #[must_use]
    pub fn holds_rules(self) -> bool {
        match self {
            Construct::If | Construct::ElseIf | Construct::Else | Construct::Section => true,
            Construct::Plugin | Construct::Comment | Construct::FileComment => false,
        }
    }
}
