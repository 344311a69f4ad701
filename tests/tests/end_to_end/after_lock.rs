//! After lock nothing of the vault is left in memory, beside two controls in which the same search finds it.

use std::collections::BTreeMap;

use kapok_tests::after_lock::{BARE, WIPING, searched};
use kapok_tests::story;

const ROUNDS: usize = 2;

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_the_vault_is_in_memory_after_lock() {
    for round in 1..=ROUNDS {
        let found = searched(WIPING, "lock").await;
        assert_eq!(found.secrets, BTreeMap::new(), "round {round}");
    }

    // Control: before lock the same search finds the words, the names, the keys in use.
    let open = searched(WIPING, "open").await.secrets;
    let there = ["region key", "attachment's key", story::PHOTO_NAME, story::VOICE_NAME];
    assert!(there.iter().all(|name| open.contains_key(*name)) && open.len() > 10, "{open:?}");
    // Control: so it does after lock in a program whose heap is not wiped when it is freed.
    let bare = searched(BARE, "lock").await.secrets;
    assert!(bare.contains_key("attachment's key") && bare.len() > 8, "{bare:?}");
}
