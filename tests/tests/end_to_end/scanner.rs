//! The scanner must be able to find what the other tests must not find.

use std::fs;
use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use kapok_tests::scan::{Form, Marker, Scanner, plant};
use kapok_tests::story;

fn all() -> Vec<Marker> {
    story::markers(&story::photo(150_000), &story::voice(90_000))
}

#[test]
fn every_marker_is_found_in_every_form_in_a_planted_file_and_in_none_of_random_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let markers = all();
    let scanner = Scanner::new(&markers);
    let planted = plant(&folder.path().join("plain"), &markers).unwrap();
    let mut found: Vec<_> =
        scanner.scan(folder.path()).unwrap().into_iter().map(|hit| (hit.marker, hit.form)).collect();
    found.sort();
    found.dedup();
    assert_eq!(found.len(), planted);
    assert!(markers.len() >= 10 && planted >= 5 * markers.len());

    let random = folder.path().join("random");
    fs::create_dir(&random).unwrap();
    fs::write(random.join("bytes"), story::noise(1, 9 << 20)).unwrap();
    assert_eq!(scanner.scan(&random).unwrap(), []);
    fs::write(random.join(story::PHOTO_NAME), b"").unwrap();
    assert_eq!(scanner.scan(&random).unwrap().len(), 1, "a file's name is read too");
}

#[test]
fn a_copy_that_is_deflated_or_in_base64_is_found_in_the_middle_of_random_bytes() {
    let pack = kapok_core::report::Pack::builtin();
    let text = story::answers(&pack, 5).to_json().into_bytes();
    let (level, mut copies) = (Compression::best(), Vec::new());
    let mut raw = DeflateEncoder::new(Vec::new(), level);
    raw.write_all(&text).unwrap();
    copies.push(("deflate", raw.finish().unwrap()));
    let mut zlib = ZlibEncoder::new(Vec::new(), level);
    zlib.write_all(&text).unwrap();
    copies.push(("zlib", zlib.finish().unwrap()));
    let mut gzip = GzEncoder::new(Vec::new(), level);
    gzip.write_all(&text).unwrap();
    copies.push(("gzip", gzip.finish().unwrap()));
    copies.extend(
        (0..3).map(|shift| ("base64", STANDARD.encode([vec![b' '; shift], text.clone()].concat()).into_bytes())),
    );

    let scanner = Scanner::new(&all());
    for (name, copy) in copies {
        let around = story::noise(3, 100_001);
        let bytes = [around.as_slice(), &copy, &around].concat();
        let hits = scanner.scan_bytes(&bytes, name.as_ref());
        assert!(hits.iter().any(|hit| hit.offset >= 100_001 && hit.offset < 110_000), "{name}: {hits:?}");
        assert!(hits.iter().all(|hit| hit.inflated != matches!(hit.form, Form::Base64(_))), "{name}: {hits:?}");
    }
}
