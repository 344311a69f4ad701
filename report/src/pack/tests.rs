use super::*;

#[test]
fn the_built_in_pack_is_whole() {
    let pack = Pack::builtin();
    assert_eq!(pack.screens("detention_quick", "km").unwrap().len(), 8);
}
