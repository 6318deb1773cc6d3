//! Who may use whom: `cli, daemon → server, intake, delivery → planner, engine, store, sdk → words`.
//!
//! Reads the sources and the Cargo.toml files themselves, so that a forbidden line fails with its file and number.

#[path = "rooms/sources.rs"]
mod sources;
#[path = "rooms/table.rs"]
mod table;

use sources::{code, files, names_after, root, text};
use std::collections::BTreeSet;
use std::path::Path;
use table::{CRATES, ROOMS};

/// The one thing that the store may use of the SDK: the clocks, which are read in one place.
const CLOCKS: [&str; 2] = ["omnistock_sdk::now()", "omnistock_sdk::machine_now()"];

/// What would make a pure crate depend on where and when it runs.
const IMPURE: &[&str] = &[
    "tokio",
    "reqwest",
    "redis",
    "rusqlite",
    "axum",
    "tracing",
    "std::time",
    "std::fs",
    "std::env",
    "std::net",
    "std::thread",
    "std::process",
    "std::io",
    "rand",
    "f64",
    "f32",
    "HashMap",
    "HashSet",
];

fn fails(complaints: &[String]) {
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

/// Forbidden names of one file, each as `file:line: sentence`.
fn forbidden(file: &Path, prefix: &str, allowed: &[&str], known: &[&str], room: &str) -> Vec<String> {
    let code = code(&text(file));
    let used = names_after(&code, prefix).into_iter();
    let ours = used.filter(|(_, name)| known.contains(&name.as_str()) && name != room);
    let wrong = ours.filter(|(_, name)| !allowed.contains(&name.as_str()));
    wrong
        .map(|(line, name)| format!("{}:{line}: {room} may not use {name}", file.display()))
        .collect()
}

/// All files of a room: its folder, its file, and the file beside it.
fn room_files(room: &str) -> Vec<std::path::PathBuf> {
    let mut found = files(&format!("src/{room}"), ".rs");
    let file = Path::new("src").join(format!("{room}.rs"));
    found.extend(root().join(&file).is_file().then_some(file));
    found
}

fn modules() -> Vec<String> {
    let code = code(&text(Path::new("src/lib.rs")));
    names_after(&code, "pub mod ")
        .into_iter()
        .map(|(_, name)| name)
        .filter(|name| name != "checksum") // uses nothing, and every room may use it
        .collect()
}

#[test]
fn rooms_use_only_the_rooms_below_them() {
    let modules = modules();
    let known: Vec<&str> = modules.iter().map(String::as_str).collect();
    let mut complaints = Vec::new();
    for (room, allowed) in ROOMS {
        for file in room_files(room) {
            complaints.extend(forbidden(&file, "crate::", allowed, &known, room));
        }
    }
    for module in known
        .iter()
        .filter(|module| !["cli", "daemon", "demo"].contains(module))
    {
        if !ROOMS.iter().any(|(room, _)| room == module) {
            complaints.push(format!(
                "src/lib.rs: say in tests/rooms.rs what the room `{module}` may use"
            ));
        }
    }
    fails(&complaints);
}

/// Names of our crates in code, such as `omnistock_words`.
fn crates_named(file: &Path) -> Vec<(usize, String)> {
    crates_in(&code(&text(file)))
}

fn crates_in(code: &str) -> Vec<(usize, String)> {
    names_after(code, "omnistock_")
        .into_iter()
        .map(|(line, name)| (line, format!("omnistock_{name}")))
        .collect()
}

/// What a room's code names; in the store, a reading of the clock is not the SDK.
fn crates_of_room(room: &str, code: &str) -> Vec<(usize, String)> {
    match room {
        "store" => crates_in(&code.replace(CLOCKS[0], "clock()").replace(CLOCKS[1], "clock()")),
        _ => crates_in(code),
    }
}

/// The crates of the workspace, as code names them: each member says its own.
fn our_crates() -> BTreeSet<String> {
    let name = |folder: &toml::Value| {
        let manifest: toml::Table = text(&Path::new(folder.as_str()?).join("Cargo.toml")).parse().ok()?;
        let name = manifest.get("package")?.get("name")?.as_str()?;
        Some(name.replace('-', "_"))
    };
    let root: toml::Table = text(Path::new("Cargo.toml")).parse().unwrap();
    let members = root["workspace"]["members"].as_array().unwrap().iter();
    members
        .map(|folder| name(folder).unwrap_or_else(|| panic!("{folder} has no name")))
        .collect()
}

#[test]
fn rooms_name_only_the_crates_below_them() {
    let (mut complaints, ours) = (Vec::new(), our_crates());
    for (room, allowed) in CRATES {
        for file in room_files(room) {
            for (line, name) in crates_of_room(room, &code(&text(&file))) {
                if ours.contains(&name) && !allowed.contains(&name.as_str()) {
                    complaints.push(format!("{}:{line}: {room} may not use {name}", file.display()));
                }
            }
        }
    }
    fails(&complaints);
}

#[test]
fn words_engine_and_planner_are_pure() {
    let (mut complaints, ours) = (Vec::new(), our_crates());
    for (room, allowed) in [
        ("words", &[][..]),
        ("engine", &["omnistock_words"]),
        ("planner", &["omnistock_words"]),
    ] {
        for file in files(&format!("src/{room}"), ".rs") {
            for (line, name) in crates_named(&file) {
                if ours.contains(&name) && !allowed.contains(&name.as_str()) && name != format!("omnistock_{room}") {
                    complaints.push(format!("{}:{line}: {room} may not use {name}", file.display()));
                }
            }
            complaints.extend(impure(&file, room));
        }
    }
    fails(&complaints);
}

/// Code up to an inline module of tests, which comes last in a file. `#[cfg(test)]` before anything
/// else (a module in a file of its own) hides nothing behind it.
fn without_tests(code: &str) -> &str {
    let inline = |place: &usize| {
        let behind = code[*place..].trim_start_matches("#[cfg(test)]").trim_start();
        behind.starts_with("mod ") && behind.lines().next().is_some_and(|line| line.trim_end().ends_with('{'))
    };
    let end = code.match_indices("#[cfg(test)]").map(|(place, _)| place).find(inline);
    end.map_or(code, |end| &code[..end])
}

/// Impure names outside tests and benches. (A test may print a float or read a file of cases.)
fn impure(file: &Path, room: &str) -> Vec<String> {
    let file_text = file.to_string_lossy();
    if file_text.contains("test") || file_text.contains("/benches/") {
        return Vec::new();
    }
    let whole = code(&text(file));
    let productive = without_tests(&whole);
    let mut complaints = Vec::new();
    for name in IMPURE {
        let parts: Vec<(usize, &str)> = productive.match_indices(name).collect();
        for (place, _) in parts {
            let edge = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric() && c != '_');
            let alone =
                edge(productive[..place].chars().next_back()) && edge(productive[place + name.len()..].chars().next());
            if alone {
                let line = productive[..place].matches('\n').count() + 1;
                complaints.push(format!(
                    "{}:{line}: {room} is pure and may not use {name}",
                    file.display()
                ));
            }
        }
    }
    complaints
}

