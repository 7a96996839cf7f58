//! SOAP `login()` of the partner and enterprise APIs: one of the ways to a session, and nothing else of SOAP.

use axum::{http::StatusCode, response::Response};
use quick_xml::{
    Reader,
    escape::resolve_predefined_entity,
    events::{BytesRef, Event},
};

use super::Request;
use crate::{
    answer::{Refusal, escape, xml},
    session::{LIFETIME, short},
    version::{ApiVersion, Standing},
};

const WRONG_PASSWORD: &str = "Invalid username, password, security token; or user locked out.";
const TOKEN_NEEDED: &str = "Invalid username, password, security token; or user locked out. Are you at a new location? \
    When accessing Salesforce--either via a desktop client or the API--from outside of your company’s trusted networks, \
    you must add a security token to your password to log in. To get your new security token, log in to Salesforce. \
    From your personal settings, enter Reset My Security Token in the Quick Find box, then select Reset My Security Token.";
const SWITCHED_OFF: &str = "SOAP API login() is disabled by default in this org. \
    A system administrator must enable it before SOAP API login() can be used.";

/// Answers `login()` at `/services/Soap/u/{version}`.
pub(super) fn login(version: &str, request: &Request) -> Result<Response, Refusal> {
    check_version(version, request)?;
    let credentials = Credentials::read(&request.body)?;
    let server = &request.server;
    let rules = server.door.rules();
    if !rules.soap_login {
        return Err(fault("INVALID_OPERATION", SWITCHED_OFF));
    }
    let identity = server.org.identity();
    let user_is_known = credentials.username.eq_ignore_ascii_case(&identity.username) && !request.is_at_wrong_host();
    let with_token = format!("{}{}", identity.password, identity.security_token);
    let bare = credentials.password == identity.password;
    let right = user_is_known && (credentials.password == with_token || bare);
    if !server.door.try_password(right, server.org.now()) {
        return Err(fault("INVALID_LOGIN", WRONG_PASSWORD));
    }
    if bare && !rules.trusted_network && !identity.security_token.is_empty() {
        return Err(fault("LOGIN_MUST_USE_SECURITY_TOKEN", TOKEN_NEEDED));
    }
    let session = if rules.password_expired {
        server.sessions.start_for_expired_password(identity.organization_id, server.org.now())
    } else {
        server.start_session()
    };
    Ok(xml(StatusCode::OK, result(request, version, &session, rules.password_expired)))
}

fn check_version(version: &str, request: &Request) -> Result<(), Refusal> {
    let offered = request.server.options.versions;
    let parsed = ApiVersion::parse(version).filter(|version| offered.standing(*version) == Standing::Offered);
    match parsed {
        Some(version) if version <= ApiVersion::LAST_SOAP_LOGIN => Ok(()),
        _ => Err(Refusal::Soap {
            code: "UNSUPPORTED_API_VERSION",
            message: format!("login() is not supported in API version {version}"),
            login: false,
        }),
    }
}

fn fault(code: &'static str, message: &str) -> Refusal {
    Refusal::Soap { code, message: message.to_owned(), login: true }
}

