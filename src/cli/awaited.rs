//! Waits for a plan or a reload of the daemon, and says on a terminal how far it is. Who waits no longer (Ctrl-C,
//! SIGTERM) says so to the daemon, which ends it where nobody else waits.

use super::client::Client;
use super::progress::Progress;
use super::{Code, Context, Failure};
use crate::server::{PlanJob, PlanView, PlanWhat};
use serde::Serialize;
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Between two looks at how far it is.
const LOOK: Duration = Duration::from_millis(200);

/// Signals that end the waiting.
struct Impatience {
    interrupt: Signal,
    terminate: Signal,
}

impl Impatience {
    fn new() -> Result<Self, Failure> {
        let of = |kind| signal(kind).map_err(|cause| Failure::usage(format!("can't wait for Ctrl-C: {cause}")));
        Ok(Self {
            interrupt: of(SignalKind::interrupt())?,
            terminate: of(SignalKind::terminate())?,
        })
    }

    async fn comes(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

/// Asks for a plan or a reload, and waits for its end.
pub(super) async fn plan(context: &Context, path: &str, body: &(impl Serialize + ?Sized)) -> Result<PlanView, Failure> {
    let (client, mut impatience) = (context.client()?, Impatience::new()?);
    let (mut enough, mut line) = (false, None);
    let mut asked = Box::pin(client.post(path, body));
    let mut job: PlanJob = loop {
        tokio::select! {
            job = &mut asked => break job?,
            // The answer comes soon, and names what is to be ended.
            () = impatience.comes() => {
                if std::mem::replace(&mut enough, true) {
                    return Err(Failure::no("left before the daemon answered: what was asked of it goes on there"));
                }
            }
        }
    };
    let own = format!("/api/v1/plan/{}", job.id);
    loop {
        if let Some(plan) = job.plan {
            return Ok(plan);
        }
        if std::mem::take(&mut enough) {
            leave(&client, &own).await?;
        }
        if line.is_none() && job.articles > 0 {
            line = Some(Progress::new(&context.output, "articles looked at", Some(job.articles)));
        }
        if let Some(line) = &line {
            line.at(job.looked);
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK) => {}
            () = impatience.comes() => enough = true,
        }
        let what = job.what;
        job = client
            .get(&own, &[])
            .await
            .map_err(|failure| out_of_sight(what, failure))?;
    }
}

/// Says that one waits no longer. Fine: it is just being done, and is worth waiting for.
async fn leave(client: &Client, own: &str) -> Result<(), Failure> {
    let job: PlanJob = client.delete(own).await?;
    let word = match job.what {
        PlanWhat::Plan => "plan",
        PlanWhat::Reload => "reload",
    };
    if job.cancelled {
        return Err(Failure::no(format!("the {word} is cancelled: nothing was changed")));
    }
    if job.running && job.waiting > 0 {
        return Err(Failure::no(format!(
            "the {word} goes on: somebody else waits for the same one"
        )));
    }
    Ok(())
}

/// A reload may be in force although nobody answers any more.
fn out_of_sight(what: PlanWhat, mut failure: Failure) -> Failure {
    if what == PlanWhat::Reload && failure.code == Code::Unreachable {
        failure.message += "; `omnistock log` says whether the configuration was brought into force";
    }
    failure
}
