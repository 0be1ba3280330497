//! Whose a component is: `governor sign` and `governor verify`, and OpenSSH, which says the same.
//!
//! What a signature may and may not be is told in the core's tests, byte by byte. Here is what a publisher and an
//! operator type, and what the tool that they have already makes of it.

use std::fs;
use std::process::{Command, Stdio};

use serde_json::json;

use crate::author::Desk;
use crate::guest::{APPROVE, evaluating};
use crate::syndic::Told;

/// A key of nobody's.
pub(crate) const PRIVATE: &str = "-----BEGIN OPENSSH PRIVATE KEY-----
b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW
QyNTUxOQAAACD2lHqSFnC2ADnJI1hU64i8GKpSOrKwNCK2Xiv30J3OZgAAAJAczKQOHMyk
DgAAAAtzc2gtZWQyNTUxOQAAACD2lHqSFnC2ADnJI1hU64i8GKpSOrKwNCK2Xiv30J3OZg
AAAEDKnzDJ1FVDPkxU8eH9WwnBsOwHDhHlIR7LjyjZ/HxTO/aUepIWcLYAOckjWFTriLwY
qlI6srA0IrZeK/fQnc5mAAAABm5vYm9keQECAwQFBgc=
-----END OPENSSH PRIVATE KEY-----
";
pub(crate) const PUBLIC: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPaUepIWcLYAOckjWFTriLwYqlI6srA0IrZeK/fQnc5m";
const STRANGER: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJvfnBtnnZrMCiIsrtkrHsp0fV46NBI57PUQP1pnRFEt";

/// A desk with a component and a publisher's keys.
fn desk() -> Desk {
    let desk = Desk::new();
    desk.file("guest.wasm", evaluating(APPROVE));
    desk.file("acme", PRIVATE);
    desk.file("acme.pub", format!("{PUBLIC} somebody@acme\n"));
    desk
}

fn verified(desk: &Desk, more: &[&str]) -> Told {
    desk.governor(&[&["verify", "guest.wasm"], more].concat())
}

#[test]
fn a_signed_component_is_known_by_its_publisher_until_anything_changes() {
    let desk = desk();
    let by_acme = ["--publisher", "acme=acme.pub"];
    verified(&desk, &by_acme).fails(1, &["it is not signed", "have it signed by `acme`"]);
    let signed = desk.governor(&["sign", "guest.wasm", "--key", "acme", "--json"]).exits(0).values();
    assert_eq!(signed[0]["signature"], "guest.wasm.sig");
    let once = fs::read(desk.path("guest.wasm.sig")).unwrap();
    desk.governor(&["sign", "guest.wasm", "--key", "acme", "--out", "again.sig"]).exits(0);
    assert_eq!(once, fs::read(desk.path("again.sig")).unwrap(), "a signature has no chance in it");

    let told = verified(&desk, &[&by_acme[..], &["--json"]].concat()).exits(0).values();
    let digest = &signed[0]["digest"];
    let expected = json!({
        "file": "guest.wasm", "genuine": true, "digest": digest, "publisher": "acme", "key": signed[0]["key"],
    });
    assert_eq!(told[0], expected);
    verified(&desk, &["--signature", "again.sig", "--publisher", &format!("acme={PUBLIC}")]).exits(0);
    desk.file("signers", format!("# ours\nacme namespaces=\"syndic-governor\" {PUBLIC}\n"));
    verified(&desk, &["--publishers", "signers"]).exits(0);
    desk.file("signers", format!("acme valid-before=\"20200101Z\" {PUBLIC}\n"));
    verified(&desk, &["--publishers", "signers"]).fails(1, &["counted until 2020-01-01T00:00:00Z"]);
    verified(&desk, &["--publisher", &format!("zenith={STRANGER}")])
        .fails(1, &["no key of `zenith`", "list it among the publishers", PUBLIC]);

    let mut changed = fs::read(desk.path("guest.wasm")).unwrap();
    *changed.last_mut().unwrap() ^= 1;
    desk.file("guest.wasm", changed);
    verified(&desk, &by_acme).fails(1, &["is not of these bytes", "fetch both again"]);
    let told = verified(&desk, &[&by_acme[..], &["--json"]].concat()).exits(1).values();
    assert_eq!((&told[0]["genuine"], &told[0]["why"]), (&json!(false), &json!("wrong-signature")));
}