fn result(request: &Request, version: &str, session: &str, password_expired: bool) -> String {
    let identity = request.server.org.identity();
    let (base, organization) = (escape(&request.org_url()), short(identity.organization_id));
    let (user, profile, organization_id) = (identity.user_id, identity.profile_id, identity.organization_id);
    let (sandbox, seconds) = (identity.sandbox, LIFETIME.as_secs());
    let (name, email) = (escape(&identity.organization_name), escape(&identity.email));
    let (locale, time_zone) = (escape(&identity.locale), escape(&identity.time_zone));
    let (is_multi_currency, has_people) =
        (request.server.org.is_multi_currency(), request.server.org.has_person_accounts());
    let currency = if is_multi_currency {
        format!("<userDefaultCurrencyIsoCode>{}</userDefaultCurrencyIsoCode>", escape(&identity.currency))
    } else {
        "<userDefaultCurrencyIsoCode xsi:nil=\"true\"/>".to_owned()
    };
    let (full_name, username) = (escape(&identity.user_name), escape(&identity.username));
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><soapenv:Envelope \
         xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\" xmlns=\"urn:partner.soap.sforce.com\" \
         xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"><soapenv:Body><loginResponse><result>\
         <metadataServerUrl>{base}/services/Soap/m/{version}/{organization}</metadataServerUrl>\
         <passwordExpired>{password_expired}</passwordExpired><sandbox>{sandbox}</sandbox>\
         <serverUrl>{base}/services/Soap/u/{version}/{organization}</serverUrl>\
         <sessionId>{session}</sessionId><userId>{user}</userId><userInfo>\
         <accessibilityMode>false</accessibilityMode><chatterExternal>false</chatterExternal>\
         <currencySymbol>$</currencySymbol><orgAttachmentFileSizeLimit>5242880</orgAttachmentFileSizeLimit>\
         <orgDefaultCurrencyIsoCode>USD</orgDefaultCurrencyIsoCode><orgDefaultCurrencyLocale>en_US</orgDefaultCurrencyLocale>\
         <orgDisallowHtmlAttachments>false</orgDisallowHtmlAttachments><orgHasPersonAccounts>{has_people}</orgHasPersonAccounts>\
         <organizationId>{organization_id}</organizationId><organizationMultiCurrency>{is_multi_currency}</organizationMultiCurrency>\
         <organizationName>{name}</organizationName><profileId>{profile}</profileId><roleId xsi:nil=\"true\"/>\
         <sessionSecondsValid>{seconds}</sessionSecondsValid>{currency}\
         <userEmail>{email}</userEmail><userFullName>{full_name}</userFullName><userId>{user}</userId>\
         <userLanguage>en_US</userLanguage><userLocale>{locale}</userLocale><userName>{username}</userName>\
         <userTimeZone>{time_zone}</userTimeZone><userType>Standard</userType><userUiSkin>Theme3</userUiSkin></userInfo>\
         </result></loginResponse></soapenv:Body></soapenv:Envelope>"
    )
}

#[derive(Debug, Default, PartialEq)]
struct Credentials {
    username: String,
    password: String,
}

impl Credentials {
    /// Finds the credentials in a login envelope.
    fn read(body: &[u8]) -> Result<Self, Refusal> {
        let malformed = || Refusal::Soap {
            code: "UNKNOWN_EXCEPTION",
            message: "the request is not a well-formed login() envelope".to_owned(),
            login: false,
        };
        let text = std::str::from_utf8(body).map_err(|_| malformed())?;
        let mut reader = Reader::from_str(text);
        let (mut credentials, mut path, mut is_login) = (Self::default(), Vec::new(), false);
        loop {
            match reader.read_event().map_err(|_| malformed())? {
                Event::Start(element) => {
                    let name = element.local_name().as_ref().to_owned();
                    is_login |= name == "login";
                    path.push(name);
                }
                Event::End(_) => drop(path.pop()),
                Event::Text(text) => credentials.add(&path, &text.xml10_content()),
                Event::CData(text) => credentials.add(&path, &text.xml10_content()),
                Event::GeneralRef(reference) => {
                    credentials.add(&path, &resolve(&reference).ok_or_else(malformed)?);
                }
                Event::Eof => break,
                _ => {}
            }
        }
        if is_login { Ok(credentials) } else { Err(malformed()) }
    }

    fn add(&mut self, path: &[String], text: &str) {
        match path {
            [.., login, field] if login == "login" && field == "username" => self.username.push_str(text),
            [.., login, field] if login == "login" && field == "password" => self.password.push_str(text),
            _ => {}
        }
    }
}

fn resolve(reference: &BytesRef<'_>) -> Option<String> {
    match reference.resolve_char_ref().ok()? {
        Some(character) => Some(character.to_string()),
        None => resolve_predefined_entity(&reference.xml10_content()).map(str::to_owned),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn envelope(login: &str) -> String {
        format!(
            "<?xml version=\"1.0\"?><e:Envelope xmlns:e=\"http://schemas.xmlsoap.org/soap/envelope/\"><e:Header>\
             <username>not me</username></e:Header><e:Body>{login}</e:Body></e:Envelope>"
        )
    }

    #[test]
    fn credentials_are_unescaped() {
        let login = "<n1:login xmlns:n1=\"urn:partner.soap.sforce.com\"><n1:username>a&amp;b@example.com</n1:username>\
            <n1:password>&lt;p&gt;&#38;&#x22;&quot;&apos;<![CDATA[<&>]]> </n1:password></n1:login>";

        let credentials = Credentials::read(envelope(login).as_bytes()).unwrap();

        assert_eq!(credentials.username, "a&b@example.com");
        assert_eq!(credentials.password, "<p>&\"\"'<&> ");
    }

    #[test]
    fn what_is_no_login_is_refused() {
        for body in
            ["", "hello", "<a>", &envelope("<getUserInfo/>"), &envelope("<login><username>&nbsp;</username></login>")]
        {
            assert!(Credentials::read(body.as_bytes()).is_err(), "{body}");
        }
    }
}
