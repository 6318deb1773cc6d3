//! A JSON client over plain HTTP/1.1 on loopback: one connection a call, so that a builder of things needs no library.

use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// Longest wait for a byte.
const DEADLINE: Duration = Duration::from_secs(30);

/// Largest answer, bytes.
const MOST: u64 = 32 << 20;

/// An answer of any status.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The status code.
    pub(crate) status: u16,
    /// The body; a string where it isn't JSON.
    pub(crate) body: Value,
}

/// Calls `url` (`http://host:port/path`).
pub(crate) fn call(method: &str, url: &str, headers: &[(&str, &str)], body: Option<&Value>) -> Result<Answer> {
    let rest = url
        .strip_prefix("http://")
        .with_context(|| format!("{url} is not an http address"))?;
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let mut stream = TcpStream::connect(host)?;
    stream.set_read_timeout(Some(DEADLINE))?;
    stream.set_write_timeout(Some(DEADLINE))?;
    let body = body.map(Value::to_string).unwrap_or_default();
    let more: Vec<String> = headers
        .iter()
        .map(|(name, value)| format!("{name}: {value}\r\n"))
        .collect();
    let more = more.concat();
    let request = format!(
        "{method} /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nAccept: application/json\r\n{more}\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    stream.take(MOST).read_to_end(&mut answer)?;
    parse(&answer).with_context(|| format!("{method} {url}"))
}

fn parse(answer: &[u8]) -> Result<Answer> {
    let end = answer
        .windows(4)
        .position(|window| window == b"\r\n\r\n")
        .context("the answer has no end of its headers")?;
    let (head, body) = answer.split_at(end + 4);
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    let status = head
        .split_ascii_whitespace()
        .nth(1)
        .and_then(|text| text.parse().ok())
        .context("the answer has no status")?;
    let body = if head.contains("transfer-encoding: chunked") {
        chunks(body)?
    } else {
        body.to_vec()
    };
    let text = || Value::String(String::from_utf8_lossy(&body).into_owned());
    Ok(Answer {
        status,
        body: serde_json::from_slice(&body).unwrap_or_else(|_| text()),
    })
}

fn chunks(mut rest: &[u8]) -> Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let line = rest
            .windows(2)
            .position(|window| window == b"\r\n")
            .context("a chunk has no size")?;
        let (size, after) = rest.split_at(line);
        let size = usize::from_str_radix(
            std::str::from_utf8(size)?.split(';').next().unwrap_or_default().trim(),
            16,
        )?;
        if size == 0 {
            return Ok(body);
        }
        let Some(chunk) = after.get(2..2 + size) else {
            bail!("a chunk is cut off")
        };
        body.extend_from_slice(chunk);
        rest = after.get(2 + size + 2..).unwrap_or_default();
    }
}

/// A value for a query: everything but letters, digits and `-_.` encoded.
pub(crate) fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    text.bytes()
        .map(|byte| {
            if plain(byte) {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_kinds_of_bodies_are_read() {
        let whole = parse(b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n{\"a\":1}").unwrap();
        let parts =
            parse(b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n{\"a\r\n4;x\r\n\":1}\r\n0\r\n\r\n")
                .unwrap();
        assert_eq!((whole.status, parts.status), (200, 201));
        assert_eq!((whole.body["a"].as_u64(), parts.body["a"].as_u64()), (Some(1), Some(1)));
        assert!(parse(b"HTTP/1.1 200 OK\r\n").is_err());
    }

    #[test]
    fn umlauts_and_spaces_survive_a_query() {
        assert_eq!(encoded("Größe 1&2"), "Gr%C3%B6%C3%9Fe%201%262");
    }
}
