//! Bytes of a results page into batches of whole records.
//!
//! The header is read and checked, record boundaries are found, records are counted; no value is decoded where the page has the columns in
//! the order that was asked for. A page in another column order (API versions before 50.0 sort them by name) or with CR LF line ends is
//! rewritten record by record.

use std::sync::Arc;

use bytes::{Buf as _, Bytes, BytesMut};
use memchr::memchr2_iter;
use orgtap_destination::Batch;
use orgtap_destination::csv;

use crate::boundaries::{Boundaries, for_each_record};
use crate::forms::Form;
use crate::identities::{Identities, NoId};
use crate::projection::Projection;

/// The longest record that is accepted, so that a body with an unbalanced quote cannot fill the memory. The texts of one record come to
/// about 1.6 million characters at the most (Salesforce object limits).
const MAX_RECORD_BYTES: usize = 64 * 1024 * 1024;

/// How many records of a page are held against the types of their columns. More than one, for values may be null.
const RECORDS_CHECKED: u64 = 100;

/// How many characters of a header are shown.
const LONGEST_SHOWN: usize = 1_000;

/// What is wrong with a page.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum DecodeError {
    /// The header's columns are not those of the query.
    #[error("the page has the columns {found}, where {expected} were asked for")]
    Columns { expected: String, found: String },
    /// The header has the columns of the query in another order, where it cannot have.
    #[error("the page has its columns in the order {found}, where {expected} were asked for")]
    Order { expected: String, found: String },
    /// There is no header at all.
    #[error("the page does not begin with the names of its columns, {expected}")]
    NoHeader { expected: String },
    /// The last record has no end.
    #[error("the page ends within a record")]
    Unfinished,
    /// A record does not end.
    #[error("a record is longer than {MAX_RECORD_BYTES} bytes")]
    TooLong,
    /// A record has another number of values than the header.
    #[error("a record has {found} values, where the header has {expected}")]
    Ragged { expected: usize, found: usize },
    /// Records and values cannot be told apart for sure.
    #[error("a quote stands within a value that is not in quotes")]
    Quote,
    /// A value is not what its header says. Which value it is, is nobody's business.
    #[error("under `{column}` stands what is not {form}: the header does not fit the values")]
    Form { column: String, form: &'static str },
    #[error(transparent)]
    NoId(#[from] NoId),
    /// A record is not text.
    #[error("a record is not UTF-8")]
    NotText,
}

/// Cuts the bytes of one page into batches.
#[derive(Debug)]
pub(crate) struct PageDecoder {
    projection: Arc<Projection>,
    layout: Option<Layout>,
    /// Whether the columns may stand in another order than in the query.
    takes_any_order: bool,
    /// Where in a record of the page a value of a known form is, and which of those selected it is.
    forms: Vec<(usize, usize, Form)>,
    /// The beginning of the header or of a record whose end has not arrived.
    pending: BytesMut,
    /// Whether the header goes on within quotes.
    is_header_quoted: bool,
    boundaries: Boundaries,
    /// Where records end in the bytes that came last.
    ends: Vec<usize>,
    /// Whether the page puts every value in quotes, as its header is.
    is_quoting: bool,
    records: u64,
}

/// How the records of a page lie, known once the header is read.
#[derive(Debug)]
enum Layout {
    /// As the table wants them.
    Same,
    /// To be rewritten: for each value that the query selects, which value of the record it is.
    Other(Vec<usize>),
}

impl PageDecoder {
    /// Returns a decoder of one page of the query that `projection` belongs to.
    pub(crate) fn new(projection: Arc<Projection>) -> Self {
        let boundaries = Boundaries::new(projection.values.len());
        Self {
            projection,
            layout: None,
            takes_any_order: true,
            forms: Vec::new(),
            pending: BytesMut::new(),
            is_header_quoted: false,
            boundaries,
            ends: Vec::new(),
            is_quoting: false,
            records: 0,
        }
    }

    /// Refuses a page whose columns stand in another order than in the query: of which values they are would be a matter of belief.
    pub(crate) fn in_order(self) -> Self {
        Self { takes_any_order: false, ..self }
    }

    /// Returns how many records were cut so far.
    pub(crate) fn records(&self) -> u64 {
        self.records
    }

    /// Returns whether the page has begun with a header, as even one without records does.
    pub(crate) fn has_header(&self) -> bool {
        self.layout.is_some()
    }

    /// Takes the next bytes of the page and appends what they complete to `batches`.
    pub(crate) fn push(&mut self, chunk: &Bytes, batches: &mut Vec<Batch>) -> Result<(), DecodeError> {
        let mut chunk = chunk.clone();
        if self.layout.is_none() {
            let header_end = self.header_end(&chunk);
            self.pending.extend_from_slice(&chunk[..header_end.unwrap_or(chunk.len())]);
            let Some(header_end) = header_end else { return self.bounded() };
            let header = self.pending.split();
            self.begin(&header)?;
            chunk.advance(header_end);
        }
        let mut ends = std::mem::take(&mut self.ends);
        ends.clear();
        self.boundaries.find(&chunk, &mut ends)?;
        let taken = self.take(&chunk, &ends, batches);
        self.ends = ends;
        taken
    }

    /// Takes the records that end in `chunk`, and keeps what goes on after them.
    fn take(&mut self, chunk: &Bytes, ends: &[usize], batches: &mut Vec<Batch>) -> Result<(), DecodeError> {
        let (Some(&first), Some(&last)) = (ends.first(), ends.last()) else {
            self.pending.extend_from_slice(chunk);
            return self.bounded();
        };
        let (mut start, mut ends) = (0, ends);
        // What is pending ends at the first boundary. The rest goes on as it lies there.
        if !self.pending.is_empty() {
            self.pending.extend_from_slice(&chunk[..first]);
            let record = self.pending.split().freeze();
            self.complete_one(record, batches)?;
            (start, ends) = (first, &ends[1..]);
        }
        if !ends.is_empty() {
            self.complete(chunk.slice(start..last), start, ends, batches)?;
        }
        self.pending.extend_from_slice(&chunk[last..]);
        Ok(())
    }

    /// Takes the end of the page and appends its last record to `batches`, if that lacked a line end.
    pub(crate) fn finish(&mut self, batches: &mut Vec<Batch>) -> Result<(), DecodeError> {
        let is_header = self.layout.is_none();
        if if is_header { self.is_header_quoted } else { self.boundaries.is_quoted() } {
            return Err(DecodeError::Unfinished);
        }
        if self.pending.is_empty() {
            return Ok(());
        }
        if !self.may_be_whole(is_header) {
            return Err(DecodeError::Unfinished);
        }
        self.pending.extend_from_slice(b"\n");
        let record = self.pending.split().freeze();
        if is_header {
            return self.begin(&record).map_err(|_| DecodeError::Unfinished);
        }
        self.complete_one(record, batches)
    }

    /// Returns whether a last record without a line end looks whole. Where nothing but the end of the connection ends a body, a cut one
    /// looks the same, and a cut record may look like one that ends in a null.
    fn may_be_whole(&self, is_header: bool) -> bool {
        let is_quoting = self.is_quoting || (is_header && self.pending.starts_with(b"\""));
        let record = self.pending.strip_suffix(b"\r").unwrap_or(&self.pending);
        csv::values(record).count() == self.projection.values.len() && (!is_quoting || record.ends_with(b"\""))
    }

    /// Returns where in `chunk` the header ends, if it does.
    fn header_end(&mut self, chunk: &[u8]) -> Option<usize> {
        let end = memchr2_iter(b'"', b'\n', chunk).find(|at| {
            self.is_header_quoted ^= chunk[*at] == b'"';
            chunk[*at] == b'\n' && !self.is_header_quoted
        });
        end.map(|at| at + 1)
    }

    /// Fails where a record goes on too long.
    fn bounded(&self) -> Result<(), DecodeError> {
        if self.pending.len() > MAX_RECORD_BYTES { Err(DecodeError::TooLong) } else { Ok(()) }
    }

    /// Takes the header.
    fn begin(&mut self, header: &[u8]) -> Result<(), DecodeError> {
        let layout = self.read_header(header)?;
        let place = |value: usize| match &layout {
            Layout::Same => value,
            Layout::Other(order) => order[value],
        };
        let values = self.projection.values.iter().enumerate();
        self.forms = values.filter_map(|(at, value)| Some((place(at), at, Form::of(value)?))).collect();
        self.layout = Some(layout);
        self.is_quoting = header.starts_with(b"\"");
        Ok(())
    }

    /// Takes a whole record.
    fn complete_one(&mut self, record: Bytes, batches: &mut Vec<Batch>) -> Result<(), DecodeError> {
        let end = record.len();
        self.complete(record, 0, &[end], batches)
    }

    /// Takes whole records. They end at `ends`, which are counted from `start` bytes before them.
    fn complete(
        &mut self,
        bytes: Bytes,
        start: usize,
        ends: &[usize],
        batches: &mut Vec<Batch>,
    ) -> Result<(), DecodeError> {
        if str::from_utf8(&bytes).is_err() {
            return Err(DecodeError::NotText);
        }
        self.check_forms(&bytes)?;
        let records = ends.len() as u64;
        let mut identities = Identities::new(&self.projection, ends.len());
        let bytes = match &self.layout {
            Some(Layout::Other(order)) => {
                let rewritten = rewrite(&bytes, order, &self.projection)?;
                for_each_record(&rewritten, |record| identities.add(record));
                rewritten
            }
            _ => {
                let mut begin = start;
                for &end in ends {
                    identities.add(&bytes[begin - start..end - start]);
                    begin = end;
                }
                bytes
            }
        };
        self.records += records;
        batches.push(identities.tell_apart(Batch::new(bytes, records))?);
        Ok(())
    }

    /// Holds the first records of the page against what the header says, which is the same for all.
    fn check_forms(&self, records: &[u8]) -> Result<(), DecodeError> {
        let left = RECORDS_CHECKED.saturating_sub(self.records) as usize;
        csv::records(records).take(left).try_for_each(|record| {
            let values: Vec<_> = csv::values(record).collect();
            let is_misfit = |place: usize, form: Form| values.get(place).is_some_and(|value| !form.fits(value));
            match self.forms.iter().find(|(place, _, form)| is_misfit(*place, *form)) {
                Some((_, value, form)) => {
                    let column = shown(&[&self.projection.values[*value].header]);
                    Err(DecodeError::Form { column, form: form.name() })
                }
                None => Ok(()),
            }
        })
    }

    /// Returns where each value is among the names that were found.
    fn order_in(&self, found: &[String]) -> Option<Vec<usize>> {
        let values = &self.projection.values;
        let mut order: Vec<Option<usize>> = vec![None; values.len()];
        for (at, value) in values.iter().enumerate() {
            let is_it = |place: usize| found[place].eq_ignore_ascii_case(&value.header);
            // Its own place first: a function's header may be that of the field that stands beside it.
            let mut places = (at < found.len()).then_some(at).into_iter().chain(0..found.len());
            order[at] = places.find(|place| is_it(*place) && !order.contains(&Some(*place)));
        }
        // A function's header goes by its place, if it is under no name that it could have.
        for at in (0..values.len()).filter(|at| values[*at].is_header_uncertain) {
            let is_free = at < found.len() && !order.contains(&Some(at));
            order[at] = order[at].or_else(|| is_free.then_some(at));
        }
        order.into_iter().collect()
    }

    /// Says that `found` is not what was asked for. Where no name is known it may be a record, whose values are nobody's business.
    fn other_columns(&self, found: &[String]) -> DecodeError {
        let values = &self.projection.values;
        let is_known = |name: &String| values.iter().any(|value| value.header.eq_ignore_ascii_case(name));
        match found.iter().any(is_known) {
            true => DecodeError::Columns { expected: self.expected(), found: shown(found) },
            false => DecodeError::NoHeader { expected: self.expected() },
        }
    }

    /// Returns the names that were asked for.
    fn expected(&self) -> String {
        shown(&self.projection.values.iter().map(|value| value.header.as_str()).collect::<Vec<_>>())
    }

    /// Compares the header with the columns that were asked for. Case does not count: a path may come back as typed or as the API spells it.
    fn read_header(&self, line: &[u8]) -> Result<Layout, DecodeError> {
        let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
        let found: Vec<String> = csv::values(line).map(|value| String::from_utf8_lossy(&value).into_owned()).collect();
        match self.order_in(&found).or_else(|| self.order_in(&without_alias(&found)?)) {
            Some(order) if found.len() == self.projection.values.len() => {
                let is_in_order = order.iter().enumerate().all(|(wanted, found)| wanted == *found);
                if !is_in_order && !self.takes_any_order {
                    let (expected, found) = (self.expected(), shown(&found));
                    return Err(DecodeError::Order { expected, found });
                }
                let has_crlf = line.ends_with(b"\r\n");
                let is_same = is_in_order && self.projection.is_plain() && !has_crlf;
                Ok(if is_same { Layout::Same } else { Layout::Other(order) })
            }
            _ => Err(self.other_columns(&found)),
        }
    }
}

/// Returns `names` as they can stand in a message: a page may come from anywhere.
fn shown(names: &[impl AsRef<str>]) -> String {
    let text = names.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(",");
    let mut tame = text.chars().map(|char| if char.is_control() { ' ' } else { char });
    let start: String = tame.by_ref().take(LONGEST_SHOWN).collect();
    if tame.next().is_some() { start + "…" } else { start }
}

/// Returns the names without the object's alias in front, where all have one: what is typed as `a.Name` may come back so.
fn without_alias(names: &[String]) -> Option<Vec<String>> {
    let (alias, _) = names.first()?.split_once('.')?;
    let path = |name: &String| {
        let (first, path) = name.split_once('.')?;
        first.eq_ignore_ascii_case(alias).then(|| path.to_owned())
    };
    names.iter().map(path).collect()
}

/// Writes whole `records` again, as the columns that `projection` makes of their values, which lie in `order`.
fn rewrite(records: &[u8], order: &[usize], projection: &Projection) -> Result<Bytes, DecodeError> {
    let mut rewritten = Vec::with_capacity(records.len());
    for record in csv::records(records) {
        let values: Vec<_> = csv::values(record).collect();
        if values.len() != order.len() {
            return Err(DecodeError::Ragged { expected: order.len(), found: values.len() });
        }
        let values: Vec<&[u8]> = order.iter().map(|at| values[*at].as_ref()).collect();
        csv::write_record(&mut rewritten, projection.make(&values).iter().map(AsRef::as_ref));
    }
    Ok(rewritten.into())
}

#[cfg(test)]
mod tests {
    use orgtap_salesforce::FieldType;
    use proptest::prelude::*;

    use super::*;
    use crate::projection::{ColumnSource, Origin, SelectedValue};

    /// Values of these names, one column each. A name in parentheses is a function's.
    fn columns(names: &[&str]) -> Arc<Projection> {
        let value = |name: &&str| SelectedValue {
            header: name.trim_matches(['(', ')']).to_owned(),
            is_header_uncertain: name.starts_with('('),
            origin: Origin::Field { path: vec![(*name).to_owned()], field_type: FieldType::String },
        };
        let values: Vec<_> = names.iter().map(value).collect();
        Arc::new(Projection { columns: (0..values.len()).map(ColumnSource::Value).collect(), values, id_column: None })
    }

    /// Decodes `page`, which arrives in pieces of `piece` bytes.
    fn decode(names: &[&str], page: &[u8], piece: usize) -> Result<(Vec<u8>, u64), DecodeError> {
        let mut decoder = PageDecoder::new(columns(names));
        let mut batches = Vec::new();
        for chunk in page.chunks(piece) {
            decoder.push(&Bytes::copy_from_slice(chunk), &mut batches)?;
        }
        decoder.finish(&mut batches)?;
        let counted: u64 = batches.iter().map(Batch::records).sum();
        assert_eq!(counted, decoder.records(), "batches and decoder count alike");
        Ok((batches.iter().flat_map(|batch| batch.bytes().to_vec()).collect(), counted))
    }

    #[test]
    fn the_header_goes_and_the_records_stay_byte_for_byte() {
        let page = b"\"Id\",\"Name\"\n\"1\",\"a, \"\"b\"\"\r\nc\"\n\"2\",\"\"\n";

        let (bytes, records) = decode(&["Id", "Name"], page, 1000).unwrap();

        assert_eq!(bytes, b"\"1\",\"a, \"\"b\"\"\r\nc\"\n\"2\",\"\"\n");
        assert_eq!(records, 2);
    }

    #[test]
    fn a_last_record_without_a_line_end_counts() {
        assert_eq!(decode(&["Id"], b"\"Id\"\n\"1\"\n\"2\"", 3).unwrap(), (b"\"1\"\n\"2\"\n".to_vec(), 2));
    }

    #[test]
    fn a_page_with_a_header_only_has_no_records() {
        assert_eq!(decode(&["Id"], b"\"Id\"\n", 100).unwrap(), (Vec::new(), 0));
    }

    #[test]
    fn a_page_without_a_byte_has_no_records() {
        assert_eq!(decode(&["Id"], b"", 100).unwrap(), (Vec::new(), 0));
    }

    #[test]
    fn the_header_may_be_spelt_in_another_case() {
        assert_eq!(decode(&["Account.Name"], b"\"account.name\"\n\"x\"\n", 100).unwrap().1, 1);
    }

    #[test]
    fn the_header_may_carry_the_alias_of_the_object() {
        let names = ["Id", "Account.Name"];

        assert_eq!(decode(&names, b"\"c.id\",\"c.Account.Name\"\n\"1\",\"x\"\n", 100).unwrap().1, 1);
        assert!(decode(&names, b"\"c.Id\",\"d.Account.Name\"\n", 100).is_err());
    }

    #[test]
    fn columns_in_another_order_are_put_in_place() {
        let (bytes, _) = decode(&["Name", "Id"], b"\"Id\",\"Name\"\n\"1\",\"a \"\"b\"\"\"\n", 7).unwrap();

        assert_eq!(bytes, b"\"a \"\"b\"\"\",\"1\"\n");
    }

    #[test]
    fn columns_in_another_order_are_refused_where_they_have_one() {
        let decode = |page: &'static str| {
            let mut batches = Vec::new();
            PageDecoder::new(columns(&["Name", "(Label)", "Site"])).in_order().push(&Bytes::from(page), &mut batches)
        };

        assert_eq!(decode("name,Label,Site\na,b,c\n"), Ok(()));
        assert_eq!(decode("Name,Name,Site\na,b,c\n"), Ok(()));
        let error = decode("Site,Label,Name\nc,b,a\n").unwrap_err();
        assert_eq!(
            error.to_string(),
            "the page has its columns in the order Site,Label,Name, where Name,Label,Site were asked for"
        );
    }

    #[test]
    fn the_column_of_a_function_may_go_by_any_name() {
        for header in ["Label,Status", "Status,Status", "toLabel(Status),Status", "expr0,Status"] {
            let page = format!("{header}\nOpen,O\n");

            let (bytes, _) = decode(&["(Label)", "Status"], page.as_bytes(), 100).unwrap();

            assert_eq!(bytes, b"Open,O\n", "{header}");
        }
        assert_eq!(decode(&["(Label)", "Id"], b"Id,Label\n1,Open\n", 100).unwrap().0, b"\"Open\",\"1\"\n");
    }

    #[test]
    fn line_ends_of_windows_leave_no_trace_and_those_in_values_stay() {
        let (bytes, records) = decode(&["Id", "Name"], b"\"Id\",\"Name\"\r\n\"1\",\"a\r\nb\"\r\n", 5).unwrap();

        assert_eq!((bytes.as_slice(), records), (b"\"1\",\"a\r\nb\"\n".as_slice(), 1));
    }

    #[test]
    fn values_under_the_name_of_a_field_of_another_type_are_refused() {
        let mut projection = Arc::unwrap_or_clone(columns(&["Id", "Name", "Amount", "IsWon"]));
        let types = [FieldType::Id, FieldType::String, FieldType::Currency, FieldType::Boolean];
        for (value, typed) in projection.values.iter_mut().zip(types) {
            value.origin = Origin::Field { path: vec![value.header.clone()], field_type: typed };
        }
        let projection = Arc::new(projection);
        let decode = |page: &'static str| {
            let mut batches = Vec::new();
            PageDecoder::new(Arc::clone(&projection)).push(&Bytes::from(page), &mut batches)
        };
        let refused = |column: &str, form| Err(DecodeError::Form { column: column.to_owned(), form });

        assert_eq!(decode("Id,Name,Amount,IsWon\n001Hs00001abcDEIAY,12,1.5,true\n"), Ok(()));
        assert_eq!(decode("Id,Name,Amount,IsWon\n001Hs00001abcDEIAY,12,,\n"), Ok(()));
        assert_eq!(decode("IsWon,Id,Amount,Name\nfalse,001Hs00001abcDEIAY,1.5,Acme\n"), Ok(()));
        assert_eq!(decode("Name,Id,Amount,IsWon\n001Hs00001abcDEIAY,Acme,1.5,true\n"), refused("Id", "an Id"));
        assert_eq!(decode("Id,Name,IsWon,Amount\n001Hs00001abcDEIAY,Acme,1.5,true\n"), refused("Amount", "a number"));
    }

    #[test]
    fn other_columns_than_asked_for_are_refused() {
        let error = decode(&["Id", "Name"], b"\"Id\",\"Email\"\n", 100).unwrap_err();

        assert_eq!(error.to_string(), "the page has the columns Id,Email, where Id,Name were asked for");

        let error = decode(&["Id", "Name"], b"\"001Hs00001abcDEIAY\",\"Jane Doe\"\n", 100).unwrap_err();

        assert_eq!(error.to_string(), "the page does not begin with the names of its columns, Id,Name");
    }

    #[test]
    fn a_header_that_comes_from_elsewhere_is_shown_tamely_and_in_part() {
        let page = format!("\"Id\",\"\u{1b}[31m{}\"\n", "x".repeat(100_000));

        let text = decode(&["Id", "Name"], page.as_bytes(), 1000).unwrap_err().to_string();

        assert!(!text.chars().any(char::is_control) && text.len() < 2_000, "{text}");
    }

    #[test]
    fn a_byte_order_mark_goes_and_nul_bytes_stay() {
        let (bytes, records) = decode(&["Id", "Name"], b"\xef\xbb\xbf\"Id\",\"Name\"\n\"1\",\"a\0b\"\n", 1).unwrap();

        assert_eq!((bytes.as_slice(), records), (b"\"1\",\"a\0b\"\n".as_slice(), 1));
    }

    #[test]
    fn records_that_others_may_read_otherwise_are_refused() {
        let ragged = |found| DecodeError::Ragged { expected: 2, found };
        let cases: [(&[u8], DecodeError); 6] = [
            (b"\"1\"\n", ragged(1)),
            (b"\"1\",\"a\"\n\"2\",\"b\",\"c\"\n", ragged(3)),
            (b"\n", ragged(1)),
            (b"1,a\"b\n\",c\n", DecodeError::Quote),
            (b"1,\"a\"b\"c\n\"\n", DecodeError::Quote),
            (b"\"1\",\"\xff\"\n", DecodeError::NotText),
        ];
        for (records, error) in cases {
            for piece in [1, 3, 1000] {
                let page = [b"\"Id\",\"Name\"\n", records].concat();

                assert_eq!(decode(&["Id", "Name"], &page, piece), Err(error.clone()), "{records:?} by {piece}");
            }
        }
    }

    #[test]
    fn a_page_that_ends_between_the_values_of_a_record_or_of_the_header_is_unfinished() {
        for page in [
            "\"Id\"",
            "\"Id\",",
            "\"Id\",\"Na",
            "\"Id\",\"Name\"\n\"1\"",
            "\"Id\",\"Name\"\n\"1\",",
            "Id,Na",
            "Id,Name\n1",
        ] {
            assert_eq!(decode(&["Id", "Name"], page.as_bytes(), 100), Err(DecodeError::Unfinished), "{page}");
        }
    }

    #[test]
    fn a_last_record_of_a_page_without_quotes_may_end_in_a_null() {
        assert_eq!(decode(&["Id", "Name"], b"Id,Name\n1,a\n2,", 100).unwrap(), (b"1,a\n2,\n".to_vec(), 2));
    }

    #[test]
    fn a_page_that_ends_within_quotes_is_unfinished() {
        assert_eq!(decode(&["Id"], b"\"Id\"\n\"1", 100), Err(DecodeError::Unfinished));
    }

    proptest! {
        #[test]
        fn a_page_reads_the_same_however_it_is_cut(
            values in proptest::collection::vec(("[a-z\"\n\r,\u{e9} ]{0,12}", "[a-z\"\n,]{0,4}"), 0..20),
            piece in 1_usize..40,
        ) {
            let mut page = b"\"A\",\"B\"\n".to_vec();
            let mut expected = Vec::new();
            for (a, b) in &values {
                csv::write_record(&mut expected, [a.as_bytes(), b.as_bytes()]);
            }
            page.extend_from_slice(&expected);

            let (bytes, records) = decode(&["A", "B"], &page, piece).unwrap();

            prop_assert_eq!(bytes, expected);
            prop_assert_eq!(records, values.len() as u64);
        }

        #[test]
        fn no_bytes_make_it_panic(page in proptest::collection::vec(any::<u8>(), 0..300), piece in 1_usize..50) {
            drop(decode(&["A"], &page, piece));
        }
    }
}
