//! The language of the words: `--lang`, else the locale, else English.

use std::ffi::OsString;

/// A language that the words exist in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lang {
    Km,
    En,
}

impl Lang {
    #[cfg(test)]
    pub(crate) const ALL: [Self; 2] = [Self::Km, Self::En];

    /// The code, as form packs use it (BCP 47).
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::Km => "km",
            Self::En => "en",
        }
    }

    /// The same language for the words of the policy engine.
    pub(crate) fn of_reasons(self) -> kapok_core::Lang {
        match self {
            Self::Km => kapok_core::Lang::Km,
            Self::En => kapok_core::Lang::En,
        }
    }
}

/// The language, found before the command line is read: its help and its errors are in words too.
pub(crate) fn early(args: impl Iterator<Item = OsString>) -> Lang {
    let locale = ["LC_ALL", "LC_MESSAGES", "LANG"]
        .into_iter()
        .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()));
    choose(args, locale.as_deref())
}

fn choose(args: impl Iterator<Item = OsString>, locale: Option<&str>) -> Lang {
    let mut args = args.map(|arg| arg.to_string_lossy().into_owned()).take_while(|arg| arg != "--");
    while let Some(arg) = args.next() {
        let given = match arg.as_str() {
            "--lang" => args.next(),
            other => other.strip_prefix("--lang=").map(str::to_owned),
        };
        match given.as_deref() {
            Some("km") => return Lang::Km,
            Some("en") => return Lang::En,
            _ => {}
        }
    }
    match locale {
        Some(locale) if locale == "km" || locale.starts_with("km_") || locale.starts_with("km.") => Lang::Km,
        _ => Lang::En,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(args: &[&str], locale: Option<&str>) -> Lang {
        choose(args.iter().map(OsString::from), locale)
    }

    #[test]
    fn the_option_beats_the_locale_and_the_locale_beats_english() {
        assert_eq!(with(&["status"], None), Lang::En);
        assert_eq!(with(&["status"], Some("km_KH.UTF-8")), Lang::Km);
        assert_eq!(with(&["status"], Some("kmr_TR.UTF-8")), Lang::En, "another language that begins alike");
        assert_eq!(with(&["--lang", "en", "status"], Some("km_KH.UTF-8")), Lang::En);
        assert_eq!(with(&["status", "--lang=km"], Some("C")), Lang::Km);
        assert_eq!(with(&["attach", "1", "--", "--lang=km"], None), Lang::En, "a file of that name is no option");
    }
}
