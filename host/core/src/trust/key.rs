//! Ed25519 keys, as OpenSSH writes them: the public one on a line, the private one in its armour.

use std::fmt;
use std::str::FromStr;

use ed25519_dalek::{SigningKey, VerifyingKey};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest as _, Sha256};
use ssh_encoding::base64::{Base64, Base64Unpadded, Encoding};
use ssh_encoding::pem::PemLabel;
use ssh_encoding::{Decode, DecodePem, Encode, Error, Reader};

use super::refused::short;
use crate::text::read_str;

/// The only kind of key that is read.
pub(super) const ED25519: &str = "ssh-ed25519";

/// The longest line that may hold a public key.
const LINE_MAX_BYTES: usize = 1024;
/// The longest file that may hold a private key; one of Ed25519 has some 400 bytes.
const FILE_MAX_BYTES: usize = 16 * 1024;

/// A publisher's public key. Two keys are one if their bytes are: there is one spelling of each.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

impl PublicKey {
    /// Reads the 32 bytes of a key.
    fn of(bytes: &[u8]) -> Result<Self, String> {
        let bytes: &[u8; 32] =
            bytes.try_into().map_err(|_| format!("a key has 32 bytes, and it has {}", bytes.len()))?;
        let key = VerifyingKey::from_bytes(bytes).map_err(|_| "its bytes are no point of the curve".to_owned())?;
        if key.is_weak() {
            return Err("it is one of the few keys for which anybody can sign".to_owned());
        }
        if key.to_edwards().compress().as_bytes() != bytes {
            return Err("its bytes are another spelling of a key, and each has one".to_owned());
        }
        Ok(Self(key))
    }

    /// Reads a key in SSH's wire form: its kind, and its bytes.
    pub(super) fn of_wire(mut wire: &[u8]) -> Result<Self, Unread> {
        let garbled = |_: Error| Unread::Garbled("the key in it is cut off".to_owned());
        let kind = String::decode(&mut wire).map_err(garbled)?;
        if kind != ED25519 {
            return Err(Unread::OtherKind(kind));
        }
        let bytes = Vec::decode(&mut wire).map_err(garbled)?;
        if !wire.is_empty() {
            return Err(Unread::Garbled("something follows the key in it".to_owned()));
        }
        Self::of(&bytes).map_err(|why| Unread::Garbled(format!("the key in it cannot be used: {why}")))
    }

    pub(super) fn wire(&self) -> Vec<u8> {
        let mut wire = Vec::new();
        let written = ED25519.encode(&mut wire).and_then(|()| self.0.as_bytes().as_slice().encode(&mut wire));
        written.expect("a key fits into memory");
        wire
    }

    pub(super) fn verifier(&self) -> &VerifyingKey {
        &self.0
    }

    /// What stands for the key where it is too long, as `ssh-keygen -l` prints it.
    pub fn fingerprint(&self) -> String {
        format!("SHA256:{}", Base64Unpadded::encode_string(&Sha256::digest(self.wire())))
    }
}

fn other_kind(kind: &str) -> String {
    let kind = short(kind);
    format!("it is of the kind `{kind}`, and only `{ED25519}` counts; make one with `ssh-keygen -t ed25519`")
}

/// What cannot be read as an Ed25519 key.
#[derive(Debug)]
pub(super) enum Unread {
    /// A key of another kind.
    OtherKind(String),
    /// No key.
    Garbled(String),
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{ED25519} {}", Base64::encode_string(&self.wire()))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", self.fingerprint())
    }
}

impl FromStr for PublicKey {
    type Err = String;

    /// Reads the line of a `.pub` file: the kind, the key, and a comment that nobody needs.
    fn from_str(line: &str) -> Result<Self, String> {
        if line.contains("PRIVATE KEY") {
            return Err("it is a private key; give the one in the file that ends in `.pub`".to_owned());
        }
        if line.len() > LINE_MAX_BYTES || line.trim().contains('\n') {
            return Err(format!("a public key is one line of at most {LINE_MAX_BYTES} bytes"));
        }
        let mut words = line.split_ascii_whitespace();
        let (Some(kind), Some(key)) = (words.next(), words.next()) else {
            return Err(format!("a public key is written `{ED25519} AAAA…`, as in the file that ends in `.pub`"));
        };
        if kind != ED25519 {
            return Err(other_kind(kind));
        }
        let wire = Base64::decode_vec(key).map_err(|_| "what follows its kind is not Base64".to_owned())?;
        Self::of_wire(&wire).map_err(|unread| match unread {
            Unread::OtherKind(kind) => other_kind(&kind),
            Unread::Garbled(why) => why,
        })
    }
}

