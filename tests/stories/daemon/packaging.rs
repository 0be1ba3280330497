//! What is shipped beside the binary: it says nothing that the binary does not know.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::syndic::run;

fn packaged(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../host/daemon/packaging").join(name)
}

pub(super) fn read(name: &str) -> String {
    fs::read_to_string(packaged(name)).unwrap()
}

/// The settings of the unit, in order.
fn unit() -> Vec<(String, String)> {
    let text = read("syndic.service");
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with(['#', '[']));
    lines.map(|line| line.split_once('=').map(|(key, value)| (key.to_owned(), value.to_owned())).expect(line)).collect()
}

fn setting(key: &str) -> String {
    let found = unit().into_iter().find(|(name, _)| name == key);
    found.unwrap_or_else(|| panic!("the unit has no {key}=")).1
}

#[test]
fn the_unit_waits_for_what_the_daemon_takes() {
    let holds = |key: &str| {
        let told = run(&["config", "show", "--json"]).exits(0).values();
        let line = told.into_iter().find(|line| line["key"] == key).unwrap();
        line["value"].as_u64().unwrap() / 1_000
    };
    let seconds = |key: &str| setting(key).parse::<u64>().unwrap();
    assert_eq!(setting("Type"), "notify");
    assert!(seconds("TimeoutStopSec") > holds("host.drain_ms"), "it would be killed while it drains");
    assert!(seconds("TimeoutStartSec") > holds("limits.startup_ms"), "it would be killed while governors load");
    assert_eq!(setting("RestartPreventExitStatus"), "2 4", "a start that fails in the same way again is no help");
}

#[test]
fn the_unit_names_variables_and_flags_that_are_known() {
    let mut args = vec!["config".to_owned(), "check".to_owned()];
    let mut flags = setting("ExecStart");
    flags = flags.split_once(" run ").expect("it runs the daemon").1.replace("--config /etc/syndic.toml", "");
    args.extend(flags.split_whitespace().map(str::to_owned));
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let mut command = crate::syndic::command(&args);
    for variable in setting("Environment").split(' ') {
        let (name, value) = variable.split_once('=').unwrap();
        command.env(name, value);
    }
    crate::syndic::told(&mut command).exits(0);
}

#[test]
fn the_unit_is_one_that_systemd_reads_and_leaves_little_to_attack() {
    let unit = packaged("syndic.service");
    // The binary is not installed here, and a unit may be read without systemd running.
    let text = read("syndic.service").replace("/usr/local/bin/syndic", &crate::syndic::program().to_string_lossy());
    let dir = tempfile::tempdir().unwrap();
    let copy = dir.path().join("syndic.service");
    fs::write(&copy, text).unwrap();
    let analyze = |args: &[&str]| Command::new("systemd-analyze").args(args).arg(&copy).output();
    let Ok(verified) = analyze(&["verify", "--man=no"]) else {
        assert!(unit.is_file());
        return;
    };
    let complaints = String::from_utf8_lossy(&verified.stderr).into_owned();
    let ours: Vec<&str> = complaints.lines().filter(|line| line.contains("syndic.service")).collect();
    assert!(ours.is_empty(), "{complaints}");
    let exposed = analyze(&["security", "--offline=true", "--threshold=20", "--no-pager"]).unwrap();
    assert!(exposed.status.success(), "{}", String::from_utf8_lossy(&exposed.stdout));
}

#[test]
fn the_container_builds_what_is_here_and_names_variables_that_are_known() {
    let file = read("Containerfile");
    let toolchain = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../rust-toolchain.toml")).unwrap();
    let version = file.split_once("library/rust:").unwrap().1.split('-').next().unwrap();
    assert!(toolchain.contains(&format!("\"{version}\"")), "the image has another toolchain: {version}");
    let variables = file.lines().find_map(|line| line.strip_prefix("ENV ")).unwrap();
    let mut command = crate::syndic::command(&["config", "check"]);
    for variable in variables.split(' ') {
        let (name, value) = variable.split_once('=').unwrap();
        command.env(name, value);
    }
    crate::syndic::told(&mut command).exits(0);
}
