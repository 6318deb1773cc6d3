//! What an operator meets first: the examples of `config/`, `init`, `schema` and `check`, by the program itself.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test program: a panic is how it fails"
)]

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};

fn omnistock(folder: &Path, arguments: &[&str], variables: &[(&str, String)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_omnistock"));
    command
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .env_clear();
    command.envs(variables.iter().map(|(name, value)| (*name, value.as_str())));
    command.output().unwrap()
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn answer(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn complaint(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn secret(folder: &Path, name: &str) {
    std::fs::create_dir_all(folder).unwrap();
    std::fs::write(folder.join(name), "canary-c0ffee5ec4e7-canary-c0ffee5ec4e7\n").unwrap();
    std::fs::set_permissions(folder.join(name), std::fs::Permissions::from_mode(0o600)).unwrap();
}

/// The names that a text refers to by `{ KIND = "…" }`.
fn named<'t>(text: &'t str, kind: &str) -> Vec<&'t str> {
    let start = format!("{{ {kind} = \"");
    text.split(start.as_str())
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .collect()
}

#[test]
fn check_is_content_with_every_example() {
    let folder = tempfile::tempdir().unwrap();
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("config");
    let scenario = examples.join("tests/black-friday.json");
    std::fs::create_dir(folder.path().join("tests")).unwrap();
    std::fs::copy(scenario, folder.path().join("tests/black-friday.json")).unwrap();
    std::fs::create_dir(folder.path().join("rules")).unwrap();
    std::fs::copy(examples.join("rules/items.csv"), folder.path().join("rules/items.csv")).unwrap();
    let (mut seen, credentials) = (0, folder.path().join("credentials"));
    for entry in std::fs::read_dir(examples).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "toml") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let config = folder.path().join(path.file_name().unwrap());
        std::fs::write(&config, &text).unwrap();
        for name in named(&text, "credential") {
            secret(&credentials, name);
        }
        secret(&folder.path().join("secrets"), "shop-secret");
        let mut variables = vec![("CREDENTIALS_DIRECTORY", credentials.display().to_string())];
        variables.extend(named(&text, "env").into_iter().map(|name| (name, "x".to_owned())));
        let checked = omnistock(folder.path(), &["check", "-c", config.to_str().unwrap()], &variables);
        assert_eq!(code(&checked), 0, "{}: {}", path.display(), answer(&checked));
        assert!(
            answer(&checked).starts_with("0 errors, 0 warnings"),
            "{}: {}",
            path.display(),
            answer(&checked)
        );
        seen += 1;
    }
    assert!(seen >= 6, "{seen}");
}

const SAMPLE: &str = "Artikelnummer;Bezeichnung;Lager;Bestand;Frei\nHOSE-36-BL;Hose, blau;B/01;12;9\n\
    LAMPE;Leuchte;H/02;1.249,5;3\nBOLT-M8;Schraube;B/01;-2;0\n";

#[test]
fn a_first_configuration_comes_from_a_sample_and_nothing_is_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("stock-2026-11-22.csv"), SAMPLE).unwrap();
    let arguments = ["init", "--file", "stock-2026-11-22.csv", "-c", "omnistock.toml"];
    let made = omnistock(folder.path(), &arguments, &[]);
    assert_eq!(code(&made), 0, "{}", complaint(&made));
    let said = answer(&made);
    for line in [
        "stock-2026-11-22.csv: CSV, delimiter \";\", decimal \",\", grouping \".\"",
        "\nArtikelnummer               sku       HOSE-36-BL, LAMPE, BOLT-M8\n",
        "read as proposed: 3 rows, 2 locations",
        "next: omnistock check -c omnistock.toml",
    ] {
        assert!(said.contains(line), "{line} is not in\n{said}");
    }
    assert!(
        said.lines()
            .any(|line| line.starts_with("LAMPE ") && line.ends_with(" 1249.5")),
        "{said}"
    );
    assert!(said.contains("unsure: basis:"), "nobody was there to be asked\n{said}");
    assert!(said.lines().all(|line| line.chars().count() <= 80), "{said}");
    let text = std::fs::read_to_string(folder.path().join("omnistock.toml")).unwrap();
    assert!(
        text.contains("/stock-*.csv\"") && text.contains("b_01 = { codes = { erp = \"B/01\" } }"),
        "{text}"
    );
    assert!(text.contains("# unsure: basis:"), "{text}");
    let checked = omnistock(folder.path(), &["check", "-c", "omnistock.toml"], &[]);
    assert_eq!(code(&checked), 0, "{}{text}", answer(&checked));
    let again = omnistock(folder.path(), &arguments, &[]);
    assert_eq!(code(&again), 1);
    assert!(
        complaint(&again).contains("is there already and is not overwritten"),
        "{}",
        complaint(&again)
    );
    assert_eq!(
        std::fs::read_to_string(folder.path().join("omnistock.toml")).unwrap(),
        text
    );
}

