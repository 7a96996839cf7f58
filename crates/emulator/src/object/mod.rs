//! Objects and fields: what a record may hold, and the describe documents that say so. Records themselves live in `org`.

mod complete;
mod field;

use std::collections::HashMap;

use serde_json::{Map, Value as Json};

use crate::error::DescribeError;

use complete::complete_object;
pub(crate) use complete::{standard_key_prefix, standard_name};
pub use field::{FieldKind, FieldType};

/// A table type of the org, such as `Account`.
#[derive(Debug)]
pub struct ObjectType {
    /// The API name, as Salesforce spells it.
    pub name: String,
    /// The name people read.
    pub label: String,
    /// The first three characters of its records' ids, if they have ids of their own.
    pub key_prefix: Option<String>,
    /// The fields, in the order of the describe.
    pub fields: Vec<FieldType>,
    /// Whether any query may read it.
    pub queryable: bool,
    /// Whether `updated` and `deleted` answer for it.
    pub replicateable: bool,
    /// Whether the Bulk API may query it.
    pub bulk_supported: bool,
    /// The full describe document as a real org returns it, without `urls`: those depend on the API version.
    pub describe: Json,
    /// Positions in `fields`, by name in lower case.
    by_name: HashMap<String, usize>,
    /// The parts of each compound field, by its position: the name in JSON and the part's own position.
    parts: HashMap<usize, Vec<(&'static str, usize)>>,
}

/// The ends of field names that tell which part of a compound they are, with the part's name in JSON. Longer ones first.
const PARTS: &[(&str, &str)] = &[
    ("GeocodeAccuracy", "geocodeAccuracy"),
    ("CountryCode", "countryCode"),
    ("PostalCode", "postalCode"),
    ("StateCode", "stateCode"),
    ("Longitude", "longitude"),
    ("Latitude", "latitude"),
    ("Country", "country"),
    ("Street", "street"),
    ("State", "state"),
    ("City", "city"),
];

/// Objects that the Bulk API refuses although they can be queried: the lists that other clients keep.
const NO_BULK: &[&str] = &[
    "AcceptedEventRelation",
    "AccountBrandShare",
    "AccountFeed",
    "AggregateResult",
    "AssetFeed",
    "AssetTokenEvent",
    "AttachedContentDocument",
    "AttachedContentNote",
    "Attachment",
    "CaseStatus",
    "CaseTeamMember",
    "CaseTeamRole",
    "CaseTeamTemplate",
    "CaseTeamTemplateMember",
    "CaseTeamTemplateRecord",
    "ChannelProgramLevelShare",
    "CombinedAttachment",
    "ContentFolderItem",
    "ContractStatus",
    "DeclinedEventRelation",
    "EventWhoRelation",
    "FieldSecurityClassification",
    "FolderedContentDocument",
    "KnowledgeArticle",
    "KnowledgeArticleVersion",
    "KnowledgeArticleVersionHistory",
    "KnowledgeArticleViewStat",
    "KnowledgeArticleVoteStat",
    "LookedUpFromActivity",
    "Name",
    "NoteAndAttachment",
    "OpenActivity",
    "OrderStatus",
    "OwnedContentDocument",
    "PartnerRole",
    "QuoteTemplateRichTextData",
    "RecentlyViewed",
    "ServiceAppointmentStatus",
    "ShiftStatus",
    "SolutionStatus",
    "TaskPriority",
    "TaskStatus",
    "TaskWhoRelation",
    "UndecidedEventRelation",
    "UserRecordAccess",
    "WorkOrderLineItemStatus",
    "WorkOrderStatus",
];

/// The keys of a describe that describe global repeats.
const GLOBAL_KEYS: &[&str] = &[
    "activateable",
    "associateEntityType",
    "associateParentEntity",
    "createable",
    "custom",
    "customSetting",
    "deepCloneable",
    "deletable",
    "deprecatedAndHidden",
    "feedEnabled",
    "hasSubtypes",
    "isInterface",
    "isSubtype",
    "keyPrefix",
    "label",
    "labelPlural",
    "layoutable",
    "mergeable",
    "mruEnabled",
    "name",
    "queryable",
    "replicateable",
    "retrieveable",
    "searchable",
    "triggerable",
    "undeletable",
    "updateable",
];

impl ObjectType {
    /// Reads a describe document. Keys that older or reduced describes lack are filled with what a real org would say.
    ///
    /// # Errors
    ///
    /// When the document has no `name` or `fields`, or a field has no `name` or `type`.
    pub(crate) fn from_describe(mut describe: Json) -> Result<Self, DescribeError> {
        let document = describe.as_object_mut().ok_or(DescribeError::NotAnObject)?;
        complete_object(document)?;
        let fields: Vec<FieldType> = document
            .get("fields")
            .and_then(Json::as_array)
            .ok_or(DescribeError::MissingKey { key: "fields" })?
            .iter()
            .map(FieldType::from_describe)
            .collect::<Result<_, _>>()?;
        let name = text(document, "name").ok_or(DescribeError::MissingKey { key: "name" })?;
        let by_name = fields.iter().enumerate().map(|(at, field)| (field.name.to_ascii_lowercase(), at)).collect();
        let parts = compound_parts(&fields);
        Ok(Self {
            label: text(document, "label").unwrap_or_else(|| name.clone()),
            key_prefix: text(document, "keyPrefix"),
            queryable: flag(document, "queryable"),
            replicateable: flag(document, "replicateable"),
            bulk_supported: flag(document, "queryable") && !NO_BULK.contains(&name.as_str()),
            name,
            fields,
            by_name,
            parts,
            describe,
        })
    }

