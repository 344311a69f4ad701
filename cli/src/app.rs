//! What every command has at hand: home folder, words, clock, and the way to the device.

use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::sync::Arc;

use kapok_core::report::{Moment, Pack};
use kapok_core::{
    Clock as _, Device, DeviceKey, Error, KdfParams, Level, NoDeviceKey, SoftwareDeviceKey, Strength, StrengthWords,
    SystemClock, Time,
};

use crate::args::{Cli, KindOfPassphrase};
use crate::failure::Failure;
use crate::generated;
use crate::lang::Lang;
use crate::output;
use crate::page::{Known, Page};
use crate::passphrase::Source;
use crate::words::Words;

/// How often a passphrase may be typed at a prompt before the command gives up. As many are free in the core.
const TRIES: u32 = 3;

/// Asked before a page goes on which somebody typed a passphrase of their own.
const OWN: Known = Known { question: "generated.ask_own", answer: "generated.own", help: "generated.help_known" };

/// Where a software device key lies, below the home folder. That it exists is how a later run knows that one is used.
const KEY_FOLDER: &str = "device-key";

pub(crate) struct App {
    home: Option<PathBuf>,
    pub(crate) lang: Lang,
    pub(crate) words: Words,
    pub(crate) json: bool,
    passphrase: Source,
}

impl App {
    pub(crate) fn new(cli: &Cli, lang: Lang, words: Words) -> Self {
        let passphrase = cli.passphrase_fd.map_or(Source::Prompt, Source::Descriptor);
        Self { home: cli.home.clone().or_else(default_home), lang, words, json: cli.json, passphrase }
    }

    pub(crate) fn now(&self) -> Time {
        SystemClock.now()
    }

    pub(crate) fn home(&self) -> Result<&PathBuf, Failure> {
        self.home.as_ref().ok_or(Failure::usage("error.no_home"))
    }

    pub(crate) fn key_folder(&self) -> Result<PathBuf, Failure> {
        Ok(self.home()?.join(KEY_FOLDER))
    }

    /// Where the key of this device lives.
    pub(crate) fn key_level(&self) -> Result<Level, Failure> {
        Ok(if self.key_folder()?.is_dir() { Level::Software } else { Level::None })
    }

    /// The device, locked.
    pub(crate) fn open(&self) -> Result<Device, Failure> {
        Ok(self.try_open()??)
    }

    /// The device, locked, with the core's own error for a caller who has another way.
    pub(crate) fn try_open(&self) -> Result<kapok_core::Result<Device>, Failure> {
        Ok(Device::open(self.home()?, self.device_key()?))
    }

    /// Makes a new queue file if there is none that can be read.
    pub(crate) fn renew_queue_file(&self) -> Result<(), Failure> {
        Ok(Device::renew_queue_file(self.home()?, &*self.device_key()?)?)
    }

    fn device_key(&self) -> Result<Arc<dyn DeviceKey>, Failure> {
        let folder = self.key_folder()?;
        Ok(if folder.is_dir() { Arc::new(SoftwareDeviceKey::in_folder(folder)) } else { Arc::new(NoDeviceKey) })
    }

    /// The device with its vault open. Asks for the passphrase only once it is clear that there is a vault.
    pub(crate) fn unlock(&self) -> Result<Device, Failure> {
        let device = self.open()?;
        self.unlock_this(&device)?;
        Ok(device)
    }

    /// Opens the vault of a device.
    pub(crate) fn unlock_this(&self, device: &Device) -> Result<(), Failure> {
        self.unlock_with(device)?;
        if device.was_repaired()? {
            self.say("note.repaired");
        }
        Ok(())
    }

    /// Opens the vault and gives the passphrase that did it. At a prompt there are some tries: whoever mistyped types again
    /// at once, and it must not land in the shell, which keeps and shows it.
    pub(crate) fn unlock_with(&self, device: &Device) -> Result<kapok_core::Passphrase, Failure> {
        let tries = if matches!(self.passphrase, Source::Prompt) { TRIES } else { 1 };
        for left in (0..tries).rev() {
            let passphrase = self.existing_passphrase(device)?;
            match device.unlock(&passphrase, &SystemClock) {
                Err(Error::WrongPassphrase) if left > 0 => self.say("error.wrong_passphrase"),
                tried => return Ok(tried.map(|()| passphrase)?),
            }
        }
        Err(Error::WrongPassphrase.into())
    }

    /// The passphrase that the vault has.
    fn existing_passphrase(&self, device: &Device) -> Result<kapok_core::Passphrase, Failure> {
        self.can_take_passphrase(None)?;
        refuse_early_try(device)?;
        self.passphrase.existing(&self.words)
    }

