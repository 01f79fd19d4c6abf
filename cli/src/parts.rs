//! Verbs that have verbs of their own, and do something without one too.

use clap::{ArgMatches, Args, Command, Error, FromArgMatches, Subcommand};

/// One of a verb's own verbs, or the verb itself with its options, which are not asked for before one of those.
pub(crate) enum OwnVerb<P, A> {
    Part(P),
    Itself(A),
}

impl<P: Subcommand, A: Args> FromArgMatches for OwnVerb<P, A> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        Self::from_arg_matches_mut(&mut matches.clone())
    }

    fn from_arg_matches_mut(matches: &mut ArgMatches) -> Result<Self, Error> {
        match matches.subcommand_name() {
            Some(_) => P::from_arg_matches_mut(matches).map(Self::Part),
            None => A::from_arg_matches_mut(matches).map(Self::Itself),
        }
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl<P: Subcommand, A: Args> Args for OwnVerb<P, A> {
    fn augment_args(command: Command) -> Command {
        P::augment_subcommands(A::augment_args(command))
            .args_conflicts_with_subcommands(true)
            .subcommand_negates_reqs(true)
    }

    fn augment_args_for_update(command: Command) -> Command {
        P::augment_subcommands_for_update(A::augment_args_for_update(command))
    }
}
