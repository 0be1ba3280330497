//! Words: what helps to say what is wrong, and what was probably meant.

/// The known word that is nearest to what was written, if one is near enough to have been meant.
pub(crate) fn nearest<'w>(written: &str, known: &[&'w str]) -> Option<&'w str> {
    let near = known.iter().map(|word| (strsim::damerau_levenshtein(written, word), *word)).min()?;
    let close = near.0 <= (written.chars().count() / 3).clamp(1, 4);
    close.then_some(near.1)
}

/// `a, b or c`, each in backticks.
pub(crate) fn list(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
        None => String::new(),
    }
}
