//! `governor sign` and `governor verify`: a publisher's signature in a file beside a component.
//!
//! What a signature is and whose counts is the core's ([`syndic_core::trust`]); here are the files, the clock and the
//! words. Installing asks the same question, with the publishers of the configuration.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::json;
use syndic_cli::args::{Sign, Verify};
use syndic_cli::plain::plain;
use syndic_cli::{Failure, FailureKind};
use syndic_core::Time;
use syndic_core::ports::COMPONENT_MAX_BYTES;
use syndic_core::trust::{self, NAMESPACE, Policy, PrivateKey, Publisher, Signature, Why, sshsig};
use syndic_ledger::Digest;

use super::build::put;
use super::component::{ANY, slot};
use crate::show::Show;

/// The longest file of publishers or of a key that is read.
const LIST_MAX_BYTES: usize = 1024 * 1024;

pub(super) fn sign(args: &Sign, show: &Show) -> Result<ExitCode, Failure> {
    let component = bounded(&args.file, COMPONENT_MAX_BYTES)?;
    let key = PrivateKey::read(&bounded(&args.key, LIST_MAX_BYTES)?).map_err(|why| {
        let (cause, hint) = parted(&why);
        unusable(&format!("`{}` cannot sign", args.key.display()), cause, hint)
    })?;
    let out = args.out.clone().unwrap_or_else(|| beside(&args.file));
    let signature = sshsig::sign(&key, &component);
    put(&out, signature.as_bytes()).map_err(|why| {
        Failure::new(FailureKind::Unreachable, format!("`{}` cannot be written", out.display())).because(why)
    })?;
    let digest = Digest::of(&component).to_string();
    let fingerprint = key.public().fingerprint();
    let value = json!({
        "file": args.file.display().to_string(), "signature": out.display().to_string(), "namespace": NAMESPACE,
        "digest": digest, "key": fingerprint, "public_key": key.public().to_string(),
    });
    show.result(&value, |_| {
        let (file, out) = (args.file.display(), out.display());
        format!("{out}: `{file}` signed by {fingerprint}\n{digest}\n{}", key.public())
    })?;
    Ok(ExitCode::SUCCESS)
}

pub(super) fn verify(args: &Verify, show: &Show) -> Result<ExitCode, Failure> {
    let publishers = publishers(args)?;
    let component = bounded(&args.file, COMPONENT_MAX_BYTES)?;
    let signature = signature_of(&args.file, args.signature.as_deref())?;
    let policy = Policy { signature: Signature::Required, publishers, pins: Vec::new() };
    let digest = Digest::of(&component).to_string();
    let file = args.file.display().to_string();
    match trust::judge(&policy, &slot(ANY)?, &component, signature.as_deref(), now()) {
        Ok(whose) => {
            let value = json!({
                "file": file, "genuine": true, "digest": digest, "publisher": whose.publisher, "key": whose.key,
            });
            let (name, key) = (whose.publisher.unwrap_or_default(), whose.key.unwrap_or_default());
            show.result(&value, |_| format!("`{file}` is signed by `{}`, {key}\n{digest}", plain(&name)))?;
            Ok(ExitCode::SUCCESS)
        }
        Err(refused) => {
            let kind = if refused.why == Why::Unreadable { FailureKind::Usage } else { FailureKind::No };
            if show.json {
                let value = json!({
                    "file": file, "genuine": false, "digest": digest, "why": refused.why.name(),
                    "message": refused.what, "hint": refused.hint,
                });
                show.result(&value, |_| String::new())?;
                return Ok(ExitCode::from(kind.code()));
            }
            Err(Failure::new(kind, format!("`{file}` is not known to be anybody's"))
                .because(refused.what)
                .hint(refused.hint))
        }
    }
}

/// The publishers whom the command names.
fn publishers(args: &Verify) -> Result<Vec<Publisher>, Failure> {
    let mut publishers = args.publisher.iter().map(|text| publisher(text)).collect::<Result<Vec<_>, _>>()?;
    if let Some(file) = &args.publishers {
        let text = String::from_utf8_lossy(&bounded(file, LIST_MAX_BYTES)?).into_owned();
        let listed = trust::signers(&text).map_err(|why| {
            let hint = "write one line for each: a name, options if any, the public key; see `man ssh-keygen`";
            unusable(&format!("`{}` is not a file of publishers", file.display()), &why, hint)
        })?;
        publishers.extend(listed);
    }
    Ok(publishers)
}

/// A publisher as the command line names one: a name, and the line or the file of a public key.
fn publisher(text: &str) -> Result<Publisher, Failure> {
    let (name, key) = text.split_once('=').filter(|(name, _)| !name.is_empty()).ok_or_else(|| {
        unusable(
            &format!("`{text}` is not a publisher"),
            "a name and a public key are asked for",
            "write `acme=acme.pub`",
        )
    })?;
    let line = match key.contains(char::is_whitespace) {
        true => key.to_owned(),
        false => String::from_utf8_lossy(&bounded(Path::new(key), LIST_MAX_BYTES)?).into_owned(),
    };
    let key = line.parse().map_err(|why: String| {
        let (cause, hint) = parted(&why);
        unusable(&format!("the key of `{name}` cannot be used"), cause, hint)
    })?;
    Ok(Publisher::new(name, key))
}

/// The signature of a component, from where it was named or from beside it; none where nothing lies there.
pub(crate) fn signature_of(component: &Path, named: Option<&Path>) -> Result<Option<Vec<u8>>, Failure> {
    let file = named.map_or_else(|| beside(component), Path::to_owned);
    if named.is_none() && !file.exists() {
        return Ok(None);
    }
    // One byte more than is read is enough to be told that it is too long.
    bounded_by(&file, sshsig::FILE_MAX_BYTES + 1).map(Some)
}

/// Where the signature of a component lies.
fn beside(component: &Path) -> PathBuf {
    let mut name = component.as_os_str().to_owned();
    name.push(".sig");
    PathBuf::from(name)
}

/// Reads a file that may not have more bytes than that.
fn bounded(file: &Path, most: usize) -> Result<Vec<u8>, Failure> {
    let bytes = bounded_by(file, most + 1)?;
    if bytes.len() > most {
        let why = format!("{most} bytes are read at most");
        return Err(unusable(
            &format!("`{}` is too long", file.display()),
            &why,
            "see whether it is the file you mean",
        ));
    }
    Ok(bytes)
}

/// Reads a file, or so much of it.
fn bounded_by(file: &Path, most: usize) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let read = File::open(file).and_then(|open| open.take(most as u64).read_to_end(&mut bytes));
    read.map_err(|why| {
        let hint = "see whether it is there, and may be read";
        unusable(&format!("`{}` cannot be read", file.display()), &why.to_string(), hint)
    })?;
    Ok(bytes)
}

fn unusable(what: &str, why: &str, hint: &str) -> Failure {
    Failure::new(FailureKind::Usage, what).because(why).hint(hint)
}

/// A sentence of the core's, whose second half says what to do.
fn parted(sentence: &str) -> (&str, &str) {
    sentence.split_once("; ").unwrap_or((sentence, "`syndic governor sign --help` says which keys sign"))
}

fn now() -> Time {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Time::from_ms(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
