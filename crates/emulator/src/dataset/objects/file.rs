//! Files: `Attachment` and `Document` as they used to be, `ContentDocument` with its version and its links as they are. Their contents
//! are read one by one, by REST.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use crate::dataset::draw::{Draw, salt};
use crate::dataset::population::Kind;
use crate::dataset::spec::{FieldSpec, ObjectSpec, field, long_text, picklist, reference, text};
use crate::dataset::words::PRODUCTS;
use crate::object::FieldKind;
use crate::profile::Profile;
use crate::value::Value;

/// Sorts of files: the ending, what the browser calls it, what Salesforce calls it.
const SORTS: &[(&str, &str, &str)] =
    &[("txt", "text/plain", "TEXT"), ("csv", "text/csv", "CSV"), ("bin", "application/octet-stream", "UNKNOWN")];
const STATUSES: &[&str] = &["P", "R", "U"];
const ORIGINS: &[&str] = &["C", "H"];
const SHARE_TYPES: &[&str] = &["V", "C", "I"];
const VISIBLE_TO: &[&str] = &["AllUsers", "InternalUsers", "SharedUsers"];

/// Returns the objects.
pub(super) fn specs() -> [ObjectSpec; 5] {
    let specs = [attachment(), document(), content_document(), content_version(), content_document_link()];
    specs.map(|spec| spec.only_with(Profile::Files).set("layoutable", false))
}

