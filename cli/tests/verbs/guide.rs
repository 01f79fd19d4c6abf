//! The commands of the guide, page by page, in short form: each block of them, in a folder of its page.
//!
//! A comment before a block says how it is shortened, `<!-- in short: --steps 600 => --steps 2; … -->`, or why it is not run,
//! `<!-- not run: it asks the hub -->`.

use std::path::Path;
use std::process::Command;

use crate::folder::Folder;

/// A block of commands, and what the comment before it says.
struct Block {
    commands: Vec<String>,
    replaced: Vec<(String, String)>,
    is_run: bool,
}

/// The blocks of a page.
fn blocks(text: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = vec![];
    let (mut note, mut inside, mut continued) = (None, false, false);
    for line in text.lines() {
        if let Some(said) = line.strip_prefix("<!-- ") {
            note = Some(said.trim_end_matches(" -->").to_string());
        } else if line == "```console" {
            let note = note.take().unwrap_or_default();
            let short = note.strip_prefix("in short: ");
            let is_run = !note.starts_with("not run: ");
            assert!(note.is_empty() || short.is_some() || !is_run, "{note}");
            let pair = |pair: &str| {
                let (from, to) = pair.split_once(" => ").expect("what is replaced by what");
                (from.to_string(), to.to_string())
            };
            let replaced = short.map(|short| short.split("; ").map(pair).collect());
            blocks.push(Block { commands: vec![], replaced: replaced.unwrap_or_default(), is_run });
            inside = true;
        } else if line.starts_with("```") {
            inside = false;
        } else if let (true, Some(block)) = (inside, blocks.last_mut()) {
            let rest = line.strip_suffix('\\');
            if let Some(command) = rest.unwrap_or(line).strip_prefix("$ ") {
                block.commands.push(command.to_string());
            } else if let (true, Some(last)) = (continued, block.commands.last_mut()) {
                *last += rest.unwrap_or(line);
            }
            continued = rest.is_some();
        }
    }
    blocks
}

/// The words of a command, of which some are in quotation marks.
fn words(command: &str) -> Vec<String> {
    let (mut words, mut word, mut quoted) = (vec![], String::new(), false);
    for c in command.chars() {
        match c {
            '"' => quoted = !quoted,
            c if c.is_whitespace() && !quoted => {
                words.extend((!word.is_empty()).then(|| std::mem::take(&mut word)));
            }
            c => word.push(c),
        }
    }
    words.extend((!word.is_empty()).then_some(word));
    words
}

/// Verbs that compute nothing on a device, or have a word before their options.
const WITHOUT_DEVICE: [&str; 6] = ["doctor", "draw", "inspect", "install", "serve", "variants"];

/// Runs the commands of a page one after the other.
fn run(page: &str) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let text = std::fs::read_to_string(root.join("docs/guide").join(page)).unwrap();
    let folder = Folder::new(&format!("guide-{}", page.trim_end_matches(".md")));
    std::os::unix::fs::symlink(root.join("tests"), folder.path().join("tests")).unwrap();
    let mut count = 0;
    for block in blocks(&text) {
        for (from, _) in &block.replaced {
            let found = block.commands.iter().any(|command| command.contains(from.as_str()));
            assert!(found, "{page}: nothing to shorten: {from}");
        }
        for command in block.commands.iter().filter(|_| block.is_run) {
            let short = block.replaced.iter();
            let short =
                short.fold(command.clone(), |command, (from, to)| command.replace(from, to));
            let words = words(&short);
            let [program, verb, rest @ ..] = &words[..] else { panic!("{page}: {command}") };
            assert_eq!(program, "vit22b", "{page}: {command}");
            let mut run = Command::new(env!("CARGO_BIN_EXE_vit22b"));
            run.arg(verb).args(rest).current_dir(folder.path()).env_remove("RUST_BACKTRACE");
            let has_device = WITHOUT_DEVICE.contains(&verb.as_str()) || short.contains("--device");
            let features = short.contains("--features");
            if !has_device && !features {
                run.args(["--device", "flex"]);
            }
            let output = run.output().expect("the command starts");
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{page}: {short}\n{said}");
            count += 1;
        }
    }
    assert!(count > 0, "{page} has no commands");
}

#[test]
fn first_steps() {
    run("first_steps.md");
}

#[test]
fn models() {
    run("models.md");
}

#[test]
fn training() {
    run("training.md");
}

#[test]
fn evaluation() {
    run("evaluation.md");
}

#[test]
fn xla() {
    run("xla.md");
}

#[test]
fn serving() {
    run("serving.md");
}

#[test]
fn extending() {
    run("extending.md");
}

#[test]
fn every_page_is_run() {
    let here = include_str!("guide.rs");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/guide");
    for entry in std::fs::read_dir(folder).unwrap() {
        let page = entry.unwrap().file_name().into_string().unwrap();
        assert!(page == "README.md" || here.contains(&format!("run(\"{page}\")")), "{page}");
    }
}

#[test]
fn blocks_and_words_are_read() {
    let page = "a\n<!-- in short: --a 1 => --a 2; b => c -->\n\n```console\n$ vit22b x --a 1 \\\n      \"b d\"\nsaid\n```\n\
                ```rust\n$ no\n```\n<!-- not run: why -->\n```console\n$ vit22b y\n```\n";
    let [one, other] = &blocks(page)[..] else { panic!() };
    assert_eq!(one.commands, ["vit22b x --a 1       \"b d\""]);
    assert_eq!(words(&one.commands[0]), ["vit22b", "x", "--a", "1", "b d"]);
    assert_eq!(one.replaced[1], ("b".into(), "c".into()));
    assert!(one.is_run && !other.is_run && other.replaced.is_empty());
}
