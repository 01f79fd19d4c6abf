//! Compiled programs on disk: kept, found again, and compiled anew where the file is damaged or the
//! folder is not to be used.

use std::fs;
use std::path::{Path, PathBuf};

use burn::tensor::{Device, Tensor};
use burn_xla::Xla;
use burn_xla::pjrt::{Client, ClientOptions};
use burn_xla::plugin::{self, Platform};
use burn_xla::program::{ProgramCache, Times};

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _ = fs::remove_dir_all(&folder);
        Self(folder)
    }

    fn files(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(&self.0).into_iter().flatten();
        entries.map(|entry| entry.unwrap().path()).collect()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Compiles `x * factor + 1` in a new function, and checks what it answers.
fn run(cache: &ProgramCache, factor: f64) -> Times {
    run_on(&Xla::cpu().unwrap(), cache, factor)
}

fn run_on(xla: &Xla, cache: &ProgramCache, factor: f64) -> Times {
    let xla = xla.clone().with_cache(Some(cache.clone()));
    let function = xla.jit(move |x: Tensor<1>| x.mul_scalar(factor).add_scalar(1.0));
    let x = Tensor::<1>::from_floats([1.0, 2.0], &Device::flex());
    let times = function.compile(&x).unwrap();
    let got: Vec<f32> = function.call(x).unwrap().into_data().try_to_vec().unwrap();
    assert_eq!(got, [factor as f32 + 1.0, 2.0 * factor as f32 + 1.0]);
    times
}

#[test]
fn a_program_is_found_again() {
    let folder = Folder::new("found_again");
    let cache = ProgramCache::new(&folder.0);
    assert!(!run(&cache, 3.0).from_disk);
    assert!(run(&cache, 3.0).from_disk);
    assert!(!run(&cache, 4.0).from_disk, "another program is another file");
    assert_eq!(folder.files().len(), 2);
}

#[test]
fn a_damaged_file_is_compiled_again_and_replaced() {
    let folder = Folder::new("damaged");
    let cache = ProgramCache::new(&folder.0);
    run(&cache, 3.0);
    let [file] = &folder.files()[..] else { panic!("one file") };
    let whole = fs::read(file).unwrap();
    let mut flipped = whole.clone();
    *flipped.last_mut().unwrap() ^= 1;
    let without_program = [&whole[..8], &[0; 32]].concat();
    for damaged in [&whole[..whole.len() / 2], &whole[..9], &[], &flipped, &without_program] {
        fs::write(file, damaged).unwrap();
        assert!(!run(&cache, 3.0).from_disk);
        assert!(run(&cache, 3.0).from_disk, "it was replaced");
    }
}

/// What is whole but no program: the plugin refuses it, and it is compiled.
#[test]
fn what_the_plugin_refuses_is_compiled_again() {
    use sha2::{Digest, Sha256};
    let folder = Folder::new("refused");
    let cache = ProgramCache::new(&folder.0);
    run(&cache, 3.0);
    let [file] = &folder.files()[..] else { panic!("one file") };
    let program = b"not a program";
    fs::write(file, [b"burnxla1", &Sha256::digest(program)[..], program].concat()).unwrap();
    assert!(!run(&cache, 3.0).from_disk);
    assert!(run(&cache, 3.0).from_disk);
}

#[test]
fn a_folder_that_cannot_be_written_is_no_error() {
    let folder = Folder::new("no_folder");
    fs::create_dir_all(&folder.0).unwrap();
    let file = folder.0.join("file");
    fs::write(&file, "").unwrap();
    // A folder below a file, which nobody can make.
    let cache = ProgramCache::new(file.join("cache"));
    assert!(!run(&cache, 3.0).from_disk);
    assert!(!run(&cache, 3.0).from_disk);
}

#[test]
fn the_oldest_files_go_first() {
    let folder = Folder::new("limit");
    let cache = ProgramCache::new(&folder.0);
    run(&cache, 3.0);
    let one = fs::metadata(&folder.files()[0]).unwrap().len();
    let cache = cache.with_limit_bytes(2 * one + one / 2);
    for factor in [4.0, 5.0] {
        std::thread::sleep(std::time::Duration::from_millis(20));
        run(&cache, factor);
    }
    assert_eq!(folder.files().len(), 2);
    assert!(run(&cache, 5.0).from_disk && run(&cache, 4.0).from_disk);
    assert!(!run(&cache, 3.0).from_disk);
}

#[test]
fn a_flag_of_the_compiler_is_another_file() {
    let folder = Folder::new("flag");
    let cache = ProgramCache::new(&folder.0);
    run(&cache, 3.0);
    let plugin = plugin::load(&plugin::ensure(Platform::Cpu).unwrap()).unwrap();
    let options =
        |fast: bool| ClientOptions::new().with_compiler_flag("xla_cpu_enable_fast_math", fast);
    for (fast, files) in [(false, 2), (true, 3)] {
        let xla = Xla::new(&Client::new(&plugin, &options(fast)).unwrap()).unwrap();
        assert!(!run_on(&xla, &cache, 3.0).from_disk, "{fast}");
        assert!(run_on(&xla, &cache, 3.0).from_disk, "{fast}");
        assert_eq!(folder.files().len(), files);
    }
}

/// What `XLA_FLAGS` says is heeded at the start of a process, hence three of them.
#[test]
fn a_variable_of_the_compiler_is_another_file() {
    const CHILD: &str = "BURN_XLA_TEST_CHILD";
    if let Some(folder) = std::env::var_os(CHILD) {
        println!("from disk: {}", run(&ProgramCache::new(folder), 3.0).from_disk);
        return;
    }
    let folder = Folder::new("variable");
    // A file of flags counts by what is in it.
    let flags = folder.0.with_extension("flags");
    let child = |value: &str, from_disk: bool| {
        let child = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "a_variable_of_the_compiler_is_another_file", "--nocapture"])
            .env(CHILD, &folder.0)
            .env("XLA_FLAGS", value)
            .output()
            .unwrap();
        let said = String::from_utf8(child.stdout).unwrap();
        assert!(said.contains(&format!("from disk: {from_disk}\n")), "{value}: {said}");
    };
    child("--xla_cpu_enable_fast_math=false", false);
    child("--xla_cpu_enable_fast_math=true", false);
    child("--xla_cpu_enable_fast_math=true", true);
    for value in ["true", "false"] {
        fs::write(&flags, format!("--xla_cpu_enable_fast_math={value}")).unwrap();
        child(flags.to_str().unwrap(), false);
    }
    child(flags.to_str().unwrap(), true);
    fs::remove_file(&flags).unwrap();
    assert_eq!(folder.files().len(), 4);
}

#[test]
fn what_a_killed_process_left_half_written_goes() {
    let folder = Folder::new("half_written");
    fs::create_dir_all(&folder.0).unwrap();
    let [old, new] = ["a.1-0-1.part", "b.1-0-1.part"].map(|name| folder.0.join(name));
    for path in [&old, &new] {
        fs::write(path, "half of a prog").unwrap();
    }
    let long_ago = std::time::SystemTime::now() - std::time::Duration::from_secs(3600);
    fs::File::options().append(true).open(&old).unwrap().set_modified(long_ago).unwrap();
    run(&ProgramCache::new(&folder.0), 3.0);
    // The other may be written at this moment.
    assert!(!old.exists() && new.exists());
}
