//! Random operations on a device, a line and a server: none lost, none twice, none readable on the server.
//!
//! The order is drawn from a seed, printed at the beginning; `KAPOK_SEED` repeats it.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use kapok_core::{Device, DraftId, Error, NoDeviceKey, ReportState, SystemClock};
use kapok_tests::ledger::{Stock, cases, stored};
use kapok_tests::proxy::Cut;
use kapok_tests::raw::Raw;
use kapok_tests::scan::Scanner;
use kapok_tests::story::{self, Dice};
use kapok_tests::world::{World, now, sync, sync_all};

use crate::whole_way::drafted;

const TIME: Duration = Duration::from_secs(20);
const STEPS: u32 = 800;
const SLOTS: u32 = 128;

/// What must be true of the device.
#[derive(Default)]
struct Model {
    drafts: Vec<(DraftId, u64, u32)>,
    finished: Vec<(String, u64, u32)>,
    /// Sealed so far. The outbox forgets chunks of sent reports when it needs room, so its own sum may be less.
    objects: u32,
    next: u64,
    held: bool,
}

struct Play<'a> {
    world: World,
    device: Option<Device>,
    home: &'a Path,
    model: Model,
    dice: Dice,
    photo: Vec<u8>,
    counts: [u32; 11],
}

impl Play<'_> {
    fn device(&self) -> &Device {
        self.device.as_ref().unwrap()
    }

    async fn step(&mut self) {
        let what = self.dice.below(11) as usize;
        self.counts[what] += 1;
        match what {
            0 => self.begin(),
            1 => self.answer(),
            2 => self.attach(),
            3 | 4 => self.finish(),
            5 => {
                let max = self.dice.below(12) as u32 + 1;
                sync(self.device(), max).await;
            }
            6 => {
                // Given up at some point in the middle, as when an app is sent to the background.
                let patience = Duration::from_micros(self.dice.below(60_000));
                let _ = tokio::time::timeout(patience, sync(self.device(), u32::MAX)).await;
            }
            7 => {
                let after = self.dice.below(300_000) + 1_000;
                let number = self.dice.below(6) + 1;
                let cuts = [None, Some(Cut::Request { after }), Some(Cut::Answer { number })];
                self.world.proxy.arm(cuts[self.dice.below(3) as usize]);
            }
            8 => self.world.restart().await,
            9 => {
                self.model.held = self.dice.below(4) == 0;
                if self.model.held { self.device().hold() } else { self.device().release() }.unwrap();
            }
            _ => {
                self.device = None;
                self.device = Some(reopened(self.home).await);
            }
        }
        self.check();
    }

    /// More tokens, over a line that nothing disturbs.
    async fn draw_tokens(&self) {
        self.world.proxy.arm(None);
        self.device().release().unwrap();
        self.world.enrol(self.device()).await;
        if self.model.held {
            self.device().hold().unwrap();
        }
    }

    fn begin(&mut self) {
        if self.model.drafts.len() < 4 {
            self.model.next += 1;
            let draft = drafted(self.device(), self.model.next, &[]);
            self.model.drafts.push((draft, self.model.next, 0));
        }
    }

    fn chosen(&mut self) -> Option<usize> {
        let count = self.model.drafts.len() as u64;
        (count > 0).then(|| self.dice.below(count) as usize)
    }

    fn answer(&mut self) {
        let Some(at) = self.chosen() else { return };
        self.model.next += 1;
        let answers = story::answers(self.device().pack(), self.model.next);
        self.device().save_answers(self.model.drafts[at].0, &answers, now()).unwrap();
        self.model.drafts[at].1 = self.model.next;
    }

    fn attach(&mut self) {
        let Some(at) = self.chosen() else { return };
        // Room that is missing is a state too: the draft must be as before then.
        let about = kapok_core::NewAttachment {
            file_name: story::PHOTO_NAME.to_owned(),
            kind: None,
            origin: kapok_core::report::EvidenceOrigin::CapturedInApp,
        };
        let mut photo = std::io::Cursor::new(&self.photo);
        if self.device().attach_stream(self.model.drafts[at].0, &mut photo, &about, None, now()).is_ok() {
            self.model.drafts[at].2 += 1;
        }
    }

    fn finish(&mut self) {
        let Some(at) = self.chosen() else { return };
        let (draft, number, files) = self.model.drafts[at];
        if let Ok(done) = self.device().finish(draft, now()) {
            self.model.drafts.remove(at);
            let outbox = self.device().outbox().unwrap();
            self.model.objects += outbox.iter().find(|view| view.code.as_ref() == Some(&done.code)).unwrap().objects;
            self.model.finished.push((done.code, number, files));
        }
    }

    fn check(&self) {
        let device = self.device();
        let drafts: Vec<_> = device
            .drafts()
            .unwrap()
            .into_iter()
            .map(|view| {
                let number = story::number_of(device.pack(), &device.answers(view.id).unwrap());
                (view.id, number, view.attachments)
            })
            .collect();
        assert_eq!(drafts, self.model.drafts);
        let outbox = device.outbox().unwrap();
        let codes: Vec<_> = outbox.iter().filter_map(|view| view.code.as_deref()).collect();
        let expected: Vec<_> = self.model.finished.iter().map(|(code, ..)| code.as_str()).collect();
        assert_eq!(codes, expected);
        assert!(outbox.iter().all(|view| view.receipted <= view.objects && view.problem.is_none()));
    }
}

