//! USING: which records of an object a query is about, beside what WHERE says.
//!
//! Which scopes an object has stands in its describe. What a scope goes by is looked up in the org's records: teams in the objects that list
//! their members, and territories, of which the org has none, nowhere.

use orgtap_soql::{self as soql, Binding, Condition, LiteralKind, Name, Operator, Path, Query};
use serde_json::Value as Json;

use super::Scope;
use super::compare::Constant;
use super::condition::joined;
use super::predicate::{Predicate, Test};
use super::refuse::unsupported;
use super::resolve::{FieldFacts, FieldPath, Leaf, Place, Resolver};
use super::term::Term;
use crate::error::QueryError;
use crate::id::Id;
use crate::object::{FieldKind, ObjectType};

/// The scopes that go by teams, with the objects that list their members: the scope, the object, the list of members, its reference to the
/// object and its reference to the member.
const TEAMS: [(&str, &str, &str, &str, &str); 3] = [
    ("team", "Account", "AccountTeamMember", "AccountId", "UserId"),
    ("team", "Opportunity", "OpportunityTeamMember", "OpportunityId", "UserId"),
    ("genericteam", "Case", "CaseTeamMember", "ParentId", "MemberId"),
];

/// The last number that an id can carry.
const LAST_SEQUENCE: u64 = 62_u64.pow(9) - 1;

/// Returns what USING demands of records; `None` if that is nothing.
pub(super) fn using(resolver: Resolver<'_>, scope: Scope) -> Result<Option<Predicate<Term>>, QueryError> {
    match &resolver.query.scope {
        None => Ok(None),
        Some(soql::Scope::Named(name)) => named(resolver, name, scope),
        Some(soql::Scope::Lookup { field, bindings }) => lookup(resolver, field, bindings).map(|()| None),
    }
}

/// What the scopes mean is said in the SOQL reference ("USING SCOPE") and in the labels that describes give them: "My delegated events",
/// "Queue owned leads".
fn named(resolver: Resolver<'_>, name: &Name, scope: Scope) -> Result<Option<Predicate<Term>>, QueryError> {
    let object = &resolver.root().object;
    if !has(object, name) {
        // From memory: the code is in the WSDL's list, the wording is not recorded.
        let message = format!("The scope '{}' is not supported for entity '{}'", name.text, object.name);
        return Err(resolver.refuse("INVALID_QUERY_SCOPE", name.span, &message));
    }
    let me = resolver.snapshot.asker.user;
    let is = |field: &str, id: Id| own(resolver, field, Test::Compare(Operator::Eq, Constant::Id(id)));
    let all =
        |conditions: Vec<Option<Predicate<Term>>>| conditions.into_iter().collect::<Option<_>>().map(Predicate::And);
    let condition = match name.text.to_ascii_lowercase().as_str() {
        // Without a rule that is active, a scoping rule leaves nothing out.
        "everything" | "scopingrule" => return Ok(None),
        "mine" => is("OwnerId", me),
        "mine_and_my_groups" => is("ActorId", me),
        "delegated" => all(vec![is("CreatedById", me), is("OwnerId", me).map(|mine| Predicate::Not(Box::new(mine)))]),
        "user_owned" => all(of_prefix(resolver, "OwnerId", *b"005").into()),
        "queue_owned" => all(of_prefix(resolver, "OwnerId", *b"00G").into()),
        "all_active_campaigns" => is_active(resolver),
        "my_active_campaigns" => all(vec![is("OwnerId", me), is_active(resolver)]),
        "team" | "genericteam" => return of_team(resolver, name, scope).map(Some),
        "my_territory" | "my_team_territory" => Some(nothing()),
        _ => None,
    };
    condition.map(Some).ok_or_else(|| unsupported(&format!("the scope {}", name.text)))
}

/// Returns whether the describe names the scope among those of the object. All records can be asked of any.
fn has(object: &ObjectType, scope: &Name) -> bool {
    let scopes = object.describe["supportedScopes"].as_array().into_iter().flatten();
    let mut names = scopes.filter_map(|known| known.get("name").and_then(Json::as_str));
    scope.is("everything") || names.any(|known| scope.is(known))
}

