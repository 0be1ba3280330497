//! The attribute's arguments, each checked at its own span.

use proc_macro2::Span;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Error, Ident, LitInt, LitStr, Path, Result, Token, bracketed};

const KNOWN: &str = "name, version, kinds, reads, effects, state_schema, feedback, migrate";

/// What stands between the parentheses of `#[governor(…)]`.
#[derive(Default)]
pub(crate) struct Arguments {
    pub(crate) name: Option<LitStr>,
    pub(crate) version: Option<LitStr>,
    pub(crate) kinds: Vec<LitStr>,
    pub(crate) reads: Vec<Read>,
    pub(crate) effects: Vec<LitStr>,
    pub(crate) state_schema: Option<LitInt>,
    pub(crate) feedback: Option<Path>,
    pub(crate) migrate: Option<Path>,
}

/// A declared read: whose fact, its name or prefix, and whether it has to be exact.
pub(crate) struct Read {
    pub(crate) tenant: bool,
    pub(crate) exact: bool,
    pub(crate) name: String,
}

impl Parse for Arguments {
    fn parse(input: ParseStream) -> Result<Self> {
        let mut arguments = Self::default();
        let mut seen: Vec<Ident> = Vec::new();
        while !input.is_empty() {
            let word: Ident = input.parse()?;
            if seen.contains(&word) {
                return Err(Error::new(word.span(), format!("`{word}` is given twice")));
            }
            input.parse::<Token![=]>()?;
            arguments.take(&word, input)?;
            seen.push(word);
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        arguments.complete()
    }
}

impl Arguments {
    fn take(&mut self, word: &Ident, input: ParseStream) -> Result<()> {
        match word.to_string().as_str() {
            "name" => self.name = Some(not_empty(input.parse()?, "a governor has a name")?),
            "version" => self.version = Some(semantic(input.parse()?)?),
            "kinds" => self.kinds = kinds(word, input)?,
            "reads" => self.reads = list(input)?.iter().map(read).collect::<Result<_>>()?,
            "effects" => self.effects = list(input)?,
            "state_schema" => self.state_schema = Some(schema(input.parse()?)?),
            "feedback" => self.feedback = Some(input.parse()?),
            "migrate" => self.migrate = Some(input.parse()?),
            _ => return Err(Error::new(word.span(), format!("`{word}` is not an argument; there are {KNOWN}"))),
        }
        Ok(())
    }

