use crate::vit22b;

#[test]
fn the_table_has_every_size_with_its_parameters() {
    let table = vit22b(["variants"]).succeeded();
    let row = table.lines().find(|line| line.starts_with("22B/14 ")).expect("the largest size");
    assert!(row.contains("21.745 B") && row.contains("22.385 B"), "{row}");
    assert!(table.lines().any(|line| line.starts_with("mu/16 ")), "{table}");
}

#[test]
fn output_that_nobody_reads_ends_it_without_a_word() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_vit22b"));
    let run = command.arg("variants").stdout(writer).output().unwrap();
    let told = String::from_utf8_lossy(&run.stderr);
    assert_eq!((run.status.code(), &*told), (Some(141), ""));
}
