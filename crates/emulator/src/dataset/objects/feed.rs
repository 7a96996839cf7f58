//! `AccountFeed`: what people have written about accounts. The Bulk API does not read feeds.

use crate::dataset::population::Kind;
use crate::dataset::spec::{ObjectSpec, field, long_text, picklist, reference, text};
use crate::object::FieldKind;
use crate::profile::Profile;
use crate::value::Value;

const TYPES: &[&str] = &["TextPost", "LinkPost", "TrackedChange", "CreateRecordEvent"];

/// Returns the object.
pub(super) fn spec() -> ObjectSpec {
    let flags = ["createable", "updateable", "undeletable", "layoutable", "searchable", "triggerable", "mruEnabled"];
    let spec = ObjectSpec::new(Kind::AccountFeed, "AccountFeed", "Account Feed", "Account Feed");
    let spec = flags.into_iter().fold(spec, |spec, flag| spec.set(flag, false));
    spec.only_with(Profile::NoBulk)
        .fields([
            reference("ParentId", "Parent ID", &["Account"], "Parent", |d| d.parent(Kind::Account))
                .required()
                .read_only()
                .children("Feeds", true),
            picklist("Type", "Feed Item Type", TYPES, |d| d.word(TYPES)).read_only(),
            text("Title", "Title", 255, |d| d.maybe(20, |d| d.line(|_| "News".to_owned()))).read_only(),
            long_text("Body", "Body", 10_000, |d| d.maybe(90, |d| d.prose(40))).read_only(),
            field(FieldKind::Int, "CommentCount", "Comment Count", |d| (d.below(5) as i64).into()).read_only(),
            field(FieldKind::Int, "LikeCount", "Like Count", |d| (d.below(9) as i64).into()).read_only(),
            reference("InsertedById", "Inserted By ID", &["User"], "InsertedBy", |d| d.user()).read_only(),
            field(FieldKind::Boolean, "IsRichText", "Is Rich Text", |_| Value::Boolean(false)).read_only(),
        ])
        .audited()
        .without(&["LastModifiedById"])
}
