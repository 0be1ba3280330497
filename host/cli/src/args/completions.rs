//! Arguments of `completions`.

use clap::Args;

pub(super) const COMPLETIONS_HELP: &str = "\
Written to stdout, from the same definitions that read the command line: a verb that is there is completed.

Examples:
  syndic completions bash > ~/.local/share/bash-completion/completions/syndic
  syndic completions zsh > \"${fpath[1]}/_syndic\"
  syndic completions fish > ~/.config/fish/completions/syndic.fish
  eval \"$(syndic completions bash)\"              in this shell only";

/// The shells that are known; names as `clap_complete` has them.
const SHELLS: [&str; 5] = ["bash", "elvish", "fish", "powershell", "zsh"];

/// `completions`
#[derive(Debug, Args)]
pub struct Completions {
    /// The shell
    #[arg(value_name = "SHELL", value_parser = SHELLS)]
    pub shell: String,
}
