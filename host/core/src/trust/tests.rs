//! What gets past a slot, and what does not. The texts here were written by `ssh-keygen`, with a key made for them.

use ed25519_dalek::{Signer as _, SigningKey};
use sha2::{Digest as _, Sha512};
use ssh_encoding::base64::{Base64, Encoding};

use super::*;

const COMPONENT: &[u8] = b"a component";

const PRIVATE: &str = "-----BEGIN OPENSSH PRIVATE KEY-----
b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW
QyNTUxOQAAACD2lHqSFnC2ADnJI1hU64i8GKpSOrKwNCK2Xiv30J3OZgAAAJAczKQOHMyk
DgAAAAtzc2gtZWQyNTUxOQAAACD2lHqSFnC2ADnJI1hU64i8GKpSOrKwNCK2Xiv30J3OZg
AAAEDKnzDJ1FVDPkxU8eH9WwnBsOwHDhHlIR7LjyjZ/HxTO/aUepIWcLYAOckjWFTriLwY
qlI6srA0IrZeK/fQnc5mAAAABm5vYm9keQECAwQFBgc=
-----END OPENSSH PRIVATE KEY-----
";
const PUBLIC: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPaUepIWcLYAOckjWFTriLwYqlI6srA0IrZeK/fQnc5m";
const FINGERPRINT: &str = "SHA256:Np9eLt3t9hAPuKCLpB9jQhd5RmR/WoGwJBjTagGQGiU";

/// `ssh-keygen -Y sign -n syndic-governor -O hashalg=sha256`
const BY_SHA256: &str = "-----BEGIN SSH SIGNATURE-----
U1NIU0lHAAAAAQAAADMAAAALc3NoLWVkMjU1MTkAAAAg9pR6khZwtgA5ySNYVOuIvBiqUj
qysDQitl4r99CdzmYAAAAPc3luZGljLWdvdmVybm9yAAAAAAAAAAZzaGEyNTYAAABTAAAA
C3NzaC1lZDI1NTE5AAAAQJOyx9y6xpfSTEvRZzQWbe3LIhzAe7HadvWtJlDjt9SM+OCXb3
J30dqoNJ9zudenJ+KtXvGn54KXFbJ2mOoCEAA=
-----END SSH SIGNATURE-----
";

/// `ssh-keygen -Y sign -n syndic-governor`
const BY_SHA512: &str = "-----BEGIN SSH SIGNATURE-----
U1NIU0lHAAAAAQAAADMAAAALc3NoLWVkMjU1MTkAAAAg9pR6khZwtgA5ySNYVOuIvBiqUj
qysDQitl4r99CdzmYAAAAPc3luZGljLWdvdmVybm9yAAAAAAAAAAZzaGE1MTIAAABTAAAA
C3NzaC1lZDI1NTE5AAAAQN7mA3FsQZ5Km8DwVL8PWtZ/4xZ/zq8TSL6gRdkGoRMK4gFRca
P3fy9noHFMQpdSvBWzJs+t93SzrV7wkVjpdQY=
-----END SSH SIGNATURE-----
";

/// `ssh-keygen -Y sign -n git`
const FOR_GIT: &str = "-----BEGIN SSH SIGNATURE-----
U1NIU0lHAAAAAQAAADMAAAALc3NoLWVkMjU1MTkAAAAg9pR6khZwtgA5ySNYVOuIvBiqUj
qysDQitl4r99CdzmYAAAADZ2l0AAAAAAAAAAZzaGE1MTIAAABTAAAAC3NzaC1lZDI1NTE5
AAAAQKZd21BNatvvn+QdUkA0jHs6kk3n+kFLn7Sf5G+GllSUX17d8RD5qWCvjfCXckO7K9
LXQ9A0fFgeEDDauT8mIwI=
-----END SSH SIGNATURE-----
";

/// By a key of ECDSA.
const BY_ECDSA: &str = "-----BEGIN SSH SIGNATURE-----
U1NIU0lHAAAAAQAAAGgAAAATZWNkc2Etc2hhMi1uaXN0cDI1NgAAAAhuaXN0cDI1NgAAAE
EEi2YZ0fvZKYAPI9k43zTLZZRoemKxjflMac5vvG0FUjGdrB8yyzQAA3l4XrIGFuLsX6z8
+/fevHmrOsN6hrkrXwAAAA9zeW5kaWMtZ292ZXJub3IAAAAAAAAABnNoYTUxMgAAAGUAAA
ATZWNkc2Etc2hhMi1uaXN0cDI1NgAAAEoAAAAhAJuRuAoJHRhn51tc31kwNw2UkSBnHyQ5
+TPzL6g/prSzAAAAIQDqVQKRWr6h7a6zf2zkJv8k+hTbi/dpWGTCzS8/ozpDSw==
-----END SSH SIGNATURE-----
";