    fn complete(self) -> Result<Self> {
        if self.version.is_none() {
            return Err(missing("a governor has a version: add `version = \"1.0.0\"`"));
        }
        if self.kinds.is_empty() {
            return Err(missing("a governor judges something: add `kinds = [\"PaymentProcessed\"]`"));
        }
        Ok(self)
    }
}

fn missing(sentence: &str) -> Error {
    Error::new(Span::call_site(), sentence)
}

fn list(input: ParseStream) -> Result<Vec<LitStr>> {
    let content;
    bracketed!(content in input);
    let items: Vec<LitStr> = Punctuated::<LitStr, Token![,]>::parse_terminated(&content)?.into_iter().collect();
    for (at, item) in items.iter().enumerate() {
        if item.value().is_empty() {
            return Err(Error::new(item.span(), "this is empty"));
        }
        if items[..at].iter().any(|before| before.value() == item.value()) {
            return Err(Error::new(item.span(), format!("`{}` is listed twice", item.value())));
        }
    }
    Ok(items)
}

fn kinds(word: &Ident, input: ParseStream) -> Result<Vec<LitStr>> {
    let kinds = list(input)?;
    if kinds.is_empty() {
        return Err(Error::new(word.span(), "a governor that judges no kind is never called: list at least one"));
    }
    for kind in &kinds {
        if let Some(short) = kind.value().strip_prefix("marketplace.") {
            return Err(Error::new(kind.span(), format!("kinds are named without the prefix: `{short}`")));
        }
    }
    Ok(kinds)
}

fn not_empty(text: LitStr, sentence: &str) -> Result<LitStr> {
    match text.value().trim().is_empty() {
        true => Err(Error::new(text.span(), sentence)),
        false => Ok(text),
    }
}

fn semantic(text: LitStr) -> Result<LitStr> {
    match semver::Version::parse(&text.value()) {
        Ok(_) => Ok(text),
        Err(why) => {
            Err(Error::new(text.span(), format!("`{}` is not a semantic version such as 1.0.0: {why}", text.value())))
        }
    }
}

fn schema(number: LitInt) -> Result<LitInt> {
    match number.base10_parse::<u32>() {
        Ok(1..) => Ok(number),
        _ => Err(Error::new(number.span(), "a state schema is a number from 1 up")),
    }
}

fn read(text: &LitStr) -> Result<Read> {
    let value = text.value();
    let (tenant, exact, name) = match value.split_once(':') {
        None => (false, false, value.as_str()),
        Some(("tenant", name)) => (true, false, name),
        Some(("tenant!", name)) => (true, true, name),
        Some((prefix, name)) => {
            let help = format!("`{prefix}:` is not known; write `{name}`, `tenant:{name}` or `tenant!:{name}`");
            return Err(Error::new(text.span(), help));
        }
    };
    let stem = name.strip_suffix('*').unwrap_or(name);
    if stem.is_empty() {
        return Err(Error::new(
            text.span(),
            "this would read everything; name a fact, or a prefix such as `billing.*`",
        ));
    }
    if stem.contains('*') {
        return Err(Error::new(text.span(), "`*` stands only at the end, for every name that begins so"));
    }
    Ok(Read { tenant, exact, name: name.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The error's sentence. Where it points at shows in a real compilation only: spans have no places outside of one.
    #[track_caller]
    fn check_error(arguments: &str, sentence: &str) {
        let error = syn::parse_str::<Arguments>(arguments).err().expect("these arguments are wrong");
        assert!(error.to_string().contains(sentence), "`{error}` does not say `{sentence}`");
    }

    #[test]
    fn what_is_wrong_is_said_with_what_to_write() {
        let with = |rest: &str| format!(r#"version = "1.0.0", kinds = ["A"], {rest}"#);
        check_error(r#"version = "1.0", kinds = ["A"]"#, "not a semantic version such as 1.0.0");
        check_error(r#"version = "1.0.0", kinds = []"#, "never called");
        check_error(r#"version = "1.0.0", kinds = ["A", "A"]"#, "listed twice");
        check_error(r#"kinds = ["marketplace.Sold"]"#, "without the prefix: `Sold`");
        check_error(&with(r#"verison = "2""#), "not an argument; there are name, version");
        check_error(&with(r#"version = "2.0.0""#), "given twice");
        check_error(&with(r#"state_schema = 0"#), "from 1 up");
        check_error(&with(r#"reads = ["*"]"#), "read everything");
        check_error(&with(r#"reads = ["a*b"]"#), "only at the end");
        check_error(&with(r#"reads = ["tennant:x"]"#), "write `x`, `tenant:x` or `tenant!:x`");
    }

    #[test]
    fn what_is_missing_is_said_with_what_to_add() {
        check_error(r#"kinds = ["A"]"#, r#"add `version = "1.0.0"`"#);
        check_error(r#"version = "1.0.0""#, "add `kinds = ");
    }

    #[test]
    fn a_read_says_whose_and_how_exactly() {
        let arguments: Arguments =
            syn::parse_str(r#"version = "1.0.0", kinds = ["A"], reads = ["a.*", "tenant:b", "tenant!:c.*"]"#).unwrap();
        let reads = arguments.reads.iter().map(|read| (read.tenant, read.exact, read.name.as_str()));
        assert_eq!(reads.collect::<Vec<_>>(), [(false, false, "a.*"), (true, false, "b"), (true, true, "c.*")]);
    }
}