/// Returns a test of the record's own field of that name; `None` where there is no such field.
fn own(resolver: Resolver<'_>, field: &str, test: Test) -> Option<Predicate<Term>> {
    let object = &resolver.root().object;
    let at = object.position(field)?;
    let path = FieldPath {
        relationships: Vec::new(),
        leaf: Leaf::new(resolver.table, at),
        field: FieldFacts::of(&object.fields[at]),
    };
    Some(Predicate::Test { subject: path.into(), case_sensitive: false, test })
}

/// Returns the conditions that a reference is to an object with that key prefix.
fn of_prefix(resolver: Resolver<'_>, field: &str, prefix: [u8; 3]) -> [Option<Predicate<Term>>; 2] {
    let bounds = [(Operator::Ge, Id::of(prefix, *b"000", 0)), (Operator::Le, Id::of(prefix, *b"zzz", LAST_SEQUENCE))];
    bounds.map(|(operator, id)| own(resolver, field, Test::Compare(operator, Constant::Id(id))))
}

fn is_active(resolver: Resolver<'_>) -> Option<Predicate<Term>> {
    own(resolver, "IsActive", Test::Compare(Operator::Eq, Constant::Boolean(true)))
}

/// The condition that no record meets.
fn nothing() -> Predicate<Term> {
    Predicate::Or(Vec::new())
}

/// Returns the condition that the user is a member of the record's team. An org that lists no members has no teams.
fn of_team(resolver: Resolver<'_>, name: &Name, scope: Scope) -> Result<Predicate<Term>, QueryError> {
    let object = &resolver.root().object.name;
    let team = TEAMS.iter().find(|(known, of, ..)| name.is(known) && of == object);
    let team = team.filter(|(_, _, members, ..)| resolver.snapshot.tables.position(members).is_some());
    let Some((_, _, members, record, member)) = team else { return Ok(nothing()) };
    let me = LiteralKind::String(resolver.snapshot.asker.user.to_string());
    is_among(resolver, scope, (members, record), Condition::compare(path(member), Operator::Eq, me))
}

/// Returns the condition that the record's id is among the values of a field of other records.
pub(super) fn is_among(
    resolver: Resolver<'_>,
    scope: Scope,
    (object, field): (&str, &str),
    filter: Condition,
) -> Result<Predicate<Term>, QueryError> {
    let mut query = Query::of(path(object), vec![path(field)]);
    query.filter = Some(filter);
    let ids = joined(resolver, &query, scope)?;
    Ok(own(resolver, "Id", Test::In(ids)).unwrap_or_else(nothing))
}

/// Returns a name that is known to be one.
pub(super) fn path(name: &str) -> Path {
    Path::of(name).expect("names of objects and fields are names")
}

/// Checks `USING LOOKUP Object.Field`, which asks for the records that a lookup field offers. A lookup without a filter offers all records.
fn lookup(resolver: Resolver<'_>, path: &Path, bindings: &[Binding]) -> Result<(), QueryError> {
    let names: Vec<&str> = path.segments.iter().map(|name| name.text.as_str()).collect();
    let tables = &resolver.snapshot.tables;
    let [object, field] = names.as_slice() else {
        return Err(resolver.refuse("MALFORMED_QUERY", path.span(), "unexpected token: 'LOOKUP'"));
    };
    let at = tables.position(object).ok_or_else(|| super::unknown_object(resolver.text, object, path.span()))?;
    let holder = Resolver { table: at, ..resolver };
    let names = |name: &str, span| holder.path_from(Place::of(at), &[name], span);
    let facts = names(field, path.span())?.field;
    for binding in bindings {
        names(&binding.name.text, binding.name.span)?;
    }
    let described = tables.at(at).object.field(&facts.name);
    let leads_here = described.is_some_and(|field| field.reference_to.contains(&resolver.root().object.name));
    if facts.kind != FieldKind::Reference || !leads_here {
        // From memory: the clause is in the grammar alone.
        let message = format!("{object}.{field} is not a lookup of entity '{}'", resolver.root().object.name);
        return Err(resolver.refuse("MALFORMED_QUERY", path.span(), &message));
    }
    if is_filtered(&tables.at(at).object, &facts.name) {
        return Err(unsupported("the filter of a lookup"));
    }
    Ok(())
}

fn is_filtered(object: &ObjectType, field: &str) -> bool {
    let mut fields = object.describe["fields"].as_array().into_iter().flatten();
    fields.any(|described| described["name"] == field && !described["filteredLookupInfo"].is_null())
}