/// Opens the device again. A sync that was given up may still write down an outcome, and holds the files until then.
async fn reopened(home: &Path) -> Device {
    let end = Instant::now() + Duration::from_secs(5);
    loop {
        match Device::open(home, Arc::new(NoDeviceKey)) {
            Err(Error::InUse) if Instant::now() < end => tokio::time::sleep(Duration::from_millis(2)).await,
            opened => {
                let device = opened.unwrap();
                device.unlock(&story::passphrase(), &SystemClock).unwrap();
                return device;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_happens_in_whatever_order_none_is_lost_none_twice_none_readable() {
    let given = std::env::var("KAPOK_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed = given.unwrap_or_else(|| u64::from_be_bytes(kapok_wire::rng::bytes()));
    println!("KAPOK_SEED={seed}");
    let world = World::start().await;
    let home = tempfile::tempdir().unwrap();
    let device = Some(world.device(home.path(), SLOTS).await);
    let (photo, dice) = (story::photo(150_000), Dice(seed));
    let mut play = Play { world, device, home: home.path(), model: Model::default(), dice, photo, counts: [0; 11] };
    let began = Instant::now();
    let mut steps = 0;
    while steps < STEPS && began.elapsed() < TIME {
        play.step().await;
        steps += 1;
        if steps % 100 == 0 {
            play.draw_tokens().await;
        }
    }

    play.model.held = false;
    play.world.restart().await;
    play.draw_tokens().await;
    sync_all(play.device()).await;
    let outbox = play.device().outbox().unwrap();
    assert!(outbox.iter().all(|view| view.state == ReportState::ServerHasAll));
    let records = stored(&play.world.link()).await;
    let stock = Stock::count(&records, &play.world.data());
    let objects = play.model.objects;
    assert!(stock.each_once(), "{stock:?}");
    assert_eq!((stock.objects, stock.packets), (objects as usize, play.model.finished.len()));

    play.world.pull().await;
    let found = cases(&play.world.desk);
    let mut told: Vec<_> =
        found.iter().map(|case| (case.code.clone(), case.number, case.files.len() as u32, case.copies)).collect();
    let mut meant: Vec<_> = play.model.finished.iter().cloned().map(|(code, n, files)| (code, n, files, 1)).collect();
    told.sort();
    meant.sort();
    assert_eq!(told, meant);
    assert!(found.iter().flat_map(|case| &case.files).all(|(_, content)| *content == play.photo));
    let scanner = Scanner::new(&story::markers(&play.photo, &story::voice(1_000)));
    assert_eq!(scanner.scan(&play.world.data()).unwrap(), []);
    println!(
        "{steps} steps, {} reports, {objects} objects, {} cuts, {:.1} s, {:?}",
        meant.len(),
        play.world.proxy.cuts(),
        began.elapsed().as_secs_f64(),
        play.counts
    );
    assert!(meant.len() >= 3 && steps >= 50, "nothing much happened");

    // Control: one packet under a second id, and the same counts and comparisons object.
    let packet = records.iter().find(|record| record.lane == kapok_wire::Lane::Text).unwrap();
    Raw::enrolled(&play.world.desk, None).await.send(packet.lane, &packet.sealed).await.unwrap();
    assert!(!Stock::count(&stored(&play.world.link()).await, &play.world.data()).each_once());
    play.world.pull().await;
    assert!(cases(&play.world.desk).iter().any(|case| case.copies == 2));
}
