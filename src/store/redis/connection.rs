//! Calls, each with a deadline; the one place that repeats any.
//!
//! No blocking command is sent on the connection that callers share. What was certainly not done
//! (the server said so) is tried again for a moment; reads also when the answer got lost. A change
//! without an answer is not repeated here, because it may have happened: callers repeat, and
//! versions and cursor tell.

use super::lane::Lane;
use super::link::Link;
use super::problem::{Next, Trouble, located, trouble};
use super::route::Route;
use super::scripts::Script;
use super::settings::RedisWait;
use crate::store::StoreError;
use redis::{Cmd, FromRedisValue, Pipeline, Value};
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::time::Instant;

/// How long a call that was certainly not done is tried again. Short, so that the reason reaches the
/// lease's keeper and the senders of webhooks, who repeat by themselves.
const PATIENCE: Duration = Duration::from_millis(500);
/// To find the primary for the first time.
const START: Duration = Duration::from_secs(8);
/// The first pause between tries; it doubles.
const FIRST_PAUSE: Duration = Duration::from_millis(20);

/// All calls of a store.
#[derive(Clone)]
pub(super) struct Connection {
    reads: Arc<Lane>,
    /// A connection of its own for changes that wait for replicas, so that they hold up nobody else.
    changes: Arc<Lane>,
    /// For what webhooks append: behind no batch of the ledger's, which may be large.
    appends: Arc<Lane>,
    wait: Option<RedisWait>,
}

/// What is asked.
#[derive(Clone, Copy)]
enum Question<'a> {
    /// Commands that change nothing and don't need each other.
    Reads(&'a [Cmd]),
    Script(&'a Script, &'a [String], &'a [Vec<u8>]),
}

/// How it is asked this time.
#[derive(Clone, Copy)]
struct Form<'a> {
    /// The script with its text: the server does not know its name.
    by_text: bool,
    /// Of a server that is taking the slot over.
    asking: bool,
    wait: Option<&'a RedisWait>,
}

impl Question<'_> {
    fn pipeline(self, form: Form<'_>) -> Pipeline {
        let mut commands = redis::pipe();
        let mut add = |command: Cmd| {
            if form.asking {
                commands.cmd("ASKING");
            }
            commands.add_command(command);
        };
        match self {
            Self::Reads(reads) => reads.iter().cloned().for_each(&mut add),
            Self::Script(script, keys, arguments) => {
                let mut command = if form.by_text {
                    script.by_text()
                } else {
                    script.by_name()
                };
                command.arg(keys.len()).arg(keys).arg(arguments);
                add(command);
            }
        }
        if let Some(wait) = form.wait {
            commands.add_command(super::wait::command(wait));
        }
        commands
    }
}

/// The answers of what was asked, without those of `ASKING`.
fn without_asking<T>(answers: Vec<T>, form: Form<'_>) -> Vec<T> {
    let waits = usize::from(form.wait.is_some());
    let last = answers.len().saturating_sub(waits);
    let keep = |(place, answer): (usize, T)| (!form.asking || place >= last || place % 2 == 1).then_some(answer);
    answers.into_iter().enumerate().filter_map(keep).collect()
}

impl Connection {
    /// Finds the primary. Once: a wrong password is not asked about twice.
    pub(super) async fn open(route: Route, wait: Option<RedisWait>, door: Option<Handle>) -> Result<Self, StoreError> {
        let route = Arc::new(route);
        let reads = Lane::new(Arc::clone(&route));
        let changes = if wait.is_some() {
            Lane::new(Arc::clone(&route))
        } else {
            Arc::clone(&reads)
        };
        let appends = door.map_or_else(|| Arc::clone(&changes), |door| Lane::on(route, Some(door)));
        let connection = Self {
            reads,
            changes,
            appends,
            wait,
        };
        let first = connection.reads.first(Instant::now() + START).await;
        first.map_err(|error| match error {
            StoreError::Unavailable(text) => {
                let keys = if connection.reads.route.is_one() {
                    "`url`"
                } else {
                    "the addresses"
                };
                StoreError::Unavailable(format!("{text}: start it, or correct {keys} under [store]"))
            }
            other => other,
        })?;
        Ok(connection)
    }

