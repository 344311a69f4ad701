//! Every error, in both languages: the words are there, they are Khmer where they should be, and they ask for something.

use std::collections::BTreeSet;

use kapok_wire::bundle::Class;

use super::super::words::Lang;
use super::*;

const KEY: Class = Class::Triage;

/// Keys that the matches of this module name, read from its source: what a match gains without an example is found.
fn named_in_the_source() -> BTreeSet<&'static str> {
    let quoted = include_str!("failure.rs").split('"').skip(1).step_by(2);
    quoted.filter(|text| ["error.", "doing.", "reason."].iter().any(|group| text.starts_with(group))).collect()
}

fn every_seal() -> Vec<kapok_seal::Error> {
    use kapok_seal::Error as Seal;
    vec![
        Seal::RecipientMalformed,
        Seal::RecipientUnsafe,
        Seal::IdentityMalformed,
        Seal::NoRecipients,
        Seal::TooManyRecipients { max: 71 },
        Seal::DuplicateRecipient,
        Seal::MixedAlgorithms,
        Seal::SealFailed,
        Seal::ContentTooLong { max: 71 },
        Seal::WrongLength,
        Seal::UnknownVersion,
        Seal::Malformed,
        Seal::EnvelopeHeader,
        Seal::EnvelopeMac,
        Seal::EnvelopePayload,
        Seal::Inflate,
        Seal::ChunkDamaged,
        Seal::ChunkIndex,
        Seal::ItemTooLong,
        Seal::ItemIncomplete,
        Seal::ItemHash,
        Seal::WrongPassphrase,
        Seal::PassphraseUnusable,
        Seal::NotLocked,
        Seal::SecretTooLong { max: 71 },
        Seal::WorkFactor { asked: 71, max: 72 },
    ]
}

fn every_bundle() -> Vec<BundleError> {
    vec![
        BundleError::Malformed,
        BundleError::NotCanonical,
        BundleError::BadField("endpoints"),
        BundleError::OtherRoots,
        BundleError::Unsigned,
        BundleError::TooFewSignatures(71),
        BundleError::NotYetValid,
        BundleError::Expired,
        BundleError::OlderSequence { offered: 71, in_force: 72 },
        BundleError::SameSequence,
        BundleError::TooFewRecipients(KEY),
        BundleError::TooManyRecipients(KEY),
        BundleError::MixedAlgorithms(KEY),
    ]
}

fn every_problem() -> Vec<Problem> {
    (1..=u16::MAX).map_while(Problem::from_code).collect()
}

/// Everything that was being done, with every reason that has words and one that has none.
fn every_io() -> Vec<Error> {
    let kinds = [
        ErrorKind::NotFound,
        ErrorKind::PermissionDenied,
        ErrorKind::ReadOnlyFilesystem,
        ErrorKind::AlreadyExists,
        ErrorKind::NotADirectory,
        ErrorKind::IsADirectory,
        ErrorKind::FileTooLarge,
        ErrorKind::QuotaExceeded,
        ErrorKind::BrokenPipe,
        ErrorKind::TimedOut,
    ];
    let reasons = kinds.map(|kind| Error::Io { what: Doing::Start, kind });
    let doings = Doing::ALL.map(|what| Error::Io { what, kind: ErrorKind::NotFound });
    reasons.into_iter().chain(doings).collect()
}

/// One of each error. 71 and 72 stand for numbers that have to be found again in the text.
fn every() -> Vec<Error> {
    let mut all = vec![
        Error::NoDesk,
        Error::NoSuchReport,
        Error::NoSuchPhone,
        Error::PhoneLabel { max: 71 },
        Error::SayYes,
        Error::Exists,
        Error::OutputExists,
        Error::NoFile { argument: "--out" },
        Error::NewerFolder,
        Error::InUse,
        Error::WrongPassphrase,
        Error::PassphraseMismatch,
        Error::PassphraseShort { min: 71 },
        Error::NoPassphrase,
        Error::PassphraseEmpty,
        Error::PassphraseNotText,
        Error::PassphraseLong { max: 71 },
        Error::Stopped,
        Error::NoKeys,
        Error::NotARoot,
        Error::ThreeRoots,
        Error::NoPublicKey { argument: "--root" },
        Error::BadPublicKey("a file"),
        Error::Unsigned,
        Error::TooFewSignatures { good: 71 },
        Error::TestDecryption(KEY),
        Error::NothingTested(KEY),
        Error::NotAllTested(71),
        Error::NoBundle,
        Error::QrTooLong,
        Error::Certificate,
        Error::Intercepted,
        Error::Clock,
        Error::Unreachable,
        Error::BadAnswer,
        Error::DiskFull,
        Error::NotAllHere { incomplete: 71 },
        Error::NotAllRight { wrong: 71 },
        Error::NotAllChecked { unchecked: 71 },
        Error::NotAllExtracted(71),
    ];
    let expected = [ExpectedKey::Any, ExpectedKey::Root, ExpectedKey::Desk, ExpectedKey::Readable];
    all.extend(expected.map(|expected| Error::NotThisKey { expected }));
    all.extend(
        [CardError::NotACard, CardError::Newer, CardError::TooLong, CardError::BadField("pins")].map(Error::Card),
    );
    all.extend([InviteError::Mistyped, InviteError::Newer, InviteError::AddressTooLong].map(Error::Invite));
    all.extend(every_bundle().into_iter().map(Error::Bundle));
    all.extend(every_seal().into_iter().map(Error::Seal));
    all.extend(every_problem().into_iter().map(Error::Refused));
    all.extend(every_io());
    all
}

