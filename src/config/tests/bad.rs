//! Bad configurations and exactly what is said of them: `bad.txt` holds both, one case after the other.
//!
//! A case is `### title`, the files (`@ name` begins another one), variables (`$ NAME=value`), a line `---`, and
//! what `check` prints.

use super::World;
use crate::config::render;
use crate::registry::CONNECTORS;

struct Case {
    title: String,
    world: World,
    expected: String,
}

fn case(text: &str) -> Case {
    let (title, rest) = text.split_once('\n').unwrap();
    let (input, expected) = rest.split_once("\n---\n").unwrap_or((rest, ""));
    let mut world = World::default();
    let (mut name, mut lines) = ("omnistock.toml".to_owned(), String::new());
    for line in input.lines() {
        if let Some(other) = line.strip_prefix("@ ") {
            world = world.file(&name, &std::mem::take(&mut lines));
            other.clone_into(&mut name);
        } else if let Some((variable, value)) = line.strip_prefix("$ ").and_then(|line| line.split_once('=')) {
            world = world.variable(variable, value);
        } else {
            lines.push_str(line);
            lines.push('\n');
        }
    }
    Case {
        title: title.to_owned(),
        world: world.file(&name, &lines),
        expected: expected.trim_end().to_owned() + "\n",
    }
}

fn cases() -> Vec<Case> {
    include_str!("bad.txt").split("### ").skip(1).map(case).collect()
}

#[test]
fn each_bad_configuration_is_told_with_place_and_cure() {
    // So that a new kind of connector changes no case.
    let kinds: Vec<&str> = CONNECTORS.iter().map(|spec| spec.kind).collect();
    let quoted: Vec<String> = kinds.iter().map(|kind| format!("`{kind}`")).collect();
    let told = |case: Case| {
        let said = render(&case.world.problems())
            .replace(&quoted.join(", "), "`KINDS`")
            .replace(&kinds.join(", "), "KINDS");
        (said != case.expected).then(|| format!("### {}\n{said}", case.title))
    };
    let wrong: Vec<String> = cases().into_iter().filter_map(told).collect();
    assert!(wrong.is_empty(), "said otherwise:\n{}", wrong.join("\n"));
}

#[test]
fn there_are_many_cases_and_none_loads_in_silence() {
    let cases = cases();
    assert!(cases.len() >= 40, "{}", cases.len());
    for case in cases {
        assert!(!case.world.problems().is_empty(), "{}", case.title);
    }
}