    /// Where the primary is, without user and password.
    pub(super) fn address(&self) -> String {
        self.reads.address()
    }

    /// What kind of place it is, behind the address.
    pub(super) fn place(&self) -> String {
        self.reads.route.title()
    }

    /// What acknowledged changes wait for.
    pub(super) fn wait(&self) -> Option<&RedisWait> {
        self.wait.as_ref()
    }

    pub(super) fn is_cluster(&self) -> bool {
        self.reads.route.is_cluster()
    }

    /// One command that changes nothing; `None`: the server does not let this user ask it (a managed
    /// service, a narrow ACL).
    pub(super) async fn allowed<T: FromRedisValue>(&self, command: Cmd) -> Result<Option<T>, StoreError> {
        match self.deliver(&self.reads, Question::Reads(&[command]), true, None).await {
            Ok(answers) => only(answers).map(Some),
            Err(trouble) if trouble.code == "ERR" || matches!(trouble.error, StoreError::Refused(_)) => Ok(None),
            Err(trouble) => Err(trouble.error),
        }
    }

    /// One command that may be repeated without harm.
    pub(super) async fn command<T: FromRedisValue>(&self, command: Cmd) -> Result<T, StoreError> {
        let answers = self.deliver(&self.reads, Question::Reads(&[command]), true, None).await;
        only(answers.map_err(|trouble| trouble.error)?)
    }

    /// Reads only: were one command of it to fail, those behind it would run all the same.
    pub(super) async fn read_together<T: FromRedisValue>(&self, reads: &[Cmd]) -> Result<Vec<T>, StoreError> {
        let answers = self.deliver(&self.reads, Question::Reads(reads), true, None).await;
        let answers = answers.map_err(|trouble| trouble.error)?;
        answers.into_iter().map(understood).collect()
    }

    /// Runs a script that does the same when it runs twice.
    pub(super) async fn run<T: FromRedisValue>(
        &self,
        script: &Script,
        keys: &[String],
        arguments: &[Vec<u8>],
    ) -> Result<T, StoreError> {
        let question = Question::Script(script, keys, arguments);
        let answers = self.deliver(&self.reads, question, true, None).await;
        only(answers.map_err(|trouble| trouble.error)?)
    }

    /// Runs a script that changes something, and waits for as many copies as configured.
    pub(super) async fn change<T: FromRedisValue>(
        &self,
        script: &Script,
        keys: &[String],
        arguments: &[Vec<u8>],
    ) -> Result<T, StoreError> {
        self.change_by(&self.changes, script, keys, arguments).await
    }

    /// As [`Self::change`], behind nothing else.
    pub(super) async fn append<T: FromRedisValue>(
        &self,
        script: &Script,
        keys: &[String],
        events: &[Vec<u8>],
    ) -> Result<T, StoreError> {
        self.change_by(&self.appends, script, keys, events).await
    }

    async fn change_by<T: FromRedisValue>(
        &self,
        lane: &Arc<Lane>,
        script: &Script,
        keys: &[String],
        arguments: &[Vec<u8>],
    ) -> Result<T, StoreError> {
        let question = Question::Script(script, keys, arguments);
        let wait = self.wait.as_ref();
        let answers = self.deliver(lane, question, false, wait).await;
        let mut answers = answers.map_err(|trouble| trouble.error)?;
        if let Some(wait) = wait {
            super::wait::check(wait, answers.pop())?;
        }
        only(answers)
    }

    /// Whether the server takes the command that changes wait with; at once, whatever replicas there are.
    pub(super) async fn try_waiting(&self) -> Result<(), StoreError> {
        let Some(wait) = self.wait else { return Ok(()) };
        let none = RedisWait {
            replicas: 0,
            within: Duration::from_millis(1),
            ..wait
        };
        let question = [super::wait::command(&none)];
        let answers = self
            .deliver(&self.changes, Question::Reads(&question), true, None)
            .await;
        match answers {
            Err(trouble) if trouble.code == "ERR" => {
                let text = match &trouble.error {
                    StoreError::Unavailable(text) | StoreError::Refused(text) => text.clone(),
                    other => other.to_string(),
                };
                Err(StoreError::Refused(format!(
                    "`wait` under [store] can't be had: {text}"
                )))
            }
            Err(trouble) => Err(trouble.error),
            Ok(_) => Ok(()),
        }
    }

