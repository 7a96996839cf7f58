//! What an org has: its objects and their fields, as far as the user may see them.
//!
//! A field hidden from the user is simply missing. Types that are not known here are kept by name.

use std::sync::{Arc, PoisonError};

use jiff::Timestamp;
use serde::{Deserialize, Deserializer};

use crate::client::{Call, Client};
use crate::error::{Error, ErrorKind, Result};
use crate::refusal::NOT_SALESFORCE;
use crate::untrusted::{literal, shortened};
use crate::wire::DescribeGlobal;

/// One object in the list of all.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SObjectSummary {
    /// The API name, such as `Account` or `Invoice__c`.
    pub name: String,
    /// The name shown to users.
    #[serde(default)]
    pub label: String,
    /// Whether it can be queried at all. The Bulk API may still refuse it.
    #[serde(default)]
    pub queryable: bool,
    /// Whether Salesforce keeps a log of its changes.
    #[serde(default)]
    pub replicateable: bool,
    /// Whether the org's administrator made it.
    #[serde(default)]
    pub custom: bool,
    /// Whether it is a custom setting.
    #[serde(default)]
    pub custom_setting: bool,
    /// Whether it is withdrawn.
    #[serde(default)]
    pub deprecated_and_hidden: bool,
    /// The first three characters of its ids.
    #[serde(default)]
    pub key_prefix: Option<String>,
}

/// One object with its fields.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SObject {
    /// The API name as Salesforce spells it.
    pub name: String,
    /// The name shown to users.
    #[serde(default)]
    pub label: String,
    /// Whether it can be queried at all. The Bulk API may still refuse it.
    #[serde(default)]
    pub queryable: bool,
    /// Whether Salesforce keeps a log of its changes.
    #[serde(default)]
    pub replicateable: bool,
    /// The first three characters of its ids.
    #[serde(default)]
    pub key_prefix: Option<String>,
    /// The fields in the order of the server.
    #[serde(default)]
    pub fields: Vec<Field>,
    /// The relationships that lead to records that point here.
    #[serde(default)]
    pub child_relationships: Vec<ChildRelationship>,
    /// When the server answered, by its own clock.
    #[serde(skip)]
    pub server_time: Option<Timestamp>,
}

impl SObject {
    /// Returns the field called `name`, in any case of letters, as SOQL would.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name.eq_ignore_ascii_case(name))
    }

    /// Returns a name that is none. Names become part of queries, of addresses and of tables.
    pub(crate) fn odd_name(&self) -> Option<&str> {
        let fields = self.fields.iter().flat_map(|field| [Some(&field.name), field.relationship_name.as_ref()]);
        let children = self.child_relationships.iter().map(|child| child.relationship_name.as_ref());
        let mut names = [Some(&self.name)].into_iter().chain(fields).chain(children).flatten();
        names.find(|name| !is_name(name)).map(String::as_str)
    }
}

/// A relationship from an object to records that point at it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChildRelationship {
    /// The object of the records that point here.
    #[serde(rename = "childSObject")]
    pub child_object: String,
    /// Its name in subqueries, such as `Contacts`. `None` where there is no way to ask for it.
    #[serde(default)]
    pub relationship_name: Option<String>,
}

/// One field of an object.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Field {
    /// The API name.
    pub name: String,
    /// The name shown to users.
    #[serde(default)]
    pub label: String,
    /// What kind of value it holds.
    #[serde(rename = "type")]
    pub field_type: FieldType,
    /// The XML type, such as `xsd:string`: it gives away fields that no query can return as text, such as `urn:JunctionIdListNames`.
    #[serde(default)]
    pub soap_type: String,
    /// The longest text, in characters; 0 for what is not text.
    #[serde(default)]
    pub length: u32,
    /// All digits of a decimal number.
    #[serde(default)]
    pub precision: u32,
    /// Digits after the decimal point.
    #[serde(default)]
    pub scale: u32,
    /// All digits of an integer.
    #[serde(default)]
    pub digits: u32,
    /// Whether it can be empty. Salesforce is not strict about it: do not build a constraint on it.
    #[serde(default = "yes")]
    pub nillable: bool,
    /// Whether it is a formula or a roll-up, which change without a trace in `SystemModstamp`.
    #[serde(default)]
    pub calculated: bool,
    /// Whether a condition may name it.
    #[serde(default = "yes")]
    pub filterable: bool,
    /// Whether an order may name it.
    #[serde(default)]
    pub sortable: bool,
    /// Whether the org's administrator made it.
    #[serde(default)]
    pub custom: bool,
    /// Whether it is withdrawn.
    #[serde(default)]
    pub deprecated_and_hidden: bool,
    /// The compound field that this is a component of, such as `BillingAddress`.
    #[serde(default)]
    pub compound_field_name: Option<String>,
    /// The name of the path to the parent, such as `Owner`.
    #[serde(default)]
    pub relationship_name: Option<String>,
    /// The objects that the parent may be.
    #[serde(default)]
    pub reference_to: Vec<String>,
    /// Whether the parent may be of several objects.
    #[serde(default)]
    pub polymorphic_foreign_key: bool,
}