/// The folders of the connectors, without the SDK.
fn connectors() -> Vec<String> {
    let folders = std::fs::read_dir(root().join("connectors")).unwrap().flatten();
    let names = folders
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().into_string().unwrap());
    let mut names: Vec<String> = names.filter(|name| name != "sdk").collect();
    names.sort();
    names
}

#[test]
fn connectors_know_the_sdk_and_words_and_not_each_other() {
    let (mut complaints, ours) = (Vec::new(), our_crates());
    let sdk = (
        "connectors/sdk".to_owned(),
        vec!["omnistock_words".to_owned(), "omnistock_sdk".to_owned()],
    );
    let others = connectors().into_iter().map(|name| {
        let own = format!("omnistock_{name}");
        (
            format!("connectors/{name}"),
            vec!["omnistock_words".to_owned(), "omnistock_sdk".to_owned(), own],
        )
    });
    for (folder, allowed) in others.chain([sdk]) {
        for file in files(&folder, ".rs") {
            // The suite is for tests of connectors.
            let tests = file.starts_with(Path::new(&folder).join("tests"));
            for (line, name) in crates_named(&file) {
                if tests && name == "omnistock_conformance" {
                    continue;
                }
                if ours.contains(&name) && !allowed.contains(&name) {
                    complaints.push(format!("{}:{line}: {folder} may not use {name}", file.display()));
                }
            }
        }
    }
    fails(&complaints);
}

