//! Help texts in lines that fit a terminal. Clap breaks lines itself only with one more crate.

use clap::{Arg, Command};

/// Columns of a terminal.
const WIDTH: usize = 100;

/// The command with the options' help in lines of at most [`WIDTH`] columns, of its verbs and of theirs.
pub(crate) fn wrapped(command: Command) -> Command {
    command.mut_subcommands(|verb| {
        // Options begin in column 6, and two spaces follow the longest.
        let longest = verb.get_arguments().map(label).max();
        let width = WIDTH.saturating_sub(6 + longest.unwrap_or_default() + 2);
        let verb = verb.mut_args(|option| {
            let (text, value) = (lines(&full(&option), width), option.get_action().takes_values());
            option.help(text).hide_default_value(value).hide_possible_values(value)
        });
        wrapped(verb)
    })
}

/// Columns of an option and its value, as in `--seed <SEED>`.
fn label(option: &Arg) -> usize {
    let name = option.get_long().map_or(0, |name| "--".len() + name.len());
    let values = option.get_value_names().unwrap_or_default().iter();
    let values = values.map(|value| " <>".len() + value.len());
    name + if option.get_action().takes_values() { values.sum() } else { 0 }
}

/// The help of an option with what clap would add after it.
fn full(option: &Arg) -> String {
    let mut text = option.get_help().map(ToString::to_string).unwrap_or_default();
    let defaults = option.get_default_values().iter().map(|value| value.to_string_lossy());
    let defaults = defaults.collect::<Vec<_>>().join(" ");
    if !defaults.is_empty() && option.get_action().takes_values() {
        text += &format!(" [default: {defaults}]");
    }
    let names: Vec<_> =
        option.get_possible_values().iter().map(|value| value.get_name().to_owned()).collect();
    if !names.is_empty() && option.get_action().takes_values() {
        text += &format!(" [one of: {}]", names.join(", "));
    }
    text
}

/// A text broken at spaces.
fn lines(text: &str, width: usize) -> String {
    let (mut broken, mut column) = (String::new(), 0);
    for word in text.split_whitespace() {
        let length = word.chars().count();
        if column > 0 && column + 1 + length > width {
            broken.push('\n');
            column = 0;
        } else if column > 0 {
            broken.push(' ');
            column += 1;
        }
        broken += word;
        column += length;
    }
    broken
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_as_long_as_they_may_be() {
        assert_eq!(lines("one two  three\nfour", 9), "one two\nthree\nfour");
        assert_eq!(lines("unbreakable word", 4), "unbreakable\nword");
    }
}
