//! The most likely classes of an answer.

use burn::tensor::f16;

/// The `k` most likely classes of an answer with their probabilities. The rest of the probability is taken to be spread evenly
/// over the other classes.
///
/// # Reference
///
/// "TinyViT: Fast Pretraining Distillation for Small Vision Transformers", section 3.1.
///
/// ```
/// use vit22b::distil::TopK;
///
/// let kept = TopK::of(&[0.0, 2f32.ln(), 0.0, 4f32.ln()], 2);
/// assert_eq!(kept.classes, [3, 1]);
/// // 4/8 and 2/8 are kept; 1/8 is left for each of the others.
/// let restored = kept.restore(4);
/// assert!(restored.iter().zip([0.125, 0.25, 0.125, 0.5]).all(|(a, b)| (a - b).abs() < 1e-6));
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct TopK {
    /// The classes, the most likely first; of two that are equally likely the smaller.
    pub classes: Vec<u32>,
    /// Their probabilities.
    pub probabilities: Vec<f32>,
}

/// What stands for a probability of 0 in a logarithm.
const LEAST: f32 = 1e-12;

impl TopK {
    /// The `k` most likely classes of the softmax of logits.
    pub fn of(logits: &[f32], k: usize) -> Self {
        let probabilities = softmax(logits);
        let mut order: Vec<u32> = (0..logits.len() as u32).collect();
        order.sort_by(|a, b| logits[*b as usize].total_cmp(&logits[*a as usize]).then(a.cmp(b)));
        order.truncate(k);
        let probabilities = order.iter().map(|class| probabilities[*class as usize] as f32);
        Self { probabilities: probabilities.collect(), classes: order }
    }

    /// The probabilities of all classes.
    pub fn restore(&self, classes: usize) -> Vec<f32> {
        let kept: f64 = self.probabilities.iter().map(|p| f64::from(*p)).sum();
        let others = classes.saturating_sub(self.classes.len()).max(1);
        let rest = (1.0 - kept).max(0.0) / others as f64;
        let mut all = vec![rest as f32; classes];
        for (class, probability) in self.classes.iter().zip(&self.probabilities) {
            if let Some(place) = all.get_mut(*class as usize) {
                *place = *probability;
            }
        }
        all
    }

    /// Logits whose softmax are the restored probabilities.
    pub(super) fn logits(&self, classes: usize) -> Vec<f32> {
        self.restore(classes).into_iter().map(|p| p.max(LEAST).ln()).collect()
    }

    /// The answer as it is kept: for each class its number, in two bytes where these do, and its probability in f16.
    pub(super) fn to_bytes(&self, wide: bool) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.classes.len() * entry_bytes(wide));
        for (class, probability) in self.classes.iter().zip(&self.probabilities) {
            match wide {
                true => bytes.extend(class.to_le_bytes()),
                false => bytes.extend((*class as u16).to_le_bytes()),
            }
            bytes.extend(f16::from_f32(*probability).to_le_bytes());
        }
        bytes
    }

    pub(super) fn from_bytes(bytes: &[u8], wide: bool) -> Self {
        let (mut classes, mut probabilities) = (vec![], vec![]);
        for entry in bytes.chunks_exact(entry_bytes(wide)) {
            let (class, probability) = entry.split_at(entry.len() - 2);
            classes.push(class.iter().rev().fold(0, |number, byte| number << 8 | u32::from(*byte)));
            probabilities.push(f16::from_le_bytes([probability[0], probability[1]]).to_f32());
        }
        Self { classes, probabilities }
    }
}

/// Bytes of a class and its probability.
pub(super) fn entry_bytes(wide: bool) -> usize {
    if wide { 6 } else { 4 }
}

fn softmax(logits: &[f32]) -> Vec<f64> {
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let powers: Vec<f64> = logits.iter().map(|x| f64::from(*x - largest).exp()).collect();
    let sum: f64 = powers.iter().sum();
    powers.into_iter().map(|power| power / sum).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_come_back_to_the_precision_of_f16() {
        let logits: Vec<f32> = (0..70_000).map(|i| ((i * 7_919) % 70_001) as f32 / 9e3).collect();
        for wide in [false, true] {
            let few = &logits[..if wide { 70_000 } else { 600 }];
            let kept = TopK::of(few, 10);
            let bytes = kept.to_bytes(wide);
            assert_eq!(bytes.len(), 10 * entry_bytes(wide));
            let again = TopK::from_bytes(&bytes, wide);
            assert_eq!(again.classes, kept.classes);
            for (got, expected) in again.probabilities.iter().zip(&kept.probabilities) {
                // Half a unit in the last of eleven bits; below 6e-5 the steps are of 6e-8.
                assert!((got - expected).abs() <= expected / 2048.0 + 3e-8, "{got} {expected}");
            }
            let sum: f64 = again.restore(few.len()).iter().map(|p| f64::from(*p)).sum();
            assert!((sum - 1.0).abs() < 1e-3, "{sum}");
        }
    }

    #[test]
    fn a_certain_answer_has_finite_logits() {
        let kept = TopK::of(&[1e4, 0.0, -1e4], 1);
        assert_eq!(kept.restore(3), [1.0, 0.0, 0.0]);
        assert!(kept.logits(3).iter().all(|x| x.is_finite()));
    }
}
