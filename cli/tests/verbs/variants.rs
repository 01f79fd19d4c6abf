use crate::vit22b;

#[test]
fn the_table_has_every_size_with_its_parameters() {
    let table = vit22b(["variants"]).succeeded();
    let row = table.lines().find(|line| line.starts_with("22B/14 ")).expect("the largest size");
    assert!(row.contains("21.745 B") && row.contains("22.385 B"), "{row}");
    assert!(table.lines().any(|line| line.starts_with("mu/16 ")), "{table}");
}
