//! The name that was probably meant.

/// The candidate that is most like `name`: at most a third of its letters are added, missing, wrong or swapped.
pub fn nearest<'c>(name: &str, candidates: impl Iterator<Item = &'c str>) -> Option<&'c str> {
    let name = name.to_lowercase();
    let distance = |candidate: &str| strsim::damerau_levenshtein(&name, candidate);
    let best = candidates.min_by_key(|candidate| distance(candidate))?;
    (distance(best) <= (best.len() / 3).max(1)).then_some(best)
}