fn acme() -> Publisher {
    Publisher::new("acme", PUBLIC.parse().unwrap())
}

fn required(publishers: Vec<Publisher>) -> Policy {
    Policy { signature: Signature::Required, publishers, pins: Vec::new() }
}

fn at(time: &str) -> Time {
    Time::parse(time).unwrap()
}

fn asked(policy: &Policy, component: &[u8], signature: Option<&[u8]>) -> Result<Provenance, Refused> {
    judge(policy, &Slot::new("billing").unwrap(), component, signature, at("2026-06-01T00:00:00Z"))
}

#[track_caller]
fn refused(signature: impl AsRef<[u8]>, why: Why, says: &str) {
    let refused = asked(&required(vec![acme()]), COMPONENT, Some(signature.as_ref())).unwrap_err();
    assert_eq!(refused.why, why, "{refused}");
    assert!(refused.to_string().contains(says), "{refused}");
    assert!(!refused.hint.is_empty() && !refused.to_string().contains('\n'), "{refused}");
}

/// SSH's strings, one after another.
fn strings(parts: &[&[u8]]) -> Vec<u8> {
    let string = |part: &&[u8]| [&u32::try_from(part.len()).unwrap().to_be_bytes(), *part].concat();
    parts.iter().flat_map(string).collect()
}

fn armoured(bytes: &[u8]) -> String {
    let text = Base64::encode_string(bytes);
    let lines: Vec<&str> = text.as_bytes().chunks(70).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN SSH SIGNATURE-----\n{}\n-----END SSH SIGNATURE-----\n", lines.join("\n"))
}

/// A file in which everything may be wrong.
fn file(key: &[u8], namespace: &str, reserved: &str, hash: &str, signature: &[u8]) -> Vec<u8> {
    let fields = strings(&[key, namespace.as_bytes(), reserved.as_bytes(), hash.as_bytes(), signature]);
    [b"SSHSIG\0\0\0\x01".as_slice(), &fields].concat()
}

fn key_of(public: &[u8]) -> Vec<u8> {
    strings(&[b"ssh-ed25519", public])
}

/// A seed's key, and its honest signature of some bytes.
fn signed(seed: u8, namespace: &str, reserved: &str) -> (SigningKey, [u8; 64]) {
    let key = SigningKey::from_bytes(&[seed; 32]);
    let hash = Sha512::digest(COMPONENT);
    let parts = [namespace.as_bytes(), reserved.as_bytes(), b"sha512", hash.as_slice()];
    let signature = key.sign(&[b"SSHSIG".as_slice(), &strings(&parts)].concat()).to_bytes();
    (key, signature)
}

/// Somebody with that seed's key.
fn holder(seed: u8) -> Policy {
    let key = SigningKey::from_bytes(&[seed; 32]);
    let line = format!("ssh-ed25519 {}", Base64::encode_string(&key_of(key.verifying_key().as_bytes())));
    required(vec![Publisher::new("holder", line.parse().unwrap())])
}

#[test]
fn what_ssh_keygen_signed_is_let_in_and_named() {
    for signature in [BY_SHA256, BY_SHA512, &BY_SHA512.replace('\n', "\r\n")] {
        let whose = asked(&required(vec![acme()]), COMPONENT, Some(signature.as_bytes())).unwrap();
        assert_eq!(whose.publisher.as_deref(), Some("acme"));
        assert_eq!(whose.key.as_deref(), Some(FINGERPRINT));
    }
}

#[test]
fn we_sign_as_ssh_keygen_does_to_the_letter() {
    let key = PrivateKey::read(PRIVATE.as_bytes()).unwrap();
    assert_eq!(sshsig::sign(&key, COMPONENT), BY_SHA256);
    assert_eq!(key.public().to_string(), PUBLIC);
    assert!(!format!("{key:?}").contains("SigningKey"), "a private key prints nothing of itself");
}

