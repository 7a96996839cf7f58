//! Completes describe documents: what older, cached or reduced describes leave out is filled with what a real org says for
//! a field of that type. Keys that are there are never changed, but for one known mangling of key prefixes.

use serde_json::{Map, Value as Json, json};

use super::FieldKind;
use crate::error::DescribeError;

/// Fields that the org itself sets.
const SYSTEM_FIELDS: &[&str] = &[
    "Id",
    "IsDeleted",
    "MasterRecordId",
    "CreatedDate",
    "CreatedById",
    "LastModifiedDate",
    "LastModifiedById",
    "SystemModstamp",
    "LastActivityDate",
    "LastViewedDate",
    "LastReferencedDate",
    "PhotoUrl",
    "IsArchived",
    "IsClosed",
    "IsWon",
];

/// Key prefixes of standard objects, for describes that do not give them and objects made up from files.
const KEY_PREFIXES: &[(&str, &str)] = &[
    ("Account", "001"),
    ("AccountContactRelation", "07k"),
    ("AccountHistory", "017"),
    ("Asset", "02i"),
    ("Attachment", "00P"),
    ("Campaign", "701"),
    ("CampaignMember", "00v"),
    ("Case", "500"),
    ("CaseComment", "00a"),
    ("Contact", "003"),
    ("ContentDocument", "069"),
    ("ContentDocumentLink", "06A"),
    ("ContentVersion", "068"),
    ("Contract", "800"),
    ("Document", "015"),
    ("EmailMessage", "02s"),
    ("Event", "00U"),
    ("Folder", "00l"),
    ("Group", "00G"),
    ("Idea", "087"),
    ("Lead", "00Q"),
    ("Note", "002"),
    ("Opportunity", "006"),
    ("OpportunityContactRole", "00K"),
    ("OpportunityLineItem", "00k"),
    ("Order", "801"),
    ("OrderItem", "802"),
    ("Organization", "00D"),
    ("Pricebook2", "01s"),
    ("PricebookEntry", "01u"),
    ("Product2", "01t"),
    ("Profile", "00e"),
    ("RecordType", "012"),
    ("Task", "00T"),
    ("User", "005"),
    ("UserRole", "00E"),
];

/// Returns the key prefix of a standard object.
pub(crate) fn standard_key_prefix(object: &str) -> Option<&'static str> {
    KEY_PREFIXES.iter().find(|(name, _)| name.eq_ignore_ascii_case(object)).map(|(_, prefix)| *prefix)
}

/// Returns a standard object's name as Salesforce spells it.
pub(crate) fn standard_name(object: &str) -> Option<&'static str> {
    KEY_PREFIXES.iter().find(|(name, _)| name.eq_ignore_ascii_case(object)).map(|(name, _)| *name)
}

/// Fills in what a describe lacks and drops `urls`, which depend on the API version.
pub(super) fn complete_object(document: &mut Map<String, Json>) -> Result<(), DescribeError> {
    let name = document.get("name").and_then(Json::as_str).ok_or(DescribeError::MissingKey { key: "name" })?.to_owned();
    document.remove("urls");
    let label = document.get("label").and_then(Json::as_str).unwrap_or(&name).to_owned();
    let custom = name.ends_with("__c");
    fill(document, object_defaults(&name, &label, custom));
    if !document.contains_key("supportedScopes") {
        let scopes = scopes(document, &name, custom);
        document.insert("supportedScopes".to_owned(), scopes);
    }
    fill(document, object_constants());
    repair_key_prefix(document);
    let fields = document.get_mut("fields").and_then(Json::as_array_mut);
    let fields = fields.ok_or(DescribeError::MissingKey { key: "fields" })?;
    for field in fields.iter_mut() {
        complete_field(field.as_object_mut().ok_or(DescribeError::NotAnObject)?);
    }
    if fields.iter().all(|field| field["compoundFieldName"].is_null()) {
        infer_compounds(fields);
    }
    Ok(())
}

