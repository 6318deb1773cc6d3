//! Servers that let somebody in by a password. No account of this machine has one that a test could know, so these are
//! made of the library's own server, with the system's file service behind it.

use super::sshd::{make_key, served_folder};
use super::*;
use russh::keys::PrivateKey;
use russh::server::{self, Auth, ChannelOpenHandle, Msg, Response, Session};
use russh::{Channel, ChannelId, MethodKind, MethodSet};
use std::borrow::Cow;
use std::process::Stdio;
use tokio::task::JoinSet;

/// How a server asks for the password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asks {
    Outright,
    ByQuestion,
    /// And has no file service.
    ForNothing,
}

struct Gate {
    asks: Asks,
    channel: Option<Channel<Msg>>,
    pumps: JoinSet<()>,
}

fn judge(right: bool) -> Auth {
    if right { Auth::Accept } else { Auth::reject() }
}

impl server::Handler for Gate {
    type Error = russh::Error;

    async fn auth_password(&mut self, user: &str, password: &str) -> Result<Auth, russh::Error> {
        Ok(judge(
            self.asks != Asks::ByQuestion && (user, password) == ("erp", "open sesame"),
        ))
    }

    async fn auth_keyboard_interactive<'a>(
        &'a mut self,
        user: &str,
        _: &str,
        response: Option<Response<'a>>,
    ) -> Result<Auth, russh::Error> {
        let Some(response) = response else {
            return Ok(Auth::Partial {
                name: Cow::Borrowed(""),
                instructions: Cow::Borrowed(""),
                prompts: Cow::Borrowed(&[
                    (Cow::Borrowed("Password: "), false),
                    (Cow::Borrowed("Your mood: "), true),
                ]),
            });
        };
        let answers: Vec<Vec<u8>> = response.map(|answer| answer.to_vec()).collect();
        Ok(judge(user == "erp" && answers == [b"open sesame".to_vec(), Vec::new()]))
    }

    async fn channel_open_session(
        &mut self,
        channel: Channel<Msg>,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), russh::Error> {
        self.channel = Some(channel);
        reply.accept().await;
        Ok(())
    }

    async fn subsystem_request(
        &mut self,
        id: ChannelId,
        name: &str,
        session: &mut Session,
    ) -> Result<(), russh::Error> {
        if self.asks == Asks::ForNothing || name != "sftp" {
            return session.channel_failure(id);
        }
        session.channel_success(id)?;
        let mut channel = self.channel.take().unwrap().into_stream();
        self.pumps.spawn(async move {
            let mut service = tokio::process::Command::new("/usr/lib/openssh/sftp-server")
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .kill_on_drop(true)
                .spawn()
                .unwrap();
            let mut service = tokio::io::join(service.stdout.take().unwrap(), service.stdin.take().unwrap());
            drop(tokio::io::copy_bidirectional(&mut channel, &mut service).await);
        });
        Ok(())
    }
}

/// Secrets are the names under which they are.
struct Names;

impl SecretResolver for Names {
    fn resolve(&self, reference: &SecretReference) -> Result<SecretString, String> {
        match reference {
            SecretReference::Env(name) => Ok(SecretString::from(name.clone())),
            _ => Err("none here".into()),
        }
    }
}

/// A connector that asks such a server, in a thread that ends with the test's process.
fn rig(asks: Asks, changes: Value) -> Rig {
    let folder = served_folder();
    let path = folder.path().join(".host");
    make_key(folder.path(), ".host", "");
    let key = PrivateKey::read_openssh_file(&path).unwrap();
    let print = key.public_key().fingerprint(russh::keys::HashAlg::Sha256).to_string();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let config = Arc::new(server::Config {
        keys: vec![key],
        methods: MethodSet::from(&[MethodKind::Password, MethodKind::KeyboardInteractive][..]),
        auth_rejection_time: Duration::from_millis(10),
        ..server::Config::default()
    });
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            listener.set_nonblocking(true).unwrap();
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            let mut sessions = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let gate = Gate {
                    asks,
                    channel: None,
                    pumps: JoinSet::new(),
                };
                let config = Arc::clone(&config);
                sessions.spawn(async move {
                    if let Ok(session) = server::run_stream(config, stream, gate).await {
                        drop(session.await);
                    }
                });
            }
        });
    });
    let url = format!("sftp://127.0.0.1:{port}{}/stock-*.csv", folder.path().display());
    let mut table = german(
        json!({ "path": null, "url": url, "user": "erp", "host_key": print, "settle": "1s",
        "password": { "env": "open sesame" } }),
    );
    lay_over(&mut table, changes);
    let mut context = context(folder.path());
    context.secrets = Arc::new(Names);
    let connector = (SPEC.build)(context, table).unwrap_or_else(|problems| panic!("{problems:?}"));
    Rig { folder, connector }
}

#[tokio::test]
async fn a_password_is_given_outright_or_as_an_answer() {
    for asks in [Asks::Outright, Asks::ByQuestion] {
        let rig = rig(asks, json!({}));
        rig.deliver("stock-1.csv", GOOD, 0);
        let (ticket, report) = rig.next().await;
        assert_eq!(title(&report), "stock-1.csv", "{asks:?}");
        rig.acknowledge(&ticket, Verdict::Accepted).await.unwrap();
        assert_eq!(rig.names("done"), ["stock-1.csv"]);
    }
}

#[tokio::test]
async fn a_wrong_password_and_a_server_without_files_are_told() {
    for asks in [Asks::Outright, Asks::ByQuestion] {
        let error = rig(asks, json!({ "password": { "env": "marker" } }))
            .poll()
            .await
            .unwrap_err();
        assert_eq!(error.class, ErrorClass::Operator, "{error}");
        assert!(
            error.message.contains("refuses erp with the password") && !error.message.contains("marker"),
            "{error}"
        );
    }
    let error = rig(Asks::ForNothing, json!({})).poll().await.unwrap_err();
    assert!(
        error.class == ErrorClass::Operator && error.message.contains("lets erp in, but offers no SFTP"),
        "{error}"
    );
}
