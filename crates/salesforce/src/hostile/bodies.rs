//! Bodies and heads without an end, slow ones, and small ones that grow.

use super::*;
use crate::QueryOperation;
use crate::scripted::client;

/// `bytes` blanks before a document. They pack well.
fn blanks(bytes: usize) -> Vec<u8> {
    let mut body = vec![b' '; bytes];
    body.extend_from_slice(b"{}");
    body
}

#[tokio::test]
async fn a_body_without_an_end_is_hung_up_on() {
    let (server, error) = limits(Reply::json(&" ".repeat(1 << 16)).endless()).await;

    assert_kind(&error, ErrorKind::UnexpectedAnswer, "larger than 16 MB");
    assert!(!error.is_transient(), "it is not asked for again");
    assert!(server.sent() < 40 << 20, "{} bytes", server.sent());
}

#[tokio::test]
async fn the_status_of_a_refusal_without_an_end_counts() {
    let (server, error) = limits(Reply::new(400, "[{".repeat(1 << 15)).endless()).await;

    assert_kind(&error, ErrorKind::UnexpectedAnswer, "HTTP 400");
    assert!(server.sent() < 20 << 20, "{} bytes", server.sent());
}

#[tokio::test]
async fn a_login_answer_without_an_end_is_hung_up_on() {
    for login in [client_credentials(), security_token()] {
        for status in [200, 400, 500] {
            let server = Scripted::start(vec![Reply::new(status, " ".repeat(1 << 16)).endless(); 3]).await;

            let error = client(server.connection(login.clone())).0.sign_in().await.unwrap_err();

            assert_fit_to_show(&error);
            assert!(server.sent() < 60 << 20, "{status}: {} bytes", server.sent());
        }
    }
}

#[tokio::test]
async fn a_small_body_that_inflates_to_a_large_one_is_refused() {
    let (_, error) = limits(Reply::json("").with_body(blanks(17 << 20)).gzip()).await;
    assert_kind(&error, ErrorKind::UnexpectedAnswer, "larger than 16 MB");

    let server = Scripted::start([Reply::json("").with_body(blanks(257 << 20)).gzip()]).await;
    let error = server.client().0.describe("Account").await.unwrap_err();
    assert_kind(&error, ErrorKind::UnexpectedAnswer, "larger than 256 MB");

    let (_, error) = limits(Reply::new(403, blanks(2 << 20)).gzip()).await;
    assert_kind(&error, ErrorKind::UnexpectedAnswer, "HTTP 403");
}

#[tokio::test]
async fn a_body_of_very_many_small_values_is_refused_before_it_is_read() {
    let values = format!(r#"{{"totalSize":1,"done":true,"records":[{{"A":[{}1]}}]}}"#, "1,".repeat(9 << 20));
    let server = Scripted::start([Reply::json("").with_body(values.into_bytes()).gzip()]).await;

    let error = server.client().0.query("SELECT A FROM B", QueryOperation::Query).await.unwrap_err();

    assert_kind(&error, ErrorKind::UnexpectedAnswer, "more than 8388608 values");
    assert_eq!(server.lines().len(), 1);
}

#[tokio::test]
async fn a_body_that_trickles_is_given_up() {
    let server = Scripted::start(vec![Reply::json(" ").trickling(); 8]).await;

    let error = hasty(&server).limits().await.unwrap_err();

    assert_kind(&error, ErrorKind::Connection, "sent only");
    assert!(error.is_transient());
}

#[tokio::test]
async fn a_head_with_very_many_or_very_large_headers_is_refused() {
    let many = (0..1_000).fold(Reply::json("{}"), |reply, at| reply.header("x-flood", format!("hidden {at}")));
    let large = Reply::json("{}").header("x-flood", "hidden".repeat(1 << 17));
    for reply in [many, large] {
        let server = Scripted::start(vec![reply; 8]).await;

        let error = server.client().0.limits().await.unwrap_err();

        assert_kind(&error, ErrorKind::Connection, "the connection to");
    }
}

#[tokio::test]
async fn gzip_that_holds_nothing_and_never_ends_is_garbled() {
    let page = Reply::csv("").packed().header("content-encoding", "gzip").endless();
    let server = Scripted::start([page]).await;
    let id = "750000000000001AAA".parse().unwrap();

    let mut page = server.client().0.result_page(&id, None, None).await.unwrap();
    let error = page.body.chunk().await.unwrap_err();

    assert_kind(&error, ErrorKind::Connection, "garbled");
}