/// Fills in what a describe says of a field of that name and type.
fn complete_field(field: &mut Map<String, Json>) {
    let kind = FieldKind::from_name(field.get("type").and_then(Json::as_str).unwrap_or_default());
    let name = field.get("name").and_then(Json::as_str).unwrap_or_default().to_owned();
    let targets = field.get("referenceTo").and_then(Json::as_array).map_or(0, Vec::len);
    if !field.contains_key("length") {
        field.insert("length".to_owned(), default_length(kind).into());
    }
    let length = field["length"].as_u64().unwrap_or(0);
    fill(field, kind_defaults(kind, length));
    let calculated = field.get("calculated").and_then(Json::as_bool).unwrap_or(false);
    let writable = !SYSTEM_FIELDS.contains(&name.as_str()) && !calculated && !kind.is_compound();
    let custom = name.ends_with("__c") || name.ends_with("__s") || name.ends_with("__pc");
    fill(field, field_defaults(&name, writable, custom, targets > 1));
}

/// Adds the keys of `defaults` that are missing or, where a key cannot be null, null.
fn fill(document: &mut Map<String, Json>, defaults: Json) {
    let Json::Object(defaults) = defaults else { return };
    for (key, value) in defaults {
        let present = document.entry(key).or_insert(Json::Null);
        if present.is_null() {
            *present = value;
        }
    }
}

fn object_defaults(name: &str, label: &str, custom: bool) -> Json {
    let event = name.ends_with("__e") || name.ends_with("ChangeEvent");
    let metadata = name.ends_with("__mdt");
    let history = name.ends_with("History");
    let writable = !event && !metadata && !history;
    json!({
        "compactLayoutable": writable, "createable": writable || event, "custom": custom, "deletable": writable,
        "keyPrefix": standard_key_prefix(name), "label": label, "labelPlural": format!("{label}s"), "layoutable": writable,
        "mergeable": matches!(name, "Account" | "Contact" | "Lead" | "Case"), "mruEnabled": writable,
        "queryable": !event, "replicateable": !event && !metadata, "retrieveable": !event,
        "searchLayoutable": writable, "searchable": writable,
        "triggerable": writable, "undeletable": writable, "updateable": writable,
    })
}

/// The scopes of an object, as recorded describes name and label them: what can be owned can be asked for by its owner.
fn scopes(document: &Map<String, Json>, name: &str, custom: bool) -> Json {
    let plural = document.get("labelPlural").and_then(Json::as_str).unwrap_or(name).to_lowercase();
    let fields = document.get("fields").and_then(Json::as_array);
    let has = |wanted: &str| fields.into_iter().flatten().any(|field| field["name"] == wanted);
    let is_activity = matches!(name, "Event" | "Task");
    let is_queued = has("OwnerId") && (custom || matches!(name, "Case" | "Lead"));
    let has_team =
        has("OwnerId") && (custom || is_activity || matches!(name, "Account" | "Contact" | "Lead" | "Opportunity"));
    let known = [
        (is_activity, format!("My delegated {plural}"), "delegated"),
        (true, format!("All {plural}"), "everything"),
        (name == "Case", format!("My case teams {plural}"), "genericteam"),
        (has("OwnerId"), format!("My {plural}"), "mine"),
        (is_queued, format!("Queue owned {plural}"), "queue_owned"),
        (has_team, format!("My team's {plural}"), "team"),
        (is_queued, format!("User owned {plural}"), "user_owned"),
    ];
    known
        .into_iter()
        .filter(|(has_it, ..)| *has_it)
        .map(|(_, label, name)| json!({"label": label, "name": name}))
        .collect()
}

/// What almost every object's describe says.
fn object_constants() -> Json {
    json!({
        "actionOverrides": [], "activateable": false, "associateEntityType": null, "associateParentEntity": null,
        "childRelationships": [], "customSetting": false, "deepCloneable": false, "defaultImplementation": null,
        "deprecatedAndHidden": false, "extendedBy": null, "extendsInterfaces": null, "feedEnabled": false,
        "hasSubtypes": false, "implementedBy": null, "implementsInterfaces": null, "isInterface": false, "isSubtype": false,
        "listviewable": null, "lookupLayoutable": null, "namedLayoutInfos": [], "networkScopeFieldName": null,
        "recordTypeInfos": [], "sobjectDescribeOption": "FULL",
    })
}

