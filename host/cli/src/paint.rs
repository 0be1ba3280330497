//! Paint: colours by meaning, where the reader is a person at a terminal.
//!
//! Plain text is always enough to understand a line; colour only helps the eye to find it.

use anstyle::{AnsiColor, Style};

/// Whether to colour. The daemon asks the terminal and `NO_COLOR` once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Paint {
    /// Whether escape codes may be written.
    pub colours: bool,
}

impl Paint {
    /// Text in the colour of an outcome.
    pub fn outcome(self, outcome: &str, text: &str) -> String {
        let colour = match outcome {
            "completed" => AnsiColor::Green,
            "refused" | "referred" => AnsiColor::Yellow,
            _ => AnsiColor::Red,
        };
        self.styled(colour.on_default(), text)
    }

    /// Text that is there for whoever looks for it.
    pub fn dim(self, text: &str) -> String {
        self.styled(Style::new().dimmed(), text)
    }

    /// A heading.
    pub fn bold(self, text: &str) -> String {
        self.styled(Style::new().bold(), text)
    }

    fn styled(self, style: Style, text: &str) -> String {
        if self.colours { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }
}
