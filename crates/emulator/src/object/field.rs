//! Fields of an object, read from a describe. What the describe says beyond that stays in the document.

use std::sync::Arc;

use serde_json::Value as Json;

use crate::error::DescribeError;

/// A field of an object.
#[derive(Debug, Clone)]
pub struct FieldType {
    /// The API name, as Salesforce spells it.
    pub name: String,
    /// The name people read.
    pub label: String,
    /// The type.
    pub kind: FieldKind,
    /// Whether a record may lack it.
    pub nillable: bool,
    /// Whether WHERE may name it.
    pub filterable: bool,
    /// Whether ORDER BY may name it.
    pub sortable: bool,
    /// Whether GROUP BY may name it.
    pub groupable: bool,
    /// Whether an aggregate function may take it.
    pub aggregatable: bool,
    /// Whether it is a formula or roll-up.
    pub calculated: bool,
    /// Whether text comparisons tell capitals from small letters.
    pub case_sensitive: bool,
    /// Whether a new record may set it.
    pub createable: bool,
    /// Whether a change may set it.
    pub updateable: bool,
    /// Whether it was added by the org's people.
    pub custom: bool,
    /// The objects that a reference may point at.
    pub reference_to: Vec<String>,
    /// The name by which a path goes to the parent, such as `Owner`.
    pub relationship_name: Option<String>,
    /// The compound field (`BillingAddress`, `Name`) that this field is a part of.
    pub compound: Option<String>,
    /// The most characters a text may have; 0 for other types.
    pub length: u64,
    /// The JSON schema type that a describe gives, such as `xsd:string`.
    pub soap_type: String,
    /// The values of a picklist, each with the label that people read.
    pub labels: Arc<[(String, String)]>,
}

impl FieldType {
    /// Reads one item of a completed describe's `fields`.
    pub(crate) fn from_describe(field: &Json) -> Result<Self, DescribeError> {
        let text = |key| field.get(key).and_then(Json::as_str).map(str::to_owned);
        let flag = |key| field.get(key).and_then(Json::as_bool).unwrap_or(false);
        let name = text("name").ok_or(DescribeError::MissingFieldKey { key: "name" })?;
        let kind = text("type").ok_or(DescribeError::MissingFieldKey { key: "type" })?;
        let targets = field.get("referenceTo").and_then(Json::as_array);
        Ok(Self {
            label: text("label").unwrap_or_else(|| name.clone()),
            kind: FieldKind::from_name(&kind),
            nillable: flag("nillable"),
            filterable: flag("filterable"),
            sortable: flag("sortable"),
            groupable: flag("groupable"),
            aggregatable: flag("aggregatable"),
            calculated: flag("calculated"),
            case_sensitive: flag("caseSensitive"),
            createable: flag("createable"),
            updateable: flag("updateable"),
            custom: flag("custom"),
            reference_to: targets.into_iter().flatten().filter_map(Json::as_str).map(str::to_owned).collect(),
            relationship_name: text("relationshipName"),
            compound: text("compoundFieldName").filter(|compound| *compound != name),
            length: field.get("length").and_then(Json::as_u64).unwrap_or(0),
            soap_type: text("soapType").unwrap_or_default(),
            labels: labels(field),
            name,
        })
    }

    /// Returns whether a path through this reference may end at records of different objects.
    pub fn is_polymorphic(&self) -> bool {
        self.reference_to.len() > 1
    }
}

/// Returns the values of a picklist with their labels.
fn labels(field: &Json) -> Arc<[(String, String)]> {
    let values = field.get("picklistValues").and_then(Json::as_array).into_iter().flatten();
    let of = |value: &Json| {
        let text = |key: &str| value.get(key).and_then(Json::as_str).map(str::to_owned);
        let name = text("value")?;
        Some((name.clone(), text("label").unwrap_or(name)))
    };
    values.filter_map(of).collect()
}

macro_rules! field_kinds {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// The type of a field, as a describe names it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum FieldKind {
            $($(#[$doc])* $variant,)*
            /// A type that this program does not know; its values are text.
            Other,
        }

        impl FieldKind {
            /// Returns the kind of that describe name.
            pub fn from_name(name: &str) -> Self {
                match name {
                    $($name => Self::$variant,)*
                    _ => Self::Other,
                }
            }

            /// Returns the name in a describe.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                    Self::Other => "anyType",
                }
            }
        }
    };
}

field_kinds! {
    /// The record's own id.
    Id = "id",
    /// Text of one line.
    String = "string",
    /// One of a list.
    Picklist = "picklist",
    /// Some of a list, `a;b`.
    MultiPicklist = "multipicklist",
    /// One of a list, or any other text.
    Combobox = "combobox",
    /// The id of another record.
    Reference = "reference",
    /// A file.
    Base64 = "base64",
    /// True or false, never null.
    Boolean = "boolean",
    /// An amount of money.
    Currency = "currency",
    /// Text of many lines.
    TextArea = "textarea",
    /// A whole number.
    Int = "int",
    /// A large whole number.
    Long = "long",
    /// A number.
    Double = "double",
    /// A percentage.
    Percent = "percent",
    /// A telephone number.
    Phone = "phone",
    /// A day.
    Date = "date",
    /// An instant.
    DateTime = "datetime",
    /// A time of day.
    Time = "time",
    /// A web address.
    Url = "url",
    /// An email address.
    Email = "email",
    /// Text that most users see masked.
    EncryptedString = "encryptedstring",
    /// A data category group.
    DataCategoryGroupReference = "datacategorygroupreference",
    /// A compound of latitude and longitude.
    Location = "location",
    /// A compound postal address.
    Address = "address",
    /// A value of any type, as in History objects.
    AnyType = "anyType",
    /// A value with a structure of its own.
    ComplexValue = "complexvalue",
    /// A JSON document.
    Json = "json",
}

impl FieldKind {
    /// Returns whether the value is a double, whatever it measures.
    pub fn is_double(self) -> bool {
        matches!(self, Self::Double | Self::Currency | Self::Percent)
    }

    /// Returns whether the value is a number.
    pub fn is_number(self) -> bool {
        self.is_double() || matches!(self, Self::Int | Self::Long)
    }

    /// Returns whether the field is put together from others.
    pub fn is_compound(self) -> bool {
        matches!(self, Self::Address | Self::Location)
    }

    /// Returns whether the value is text.
    pub fn is_text(self) -> bool {
        !(self.is_number()
            || self.is_compound()
            || matches!(self, Self::Id | Self::Reference | Self::Boolean | Self::Date | Self::DateTime | Self::Time))
    }
}
