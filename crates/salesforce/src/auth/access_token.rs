//! A session that somebody else opened: nothing to sign in, nothing to renew.

use secrecy::SecretString;
use url::Url;

use super::Session;
use crate::domain;
use crate::error::{Error, ErrorKind, Result};

pub(super) fn open(access_token: &SecretString, instance_url: &Url, previous: Option<&Session>) -> Result<Session> {
    if previous.is_some() {
        let cause = "the access token is no longer valid, and nothing is configured to get another";
        return Err(Error::new(ErrorKind::Credentials, "sign in again", cause).with_hint(
            "set a new `access_token`, for example from `sf org display`, or choose another `login_method`",
        ));
    }
    Ok(Session {
        access_token: access_token.clone(),
        instance_url: domain::origin(instance_url, "instance_url")?,
        username: None,
        user_id: None,
        org_id: None,
        refresh_token: None,
    })
}