fn yes() -> bool {
    true
}

/// What kind of value a field holds.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names are Salesforce's own")]
pub enum FieldType {
    Id,
    Reference,
    String,
    TextArea,
    Picklist,
    MultiPicklist,
    ComboBox,
    Email,
    Phone,
    Url,
    EncryptedString,
    DataCategoryGroupReference,
    Boolean,
    Int,
    Long,
    Double,
    Currency,
    Percent,
    Date,
    DateTime,
    Time,
    Base64,
    Address,
    Location,
    AnyType,
    ComplexValue,
    Json,
    /// A type that is not known here, by the name Salesforce gives it.
    Other(String),
}

impl FieldType {
    /// Returns the name that Salesforce uses, such as `datetime`.
    pub fn name(&self) -> &str {
        match self {
            Self::Other(name) => name,
            known => KNOWN.iter().find(|(_, field_type)| field_type == known).map_or("", |(name, _)| name),
        }
    }
}

impl From<&str> for FieldType {
    fn from(name: &str) -> Self {
        let known = KNOWN.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        known.map_or_else(|| Self::Other(name.to_owned()), |(_, field_type)| field_type.clone())
    }
}

impl<'de> Deserialize<'de> for FieldType {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::from(String::deserialize(deserializer)?.as_str()))
    }
}

const KNOWN: &[(&str, FieldType)] = &[
    ("id", FieldType::Id),
    ("reference", FieldType::Reference),
    ("string", FieldType::String),
    ("textarea", FieldType::TextArea),
    ("picklist", FieldType::Picklist),
    ("multipicklist", FieldType::MultiPicklist),
    ("combobox", FieldType::ComboBox),
    ("email", FieldType::Email),
    ("phone", FieldType::Phone),
    ("url", FieldType::Url),
    ("encryptedstring", FieldType::EncryptedString),
    ("datacategorygroupreference", FieldType::DataCategoryGroupReference),
    ("boolean", FieldType::Boolean),
    ("int", FieldType::Int),
    ("long", FieldType::Long),
    ("double", FieldType::Double),
    ("currency", FieldType::Currency),
    ("percent", FieldType::Percent),
    ("date", FieldType::Date),
    ("datetime", FieldType::DateTime),
    ("time", FieldType::Time),
    ("base64", FieldType::Base64),
    ("address", FieldType::Address),
    ("location", FieldType::Location),
    ("anyType", FieldType::AnyType),
    ("complexvalue", FieldType::ComplexValue),
    ("json", FieldType::Json),
];

impl Client {
    /// Lists the objects that the user can see.
    pub async fn describe_global(&self) -> Result<Vec<SObjectSummary>> {
        let call = Call::get("list the objects", format!("{}/sobjects", self.base_path())).many();
        let answer: DescribeGlobal = self.call_for(&call).await?;
        Ok(answer.sobjects)
    }

    /// Describes one object. The org is asked once for each object in the life of this client and its clones.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] when there is no such object, or the user may not see it.
    pub async fn describe(&self, object: &str) -> Result<Arc<SObject>> {
        let key = object.to_ascii_lowercase();
        let known = self.describes().lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        if let Some(known) = known {
            return Ok(known);
        }
        let described = Arc::new(self.ask_describe(object).await?);
        self.describes().lock().unwrap_or_else(PoisonError::into_inner).insert(key, Arc::clone(&described));
        Ok(described)
    }

    async fn ask_describe(&self, object: &str) -> Result<SObject> {
        let action = format!("describe {}", literal(object));
        let name = path_segment(&action, object)?;
        let call = Call::get(action, format!("{}/sobjects/{name}/describe", self.base_path())).many();
        let described = self.call(&call, async |response| {
            let (action, server_time) = (response.action().clone(), response.date());
            let described: SObject = response.json().await?;
            match described.odd_name() {
                Some(name) => {
                    let shown = literal(&shortened(name.to_owned(), SHOWN));
                    let cause = format!("the answer has {shown}, which is no name of Salesforce's");
                    Err(Error::new(ErrorKind::UnexpectedAnswer, action, cause).with_hint(NOT_SALESFORCE))
                }
                None => Ok(SObject { server_time, ..described }),
            }
        });
        described.await.map_err(|error| match error.kind() {
            ErrorKind::NotFound => error.with_hint(not_found_hint(object)),
            _ => error,
        })
    }
}

/// Returns `object` if it can be the name of one: it becomes part of an address.
pub(crate) fn path_segment<'a>(action: &str, object: &'a str) -> Result<&'a str> {
    if is_name(object) {
        return Ok(object);
    }
    let cause = format!("{} is not the name of an object", literal(object));
    Err(Error::new(ErrorKind::NotFound, action.to_owned(), cause).with_hint(not_found_hint(object)))
}

