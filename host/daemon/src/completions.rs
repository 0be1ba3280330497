//! `completions`: what a shell needs to complete the verbs, made from the definitions that read them.

use std::process::ExitCode;

use clap::CommandFactory;
use clap_complete::Shell;
use syndic_cli::args::Completions;
use syndic_cli::{Cli, Failure};

use crate::show::Show;

pub(crate) fn run(args: &Completions, show: &Show) -> Result<ExitCode, Failure> {
    let shell: Shell = args.shell.parse().expect("the command line takes the names of `Shell` and no others");
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "syndic", &mut script);
    show.line(String::from_utf8_lossy(&script).trim_end())?;
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shell_that_the_command_line_takes_has_a_name_here() {
        let command = Cli::command();
        let verb = command.find_subcommand("completions").expect("the verb is there");
        let shell = verb.get_arguments().find(|arg| arg.get_id() == "shell").expect("it takes a shell");
        let names = shell.get_possible_values();
        assert_eq!(names.len(), 5);
        assert!(names.iter().all(|name| name.get_name().parse::<Shell>().is_ok()));
    }
}
