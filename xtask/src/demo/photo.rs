//! A photo as a phone takes it: a JPEG with make, time and place in its EXIF, and Khmer words on it. Drawn by
//! ImageMagick and labelled by exiftool, so that a real file goes through and not bytes made for the purpose.

use std::path::Path;

use crate::run::{Cmd, Done, Failure};
use crate::tools;

/// Words inside the file's EXIF; they must not be found outside the sealed report.
pub(crate) const DESCRIPTION: &str = "Kapok demo: gate of a market, invented";
const CAMERA: &str = "Fictional Phone 7";

/// Draws the photo and writes it to `file`.
///
/// The words are set by Pango: ImageMagick alone would not join Khmer letters.
pub(crate) fn make(file: &Path, words: &str) -> Done {
    let tool = tools::imagemagick().ok_or_else(|| Failure::new("ImageMagick is missing"))?;
    let label = file.with_extension("label.png");
    Cmd::new("pango-view")
        .words("-q --background=#202020 --foreground=white --margin=20")
        .arg("--font=Khmer OS 48")
        .arg(format!("--text={words}"))
        .arg("-o")
        .arg(&label)
        .capture()?;
    let drawn = Cmd::new(tool)
        .words("-size 1600x1200 -seed 7 plasma:tan-steelblue")
        .arg(&label)
        .words("-gravity south -geometry +0+80 -composite -quality 88")
        .arg(file)
        .capture();
    std::fs::remove_file(&label)?;
    drawn?;
    Cmd::new("exiftool")
        .words("-q -overwrite_original -Make=Kapok -DateTimeOriginal=2026:11:23T06:40:00")
        .arg(format!("-Model={CAMERA}"))
        .arg(format!("-ImageDescription={DESCRIPTION}"))
        .words("-GPSLatitude=11.5 -GPSLatitudeRef=N -GPSLongitude=104.9 -GPSLongitudeRef=E")
        .arg(file)
        .capture()?;
    Ok(())
}

/// What exiftool reads back from a file: camera and place.
pub(crate) fn labels(file: &Path) -> Done<String> {
    let said = Cmd::new("exiftool").words("-s3 -Model -GPSPosition").arg(file).capture()?;
    Ok(said.trim().replace('\n', ", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_photo_is_a_jpeg_with_its_place_inside() {
        let file = std::env::temp_dir().join(format!("photo-{}.jpg", std::process::id()));
        make(&file, "ផ្សារ").unwrap();
        let bytes = std::fs::read(&file).unwrap();
        let labels = labels(&file).unwrap();
        std::fs::remove_file(&file).unwrap();
        assert!(bytes.starts_with(&[0xff, 0xd8, 0xff]) && bytes.len() > 100_000);
        assert!(labels.contains(CAMERA) && labels.contains("104 deg"), "{labels}");
    }
}