#[test]
fn a_signature_is_of_its_bytes_its_purpose_and_its_publisher() {
    let other = asked(&required(vec![acme()]), b"a Component", Some(BY_SHA256.as_bytes())).unwrap_err();
    assert_eq!(other.why, Why::WrongSignature);
    refused(FOR_GIT, Why::OtherNamespace, "signed for `git`");
    refused(BY_ECDSA, Why::OtherAlgorithm, "`ecdsa-sha2-nistp256`");
    let (key, signature) = signed(7, NAMESPACE, "");
    let honest =
        file(&key_of(key.verifying_key().as_bytes()), NAMESPACE, "", "sha512", &strings(&[b"ssh-ed25519", &signature]));
    assert!(asked(&holder(7), COMPONENT, Some(armoured(&honest).as_bytes())).is_ok());
    refused(armoured(&honest), Why::UnknownKey, "which is no key of `acme`; if you trust it");
    let changed = [COMPONENT, b"!"].concat();
    let stranger = asked(&required(vec![acme()]), &changed, Some(armoured(&honest).as_bytes())).unwrap_err();
    assert_eq!(stranger.why, Why::WrongSignature, "nobody is told to trust a key for bytes that it did not sign");
}

#[test]
fn a_key_of_one_kind_does_not_lend_its_name_to_a_signature_of_another() {
    let (key, signature) = signed(7, NAMESPACE, "");
    let key = key_of(key.verifying_key().as_bytes());
    let by = |kind: &[u8]| armoured(&file(&key, NAMESPACE, "", "sha512", &strings(&[kind, &signature])));
    refused(by(b"ssh-rsa"), Why::OtherAlgorithm, "`ssh-rsa`");
    refused(by(b"none"), Why::OtherAlgorithm, "`none`");
    let rsa =
        file(&strings(&[b"ssh-rsa", &[1; 300]]), NAMESPACE, "", "sha512", &strings(&[b"rsa-sha2-512", &[1; 256]]));
    refused(armoured(&rsa), Why::OtherAlgorithm, "`ssh-rsa`, and only `ssh-ed25519` counts");
    let token = file(&strings(&[b"sk-ssh-ed25519@openssh.com"]), NAMESPACE, "", "sha512", b"");
    refused(armoured(&token), Why::OtherAlgorithm, "sk-ssh-ed25519");
}

/// Every signature of Ed25519 has a twin, whose number is greater by the group's order.
#[test]
fn a_signature_has_no_second_spelling() {
    const ORDER: [u8; 32] = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];
    let (key, mut signature) = signed(7, NAMESPACE, "");
    let mut carry = 0;
    for (byte, order) in signature[32..].iter_mut().zip(ORDER) {
        let sum = u16::from(*byte) + u16::from(order) + carry;
        (*byte, carry) = (sum.to_le_bytes()[0], sum >> 8);
    }
    assert_eq!(carry, 0, "the twin fits into its bytes, so that only a rule keeps it out");
    let key = key_of(key.verifying_key().as_bytes());
    let twin = armoured(&file(&key, NAMESPACE, "", "sha512", &strings(&[b"ssh-ed25519", &signature])));
    let refused = asked(&holder(7), COMPONENT, Some(twin.as_bytes())).unwrap_err();
    assert_eq!(refused.why, Why::WrongSignature, "{refused}");
}

/// With such a key, one signature is good for every message.
#[test]
fn a_key_for_which_anybody_can_sign_is_no_key() {
    let mut order_four = [0; 32];
    order_four[31] = 0x80;
    let mut identity = [0; 32];
    identity[0] = 1;
    for weak in [[0; 32], order_four, identity] {
        let wire = key_of(&weak);
        let line = format!("ssh-ed25519 {}", Base64::encode_string(&wire));
        assert!(line.parse::<PublicKey>().unwrap_err().contains("anybody"), "{weak:?}");
        let anything = strings(&[b"ssh-ed25519", &[identity, [0; 32]].concat()]);
        refused(armoured(&file(&wire, NAMESPACE, "", "sha512", &anything)), Why::Unreadable, "anybody can sign");
    }
}

#[test]
fn a_file_is_one_whole_signature_and_nothing_else() {
    let unreadable = |file: &str, says: &str| refused(file, Why::Unreadable, says);
    unreadable("", "does not begin with");
    unreadable("PK\u{3}\u{4}", "does not begin with");
    unreadable(&BY_SHA256[..200], "cut off");
    unreadable(&BY_SHA256[1..], "does not begin with");
    unreadable(&format!("{BY_SHA256}{BY_SHA256}"), "there are 2 in one file");
    unreadable(&format!("{BY_SHA256}and more"), "something follows it");
    unreadable(&format!("to whom it may concern\n{BY_SHA256}"), "something stands before it");
    unreadable(&BY_SHA256.replace("SIGNATURE-----\nU1NI", "SIGNATURE-----\n!!!!"), "garbled");
    unreadable(&BY_SHA256.replace("U1NIU0lH", "U1NIU0lI"), "garbled");
    unreadable(&armoured(b""), "");
    unreadable(&" ".repeat(sshsig::FILE_MAX_BYTES + 1), "over 16384");
    refused([0xff, 0xfe], Why::Unreadable, "not text");
}

