//! How a program gets the constants of a graph: written into it, or as arguments.
//!
//! Constants that are arguments are packed into one array for each type, in which equal ones share a slot: a
//! training step has a learning rate for each parameter, and all of them are equal.

use std::collections::HashMap;
use std::hash::Hash;

use burn_backend::DType;
use burn_ir::ScalarIr;
use half::{bf16, f16};

use super::normal::{Constant, Lift, Literal};

/// Which constants are arguments, and where.
#[derive(Debug)]
pub(super) struct Passing {
    constants: Vec<Constant>,
    places: Vec<Option<Place>>,
    packs: Vec<Pack>,
    /// How often the graph was seen, with other constants each time.
    seen: usize,
}

/// A slot in a pack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Place {
    pub(super) pack: usize,
    pub(super) at: usize,
}

/// An array of constants of one type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pack {
    pub(super) dtype: DType,
    /// For each slot the first constant in it.
    pub(super) sources: Vec<usize>,
}

impl Passing {
    /// For a graph that was not seen before.
    pub(super) fn new(constants: &[Constant]) -> Self {
        let lifted = constants.iter().map(|constant| constant.lift == Lift::Always).collect();
        Self::group(constants, lifted, 1, |i| constants[i].literal.passed())
    }

    /// For a graph that was seen before with other constants: constants that differ become arguments, and
    /// constants that were equal and no longer are get slots of their own.
    ///
    /// Constants may be equal twice by accident. So the third time each becomes an argument with a slot of its
    /// own, and the program fits all constants from then on.
    pub(super) fn generalise(&self, now: &[Constant]) -> Self {
        if self.seen > 1 {
            let lifted = now.iter().map(|constant| constant.lift != Lift::Never).collect();
            return Self::group(now, lifted, self.seen + 1, |i| i);
        }
        let differs = |i: usize| !self.constants[i].literal.is(now[i].literal);
        let mut lifted: Vec<bool> = (0..now.len())
            .map(|i| self.places[i].is_some() || (now[i].lift == Lift::WhenItVaries && differs(i)))
            .collect();
        // If one start of a slice is an argument, the starts in its other dimensions are too.
        for i in 1..lifted.len() {
            let both = now[i].operation == now[i - 1].operation;
            lifted[i] |= both && lifted[i - 1];
        }
        for i in (1..lifted.len()).rev() {
            let both = now[i].operation == now[i - 1].operation;
            lifted[i - 1] |= both && lifted[i];
        }
        Self::group(now, lifted, self.seen + 1, |i| {
            (self.constants[i].literal.passed(), now[i].literal.passed())
        })
    }

    /// Constants of a type whose keys are equal share a slot.
    fn group<K: Hash + Eq>(
        constants: &[Constant],
        lifted: Vec<bool>,
        seen: usize,
        key: impl Fn(usize) -> K,
    ) -> Self {
        let mut packs: Vec<Pack> = Vec::new();
        let mut known = HashMap::new();
        let places = lifted.into_iter().enumerate().map(|(i, lifted)| {
            if !lifted {
                return None;
            }
            let dtype = constants[i].dtype;
            let place = *known.entry((dtype, key(i))).or_insert_with(|| {
                let pack = packs.iter().position(|pack| pack.dtype == dtype).unwrap_or_else(|| {
                    packs.push(Pack { dtype, sources: Vec::new() });
                    packs.len() - 1
                });
                packs[pack].sources.push(i);
                Place { pack, at: packs[pack].sources.len() - 1 }
            });
            Some(place)
        });
        let places = places.collect();
        Self { constants: constants.to_vec(), places, packs, seen }
    }

    /// Whether a program that takes its constants in this way computes the graph with these constants.
    ///
    /// What a program is not passed it has in itself: of the range of a slice, where it begins is passed, and
    /// its length is in the shapes.
    pub(super) fn fits(&self, now: &[Constant]) -> bool {
        self.places.iter().zip(now).enumerate().all(|(i, (place, constant))| match place {
            None => self.constants[i].literal.is(constant.literal),
            Some(place) => {
                let first = self.packs[place.pack].sources[place.at];
                now[first].literal.passed() == constant.literal.passed()
            }
        })
    }

    /// The constants that changed.
    pub(super) fn changes(&self, now: &[Constant]) -> Vec<usize> {
        let operations = self.constants.iter().zip(now).filter(|(a, b)| !a.literal.is(b.literal));
        let mut operations: Vec<_> = operations.map(|(a, _)| a.operation).collect();
        operations.dedup();
        operations
    }

    pub(super) fn constants(&self) -> &[Constant] {
        &self.constants
    }

    pub(super) fn places(&self) -> &[Option<Place>] {
        &self.places
    }

