//! Guesses which name somebody meant.

/// The fewest characters that are taken for the beginning of a name.
const MIN_BEGINNING: usize = 3;

/// Returns the one of `names` that `typed` most likely misspells or begins, or `None` where nothing is close.
pub(crate) fn nearest<'a>(typed: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let typed = typed.to_lowercase();
    let length = typed.chars().count();
    let misspelt = (length / 3).max(1);
    let distance = |name: &str| {
        let distance = strsim::damerau_levenshtein(&typed, name);
        (distance <= misspelt || length >= MIN_BEGINNING && name.starts_with(&typed)).then_some(distance)
    };
    let close = names.into_iter().filter_map(|name| Some((distance(&name.to_lowercase())?, name)));
    close.min().map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_misspelt_name_finds_the_one_that_was_meant() {
        let names = ["username", "password", "security_token"];

        assert_eq!(nearest("usrname", names), Some("username"));
        assert_eq!(nearest("passwrod", names), Some("password"));
        assert_eq!(nearest("SECURITY_TOKEN", names), Some("security_token"));
        assert_eq!(nearest("sec", names), Some("security_token"));
        assert_eq!(nearest("object", names), None);
        assert_eq!(nearest("", names), None);
    }
}
