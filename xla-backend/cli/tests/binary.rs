//! The binary `burn-xla` as a user sees it.

use std::process::{Command, Output};

fn burn_xla(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_burn-xla")).args(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn the_doctor_tells_what_is_there_and_nothing_else_speaks() {
    // Installs, or finds that it is installed.
    let installed = burn_xla(&["install", "cpu"]);
    assert!(installed.status.success(), "{}", text(&installed.stderr));
    let doctor = burn_xla(&["doctor"]);
    let printed = text(&doctor.stdout);
    assert!(doctor.status.success(), "{printed}");
    assert!(printed.contains("\ncpu   ready\n"), "{printed}");
    assert!(printed.contains("C API      0.115, ours 0.81\n"), "{printed}");
    // It does not estimate costs, and so does not say that it can.
    assert!(printed.contains("cost       not told\n"), "{printed}");
    assert!(printed.contains("Programs run on "), "{printed}");
    // The plugins' C++ code is silent, libtpu's too where it is installed.
    assert_eq!(text(&doctor.stderr), "");
}

#[test]
fn a_fresh_machine_is_told_the_command_that_mends_it() {
    let cache = std::env::temp_dir().join(format!("burn-xla-fresh-{}", std::process::id()));
    let doctor = Command::new(env!("CARGO_BIN_EXE_burn-xla"))
        .arg("doctor")
        .env("BURN_XLA_CACHE", &cache)
        .env_remove("BURN_XLA_PLUGIN")
        .env_remove("VIRTUAL_ENV")
        .env_remove("CONDA_PREFIX")
        .output()
        .unwrap();
    let printed = text(&doctor.stdout);
    assert!(!doctor.status.success());
    assert!(printed.contains("to mend    burn-xla install cpu\n"), "{printed}");
    assert!(printed.ends_with("No platform is ready. Begin with: burn-xla install cpu\n"));
    std::fs::remove_dir_all(&cache).unwrap();
}

#[test]
fn a_variable_that_names_no_file_is_told() {
    let doctor = Command::new(env!("CARGO_BIN_EXE_burn-xla"))
        .arg("doctor")
        .env("BURN_XLA_CPU_PLUGIN", "/no/such/plugin.so")
        .output()
        .unwrap();
    let printed = text(&doctor.stdout);
    assert!(
        printed.contains("to mend    correct or remove the variable BURN_XLA_CPU_PLUGIN\n"),
        "{printed}"
    );
}

#[test]
fn a_plugin_that_is_none_is_told() {
    let doctor = Command::new(env!("CARGO_BIN_EXE_burn-xla"))
        .arg("doctor")
        .env("BURN_XLA_CPU_PLUGIN", env!("CARGO_BIN_EXE_burn-xla"))
        .output()
        .unwrap();
    let printed = text(&doctor.stdout);
    assert!(printed.contains("\ncpu   does not load\n"), "{printed}");
}

#[test]
fn misuse_is_told_with_what_was_expected() {
    for (arguments, told) in [
        (&["install", "gpu"][..], "expected one of cpu, cuda, metal, oneapi, rocm, tpu, tt"),
        (&["serve", "--memory-fraction", "2"], "expected a number above 0 and up to 1"),
        (&["serve", "--flag", "xla_cpu"], "expected NAME=VALUE"),
        (&["serve", "--matmul-precision", "low"], "expected full, high or fast"),
        (&["serve", "--first-run", "later"], "expected interpret or compile"),
        (&["serve", "--program-bytes", "2GB"], "expected a number of bytes, such as"),
        (&["serve", "--program-cache-bytes", "4GiB"], "--program-cache <FOLDER>"),
        (&["instal"], "Usage: burn-xla"),
        (&["serve", "--listen", "nowhere"], "invalid socket address"),
    ] {
        let output = burn_xla(arguments);
        assert_eq!(output.status.code(), Some(2));
        let printed = text(&output.stderr);
        assert!(printed.contains(told), "{printed}");
    }
    let output = burn_xla(&["serve", "--listen", "0.0.0.0:0"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("needs a token"));
}

#[test]
fn the_help_of_the_server_has_all_options() {
    let help = text(&burn_xla(&["serve", "--help"]).stdout);
    for option in [
        "--memory-fraction",
        "--no-preallocation",
        "--visible-devices",
        "--flag <NAME=VALUE>",
        "--matmul-precision",
        "--program-cache <FOLDER>",
        "--program-cache-bytes <BYTES>",
        "--compilation-limit <PROGRAMS>",
        "--first-run <HOW>",
        "--program-bytes <BYTES>",
        "--memory-maps <MAPS>",
    ] {
        assert!(help.contains(option), "{option}\n{help}");
    }
}

#[test]
fn a_damaged_plugin_takes_only_its_own_report_with_it() {
    // As long as the CPU plugin and with its headers, but empty behind: the loader accepts the length.
    let whole = burn_xla::plugin::ensure(burn_xla::plugin::Platform::Cpu).unwrap().path;
    let folder = std::env::temp_dir().join(format!("burn-xla-damaged-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let damaged = folder.join("damaged_cpu.so");
    let mut head = vec![0; 1 << 16];
    let mut source = std::fs::File::open(&whole).unwrap();
    std::io::Read::read_exact(&mut source, &mut head).unwrap();
    std::fs::write(&damaged, head).unwrap();
    let file = std::fs::File::options().write(true).open(&damaged).unwrap();
    file.set_len(source.metadata().unwrap().len()).unwrap();
    let doctor = Command::new(env!("CARGO_BIN_EXE_burn-xla"))
        .arg("doctor")
        .env("BURN_XLA_CPU_PLUGIN", &damaged)
        .output()
        .unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    let printed = text(&doctor.stdout);
    assert!(
        printed.contains("\ncpu   crashes\n") || printed.contains("\ncpu   does not load\n"),
        "{printed}"
    );
    let remedy = "to mend    correct or remove the variable BURN_XLA_CPU_PLUGIN\n";
    assert!(printed.contains(remedy), "{printed}");
    assert!(printed.contains("No platform is ready."), "{printed}");
    assert_eq!(text(&doctor.stderr), "");
}
