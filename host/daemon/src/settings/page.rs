//! The table of keys, as pages to read.

use crate::settings::keys::{KEYS, Key, SECTIONS, Section};

/// Every key with all that is known of it.
pub(crate) fn reference() -> String {
    let mut page = String::from("# Configuration\n\n");
    page.push_str(
        "A value comes from a TOML file (`--config`, or `SYNDIC_CONFIG`), from the environment, or from a flag, the \
         later\nover the earlier. `limits.effect_ms` is `effect_ms` under `[limits]`, or `SYNDIC_LIMITS__EFFECT_MS`, or \
         `--set\nlimits.effect_ms=500`; a list in a variable or a flag has commas. `syndic config show` prints what \
         holds, and where it\ncomes from.\n",
    );
    for section in SECTIONS {
        page.push_str(&format!("\n## {}\n\n{}\n", section.name, section.doc));
        for key in keys_of(section) {
            page.push_str(&format!("\n### `{}`\n\n{}\n\n", named(key), key.doc));
            page.push_str(&format!("{}. ", capital(&key.kind.to_string())));
            if !key.default.is_empty() {
                page.push_str(&format!("Default: `{}`. ", key.default));
            }
            page.push_str(&format!("A change is taken over {}. Since {}.\n", key.takes, key.since));
        }
    }
    page.trim_end().to_owned()
}

/// A file with every key in it, as it is where nobody says anything; nothing in it says anything yet.
pub(crate) fn example() -> String {
    let mut file = String::from(
        "# Syndic's configuration. What is commented out is what holds anyway.\n# `syndic config check FILE` says what \
         is wrong with it, `syndic config show --config FILE` what comes of it.\n",
    );
    for section in SECTIONS {
        file.push_str(&format!("\n{}\n", commented(section.doc)));
        file.push_str(&format!("{}\n", header(section)));
        for key in keys_of(section) {
            let last = key.path.strip_prefix(section.name).unwrap_or(key.path);
            let last = last.trim_start_matches(".*").trim_start_matches('.').replace(".*", ".name");
            let value = if key.default.is_empty() { sample(key) } else { key.default };
            file.push_str(&format!("\n{}\n# {last} = {value}\n", commented(&format!("{} ({})", key.doc, key.kind))));
        }
    }
    file.trim_end().to_owned()
}

fn keys_of(section: &Section) -> impl Iterator<Item = &'static Key> {
    KEYS.iter().filter(|key| key.parts().next() == Some(section.name))
}

/// A key's path, with words where names stand.
fn named(key: &Key) -> String {
    key.path.replace('*', "NAME")
}

/// The header a section has in a file; where names stand in it, it is a sample of one.
fn header(section: &Section) -> String {
    match section.name {
        "slots" => "# [slots.billing]".into(),
        "routes" => "# [routes.\"acme.Launch\"]".into(),
        "facts" => "# [facts.\"shared.plan-note\"]".into(),
        "calendars" => "# [calendars.acme]".into(),
        name => format!("[{name}]"),
    }
}

/// What stands in the example for a key that has no default.
fn sample(key: &Key) -> &'static str {
    match key.path {
        "host.workers" => "8",
        "routes.*.slots" => "[\"billing\"]",
        "facts.*.order" => "[]",
        "calendars.*.zone" => "\"Europe/Berlin\"",
        "calendars.*.working_days" => "[\"mon\", \"tue\", \"wed\", \"thu\", \"fri\"]",
        "calendar.hours.open" | "calendars.*.hours.open" => "\"09:00\"",
        "calendar.hours.close" | "calendars.*.hours.close" => "\"17:00\"",
        "calendars.*.holidays" => "[\"2026-12-25\"]",
        _ => "\"\"",
    }
}

fn commented(text: &str) -> String {
    let mut lines = vec![String::from("#")];
    for word in text.split(' ') {
        if lines.last().is_some_and(|line| line.len() + word.len() >= 100) {
            lines.push(String::from("#"));
        }
        if let Some(line) = lines.last_mut() {
            line.push(' ');
            line.push_str(word);
        }
    }
    lines.join("\n")
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}
