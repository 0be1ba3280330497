//! The `syndic` binary: wires the house together.
//!
//! It reads the command line, builds a host out of store, governors, connectors and engine, carries the verb out, and
//! turns whatever went wrong into three lines and an exit code. It decides nothing about events.

mod author;
mod cases;
mod completions;
mod demo;
mod embedded;
mod events;
mod lines;
mod look;
mod nets;
mod play;
mod remote;
mod replay;
mod run;
mod service;
mod settings;
mod show;
mod slots;
mod token;
mod trouble;
mod upkeep;

use std::io::IsTerminal;
use std::process::ExitCode;

use clap::Parser;
use syndic_cli::args::Command;
use syndic_cli::paint::Paint;
use syndic_cli::{Cli, Failure, mistyped};

/// Judging makes and drops thousands of small values, some of them in another thread than the one that made them.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => match mistyped(&error) {
            Some(failure) => {
                show::Show::new(false, Paint { colours: wants_colour() }).aside(&failure.to_string());
                return ExitCode::from(failure.kind.code());
            }
            None => error.exit(),
        },
    };
    let show = show::Show::new(cli.json, Paint { colours: wants_colour() });
    match run(cli.command, &show) {
        Ok(code) => code,
        Err(failure) => {
            show.aside(&failure.to_string());
            ExitCode::from(failure.kind.code())
        }
    }
}

fn run(command: Command, show: &show::Show) -> Result<ExitCode, Failure> {
    match command {
        Command::Demo(args) => demo::run(&args, show),
        Command::Play(args) => play::run(&args, show),
        Command::Run(args) => run::run(&args, show),
        Command::Token(verb) => token::run(verb, show),
        Command::Config(verb) => settings::run(verb, show),
        Command::Governor(verb) => author::run(verb, show),
        Command::Case(verb) => cases::case(verb, show),
        Command::Work(verb) => cases::work(verb, show),
        Command::Net(verb) => nets::run(verb, show),
        Command::Event(verb) => events::run(verb, show),
        Command::Fact(verb) => look::fact(verb, show),
        Command::Receipt(verb) => look::receipt(verb, show),
        Command::Replay(args) => replay::replay(&args, show),
        Command::Stats(watched) => look::stats(watched, show),
        Command::Doctor(place) => upkeep::doctor(&place, show),
        Command::Backup(args) => upkeep::backup(args, show),
        Command::Restore(args) => upkeep::restore(&args, show),
        Command::Completions(args) => completions::run(&args, show),
    }
}

fn wants_colour() -> bool {
    std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}