impl Serialize for PublicKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for PublicKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        read_str(deserializer, str::parse)
    }
}

/// A publisher's private key. It is forgotten, with what it was made of, when it is dropped; it prints nothing.
pub struct PrivateKey(pub(super) SigningKey);

impl PrivateKey {
    /// Reads the file that `ssh-keygen -t ed25519` writes.
    ///
    /// # Errors
    /// A sentence: what it is instead, and what to do.
    pub fn read(file: &[u8]) -> Result<Self, String> {
        if file.len() > FILE_MAX_BYTES {
            return Err(format!("it has {} bytes, and no key has over {FILE_MAX_BYTES}", file.len()));
        }
        if file.starts_with(b"ssh-") {
            return Err("it is a public key; give the file without `.pub`".to_owned());
        }
        if !file.starts_with(b"-----BEGIN OPENSSH PRIVATE KEY-----") {
            return Err("it is not a private key of OpenSSH; make one with `ssh-keygen -t ed25519`".to_owned());
        }
        let sealed = Sealed::decode_pem(file.trim_ascii_end())
            .map_err(|why| format!("it is damaged: {why}; take it from where you keep a copy"))?;
        sealed.open()
    }

    /// The public half.
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key())
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PrivateKey(of {:?})", self.public())
    }
}

/// The file of a private key, whose second half may be encrypted.
struct Sealed {
    cipher: String,
    keys: u32,
    public: Vec<u8>,
    private: Vec<u8>,
}

/// What the file begins with.
const MAGIC: [u8; 15] = *b"openssh-key-v1\0";

impl PemLabel for Sealed {
    const PEM_LABEL: &'static str = "OPENSSH PRIVATE KEY";
}

impl Decode for Sealed {
    type Error = Error;

    fn decode(reader: &mut impl Reader) -> Result<Self, Error> {
        if <[u8; 15]>::decode(reader)? != MAGIC {
            return Err(Error::Length);
        }
        let cipher = String::decode(reader)?;
        let _kdf = (String::decode(reader)?, Vec::<u8>::decode(reader)?);
        let keys = u32::decode(reader)?;
        Ok(Self { cipher, keys, public: Vec::decode(reader)?, private: Vec::decode(reader)? })
    }
}

impl Sealed {
    fn open(self) -> Result<PrivateKey, String> {
        let public = match PublicKey::of_wire(&self.public) {
            Ok(public) if self.keys == 1 => public,
            Err(Unread::OtherKind(kind)) => return Err(other_kind(&kind)),
            _ => return Err("it is damaged: it does not hold one key".to_owned()),
        };
        if self.cipher != "none" {
            return Err(
                "it is encrypted, and nobody is asked for a passphrase here; sign with `ssh-keygen -Y sign`, which asks, \
                 or take the passphrase off a copy with `ssh-keygen -p`"
                    .to_owned(),
            );
        }
        let key = secret(&self.private).map_err(|_| "it is damaged: its halves do not fit".to_owned())?;
        if key.verifying_key() != *public.verifier() {
            return Err("it is damaged: its halves do not fit".to_owned());
        }
        Ok(PrivateKey(key))
    }
}

/// Reads the half that is secret: two equal numbers, which show that decryption worked, the kind, both keys.
fn secret(mut private: &[u8]) -> Result<SigningKey, Error> {
    let reader = &mut private;
    let (one, other) = (u32::decode(reader)?, u32::decode(reader)?);
    let kind = String::decode(reader)?;
    let _public = Vec::<u8>::decode(reader)?;
    let mut pair = [0; 64];
    if one != other || kind != ED25519 || reader.read_byten(&mut pair)?.len() != pair.len() {
        return Err(Error::Length);
    }
    SigningKey::from_keypair_bytes(&pair).map_err(|_| Error::Length)
}