    /// Returns a field by its name in any case.
    pub fn field(&self, name: &str) -> Option<&FieldType> {
        self.position(name).map(|at| &self.fields[at])
    }

    /// Returns where in `fields` the field of that name is, in any case.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.by_name.get(name.to_ascii_lowercase().as_str()).copied()
    }

    /// Returns the reference field behind a relationship name such as `Owner` or `Parent__r`, in any case.
    pub fn relationship(&self, name: &str) -> Option<&FieldType> {
        self.fields.iter().find(|field| field.relationship_name.as_ref().is_some_and(|r| r.eq_ignore_ascii_case(name)))
    }

    /// Returns whether a key of a field's describe is `true`.
    pub(crate) fn describe_flag(&self, field: &str, key: &str) -> bool {
        self.position(field).is_some_and(|at| self.describe["fields"][at][key] == true)
    }

    /// Returns the parts of the compound field at that position, by the names they have in JSON, in alphabetical order.
    pub(crate) fn parts(&self, position: usize) -> &[(&'static str, usize)] {
        self.parts.get(&position).map_or(&[], Vec::as_slice)
    }

    /// Returns this object's entry in describe global, without `urls`.
    pub fn global_entry(&self) -> Json {
        let entry = |key: &&str| ((*key).to_owned(), self.describe.get(*key).cloned().unwrap_or(Json::Null));
        Json::Object(GLOBAL_KEYS.iter().map(entry).collect())
    }
}

fn compound_parts(fields: &[FieldType]) -> HashMap<usize, Vec<(&'static str, usize)>> {
    let compounds = fields.iter().enumerate().filter(|(_, field)| field.kind.is_compound());
    compounds
        .map(|(at, compound)| {
            let of_it = fields.iter().enumerate().filter(|(_, field)| field.compound.as_ref() == Some(&compound.name));
            let mut parts: Vec<_> = of_it.filter_map(|(at, part)| Some((part_name(&part.name)?, at))).collect();
            parts.sort_unstable();
            (at, parts)
        })
        .collect()
}

fn part_name(field: &str) -> Option<&'static str> {
    let stem = field.strip_suffix("__s").unwrap_or(field);
    PARTS.iter().find(|(end, _)| stem.ends_with(end)).map(|(_, name)| *name)
}

fn text(document: &Map<String, Json>, key: &str) -> Option<String> {
    document.get(key).and_then(Json::as_str).map(str::to_owned)
}

fn flag(document: &Map<String, Json>, key: &str) -> bool {
    document.get(key).and_then(Json::as_bool).unwrap_or(false)
}
