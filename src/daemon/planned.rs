//! Plans and reloads as they are asked for: the file is read and judged at once, its numbers are counted by a job
//! beside all other work, and what comes of it is kept or brought into force in one piece that nothing interrupts.

use super::access;
use super::plan::{self, Plan};
use super::planning::{Asked, Job};
use super::reload::{hash, restart, still_the_same};
use super::steering_view::not_made;
use super::term::Life;
use super::view::DaemonView;
use crate::config::{Configuration, load_and_build, process_environment, render};
use crate::history::{Person, decided_by_person, settings_name};
use crate::secrets::EnvironmentSecrets;
use crate::server::{ApiError, PlanBody, PlanChannel, PlanJob, PlanView, PlanWhat, ReloadBody, Token, caller};
use crate::store::{CommitBatch, Lease};
use omnistock_sdk::{SecretResolver, now};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// What is done by then is the answer to the request that asked for it.
const SOON: Duration = Duration::from_millis(500);
/// Between two looks whether this daemon still leads.
const LOOK: Duration = Duration::from_millis(200);

/// What a job needs to know.
pub(super) struct Work {
    new: Configuration,
    tokens: Vec<Token>,
    hash: String,
    restart: Vec<String>,
    /// To be brought into force, and not only looked at.
    taken: Option<Taken>,
}

/// A reload.
struct Taken {
    asked: ReloadBody,
    by: String,
    /// The counts of the plan that is taken.
    expected: Option<Vec<PlanChannel>>,
}

impl DaemonView {
    fn file(&self) -> PathBuf {
        let files = &self.house.current.load().files;
        files.first().cloned().unwrap_or_default()
    }

    /// Reads a configuration as a start would, with the tokens of its callers.
    async fn read(&self, file: PathBuf) -> Result<Work, ApiError> {
        let read = tokio::task::spawn_blocking(move || {
            let environment = process_environment();
            let folder = file.parent().unwrap_or_else(|| Path::new(""));
            let secrets: Arc<dyn SecretResolver> = Arc::new(EnvironmentSecrets::new(environment.clone(), folder));
            let (configuration, _) = load_and_build(&file, &environment, &secrets)
                .map_err(|problems| render(&problems).trim_end().to_owned())?;
            let tokens = access::tokens(&configuration.server, secrets.as_ref()).map_err(|error| error.to_string())?;
            Ok((configuration, tokens))
        });
        let read = read
            .await
            .map_err(|stopped| ApiError::unavailable(format!("reading stopped: {stopped}")))?;
        let (new, tokens) =
            read.map_err(|problems: String| ApiError::bad_request(problems).help("nothing was changed"))?;
        Ok(Work {
            hash: hash(&new.settings),
            restart: restart(&self.house.current.load(), &new),
            new,
            tokens,
            taken: None,
        })
    }

    /// What a configuration would change; stored under its name once it is counted.
    pub(super) async fn plan_file(&self, asked: PlanBody) -> Result<PlanJob, ApiError> {
        self.lease()?;
        let file = asked.file.map_or_else(|| self.file(), PathBuf::from);
        let turn = self.turns.mine().await?;
        let work = self.read(file).await?;
        drop(turn);
        let job = self.planning.ask(Asked {
            what: PlanWhat::Plan,
            name: format!("plan {} {:?}", work.hash, work.restart),
            by: caller(),
            work,
        })?;
        self.planning.wait(&job, &caller(), SOON).await
    }

    /// Brings the configuration of the daemon's file into force, or says why not.
    pub(super) async fn reload_file(&self, asked: ReloadBody) -> Result<PlanJob, ApiError> {
        let job = self.begin_reload(asked).await?;
        self.planning.wait(&job, &caller(), SOON).await
    }

    /// Reads the file and has it counted.
    pub(super) async fn begin_reload(&self, asked: ReloadBody) -> Result<Arc<Job<Work>>, ApiError> {
        self.lease()?;
        let mut work = self.read(self.file()).await?;
        if !work.restart.is_empty() {
            let error = format!("{} changed, which needs a restart", work.restart.join(", "));
            return Err(
                ApiError::conflict(error).help("nothing was changed: `systemctl restart omnistock`, or take that out")
            );
        }
        let expected = match &asked.expect_plan {
            Some(expected) => Some(self.expected_plan(expected, &work.hash, &asked.reason).await?),
            None => None,
        };
        let (by, name) = (caller(), format!("reload {} {asked:?}", work.hash));
        work.taken = Some(Taken {
            by: by.clone(),
            asked,
            expected,
        });
        self.planning.ask(Asked {
            what: PlanWhat::Reload,
            name,
            by,
            work,
        })
    }

