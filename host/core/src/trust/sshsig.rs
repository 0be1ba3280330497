//! One SSH signature: read, made, verified.
//!
//! ```text
//! the file    -----BEGIN SSH SIGNATURE-----, Base64 in lines, -----END SSH SIGNATURE-----
//! in it       "SSHSIG", version 1, public key, namespace, reserved, hash algorithm, signature
//! is signed   "SSHSIG", namespace, reserved, hash algorithm, hash of the component
//! ```
//!
//! Two hash algorithms are read: `sha512`, which `ssh-keygen` takes by itself, and `sha256`, which is what
//! [`sign`] writes. With the latter it is the component's digest that is signed, so that whoever has the signature and
//! a receipt, which names the digest, can check one against the other without the component.

use ed25519_dalek::{Signature, Signer as _};
use sha2::{Digest as _, Sha256, Sha512};
use ssh_encoding::pem::{LineEnding, PemLabel};
use ssh_encoding::{Decode, DecodePem, Encode, EncodePem, Error, Reader, Writer};

use super::key::{ED25519, Unread};
use super::{NAMESPACE, PrivateKey, PublicKey, Refused};

/// The longest file that is read. An Ed25519 signature has some 300 bytes, one of another kind at most a few thousand.
pub const FILE_MAX_BYTES: usize = 16 * 1024;

const BEGIN: &str = "-----BEGIN SSH SIGNATURE-----";
const END: &str = "-----END SSH SIGNATURE-----";

const MAGIC: [u8; 6] = *b"SSHSIG";
const VERSION: u32 = 1;

/// A hash that a signature may be of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum HashKind {
    Sha256,
    Sha512,
}

impl HashKind {
    const ALL: [Self; 2] = [Self::Sha256, Self::Sha512];

    fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Sha512 => "sha512",
        }
    }

    fn of(self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha256 => Sha256::digest(bytes).to_vec(),
            Self::Sha512 => Sha512::digest(bytes).to_vec(),
        }
    }

    /// What is signed of some bytes.
    fn message(self, bytes: &[u8]) -> Vec<u8> {
        let mut message = MAGIC.to_vec();
        for part in [NAMESPACE.as_bytes(), b"", self.name().as_bytes(), &self.of(bytes)] {
            part.encode(&mut message).expect("a hash fits into memory");
        }
        message
    }
}

/// A signature for a governor, of nobody knows what until it is verified.
#[derive(Debug)]
pub struct Signed {
    /// The key it says it is by.
    pub key: PublicKey,
    hash: HashKind,
    signature: Signature,
}

/// Reads a signature's file.
///
/// # Errors
/// It is not one signature, of the one kind, for governors.
pub fn read(file: &[u8]) -> Result<Signed, Refused> {
    let fields = Fields::decode_pem(one_armour(file)?.as_bytes()).map_err(|why| Refused::unreadable(damage(&why)))?;
    fields.checked()
}

/// Signs a component. The same key and bytes give the same file, always.
pub fn sign(key: &PrivateKey, component: &[u8]) -> String {
    let hash = HashKind::Sha256;
    let signature = key.0.sign(&hash.message(component)).to_bytes();
    let mut wire = Vec::new();
    let written = ED25519.encode(&mut wire).and_then(|()| signature.as_slice().encode(&mut wire));
    written.expect("a signature fits into memory");
    let fields = Fields {
        version: VERSION,
        key: key.public().wire(),
        namespace: NAMESPACE.into(),
        reserved: Vec::new(),
        hash: hash.name().into(),
        signature: wire,
    };
    fields.encode_pem_string(LineEnding::LF).expect("a signature fits into memory")
}

impl Signed {
    /// Whether it is of these bytes, under the strict rules: no second spelling of a signature, no key of small order.
    ///
    /// # Errors
    /// It is not.
    pub fn verify(&self, component: &[u8]) -> Result<(), Refused> {
        let message = self.hash.message(component);
        let verified = self.key.verifier().verify_strict(&message, &self.signature);
        verified.map_err(|_| Refused::wrong_signature(&self.key))
    }
}

