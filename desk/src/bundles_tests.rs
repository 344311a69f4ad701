//! Bundles made and signed as three people on three machines would.

use kapok_wire::bundle::Class;

use super::*;
use crate::keys::proof::prove;
use crate::keys::secret::Role;
use crate::net::card::tests::card_json;

const NOW: u64 = 1_795_000_000;

struct Organisation {
    roots: Vec<OrgKey>,
    desk: Vec<OrgKey>,
    plan: BundlePlan,
}

fn organisation() -> Organisation {
    let make = |role, count| (0..count).map(|_| OrgKey::make(role)).collect::<Vec<_>>();
    let roots = make(Role::Root, 3);
    let (triage, identities) = (make(Role::Desk(Class::Triage), 2), make(Role::Desk(Class::Identities), 2));
    let public = |keys: &[OrgKey]| keys.iter().map(OrgKey::public).collect::<Vec<_>>();
    let plan = BundlePlan {
        organisation: "Example Monitors".to_owned(),
        sequence: 1,
        valid_days: 365,
        roots: public(&roots).try_into().unwrap(),
        triage: public(&triage),
        identities: public(&identities),
    };
    Organisation { roots, desk: triage.into_iter().chain(identities).collect(), plan }
}

fn note_of(text: &str) -> UntrustedNote {
    UntrustedNote::from_bytes(text.as_bytes()).unwrap()
}

fn card() -> ServerCard {
    ServerCard::parse(card_json().to_string().as_bytes()).unwrap()
}

#[test]
fn two_roots_sign_one_after_the_other_and_one_is_not_enough() {
    let organisation = organisation();
    let text = organisation.plan.note(&card(), NOW).unwrap();
    let first = sign(&text, &organisation.roots[2]).unwrap();
    assert_eq!((first.root, first.added), (3, true));
    let once = first.note;
    assert!(matches!(verify_own(once.as_str().as_bytes()), Err(Error::TooFewSignatures { good: 1 })));
    assert_eq!(once.signers(), [false, false, true]);
    let again = sign(&once, &organisation.roots[2]).unwrap();
    assert_eq!((again.root, again.added), (3, false));
    assert_eq!(again.note.as_str(), once.as_str(), "the same key again adds nothing");
    let second = sign(&once, &organisation.roots[0]).unwrap();
    assert_eq!((second.root, second.added), (1, true));
    let verified = verify_own(second.note.as_str().as_bytes()).unwrap();
    assert_eq!(verified.content().organisation, "Example Monitors");
    assert!(!verified.is_expired(NOW + 365 * DAY) && verified.is_expired(NOW + 366 * DAY));
}

#[test]
fn a_text_that_nobody_signed_is_told_from_one_that_strangers_signed() {
    let organisation = organisation();
    let text = organisation.plan.note(&card(), NOW).unwrap();
    assert_eq!(text.signers(), [false; 3]);
    assert!(matches!(verify_own(text.as_str().as_bytes()), Err(Error::Unsigned)));
    // Signature lines that are not by the bundle's roots are not the same as none.
    let strangers = self::organisation();
    let OrgKey::Root(stranger) = &strangers.roots[0] else { panic!("a root key") };
    let forged = note::sign(text.as_str(), ROOT_NAME, stranger).unwrap();
    assert!(matches!(verify_own(forged.as_bytes()), Err(Error::TooFewSignatures { good: 0 })));
    // Control: what holds no bundle is still called that.
    assert!(matches!(verify_own(b"hello\n"), Err(Error::Bundle(BundleError::Malformed))));
    // A changed text has lost its signatures.
    let once = sign(&text, &organisation.roots[0]).unwrap().note;
    assert_eq!(once.signers(), [true, false, false]);
    let changed = once.as_str().replace("Example Monitors", "Example Minitors");
    assert_eq!(note_of(&changed).signers(), [false; 3]);
}

#[test]
fn only_root_keys_that_the_bundle_names_sign_and_only_what_is_canonical() {
    let organisation = organisation();
    let text = organisation.plan.note(&card(), NOW).unwrap();
    assert!(matches!(sign(&text, &OrgKey::make(Role::Root)), Err(Error::NotARoot)));
    assert!(matches!(sign(&text, &organisation.desk[0]), Err(Error::NotThisKey { .. })));
    let spaced = note_of(&text.as_str().replacen("{\"", "{ \"", 1));
    assert!(matches!(sign(&spaced, &organisation.roots[0]), Err(Error::Bundle(BundleError::NotCanonical))));
    let unknown = note_of(&text.as_str().replacen("{\"", "{\"aaa\":1,\"", 1));
    assert!(matches!(sign(&unknown, &organisation.roots[0]), Err(Error::Bundle(BundleError::NotCanonical))));
    assert!(sign(&text, &organisation.roots[0]).is_ok(), "control");
}

#[test]
fn plans_that_would_lose_reports_make_no_text() {
    let organisation = organisation();
    let alone = BundlePlan { triage: organisation.plan.triage[..1].to_vec(), ..organisation.plan.clone() };
    assert!(matches!(
        alone.note(&card(), NOW),
        Err(Error::Bundle(BundleError::TooFewRecipients(Class::Triage)) | Error::Seal(_))
    ));
    let mut twice = organisation.plan.clone();
    twice.identities[1] = twice.identities[0].clone();
    assert!(twice.note(&card(), NOW).is_err());
    let mut mixed = organisation.plan.clone();
    mixed.triage[1] = kapok_seal::Identity::make_x25519().to_recipient().to_string();
    assert!(mixed.note(&card(), NOW).is_err());
    let mut garbled = organisation.plan.clone();
    garbled.triage[1].truncate(100);
    assert!(garbled.note(&card(), NOW).is_err());
    assert!(organisation.plan.note(&card(), NOW).is_ok(), "control");
}

#[test]
fn a_test_decryption_fails_with_a_wrong_identity_and_says_which_class() {
    let organisation = organisation();
    let text = organisation.plan.note(&card(), NOW).unwrap();
    let bundle = text.content();
    let proof = prove(bundle, &organisation.desk).unwrap();
    assert_eq!((proof.proven, proof.elsewhere), (4, 0));
    let proof = prove(bundle, &organisation.desk[1..3]).unwrap();
    assert_eq!((proof.proven, proof.elsewhere), (2, 2));
    // The controls: another organisation's key, and a key of the other class alone, prove nothing.
    let strangers = self::organisation();
    assert!(matches!(prove(bundle, &strangers.desk), Err(Error::NothingTested(Class::Triage))));
    assert!(matches!(prove(bundle, &organisation.desk[..2]), Err(Error::NothingTested(Class::Identities))));
    // A key of one class listed in the other is a mistake that a device could not see.
    let mut crossed = organisation.plan.clone();
    crossed.identities.clone_from(&crossed.triage);
    let crossed = crossed.note(&card(), NOW).unwrap();
    assert!(matches!(prove(crossed.content(), &organisation.desk), Err(Error::NothingTested(Class::Identities))));
}
