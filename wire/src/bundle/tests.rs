//! Every refusal of the bundle, each beside the same bundle accepted.

use ed25519_dalek::SigningKey;
use proptest::prelude::*;

use super::*;

const NOW: u64 = 1_795_000_000;

fn root(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

fn public(key: &SigningKey) -> String {
    STANDARD.encode(key.verifying_key().as_bytes())
}

pub(super) fn bundle() -> Bundle {
    let pq = |n: u8| format!("age1pq1{}", char::from(b'a' + n).to_string().repeat(20));
    let class = |n| ClassKeys { algorithm: Algorithm::PostQuantum, recipients: vec![pq(n), pq(n + 1)] };
    Bundle {
        organisation: "Example Monitors".to_owned(),
        sequence: 5,
        not_before: NOW - 1_000,
        not_after: NOW + 1_000,
        roots: [public(&root(1)), public(&root(2)), public(&root(3))],
        triage: class(0),
        identities: class(2),
        endpoints: vec![Endpoint {
            kind: "direct".to_owned(),
            name: "127.0.0.1".to_owned(),
            addresses: vec!["127.0.0.1:8443".parse().unwrap()],
            tls_root: STANDARD.encode(b"not parsed here"),
            pins: vec![STANDARD.encode([9; 32])],
        }],
        token_keys: vec![STANDARD.encode([8; 32])],
        logs: vec![Log { origin: "log.example/kapok".to_owned(), key: public(&root(9)) }],
        floor: Floor::Low,
    }
}

fn signed(text: &str, seeds: &[u8]) -> UntrustedBundle {
    let mut note = text.to_owned();
    for seed in seeds {
        note = note::sign(&note, ROOT_NAME, &root(*seed)).unwrap();
    }
    UntrustedBundle::from_bytes(note.as_bytes()).unwrap()
}

fn roots() -> RootHashes {
    bundle().root_hashes().unwrap()
}

fn verify(text: &str, seeds: &[u8], in_force: Option<&VerifiedBundle>) -> Result<VerifiedBundle, BundleError> {
    signed(text, seeds).verify(&roots(), in_force, NOW)
}

fn accepted(bundle: &Bundle) -> VerifiedBundle {
    verify(&bundle.note_text().unwrap(), &[1, 3], None).unwrap()
}

#[test]
fn two_of_three_roots_are_enough_and_any_two_do() {
    for seeds in [[1, 2], [2, 3], [3, 1]] {
        assert!(verify(&bundle().note_text().unwrap(), &seeds, None).is_ok());
    }
}

#[test]
fn one_signature_is_refused_even_twice_and_even_with_a_strangers() {
    let text = bundle().note_text().unwrap();
    for seeds in [vec![1], vec![1, 1], vec![1, 7]] {
        assert_eq!(verify(&text, &seeds, None), Err(BundleError::TooFewSignatures(1)));
    }
}

#[test]
fn a_text_that_nobody_signed_is_told_from_one_that_is_no_bundle() {
    let text = bundle().note_text().unwrap();
    assert_eq!(verify(&text, &[], None), Err(BundleError::Unsigned));
    assert_eq!(verify(&text, &[7], None), Err(BundleError::TooFewSignatures(0)), "a stranger's is not none");
    for other in ["", "kapok bundle v1\n{}\n", "hello\n", &text[..text.len() - 9], &format!("{text}x\n")] {
        assert_eq!(verify(other, &[], None), Err(BundleError::Malformed), "{other:.40}");
        assert!(UntrustedNote::from_bytes(other.as_bytes()).is_err());
    }
}

#[test]
fn a_note_in_the_making_says_who_signed_and_whether_its_text_is_ours() {
    let text = bundle().note_text().unwrap();
    let read = |text: &str, seeds: &[u8]| UntrustedNote::from_bytes(signed(text, seeds).0.as_bytes());
    for (seeds, signers) in [(&[][..], [false; 3]), (&[3], [false, false, true]), (&[7, 1, 1], [true, false, false])] {
        let note = read(&text, seeds).unwrap();
        assert_eq!((note.signers(), note.is_canonical()), (signers, true));
        assert_eq!(note.content(), &bundle());
    }
    assert!(!read(&text.replacen("{\"", "{ \"", 1), &[1]).unwrap().is_canonical());
    assert!(read(&text, &[1, 2]).unwrap().verify_own(NOW).is_ok());
    assert_eq!(read(&text, &[1]).unwrap().verify_own(NOW), Err(BundleError::TooFewSignatures(1)), "control");
    let twice = text.replacen(&public(&root(2)), &public(&root(1)), 1);
    assert_eq!(read(&twice, &[1]).unwrap_err(), BundleError::BadField("roots"));
}

#[test]
fn roots_that_the_invite_does_not_name_are_refused() {
    let mut other = bundle();
    other.roots[2] = public(&root(7));
    assert_eq!(verify(&other.note_text().unwrap(), &[1, 2], None), Err(BundleError::OtherRoots));
}

#[test]
fn a_lower_sequence_is_refused_and_a_higher_one_taken() {
    let current = accepted(&bundle());
    for (sequence, expected) in
        [(4, Some(BundleError::OlderSequence { offered: 4, in_force: 5 })), (5, None), (6, None)]
    {
        let text = Bundle { sequence, ..bundle() }.note_text().unwrap();
        assert_eq!(verify(&text, &[1, 2], Some(&current)).err(), expected);
    }
    let twin = Bundle { organisation: "Other".to_owned(), ..bundle() }.note_text().unwrap();
    assert_eq!(verify(&twin, &[1, 2], Some(&current)), Err(BundleError::SameSequence));
}

#[test]
fn dates_are_held_and_a_stored_bundle_outlives_them() {
    let text = bundle().note_text().unwrap();
    let untrusted = signed(&text, &[1, 2]);
    assert_eq!(untrusted.verify(&roots(), None, NOW + 1_001), Err(BundleError::Expired));
    assert_eq!(untrusted.verify(&roots(), None, NOW - 1_001), Err(BundleError::NotYetValid));
    let stored = untrusted.verify_undated(&roots()).unwrap();
    assert!(stored.is_expired(NOW + 1_001) && !stored.is_expired(NOW));
}

#[test]
fn classes_need_two_keys_of_one_algorithm() {
    let one = ClassKeys { recipients: vec!["age1pq1a".to_owned(); 2], ..bundle().triage };
    let refused = Bundle { triage: one, ..bundle() }.note_text();
    assert_eq!(refused, Err(BundleError::TooFewRecipients(Class::Triage)), "the same key twice is one key");
    let mut mixed = bundle();
    mixed.identities.recipients[1] = "age1qqqq".to_owned();
    assert_eq!(mixed.note_text(), Err(BundleError::MixedAlgorithms(Class::Identities)));
    let mut many = bundle();
    many.triage.recipients = (0..4).map(|n| format!("age1pq1{n}")).collect();
    assert_eq!(many.note_text(), Err(BundleError::TooManyRecipients(Class::Triage)));
}

/// A root holder's own tool might skip our checks, so the device repeats them on what is signed.
#[test]
fn signed_but_unusable_content_is_refused_all_the_same() {
    let text = bundle().note_text().unwrap();
    let mixed = text.replacen("age1pq1aaaa", "age1xaaaa", 1);
    assert_ne!(mixed, text);
    assert_eq!(verify(&mixed, &[1, 2], None), Err(BundleError::MixedAlgorithms(Class::Triage)));
    let spaced = text.replacen("{\"", "{ \"", 1);
    assert_eq!(verify(&spaced, &[1, 2], None), Err(BundleError::NotCanonical));
}

#[test]
fn a_later_bundles_new_fields_and_endpoints_are_skipped() {
    let text = bundle().note_text().unwrap();
    let newer = text.replace(r#""endpoints":["#, r#""endpoints":[{"kind":"ohttp","relay":"x"},"#);
    let newer = newer.replacen(r#"{"endpoints""#, r#"{"added":1,"endpoints""#, 1);
    let verified = verify(&newer, &[1, 2], None).unwrap();
    assert_eq!(verified.direct_endpoints().count(), 1);
}

#[test]
fn the_committed_vector_still_verifies() {
    let vectors: serde_json::Value = serde_json::from_str(include_str!("../../vectors/bundle.json")).unwrap();
    let note = vectors["note"].as_str().unwrap();
    let mut page = note.as_bytes().to_vec();
    page.resize(PAGE, 0);
    let verified = UntrustedBundle::from_bytes(&page).unwrap().verify(&roots(), None, NOW).unwrap();
    assert_eq!(verified.content(), &bundle());
    assert_eq!(verified.note(), note);
}

#[test]
#[ignore = "writes the vector once"]
fn write_vector() {
    crate::vectors::write("bundle", "note", &signed(&bundle().note_text().unwrap(), &[1, 3]).0);
}

proptest! {
    #[test]
    fn changed_bundles_are_refused_and_never_panic(at in 0usize..2_000, byte in any::<u8>()) {
        let note = signed(&bundle().note_text().unwrap(), &[1, 2]).0.into_bytes();
        let mut bad = note.clone();
        let at = at % note.len();
        bad[at] = byte;
        if let Ok(untrusted) = UntrustedBundle::from_bytes(&bad) {
            let accepted = untrusted.verify(&roots(), None, NOW).is_ok();
            prop_assert_eq!(accepted, bad == note);
        }
    }
}
