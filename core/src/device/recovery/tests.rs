//! Any k of n open the vault, fewer open nothing, and everything that is wrong is named.

use std::collections::BTreeSet;
use std::time::Duration;

use proptest::prelude::*;

use super::super::testing::*;
use super::*;

fn other() -> Passphrase {
    Passphrase::new(b"paper mango window".to_vec()).unwrap()
}

fn text(share: &RecoveryShare) -> String {
    share.expose_rows().iter().map(|row| row.as_str()).collect::<Vec<_>>().join("\n")
}

fn secret() -> RecoverySecret {
    RecoverySecret::from_slice(&std::array::from_fn::<u8, { RecoverySecret::LEN }, _>(|at| at as u8 * 5)).unwrap()
}

fn typed(share: &RecoveryShare) -> RecoveryShare {
    RecoveryShare::parse(&text(share)).unwrap()
}

fn refused<T>(result: Result<T>) -> ShareError {
    match result {
        Err(Error::Shares(error)) => error,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("it was accepted"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn any_k_of_n_give_the_secret_back_and_any_fewer_an_error(
        (people, needed) in (2_u8..=10).prop_flat_map(|people| (Just(people), 2..=people)),
        order in any::<u64>(),
    ) {
        let shares = split::split(&secret(), people, needed).unwrap();
        let mut left: Vec<_> = shares.iter().map(typed).collect();
        let mut order = order;
        let mut chosen = Vec::new();
        for _ in 0..needed - 1 {
            order = order.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            chosen.push(left.swap_remove((order >> 33) as usize % left.len()));
        }
        prop_assert_eq!(refused(split::combine(&chosen)), ShareError::TooFew { missing: 1 });
        // Control: with one more of any of the others they do.
        chosen.push(left.swap_remove(0));
        prop_assert!(split::combine(&chosen).unwrap().expose() == secret().expose());
        chosen.extend(left);
        prop_assert!(split::combine(&chosen).unwrap().expose() == secret().expose(), "all of them do too");
    }

    #[test]
    fn a_word_put_in_place_of_another_is_found_in_its_row(at in 0_usize..RecoveryShare::WORDS, word in 0_u16..4_096) {
        let shares = split::split(&secret(), 3, 2).unwrap();
        let mut words: Vec<_> = shares[0].expose_rows().iter().flat_map(|row| row.split(' ').map(str::to_owned).collect::<Vec<_>>()).collect();
        let new = crate::passphrase::share_word::word(word);
        prop_assume!(words[at] != new);
        words[at] = new.to_owned();
        let found = RecoveryShare::parse(&words.join(" "));
        // One in 4,096 passes a row's check; in the first row it would have to pass all eight.
        match found {
            Err(ShareError::WrongRow { row }) => prop_assert!(at < 5 || row == at / 5 + 1),
            Err(other) => prop_assert!(false, "{}", other),
            Ok(_) => prop_assume!(false),
        }
    }
}

#[test]
fn fewer_shares_say_nothing_about_the_secret() {
    // Of two needed, one share is as random for the one secret as for the other: every byte value comes.
    let values: BTreeSet<u8> =
        (0..4_000).map(|_| split::split(&secret(), 2, 2).unwrap()[0].expose_value()[1]).collect();
    assert_eq!(values.len(), 256);
    // Control: with both the secret is there.
    assert_eq!(split::combine(&split::split(&secret(), 2, 2).unwrap()).unwrap().expose(), secret().expose());
}

#[test]
fn too_few_shares_put_together_by_force_are_not_the_secret() {
    let shares = split::split(&secret(), 5, 3).unwrap();
    let forced = |count: usize| {
        let values: Vec<_> = shares.iter().take(count).map(|share| share.expose_value().to_vec()).collect();
        vsss_rs::Gf256::combine_bytes(&values).unwrap() == secret().expose()
    };
    assert!(!forced(2));
    assert!(forced(3), "control");
}

#[test]
fn shares_are_wrong_by_name() {
    let (shares, others) = (split::split(&secret(), 5, 3).unwrap(), split::split(&secret(), 5, 3).unwrap());
    let give =
        |which: &[&RecoveryShare]| refused(split::combine(&which.iter().map(|share| typed(share)).collect::<Vec<_>>()));
    assert_eq!(give(&[]), ShareError::TooFew { missing: 2 });
    assert_eq!(give(&[&shares[1]]), ShareError::TooFew { missing: 2 });
    assert_eq!(give(&[&shares[1], &shares[3], &shares[1]]), ShareError::Twice { number: 2 });
    assert_eq!(give(&[&shares[1], &shares[3], &others[4]]), ShareError::OtherSet { number: 5 });

    let words = text(&shares[0]);
    let parse = |text: &str| RecoveryShare::parse(text).map(drop);
    let (row, rest) = words.split_once('\n').unwrap();
    let mut bad: Vec<_> = row.split(' ').collect();
    bad[2] = "kapok";
    assert_eq!(parse(&format!("{}\n{rest}", bad.join(" "))), Err(ShareError::NotAWord { row: 1, word: 3 }));
    assert_eq!(parse(rest), Err(ShareError::WrongLength { words: 35, least: 40 }));
    // A row of somebody else's share of the same set.
    let second: Vec<_> = text(&shares[1]).lines().map(str::to_owned).collect();
    let mut mixed: Vec<_> = words.lines().map(str::to_owned).collect();
    mixed[3].clone_from(&second[3]);
    assert_eq!(parse(&mixed.join("\n")), Err(ShareError::WrongRow { row: 4 }));
    // Control: as printed, also with numbers, capitals and any spaces.
    let numbered: String =
        words.lines().enumerate().map(|(at, row)| format!("  {}.  {}\n\n", at + 1, row.to_uppercase())).collect();
    assert_eq!(parse(&numbered), Ok(()));
}

#[test]
fn only_2_to_10_people_share() {
    for (people, needed) in [(1, 1), (3, 1), (3, 4), (11, 2), (0, 0)] {
        assert_eq!(refused(split::split(&secret(), people, needed)), ShareError::Numbers { most: 10 });
    }
    assert_eq!(split::split(&secret(), 10, 10).unwrap().len(), 10, "control");
}

#[test]
fn debug_and_errors_show_no_word() {
    let share = &split::split(&secret(), 2, 2).unwrap()[0];
    assert_eq!(format!("{share:?}"), "RecoveryShare([redacted])");
}

/// Printed papers stay readable for years: this set was made on 2026-11-24.
#[test]
fn a_set_of_the_first_version_is_read_for_ever() {
    let printed = include_str!("vector-v1.txt");
    let shares: Vec<_> = printed.split("\n\n").map(|share| RecoveryShare::parse(share).unwrap()).collect();
    assert_eq!(split::combine(&shares).unwrap().expose(), secret().expose());
    assert_eq!(shares.iter().map(RecoveryShare::number).collect::<Vec<_>>(), [1, 3]);
    shares.iter().zip(printed.split("\n\n")).for_each(|(share, shown)| assert_eq!(text(share), shown.trim_end()));
}

#[test]
#[ignore = "writes the vector, once"]
fn write_vector() {
    let shares = split::split(&secret(), 3, 2).unwrap();
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/device/recovery/vector-v1.txt");
    std::fs::write(path, format!("{}\n\n{}\n", text(&shares[0]), text(&shares[2]))).unwrap();
}

#[test]
fn shares_open_a_locked_vault_once_and_give_it_a_new_passphrase() {
    let folder = tempfile::tempdir().unwrap();
    let first = device(folder.path());
    let id = draft(&first, "Example");
    assert_eq!(first.recovery(), Ok(None), "off until somebody makes shares");
    assert_eq!(first.make_recovery(&other(), 3, 2, &Still).map(drop), Err(Error::WrongPassphrase));
    assert_eq!(first.recovery(), Ok(None));
    let shares = first.make_recovery(&passphrase(), 3, 2, &Still).unwrap();
    let made = RecoveryView { people: 3, needed: 2, day: NOW.0 / 86_400, valid: true };
    assert_eq!(first.recovery(), Ok(Some(made)));
    drop(first);

    let again = reopened(folder.path());
    again.recover(&[typed(&shares[2]), typed(&shares[0])], &other(), &Still).unwrap();
    assert!(again.answers(id).is_ok());
    assert_eq!(again.recovery(), Ok(Some(RecoveryView { valid: false, ..made })));
    again.lock();
    assert_eq!(again.unlock(&passphrase(), &Still), Err(Error::WrongPassphrase));
    let later = Hands::default();
    later.pass(100_000);
    assert_eq!(again.recover(&shares[1..], &passphrase(), &later), Err(ShareError::Void.into()));
    again.unlock(&other(), &later).unwrap();
}

#[test]
fn a_change_of_passphrase_makes_shares_void() {
    let folder = tempfile::tempdir().unwrap();
    let device = device(folder.path());
    let shares = device.make_recovery(&passphrase(), 2, 2, &Still).unwrap();
    device.lock();
    let image = std::fs::read(folder.path().join(VAULT_FILE)).unwrap();
    device.change_passphrase(&passphrase(), &other(), &Still).unwrap();
    device.unlock(&other(), &Still).unwrap();
    assert!(!device.recovery().unwrap().unwrap().valid);
    assert_eq!(device.recover(&shares, &passphrase(), &Still), Err(ShareError::Void.into()));
    // Control, and what it does not help against: a copy of before.
    std::fs::write(folder.path().join(VAULT_FILE), image).unwrap();
    device.recover(&shares, &passphrase(), &Still).unwrap();
}

#[test]
fn shares_of_another_device_are_refused_and_count_as_wrong_passphrases() {
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let clock = Hands::default();
    let shares = device(there.path()).make_recovery(&passphrase(), 2, 2, &clock).unwrap();
    let device = device(here.path());
    device.lock();
    // Too few, or mistyped, is no try.
    for _ in 0..5 {
        assert_eq!(device.recover(&shares[..1], &other(), &clock), Err(ShareError::TooFew { missing: 1 }.into()));
    }
    for _ in 0..3 {
        assert_eq!(device.recover(&shares, &other(), &clock), Err(ShareError::OtherDevice.into()));
    }
    let wait = Error::TooManyTries { wait: Duration::from_secs(30) };
    assert_eq!(device.recover(&shares, &other(), &clock), Err(wait.clone()));
    assert_eq!(device.unlock(&passphrase(), &clock), Err(wait));
}
