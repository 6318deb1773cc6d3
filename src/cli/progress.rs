//! How far long work is, in one line on a terminal, gone when the work is done. Where a program reads standard output
//! or standard error, and with `--json`, nothing at all.

use super::output::Output;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::future::Future;
use std::io::IsTerminal;
use std::time::Duration;

/// Work that is done sooner shows nothing: a line that flashes up tells nobody anything.
const SOON: Duration = Duration::from_millis(300);
/// How often the line is drawn anew while nothing is reported.
const TICK: Duration = Duration::from_millis(200);

/// A line that says how far it is; it is wiped off when this is dropped.
#[derive(Debug)]
pub(super) struct Progress(ProgressBar);

impl Progress {
    /// For work that `what` names; `total` where it is known how much it is.
    pub(super) fn new(output: &Output, what: &str, total: Option<u64>) -> Self {
        let watched = !output.json && std::io::stdout().is_terminal() && std::io::stderr().is_terminal();
        let target = if watched {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        let progress = Self::on(target, what, total);
        if watched {
            // A thread of its own, which ends with the line.
            progress.0.enable_steady_tick(TICK);
        }
        progress
    }

    fn on(target: ProgressDrawTarget, what: &str, total: Option<u64>) -> Self {
        let bar = ProgressBar::with_draw_target(total, target);
        let form = match total {
            Some(_) => "{msg} [{bar:30}] {human_pos} of {human_len}, {elapsed}",
            None => "{spinner} {msg}, {elapsed}",
        };
        // A form that can't be read leaves the one that is built in.
        if let Ok(style) = ProgressStyle::with_template(form) {
            bar.set_style(style.progress_chars("=> ").tick_chars("|/-\\ "));
        }
        bar.set_message(what.to_owned());
        Self(bar)
    }

    /// So much is done.
    pub(super) fn at(&self, done: u64) {
        self.0.set_position(done);
    }

    /// One more is done.
    pub(super) fn one_more(&self) {
        self.0.inc(1);
    }

    /// What is being done, said anew.
    pub(super) fn say(&self, what: String) {
        self.0.set_message(what);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

/// Does the work, and says that it is done meanwhile where it takes long.
pub(super) async fn during<W: Future>(output: &Output, what: &str, work: W) -> W::Output {
    let mut work = Box::pin(work);
    tokio::select! {
        done = &mut work => return done,
        () = tokio::time::sleep(SOON) => {}
    }
    let _line = Progress::new(output, what, None);
    work.await
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Result;
    use std::sync::{Arc, Mutex};

    /// A terminal that remembers what was written on it.
    #[derive(Debug, Clone, Default)]
    struct Paper(Arc<Mutex<String>>);

    impl Paper {
        fn add(&self, text: &str) {
            self.0.lock().unwrap().push_str(text);
        }

        fn target(&self) -> ProgressDrawTarget {
            ProgressDrawTarget::term_like(Box::new(self.clone()))
        }

        fn text(&self) -> String {
            self.0.lock().unwrap().clone()
        }
    }

    impl indicatif::TermLike for Paper {
        fn width(&self) -> u16 {
            80
        }

        fn move_cursor_up(&self, _: usize) -> Result<()> {
            Ok(())
        }

        fn move_cursor_down(&self, _: usize) -> Result<()> {
            Ok(())
        }

        fn move_cursor_right(&self, _: usize) -> Result<()> {
            Ok(())
        }

        fn move_cursor_left(&self, _: usize) -> Result<()> {
            Ok(())
        }

        fn write_line(&self, text: &str) -> Result<()> {
            self.add(&format!("{text}\n"));
            Ok(())
        }

        fn write_str(&self, text: &str) -> Result<()> {
            self.add(text);
            Ok(())
        }

        fn clear_line(&self) -> Result<()> {
            self.add("<wiped>");
            Ok(())
        }

        fn flush(&self) -> Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_bar_says_how_far_it_is_and_is_wiped_off_at_the_end() {
        let paper = Paper::default();
        let bar = Progress::on(paper.target(), "reading shop", Some(38_460));
        bar.at(19_230);
        bar.0.force_draw();
        let half = paper.text();
        assert!(half.contains("reading shop [===============>"), "{half}");
        assert!(half.contains("19,230 of 38,460"), "{half}");
        let longest = half
            .lines()
            .flat_map(|line| line.split("<wiped>"))
            .map(|part| part.trim_end().chars().count());
        assert!(longest.max().unwrap() <= 80, "{half}");
        drop(bar);
        assert!(paper.text().ends_with("<wiped>"), "{}", paper.text());
    }

    #[test]
    fn work_of_unknown_length_is_named() {
        let paper = Paper::default();
        let line = Progress::on(paper.target(), "asking", None);
        line.say("100 rows".to_owned());
        line.one_more();
        line.0.force_draw();
        assert!(paper.text().contains(" 100 rows, 0s"), "{}", paper.text());
    }

    #[tokio::test(start_paused = true)]
    async fn work_is_done_whether_or_not_it_takes_long() {
        let output = Output::of_process(true);
        for wait in [Duration::ZERO, SOON * 10] {
            let work = async {
                tokio::time::sleep(wait).await;
                7
            };
            assert_eq!(during(&output, "counting", work).await, 7);
        }
    }
}
