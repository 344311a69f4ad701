//! The phone without a network: eight answers in Khmer, a photo, a recording, finish, and what it can no longer do.

use crate::demo::stage::{Call, Net, Stage, codes_in, number_in, without_network};
use crate::demo::story::Story;
use crate::demo::{chapter, check, checked};
use crate::run::{Done, Failure};

const HELD: i32 = 4;

/// What the reporter keeps: the short code.
pub(crate) struct Written {
    pub(crate) code: String,
}

/// Records and finishes.
pub(crate) fn run(stage: &Stage, story: &Story) -> Done<Written> {
    chapter("The phone, offline: eight answers in Khmer, a photo, a recording");
    if without_network().is_empty() {
        println!("  (this system allows no network namespace; the commands below still send nothing)");
    } else {
        println!("  (each command of this part runs in a network namespace that has no network at all)");
    }
    let phone = |line| Call::new("kapok", "--home phone").words(line).net(Net::None);
    let answers = stage.inside(&story.answers);
    let said = stage.run(&phone("report --answers").arg(&answers).secret(), 0)?;
    let draft =
        number_in(&said).ok_or_else(|| Failure::new("no draft number was printed").hint(said.clone()))?.to_owned();
    let files = [&story.photo, &story.recording].map(|file| stage.inside(file));
    let [photo, recording] = &files;
    stage.run(&phone("attach").arg(&draft).arg(photo).arg(recording).secret(), 0)?;
    let said = stage.run(&phone("finish").arg(&draft).secret(), 0)?;
    let code = codes_in(&said).first().map(|code| (*code).to_owned());
    let code = code.ok_or_else(|| Failure::new("finish printed no short code").hint(said))?;
    checked(&format!("finished; the short code is {code}"));
    cannot_open(stage, story, &draft)?;
    holds(stage)?;
    Ok(Written { code })
}

/// The right passphrase, and still nothing to see.
fn cannot_open(stage: &Stage, story: &Story, draft: &str) -> Done {
    chapter("The same phone, the same passphrase: it cannot open the report any more");
    let call = Call::new("kapok", "--home phone show").arg(draft).secret().net(Net::None);
    let said = stage.run_refused(&call)?;
    check(!said.contains(story.name()), "no word of the report was shown")
}

/// Nothing leaves unasked, and each hold says why.
fn holds(stage: &Stage) -> Done {
    chapter("May it leave? Not without a network, and not while the user says no");
    let phone = |line| Call::new("kapok", "--home phone").words(line);
    let sync = || phone("sync --network none").secret().net(Net::None);
    let alone = reasons(&stage.run(&sync(), HELD)?);
    stage.run(&phone("hold"), 0)?;
    let both = reasons(&stage.run(&sync(), HELD)?);
    let network = alone.first().cloned().unwrap_or_default();
    let new = both.iter().filter(|reason| !alone.contains(reason)).count();
    check(
        !network.is_empty() && both.contains(&network) && new == 1,
        "the user's hold came on top; it is named, and so is what was in the way before",
    )?;
    let user = reasons(&stage.run(&phone("sync").secret(), HELD)?);
    check(user.len() == 1 && both.contains(&user.concat()), "with a network, the user's hold alone is enough")?;
    stage.run(&phone("release"), 0)?;
    stage.run(&phone("outbox").secret(), 0)?;
    Ok(())
}

/// The reasons in what `sync` says: the lines of its list.
fn reasons(said: &str) -> Vec<String> {
    said.lines().filter_map(|line| line.trim_start().strip_prefix("- ")).map(str::to_owned).collect()
}