#[test]
fn each_error_has_words_and_none_are_left_over() {
    let words = Words::of(Lang::En);
    let mut used = BTreeSet::new();
    for error in every() {
        used.insert(said(&words, &error).0);
        if let Error::Io { what, kind } = error {
            used.extend([doing(what), reason(kind).0]);
        }
    }
    assert_eq!(used, named_in_the_source(), "an error of a match stands in no example here, or the other way round");
    let groups = ["error.", "doing.", "reason."];
    let kept: BTreeSet<_> = words.keys().filter(|key| groups.iter().any(|group| key.starts_with(group))).collect();
    assert_eq!(used, kept, "in the word list");
    // The list of sealing's errors is not this crate's: one more there is one more here.
    assert_eq!(every_seal().len(), include_str!("../../../seal/src/error.rs").matches("#[error(").count());
    let other = every_seal().into_iter().filter(|error| seal(error).0 == "error.seal.other");
    assert_eq!(other.collect::<Vec<_>>(), [kapok_seal::Error::ChunkIndex]);
}

#[test]
fn words_and_code_of_an_error_have_the_same_name() {
    for error in every() {
        let (key, _) = said(&Words::of(Lang::En), &error);
        let named = key.split('.').nth(1).unwrap();
        let borrowed = matches!(error, Error::Seal(kapok_seal::Error::WrongPassphrase));
        assert!(named == error.code() || borrowed, "{key} is said for {}", error.code());
    }
}

#[test]
fn errors_are_said_in_the_language_asked_for_with_every_value() {
    let (en, km) = (Words::of(Lang::En), Words::of(Lang::Km));
    for error in every() {
        let (english, khmer) = (text(&en, &error), text(&km, &error));
        let (_, values) = said(&en, &error);
        for said in [&english, &khmer] {
            assert!(!said.contains(['{', '}']) && !said.contains("error."), "{said}");
        }
        assert!(is_khmer(&khmer), "{khmer}");
        assert!(!is_khmer(&english) && english.is_ascii(), "{english}");
        for value in &values {
            assert!(english.contains(value), "{english}: {value}");
        }
        if !matches!(error, Error::Io { .. }) {
            assert!(values.iter().all(|value| khmer.contains(value)), "{khmer}: {values:?}");
        }
    }
    assert!(!is_khmer(&Error::NoDesk.to_string()), "control: the error's own text is not Khmer");
}

/// More Khmer than Latin, leaving out what is typed as it is: commands, options, roles, and the words of the system.
fn is_khmer(text: &str) -> bool {
    let count = |of: fn(char) -> bool| text.chars().filter(|c| of(*c)).count();
    count(|c| ('ក'..='៿').contains(&c)) > count(|c| c.is_ascii_alphabetic())
}

#[test]
fn every_khmer_text_asks_for_something() {
    let km = Words::of(Lang::Km);
    for error in every() {
        // "Please", with which an order begins; "next" where it is somebody else's turn.
        let khmer = text(&km, &error);
        assert!(khmer.contains("សូម") || khmer.contains("បន្ទាប់៖"), "{khmer}");
        assert!(khmer.ends_with('។'), "{khmer}");
    }
    assert!(!km.get("signed").contains("សូម"), "control: a sentence that only tells");
}

#[test]
fn a_document_keeps_its_code_in_every_language() {
    let error = Error::NoFile { argument: "--bundle" };
    let [en, km] = [Lang::En, Lang::Km].map(|lang| document(&Words::of(lang), &error));
    assert_eq!((&en["code"], &en["exit"]), (&km["code"], &km["exit"]));
    assert_eq!((&km["code"], &km["exit"]), (&"no_file".into(), &9.into()));
    assert_ne!(en["text"], km["text"]);
}