/// A spreadsheet turned the `012` of some published describes into `12`.
fn repair_key_prefix(document: &mut Map<String, Json>) {
    if let Some(Json::String(prefix)) = document.get_mut("keyPrefix")
        && prefix.len() < 3
    {
        *prefix = format!("{prefix:0>3}");
    }
}

fn default_length(kind: FieldKind) -> u64 {
    match kind {
        FieldKind::Id | FieldKind::Reference => 18,
        FieldKind::Email => 80,
        FieldKind::Phone => 40,
        FieldKind::MultiPicklist => 4099,
        FieldKind::TextArea => 32_000,
        FieldKind::EncryptedString => 175,
        _ if kind.is_text() && !matches!(kind, FieldKind::Base64 | FieldKind::ComplexValue | FieldKind::Json) => 255,
        _ => 0,
    }
}

/// What follows from the type alone.
fn kind_defaults(kind: FieldKind, length: u64) -> Json {
    use FieldKind as K;
    let long_text = kind == K::TextArea && length > 255;
    let opaque = matches!(kind, K::Base64 | K::ComplexValue | K::Json | K::EncryptedString) || long_text;
    let aggregatable = !opaque && !kind.is_compound() && !matches!(kind, K::Boolean | K::MultiPicklist | K::AnyType);
    let groupable = !opaque
        && !kind.is_compound()
        && !kind.is_double()
        && !matches!(kind, K::DateTime | K::Time | K::MultiPicklist | K::Combobox | K::AnyType);
    let byte_length = match kind {
        K::Id | K::Reference => 18,
        K::MultiPicklist => length,
        _ => length * 3,
    };
    let soap_type = match kind {
        K::Id | K::Reference => "tns:ID",
        K::Boolean => "xsd:boolean",
        K::Double | K::Currency | K::Percent => "xsd:double",
        K::Int => "xsd:int",
        K::Long => "xsd:long",
        K::Date => "xsd:date",
        K::DateTime => "xsd:dateTime",
        K::Time => "xsd:time",
        K::Base64 => "xsd:base64Binary",
        K::AnyType | K::Other => "xsd:anyType",
        K::Address => "urn:address",
        K::Location => "urn:location",
        K::Json => "tns:json",
        K::ComplexValue => "urn:RelationshipReferenceTo",
        _ => "xsd:string",
    };
    let encrypted = kind == K::EncryptedString;
    json!({
        "aggregatable": aggregatable, "byteLength": byte_length, "digits": if kind == K::Int { 9 } else { 0 },
        "defaultedOnCreate": matches!(kind, K::Boolean | K::Id), "encrypted": encrypted,
        "extraTypeInfo": if kind == K::TextArea { Json::from("plaintextarea") } else { Json::Null },
        "filterable": !opaque, "groupable": groupable, "idLookup": kind == K::Id, "mask": encrypted.then_some("*"),
        "maskType": encrypted.then_some("all"), "nillable": !matches!(kind, K::Id | K::Boolean),
        "precision": if kind.is_double() { 18 } else { 0 }, "queryByDistance": kind.is_compound(),
        "scale": match kind { K::Currency => 2, _ => 0 }, "soapType": soap_type,
        "sortable": !opaque && !kind.is_compound() && !matches!(kind, K::MultiPicklist),
    })
}

/// What is the same for all types, or follows from the name.
fn field_defaults(name: &str, writable: bool, custom: bool, polymorphic: bool) -> Json {
    json!({
        "aiPredictionField": false, "autoNumber": false, "calculated": false, "calculatedFormula": null,
        "cascadeDelete": false, "caseSensitive": false, "compoundFieldName": null, "controllerName": null,
        "createable": writable, "custom": custom, "defaultValue": null, "defaultValueFormula": null,
        "dependentPicklist": false, "deprecatedAndHidden": false, "displayLocationInDecimal": false, "externalId": false,
        "filteredLookupInfo": null, "formulaTreatNullNumberAsZero": false, "highScaleNumber": false,
        "htmlFormatted": false, "inlineHelpText": null, "label": name, "nameField": name == "Name",
        "namePointing": polymorphic, "permissionable": writable, "picklistValues": [],
        "polymorphicForeignKey": polymorphic, "referenceTargetField": null, "referenceTo": [], "relationshipName": null,
        "relationshipOrder": null, "restrictedDelete": false, "restrictedPicklist": false, "searchPrefilterable": false,
        "unique": false, "updateable": writable, "writeRequiresMasterRead": false,
    })
}

