//! The judge beside the store: Redis tells every command it runs, so that it can be seen which commits
//! were applied, and under which token. Knows nothing of what the daemons think.

use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::sync::{Arc, Mutex};

/// What was seen so far.
#[derive(Debug, Default, Clone)]
pub(crate) struct Seen {
    /// Commits that changed something, and those that were refused.
    pub(crate) applied: u64,
    pub(crate) refused: u64,
    /// Commits applied under another token than the one in force; must stay empty.
    pub(crate) stale: Vec<String>,
    /// Leases given.
    pub(crate) leases: u64,
}

#[derive(Default)]
struct Judge {
    /// Owner and token in force.
    lease: Option<(String, String)>,
    /// The commit whose commands come now: owner, token, and whether it changed something.
    commit: Option<(String, String, bool)>,
    seen: Seen,
}

/// A running judge.
pub(crate) struct Monitor {
    seen: Arc<Mutex<Seen>>,
    socket: TcpStream,
}

/// The arguments of a line such as `1339518083.1 [0 lua] "HSET" "key"`; whether a script ran it.
fn parse(line: &str) -> Option<(bool, Vec<String>)> {
    let (head, rest) = line.split_once("] ")?;
    let (mut arguments, mut current, mut inside, mut escaped) = (Vec::new(), String::new(), false, false);
    for character in rest.chars() {
        match character {
            _ if escaped => {
                current.push(character);
                escaped = false;
            }
            '\\' => escaped = true,
            '"' if inside => {
                arguments.push(std::mem::take(&mut current));
                inside = false;
            }
            '"' => inside = true,
            _ if inside => current.push(character),
            _ => {}
        }
    }
    Some((head.ends_with(" lua"), arguments))
}

impl Judge {
    fn line(&mut self, line: &str) {
        let Some((script, arguments)) = parse(line) else { return };
        let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
        if !script {
            self.end_commit();
            if let [command, _, count, rest @ ..] = words.as_slice()
                && command.to_ascii_uppercase().starts_with("EVAL")
                && let Ok(count) = count.parse::<usize>()
                && rest.len() > count + 1
                && rest[0].ends_with(":lease")
                && rest.get(1).is_some_and(|key| key.ends_with(":cursor"))
            {
                self.commit = Some((rest[count].to_owned(), rest[count + 1].to_owned(), false));
            }
            return;
        }
        match words.as_slice() {
            ["HSET", key, "owner", owner, "token", token, ..] if key.ends_with(":lease") => {
                let lease = Some(((*owner).to_owned(), (*token).to_owned()));
                self.seen.leases += u64::from(self.lease != lease);
                self.lease = lease;
            }
            ["HDEL", key, "owner", ..] if key.ends_with(":lease") => self.lease = None,
            ["HSET", key, "commits", ..] if key.ends_with(":lease") => {
                if let Some(commit) = &mut self.commit {
                    commit.2 = true;
                }
            }
            _ => {}
        }
    }

    fn end_commit(&mut self) {
        let Some((owner, token, changed)) = self.commit.take() else {
            return;
        };
        if !changed {
            self.seen.refused += 1;
            return;
        }
        self.seen.applied += 1;
        let lease = Some((owner, token));
        if self.lease != lease {
            self.seen
                .stale
                .push(format!("applied under {lease:?}, in force {:?}", self.lease));
        }
    }
}

impl Monitor {
    /// Watches a Redis on this port, from before the first daemon starts.
    pub(crate) fn start(port: u16) -> Self {
        let mut socket = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
        socket.write_all(b"MONITOR\r\n").unwrap();
        let seen = Arc::new(Mutex::new(Seen::default()));
        let (reader, told) = (BufReader::new(socket.try_clone().unwrap()), Arc::clone(&seen));
        std::thread::spawn(move || {
            let mut judge = Judge::default();
            for line in reader.split(b'\n').map_while(Result::ok) {
                judge.line(&String::from_utf8_lossy(&line));
                *told.lock().unwrap() = judge.seen.clone();
            }
        });
        Self { seen, socket }
    }

    pub(crate) fn seen(&self) -> Seen {
        self.seen.lock().unwrap().clone()
    }
}

impl Drop for Monitor {
    fn drop(&mut self) {
        drop(self.socket.shutdown(std::net::Shutdown::Both));
    }
}

/// The judge itself is judged: it has to tell a stale commit from a good one.
#[test]
fn the_judge_tells_a_stale_commit() {
    let mut judge = Judge::default();
    let commit = |owner, token| {
        format!(r#"1.0 [0 127.0.0.1:1] "EVALSHA" "x" "2" "{{o}}:lease" "{{o}}:cursor" "{owner}" "{token}" "7""#)
    };
    for line in [
        r#"1.0 [0 lua] "HSET" "{o}:lease" "owner" "a" "token" "1" "until" "9""#.to_owned(),
        commit("a", 1),
        r#"1.0 [0 lua] "HSET" "{o}:lease" "commits" "4""#.to_owned(),
        r#"1.0 [0 127.0.0.1:2] "EVALSHA" "y" "1" "{o}:lease" "b""#.to_owned(),
        r#"1.0 [0 lua] "HSET" "{o}:lease" "owner" "b \"x\"" "token" "2" "until" "9""#.to_owned(),
        commit("a", 1),
        r#"1.0 [0 127.0.0.1:1] "GET" "y""#.to_owned(),
        commit("a", 1),
        r#"1.0 [0 lua] "HSET" "{o}:lease" "commits" "4""#.to_owned(),
        r#"1.0 [0 127.0.0.1:1] "GET" "y""#.to_owned(),
    ] {
        judge.line(&line);
    }
    assert_eq!((judge.seen.leases, judge.seen.refused), (2, 1));
    assert_eq!(judge.seen.stale.len(), 1, "{:?}", judge.seen);
}