/// The names in a table such as `[dependencies]`, also per target.
fn dependencies(manifest: &toml::Table, table: &str) -> BTreeSet<String> {
    let here = manifest.get(table).and_then(toml::Value::as_table);
    let targets = manifest
        .get("target")
        .and_then(toml::Value::as_table)
        .into_iter()
        .flat_map(toml::Table::values);
    let there = targets.filter_map(|target| target.get(table).and_then(toml::Value::as_table));
    here.into_iter()
        .chain(there)
        .flat_map(|table| table.keys().cloned())
        .collect()
}

#[test]
fn manifests_keep_the_rules_too() {
    const PURE: &[&str] = &["rust_decimal", "serde", "serde_json", "thiserror"];
    let manifest = |folder: &str| -> toml::Table { text(&Path::new(folder).join("Cargo.toml")).parse().unwrap() };
    let mut complaints = Vec::new();
    for (folder, ours) in [
        ("src/words", &[][..]),
        ("src/engine", &["omnistock-words"]),
        ("src/planner", &["omnistock-words"]),
    ] {
        let used = dependencies(&manifest(folder), "dependencies");
        for name in used
            .iter()
            .filter(|name| !PURE.contains(&name.as_str()) && !ours.contains(&name.as_str()))
        {
            complaints.push(format!("{folder}/Cargo.toml: a pure crate may not depend on {name}"));
        }
    }
    for name in connectors().into_iter().chain(["sdk".to_owned()]) {
        let folder = format!("connectors/{name}");
        // Its own name: a connector's tests switch its simulator on.
        let own = format!("omnistock-{name}");
        let ours = [
            "omnistock-words",
            if name == "sdk" {
                "omnistock-words"
            } else {
                "omnistock-sdk"
            },
            &own,
        ];
        for table in ["dependencies", "dev-dependencies"] {
            let used = dependencies(&manifest(&folder), table);
            let suite = (table == "dev-dependencies").then_some("omnistock-conformance");
            let wrong = used.iter().filter(|name| {
                name.starts_with("omnistock") && !ours.contains(&name.as_str()) && suite != Some(name.as_str())
            });
            complaints.extend(wrong.map(|name| format!("{folder}/Cargo.toml: a connector may not depend on {name}")));
        }
    }
    let members = manifest(".")["workspace"]["members"].as_array().unwrap().clone();
    for folder in connectors().into_iter().map(|name| format!("connectors/{name}")) {
        if !members.iter().any(|member| member.as_str() == Some(&folder)) {
            complaints.push(format!("Cargo.toml: {folder} is no member of the workspace"));
        }
    }
    fails(&complaints);
}

#[test]
fn files_are_short_and_say_what_they_are_about() {
    let mut complaints = Vec::new();
    for file in ["src", "connectors", "tests", "benches", "xtask"]
        .iter()
        .flat_map(|folder| files(folder, ".rs"))
    {
        let text = text(&file);
        let lines = text.lines().count();
        if lines > 400 {
            complaints.push(format!(
                "{}:401: {lines} lines, 400 at most: give the second idea a file",
                file.display()
            ));
        }
        if !text.starts_with("//!") {
            complaints.push(format!(
                "{}:1: begin with `//!` and the one idea of this file",
                file.display()
            ));
        }
    }
    fails(&complaints);
}

#[test]
fn the_reader_of_sources_sees_what_the_compiler_sees() {
    let sample =
        "use crate::{store::{A, B}, words,\n    cli};\nlet x = crate::daemon::run(); // crate::demo\nmycrate::x;";
    let names = names_after(&code(sample), "crate::");
    let expected = [(1, "store"), (1, "words"), (1, "cli"), (3, "daemon")];
    assert_eq!(names, expected.map(|(line, name)| (line, name.to_owned())));
    let ours = our_crates();
    assert!(
        ours.contains("omnistock_amazon") && ours.contains("omnistock_words"),
        "{ours:?}"
    );
    assert_eq!(crates_of_room("store", "omnistock_sdk::now();"), []);
    assert_eq!(crates_of_room("store", "use omnistock_sdk::now;").len(), 1);
    assert_eq!(
        without_tests("#[cfg(test)]\nmod a;\nfn f() {}"),
        "#[cfg(test)]\nmod a;\nfn f() {}"
    );
    assert_eq!(without_tests("fn f() {}\n#[cfg(test)]\nmod tests {\n}"), "fn f() {}\n");
}