/// The parts of an address, as they end the names of its fields.
const ADDRESS_PARTS: &[&str] = &[
    "Street",
    "City",
    "State",
    "PostalCode",
    "Country",
    "StateCode",
    "CountryCode",
    "Latitude",
    "Longitude",
    "GeocodeAccuracy",
];

/// Names the compound of each part, for describes that do not say which fields belong together.
fn infer_compounds(fields: &mut [Json]) {
    let of_kind = |fields: &[Json], kind: &str| -> Vec<String> {
        let of_kind = fields.iter().filter(|field| field["type"] == kind);
        of_kind.filter_map(|field| field["name"].as_str().map(str::to_owned)).collect()
    };
    for address in of_kind(fields, "address") {
        let stem = address.strip_suffix("Address").unwrap_or(&address).to_owned();
        for part in ADDRESS_PARTS {
            set_compound(fields, &format!("{stem}{part}"), &address);
        }
    }
    for location in of_kind(fields, "location") {
        let stem = location.strip_suffix("__c").unwrap_or(&location).to_owned();
        for part in ["__Latitude__s", "__Longitude__s", "Latitude", "Longitude"] {
            set_compound(fields, &format!("{stem}{part}"), &location);
        }
    }
    if fields.iter().any(|field| field["name"] == "LastName") && fields.iter().any(|field| field["name"] == "Name") {
        for part in ["Salutation", "FirstName", "MiddleName", "LastName", "Suffix", "Name"] {
            set_compound(fields, part, "Name");
        }
    }
}

fn set_compound(fields: &mut [Json], field: &str, compound: &str) {
    if let Some(field) = fields.iter_mut().find(|candidate| candidate["name"] == field) {
        field["compoundFieldName"] = compound.into();
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::object::ObjectType;

    #[test]
    fn a_reduced_describe_becomes_a_full_one() {
        let object = ObjectType::from_describe(json!({
            "name": "Student__c",
            "label": "Student",
            "fields": [
                {"name": "Id", "type": "id"},
                {"name": "Name", "type": "string", "label": "Student ID"},
                {"name": "Home__Latitude__s", "type": "double"},
                {"name": "Home__c", "type": "location"},
                {"name": "OwnerId", "type": "reference", "referenceTo": ["Group", "User"], "relationshipName": "Owner"},
            ],
        }))
        .unwrap();

        for field in object.describe["fields"].as_array().unwrap() {
            assert_eq!(field.as_object().unwrap().len(), 57, "{}", field["name"]);
        }
        assert_eq!(object.field("home__latitude__S").unwrap().compound.as_deref(), Some("Home__c"));
        assert_eq!(object.relationship("OWNER").unwrap().name, "OwnerId");
        assert!(object.relationship("owner").unwrap().is_polymorphic());
        assert_eq!(object.describe["fields"][4]["polymorphicForeignKey"], true);
    }

    #[test]
    fn keys_that_are_there_are_kept() {
        let object = ObjectType::from_describe(json!({
            "name": "RecordType", "keyPrefix": "12", "queryable": false,
            "fields": [{"name": "Id", "type": "id", "filterable": false, "urls": 1}],
        }))
        .unwrap();

        assert_eq!(object.key_prefix.as_deref(), Some("012"));
        assert!(!object.queryable);
        assert!(!object.field("Id").unwrap().filterable);
    }

    #[test]
    fn a_document_without_name_or_fields_is_no_describe() {
        let table = [
            (json!([]), "could not read the describe: it is not a JSON object"),
            (json!({"fields": []}), "could not read the describe: it has no `name`"),
            (json!({"name": "A"}), "could not read the describe: it has no `fields`"),
            (json!({"name": "A", "fields": [{"type": "id"}]}), "could not read the describe: a field has no `name`"),
        ];
        for (document, message) in table {
            assert_eq!(ObjectType::from_describe(document).unwrap_err().to_string(), message);
        }
    }
}