    /// Asks until there is an answer, or until there is no sense in it: at most [`PATIENCE`] and the
    /// deadline of one answer.
    async fn deliver(
        &self,
        lane: &Arc<Lane>,
        question: Question<'_>,
        repeatable: bool,
        wait: Option<&RedisWait>,
    ) -> Result<Vec<Value>, Trouble> {
        let until = Instant::now() + PATIENCE;
        let mut pause = FIRST_PAUSE;
        loop {
            let link = lane.link(until).await.map_err(Trouble::of)?;
            let found = match exchange(lane, &link, question, wait).await {
                Ok(answers) => return Ok(answers),
                Err(found) => found,
            };
            let again = match &found.next {
                Next::Later => true,
                Next::Elsewhere(address) => {
                    lane.leave(&link, address.as_deref());
                    true
                }
                Next::Broken => repeatable,
                Next::Give | Next::Aside(_) | Next::Text => false,
            };
            if !again || Instant::now() + pause >= until {
                let error = located(found.error.clone(), &link.node.address());
                return Err(Trouble { error, ..found });
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
    }
}

/// Asks once, with what the answer itself makes necessary: the script's text, the other node.
async fn exchange(
    lane: &Lane,
    link: &Link,
    question: Question<'_>,
    wait: Option<&RedisWait>,
) -> Result<Vec<Value>, Trouble> {
    let form = Form {
        by_text: false,
        asking: false,
        wait,
    };
    let answers = with_text(link, question, form).await?;
    let aside = answers.iter().find_map(|answer| match answer {
        Err(Trouble {
            next: Next::Aside(address),
            ..
        }) if lane.route.is_cluster() => Some(address.clone()),
        _ => None,
    });
    let Some(address) = aside else {
        return answers.into_iter().collect();
    };
    let other = lane.aside(link, &address).await.map_err(Trouble::of)?;
    let asked = Form { asking: true, ..form };
    let Question::Reads(reads) = question else {
        return with_text(&other, question, asked).await?.into_iter().collect();
    };
    let mut all = Vec::with_capacity(reads.len());
    for (answer, read) in answers.into_iter().zip(reads) {
        all.push(match answer {
            Err(Trouble {
                next: Next::Aside(_), ..
            }) => {
                let once = with_text(&other, Question::Reads(std::slice::from_ref(read)), asked).await?;
                once.into_iter().next().unwrap_or(Ok(Value::Nil))?
            }
            answer => answer?,
        });
    }
    Ok(all)
}

/// If the server does not know the script (restarted, failed over, `SCRIPT FLUSH`), sends all of it
/// again with its text. It did not run the first time. A script is never sent together with another
/// command that changes anything.
async fn with_text(
    link: &Link,
    question: Question<'_>,
    form: Form<'_>,
) -> Result<Vec<Result<Value, Trouble>>, Trouble> {
    let answers = without_asking(link.send(&question.pipeline(form)).await?, form);
    let forgotten = |answer: &Result<Value, Trouble>| matches!(answer, Err(found) if found.next == Next::Text);
    if !answers.iter().any(forgotten) {
        return Ok(super::wait::made(form.wait, answers));
    }
    let form = Form { by_text: true, ..form };
    let answers = without_asking(link.send(&question.pipeline(form)).await?, form);
    Ok(super::wait::made(form.wait, answers))
}

fn understood<T: FromRedisValue>(answer: Value) -> Result<T, StoreError> {
    redis::from_redis_value(answer).map_err(|error| trouble(&error.into()).error)
}

fn only<T: FromRedisValue>(answers: Vec<Value>) -> Result<T, StoreError> {
    understood(answers.into_iter().next().unwrap_or(Value::Nil))
}