/// The armour of a file that holds one signature and nothing else, as text without the line break at its end.
fn one_armour(file: &[u8]) -> Result<&str, Refused> {
    if file.len() > FILE_MAX_BYTES {
        return Err(Refused::unreadable(format!("it has {} bytes, over {FILE_MAX_BYTES}", file.len())));
    }
    let text = std::str::from_utf8(file).map_err(|_| Refused::unreadable("it is not text"))?.trim_end();
    match (text.matches(BEGIN).count(), text.starts_with(BEGIN), text.ends_with(END)) {
        (0, ..) => Err(Refused::unreadable(format!("it does not begin with `{BEGIN}`"))),
        (1, true, true) => Ok(text),
        (1, false, _) => Err(Refused::unreadable("something stands before it")),
        (1, true, false) if text.contains(END) => Err(Refused::unreadable("something follows it")),
        (1, true, false) => Err(Refused::unreadable("it is cut off")),
        (several, ..) => Err(Refused::unreadable(format!("there are {several} in one file, and one is asked for"))),
    }
}

/// What is wrong, in words that do not suppose a reader of the specification.
fn damage(why: &Error) -> String {
    match why {
        Error::Length | Error::Overflow => "it is cut off, or garbled".to_owned(),
        Error::TrailingData { remaining } => format!("{remaining} bytes follow it inside its armour"),
        other => format!("it is garbled: {other}"),
    }
}

/// What stands in the armour, field by field.
struct Fields {
    version: u32,
    key: Vec<u8>,
    namespace: String,
    reserved: Vec<u8>,
    hash: String,
    signature: Vec<u8>,
}

impl Fields {
    fn checked(self) -> Result<Signed, Refused> {
        if self.version != VERSION {
            return Err(Refused::unreadable(format!("it has version {}, and {VERSION} is known", self.version)));
        }
        // First what a person got wrong, then what nobody meant.
        let key = PublicKey::of_wire(&self.key).map_err(|unread| match unread {
            Unread::OtherKind(kind) => Refused::other_algorithm(&kind),
            Unread::Garbled(why) => Refused::unreadable(why),
        })?;
        if self.namespace != NAMESPACE {
            return Err(Refused::other_namespace(&self.namespace));
        }
        if !self.reserved.is_empty() {
            return Err(Refused::unreadable("a field that is reserved is not empty"));
        }
        let hash = HashKind::ALL.into_iter().find(|hash| hash.name() == self.hash);
        let hash = hash.ok_or_else(|| Refused::unreadable("it is of a hash other than sha256 and sha512"))?;
        Ok(Signed { key, hash, signature: signature(&self.signature)? })
    }
}

/// Reads a signature in SSH's wire form: its kind, and its 64 bytes.
fn signature(mut wire: &[u8]) -> Result<Signature, Refused> {
    let cut = |_: Error| Refused::unreadable("the signature in it is cut off");
    let kind = String::decode(&mut wire).map_err(cut)?;
    if kind != ED25519 {
        return Err(Refused::other_algorithm(&kind));
    }
    let bytes = Vec::<u8>::decode(&mut wire).map_err(cut)?;
    match (<[u8; 64]>::try_from(bytes), wire) {
        (Ok(bytes), []) => Ok(Signature::from_bytes(&bytes)),
        _ => Err(Refused::unreadable("the signature in it has not 64 bytes")),
    }
}

impl PemLabel for Fields {
    const PEM_LABEL: &'static str = "SSH SIGNATURE";
}

impl Decode for Fields {
    type Error = Error;

    fn decode(reader: &mut impl Reader) -> Result<Self, Error> {
        if <[u8; 6]>::decode(reader)? != MAGIC {
            return Err(Error::Length);
        }
        Ok(Self {
            version: u32::decode(reader)?,
            key: Vec::decode(reader)?,
            namespace: String::decode(reader)?,
            reserved: Vec::decode(reader)?,
            hash: String::decode(reader)?,
            signature: Vec::decode(reader)?,
        })
    }
}

impl Encode for Fields {
    fn encoded_len(&self) -> Result<usize, Error> {
        let strings = [&self.key, self.namespace.as_bytes(), &self.reserved, self.hash.as_bytes(), &self.signature];
        Ok(MAGIC.len() + 4 + strings.iter().map(|string| 4 + string.len()).sum::<usize>())
    }

    fn encode(&self, writer: &mut impl Writer) -> Result<(), Error> {
        writer.write(&MAGIC)?;
        self.version.encode(writer)?;
        self.key.encode(writer)?;
        self.namespace.encode(writer)?;
        self.reserved.encode(writer)?;
        self.hash.encode(writer)?;
        self.signature.encode(writer)
    }
}
