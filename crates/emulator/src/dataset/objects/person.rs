//! Names and addresses of people, as users and contacts have them.

use crate::dataset::draw::{Draw, salt};
use crate::dataset::words::{FIRST_NAMES, LAST_NAMES};

/// Returns a person's first name.
pub(super) fn first_name(draw: Draw<'_>) -> &'static str {
    draw.of(const { salt("FirstName") }).pick(FIRST_NAMES)
}

/// Returns a person's last name.
pub(super) fn last_name(draw: Draw<'_>) -> &'static str {
    draw.of(const { salt("LastName") }).pick(LAST_NAMES)
}

/// Returns both names.
pub(super) fn full_name(draw: Draw<'_>) -> String {
    format!("{} {}", first_name(draw), last_name(draw))
}

/// Returns the part of an email address before the `@`: the names in plain ASCII letters, and the record's number.
pub(super) fn mailbox(draw: Draw<'_>) -> String {
    let mut mailbox = String::with_capacity(24);
    for name in [first_name(draw), last_name(draw)] {
        mailbox.extend(name.chars().filter(char::is_ascii_alphabetic).map(|letter| letter.to_ascii_lowercase()));
        mailbox.push('.');
    }
    mailbox.push_str(&draw.n.to_string());
    mailbox
}

/// Returns a telephone number of the range that is kept free for fiction.
pub(super) fn phone(draw: Draw<'_>) -> String {
    format!("({}) 555-01{:02}", draw.between(201, 989), draw.again().below(100))
}