#[test]
fn what_cannot_sign_or_be_read_says_what_it_is_instead() {
    let desk = desk();
    desk.governor(&["sign", "guest.wasm", "--key", "acme.pub"]).fails(2, &["a public key", "without `.pub`"]);
    desk.governor(&["sign", "guest.wasm", "--key", "guest.wasm"]).fails(2, &["not a private key of OpenSSH"]);
    desk.governor(&["sign", "none.wasm", "--key", "acme"]).fails(2, &["`none.wasm` cannot be read"]);
    let nobody = verified(&desk, &[]).exits(2);
    assert!(nobody.err.contains("--publisher"), "{}", nobody.err);
    verified(&desk, &["--publisher", "acme"]).fails(2, &["`acme` is not a publisher"]);
    verified(&desk, &["--publisher", "acme=acme"]).fails(2, &["it is a private key"]);
    verified(&desk, &["--publisher", "acme=ssh-rsa AAAA"]).fails(2, &["only `ssh-ed25519` counts"]);
    verified(&desk, &["--publisher", "acme=acme.pub", "--signature", "nowhere"]).fails(2, &["cannot be read"]);
    desk.file("guest.wasm.sig", vec![b' '; 1_000_000]);
    verified(&desk, &["--publisher", "acme=acme.pub"]).fails(2, &["over 16384"]);
}

/// Runs `ssh-keygen` on a desk, with something to read; none where it is not installed.
fn ssh_keygen(desk: &Desk, args: &[&str], reads: &str) -> Option<bool> {
    let stdin = fs::File::open(desk.path(reads)).unwrap();
    let mut keygen = Command::new("ssh-keygen");
    keygen.args(args).current_dir(desk.path(".")).stdin(stdin).stdout(Stdio::null()).stderr(Stdio::null());
    keygen.status().ok().map(|status| status.success())
}

#[test]
fn openssh_and_this_program_take_each_others_signatures() {
    let desk = desk();
    let made = ssh_keygen(&desk, &["-q", "-t", "ed25519", "-N", "", "-f", "own"], "guest.wasm");
    if made.is_none() {
        eprintln!("ssh-keygen is not installed: what it signs and verifies was not compared");
        return;
    }
    assert_eq!(made, Some(true));
    desk.governor(&["sign", "guest.wasm", "--key", "own"]).exits(0);
    let public = fs::read_to_string(desk.path("own.pub")).unwrap();
    desk.file("signers", format!("own {public}"));
    let check = ["-Y", "verify", "-n", "syndic-governor", "-I", "own", "-f", "signers", "-s", "guest.wasm.sig"];
    assert_eq!(ssh_keygen(&desk, &check, "guest.wasm"), Some(true), "ours is good to ssh-keygen");
    assert_eq!(ssh_keygen(&desk, &check, "acme"), Some(false), "and of nothing else");

    let sign = |namespace: &'static str, key: &'static str| {
        fs::remove_file(desk.path("guest.wasm.sig")).unwrap();
        assert_eq!(ssh_keygen(&desk, &["-Y", "sign", "-n", namespace, "-f", key, "guest.wasm"], "acme"), Some(true));
    };
    sign("syndic-governor", "own");
    verified(&desk, &["--publishers", "signers"]).exits(0);
    sign("file", "own");
    verified(&desk, &["--publishers", "signers"]).fails(1, &["signed for `file`"]);

    for kind in ["ecdsa", "rsa"] {
        assert_eq!(ssh_keygen(&desk, &["-q", "-t", kind, "-N", "", "-f", kind], "acme"), Some(true));
        desk.governor(&["sign", "guest.wasm", "--key", kind]).fails(2, &["only `ssh-ed25519` counts"]);
        sign("syndic-governor", kind);
        verified(&desk, &["--publishers", "signers"]).fails(1, &["only `ssh-ed25519` counts"]);
    }
    assert_eq!(ssh_keygen(&desk, &["-q", "-t", "ed25519", "-N", "a secret", "-f", "sealed"], "acme"), Some(true));
    desk.governor(&["sign", "guest.wasm", "--key", "sealed"]).fails(2, &["it is encrypted", "ssh-keygen -Y sign"]);
}
