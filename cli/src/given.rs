//! Groups of options that a user gives together or not at all.

use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{ArgMatches, Args, Command, Error, FromArgMatches};

/// Options of which one says what the others are about.
pub(crate) trait About: Args {
    /// The name of that option.
    const MAIN: &'static str;
}

/// Options that are there if the main one was given. Any of the others without it is an error.
pub(crate) struct Given<T>(pub(crate) Option<T>);

impl<T: About> FromArgMatches for Given<T> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let is_given = |id: &str| matches.value_source(id) == Some(ValueSource::CommandLine);
        if is_given(T::MAIN) {
            return T::from_arg_matches(matches).map(|given| Self(Some(given)));
        }
        let all = T::augment_args(Command::new(""));
        match all.get_arguments().find(|option| is_given(option.get_id().as_str())) {
            None => Ok(Self(None)),
            Some(option) => {
                let text = format!(
                    "--{} says nothing without --{}: give both, or neither\n",
                    option.get_long().unwrap_or_default(),
                    T::MAIN
                );
                Err(Error::raw(ErrorKind::MissingRequiredArgument, text))
            }
        }
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl<T: About> Args for Given<T> {
    fn augment_args(command: Command) -> Command {
        T::augment_args(command).mut_args(|option| option.required(false))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}
