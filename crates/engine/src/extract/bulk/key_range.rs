//! Ranges of what never changes in a record and orders all of them: its Id, or the instant of its creation.
//!
//! That is why a query can be asked for in pieces: each record is in exactly one range, whatever happens between the jobs.

use jiff::Timestamp;
use orgtap_soql::{Condition, LiteralKind, Operator, Path, Query};
use serde::{Deserialize, Serialize};

use crate::record_id;

/// What the records are ordered by. Its values are whole numbers: the digits of an Id in base 62, the seconds since 1970 of an instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Key {
    Id,
    /// A field that says when a record was created.
    Created {
        field: String,
        /// Whether a record may lack a value, as far as the describe says.
        is_nullable: bool,
    },
}

impl Key {
    /// Returns the field's name.
    pub(super) fn field(&self) -> &str {
        match self {
            Self::Id => "Id",
            Self::Created { field, .. } => field,
        }
    }

    /// Returns the number that a value is.
    pub(super) fn number(&self, value: &str) -> Option<u128> {
        match self {
            Self::Id => record_id::number(value.as_bytes()),
            Self::Created { .. } => u128::try_from(value.parse::<Timestamp>().ok()?.as_second()).ok(),
        }
    }

    /// Returns the condition that the value compares to `number` like this.
    pub(super) fn condition(&self, operator: Operator, number: u128) -> Option<Condition> {
        let literal = match self {
            Self::Id => LiteralKind::string(record_id::id(number)),
            Self::Created { .. } => LiteralKind::date_time(&instant(number)?).ok()?,
        };
        Some(Condition::compare(Path::of(self.field()).ok()?, operator, literal))
    }

    /// Returns `query`, of the records in `whole`, for those in `piece`. The first piece has no lower end and the last no upper one: the ends
    /// are only where the records were when they were looked at. Records without a value are in the first. `None` where a number is no value.
    pub(super) fn narrowed(&self, query: &Query, whole: KeyRange, piece: KeyRange) -> Option<Query> {
        let mut bounds = Vec::new();
        if piece.low > whole.low {
            bounds.push(self.condition(Operator::Ge, piece.low)?);
        }
        if piece.high < whole.high {
            bounds.push(self.condition(Operator::Lt, piece.high + 1)?);
        }
        let mut query = query.clone();
        let Some(mut within) = Condition::all(bounds) else { return Some(query) };
        if piece.low == whole.low && matches!(self, Self::Created { is_nullable: true, .. }) {
            let is_null = Condition::compare(Path::of(self.field()).ok()?, Operator::Eq, LiteralKind::Null);
            within = Condition::any([within, is_null])?;
        }
        query.add_condition(within);
        Some(query)
    }
}

/// A range of such numbers, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct KeyRange {
    pub(super) low: u128,
    pub(super) high: u128,
}

impl KeyRange {
    /// Returns whether these are numbers of Ids or instants.
    pub(crate) fn is_sound(self) -> bool {
        self.low <= self.high && self.high < record_id::COUNT
    }

    /// Returns how far the ends are apart.
    pub(super) fn width(self) -> u128 {
        self.high - self.low
    }

    /// Returns the range in `count` pieces of about the same size, fewer where they would be empty.
    pub(super) fn pieces(self, count: u128) -> Vec<Self> {
        let Self { low, high } = self;
        let numbers = high - low + 1;
        let count = count.min(numbers);
        let cut = |at: u128| low + numbers * at / count;
        (0..count).map(|at| Self { low: cut(at), high: cut(at + 1) - 1 }).collect()
    }
}

/// Cuts `range` as a job that is too much is cut.
#[cfg(any(test, fuzzing))]
pub(crate) fn cut_for_fuzzing(range: Option<KeyRange>) {
    let created = Key::Created { field: "CreatedDate".to_owned(), is_nullable: true };
    let query = Query::of(Path::of("Account").expect("a name"), vec![Path::of("Id").expect("a name")]);
    for (whole, piece) in
        range.into_iter().flat_map(|whole| whole.pieces(4).into_iter().map(move |piece| (whole, piece)))
    {
        assert!(piece.is_sound() && Key::Id.number(&record_id::id(piece.low)) == Some(piece.low));
        drop((Key::Id.narrowed(&query, whole, piece), created.narrowed(&query, whole, piece)));
    }
}

fn instant(seconds: u128) -> Option<String> {
    let instant = Timestamp::from_second(i64::try_from(seconds).ok()?).ok()?;
    Some(instant.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn created(is_nullable: bool) -> Key {
        Key::Created { field: "CreatedDate".to_owned(), is_nullable }
    }

    fn pieces_of(key: &Key, whole: KeyRange) -> Vec<String> {
        let query = orgtap_soql::parse("SELECT Id FROM Account WHERE A = 1 OR B = 2").unwrap();
        let narrowed = |piece| key.narrowed(&query, whole, piece).unwrap().to_string();
        whole.pieces(4).into_iter().map(narrowed).collect()
    }

    #[test]
    fn instants_of_either_api_are_seconds() {
        for text in ["2024-06-15T12:00:01.000Z", "2024-06-15T12:00:01.000+0000", "2024-06-15T14:00:01.999+0200"] {
            assert_eq!(created(false).number(text), Some(1_718_452_801), "{text}");
        }
        assert_eq!(created(false).number("1955-11-05T06:00:00.000Z"), None);
    }

    #[test]
    fn pieces_cover_a_range_without_overlap() {
        for (low, high) in [(0, 0), (5, 6), (10, 13), (7, 1_000_003)] {
            let pieces = KeyRange { low, high }.pieces(4);

            assert_eq!((pieces.first().unwrap().low, pieces.last().unwrap().high), (low, high));
            assert!(pieces.windows(2).all(|pair| pair[0].high + 1 == pair[1].low));
            assert!(pieces.iter().all(|piece| piece.low <= piece.high));
        }
    }

    #[test]
    fn the_outer_pieces_are_open_at_their_ends() {
        let narrowed = pieces_of(&Key::Id, KeyRange { low: 0, high: 7 });

        let bounds = |text: &String| (text.contains("Id >= "), text.contains("Id < "));
        assert_eq!(
            narrowed.iter().map(bounds).collect::<Vec<_>>(),
            [(false, true), (true, true), (true, true), (true, false)]
        );
        assert!(narrowed[0].contains("(A = 1 OR B = 2) AND Id < '"), "{}", narrowed[0]);
    }

    #[test]
    fn records_without_a_date_are_in_the_first_piece_alone() {
        let narrowed = pieces_of(&created(true), KeyRange { low: 0, high: 7 });

        assert!(
            narrowed[0].ends_with("(A = 1 OR B = 2) AND (CreatedDate < 1970-01-01T00:00:02Z OR CreatedDate = NULL)"),
            "{}",
            narrowed[0]
        );
        assert!(
            narrowed[1].ends_with("AND CreatedDate >= 1970-01-01T00:00:02Z AND CreatedDate < 1970-01-01T00:00:04Z")
        );
        assert_eq!(narrowed.iter().filter(|query| query.contains("NULL")).count(), 1);
        assert!(pieces_of(&created(false), KeyRange { low: 0, high: 7 }).iter().all(|query| !query.contains("NULL")));
    }
}
