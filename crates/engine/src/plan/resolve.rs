//! Names of a query, looked up in the describes: how Salesforce spells them, and which field they lead to.

use std::sync::Arc;

use orgtap_salesforce::{Client, ErrorKind, Field, SObject};
use orgtap_soql::{Diagnostic, Path, Query, Span};

use super::columns::{nearest, problem};
use crate::error::Error;

/// Why a selected item has no column.
#[derive(Debug)]
pub(super) enum Unresolved {
    /// The query is wrong here.
    Problem(Diagnostic),
    /// The org could not be asked.
    Failed(Error),
}

impl From<Error> for Unresolved {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// A field that a path leads to.
#[derive(Clone, Debug)]
pub(super) struct Resolved {
    /// The names that lead to it, as Salesforce spells them.
    pub(super) path: Vec<String>,
    pub(super) field: Field,
    /// The object that has it.
    pub(super) object: Arc<SObject>,
    pub(super) is_nullable: bool,
}

impl Resolved {
    /// Returns a field of `object` itself.
    pub(super) fn of(object: &Arc<SObject>, field: &Field) -> Self {
        let (path, is_nullable) = (vec![field.name.clone()], field.nillable);
        Self { path, field: field.clone(), object: Arc::clone(object), is_nullable }
    }

    /// Returns the names of the parents on the way.
    pub(super) fn parents(&self) -> &[String] {
        &self.path[..self.path.len() - 1]
    }
}

/// Looks the names of one query up.
#[derive(Clone, Copy, Debug)]
pub(super) struct Resolver<'a> {
    pub(super) query: &'a Query,
    pub(super) root: &'a Arc<SObject>,
    pub(super) client: &'a Client,
}

impl Resolver<'_> {
    /// Looks up a path from the root object.
    pub(super) async fn path(&self, path: &Path) -> Result<Resolved, Unresolved> {
        let names = self.query.field_path(path);
        self.field(vec![Arc::clone(self.root)], &names, path.span()).await
    }

    /// Looks up the field that `names` lead to from any of `objects`.
    pub(super) async fn field(
        &self,
        mut objects: Vec<Arc<SObject>>,
        names: &[&str],
        span: Span,
    ) -> Result<Resolved, Unresolved> {
        let (field_name, relationships) = names.split_last().expect("a path has at least one segment");
        let mut path = Vec::with_capacity(names.len());
        for relationship in relationships {
            let (name, parents) = self.follow(&objects, relationship, span).await?;
            path.push(name);
            objects = parents;
        }
        let found = objects.iter().find_map(|object| Some((object, object.field(field_name)?)));
        let Some((object, field)) = found else {
            let known = objects.iter().flat_map(|object| &object.fields).map(|field| field.name.as_str());
            let message = format!("`{}` has no field `{field_name}`, or the user may not see it", objects[0].name);
            return Err(refuse(span, message, nearest(field_name, known)));
        };
        path.push(field.name.clone());
        // Without a parent, every field of the parent is null.
        let is_nullable = field.nillable || !relationships.is_empty();
        Ok(Resolved { path, field: field.clone(), object: Arc::clone(object), is_nullable })
    }

    /// Follows `relationship` from any of `objects`: its name as Salesforce spells it, and the objects it may lead to.
    pub(super) async fn follow(
        &self,
        objects: &[Arc<SObject>],
        relationship: &str,
        span: Span,
    ) -> Result<(String, Vec<Arc<SObject>>), Unresolved> {
        let fields = || objects.iter().flat_map(|object| &object.fields);
        let name_of =
            |field: &Field| field.relationship_name.clone().filter(|name| name.eq_ignore_ascii_case(relationship));
        let Some((field, name)) = fields().find_map(|field| Some((field, name_of(field)?))) else {
            let known = fields().filter_map(|field| field.relationship_name.as_deref());
            let message = format!("`{}` has no relationship `{relationship}`", objects[0].name);
            return Err(refuse(span, message, nearest(relationship, known)));
        };
        // A polymorphic relationship shows the fields of the pseudo object `Name`.
        let pseudo = (field.reference_to.len() > 1).then(|| "Name".to_owned());
        let mut parents = Vec::new();
        for object in pseudo.iter().chain(&field.reference_to) {
            parents.extend(self.object(object).await?);
        }
        if parents.is_empty() {
            let message = format!("`{relationship}` leads to objects that the user may not see");
            return Err(refuse(span, message, None));
        }
        Ok((name, parents))
    }

    /// Describes `name`; `None` where there is no such object, or the user may not see it.
    pub(super) async fn object(&self, name: &str) -> Result<Option<Arc<SObject>>, Unresolved> {
        match self.client.describe(name).await {
            Ok(object) => Ok(Some(object)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Unresolved::Failed(Error::salesforce(error))),
        }
    }
}

/// Refuses what stands at `span`.
pub(super) fn refuse(span: Span, message: impl Into<String>, suggestion: Option<String>) -> Unresolved {
    Unresolved::Problem(problem(span, message, suggestion))
}