#[test]
fn every_field_is_as_it_is_written_and_none_is_left_over() {
    let (key, signature) = signed(7, NAMESPACE, "");
    let (key, by) = (key_of(key.verifying_key().as_bytes()), strings(&[b"ssh-ed25519", &signature]));
    let good = file(&key, NAMESPACE, "", "sha512", &by);
    let unreadable = |bytes: &[u8], says: &str| refused(armoured(bytes), Why::Unreadable, says);
    unreadable(&[&good[..], b"!"].concat(), "1 bytes follow it inside its armour");
    unreadable(&[&good[..9], b"\x02", &good[10..]].concat(), "version 2");
    unreadable(&file(&key, NAMESPACE, "more", "sha512", &by), "reserved");
    unreadable(&file(&key, NAMESPACE, "", "md5", &by), "other than sha256 and sha512");
    unreadable(&file(&[&key[..], b"!"].concat(), NAMESPACE, "", "sha512", &by), "follows the key");
    unreadable(&file(&key, NAMESPACE, "", "sha512", &[&by[..], b"!"].concat()), "not 64 bytes");
    unreadable(&file(&key, NAMESPACE, "", "sha512", &by[..by.len() - 1]), "cut off");
    for end in 0..good.len() {
        refused(armoured(&good[..end]), Why::Unreadable, "");
    }
    // Whichever bit is turned, it is no longer anybody's signature of this component.
    for bit in 0..good.len() * 8 {
        let mut bytes = good.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        assert!(asked(&holder(7), COMPONENT, Some(armoured(&bytes).as_bytes())).is_err(), "bit {bit}");
    }
}

#[test]
fn a_key_counts_in_its_time_and_for_its_slots() {
    let judged = |publishers: Vec<Publisher>, slot: &str, now: &str| {
        let policy = required(publishers);
        judge(&policy, &Slot::new(slot).unwrap(), COMPONENT, Some(BY_SHA512.as_bytes()), at(now)).map_err(|it| it.why)
    };
    let key = Publisher {
        valid_from: Some(at("2026-01-01T00:00:00Z")),
        valid_until: Some(at("2027-01-01T00:00:00Z")),
        slots: vec![Slot::new("billing").unwrap()],
        ..acme()
    };
    let only = |slot, now| judged(vec![key.clone()], slot, now).map(|_| ());
    assert_eq!(only("billing", "2025-12-31T23:59:59Z"), Err(Why::NotYet));
    assert_eq!(only("billing", "2026-01-01T00:00:00Z"), Ok(()));
    assert_eq!(only("billing", "2026-12-31T23:59:59Z"), Ok(()));
    assert_eq!(only("billing", "2027-01-01T00:00:00Z"), Err(Why::NoLonger));
    assert_eq!(only("compliance", "2026-06-01T00:00:00Z"), Err(Why::OtherSlot));
    let renewed = Publisher { valid_from: key.valid_until, valid_until: None, ..key.clone() };
    assert!(judged(vec![key, renewed], "billing", "2027-01-01T00:00:00Z").is_ok(), "a key may be listed twice");
}

#[test]
fn no_signature_is_enough_where_none_is_asked_for_and_a_bad_one_never_is() {
    assert_eq!(asked(&Policy::OPEN, COMPONENT, None), Ok(Provenance::default()));
    assert_eq!(asked(&required(vec![acme()]), COMPONENT, None).unwrap_err().why, Why::Unsigned);
    let nobody = asked(&Policy::OPEN, COMPONENT, Some(BY_SHA256.as_bytes())).unwrap();
    assert_eq!((nobody.publisher, nobody.key.as_deref()), (None, Some(FINGERPRINT)), "where nobody is known");
    assert_eq!(asked(&Policy::OPEN, b"other", Some(BY_SHA256.as_bytes())).unwrap_err().why, Why::WrongSignature);
    let lenient = Policy { signature: Signature::Optional, ..holder(7) };
    assert_eq!(asked(&lenient, COMPONENT, Some(BY_SHA256.as_bytes())).unwrap_err().why, Why::UnknownKey);
}

