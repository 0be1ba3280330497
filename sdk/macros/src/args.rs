//! The attribute's arguments, each checked at its own span.

use proc_macro2::Span;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::token::Bracket;
use syn::{Error, Ident, LitInt, LitStr, Path, Result, Token, bracketed};

const KNOWN: &str = "name, version, kinds, reads, effects, state_schema, feedback, migrate";

/// The marketplace's kinds, to tell a slip of the pen from a kind of the author's own. One that is missing here is
/// only not guessed.
const KINDS: [&str; 22] = [
    "CustomerSubscribes",
    "CustomerUpgrades",
    "SubscriptionChanged",
    "PaymentProcessed",
    "PaymentFailed",
    "UsageExceedsQuota",
    "CustomerCancels",
    "ManualSuspension",
    "RenewalDue",
    "ProductChanged",
    "SuspensionLifted",
    "OperatorDecided",
    "RefundRequested",
    "DisputeOpened",
    "DisputeClosed",
    "PaymentMethodUpdated",
    "KycDecided",
    "FraudScored",
    "UsageReported",
    "SlaMeasured",
    "TimerFired",
    "EffectSettled",
];

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
            if !input.peek(Token![=]) {
                return Err(input.error(format!("an argument has a value: `{word} = …`")));
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
    if !input.peek(Bracket) {
        return Err(input.error("this is a list, in brackets: `[\"…\"]`"));
    }
    let content;
    bracketed!(content in input);
    let items: Vec<LitStr> =
        Punctuated::<LitStr, Token![,]>::parse_terminated_with(&content, quoted)?.into_iter().collect();
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

fn quoted(input: ParseStream) -> Result<LitStr> {
    match input.peek(Ident) {
        true => Err(input.error(format!("names stand in quotes: `\"{}\"`", input.parse::<Ident>()?))),
        false => input.parse(),
    }
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
        if let Some(meant) = KINDS.iter().find(|known| is_slip(&kind.value(), known)) {
            let help = format!("the marketplace has no `{}`; did you mean `{meant}`?", kind.value());
            return Err(Error::new(kind.span(), help));
        }
    }
    Ok(kinds)
}

/// Whether a text is almost a name, and not the name: other case, or one letter that is missing, strange or too many.
fn is_slip(text: &str, name: &str) -> bool {
    if text == name {
        return false;
    }
    if text.eq_ignore_ascii_case(name) {
        return true;
    }
    let (text, name): (Vec<char>, Vec<char>) = (text.chars().collect(), name.chars().collect());
    let same = text.iter().zip(&name).take_while(|(one, other)| one == other).count();
    let (text, name) = (&text[same..], &name[same..]);
    let after = |letters: &[char], skip: usize| letters.get(skip..).map(<[char]>::to_vec);
    [(1, 0), (0, 1), (1, 1)].into_iter().any(|(strange, missing)| {
        after(text, strange).is_some_and(|rest| after(name, missing).is_some_and(|other| rest == other))
    })
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
        check_error(r#"kinds = ["PaymentProcesed"]"#, "no `PaymentProcesed`; did you mean `PaymentProcessed`?");
        check_error(r#"kinds = ["paymentfailed"]"#, "did you mean `PaymentFailed`?");
        check_error(r#"kinds = "PaymentFailed""#, "a list, in brackets");
        check_error(r#"kinds = [PaymentFailed]"#, r#"in quotes: `"PaymentFailed"`"#);
        check_error(r#"kinds"#, "an argument has a value: `kinds = …`");
        check_error(&with(r#"verison = "2""#), "not an argument; there are name, version");
        check_error(&with(r#"version = "2.0.0""#), "given twice");
        check_error(&with(r#"state_schema = 0"#), "from 1 up");
        check_error(&with(r#"reads = ["*"]"#), "read everything");
        check_error(&with(r#"reads = ["a*b"]"#), "only at the end");
        check_error(&with(r#"reads = ["tennant:x"]"#), "write `x`, `tenant:x` or `tenant!:x`");
    }

    #[test]
    fn a_slip_is_told_from_a_kind_of_the_authors_own() {
        for slip in ["RenewalDu", "RenewalDues", "RenewelDue", "RenwalDue", "renewaldue"] {
            assert!(is_slip(slip, "RenewalDue"), "{slip}");
        }
        for own in ["RenewalDue", "vendor.Shipped", "Renewal", "RenewalsDueLate", "Due"] {
            assert!(!is_slip(own, "RenewalDue"), "{own}");
        }
        assert!(KINDS.iter().all(|kind| !KINDS.iter().any(|other| is_slip(kind, other))));
    }

    #[test]
    fn what_is_missing_is_said_with_what_to_add() {
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
