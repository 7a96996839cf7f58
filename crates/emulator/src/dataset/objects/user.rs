//! `User`: who owns, creates and changes everything else.

use super::person::{first_name, full_name, last_name, mailbox, phone};
use crate::dataset::address::address_fields;
use crate::dataset::currency::{CODES, currency, currency_code};
use crate::dataset::draw::Draw;
use crate::dataset::population::Kind;
use crate::dataset::spec::{ObjectSpec, field, picklist, reference, text};
use crate::dataset::words::{DEPARTMENTS, TITLES};
use crate::object::FieldKind;
use crate::profile::Profile;
use crate::value::Value;

const TIME_ZONES: &[&str] =
    &["America/Los_Angeles", "America/New_York", "Europe/London", "Europe/Prague", "Asia/Tokyo", "UTC"];

const LOCALES: &[&str] = &["cs_CZ", "de_DE", "en_GB", "en_US", "ja_JP"];

/// Returns the object.
pub(super) fn spec() -> ObjectSpec {
    let spec = ObjectSpec::new(Kind::User, "User", "User", "Users").set("deletable", false).set("undeletable", false);
    let spec = spec.fields([
        text("Username", "Username", 80, |d| Value::text(format!("{}@example.com", mailbox(d))))
            .required()
            .set("idLookup", true)
            .set("unique", true),
        text("LastName", "Last Name", 80, |d| last_name(d).into()).required().part_of("Name"),
        text("FirstName", "First Name", 40, |d| first_name(d).into()).part_of("Name"),
        text("Name", "Full Name", 121, |d| Value::text(full_name(d))).required().read_only().set("nameField", true),
        text("CompanyName", "Company Name", 80, |d| d.maybe(30, |_| "Orgtap Demo".into())),
        text("Department", "Department", 80, |d| d.maybe(80, |d| d.word(DEPARTMENTS))),
        text("Title", "Title", 80, |d| d.maybe(90, |d| d.word(TITLES))),
    ]);
    let mut spec = spec.fields(address_fields!("", "User")).fields([
        field(FieldKind::Email, "Email", "Email", |d| Value::text(format!("{}@example.com", mailbox(d))))
            .required()
            .length(128),
        field(FieldKind::Phone, "Phone", "Phone", |d| d.maybe(70, |d| Value::text(phone(d)))),
        text("Alias", "Alias", 8, |d| Value::text(format!("u{}", d.n % 1_000_000))).required(),
        field(FieldKind::Boolean, "IsActive", "Active", |d| (d.n == 0 || d.chance(92)).into()),
        picklist("TimeZoneSidKey", "Time Zone", TIME_ZONES, |d| d.word(TIME_ZONES)).required(),
        picklist("LocaleSidKey", "Locale", LOCALES, |d| d.word(LOCALES)).required(),
        currency_code(),
        picklist("DefaultCurrencyIsoCode", "Default Currency ISO Code", CODES, currency)
            .length(3)
            .set("restrictedPicklist", true)
            .only_with(Profile::MultiCurrency),
        picklist("UserType", "User Type", &["Standard"], |_| "Standard".into()).read_only(),
        reference("ManagerId", "Manager ID", &["User"], "Manager", |d| d.maybe(85, Draw::earlier_one))
            .children("ManagedUsers", false),
        field(FieldKind::DateTime, "LastLoginDate", "Last Login", |d| d.maybe(90, |d| d.instant_before(30)))
            .read_only(),
        text("FederationIdentifier", "SAML Federation ID", 512, |_| Value::Null),
    ]);
    spec = spec.audited();
    // Users are never deleted, and so have no such field.
    spec.fields.remove(1);
    spec
}
