#[cfg(unix)]
use std::path::Path;
#[cfg(unix)]
use std::process::Command;

#[cfg(unix)]
use crate::fixture;
#[cfg(unix)]
use crate::folder::Folder;
use crate::vit22b;

#[test]
fn an_unknown_platform_says_which_are_known() {
    let run = vit22b(["install", "abacus"]);
    assert_eq!(run.code, 2);
    assert!(
        run.stderr.contains("expected one of cpu, cuda, metal, oneapi, rocm, tpu, tt"),
        "{}",
        run.stderr
    );
}

/// Computes features on a machine without a plugin, whose pip gives nothing. Whether that went well, what it said, and
/// what pip was asked for: a line for each wheel, with whether a person had been told of it by then.
#[cfg(unix)]
fn without_a_plugin(folder: &Path, device: &str) -> (bool, String, Vec<String>) {
    use std::os::unix::fs::PermissionsExt as _;
    const PIP: &str = "#!/bin/sh
for argument; do
    case $argument in --version) exit 0;; *==*) wheel=$argument;; esac
done
told=silence
grep -q \"^fetching the plugin $wheel: [0-9]* MB, [0-9]* MB unpacked\" \"$SAID\" && told=told
echo \"$wheel $told\" >> \"$ASKED\"
echo 'the network is down' >&2
exit 1
";
    let [python, asked, said] = ["python", "asked", "said"].map(|name| folder.join(name));
    std::fs::write(&python, PIP).unwrap();
    std::fs::set_permissions(&python, std::fs::Permissions::from_mode(0o755)).unwrap();
    std::fs::write(&asked, "").unwrap();
    let (weights, images) = (fixture("timm_xp/model.safetensors"), fixture("images"));
    let mut command = Command::new(env!("CARGO_BIN_EXE_vit22b"));
    command
        .args(["embed", "--weights", &weights, "--images", &images, "--device", device, "--out"])
        .arg(folder.join("features.jsonl"))
        .envs([("BURN_XLA_PYTHON", &python), ("ASKED", &asked), ("SAID", &said)])
        .env("BURN_XLA_CACHE", folder.join("cache"))
        .stderr(std::fs::File::create(&said).unwrap());
    for name in [
        "BURN_XLA_PLUGIN",
        "BURN_XLA_CPU_PLUGIN",
        "BURN_XLA_CUDA_PLUGIN",
        "BURN_XLA_TPU_PLUGIN",
        "TPU_LIBRARY_PATH",
        "PJRT_NAMES_AND_LIBRARY_PATHS",
        "PJRT_PLUGIN_PATH",
        "VIRTUAL_ENV",
        "CONDA_PREFIX",
    ] {
        command.env_remove(name);
    }
    let succeeded = command.output().unwrap().status.success();
    let read = |path: &Path| std::fs::read_to_string(path).unwrap();
    (succeeded, read(&said), read(&asked).lines().map(String::from).collect())
}

#[cfg(unix)]
#[test]
fn a_plugin_is_never_fetched_in_silence() {
    let folder = Folder::new("no-plugin");
    // The best that is there needs no plugin.
    let (succeeded, said, asked) = without_a_plugin(folder.path(), "auto");
    assert!(succeeded && asked.is_empty(), "{asked:?}\n{said}");
    for device in ["xla", "xla:cpu"] {
        let (succeeded, said, asked) = without_a_plugin(folder.path(), device);
        assert!(!succeeded && said.contains("the network is down"), "{device}: {said}");
        // The pinned wheel, then those that were pinned before.
        assert!(!asked.is_empty(), "{device}: {said}");
        assert!(asked.iter().all(|wheel| wheel.ends_with(" told")), "{device}: {asked:?}\n{said}");
    }
    // Those of other platforms are fetched by `install` alone.
    for device in ["xla:cuda", "xla:tpu"] {
        let (succeeded, said, asked) = without_a_plugin(folder.path(), device);
        assert!(!succeeded && asked.is_empty(), "{device}: {asked:?}\n{said}");
    }
}