/// Returns the draw of a file's content. Document and version are two sides of one file.
fn file(draw: Draw<'_>) -> Draw<'_> {
    let kind = if draw.kind == Kind::ContentDocument { Kind::ContentVersion } else { draw.kind };
    draw.at(kind, draw.n).of(const { salt("content") })
}

fn sort(draw: Draw<'_>) -> &'static (&'static str, &'static str, &'static str) {
    &SORTS[file(draw).again().below(SORTS.len() as u64) as usize]
}

/// Returns the content: a few lines, or bytes that are no text at all.
fn content(draw: Draw<'_>) -> Vec<u8> {
    let mut step = file(draw);
    let length = step.between(0, 900);
    let mut content = Vec::with_capacity(length as usize);
    while (content.len() as u64) < length {
        step = step.again();
        match sort(draw).0 {
            "bin" => content.extend(step.below(u64::MAX).to_le_bytes()),
            _ => content.extend(format!("{},{}\r\n", step.pick(PRODUCTS), step.again().below(1000)).bytes()),
        }
    }
    content
}

fn encoded(draw: Draw<'_>) -> Value {
    Value::text(BASE64_STANDARD.encode(content(draw)))
}

fn length(draw: Draw<'_>) -> Value {
    (content(draw).len() as i64).into()
}

fn title(draw: Draw<'_>) -> String {
    format!("{} {}", file(draw).pick(PRODUCTS), draw.n + 1)
}

fn name(draw: Draw<'_>) -> Value {
    Value::text(format!("{}.{}", title(draw), sort(draw).0))
}

fn body(name: &'static str, label: &'static str) -> FieldSpec {
    field(FieldKind::Base64, name, label, encoded)
}

fn owner() -> FieldSpec {
    reference("OwnerId", "Owner ID", &["User"], "Owner", |d| file(d).user()).required().set("defaultedOnCreate", true)
}

fn attachment() -> ObjectSpec {
    ObjectSpec::new(Kind::Attachment, "Attachment", "Attachment", "Attachments")
        .fields([
            reference("ParentId", "Parent ID", &["Account", "Case", "Opportunity"], "Parent", |d| {
                let kinds = [Kind::Account, Kind::Opportunity, Kind::Case];
                d.again().parent(kinds[d.below(3) as usize])
            })
            .required()
            .set("polymorphicForeignKey", true)
            .set("namePointing", true)
            .children("Attachments", true),
            text("Name", "File Name", 255, name).required().set("nameField", true),
            field(FieldKind::Boolean, "IsPrivate", "Private", |d| d.chance(5).into()),
            text("ContentType", "Content Type", 120, |d| sort(d).1.into()),
            field(FieldKind::Int, "BodyLength", "Body Length", length).read_only(),
            body("Body", "Body").required(),
            owner(),
            long_text("Description", "Description", 500, |d| d.maybe(30, |d| d.prose(20))),
        ])
        .audited()
}

fn document() -> ObjectSpec {
    ObjectSpec::new(Kind::Document, "Document", "Document", "Documents")
        .fields([
            // A personal document lies in the folder of its author.
            reference("FolderId", "Folder ID", &["Folder", "User"], "Folder", |d| {
                d.of(const { salt("AuthorId") }).user()
            })
            .required()
            .set("polymorphicForeignKey", true),
            text("Name", "Document Name", 255, |d| Value::text(title(d))).required().set("nameField", true),
            text("DeveloperName", "Document Unique Name", 80, |d| Value::text(format!("Document_{}", d.n + 1)))
                .required(),
            text("ContentType", "MIME Type", 120, |d| sort(d).1.into()),
            text("Type", "File Extension", 40, |d| sort(d).0.into()),
            field(FieldKind::Boolean, "IsPublic", "Externally Available", |d| d.chance(20).into()),
            field(FieldKind::Int, "BodyLength", "Body Length", length).read_only(),
            body("Body", "Body"),
            long_text("Description", "Description", 255, |d| d.maybe(30, |d| d.prose(12))),
            reference("AuthorId", "Author ID", &["User"], "Author", |d| d.user()).required(),
        ])
        .audited()
}

fn content_document() -> ObjectSpec {
    ObjectSpec::new(Kind::ContentDocument, "ContentDocument", "Content Document", "Content Documents")
        .set("replicateable", false)
        .fields([
            owner(),
            text("Title", "Title", 255, |d| Value::text(title(d))).required().set("nameField", true),
            picklist("PublishStatus", "Publish Status", STATUSES, |_| "P".into()).required(),
            reference(
                "LatestPublishedVersionId",
                "Latest Published Version ID",
                &["ContentVersion"],
                "LatestPublishedVersion",
                |d| d.org.id(Kind::ContentVersion, d.n).into(),
            )
            .read_only(),
            long_text("Description", "Description", 1000, |_| Value::Null),
            field(FieldKind::Int, "ContentSize", "Size", length).read_only(),
            text("FileType", "File Type", 20, |d| sort(d).2.into()).read_only(),
            text("FileExtension", "File Extension", 40, |d| sort(d).0.into()).read_only(),
            // It means that the file was put away by hand, and hides it from nobody.
            field(FieldKind::Boolean, "IsArchived", "Is Archived", |d| d.chance(3).into()).read_only(),
        ])
        .audited()
}

fn content_version() -> ObjectSpec {
    ObjectSpec::new(Kind::ContentVersion, "ContentVersion", "Content Version", "Content Versions")
        .set("replicateable", false)
        .set("deletable", false)
        .fields([
            reference("ContentDocumentId", "ContentDocument ID", &["ContentDocument"], "ContentDocument", |d| {
                d.org.id(Kind::ContentDocument, d.n).into()
            })
            .required()
            .children("ContentVersions", true),
            field(FieldKind::Boolean, "IsLatest", "Is Latest", |_| true.into()).read_only(),
            text("VersionNumber", "Version Number", 20, |_| "1".into()).read_only(),
            text("Title", "Title", 255, |d| Value::text(title(d))).required().set("nameField", true),
            text("PathOnClient", "Path On Client", 500, name),
            text("FileType", "File Type", 20, |d| sort(d).2.into()).required().read_only(),
            picklist("PublishStatus", "Publish Status", STATUSES, |_| "P".into()).required().read_only(),
            body("VersionData", "Version Data"),
            field(FieldKind::Int, "ContentSize", "Size", length).read_only(),
            text("FileExtension", "File Extension", 40, |d| sort(d).0.into()).read_only(),
            picklist("Origin", "Content Origin", ORIGINS, |_| "C".into()).required(),
            owner(),
        ])
        .audited()
}

fn content_document_link() -> ObjectSpec {
    ObjectSpec::new(Kind::ContentDocumentLink, "ContentDocumentLink", "Content Document Link", "Content Document Links")
        .set("replicateable", false)
        .set("undeletable", false)
        .fields([
            reference("LinkedEntityId", "Linked Entity ID", &["Account", "Opportunity"], "LinkedEntity", |d| {
                d.again().parent(if d.chance(60) { Kind::Account } else { Kind::Opportunity })
            })
            .required()
            .set("polymorphicForeignKey", true)
            .set("namePointing", true)
            .children("ContentDocumentLinks", true),
            reference("ContentDocumentId", "ContentDocument ID", &["ContentDocument"], "ContentDocument", |d| {
                d.org.id(Kind::ContentDocument, d.n).into()
            })
            .required()
            .children("ContentDocumentLinks", true),
            picklist("ShareType", "Share Type", SHARE_TYPES, |d| d.word(SHARE_TYPES)),
            picklist("Visibility", "Visibility", VISIBLE_TO, |d| d.word(VISIBLE_TO)),
        ])
        .audited()
        .without(&["CreatedDate", "CreatedById", "LastModifiedDate", "LastModifiedById"])
}
