//! Finds the word that was probably meant.

/// Returns the candidate that `word` is probably a misspelling of, ignoring case. `None` when it is one of them.
pub(crate) fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    /// Longer than any word worth guessing; keeps the cost of a guess constant.
    const LONGEST: usize = 40;
    if word.len() > LONGEST {
        return None;
    }
    let word: Vec<char> = word.to_ascii_uppercase().chars().collect();
    let (steps, candidate) = candidates
        .into_iter()
        .map(|candidate| (distance(&word, &candidate.to_ascii_uppercase().chars().collect::<Vec<_>>()), candidate))
        .min_by_key(|&(steps, _)| steps)?;
    let allowed = if candidate.len() > 4 { 2 } else { 1 };
    (1..=allowed).contains(&steps).then_some(candidate)
}

/// The letters to insert, delete, replace or swap with a neighbour to get from one word to the other.
fn distance(from: &[char], to: &[char]) -> usize {
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=to.len()).collect();
    for (row, left) in from.iter().enumerate() {
        let mut current = vec![row + 1];
        for (column, right) in to.iter().enumerate() {
            let replaced = last[column] + usize::from(left != right);
            let mut steps = replaced.min(last[column + 1] + 1).min(current[column] + 1);
            if row > 0 && column > 0 && *left == to[column - 1] && from[row - 1] == *right {
                steps = steps.min(before_last[column - 1] + 1);
            }
            current.push(steps);
        }
        before_last = std::mem::replace(&mut last, current);
    }
    last[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_word_finds_the_one_that_was_meant() {
        let words = ["SELECT", "FROM", "WHERE", "LIKE"];

        assert_eq!(nearest("selekt", words), Some("SELECT"));
        assert_eq!(nearest("FORM", words), Some("FROM"));
        assert_eq!(nearest("WHER", words), Some("WHERE"));
        assert_eq!(nearest("LIK", words), Some("LIKE"));
    }

    #[test]
    fn unlike_words_and_the_word_itself_find_nothing() {
        assert_eq!(nearest("Account", ["FROM", "WHERE"]), None);
        assert_eq!(nearest("where", ["FROM", "WHERE"]), None);
        assert_eq!(nearest(&"W".repeat(100_000), ["WHERE"]), None);
    }
}
