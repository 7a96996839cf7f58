//! Reads the results of a finished job, page by page, inflated and with bounded memory.
//!
//! It does not look into the CSV: every page begins with the header line, and counting records is the caller's.

use percent_encoding::percent_decode_str;
use url::Url;

use super::job::gone_if_not_found;
use super::{JobId, PageBody};
use std::sync::Arc;

use crate::allowance::{Ledger, Resource};
use crate::client::{Call, Client};
use crate::error::{Error, ErrorKind, Result};
use crate::http::Response;
use crate::query::escape;
use crate::refusal::NOT_SALESFORCE;
use crate::untrusted::{literal, shortened};
use crate::version::ApiVersion;
use crate::wire::{ResultPagesAnswer, count_in_header};

const RECORDS: &str = "sforce-numberofrecords";
const LOCATOR: &str = "sforce-locator";
/// The longest locator that is taken. It has to fit into an address; those of Salesforce have some tens of characters.
const LONGEST: usize = 4_000;
/// How much of an address is repeated in an error.
const SHOWN: usize = 200;

/// An opaque position in the results of a job. The same locator gives the same page as often as it is asked.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Locator(String);

impl Locator {
    /// Takes up a locator that was written down earlier.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Returns the locator as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// One page of results.
#[derive(Debug)]
pub struct ResultPage {
    /// How many records the server says are in the page. Count them: a connection can end early without an error.
    pub records: Option<u64>,
    /// The next page, or `None` on the last. Of no meaning on a page from [`ResultPageList`], which has its own order.
    pub next: Option<Locator>,
    /// Whether the server says anything of a next page. Where it does not, a page counts as the last, and only the number of records in all
    /// tells whether it is.
    pub is_next_told: bool,
    /// The CSV.
    pub body: PageBody,
}

/// The positions of pages that can be read at the same time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResultPageList {
    /// The pages; `None` is the first.
    pub pages: Vec<Option<Locator>>,
    /// Where the list goes on, or `None` at its end.
    pub next: Option<Locator>,
}

impl Client {
    /// Opens a page of a finished job: the first, or the one at `locator`. Keep `max_records` the same for all pages of a job.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::LocatorExpired`]: read from the first page. [`ErrorKind::JobGone`]: create the job again.
    pub async fn result_page(
        &self,
        job: &JobId,
        locator: Option<&Locator>,
        max_records: Option<u32>,
    ) -> Result<ResultPage> {
        let mut path = format!("{}/results", self.job_path(job));
        let locator_parameter = locator.map(|locator| format!("locator={}", escape(locator.as_str())));
        let size_parameter = max_records.map(|records| format!("maxRecords={records}"));
        for (mark, parameter) in ["?", "&"].into_iter().zip(locator_parameter.into_iter().chain(size_parameter)) {
            path.push_str(mark);
            path.push_str(&parameter);
        }
        let call = Call::get(format!("read a page of job `{job}`"), path).accept("text/csv");
        self.ledger().check(Resource::ResultMegabytes, call.action(), None)?;
        let page = self.call(&call, async |response| ResultPage::open(response, Arc::clone(self.ledger()))).await;
        page.map_err(|error| refused(error, job, locator))
    }

    /// Lists pages of a finished job that can be read at the same time. `next` is the [`ResultPageList::next`] of the list before.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::UnsupportedByBulk`] below version 58.0, [`ErrorKind::UnexpectedAnswer`] where an address leads to something else than
    /// this job. After any refusal, reading page by page still works.
    pub async fn result_page_list(&self, job: &JobId, next: Option<&Locator>) -> Result<ResultPageList> {
        let action = format!("list the pages of job `{job}`");
        if self.api_version() < ApiVersion::FIRST_RESULT_PAGES {
            let cause = format!("API versions before `{}` have no such list", ApiVersion::FIRST_RESULT_PAGES);
            return Err(Error::new(ErrorKind::UnsupportedByBulk, action, cause));
        }
        let parameter = next.map(|next| format!("?locator={}", escape(next.as_str()))).unwrap_or_default();
        let call = Call::get(action.clone(), format!("{}/resultPages{parameter}", self.job_path(job)));
        let answer: ResultPagesAnswer = self.call_for(&call).await?;
        let list = ResultPageList::read(answer, &self.instance_url().await?, &self.job_path(job));
        let refuse = |cause| Error::new(ErrorKind::UnexpectedAnswer, action, cause).with_hint(NOT_SALESFORCE);
        list.map_err(|cause| self.masked(refuse(cause)))
    }
}

