//! A spoken testimony as a WAV file of several MiB, made by espeak-ng. It speaks English: the tool has no Khmer
//! voice. What is said is invented.

use std::fs;
use std::path::Path;

use crate::run::{Cmd, Done, Failure};

const TEXT: &str = "This is an invented testimony for a demonstration. They came before sunrise, in two cars without \
    number plates. My uncle was at the gate of the market. Nobody showed a paper. A neighbour saw that he was put \
    into the first car. Since then we have not been told where he is. He needs his medicine every day. ";

const AT_LEAST: u64 = 4 << 20;

/// Speaks the testimony into `file`; several MiB, so that a fault in the middle of the sending is in the middle.
pub(crate) fn make(file: &Path) -> Done {
    Cmd::new("espeak-ng").words("-v en -s 130 -w").arg(file).arg(TEXT.repeat(5)).capture()?;
    let length = fs::metadata(file)?.len();
    if length < AT_LEAST {
        return Err(Failure::new(format!("the recording has only {length} bytes")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_recording_is_a_wav_that_is_not_silence() {
        let file = std::env::temp_dir().join(format!("speech-{}.wav", std::process::id()));
        make(&file).unwrap();
        let bytes = fs::read(&file).unwrap();
        fs::remove_file(&file).unwrap();
        assert!(bytes.starts_with(b"RIFF"));
        let loud = bytes.chunks(2).skip(22).filter(|sample| sample.iter().any(|&byte| byte != 0));
        assert!(loud.count() > bytes.len() / 4);
    }
}