    pub(super) fn packs(&self) -> &[Pack] {
        &self.packs
    }
}

impl Pack {
    /// The values as bytes.
    pub(super) fn bytes(&self, constants: &[Constant]) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.sources.len() * self.dtype.size());
        for &source in &self.sources {
            match constants[source].literal {
                Literal::Scalar(scalar) => encode(scalar, self.dtype, &mut bytes),
                Literal::Range(range) => bytes.extend((range.start as i32).to_le_bytes()),
            }
        }
        bytes
    }
}

/// The scalar in the type: rounded to floats, wrapped to integers, as in a program's own constants.
fn encode(scalar: ScalarIr, dtype: DType, bytes: &mut Vec<u8>) {
    use crate::lower::{float, integer};
    match dtype {
        DType::F64 => bytes.extend(float(scalar).to_le_bytes()),
        DType::F16 => bytes.extend(f16::from_f64(float(scalar)).to_le_bytes()),
        DType::BF16 => bytes.extend(bf16::from_f64(float(scalar)).to_le_bytes()),
        dtype if dtype.is_float() => bytes.extend((float(scalar) as f32).to_le_bytes()),
        dtype => bytes.extend(&integer(scalar).to_le_bytes()[..dtype.size()]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn constant(operation: usize, value: f64, lift: Lift) -> Constant {
        let literal = Literal::Scalar(ScalarIr::Float(value));
        Constant { operation, literal, lift, dtype: DType::F32 }
    }

    fn graph(values: [f64; 4]) -> Vec<Constant> {
        let lifts = [Lift::Always, Lift::Always, Lift::WhenItVaries, Lift::Always];
        (0..4).map(|i| constant(i, values[i], lifts[i])).collect()
    }

    #[test]
    fn constants_become_arguments_when_they_vary() {
        let first = Passing::new(&graph([0.1, 0.1, 3.0, 0.5]));
        assert_eq!(first.packs()[0].sources, [0, 3], "equal ones share a place");
        assert!(first.fits(&graph([0.2, 0.2, 3.0, 0.7])));
        assert!(!first.fits(&graph([0.2, 0.3, 3.0, 0.7])), "no longer equal");
        assert!(!first.fits(&graph([0.1, 0.1, 4.0, 0.5])), "written into the program");

        let second = first.generalise(&graph([0.2, 0.3, 4.0, 0.2]));
        assert_eq!(second.packs()[0].sources.len(), 4);
        assert!(second.fits(&graph([9.0, 8.0, f64::NAN, 6.0])));
        assert_eq!(first.changes(&graph([0.1, 0.1, 4.0, 0.5])), [2]);
    }

    #[test]
    fn the_third_form_fits_all_constants() {
        // Equal twice, by accident, and then not.
        let first = Passing::new(&graph([0.1, 0.1, 3.0, 0.1]));
        let second = first.generalise(&graph([0.2, 0.2, 3.0, 0.2]));
        assert_eq!(second.packs()[0].sources, [0]);
        assert!(
            !second.fits(&graph([0.2, 0.3, 3.0, 0.4]))
                && !second.fits(&graph([0.2, 0.2, 5.0, 0.2]))
        );
        let third = second.generalise(&graph([0.2, 0.3, 3.0, 0.4]));
        assert!(
            third.fits(&graph([0.2, 0.3, 5.0, 0.4])) && third.fits(&graph([1.0, 1.0, 1.0, 1.0]))
        );
    }

    /// `x.slice([i..i + 2, 0..3, 0..9])` of `[8, 3, 9]`.
    #[test]
    fn slices_that_begin_elsewhere_fit_whatever_their_lengths() {
        let slice = |begin: isize| {
            [(begin, 2), (0, 3), (0, 9)].map(|(begin, length)| Constant {
                operation: 0,
                literal: Literal::Range(burn_backend::Slice::new(begin, Some(begin + length), 1)),
                lift: Lift::WhenItVaries,
                dtype: DType::I32,
            })
        };
        let program = Passing::new(&slice(0)).generalise(&slice(2));
        assert_eq!(program.packs()[0].sources.len(), 2, "the two that stay share a place");
        assert!(program.fits(&slice(4)) && program.fits(&slice(0)));
    }

    #[test]
    fn packs_hold_values_of_their_type() {
        let constants = [constant(0, 1.5, Lift::Always), constant(1, -2.0, Lift::Always)];
        let bytes = |dtype| Pack { dtype, sources: vec![1, 0] }.bytes(&constants);
        assert_eq!(bytes(DType::F32), [(-2f32).to_le_bytes(), 1.5f32.to_le_bytes()].concat());
        assert_eq!(bytes(DType::I8), [254, 1]);
        assert_eq!(bytes(DType::BF16), [0, 0xc0, 0xc0, 0x3f]);
    }
}
