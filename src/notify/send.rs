//! The two ways a message goes: to a program's standard input, and by POST to an address. Both end within a deadline,
//! and what goes wrong is one sentence without a secret in it.

use super::message::Message;
use crate::config::{NotifyUrl, NotifyWay, notify_address};
use omnistock_sdk::http::{Http, HttpSettings};
use omnistock_sdk::{ExposeSecret, SecretReference, SecretResolver};
use reqwest::{Method, Url};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{ChildStderr, ChildStdin, Command};

/// What of the daemon's environment a program sees: no secret stands there.
const INHERITED: [&str; 6] = ["PATH", "LANG", "LC_ALL", "TZ", "HOME", "TMPDIR"];
/// Bytes of a program's complaints, and of a receiver's answer, that are read.
const MOST_ANSWER: usize = 4_096;
/// Characters of them that are shown.
const MOST_SHOWN: usize = 200;

/// Sends a message once. The error is one sentence.
pub(super) async fn send(
    way: &NotifyWay,
    token: Option<&SecretReference>,
    secrets: &dyn SecretResolver,
    message: &Message,
    deadline: Duration,
) -> Result<(), String> {
    let sending = async {
        match way {
            NotifyWay::Exec { program, arguments } => execute(program, arguments, message).await,
            NotifyWay::Url(url) => post(url, token, secrets, message, deadline).await,
        }
    };
    tokio::time::timeout(deadline, sending)
        .await
        .unwrap_or_else(|_| Err(format!("it did not end within {} s", deadline.as_secs_f32())))
}

async fn execute(program: &Path, arguments: &[String], message: &Message) -> Result<(), String> {
    let shown = program.display();
    let mut command = Command::new(program);
    command
        .args(arguments)
        .env_clear()
        .envs(
            INHERITED
                .iter()
                .filter_map(|name| Some((name, std::env::var_os(name)?))),
        )
        .envs(message.variables())
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        // Whoever drops this, because time is up or the daemon ends, ends the program.
        .kill_on_drop(true);
    let mut child = command
        .spawn()
        .map_err(|error| format!("{shown} can't be run: {error}"))?;
    let (input, errors) = (child.stdin.take(), child.stderr.take());
    let payload = message.json();
    let (given, said) = tokio::join!(give(input, &payload), complaints(errors));
    let status = child.wait().await.map_err(|error| format!("{shown}: {error}"))?;
    if status.success() {
        // A program that does not read what it is given has its reasons: it has said that all is well.
        return Ok(());
    }
    let said = given.err().filter(|_| said.is_empty()).unwrap_or(said);
    Err(format!("{shown} ended with {status}: {}", shortened(&said)))
}

async fn give(input: Option<ChildStdin>, payload: &[u8]) -> Result<(), String> {
    let Some(mut input) = input else {
        return Ok(());
    };
    input.write_all(payload).await.map_err(|error| error.to_string())?;
    input.shutdown().await.map_err(|error| error.to_string())
}

async fn complaints(errors: Option<ChildStderr>) -> String {
    let Some(mut errors) = errors else {
        return String::new();
    };
    let (mut kept, mut part) = (Vec::new(), [0_u8; 1_024]);
    // Read to the end, so that a program which says much is not kept waiting; only the beginning is kept.
    while let Ok(count @ 1..) = errors.read(&mut part).await {
        let room = MOST_ANSWER.saturating_sub(kept.len()).min(count);
        kept.extend_from_slice(part.get(..room).unwrap_or_default());
    }
    String::from_utf8_lossy(&kept).into_owned()
}

async fn post(
    url: &NotifyUrl,
    token: Option<&SecretReference>,
    secrets: &dyn SecretResolver,
    message: &Message,
    deadline: Duration,
) -> Result<(), String> {
    let url = address(url, secrets)?;
    let settings = HttpSettings {
        deadline,
        most_body: MOST_ANSWER,
        ..HttpSettings::new(url.clone())
    };
    // A client of its own each time: messages are few, and secrets and addresses may have changed.
    let host = url.host_str().unwrap_or_default().to_owned();
    let told = |error: omnistock_sdk::ConnectorError| format!("{host}: {}", shortened(&error.message));
    let http = Http::new(settings).map_err(told)?;
    let mut request = http.elsewhere(Method::POST, &url).map_err(told)?;
    if let Some(token) = token {
        request = request.bearer_auth(secrets.resolve(token)?.expose_secret());
    }
    let request = request
        .header("content-type", "application/json")
        .header("idempotency-key", message.id.clone() + "/" + message.state.word())
        .body(message.json());
    http.send(request).await.map(drop).map_err(told)
}

fn address(url: &NotifyUrl, secrets: &dyn SecretResolver) -> Result<Url, String> {
    match url {
        NotifyUrl::Plain(url) => Ok(url.clone()),
        NotifyUrl::Secret(reference) => {
            let secret = secrets.resolve(reference)?;
            notify_address(secret.expose_secret())
                .ok_or_else(|| "the secret of `url` holds no address like https://alerts.example.com/hook".to_owned())
        }
    }
}

fn shortened(text: &str) -> String {
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if words.is_empty() {
        return "it said nothing".to_owned();
    }
    words.chars().filter(|c| !c.is_control()).take(MOST_SHOWN).collect()
}
