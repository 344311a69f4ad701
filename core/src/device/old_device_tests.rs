//! The vault file of a device from the first months, as it lay on a disk then: `core/vectors/vault-first-issue.kpk`.
//!
//! Made before its first page had a copy, before a vault had a queue of its own, and with the first schema. Two drafts (one
//! with an attachment) and one finished report, code 77-CJX. It is never made again.

use std::fs;
use std::path::{Path, PathBuf};

use super::testing::*;
use super::*;
use crate::error::Error;

fn old_file() -> Vec<u8> {
    fs::read(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("vectors/vault-first-issue.kpk")).unwrap()
}

/// A device folder of today with the old file in the place of its vault.
fn with_old_vault(folder: &Path) -> Device {
    drop(device_of(folder, 2, 24));
    fs::write(folder.join(VAULT_FILE), old_file()).unwrap();
    reopened(folder)
}

#[test]
fn a_vault_of_the_first_months_opens_with_all_that_was_in_it_and_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let device = with_old_vault(folder.path());
    let other = Passphrase::new(b"not this one".to_vec()).unwrap();
    assert_eq!(device.unlock(&other, &Still), Err(Error::WrongPassphrase));
    assert_eq!(fs::read(folder.path().join(VAULT_FILE)).unwrap().len(), old_file().len(), "nothing is added to it");
    for _ in 0..2 {
        device.unlock(&passphrase(), &Still).unwrap();
        let drafts = device.drafts().unwrap();
        assert_eq!(drafts.iter().map(|draft| (draft.answers, draft.attachments)).collect::<Vec<_>>(), [(1, 1), (1, 0)]);
        assert!(device.answers(drafts[0].id).unwrap().to_json().contains("សុខ ដារ៉ា"));
        assert_eq!(device.attachments(drafts[0].id).unwrap()[0].size, 70_000);
        assert_eq!(device.finished().unwrap()[0].code, "77-CJX");
        device.lock();
    }
    device.unlock(&passphrase(), &Still).unwrap();
    Organisation::make().enrol(&device);
    let second = device.drafts().unwrap()[1].id;
    let code = device.finish(second, NOW).unwrap().code;
    assert_eq!(device.outbox().unwrap()[0].code, Some(code));
    let grown = fs::read(folder.path().join(VAULT_FILE)).unwrap();
    assert_eq!(grown.len(), old_file().len() + 4_096, "it has the copy of its first page now");
    assert_eq!(grown[..64], grown[old_file().len()..][..64]);
}