    /// A new passphrase for a vault with these properties: drawn and shown at a prompt, or a person's own. A title says what
    /// it is for, if there are several.
    pub(crate) fn new_passphrase(
        &self,
        title: Option<&str>,
        source: Option<Source>,
        kind: Option<KindOfPassphrase>,
        level: Level,
        kdf: KdfParams,
    ) -> Result<kapok_core::Passphrase, Failure> {
        self.can_take_passphrase(source)?;
        let source = source.unwrap_or(self.passphrase);
        match (source, generated::kind(kind, self.lang)) {
            (Source::Prompt, Some(kind)) => generated::passphrase(self, title, kind, level, kdf),
            (Source::Descriptor(_), Some(_)) if kind.is_some() => Err(Failure::usage("error.kind_of_given")),
            _ => self.own_passphrase(title, source, kdf),
        }
    }

    /// A person's own. What is titled has a page apart: the title, and how many sentences about strength there are, would tell
    /// whoever scrolls back what the device is set up to hide.
    fn own_passphrase(
        &self,
        title: Option<&str>,
        source: Source,
        kdf: KdfParams,
    ) -> Result<kapok_core::Passphrase, Failure> {
        let page = title.map(Page::titled);
        let own = source.fresh(&self.words)?;
        self.say_strength(own.strength(kdf));
        if let Some(page) = page {
            page.until_known(self, &OWN)?;
        }
        Ok(own)
    }

    /// New passphrases, each under its title. From a descriptor they come one a line, in this order.
    pub(crate) fn new_passphrases(
        &self,
        titles: &[String],
        kind: Option<KindOfPassphrase>,
        level: Level,
        kdf: KdfParams,
    ) -> Result<Vec<kapok_core::Passphrase>, Failure> {
        self.can_take_passphrase(None)?;
        if let Some(given) = self.passphrase.lines(titles.len())? {
            if kind.is_some_and(|kind| kind != KindOfPassphrase::Own) {
                return Err(Failure::usage("error.kind_of_given"));
            }
            given.iter().for_each(|passphrase| self.say_strength(passphrase.strength(kdf)));
            return Ok(given);
        }
        let several = titles.len() > 1;
        let ask = |title: &String| self.new_passphrase(several.then_some(title), None, kind, level, kdf);
        titles.iter().map(ask).collect()
    }

    /// How strong a passphrase is, on stderr.
    fn say_strength(&self, strength: Strength) {
        output::note(StrengthWords::load().get(strength, self.lang.of_reasons()));
    }

    /// A sentence on stderr.
    pub(crate) fn say(&self, key: &str) {
        output::note(self.words.get(key));
    }

    /// A sentence with values on stderr.
    pub(crate) fn say_with(&self, key: &str, values: &[(&str, &str)]) {
        output::note(&self.words.fill(key, values));
    }

    /// A prompt that goes into a pipe or a file waits for ever for somebody who cannot see it.
    pub(crate) fn can_take_passphrase(&self, source: Option<Source>) -> Result<(), Failure> {
        match source.unwrap_or(self.passphrase) {
            Source::Prompt if !self.somebody() => Err(Failure::usage("error.no_terminal_passphrase")),
            _ => Ok(()),
        }
    }

    /// Whether somebody sits at a terminal.
    pub(crate) fn somebody(&self) -> bool {
        std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
    }

    /// Whether a yes or no can be asked for: `--json` is for programs, which give no answers.
    pub(crate) fn may_ask(&self) -> bool {
        !self.json && self.somebody()
    }

    /// This moment in the local time of the pack, as answers need it.
    pub(crate) fn moment(&self, pack: &Pack) -> Moment {
        moment(pack, self.now())
    }
}

/// Nobody is asked for what may not be tried yet.
pub(crate) fn refuse_early_try(device: &Device) -> Result<(), Failure> {
    let wait = device.wait_before_try(&SystemClock)?;
    if wait.is_zero() { Ok(()) } else { Err(Error::TooManyTries { wait }.into()) }
}

/// A moment in the local time of the pack.
pub(crate) fn moment(pack: &Pack, at: Time) -> Moment {
    local(at, pack.utc_offset_minutes())
}

/// A day in words, from days since 1970.
pub(crate) fn day(days: u64) -> String {
    local(Time(days.saturating_mul(86_400)), 0).day()
}

fn local(at: Time, offset_minutes: i32) -> Moment {
    Moment::from_unix(at.in_calendar().0.cast_signed(), offset_minutes)
        .expect("a time in the calendar exists at every offset that a pack may have")
}

fn default_home() -> Option<PathBuf> {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    // The XDG rules say that a relative value is to be ignored.
    let data = set("XDG_DATA_HOME").filter(|path| path.is_absolute());
    Some(data.or_else(|| Some(set("HOME")?.join(".local/share")))?.join("kapok"))
}
