//! Hostile answers of a web server.
#![allow(clippy::too_many_lines, reason = "a table of cases")]

use super::super::web::{Answers, good, settings};
use super::*;

/// An answer, and what is said of it.
pub(super) struct Answered {
    pub(super) name: &'static str,
    answer: Vec<u8>,
    changes: Value,
    pub(super) says: &'static str,
}

pub(super) fn cases() -> Vec<Answered> {
    let case = |name, answer: String, says| Answered {
        name,
        answer: answer.into_bytes(),
        changes: json!({}),
        says,
    };
    let dated = "Last-Modified: Mon, 05 Jan 2026 12:00:00 GMT\r\n";
    let login = "<!DOCTYPE html><html>Login</html>";
    let page = |kind: &str| {
        format!(
            "HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\n{dated}Content-Length: {}\r\n\r\n{login}",
            login.len()
        )
    };
    let mut large = case(
        "more than `max_bytes`",
        good(""),
        "stock.csv: the answer is larger than 20 bytes and was not read",
    );
    large.changes = json!({ "max_bytes": 20 });
    vec![
        case(
            "a login page with status 200",
            page("text/html; charset=utf-8"),
            "stock.csv: the answer is a web page (text/html; charset=utf-8), not a file: a login or an error; look at the address and the credentials",
        ),
        case(
            "a login page that says it is CSV",
            page("text/csv"),
            "stock.csv:1:1: begins with \"<\": this is a web page or XML, not CSV; look at what wrote it",
        ),
        case(
            "a body shorter than its Content-Length",
            good(dated).replace("Length: ", "Length: 9"),
            "stock.csv: end of file before message length reached",
        ),
        case(
            "a chunked body without its last chunk",
            format!("HTTP/1.1 200 OK\r\n{dated}Transfer-Encoding: chunked\r\n\r\n5\r\nArtik\r\n"),
            "stock.csv: unexpected EOF during chunk size line",
        ),
        case(
            "a body that ends with the connection",
            format!("HTTP/1.0 200 OK\r\n{dated}\r\n{GOOD}"),
            "stock.csv: the answer does not say where it ends (neither Content-Length nor chunked, or compressed without being asked to): it could be cut off and is not taken",
        ),
        case(
            "a part of the file, with status 206",
            good(dated).replace("200 OK", "206 Partial Content"),
            "stock.csv: answer 206 is not the whole file, which has status 200",
        ),
        case(
            "an empty answer with status 204",
            "HTTP/1.1 204 No Content\r\n\r\n".to_owned(),
            "stock.csv: answer 204 is not the whole file, which has status 200",
        ),
        case(
            "an empty body with status 200",
            format!("HTTP/1.1 200 OK\r\n{dated}Content-Length: 0\r\n\r\n"),
            "stock.csv: is empty (zero bytes): the export failed or was not finished",
        ),
        case(
            "a redirect to a login page",
            "HTTP/1.1 302 Found\r\nLocation: /login\r\nContent-Length: 0\r\n\r\n".to_owned(),
            "stock.csv: answer 302: (empty body)",
        ),
        case(
            "refused credentials",
            "HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno".to_owned(),
            "stock.csv: answer 401: no",
        ),
        case(
            "a file that is gone",
            "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\ngone".to_owned(),
            "stock.csv: answer 404: gone",
        ),
        case(
            "a server in trouble",
            "HTTP/1.1 500 Oops\r\nContent-Length: 4\r\n\r\noops".to_owned(),
            "stock.csv: answer 500: oops",
        ),
        case(
            "figures of no known time",
            good(""),
            "stock.csv: nothing says when its figures were true: the answer has no Last-Modified; set columns.as_of, or as_of = \"request\" where they are computed when asked for",
        ),
        large,
    ]
}

#[tokio::test]
async fn every_hostile_answer_is_told_and_taken_by_nobody() {
    let mut wrong = Vec::new();
    for case in cases() {
        // Twice, as what only looks cut off is looked at again.
        let server = Answers::of(&[&case.answer, &case.answer]);
        let connector = settings(&server, case.changes.clone());
        let role = connector.stock().unwrap();
        let mut said = String::from("nothing");
        for _ in 0..2 {
            match role.poll().await {
                Ok(Some((_, Report::Refused(refused)))) => said = refused.reason,
                Ok(Some(report)) => said = format!("taken: {report:?}"),
                Ok(None) => continue,
                Err(error) => said = error.message,
            }
            break;
        }
        if said != case.says {
            wrong.push(format!("{}\n  wanted {}\n  found  {said}", case.name, case.says));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