/// Returns whether `text` can be the name of an object, a field or a relationship.
fn is_name(text: &str) -> bool {
    matches!(text.len(), 1..=LONGEST_NAME) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// Salesforce's own names have 80 characters at the most, and a namespace.
const LONGEST_NAME: usize = 255;
/// How much of a name that is none is shown.
const SHOWN: usize = 200;

fn not_found_hint(object: &str) -> String {
    format!(
        "check the spelling of {}, or grant the user read access to it: a hidden object looks like a missing one",
        literal(object)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::{Reply, Scripted, message};

    const ACCOUNT: &str = r#"{"name":"Account","label":"Account","queryable":true,"replicateable":true,"keyPrefix":"001","childRelationships":[],
        "fields":[
        {"name":"Id","type":"id","soapType":"tns:ID","label":"Account ID","length":18,"nillable":false,"filterable":true,"sortable":true,
         "compoundFieldName":null,"relationshipName":null,"referenceTo":[],"picklistValues":[{"active":true,"label":"x","value":"x"}]},
        {"name":"OwnerId","type":"reference","relationshipName":"Owner","referenceTo":["User","Group"],"polymorphicForeignKey":true},
        {"name":"BillingCity","type":"string","compoundFieldName":"BillingAddress","length":40},
        {"name":"Amount__c","type":"currency","precision":18,"scale":2,"custom":true,"calculated":true},
        {"name":"Odd","type":"somethingNew"}]}"#;

    #[tokio::test]
    async fn a_describe_is_asked_for_once_however_the_name_is_written() {
        let server = Scripted::start([Reply::json(ACCOUNT).header("date", "Wed, 03 Jul 2013 19:43:31 GMT")]).await;
        let (client, _) = server.client();

        let first = client.describe("Account").await.unwrap();
        let second = client.metered().describe("ACCOUNT").await.unwrap();

        assert_eq!(first, second);
        assert_eq!(server.lines(), ["GET /services/data/v62.0/sobjects/Account/describe"]);
        assert_eq!(first.server_time.unwrap().to_string(), "2013-07-03T19:43:31Z");
        assert_eq!(first.field("ownerid").unwrap().reference_to, ["User", "Group"]);
        assert_eq!(first.field("BillingCity").unwrap().compound_field_name.as_deref(), Some("BillingAddress"));
        assert_eq!(first.field("Odd").unwrap().field_type, FieldType::Other("somethingNew".to_owned()));
        assert!(first.field("Odd").unwrap().filterable, "what is not said to be impossible may work");
        assert!(first.field("Nothing").is_none());
    }

    #[tokio::test]
    async fn a_failed_describe_is_asked_for_again() {
        let missing = Reply::refusal(404, "NOT_FOUND", "The requested resource does not exist");
        let server = Scripted::start([missing, Reply::json(r#"[{"version":"62.0"}]"#), Reply::json(ACCOUNT)]).await;
        let (client, _) = server.client();

        let error = client.describe("Account").await.unwrap_err();

        assert_eq!(error.kind(), ErrorKind::NotFound);
        assert!(message(&error).starts_with("could not describe `Account`: Salesforce answered NOT_FOUND"));
        assert!(error.hint().unwrap().contains("`Account`"));
        assert!(client.describe("Account").await.is_ok());
    }

    #[tokio::test]
    async fn what_cannot_be_the_name_of_an_object_is_not_asked_for() {
        let server = Scripted::start([]).await;

        for name in ["", "../limits", "Account/describe", "Account?x", "Ac count", "Kontó"] {
            let error = server.client().0.describe(name).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::NotFound, "{name}");
        }

        assert!(server.lines().is_empty());
    }

    #[tokio::test]
    async fn the_list_of_objects_keeps_what_tells_them_apart() {
        let answer = r#"{"encoding":"UTF-8","maxBatchSize":200,"sobjects":[
            {"name":"Account","label":"Account","queryable":true,"replicateable":true,"custom":false,"keyPrefix":"001","deprecatedAndHidden":false},
            {"name":"AccountChangeEvent","keyPrefix":null,"queryable":false}]}"#;
        let server = Scripted::start([Reply::json(answer)]).await;

        let objects = server.client().0.describe_global().await.unwrap();

        assert_eq!(server.lines(), ["GET /services/data/v62.0/sobjects"]);
        assert_eq!((objects[0].queryable, objects[0].key_prefix.as_deref()), (true, Some("001")));
        assert_eq!((objects[1].queryable, objects[1].key_prefix.as_deref()), (false, None));
    }

    #[test]
    fn a_field_type_keeps_its_name() {
        for (name, field_type) in KNOWN {
            assert_eq!((FieldType::from(*name).name(), &FieldType::from(*name)), (*name, field_type));
        }
        assert_eq!(FieldType::from("new").name(), "new");
    }
}