#[test]
fn a_place_that_comes_late_in_the_sample_is_written_down_as_well() {
    use std::fmt::Write;
    let folder = tempfile::tempdir().unwrap();
    let mut rows = "sku;qty;warehouse\n".to_owned();
    for number in 0..1_500 {
        let place = if number < 1_200 { "north" } else { "south" };
        writeln!(rows, "S-{number};1;{place}").unwrap();
    }
    std::fs::write(folder.path().join("stock1.csv"), rows).unwrap();
    let made = omnistock(
        folder.path(),
        &["init", "--file", "stock1.csv", "-c", "omnistock.toml"],
        &[],
    );
    let said = answer(&made);
    assert!(
        said.contains("read as proposed: 1,500 rows, 2 locations"),
        "{said}{}",
        complaint(&made)
    );
    assert!(
        said.contains("unsure: path:"),
        "stock2.csv may be another place\n{said}"
    );
    let text = std::fs::read_to_string(folder.path().join("omnistock.toml")).unwrap();
    assert!(text.contains("/stock1.csv\"") && text.contains("south"), "{text}");
}

#[test]
fn files_beside_a_configuration_without_a_folder_in_its_name_are_found() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("stock.csv"), "sku,quantity\nA,1\n").unwrap();
    let text = "[connectors.erp]\nkind = \"file\"\npath = \"stock.csv\"\nevery = \"1m\"\nbasis = \"physical\"\n\
        columns = { sku = \"sku\", quantity = \"quantity\" }\nlocation = \"main\"\n[locations.main]\n";
    std::fs::write(folder.path().join("omnistock.toml"), text).unwrap();
    let checked = omnistock(folder.path(), &["check", "--live", "-c", "omnistock.toml"], &[]);
    assert_eq!(code(&checked), 0, "{}{}", answer(&checked), complaint(&checked));
}

#[test]
fn a_sample_that_is_none_leaves_no_file_behind() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("stock.csv"), "sku;qty\nA;1\nA;2\n").unwrap();
    let twice = omnistock(folder.path(), &["init", "--file", "stock.csv", "-c", "new.toml"], &[]);
    assert_eq!(code(&twice), 1);
    assert!(
        complaint(&twice).contains("stock.csv:3:1: sku \"A\" at main already stands in line 2"),
        "{}",
        complaint(&twice)
    );
    let missing = omnistock(folder.path(), &["init", "--file", "no.csv", "-c", "new.toml"], &[]);
    assert_eq!(code(&missing), 2);
    assert!(!folder.path().join("new.toml").exists());
    let json = omnistock(folder.path(), &["init", "--json", "-c", "new.toml"], &[]);
    let facts: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!((code(&json), facts["written"].as_str()), (0, Some("new.toml")));
    let checked = omnistock(folder.path(), &["check", "-c", "new.toml"], &[]);
    assert_eq!(answer(&checked), "0 errors, 0 warnings\n");
}

#[test]
fn the_schema_is_one_json_document() {
    let folder = tempfile::tempdir().unwrap();
    for arguments in [&["schema"][..], &["schema", "--json"]] {
        let printed = omnistock(folder.path(), arguments, &[]);
        let schema: serde_json::Value = serde_json::from_slice(&printed.stdout).unwrap();
        assert_eq!(code(&printed), 0);
        assert_eq!(
            schema["properties"]["channels"]["additionalProperties"]["type"],
            "object"
        );
    }
}
