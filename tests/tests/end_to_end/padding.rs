//! The number of chunks tells little, and the desk can tell padding from chunks of lost reports.

use std::collections::HashSet;

use kapok_desk::{Index, Keyring, attachments};
use kapok_seal::media::padded_count;
use kapok_tests::story;
use kapok_tests::world::{DESK_PASSPHRASE, World, sync};

use super::whole_way::finished;

/// Content of one chunk, in bytes.
const CHUNK: usize = 65_264;

#[tokio::test(flavor = "multi_thread")]
async fn padding_makes_a_padme_number_and_every_chunk_has_its_report() {
    let world = World::start().await;
    let folder = tempfile::tempdir().unwrap();
    let device = world.device(folder.path(), 64).await;
    let (photo, voice) = (story::photo(4 * CHUNK), story::voice(5 * CHUNK));
    finished(&device, 1, &[(story::PHOTO_NAME, &photo), (story::VOICE_NAME, &voice)]);
    sync(&device, u32::MAX).await;
    world.pull().await;

    let inbox = world.desk.inbox();
    let here = inbox.chunk_ids();
    assert_eq!((here.len(), padded_count(9)), (10, 10));
    let mut keys = Keyring::unlock(&world.desk, DESK_PASSPHRASE.to_vec().into()).unwrap();
    let index = Index::read(&inbox, &mut keys).unwrap();
    let attached = attachments(&index.reports[0]);
    let claimed: HashSet<_> = attached.iter().flat_map(|one| one.ids()).collect();
    assert_eq!(claimed, here);
    let content: HashSet<_> =
        attached.iter().zip([4, 5]).flat_map(|(one, chunks)| one.ids().into_iter().take(chunks)).collect();
    assert_eq!(here.difference(&content).count(), 1, "control: content alone leaves the padding unexplained");
}