    /// How a job stands.
    pub(super) fn planned_job(&self, id: &str) -> Result<PlanJob, ApiError> {
        self.planning.find(id)?.answer()
    }

    /// Who asked for a job waits no longer.
    pub(super) fn leave_job(&self, id: &str) -> Result<PlanJob, ApiError> {
        let job = self.planning.find(id)?;
        self.planning.leave(&job, &caller());
        Ok(job.view())
    }

    async fn count(&self, job: &Job<Work>, work: &Work) -> Result<(Plan, Lease), ApiError> {
        let lease = self.lease()?;
        let laid = self.house.steer.laid(&self.house, &work.new.settings);
        let asked = plan::Asked {
            hash: &work.hash,
            new: &laid,
            stopped: work.taken.as_ref().is_some_and(|taken| taken.expected.is_some()),
        };
        let mut plan = self.plan_settings(asked, &job.progress).await?;
        plan.view.restart.clone_from(&work.restart);
        Ok((plan, lease))
    }

    /// Keeps the plan, or brings it into force if it may be.
    async fn close(&self, work: &Work, plan: Plan, lease: Lease) -> Result<PlanView, ApiError> {
        let Some(taken) = &work.taken else {
            self.keep_plan(&lease, &plan.view).await?;
            return Ok(plan.view);
        };
        match &taken.expected {
            Some(stored) => still_the_same(stored, &plan.view)?,
            None if !plan.view.refused.is_empty() => {
                let (first, hash) = (plan.view.refused.join("; "), &plan.view.hash);
                self.keep_plan(&lease, &plan.view).await?;
                let error = ApiError::conflict(format!("!! {first}: nothing was changed"));
                return Err(error.help(format!(
                    "look at `omnistock plan`; to take it: omnistock reload --expect-plan {hash} --reason TEXT"
                )));
            }
            None => {}
        }
        self.bring_into_force(&lease, work, plan, taken).await
    }

    async fn bring_into_force(
        &self,
        lease: &Lease,
        Work { new, tokens, .. }: &Work,
        mut plan: Plan,
        taken: &Taken,
    ) -> Result<PlanView, ApiError> {
        let reason = &taken.asked.reason;
        let before = settings_name(&self.house.current.load().settings);
        let (after, hash) = (settings_name(&new.settings), &plan.view.hash);
        let person = Person {
            who: taken.by.clone(),
            before: Some(format!("settings {before}")),
            what: "configuration".to_owned(),
            decided: format!("settings {after}, reloaded as planned in {hash}"),
            reason: reason.clone(),
        };
        let batch = CommitBatch {
            history: decided_by_person(person, &[], now()),
            ..CommitBatch::default()
        };
        let written = self.house.store.commit(lease, &batch).await;
        written.map_err(|error| not_made(&error))?;
        // Before the settings are others: what they bring to zero is let out as they come.
        for (channel, stopped) in std::mem::take(&mut plan.stopped) {
            if let Some(channel) = self.house.channels.get(&channel) {
                channel.board.approve(stopped);
            }
        }
        self.access.replace(tokens.clone());
        self.house.current.store(Arc::new(new.clone()));
        self.house.steer.replace(&self.house, Arc::clone(&new.settings));
        tracing::warn!(reason, "the configuration is reloaded as planned in {hash}");
        plan.view.applied = true;
        Ok(plan.view)
    }
}

/// Carries out what is asked for, one after the other, until `cancel`.
pub(super) async fn keep(view: Arc<DaemonView>, cancel: CancellationToken) {
    loop {
        let (job, work) = tokio::select! {
            () = cancel.cancelled() => return,
            next = view.planning.next() => next,
        };
        let life = view.life.load_full();
        let over = async {
            tokio::select! {
                () = cancel.cancelled() => job.stopping(),
                () = ended(&view, &life) => job.lost(),
            }
        };
        let count = Box::pin(view.count(&job, &work));
        let close = |(plan, lease)| Box::pin(view.close(&work, plan, lease));
        view.planning.carry_out(&job, count, over, close).await;
    }
}

/// Returns once the term is another one.
async fn ended(view: &DaemonView, life: &Arc<Life>) {
    while Arc::ptr_eq(life, &view.life.load()) {
        tokio::time::sleep(LOOK).await;
    }
}