impl ResultPageList {
    /// Reads the answer of `org` about the job at `path`. Only the locators are used: an address that leads elsewhere shows that the answer is
    /// not about this job.
    pub(crate) fn read(answer: ResultPagesAnswer, org: &Url, path: &str) -> Result<Self, String> {
        let locator = |address: &str, resource: &str| {
            if leads_to(org, address, &format!("{path}/{resource}")) {
                Locator::in_url(address)
            } else {
                Err(format!("{} in it leads elsewhere", literal(&shortened(address.to_owned(), SHOWN))))
            }
        };
        let next = answer.next_records_url.filter(|_| !answer.done);
        if next.is_none() && !answer.done {
            return Err("it is not the last of the list and does not say where the next is".to_owned());
        }
        let next = next.map(|next| locator(&next, "resultPages")).transpose()?.flatten();
        let pages = answer.result_pages.iter().map(|page| locator(&page.result_url, "results"));
        Ok(Self { pages: pages.collect::<Result<_, String>>()?, next })
    }
}

impl Locator {
    /// The end of the results is written as `null`, as nothing, or not at all.
    pub(crate) fn from_header(text: &str) -> Result<Option<Self>, String> {
        match text {
            text if text.is_empty() || text.eq_ignore_ascii_case("null") => Ok(None),
            text if text.len() > LONGEST => Err(format!("the locator of the next page has {} characters", text.len())),
            text => Ok(Some(Self::new(text))),
        }
    }

    /// Returns the locator in an address. A plus sign in it means itself.
    pub(crate) fn in_url(url: &str) -> Result<Option<Self>, String> {
        let parameters = url.split_once('?').map(|(_, parameters)| parameters).unwrap_or_default();
        let value = parameters.split('&').find_map(|pair| {
            let (name, value) = pair.split_once('=')?;
            name.eq_ignore_ascii_case("locator").then_some(value)
        });
        Self::from_header(&percent_decode_str(value.unwrap_or_default()).decode_utf8_lossy())
    }
}

impl ResultPage {
    fn open(response: Response, ledger: Arc<Ledger>) -> Result<Self> {
        let refuse = |cause: String| {
            let error = Error::new(ErrorKind::UnexpectedAnswer, response.action().clone(), cause);
            Err(error.with_hint(NOT_SALESFORCE).transient())
        };
        // Gateways and orgs under maintenance answer 200 with something else.
        if response.header("content-type").is_some_and(|media_type| media_type.starts_with("text/html")) {
            return refuse("Salesforce answered with a web page instead of CSV".to_owned());
        }
        // A header that cannot be read is not one that is missing: without it the page would count as the last, or not be counted.
        for name in [RECORDS, LOCATOR] {
            if response.has_header(name) && response.header(name).is_none() {
                return refuse(format!("the header `{name}` is not readable"));
            }
        }
        let records = match response.header(RECORDS).map(|text| (text, count_in_header(text))) {
            Some((text, None)) => return refuse(format!("the header `{RECORDS}` says {}", literal(text))),
            count => count.and_then(|(_, count)| count),
        };
        let next = match Locator::from_header(response.header(LOCATOR).unwrap_or_default()) {
            Ok(next) => next,
            Err(cause) => return refuse(cause),
        };
        let is_next_told = response.has_header(LOCATOR);
        Ok(Self { records, next, is_next_told, body: PageBody::open(response, ledger)? })
    }
}

/// Returns whether `address`, seen from `org`, is that of `path` in the same org. The documentation spells the path in several cases.
fn leads_to(org: &Url, address: &str, path: &str) -> bool {
    org.join(address)
        .is_ok_and(|url| url.origin() == org.origin() && url.path().trim_end_matches('/').eq_ignore_ascii_case(path))
}

/// Says what a refused page means: the codes are not documented.
fn refused(error: Error, job: &JobId, locator: Option<&Locator>) -> Error {
    match error.kind() {
        ErrorKind::InvalidQuery if locator.is_some() => error
            .into_kind(ErrorKind::LocatorExpired)
            .with_hint("run again: the records are read from the first page on"),
        ErrorKind::InvalidQuery => error.with_hint("run again: a new job is created"),
        _ => gone_if_not_found(error, job),
    }
}
