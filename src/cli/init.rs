//! `omnistock init`: a first configuration, made from a stock file where one is given. Needs no daemon.
//!
//! What the file leaves open is asked on a terminal; elsewhere the choice that promises less is taken, and the other
//! ones are left as comments. Nothing that exists is overwritten.

mod sample;
mod shown;
mod written;

use super::{Context, Failure};
use omnistock_file::propose::{Answers, Doubt};
use sample::Sample;
use std::io::{BufRead, IsTerminal, Write};
use std::path::{Path, PathBuf};

/// Without a sample: what the package installs.
const EMPTY: &str = include_str!("../../packaging/omnistock.toml");
/// Wrong answers to one question after which the first choice is taken.
const MOST_TRIES: usize = 3;

/// Write a first configuration.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example: omnistock init --file /srv/erp/stock-2026-11-22.csv -c omnistock.toml\n\
    The file named by -c is written; one that exists is never overwritten."
)]
pub(super) struct Init {
    /// A stock file as the ERP writes it: it is read, and what it holds is proposed.
    #[arg(long, value_name = "SAMPLE")]
    file: Option<PathBuf>,
}

impl Init {
    pub(super) fn run(self, context: &Context) -> Result<(), Failure> {
        let target = &context.config;
        if target.exists() {
            return Err(Failure::no(format!(
                "{} is there already and is not overwritten: name another file with -c",
                target.display()
            )));
        }
        let Some(file) = self.file else {
            write(target, EMPTY)?;
            return context.output.show(&shown::Facts::empty(target), shown::render);
        };
        let terminal = std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
        let asks = terminal && !context.output.json;
        let mut answers = Answers::new();
        let sample = Sample::of(&file)?;
        let mut proposed = sample.proposed(&answers)?;
        while let Some(doubt) = proposed.open(&answers).filter(|_| asks) {
            let answer = ask(&doubt, &mut std::io::stdin().lock(), &mut std::io::stderr().lock())?;
            answers.insert(doubt.key, answer);
            proposed = sample.proposed(&answers)?;
        }
        let mut read = sample.read(&proposed)?;
        if !read.unknown_locations.is_empty() {
            proposed.add_places(read.unknown_locations.keys());
            read = sample.read(&proposed)?;
        }
        let facts = shown::Facts::of(target, &sample, &proposed, &read, &answers);
        write(target, &written::configuration(&sample, &proposed, &answers))?;
        context.output.show(&facts, shown::render)
    }
}

/// Writes a new file. One that appeared meanwhile is not overwritten either.
fn write(target: &Path, text: &str) -> Result<(), Failure> {
    let failed = |cause: std::io::Error| {
        Failure::usage(format!(
            "{} can't be written: {cause}; name another file with -c",
            target.display()
        ))
    };
    let mut file = std::fs::File::create_new(target).map_err(failed)?;
    file.write_all(text.as_bytes())
        .and_then(|()| file.sync_all())
        .map_err(failed)
}

/// Asks a person. An empty answer is the first choice.
fn ask(doubt: &Doubt, from: &mut dyn BufRead, to: &mut dyn Write) -> Result<String, Failure> {
    let failed = |cause: std::io::Error| Failure::no(format!("can't ask: {cause}"));
    writeln!(to, "{}", doubt.question).map_err(failed)?;
    for (index, (value, meaning)) in doubt.choices.iter().enumerate() {
        writeln!(to, "  {}  {value}  ({meaning})", index + 1).map_err(failed)?;
    }
    for _ in 0..MOST_TRIES {
        write!(to, "1 to {} [1]: ", doubt.choices.len())
            .and_then(|()| to.flush())
            .map_err(failed)?;
        let mut line = String::new();
        from.read_line(&mut line).map_err(failed)?;
        let line = line.trim();
        let number = if line.is_empty() {
            Some(1)
        } else {
            line.parse::<usize>().ok()
        };
        let chosen = number.and_then(|number| doubt.choices.get(number.checked_sub(1)?));
        let named = || doubt.choices.iter().find(|(value, _)| value == line);
        if let Some((value, _)) = chosen.or_else(named) {
            return Ok(value.clone());
        }
    }
    let first = doubt.choices.first().map(|(value, _)| value.clone());
    first.ok_or_else(|| Failure::no(format!("nothing in the file fits {}", doubt.key)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn doubt() -> Doubt {
        let choice = |value: &str| (value.to_owned(), "it".to_owned());
        Doubt {
            key: "columns.quantity".to_owned(),
            question: "Which?".to_owned(),
            choices: vec![choice("Bestand"), choice("Frei")],
        }
    }

    fn answer(typed: &str) -> (String, String) {
        let mut said = Vec::new();
        let answer = ask(&doubt(), &mut typed.as_bytes(), &mut said).unwrap();
        (answer, String::from_utf8(said).unwrap())
    }

    #[test]
    fn a_person_answers_by_number_or_name_and_nothing_is_the_first() {
        assert_eq!(answer("2\n").0, "Frei");
        assert_eq!(answer("Frei\n").0, "Frei");
        assert_eq!(answer("\n").0, "Bestand");
        assert_eq!(answer("").0, "Bestand", "nobody is there any more");
        let (last, said) = answer("9\nx\n0\n2\n");
        assert_eq!(last, "Bestand", "after three wrong answers");
        assert!(
            said.starts_with("Which?\n  1  Bestand  (it)\n  2  Frei  (it)\n1 to 2 [1]: "),
            "{said}"
        );
    }

    #[test]
    fn what_is_written_without_a_sample_is_a_configuration() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("omnistock.toml");
        write(&target, EMPTY).unwrap();
        let loaded = crate::config::load(&target, &std::collections::BTreeMap::new());
        assert!(loaded.is_ok_and(|configuration| configuration.warnings.is_empty()));
        assert!(write(&target, "x").is_err(), "it is not overwritten");
        assert_eq!(std::fs::read_to_string(&target).unwrap(), EMPTY);
    }
}