#[test]
fn a_pinned_slot_takes_what_it_is_pinned_to_and_no_signature_outweighs_that() {
    let pinned = |pins: Vec<Digest>| Policy { pins, ..required(vec![acme()]) };
    let good = Some(BY_SHA256.as_bytes());
    assert!(asked(&pinned(vec![Digest::of(b"one"), Digest::of(COMPONENT)]), COMPONENT, good).is_ok());
    let other = asked(&pinned(vec![Digest::of(b"one")]), COMPONENT, good).unwrap_err();
    assert_eq!(other.why, Why::NotPinned);
    assert!(other.to_string().starts_with(&format!("its digest is {}, and the slot is", Digest::of(COMPONENT))));
    let unsigned = asked(&pinned(vec![Digest::of(COMPONENT)]), COMPONENT, None).unwrap_err();
    assert_eq!(unsigned.why, Why::Unsigned, "and a pin does not outweigh a signature that is asked for");
}

#[test]
fn a_key_that_cannot_be_used_says_what_it_is_instead() {
    let public = |line: &str| line.parse::<PublicKey>().unwrap_err();
    assert!(public("ssh-rsa AAAAB3NzaC1yc2E").contains("of the kind `ssh-rsa`"));
    assert!(public("ssh-ed25519").contains("AAAA…"));
    assert!(public("ssh-ed25519 AAAA!").contains("not Base64"));
    assert!(public(PRIVATE).contains("it is a private key"));
    assert!(public(&PUBLIC[..60]).contains("cut off"));
    assert!(public(&format!("{PUBLIC}\n{PUBLIC}")).contains("one line"));
    assert!(public(&format!("ssh-ed25519 {}", "A".repeat(2_000))).contains("at most 1024 bytes"));
    let private = |file: &str| PrivateKey::read(file.as_bytes()).unwrap_err();
    assert!(private(PUBLIC).contains("without `.pub`"));
    assert!(private("-----BEGIN RSA PRIVATE KEY-----").contains("not a private key of OpenSSH"));
    assert!(private(&PRIVATE.replace("b3BlbnNz", "b3BlbnNy")).contains("damaged"));
    assert!(private(&PRIVATE.replace("yNTUxOQAAACD2l", "yNTUxOQAAACD3l")).contains("damaged"));
    assert!(private(&PRIVATE[..300]).contains("damaged"));
    assert!(private(&" ".repeat(20_000)).contains("no key has over"));
}

#[test]
fn a_policy_reads_as_it_is_written_and_a_slip_of_the_pen_opens_nothing() {
    let policy = Policy { pins: vec![Digest::of(COMPONENT)], ..required(vec![acme()]) };
    let written = serde_json::to_value(&policy).unwrap();
    assert_eq!(written["signature"], "required");
    assert_eq!(written["publishers"][0], serde_json::json!({"name": "acme", "key": PUBLIC}));
    assert_eq!(serde_json::from_value::<Policy>(written).unwrap(), policy);
    assert_eq!(serde_json::from_str::<Policy>("{}").unwrap(), Policy::OPEN);
    for slip in [r#"{"pin":[]}"#, r#"{"signature":"yes"}"#, r#"{"publishers":[{"name":"a","key":"ssh-rsa AAAA"}]}"#] {
        assert!(serde_json::from_str::<Policy>(slip).is_err(), "{slip}");
    }
}

#[test]
fn a_file_of_publishers_is_the_one_that_ssh_keygen_reads() {
    let text = format!(
        "# ours\nacme {PUBLIC} a comment\n\nzenith valid-after=\"20260101Z\",namespaces=\"git,syndic-governor\",valid-before=\"202701012359Z\" {PUBLIC}\nother namespaces=\"git\" {PUBLIC}\n"
    );
    let publishers = signers(&text).unwrap();
    let names: Vec<&str> = publishers.iter().map(|publisher| publisher.name.as_str()).collect();
    assert_eq!(names, ["acme", "zenith"], "who signs something else is nobody here");
    assert_eq!(publishers[0], acme());
    let times = (publishers[1].valid_from, publishers[1].valid_until);
    assert_eq!(times, (Some(at("2026-01-01T00:00:00Z")), Some(at("2027-01-01T23:59:00Z"))));
    let wrong = |line: &str| signers(&format!("\n{line}")).unwrap_err();
    assert!(wrong("acme").starts_with("line 2: a name and a key"));
    assert!(wrong(&format!("*@acme {PUBLIC}")).contains("is not one name"));
    assert!(wrong(&format!("acme cert-authority {PUBLIC}")).contains("`cert-authority` is not understood"));
    assert!(wrong(&format!("acme valid-before=\"20270101\" {PUBLIC}")).contains("in UTC"));
    assert!(wrong("acme ssh-rsa AAAA").contains("`ssh-rsa`"));
}
